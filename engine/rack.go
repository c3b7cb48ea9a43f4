// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"tcpcb/engine/seq"
)

// rack is what RACK remembers of the segment that was sent last among those that
// have arrived: what was sent well before it is lost (RFC 8985, section 5.3).
type rack struct {
	valid  bool
	sentAt Instant       // RACK.xmit_ts
	end    seq.Num       // RACK.end_seq
	rtt    time.Duration // RACK.rtt
}

// onDelivered takes a record that has arrived (RFC 8985, section 6.2, step 2).
func (k *rack) onDelivered(now Instant, s *record) {
	if at := s.stamp.sentAt; !k.valid || k.before(at, s.r.End) {
		*k = rack{valid: true, sentAt: at, end: s.r.End, rtt: max(now.Sub(at), 0)}
	}
}

// before reports whether RACK's segment was sent before one that was sent at
// and ends at end (RFC 8985, section 6.2, step 2, RACK_sent_after).
func (k *rack) before(at Instant, end seq.Num) bool {
	return k.sentAt < at || k.sentAt == at && k.end.Less(end)
}

// reordering is how far RACK tolerates reordering (RFC 8985, sections 6.2, step
// 4, and 3.3.2). It outlives what is outstanding.
type reordering struct {
	fack seq.Num // RACK.fack: the end of the highest range that arrived
	// extent is how many bytes before the highest something arrived late, at most.
	extent int32
	// round is where the round trip in which mult grew last ends.
	round   seq.Num
	inRound bool
	seen    bool // RACK.reordering_seen
	// mult widens the window by as many quarters of the least round-trip time,
	// beside the first; persist is for how many recoveries it does yet.
	mult, persist uint8
}

// reoPersist is for how many recoveries a wider window lasts without news of a
// spurious retransmission (RFC 8985, section 3.3.2).
const reoPersist = 16

// onOriginal notes whether the first copy of r has arrived behind what was sent
// after it (RFC 8985, section 6.2, step 3), and how far behind.
func (o *reordering) onOriginal(r seq.Range) {
	if o.fack.Less(r.End) {
		o.fack = r.End
	} else if r.End.Less(o.fack) {
		o.seen = true
		o.extent = max(o.extent, int32(o.fack.Sub(r.Start)))
	}
}

// onDSACK widens the window once a round trip: what was sent again had arrived
// (RFC 8985, section 6.2, step 4).
func (o *reordering) onDSACK(una, nxt seq.Num) {
	if o.inRound && una.Less(o.round) {
		return
	}
	o.inRound, o.round = true, nxt
	o.mult = min(o.mult+1, 254)
	o.persist = reoPersist
}

// onRecovered counts a recovery without such news.
func (o *reordering) onRecovered() {
	if o.persist > 0 {
		o.persist--
		if o.persist == 0 {
			o.mult = 0
		}
	}
}

// reoWnd is how much longer than a round trip RACK waits for a segment that was
// overtaken: RACK.reo_wnd, or clockGranularity, as no timer is better than that.
func (c *Conn) reoWnd() time.Duration {
	wnd, waits := c.rackReoWnd()
	if !waits {
		return 0
	}
	return max(wnd, clockGranularity)
}

// rackReoWnd is RACK.reo_wnd (RFC 8985, section 6.2, step 4), and whether RACK
// waits at all.
func (c *Conn) rackReoWnd() (wnd time.Duration, waits bool) {
	o := &c.recovery.reorder
	if !o.seen && (c.recovery.phase != phaseOpen || c.board.sackedSegments >= dupThresh) {
		return 0, false
	}
	return min(time.Duration(1+int(o.mult))*c.rtt.min/4, c.rtt.srtt), true
}

// detectByTime deems lost what was sent before RACK's segment, and not arrived
// within a round trip and the reordering window of it (RFC 8985, section 6.2,
// step 5). Where something is not due yet, it sets the reordering timer. at is when
// the news came that it judges by.
func (c *Conn) detectByTime(now, at Instant) {
	c.timers.stop(timerReorder)
	k := &c.loss.rack
	if c.board.empty() || !k.valid {
		return
	}
	wait := k.rtt + c.reoWnd()
	for id := c.board.flight.head; id != 0; {
		s := &c.board.recs[id]
		if !s.sentBefore(k) {
			return
		}
		if s.stamp.sentAt.Add(wait) > at {
			// The last that can be due, for one wake to find all.
			c.timers.arm(timerReorder, k.sentAt.Add(wait))
			return
		}
		next := s.next
		c.onLost(now, s)
		c.board.lose(id)
		id = next
	}
}

// sentBefore reports whether s was sent before RACK's segment.
func (s *record) sentBefore(k *rack) bool {
	return s.stamp.sentAt < k.sentAt || s.stamp.sentAt == k.sentAt && s.r.End.Less(k.end)
}

// onReorderTimer does what RFC 8985, section 6.2, step 5, asks for when the
// reordering window is over.
func (c *Conn) onReorderTimer(now Instant) {
	flight := c.flightSize()
	c.detectByTime(now, now)
	if c.board.anyLost() && c.recovery.phase == phaseOpen && !c.wereRefused() {
		c.beginRecovery(now, flight, 0)
	}
}
