// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "tcpcb/engine/seq"

// frto is Forward RTO-Recovery (RFC 5682), the basic algorithm (section 2.1) and,
// with SACK, the enhanced one (section 3.1). A timeout may have been for nothing:
// the path was slow, and lost nothing. So once what the timeout sent again is
// acknowledged, new text goes out in place of more of the old. If then old text
// arrives that was not sent again, the timeout was spurious; if only the new
// does, it was not.
//
// All that was outstanding stays deemed lost while F-RTO waits. It is neither
// sent again nor in the pipe, so that to go back to the conventional recovery is
// no more than to stop holding it back. What the RFC calls recover, or
// RecoveryPoint, is recovery.point: nothing new is sent between the timeout and
// the first acknowledgment.
type frto struct {
	step frtoStep
	// quota is how many new segments may go out yet.
	quota int8
	// end is the end of what the timeout sent again.
	end seq.Num
}

type frtoStep uint8

const (
	frtoOff     frtoStep = iota // the recovery, if any, is the conventional one
	frtoSent                    // step 1 is done: the first acknowledgment is awaited
	frtoForward                 // step 2 is done: the second is
)

// frtoSegments is how many new segments go out in step 2.
const frtoSegments = 2

// onTimeout is step 1: the first segment is about to be sent again. It goes on to
// step 2 where no recovery was underway but that of timeouts of the same segment,
// none of them answered: then nothing else was sent again (RFC 5682, section 2.1:
// SHOULD NOT in fast recovery, and not where recover is SND.UNA or beyond).
// reneged says that the peer has discarded what it had SACKed: that is to be sent
// again whatever comes (RFC 2018, section 8).
func (f *frto) onTimeout(una seq.Num, was recoveryPhase, reneged bool) {
	fresh := was == phaseOpen || was == phaseLoss && f.step == frtoSent
	*f = frto{}
	if fresh && !reneged {
		f.step, f.end = frtoSent, una
	}
}

// onResent notes that r goes out again.
func (f *frto) onResent(r seq.Range) {
	if f.step == frtoSent {
		f.end = seq.Max(f.end, r.End)
	}
}

// onUnsent notes that the link refused so many segments of what went out last.
func (f *frto) onUnsent(segments int) {
	if f.step == frtoForward {
		f.quota = int8(min(int(f.quota)+segments, frtoSegments))
	}
}

// holds reports whether nothing but what F-RTO asks for is to be sent.
func (f *frto) holds() bool { return f.step != frtoOff }

// frtoAck is what an acknowledgment tells F-RTO.
type frtoAck struct {
	una       seq.Num // SND.UNA, after it
	point     seq.Num // SND.NXT at the timeout
	high      seq.Num // the end of the highest range that has arrived
	acked     bool    // SND.UNA moved
	duplicate bool    // RFC 5681, section 2; RFC 6675, section 2, where there is SACK
	sack      bool    // the peer sends SACK
	late      bool    // text has arrived that was deemed lost, and was not sent again
	needed    bool    // a timestamp shows that what was sent again was needed
	mss       int
}

// onAck is steps 2 and 3. It reports whether the timeout is found to be spurious.
func (f *frto) onAck(a *frtoAck) bool {
	if a.needed {
		f.step = frtoOff
	}
	switch f.step {
	case frtoSent:
		f.onFirst(a)
	case frtoForward:
		return f.onSecond(a)
	}
	return false
}

// onFirst is step 2.
func (f *frto) onFirst(a *frtoAck) {
	switch {
	case !a.acked && (a.sack || !a.duplicate):
		// The enhanced algorithm waits for SND.UNA to move (section 3.1, step 2);
		// what is no acknowledgment of anything is none to either.
	case !a.sack && f.end.Add(a.mss).Less(a.una):
		// Without SACK a leap is a gap that was filled: what was sent again had
		// been lost, and the rest had not. What is only late is acknowledged as it
		// comes, two segments at most. The RFC would go on.
		f.step = frtoOff
	case a.acked && f.end.LessEq(a.una) && a.una.Less(a.point):
		f.step, f.quota = frtoForward, frtoSegments // 2b
	default:
		f.step = frtoOff // 2a
	}
}

// onSecond is step 3. Other than in the RFC, text tells nothing that was sent so
// lately that RACK did not deem it lost (RFC 8985, section 6.3): it may have been
// on its way when the timer expired for what was lost before it.
func (f *frto) onSecond(a *frtoAck) bool {
	switch {
	case !a.acked && !a.duplicate && !a.late:
		return false // neither: wait (section 3.1, step 3)
	case a.sack && a.point.Less(a.high):
		f.step = frtoOff // 3a: what was sent since has arrived
		return false
	}
	// 3b where old text has arrived that was not sent again, and else 3a. The
	// basic algorithm looks at SND.UNA alone.
	f.step = frtoOff
	return a.late && (a.acked || a.sack)
}

// checkForward hands an acknowledgment to F-RTO, and reports whether the timeout
// was spurious.
func (c *Conn) checkForward(n *ackNews, d *delivery) bool {
	f := &c.loss.frto
	if !f.holds() {
		return false
	}
	spurious := f.onAck(&frtoAck{
		una: c.tx.una, point: c.recovery.point, high: c.board.highSacked,
		acked: n.acked > 0, duplicate: n.duplicate || d.sackNews, sack: c.shake.sack,
		late: d.unlost, needed: c.loss.undo.needed, mss: c.smss(),
	})
	if f.step == frtoForward && c.board.at(0).fate == sacked {
		// The peer must have discarded what it had SACKed, or the acknowledgment
		// would cover it (RFC 2018, section 8): the next timeout finds out.
		f.step = frtoOff
	}
	return spurious
}

// pollForward builds a new segment in step 2 (RFC 5682, section 2.1, step 2b). The
// Nagle algorithm does not hold it back. Where the application has nothing, or
// the peer's window has no room, the conventional recovery goes on.
func (c *Conn) pollForward(now Instant, out *Segment) bool {
	if c.loss == nil || c.loss.frto.step != frtoForward || c.loss.frto.quota == 0 {
		return false
	}
	f := &c.loss.frto
	unsent, usable, mss := c.Unsent(), c.usable(), c.segmentRoom()
	n := min(unsent, usable, mss)
	switch {
	case !c.state.sends():
	case unsent == 0 && c.finDue(),
		n > 0 && (n == mss || n == unsent && !c.set.Cork || 2*n >= c.tx.maxWnd && n < unsent):
		f.quota--
		c.txc.cwndLimited = true // what is lost waits
		c.sendText(now, out, n, mss)
		return true
	}
	if f.quota == frtoSegments {
		f.step = frtoOff
	}
	return false
}
