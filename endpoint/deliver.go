// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/adapter"
	"tcpcb/engine"
	"tcpcb/engine/wire"
)

// HandlePacket implements stack.TransportEndpoint: the segment is processed
// here and now, or by whoever holds the endpoint's lock next.
func (e *Endpoint) HandlePacket(id stack.TransportEndpointID, pkt *stack.PacketBuffer) {
	a := newArrival()
	a.pkt = pkt
	if !e.joins(a) && e.complete(a) {
		e.deliver(id, a)
	}
}

// complete sees to it that all of a segment was seen, and reports whether it is sound;
// where it is not, it is counted and gone.
func (e *Endpoint) complete(a *arrival) bool {
	v := adapter.OK
	switch a.seen {
	case seenAll:
		return true
	case seenHeader:
		v = adapter.TakeText(a.pkt, &a.Segment)
	default:
		v = adapter.ParseSegment(a.pkt, &a.Segment)
	}
	if v != adapter.OK {
		e.refuse(a, v)
		return false
	}
	a.seen = seenAll
	st := &e.shared.TCP
	st.ValidSegmentsReceived.Increment()
	e.countArrival()
	if a.Flags.Has(wire.RST) {
		st.ResetsReceived.Increment()
	}
	return true
}

// refuse counts a segment that is not sound, and frees it.
func (e *Endpoint) refuse(a *arrival, why adapter.Verdict) {
	st, errs := &e.shared.TCP, &e.stat().ReceiveErrors
	if why == adapter.BadChecksum {
		st.ChecksumErrors.Increment()
		errs.ChecksumErrors.Increment()
	} else {
		st.InvalidSegmentsReceived.Increment()
		errs.MalformedPacketsReceived.Increment()
	}
	a.free()
}

// What may wait for the application to come by, in bytes as an inbox counts them, is
// joinMost, and a part of the receive buffer: a quarter of the window, so that the peer
// is not kept waiting. A segment of more than joinLargest, as devices make that hand
// over many as one, is worth a round of the lock by itself.
const (
	joinMost    = 256 << 10
	joinPart    = 8
	joinLargest = 16 << 10
)

// joins leaves a, of which it looks at no more than the header, in the inbox for the
// application, and reports whether it does: one that has text to read will come by,
// and processes then what has come meanwhile at one go, on its own processor. Should
// it not, the timer of the delayed acknowledgment will, or the segment for which there
// is no room.
func (e *Endpoint) joins(a *arrival) bool {
	if e.ready.Load()&readyMore == 0 || e.still() || e.shared.pause.on.Load() {
		return false
	}
	if adapter.ParseHeader(a.pkt, &a.Segment) != adapter.OK {
		return false
	}
	a.seen = seenHeader
	if !a.plain() {
		return false
	}
	a.hold()
	if !e.inbox.join(a, min(joinMost, e.inboxLimit()/joinPart)) {
		return false
	}
	if e.ready.Load()&readyMore == 0 {
		e.attend() // nobody comes by any more
	}
	e.shared.pause.holdsBack(e) // where a pause has begun meanwhile
	return true
}

// plain reports whether a brings a little text, and no news of other kinds.
func (a *arrival) plain() bool {
	text := a.text()
	return a.Flags|wire.PSH == wire.ACK|wire.PSH && a.Options.NumSACK == 0 && 0 < text && text <= joinLargest
}

// deliver hands a to the endpoint, and owns it from there.
func (e *Endpoint) deliver(id stack.TransportEndpointID, a *arrival) {
	if l := e.listener.Load(); l != nil && e.EndpointState() == StateListen {
		switch {
		case e.postpone(a):
			return
		case e.frozen.Load():
			e.shared.Dropped.Increment()
		default:
			l.handleSegment(id, &a.Segment, a.pkt)
		}
		a.free()
		return
	}
	if !e.still() && e.mu.TryLock() {
		now := e.shared.Clock.Now()
		if e.shared.pause.on.Load() {
			a.Arrived = now
			e.keep(a)
		} else {
			e.drain(now) // what came before
			e.input(now, a)
		}
		e.unlock(now)
		return
	}
	a.Arrived = e.shared.Clock.Now()
	e.keep(a)
	e.attend()
}

// keep puts a into the inbox, or drops it where there is no room.
func (e *Endpoint) keep(a *arrival) {
	a.hold()
	if !e.inbox.put(a, e.inboxLimit()) {
		e.shared.Dropped.Increment()
		e.stat().ReceiveErrors.SegmentQueueDropped.Increment()
		a.free()
	}
}

// inboxLimit bounds what waits in the inbox, in bytes: a receive buffer's worth.
func (e *Endpoint) inboxLimit() int { return max(0, int(e.ops().GetReceiveBufferSize())) }

// input hands one segment to the engine. One that the connection is too old
// for becomes a stray.
//
// Precondition: e.mu is held.
func (e *Endpoint) input(now engine.Instant, a *arrival) {
	switch {
	case !e.complete(a): // it is gone
	case !e.opened || e.conn.State() == engine.StateClosed:
		e.stray(a)
	case e.conn.State() == engine.StateTimeWait && e.conn.ReusableBy(&a.Segment) && e.shared.listens(a):
		// RFC 9293, section 3.10.7.4, and RFC 6191: the peer opens the
		// connection anew, and the old incarnation makes room.
		e.conn.Abort(now)
		e.stray(a)
	case e.answersCookie(a):
		e.conn.Forget(now)
		e.stray(a)
	case e.defers(now, &a.Segment):
		a.free()
	default:
		before, state := e.conn.Unacked(), e.conn.State()
		e.conn.HandleSegment(now, &a.Segment)
		if state.Synchronized() && state != engine.StateTimeWait {
			e.probe(now)
		}
		// RFC 4861, section 7.3.1: new acknowledgments, that of the SYN too, tell
		// that the peer is reached.
		if e.conn.Unacked() < before || !state.Synchronized() && e.conn.State().Synchronized() {
			e.path.ConfirmReachable()
		}
		a.free()
	}
}

// stray appends a to the strays.
func (e *Endpoint) stray(a *arrival) {
	a.hold()
	at := &e.need().strays
	for *at != nil {
		at = &(*at).next
	}
	*at = a
}

// id returns the connection that a belongs to, as this side sees it.
func (a *arrival) id() stack.TransportEndpointID {
	net := a.pkt.Network()
	return stack.TransportEndpointID{
		LocalAddress:  net.DestinationAddress(),
		LocalPort:     a.DstPort,
		RemoteAddress: net.SourceAddress(),
		RemotePort:    a.SrcPort,
	}
}

// listens reports whether an endpoint listens for new connections to where a
// went.
func (s *Shared) listens(a *arrival) bool {
	id := a.id()
	id.RemoteAddress, id.RemotePort = tcpip.Address{}, 0
	ep, ok := s.Stack.FindTransportEndpoint(a.pkt.NetworkProtocolNumber, ProtocolNumber, id, a.pkt.NICID).(*Endpoint)
	return ok && ep.EndpointState() == StateListen
}

// redeliver delivers a stray to the endpoint that it is for now, or answers it
// with a reset where there is none.
//
// Precondition: no endpoint's lock is held.
func (s *Shared) redeliver(a *arrival) {
	pkt := a.pkt
	id := a.id()
	ep, ok := s.Stack.FindTransportEndpoint(pkt.NetworkProtocolNumber, ProtocolNumber, id, pkt.NICID).(*Endpoint)
	if !ok {
		adapter.Reject(s.Stack, pkt, &a.Segment, &s.Links)
		a.free()
		return
	}
	ep.deliver(id, a) // with the reference that it holds
}
