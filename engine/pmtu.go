// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "tcpcb/engine/seq"

// HandlePathMTU takes the news that packets of the path carry only mss bytes of
// payload, from an ICMP message that quotes a segment of ours at sequence
// number at. News about what is not outstanding is a forgery or too late (RFC
// 5927, section 4.1). Text in flight that is longer is sent again, smaller, and
// it is no sign of congestion (RFC 1191, section 6.5).
func (c *Conn) HandlePathMTU(now Instant, mss uint16, at seq.Num) {
	size := max(int(mss), min(minMSS, int(c.par.mss)))
	if !c.quoted(at) || !c.state.Synchronized() && c.state != StateSynRcvd && c.state != StateSynSent {
		return
	}
	if size < int(c.par.mss) {
		c.par.mss = uint16(size)
	}
	if !c.state.Synchronized() || size >= c.tx.mss {
		return
	}
	c.setMSS(size)
	if c.cc != nil {
		c.cc.setMSS(c.smss())
	}
	room := c.segmentRoom()
	if !c.shake.sack {
		// The peer may have dropped what came behind a hole, and cannot tell.
		room = 0
	}
	c.board.loseLonger(room, func(*record) {}) // no sign of congestion
	c.counters.PathMTUChanges++
}

// HandleUnreachable takes an ICMP error about a segment of ours at sequence
// number at. During the handshake a hard error ends the connection; any other
// is soft: it is noted and explains a timeout (RFC 9293, section 3.9.2.2,
// MUST-56, SHLD-25; RFC 5461, section 4; RFC 5927, section 5).
func (c *Conn) HandleUnreachable(now Instant, r Reason, at seq.Num) {
	if !c.quoted(at) {
		return
	}
	hard := r == ReasonPortUnreachable || r == ReasonProtoUnreachable
	if hard && c.state == StateSynSent {
		c.finish(now, ReasonRefused)
		return
	}
	c.soft = r
	c.events |= EventSoftError
}

// quoted reports whether at lies in what was sent and not acknowledged (RFC
// 5927, section 4.1).
func (c *Conn) quoted(at seq.Num) bool {
	return c.state != StateClosed && c.tx.una.LessEq(at) && at.Less(c.tx.nxt)
}
