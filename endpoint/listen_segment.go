// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/adapter"
	"tcpcb/engine"
	"tcpcb/engine/wire"
)

// handleSegment does with a segment that came to the listener's port, and to
// none of its connections, what RFC 9293, section 3.10.7.2, says. in stays the
// caller's.
//
// Precondition: no endpoint's lock is held.
func (l *listener) handleSegment(id stack.TransportEndpointID, in *engine.Segment, pkt *stack.PacketBuffer) {
	l.mu.Lock()
	closed := l.closed
	l.mu.Unlock()
	switch action := engine.ClassifyListen(in); {
	case action == engine.ListenDrop:
		l.drop()
	case closed:
		l.reject(in, pkt)
	case action == engine.ListenSyn:
		l.handleSyn(id, in, pkt)
	default:
		l.handleAck(id, in, pkt)
	}
}

// handleSyn begins a handshake. It does nothing when the accept queue is full:
// the peer will try again. When the SYN queue is full, or if the protocol's
// options say always, it answers with a SYN cookie.
func (l *listener) handleSyn(id stack.TransportEndpointID, in *engine.Segment, pkt *stack.PacketBuffer) {
	acceptFull, synFull := l.full()
	if acceptFull {
		l.ep.shared.TCP.ListenOverflowSynDrop.Increment()
		l.ep.stat().ReceiveErrors.ListenOverflowSynDrop.Increment()
		l.drop()
		return
	}
	if synFull || l.ep.shared.Options().AlwaysSynCookies {
		l.sendCookie(id, in, pkt)
		return
	}
	child, err := l.newChild(id, pkt)
	if err != nil {
		l.ep.countFailedConnection()
		return
	}
	now := child.lock()
	entered := l.enter(child, now, true /* bounded */)
	if entered {
		err = child.openPassive(now, l, in)
	}
	child.unlock(now)
	switch {
	case !entered: // the last place went to another SYN meanwhile
		child.Close()
		l.sendCookie(id, in, pkt)
	case err != nil:
		l.leave(child)
		child.Close()
		if !l.forward(id, in, pkt) {
			l.ep.countFailedConnection()
		}
	}
}

// handleAck takes an acknowledgment: the last segment of a handshake begun by a
// SYN cookie, or one for a connection that has only just come to be. Any other
// is answered with a reset.
func (l *listener) handleAck(id stack.TransportEndpointID, in *engine.Segment, pkt *stack.PacketBuffer) {
	if l.forward(id, in, pkt) {
		return
	}
	if in.Flags.Has(wire.SYN) {
		l.reject(in, pkt)
		return
	}
	mss, ok := l.checkCookie(id, in)
	if !ok {
		l.ep.shared.TCP.ListenOverflowInvalidSynCookieRcvd.Increment()
		l.drop()
		l.reject(in, pkt)
		return
	}
	if full, _ := l.full(); full {
		// The peer takes the connection for established, and will send the
		// segment again, or text.
		l.ep.shared.TCP.ListenOverflowAckDrop.Increment()
		l.ep.stat().ReceiveErrors.ListenOverflowAckDrop.Increment()
		l.drop()
		return
	}
	l.ep.shared.TCP.ListenOverflowSynCookieRcvd.Increment()
	l.acceptCookie(id, mss, in, pkt)
}

// forward delivers the segment to the endpoint that has this very connection,
// if there is one: it was registered after the segment was on its way to the
// listener. It takes the segment's text then.
func (l *listener) forward(id stack.TransportEndpointID, in *engine.Segment, pkt *stack.PacketBuffer) bool {
	ep, ok := l.ep.shared.Stack.FindTransportEndpoint(pkt.NetworkProtocolNumber, ProtocolNumber, id, pkt.NICID).(*Endpoint)
	if !ok || ep == l.ep || ep.EndpointState() == StateListen {
		return false
	}
	a := newArrival()
	a.Segment, a.seen, a.pkt = *in, seenAll, pkt
	in.Payload = buffer.Buffer{}
	ep.deliver(id, a)
	return true
}

// drop counts a packet that was dropped.
func (l *listener) drop() { l.ep.shared.Dropped.Increment() }

// reject answers a segment with a reset (RFC 9293, section 3.10.7.1), which
// carries what the listener's options say.
func (l *listener) reject(in *engine.Segment, pkt *stack.PacketBuffer) {
	var out engine.Segment
	if !engine.ResetFor(in, &out) {
		return
	}
	path, _, err := l.replyPath(in, pkt)
	if err != nil {
		return // there is nobody to tell
	}
	defer path.Release()
	path.DF = false
	_ = path.Send(&out) // what is lost is asked for again
}

// replyPath returns the path back to where pkt came from, which the caller
// releases, with the listener's options in force, and what connections inherit
// now. in is what was made of pkt.
func (l *listener) replyPath(in *engine.Segment, pkt *stack.PacketBuffer) (adapter.Path, inherited, tcpip.Error) {
	s := l.ep.shared
	path, err := adapter.ReplyPath(s.Stack, pkt, in, &s.Links)
	if err != nil {
		return path, inherited{}, err
	}
	inh := l.inherit()
	s.dress(&path, &inh.opt, inh.values.experiment)
	return path, inh, nil
}
