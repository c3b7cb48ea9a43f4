// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// Codepoint is the ECN field of an IP header (RFC 3168, section 5), with its
// values on the wire.
type Codepoint uint8

// The codepoints: a packet whose transport does not know ECN, two for one that
// does, and the mark of a router that would have dropped it otherwise.
const (
	NotECT Codepoint = iota
	ECT1
	ECT0
	CE
)

// String names the codepoint as RFC 3168 does.
func (p Codepoint) String() string {
	return [...]string{NotECT: "Not-ECT", ECT1: "ECT(1)", ECT0: "ECT(0)", CE: "CE"}[p&CE]
}

// ecn is what a connection knows of Explicit Congestion Notification (RFC 3168; RFC
// 9293, SHLD-8): what the SYNs of both sides said, and what each half owes the other.
// The zero value neither asks for it nor agrees to it.
type ecn uint8

const (
	ecnWanted    ecn = 1 << iota // this side is willing
	ecnSentSetup                 // it sent an ECN-setup SYN or SYN-ACK,
	ecnSentPlain                 // and one that is not
	ecnGotSetup                  // the peer sent an ECN-setup SYN or SYN-ACK,
	ecnGotPlain                  // and one that is not
	ecnEcho                      // a mark came, and no CWR since
	ecnCWR                       // the next new text bears CWR
)

// ecnSyns is how many SYNs ask for ECN before one goes without: on a path that
// drops those that ask, the connection comes about yet (RFC 3168, section
// 6.1.1.1, MAY). A reset is taken at its word.
const ecnSyns = 2

func (e ecn) has(all ecn) bool { return e&all == all }

// onSyn notes that our SYN goes out, or with ack our SYN-ACK, after so many
// retries, and returns its flags for ECN.
func (e *ecn) onSyn(ack bool, retries uint8) wire.Flags {
	flags := wire.ECE | wire.CWR
	setup := e.has(ecnWanted) && retries < ecnSyns
	if ack {
		// RFC 3168, section 6.1.1 (MUST NOT): only an ECN-setup SYN is answered
		// with an ECN-setup SYN-ACK. A peer that has tried again without gets
		// one without (section 6.1.1.1).
		flags = wire.ECE
		setup = e.has(ecnWanted|ecnGotSetup) && !e.has(ecnGotPlain)
	}
	if !setup {
		// SHOULD: whoever is not willing sends neither ECE nor CWR.
		*e |= ecnSentPlain
		return 0
	}
	*e |= ecnSentSetup
	return flags
}

// onPeerSyn takes the flags of the peer's SYN or SYN-ACK. A SYN-ACK that has
// both only mirrors what it got (RFC 3168, section 6.1.1.2).
func (e *ecn) onPeerSyn(f wire.Flags) {
	want := wire.ECE | wire.CWR
	if f.Has(wire.ACK) {
		want = wire.ECE
	}
	if f&(wire.ECE|wire.CWR) == want {
		*e |= ecnGotSetup
	} else {
		*e |= ecnGotPlain
	}
}

// sends reports whether text may be sent as ECN-capable: both sides have agreed,
// and neither has sent a SYN that did not (RFC 3168, section 6.1.1, MUST NOT
// and SHOULD NOT).
func (e ecn) sends() bool {
	return e&(ecnSentSetup|ecnGotSetup|ecnSentPlain|ecnGotPlain) == ecnSentSetup|ecnGotSetup
}

// receives reports whether marks are to be echoed: what is agreed to once counts
// although a later SYN of ours went without (RFC 3168, section 6.1.1, MUST).
func (e ecn) receives() bool {
	return e&(ecnSentSetup|ecnGotSetup|ecnGotPlain) == ecnSentSetup|ecnGotSetup
}

// onText takes the ECN bits of text in the window, and reports whether it is
// the first mark since the peer last said CWR (RFC 3168, section 6.1.3).
func (e *ecn) onText(f wire.Flags, marked bool) (first bool) {
	if f.Has(wire.CWR) {
		*e &^= ecnEcho
	}
	if !marked || !e.receives() || e.has(ecnEcho) {
		return false
	}
	*e |= ecnEcho
	return true
}

// ackFlags returns the flags for ECN of a segment with an acknowledgment: ECE
// from a mark until CWR comes, on each (RFC 3168, section 6.1.3).
func (e ecn) ackFlags() wire.Flags {
	if e.has(ecnEcho) {
		return wire.ECE
	}
	return 0
}

// onReduced notes that the congestion window was reduced, for whatever reason
// (RFC 3168, section 6.1.2).
func (e *ecn) onReduced() {
	if e.sends() {
		*e |= ecnCWR
	}
}

