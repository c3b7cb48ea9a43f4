// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "tcpcb/engine/seq"

// noRoom is about a link whose queue was full: what it refused never left the host,
// which is known at once, and not when a timer expires. It is congestion like any
// other (RFC 3168, section 6.1.2, has a queue's word count as a loss does), but a
// segment sent again at once would be refused again: text waits until something has
// arrived, and so has left the queue, or for a while.
type noRoom struct {
	until Instant // before it, no text goes out
	first Instant // of the refusals since something arrived
}

// HandleNoRoom notes that the link had no room for r, which PollSegment gave out
// last: it was not sent. What of r was acknowledged meanwhile is passed over, and so
// is a segment without text.
func (c *Conn) HandleNoRoom(now Instant, r seq.Range) {
	if c.board.empty() {
		return
	}
	flight := c.flightSize()
	if !c.loseUnsent(now, r) {
		return
	}
	if c.recovery.phase == phaseOpen {
		c.beginRecovery(now, flight, 0)
	}
	c.recovery.first = true
	c.awaitRoom(now)
}

// loseUnsent deems lost what is in r, and reports whether there is any of it.
func (c *Conn) loseUnsent(now Instant, r seq.Range) (some bool) {
	b := c.board
	for i := b.find(r.Start); i < b.order.n && b.at(i).r.Start.Less(r.End); i++ {
		s := b.at(i)
		switch {
		case s.fate != inFlight:
			continue
		case s.r.Start.Less(r.Start): // it went out in part
			b.split(i, r.Start.Sub(s.r.Start))
			continue
		case r.End.Less(s.r.End):
			b.split(i, r.End.Sub(s.r.Start))
			s = b.at(i)
		}
		c.loss.prr.onUnsent(s.r.Len())
		c.onLost(now, s)
		b.lose(*b.order.at(i))
		some = true
	}
	return some
}

// awaitRoom holds text back for a quarter of a round trip, in which a good part of a
// queue leaves it. Where nothing has found room for as long as the retransmission
// timer would run, it decides, and gives the connection up in the end.
func (c *Conn) awaitRoom(now Instant) {
	w := &c.loss.room
	if w.first == 0 {
		w.first = now
	}
	if now.Sub(w.first) > c.timeout() {
		w.until = Never
		return
	}
	w.until = now.Add(max(c.rtt.srtt/4, clockGranularity))
	c.timers.arm(timerPace, w.until)
}

// awaitsRoom reports whether text waits for room in the link's queue.
func (c *Conn) awaitsRoom(now Instant) bool { return c.loss != nil && now < c.loss.room.until }
