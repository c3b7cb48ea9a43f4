// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/adapter"
	"tcpcb/engine"
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// sendCookie answers a SYN without keeping anything (RFC 4987, section 3.6).
func (l *listener) sendCookie(id stack.TransportEndpointID, in *engine.Segment, pkt *stack.PacketBuffer) {
	s := l.ep.shared
	path, inh, err := l.replyPath(in, pkt)
	if err != nil {
		return
	}
	defer path.Release()
	mss := in.Options.MSS
	if mss == 0 {
		mss = path.DefaultPeerMSS()
	}
	now := s.Clock.Now()
	p := engine.Params{
		ISS:      s.Secrets.Cookie(now, &id, in.Seq.Value(), mss),
		TSOffset: s.Secrets.TSOffset(id.LocalAddress, id.RemoteAddress),
		MSS:      path.MSS(),
	}
	if inh.opt.userMSS != 0 {
		p.MSS = min(p.MSS, inh.opt.userMSS)
	}
	set := engine.Settings{RcvBuf: max(1, int(inh.values.rcvBuf>>windowShift)), WindowClamp: inh.opt.clamp()}
	var out engine.Segment
	engine.CookieSynAck(now, p, &set, in, &out)
	path.Mark, path.Owner = inh.values.mark, inh.owner
	l.cookieSent.Store(int64(now) + 1)
	err = path.Send(&out)
	l.ep.countSegment(out.Flags, err)
	if err == nil {
		s.TCP.ListenOverflowSynCookieSent.Increment()
	}
}

// checkCookie returns the MSS that the SYN cookie acknowledged by in remembers,
// and whether it is a good one. None can be while none was sent for longer than
// they live: then there is nothing to be guessed.
func (l *listener) checkCookie(id stack.TransportEndpointID, in *engine.Segment) (mss uint16, ok bool) {
	s := l.ep.shared
	now := s.Clock.Now()
	sent := l.cookieSent.Load()
	if sent == 0 || now.Sub(engine.Instant(sent-1)) > adapter.CookieLifetime {
		return 0, false
	}
	return s.Secrets.CheckCookie(now, &id, in.Seq.Add(-1).Value(), cookieOf(in).Value())
}

// answersCookie reports whether a, for a handshake that its listener has begun
// since, ends one that was begun by a SYN cookie: the peer's SYN came twice, and
// its answer to the first took longer than the second.
func (e *Endpoint) answersCookie(a *arrival) bool {
	l, ok := e.parent.(*listener)
	if !ok || e.conn.State() != engine.StateSynRcvd || a.Flags&^wire.PSH != wire.ACK || e.conn.Answers(&a.Segment) {
		return false
	}
	_, ok = l.checkCookie(e.ID, &a.Segment)
	return ok
}

// cookieOf returns the initial sequence number that in acknowledges.
func cookieOf(in *engine.Segment) seq.Num { return in.Ack.Add(-1) }

// acceptCookie makes the connection whose handshake in ends; in's text and FIN
// are its first.
func (l *listener) acceptCookie(id stack.TransportEndpointID, mss uint16, in *engine.Segment, pkt *stack.PacketBuffer) {
	child, err := l.newChild(id, pkt)
	if err != nil {
		l.ep.countFailedConnection()
		return
	}
	now := child.lock()
	entered := l.enter(child, now, false /* bounded */)
	if entered {
		err = child.openCookie(now, l, mss, in)
	}
	child.unlock(now)
	if entered && err == nil {
		return
	}
	l.leave(child)
	child.Close()
	if !l.forward(id, in, pkt) {
		l.ep.countFailedConnection()
	}
}