// newText returns what new text goes out with: the codepoint, and CWR the first
// time after a reduction (RFC 3168, section 6.1.2). Nothing else is ECN-capable:
// SYNs (section 6.1.1), segments without text (6.1.4), retransmissions (6.1.5)
// and window probes (6.1.6) MUST NOT be.
func (e *ecn) newText() (Codepoint, wire.Flags) {
	if !e.sends() {
		return NotECT, 0
	}
	if !e.has(ecnCWR) {
		return ECT0, 0
	}
	*e &^= ecnCWR
	return ECT0, wire.CWR
}

// reduction is the last reduction of the congestion window. What a window of
// text meets, be it losses or marks, reduces it once (RFC 3168, section 6.1.2).
type reduction struct {
	open bool // nothing that was sent after it is acknowledged yet
	mark bool // it was for a mark
	// fresh says that what was sent after it was lost: that is another congestion.
	fresh bool
	// echoed says that ECE came since, or with the reduction.
	echoed bool
	end    seq.Num // SND.NXT at the time
	// until is before when no new text goes out, where the window was too small
	// to be reduced.
	until Instant
}

// onAck takes an acknowledgment of everything before una. That of all that was
// sent before the reduction may still tell of the same marks: CWR comes after.
func (r *reduction) onAck(una seq.Num, echo bool) {
	if r.open && r.end.Less(una) {
		*r = reduction{until: r.until}
	}
	r.echoed = echo || r.open && r.echoed
}

// onLost notes that s is deemed lost.
func (r *reduction) onLost(s *record) {
	if r.open && (s.retransmitted || !s.r.Start.Less(r.end)) {
		r.fresh = true
	}
}

// covers reports whether a loss in the text from una on was reduced for
// already, when a mark told of the same congestion.
func (r *reduction) covers(una seq.Num) bool {
	return r.open && r.mark && !r.fresh && una.Less(r.end)
}

// noteMark takes the ECN bits of a segment in the window. Of one that is not,
// nobody asks (RFC 3168, section 6.1.5, SHOULD).
func (c *Conn) noteMark(in *Segment) {
	marked := in.ECN == CE && in.Payload.Size() > 0 && c.state.receives()
	if marked {
		c.counters.MarksIn++
	}
	if c.ecn.onText(in.Flags, marked) {
		c.ack.now = true // the sender's queue grows while it waits
	}
}

// reduced notes that the window was reduced; echo says that ECE came with the
// acknowledgment that led to it.
func (c *Conn) reduced(mark, echo bool) {
	c.loss.reduced = reduction{open: true, mark: mark, echoed: echo, end: c.tx.nxt}
	c.ecn.onReduced()
}

// unreduced notes that the last reduction was taken back: there is nothing to tell
// the peer, and the next mark counts.
func (c *Conn) unreduced() {
	c.loss.reduced = reduction{until: c.loss.reduced.until}
	c.ecn &^= ecnCWR
}

// reduceForLoss reduces the window, from flight bytes that were in the network,
// as fast recovery begins: unless a mark of the same window has done so.
func (c *Conn) reduceForLoss(now Instant, flight int) {
	r := &c.loss.reduced
	if r.covers(c.tx.una) && c.cc.reduces() {
		r.mark, r.end = false, c.tx.nxt // recovery goes on with it
		return
	}
	c.cc.onRecovery(now, flight)
	c.reduced(false, r.echoed)
}

// reduceForMark reduces the window, once for each window of text, for what an
// acknowledgment echoes (RFC 3168, section 6.1.2). It does so at once, without
// PRR: nothing has to be sent again meanwhile, and the pause lets the queue drain
// before new text meets it, and is marked again.
func (c *Conn) reduceForMark(now Instant, n *ackNews) {
	if !n.echo || c.loss.reduced.open || c.recovery.phase != phaseOpen {
		return
	}
	// A window of one segment is not reduced: the time between segments is.
	n.hold = c.cwnd() <= c.smss()
	c.cc.onCongestion(now, c.reduceFrom(n.flight))
	c.reduced(true, true)
	c.counters.MarkReductions++
	c.trace(now, TraceMark)
}

// hold keeps new text back until the retransmission timer expires, which starts
// anew: the window was one segment, and the path marked it (RFC 3168, section
// 6.1.2, MUST).
func (c *Conn) hold(now Instant) {
	c.loss.reduced.until = now.Add(c.timeout())
	if !c.board.empty() {
		c.timers.arm(timerRetransmit, c.loss.reduced.until)
	}
	c.timers.stop(timerProbe)
}

// held reports whether new text must wait, and sets the timer where it must.
func (c *Conn) held(now Instant) bool {
	if until := c.loss.reduced.until; now < until {
		c.timers.arm(timerPace, until)
		return true
	}
	return false
}
