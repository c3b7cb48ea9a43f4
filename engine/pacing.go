// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// pacer spreads text over time: it may go out at the pace of the controller, in
// bursts that a timer of a millisecond can serve. The zero value does not pace.
type pacer struct {
	next Instant // when the next text may go out; 0 at once
}

// paceBurst is how far ahead of its time text may go out: what a timer's
// granularity would cost otherwise.
const paceBurst = time.Millisecond

// paceRate returns the pace in bytes a second; 0 does not pace.
func (c *Conn) paceRate() int64 {
	if c.cc == nil {
		return 0
	}
	if r := c.cc.pacingRate(); r > 0 || !c.set.Pacing || c.rtt.srtt <= 0 {
		return r
	}
	// A controller with a window only: twice its pace in slow start, for the
	// window to double in a round trip, and a fifth more after it, for the
	// window to be what limits.
	wnd := int64(c.cwnd()) * 6 / 5
	if c.cc.window() < c.cc.threshold()/2 {
		wnd = int64(c.cwnd()) * 2
	}
	return int64(float64(wnd) / c.rtt.srtt.Seconds())
}

// paced reports whether text may go out now, and sets the timer where it may
// not. Nothing in the network means that nothing would clock it out: then it
// may.
func (c *Conn) paced(now Instant) bool {
	next := c.pace.next
	if next == 0 || now.Add(paceBurst) >= next || c.pipe() == 0 {
		c.timers.stop(timerPace)
		return true
	}
	c.timers.arm(timerPace, next.Add(-paceBurst/2))
	return false
}

// onSent notes that n bytes go out at rate. Time that was not used is not saved
// up, but for the burst.
func (p *pacer) onSent(now Instant, n int, rate int64) {
	if rate <= 0 {
		p.next = 0
		return
	}
	p.next = max(p.next, now).Add(time.Duration(float64(n) / float64(rate) * float64(time.Second)))
}
