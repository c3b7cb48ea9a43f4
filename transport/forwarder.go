// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/adapter"
	"tcpcb/endpoint"
	"tcpcb/engine"
)

// Forwarder hands requests for connections that no endpoint listens for to a
// function, which may ignore them, refuse them, or make the connection. Give
// its HandlePacket to stack.Stack.SetTransportProtocolHandler.
type Forwarder struct {
	shared      *endpoint.Shared
	rcvBuf      int
	maxInFlight int
	handler     func(*ForwarderRequest)

	mu       sync.Mutex
	inFlight map[stack.TransportEndpointID]struct{}
}

// NewForwarder returns a forwarder for s, whose TCP must be one of this
// package: otherwise it panics. The buffer of each connection for text from its
// peer is rcvWnd bytes, 0 standing for the default. handler is called for each
// request in a goroutine of its own; while maxInFlight requests are not
// complete, more are ignored.
func NewForwarder(s *stack.Stack, rcvWnd, maxInFlight int, handler func(*ForwarderRequest)) *Forwarder {
	p, ok := s.TransportProtocolInstance(ProtocolNumber).(*protocol)
	if !ok {
		panic("transport: NewForwarder: the stack's TCP is not of this package")
	}
	if rcvWnd == 0 {
		rcvWnd = DefaultReceiveBufferSize
	}
	return &Forwarder{
		shared:      p.shared,
		rcvBuf:      rcvWnd,
		maxInFlight: maxInFlight,
		handler:     handler,
		inFlight:    make(map[stack.TransportEndpointID]struct{}),
	}
}

// HandlePacket takes a segment that asks for a connection, and reports whether
// it did. Any other is left to the stack, as is one that is damaged.
func (f *Forwarder) HandlePacket(id stack.TransportEndpointID, pkt *stack.PacketBuffer) bool {
	r := &ForwarderRequest{id: id}
	if adapter.ParseSegment(pkt, &r.syn) != adapter.OK || engine.ClassifyListen(&r.syn) != engine.ListenSyn {
		r.syn.Payload.Release()
		return false
	}
	if !f.begin(id) {
		r.syn.Payload.Release()
		return true
	}
	r.forwarder, r.pkt = f, pkt.IncRef()
	go f.handler(r)
	return true
}

// begin notes that a request for the connection is under way, unless one is, or
// too many are.
func (f *Forwarder) begin(id stack.TransportEndpointID) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.inFlight[id]; ok {
		return false
	}
	if len(f.inFlight) >= f.maxInFlight {
		f.shared.TCP.ForwardMaxInFlightDrop.Increment()
		return false
	}
	f.inFlight[id] = struct{}{}
	return true
}

// end notes that the request is complete.
func (f *Forwarder) end(id stack.TransportEndpointID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.inFlight, id)
}

// ForwarderRequest is a request for a connection. Who gets it must call
// Complete in the end, and may call CreateEndpoint before.
type ForwarderRequest struct {
	id stack.TransportEndpointID

	mu        sync.Mutex
	forwarder *Forwarder // nil when the request is complete
	pkt       *stack.PacketBuffer
	syn       engine.Segment
}

// ID returns the connection that is asked for: the addresses and ports, the
// peer's being the remote ones.
func (r *ForwarderRequest) ID() stack.TransportEndpointID { return r.id }

// Complete ends the request; further segments of the peer that ask for the same
// connection are requests again, unless an endpoint has it. With sendReset the
// peer is refused. A second call does nothing.
func (r *ForwarderRequest) Complete(sendReset bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forwarder == nil {
		return
	}
	r.forwarder.end(r.id)
	if sendReset {
		s := r.forwarder.shared
		// Without a route there is nobody to tell.
		_ = adapter.Reject(s.Stack, r.pkt, &r.syn, &s.Links)
	}
	r.syn.Payload.Release()
	r.pkt.DecRef()
	r.forwarder, r.pkt = nil, nil
}

// CreateEndpoint makes the connection: it answers the peer, waits until the
// handshake has ended, and returns an endpoint whose events are announced
// through queue. ErrInvalidEndpointState when the request is complete; other
// errors are those of routing, ErrPortInUse when the connection exists, and
// what ended the handshake.
func (r *ForwarderRequest) CreateEndpoint(queue *waiter.Queue) (tcpip.Endpoint, tcpip.Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	f := r.forwarder
	if f == nil {
		return nil, &tcpip.ErrInvalidEndpointState{}
	}
	syn := engine.Segment{Header: r.syn.Header}
	ep, err := endpoint.Answer(f.shared, r.id, r.pkt, &syn, f.rcvBuf, queue)
	if err != nil {
		return nil, err
	}
	return ep, nil
}

// ForwardedPacketExperimentOption returns the value of the IP experiment option
// of the packet that asked for the connection, and whether it had one. It has
// none any more when the request is complete.
func (r *ForwarderRequest) ForwardedPacketExperimentOption() (uint16, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pkt == nil {
		return 0, false
	}
	return r.pkt.ExperimentOptionValue()
}
