// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"tcpcb/engine/seq"
)

// undo finds out whether what was sent again had been lost at all. Where it had
// not, recovery ends and the congestion window is what it was (RFC 3522, RFC
// 3708, RFC 4015).
type undo struct {
	armed bool // recovery has begun, and may have been for nothing
	sent  bool // something was sent again since
	// needed says that what was sent again has arrived, and what was sent first
	// had not; original, the other way round.
	needed, original bool
	// unproved is how many segments were sent again and not told, by DSACK, to
	// have been there already; resent is what they were, and many says that it
	// is more than that.
	unproved int
	resent   [4]seq.Range
	nresent  int8
	many     bool
}

func (u *undo) begin() { *u = undo{armed: true} }

// onResent notes that r goes out again, in so many segments.
func (u *undo) onResent(r seq.Range, segments int) {
	u.sent = true
	u.unproved += segments
	for i := range u.resent[:u.nresent] {
		if have := &u.resent[i]; have.End == r.Start {
			have.End = r.End
			return
		}
	}
	if int(u.nresent) == len(u.resent) {
		u.many = true
		return
	}
	u.resent[u.nresent] = r
	u.nresent++
}

// onUnsent notes that so many segments did not go out again after all.
func (u *undo) onUnsent(segments int) {
	u.unproved = max(0, u.unproved-segments)
	u.sent = u.unproved > 0
}

// onDelivered takes what an acknowledgment told of the copies that arrived.
func (u *undo) onDelivered(d *delivery) {
	u.needed = u.needed || d.again
	u.original = u.original || d.original
}

// onDSACK notes that the peer got r twice, in so many segments. What was not sent
// twice is a packet that the network has duplicated (RFC 3708, section 3).
func (u *undo) onDSACK(r seq.Range, segments int) {
	for _, have := range u.resent[:u.nresent] {
		if have.Covers(r) {
			u.unproved = max(0, u.unproved-segments)
			return
		}
	}
}

// byDSACK reports whether all that was sent again had been there already (RFC
// 3708, section 3).
func (u *undo) byDSACK() bool { return u.armed && u.sent && !u.many && u.unproved == 0 }

// byOriginals reports whether what was sent first has arrived, of all that is
// known (RFC 3522, section 3.2, step 5).
func (u *undo) byOriginals() bool { return u.armed && u.original && !u.needed }

// takeDSACK looks for a report of what came twice in the first SACK block of an
// acknowledgment (RFC 2883, section 4): it lies before the acknowledgment, or
// within the second block. It returns how many segments that were, and the
// blocks that are left.
func (c *Conn) takeDSACK(in *Segment) (segments int, rest []seq.Range) {
	rest = in.Options.SACKBlocks()
	if len(rest) == 0 || rest[0].Empty() {
		return 0, rest
	}
	first := rest[0]
	if !first.End.LessEq(in.Ack) && !(len(rest) > 1 && rest[1].Covers(first)) {
		return 0, rest
	}
	// A report of what was never sent, or long ago, is none of ours.
	if first.Start.Less(c.tx.una.Add(-c.tx.maxWnd)) || c.tx.nxt.Less(first.End) {
		return 0, rest[1:]
	}
	c.recovery.reorder.onDSACK(c.tx.una, c.tx.nxt)
	segments = ceilDiv(first.Len(), c.segmentRoom())
	c.counters.DSACKsIn += uint32(segments)
	c.loss.undo.onDSACK(first, segments)
	return segments, rest[1:]
}

// lateNews looks at an acknowledgment that comes when nothing is outstanding
// for the proof that the last recovery was for nothing.
func (c *Conn) lateNews(now Instant, in *Segment, duplicate bool) {
	switch {
	case c.loss == nil || !c.shake.sack:
	case in.Options.NumSACK == 0:
		if duplicate && c.loss.tlp.spared(c.tx.una) {
			c.undoRecovery(now)
		}
	default:
		if n, _ := c.takeDSACK(in); n > 0 && c.loss.undo.byDSACK() {
			c.undoRecovery(now)
		}
	}
}

// noteSpurious notes that the last recovery was for nothing (RFC 3522, section
// 3.2, step 6), which is one thing, and what is done about it another.
func (c *Conn) noteSpurious() {
	s := &c.loss.spell
	if !s.some || s.spurious {
		return
	}
	s.spurious = true
	c.counters.SpuriousRecoveries++
	if s.timeout {
		c.counters.SpuriousTimeouts++
	}
}

// undoRecovery takes back what a recovery did that was for nothing.
func (c *Conn) undoRecovery(now Instant) {
	if c.board != nil {
		c.board.unlose()
	}
	c.recovery.reorder.seen = true // what else than lateness looks like a loss
	switch {
	case !c.loss.reduced.echoed:
		c.cc.onUndo(now)
		c.unreduced()
	case c.recovery.phase == phaseFast:
		// The path has marked something meanwhile: the window stays reduced (RFC
		// 4015, section 3.4, MUST).
		c.cc.onRecovered(now)
	}
	if c.recovery.phase == phaseLoss {
		c.rto.backoff, c.rto.retries = 0, 0
		c.loss.eifel.until(c.recovery.point)
		// What RACK learned is of a copy that had not arrived.
		c.loss.rack = rack{}
		// RFC 5682, section 2.1, step 3b: what was outstanding at the timeout may
		// yet be found lost. RecoveryPoint lies just before SND.UNA.
		c.recovery.point = c.tx.una.Add(-1)
	}
	c.loss.frto = frto{}
	c.recovery.phase, c.recovery.dups, c.recovery.first = phaseOpen, 0, false
	c.loss.undo = undo{}
	c.noteSpurious()
	c.trace(now, TraceUndo)
}

// eifelRTT has the retransmission timer forget the wait that a spurious timeout
// was about, and be the more careful for it: the first round trip of text that
// had not been sent by then stands with what was known before (RFC 4015, section
// 3.6, step 11).
type eifelRTT struct {
	srtt, rttvar time.Duration // SRTT_prev and RTTVAR_prev
	point        seq.Num       // SND.NXT when the timer expired
	due          bool
}

// begin notes what was known when the timer expired (RFC 4015, section 3.1, step
// 0).
func (e *eifelRTT) begin(rtt *rttEstimator) {
	*e = eifelRTT{srtt: rtt.srtt + 2*clockGranularity, rttvar: rtt.rttvar}
}

// until waits for text beyond point.
func (e *eifelRTT) until(point seq.Num) { e.due, e.point = true, point }

// onSample is told that a round trip was measured, by an acknowledgment up to una.
func (e *eifelRTT) onSample(rtt *rttEstimator, una seq.Num) {
	if !e.due || una.LessEq(e.point) {
		return
	}
	e.due = false
	rtt.srtt, rtt.rttvar = max(e.srtt, rtt.latest), max(e.rttvar, rtt.latest/2)
}
