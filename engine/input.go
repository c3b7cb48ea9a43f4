// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// HandleSegment processes a segment that arrived (RFC 9293, section 3.10.7). It
// takes the payload; the segment is the caller's again afterwards.
func (c *Conn) HandleSegment(now Instant, in *Segment) {
	c.counters.SegsIn++
	in.unscaled = false
	switch c.state {
	case StateClosed: // section 3.10.7.1: ResetFor answers, not a connection
	case StateSynSent:
		c.inputSynSent(now, in)
	default:
		c.inputSynchronized(now, in)
	}
	in.Payload.Release()
}

// inputSynchronized takes the steps of RFC 9293, section 3.10.7.4, in order;
// each returns false where the segment's processing ends. The third, security,
// is for compartments, which IP no longer has.
func (c *Conn) inputSynchronized(now Instant, in *Segment) {
	if !c.checkSequence(now, in) || !c.checkReset(now, in) || !c.checkSyn(now, in) ||
		!c.checkAck(now, in) {
		return
	}
	c.noteMark(in)
	c.checkUrgent(in)
	fin := c.noteFin(in)
	c.takeText(now, in)
	c.takeFin(now, fin)
}

// drop traces that a segment was dropped under a rule.
func (c *Conn) drop(now Instant, rule string) bool {
	c.counters.Dropped++
	if c.par.trace != nil {
		c.par.trace(TraceEvent{At: now, Kind: TraceDrop, Old: c.state, New: c.state, Rule: rule})
	}
	return false
}

// checkSequence is the first step: a segment outside of the window is answered
// with an acknowledgment, and dropped (RFC 9293, section 3.10.7.4, first;
// RFC 7323, section 5.3).
func (c *Conn) checkSequence(now Instant, in *Segment) bool {
	c.trimSyn(in)
	if c.ts.rejects(now, in) {
		c.refuse(now, in)
		return c.drop(now, "PAWS")
	}
	if !c.acceptable(now, in) {
		c.refuse(now, in)
		return c.drop(now, "sequence")
	}
	return true
}

// trimSyn takes the SYN off a SYN-ACK that repeats what SYN-RECEIVED knows: the
// peer opened at the same moment (RFC 9293, section 3.5, figure 8), or did not
// get our ACK.
func (c *Conn) trimSyn(in *Segment) {
	if c.state == StateSynRcvd && in.Flags.Has(wire.SYN|wire.ACK) && in.Seq == c.rx.irs {
		c.ecn.onPeerSyn(in.Flags)
		in.Flags &^= wire.SYN | wire.ECE | wire.CWR
		in.Seq = in.Seq.Add(1)
		in.unscaled = true
	}
}

// acceptable is the test of RFC 9293, section 3.4 and table 6. Where the window
// is closed, a segment at RCV.NXT loses its text but is taken for its ACK, URG
// and RST ("special allowance").
func (c *Conn) acceptable(now Instant, in *Segment) bool {
	wnd := seq.MakeRange(c.rx.nxt, c.rcvWnd())
	if wnd.Empty() {
		if in.Seq != c.rx.nxt {
			return false
		}
		if in.Payload.Size() > 0 {
			c.noteMark(in) // of a window probe it counts (RFC 3168, section 6.1.6, SHOULD)
			in.Payload.Release()
			in.Flags &^= wire.FIN
			c.oweAck(now, 0) // the application may be about to read
		}
		return true
	}
	if in.Len() == 0 {
		// The end of the window is taken as well: a peer that has filled the
		// window acknowledges from there.
		return wnd.Contains(in.Seq) || in.Seq == wnd.End && c.state != StateSynRcvd
	}
	return wnd.Overlaps(seq.Range{Start: in.Seq, End: in.End()})
}

// refuse owes the acknowledgment for a segment that is not acceptable, unless
// it is a reset. One with text is answered at once: its sender waits for it.
func (c *Conn) refuse(now Instant, in *Segment) {
	switch {
	case in.Flags.Has(wire.RST):
	case in.Flags.Has(wire.SYN) && c.ignoresSyn():
	case c.state == StateSynRcvd && in.Flags.Has(wire.SYN) && in.Seq == c.rx.irs:
		// The peer's SYN again: our SYN-ACK was lost.
		c.ecn.onPeerSyn(in.Flags)
		if c.limit.allow(now, c.set.InvalidRateLimit) {
			c.shake.due = true
		}
	case in.Payload.Size() > 0 || in.Flags.Has(wire.FIN):
		if c.state == StateTimeWait && in.Flags.Has(wire.FIN) {
			c.enterTimeWait(now) // the FIN again: restart the 2 MSL timeout
		}
		if c.rcvWnd() == 0 && c.state.receives() {
			c.oweAck(now, 0) // the application may be about to read
		} else {
			c.ack.now = true
		}
		if text := seq.MakeRange(in.textStart(), int(in.Payload.Size())); text.End.LessEq(c.rx.nxt) {
			c.cameTwice(text)
		}
	default:
		c.challenge(now)
	}
}

// checkReset is the second step, as RFC 5961, section 3.2, has it: only a reset
// exactly at RCV.NXT counts; another in the window is challenged.
func (c *Conn) checkReset(now Instant, in *Segment) bool {
	if !in.Flags.Has(wire.RST) {
		return true
	}
	if in.Seq != c.rx.nxt {
		c.challenge(now)
		return c.drop(now, "RST not at RCV.NXT")
	}
	switch c.state {
	case StateTimeWait:
		// RFC 1337, section 3, fix 1: a reset does not end TIME-WAIT.
		return c.drop(now, "RST in TIME-WAIT")
	case StateSynRcvd:
		if c.shake.passive {
			c.finish(now, ReasonReset)
		} else {
			c.finish(now, ReasonRefused)
		}
	case StateClosing, StateLastAck:
		c.finish(now, ReasonNone)
	default:
		c.finish(now, ReasonReset)
	}
	return false
}

// checkSyn is the fourth step: a SYN never ends a connection, but is challenged
// (RFC 5961, section 4.2).
func (c *Conn) checkSyn(now Instant, in *Segment) bool {
	if !in.Flags.Has(wire.SYN) {
		return true
	}
	if c.ignoresSyn() {
		return c.drop(now, "SYN in TIME-WAIT")
	}
	c.challenge(now)
	return c.drop(now, "SYN in window")
}

// ignoresSyn reports whether a SYN is not answered: in TIME-WAIT, one that does
// not open a new incarnation is old, or its peer's connection cannot be. An
// acknowledgment would only bring a reset, which TIME-WAIT does not heed (RFC
// 1337, section 3).
func (c *Conn) ignoresSyn() bool { return c.state == StateTimeWait }

// checkUrgent is the sixth step. The urgent pointer is passed over: urgent text
// stays in the stream, as RFC 6093, section 6, recommends.
func (c *Conn) checkUrgent(in *Segment) {
	if in.Flags.Has(wire.URG) {
		c.counters.UrgentIn++
	}
}
