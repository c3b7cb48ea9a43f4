// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// pacer spreads text over time: it may go out at the pace of the controller, in
// runs of a quantum, and as early as a timer of a millisecond makes necessary
// (draft-ietf-ccwg-bbr, sections 5.6.2 and 5.6.3). The zero value does not pace.
type pacer struct {
	next Instant // C.next_send_time; 0 at once
}

const (
	// paceAhead is how far ahead of its time text may go out. It makes up for
	// wakes that come late: the timer is set for the middle of it.
	paceAhead = time.Millisecond
	// paceLate is how far behind its time text may be that waited for the pace
	// and for nothing else: it catches up then, or each late wake would slow the
	// connection down.
	paceLate = 10 * time.Millisecond
	// The bounds of a quantum: no more than a packet of the link's may hold, and
	// no less than what asks for an acknowledgment at once.
	maxQuantum         = 64 << 10
	minQuantumSegments = 2
)

// Paces of a controller that has a window only, in windows a round trip: in slow
// start, in which the window doubles in one, and after it.
const (
	paceSlowStart = 2
	paceAvoidance = 1.2
)

// sendQuantum is how much goes out in one run at a rate in bytes a second
// (draft-ietf-ccwg-bbr, section 5.6.3, SetSendQuantum).
func sendQuantum(rate int64, mss int) int {
	n := int64(float64(rate) * time.Millisecond.Seconds())
	return max(int(min(n, maxQuantum)), minQuantumSegments*mss)
}

// PaceHolds reports whether the pace held text back when PollSegment last gave none.
func (c *Conn) PaceHolds() bool { return c.txc.paceHeld }

// paceRate returns the pace in bytes a second; 0 does not pace.
func (c *Conn) paceRate() int64 {
	if c.cc == nil {
		return 0
	}
	if r := c.cc.pacingRate(); r > 0 || !c.set.Pacing || c.rtt.srtt <= 0 {
		return r
	}
	gain := paceAvoidance
	if c.cc.window() < c.cc.threshold()/2 {
		gain = paceSlowStart
	}
	return int64(gain * float64(c.cwnd()) / c.rtt.srtt.Seconds())
}

// runLimit returns how much may go out in one run, n or less.
func (c *Conn) runLimit(n, mss int) int {
	if n <= mss {
		return n
	}
	if rate := c.paceRate(); rate > 0 {
		return min(n, sendQuantum(rate, mss))
	}
	return n
}

// paced reports whether text may go out now, and sets the timer where it may
// not. Where nothing is in the network nothing is held back: a connection that
// was idle begins at once.
func (c *Conn) paced(now Instant) bool {
	next := c.pace.next
	if next == 0 || now.Add(paceAhead) >= next || c.pipe() == 0 {
		c.timers.stop(timerPace)
		return true
	}
	c.timers.arm(timerPace, next.Add(-paceAhead/2))
	return false
}

// onSent notes that n bytes go out at rate. Time that was not used is not saved
// up, but for that of a wake that came late (see paceLate): held says that the
// pace kept text back.
func (p *pacer) onSent(now Instant, n int, rate int64, held bool) {
	if rate <= 0 {
		p.next = 0
		return
	}
	from := now
	if held {
		from = now.Add(-paceLate)
	}
	p.next = max(p.next, from).Add(time.Duration(float64(n) / float64(rate) * float64(time.Second)))
}
