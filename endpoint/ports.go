// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"crypto/sha256"
	"encoding/binary"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/rand"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/ports"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
)

// portCounters is the size of the table of RFC 6056, section 3.3.4.
const portCounters = 16

// ephemeral is the state of port selection: for each of a few groups of
// destinations, how far the last search came.
type ephemeral struct {
	secret [16]byte
	next   [portCounters]atomic.Uint32
}

// offset returns where the ports towards the connection's peer begin, and the
// counter that its searches share (RFC 6056, section 3.3.4, F and G).
func (p *ephemeral) offset(id stack.TransportEndpointID) (uint32, *atomic.Uint32) {
	var b [2*16 + 2 + 16]byte
	n := copy(b[:], p.secret[:])
	n += copy(b[n:], id.LocalAddress.AsSlice())
	n += copy(b[n:], id.RemoteAddress.AsSlice())
	binary.BigEndian.PutUint16(b[n:], id.RemotePort)
	sum := sha256.Sum256(b[:n+2])
	return binary.BigEndian.Uint32(sum[:]), &p.next[sum[4]%portCounters]
}

// search is one search of the port range: a source of "randomness" that starts
// it where the hash of the destination says (RFC 6056, section 3.3.4, algorithm
// 4, double-hash port selection): the ports used towards one destination follow
// one another, so that none comes again soon, and tell nothing about those used
// towards another.
type search struct {
	start uint32
}

// Read implements io.Reader with the start of the search, again and again.
func (s search) Read(b []byte) (int, error) {
	var word [4]byte
	binary.NativeEndian.PutUint32(word[:], s.start)
	for n := 0; n < len(b); {
		n += copy(b[n:], word[:])
	}
	return len(b), nil
}

// pickPort finds an ephemeral port with which the connection in e.ID is not
// taken, reserves it, and registers the endpoint.
func (e *Endpoint) pickPort(now engine.Instant, route *stack.Route) tcpip.Error {
	s := e.shared
	self := e.ID.LocalAddress == e.ID.RemoteAddress
	offset, counter := s.ephemeral.offset(e.ID)
	start := offset + counter.Load()
	tried := uint32(0)
	e.boundFlags, e.boundDevice = e.portFlags, tcpip.NICID(e.ops().GetBindToDevice())
	e.boundPeer = true
	rng := rand.RNGFrom(search{start})
	_, err := s.Stack.PickEphemeralPort(rng, func(port uint16) (bool, tcpip.Error) {
		tried++
		if self && port == e.ID.RemotePort {
			return false, nil // nobody connects to itself
		}
		e.ID.LocalPort = port
		ok, err := e.tryPort(now, route)
		if !ok {
			e.ID.LocalPort = 0
		}
		return ok, err
	})
	if err != nil {
		e.ID.LocalPort = 0
		e.boundFlags, e.boundDevice, e.boundPeer = ports.Flags{}, 0, false
		s.TCP.FailedPortReservations.Increment()
		return err
	}
	counter.Add(tried)
	return nil
}

// tryPort takes the port in e.ID and registers the endpoint, and reports whether
// both went well. An error other than a port in use ends the search.
func (e *Endpoint) tryPort(now engine.Instant, route *stack.Route) (bool, tcpip.Error) {
	if !e.takePort(now, route) {
		return false, nil
	}
	err := e.register()
	if _, taken := err.(*tcpip.ErrPortInUse); taken && e.takeOver(now, route) {
		err = e.register()
	}
	if err == nil {
		return true, nil
	}
	e.releasePort()
	if _, taken := err.(*tcpip.ErrPortInUse); taken {
		err = nil
	}
	return false, err
}

// takePort takes the port in e.ID, and reports whether it may be had. Where nobody
// has bound it, what else may stand in the way is a connection with the same peer,
// which register meets; but for one of a socket that is bound to another device.
func (e *Endpoint) takePort(now engine.Instant, route *stack.Route) bool {
	s, table := e.shared.Stack, &e.shared.ports
	if (e.boundDevice != 0 || table.anyDevice()) && e.twin(route) {
		return false
	}
	if table.join(e.kind(), e.ID.LocalPort, false /* shared */) {
		e.port = portUsed
		return true
	}
	res := e.reservation(e.boundNets)
	if _, err := s.ReservePort(s.SecureRNG(), res, nil); err != nil {
		if _, ok := err.(*tcpip.ErrPortInUse); !ok || !e.takeOver(now, route) {
			return false
		}
		if _, err := s.ReservePort(s.SecureRNG(), res, nil); err != nil {
			return false
		}
	}
	table.reserved(e.ID.LocalPort)
	e.port = portBound
	return true
}

// twin reports whether an endpoint on the route's NIC has the connection in e.ID,
// whatever devices it and this one are bound to.
func (e *Endpoint) twin(route *stack.Route) bool {
	o, ok := e.shared.Stack.FindTransportEndpoint(route.NetProto(), ProtocolNumber, e.ID, route.NICID()).(*Endpoint)
	return ok && o.EndpointState() != StateListen
}

// timeWaitRest is how long an endpoint has to be in TIME-WAIT before its port
// serves a new connection: one tick of the slowest clock of timestamps that RFC
// 6191 allows for, so that the new incarnation is told from the old one.
const timeWaitRest = time.Second

// takeOver ends the endpoint in TIME-WAIT that has the connection in e.ID, if
// there is one, it had its rest, and the protocol's options allow it.
func (e *Endpoint) takeOver(now engine.Instant, route *stack.Route) bool {
	switch e.shared.Options().TimeWaitReuse {
	case tcpip.TCPTimeWaitReuseGlobal:
	case tcpip.TCPTimeWaitReuseLoopbackOnly:
		if !isLoopback(e.ID.LocalAddress) || !isLoopback(e.ID.RemoteAddress) {
			return false
		}
	default:
		return false
	}
	o, ok := e.shared.Stack.FindTransportEndpoint(route.NetProto(), ProtocolNumber, e.ID, route.NICID()).(*Endpoint)
	// Waiting for another endpoint's lock here could be waiting for ourselves.
	if !ok || o == e || o.EndpointState() != StateTimeWait || !o.mu.TryLock() {
		return false
	}
	// Who found the lock held meanwhile left a note. It is seen to, and the news
	// are told, when no lock is held.
	defer o.mu.Unlock()
	if or, r := o.need(), e.need(); !or.orphaned {
		or.orphaned = true
		or.nextOrphan, r.orphan = r.orphan, o
	}
	if o.EndpointState() != StateTimeWait || now.Sub(o.timeWaitSince) < timeWaitRest || o.flushing {
		return false
	}
	o.conn.Abort(now)
	o.settle(now)
	return true
}

// isLoopback reports whether a is a loopback address of either family.
func isLoopback(a tcpip.Address) bool {
	return header.IsV4LoopbackAddress(a) || a == header.IPv6Loopback
}
