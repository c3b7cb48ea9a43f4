// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package endpoint is the socket around one engine.Conn: a tcpip.Endpoint and a
// stack.TransportEndpoint, as netstack's callers expect them. Calls never
// block; what a caller waits for is announced through a waiter.Queue.
//
// The file drive.go holds the rules of locking and the only loop that polls the
// engine. Everything else takes the lock, asks the engine for something, and
// leaves the rest to that loop.
package endpoint

import (
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/ports"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/adapter"
	"tcpcb/engine"
)

// Endpoint is a TCP socket: a tcpip.Endpoint towards the application, and a
// stack.TransportEndpoint towards the network. All of its methods may be called
// from any goroutine, and none of them blocks.
type Endpoint struct {
	tcpip.DefaultSocketOptionsHandler

	shared *Shared
	wq     *waiter.Queue

	// state is an EndpointState, and ready a set of readyBits: both are written
	// under mu, and read without it by who delivers a segment, and by Readiness, which
	// callers of waiter queues may call with locks of their own held.
	state, ready atomic.Uint32

	// listener is set while the endpoint listens, and stays set afterwards.
	listener atomic.Pointer[listener]

	// inbox and notes are what waits for the lock to be taken: segments, and other news.
	inbox inbox
	notes notes
	// frozen says that the endpoint was saved, or is not restored yet: what comes
	// waits (see checkpoint.go).
	frozen atomic.Bool

	// readMu and writeMu each serialise one direction's callers while they copy
	// from and to their memory, which happens without mu. Either comes before
	// mu.
	readMu, writeMu sync.Mutex

	// base is what the endpoint began with; own, where it is set, are socket
	// options of its own.
	base *template
	own  atomic.Pointer[tcpip.SocketOptions]

	// stats is nil until it is needed; till then the others count segments, and
	// reads that met the end of the stream.
	stats           atomic.Pointer[counted]
	segsIn, segsOut atomic.Uint64
	eofs            atomic.Uint32
	// unmeasured is how much was read that the measure of the receive buffer has not
	// heard of yet.
	unmeasured atomic.Uint32

	// mu guards everything below, and is ended by unlock only.
	mu sync.Mutex

	// shut is what Shutdown was asked for; wake gathers the events to announce
	// when mu is free again.
	shut tcpip.ShutdownFlags
	wake waiter.EventMask

	// opened says that conn was opened; flushing, that a goroutine writes
	// segments to the path, and unpolled, that somebody left it what there may be to
	// send since; retired, that what was registered with the stack
	// has been given back; closed, that the application has called Close or
	// Abort; notified, that Connect has reported its success; wantsRoom, that
	// the send buffer had no room for all that the application wrote.
	opened, flushing, unpolled, retired, closed, notified, wantsRoom bool
	// outcome is what parent has to be told.
	outcome handshakeOutcome

	// What was reserved and registered: at every address with boundAny, for one
	// peer with boundPeer.
	registered, boundAny, boundPeer bool
	port                            portHold

	// abortWhy is what the reason becomes for later calls when this side resets
	// the connection.
	abortWhy abortReason

	boundNets             netProtos
	portFlags, boundFlags ports.Flags
	boundNIC, boundDevice tcpip.NICID
	// NetProto is the network protocol that the endpoint was made for.
	NetProto      tcpip.NetworkProtocolNumber
	timeWaitSince engine.Instant

	conn  engine.Conn
	path  adapter.Path
	timer adapter.Timer

	// hardErr is why the connection ended, for the next call that asks.
	hardErr tcpip.Error

	// parent is who waits for a passive handshake to end.
	parent passiveParent

	// ID is the connection, or where the endpoint is bound.
	ID stack.TransportEndpointID

	// opt are base's options of TCP or, once one was set, the endpoint's own.
	opt  *socketOptions
	rare *rare
}

// rare is what few endpoints need.
type rare struct {
	// bindAddr is the address that Bind was given.
	bindAddr tcpip.Address
	// strays are segments that must be delivered to another endpoint when the
	// lock is free again.
	strays *arrival
	// orphan is the first of the endpoints in TIME-WAIT whose port this one
	// looked at or took over, and whose news wait for that, too. nextOrphan
	// links them, and orphaned says that an endpoint is linked: its own lock
	// guards both.
	orphan, nextOrphan *Endpoint
	orphaned           bool

	tune rcvTuner

	// saved is what the endpoint was loaded with, until it is restored.
	saved *saved

	// lastErr is what SO_ERROR reports.
	lastErr tcpip.Error
	owner   tcpip.PacketOwner
}

// need returns what few endpoints need, for one that does.
func (e *Endpoint) need() *rare {
	if e.rare == nil {
		e.rare = new(rare)
	}
	return e.rare
}

// softError returns what SO_ERROR would report.
func (e *Endpoint) softError() tcpip.Error {
	if e.rare == nil {
		return nil
	}
	return e.rare.lastErr
}

// setSoftError makes err what SO_ERROR reports next; nil for none.
func (e *Endpoint) setSoftError(err tcpip.Error) {
	if err != nil || e.rare != nil {
		e.need().lastErr = err
	}
}

// packetOwner returns whom the endpoint's packets belong to; nil when nobody
// said.
func (e *Endpoint) packetOwner() tcpip.PacketOwner {
	if e.rare == nil {
		return nil
	}
	return e.rare.owner
}

var (
	_ tcpip.Endpoint              = (*Endpoint)(nil)
	_ tcpip.EndpointWithPreflight = (*Endpoint)(nil)
	_ tcpip.SocketOptionsHandler  = (*Endpoint)(nil)
	_ stack.TransportEndpoint     = (*Endpoint)(nil)
)

// New returns an endpoint of the given network protocol that is neither bound
// nor connected. Its events are announced through wq.
func New(shared *Shared, netProto tcpip.NetworkProtocolNumber, wq *waiter.Queue) *Endpoint {
	return newEndpoint(shared, netProto, wq, shared.defaults.get(shared.beginning()))
}

// newEndpoint returns an endpoint that begins with t.
func newEndpoint(shared *Shared, netProto tcpip.NetworkProtocolNumber, wq *waiter.Queue, t *template) *Endpoint {
	e := &Endpoint{shared: shared, wq: wq, NetProto: netProto, base: t, opt: &t.opt}
	e.state.Store(uint32(StateInitial))
	return e
}

// beginning returns the options that the protocol's own say an endpoint begins
// with.
func (s *Shared) beginning() (socketValues, socketOptions) {
	o := s.Options()
	return socketValues{
			rcvBuf:   int64(o.ReceiveBuffer.Default),
			sndBuf:   int64(o.SendBuffer.Default),
			delay:    o.Delay,
			quickAck: true,
		}, socketOptions{
			keepIdle:          engine.DefaultKeepAliveIdle,
			keepInterval:      engine.DefaultKeepAliveInterval,
			keepCount:         engine.DefaultKeepAliveCount,
			lingerTimeout:     o.LingerTimeout,
			congestionControl: o.CongestionControl,
			windowClamp:       DefaultBufferSize,
			hopLimit:          tcpip.UseDefaultIPv6HopLimit,
			ttl:               tcpip.UseDefaultIPv4TTL,
			synRetries:        o.SynRetries,
			rcvFixed:          !o.ModerateReceiveBuffer,
		}
}

// SendBufferLimits returns the bounds of SO_SNDBUF that the stack's TCP has, in
// bytes.
func SendBufferLimits(s tcpip.StackHandler) tcpip.SendBufferSizeOption {
	return tcpip.SendBufferSizeOption(s.(*stack.Stack).TCPSendBufferLimits())
}

// ReceiveBufferLimits returns the bounds of SO_RCVBUF that the stack's TCP has,
// in bytes; none when the stack has no TCP.
func ReceiveBufferLimits(s tcpip.StackHandler) tcpip.ReceiveBufferSizeOption {
	var r tcpip.TCPReceiveBufferSizeRangeOption
	if err := s.TransportProtocolOption(ProtocolNumber, &r); err != nil {
		return tcpip.ReceiveBufferSizeOption{}
	}
	return tcpip.ReceiveBufferSizeOption(r)
}

// Info implements tcpip.Endpoint: a copy of the endpoint's addresses.
func (e *Endpoint) Info() tcpip.EndpointInfo {
	e.mu.Lock()
	defer e.leave()
	info := &stack.TransportEndpointInfo{NetProto: e.NetProto, TransProto: ProtocolNumber, ID: e.ID}
	if e.rare != nil {
		info.BindAddr = e.rare.bindAddr
	}
	return info
}

// SetOwner implements tcpip.Endpoint: whom the endpoint's packets belong to.
func (e *Endpoint) SetOwner(owner tcpip.PacketOwner) {
	now := e.lock()
	defer e.unlock(now)
	e.need().owner = owner
	e.dress()
}

// Owner returns whom the endpoint's packets belong to; nil when nobody said.
func (e *Endpoint) Owner() tcpip.PacketOwner {
	e.mu.Lock()
	defer e.leave()
	return e.packetOwner()
}

// LastError implements tcpip.Endpoint and tcpip.SocketOptionsHandler: the error
// that ended the connection, then the last soft one. Each is returned once.
func (e *Endpoint) LastError() tcpip.Error {
	e.mu.Lock()
	defer e.leave()
	if err := e.takeHardError(); err != nil {
		return err
	}
	err := e.softError()
	e.setSoftError(nil)
	return err
}

// UpdateLastError implements tcpip.SocketOptionsHandler.
func (e *Endpoint) UpdateLastError(err tcpip.Error) {
	now := e.lock()
	defer e.unlock(now)
	e.setSoftError(err)
}

// takeHardError returns why the connection ended, once.
func (e *Endpoint) takeHardError() tcpip.Error {
	err := e.hardErr
	e.hardErr = nil
	return err
}

// Wait implements stack.TransportEndpoint: it returns when the endpoint's
// connection has ended.
func (e *Endpoint) Wait() {
	entry, ch := waiter.NewChannelEntry(waiter.EventHUp)
	e.wq.EventRegister(&entry)
	defer e.wq.EventUnregister(&entry)
	for !e.EndpointState().closed() {
		<-ch
	}
}

// netProtos are the network protocols that an endpoint is registered with: one
// or, on both sides of a dual stack, two.
type netProtos uint8

const (
	netIPv4 netProtos = 1 << iota
	netIPv6
)

var netProtoLists = [...][]tcpip.NetworkProtocolNumber{
	0:                 nil,
	netIPv4:           {header.IPv4ProtocolNumber},
	netIPv6:           {header.IPv6ProtocolNumber},
	netIPv4 | netIPv6: {header.IPv6ProtocolNumber, header.IPv4ProtocolNumber},
}

// list returns the protocols of n as the stack wants them. It must not be
// changed.
func (n netProtos) list() []tcpip.NetworkProtocolNumber { return netProtoLists[n] }

// netProtoOf returns the set that holds p only.
func netProtoOf(p tcpip.NetworkProtocolNumber) netProtos {
	if p == header.IPv4ProtocolNumber {
		return netIPv4
	}
	return netIPv6
}
