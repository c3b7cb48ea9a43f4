// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"tcpcb/engine/seq"
)

// noRoom is about a link whose queue was full: what it refused never left the host.
// It is no loss, then, and nothing has to find it out; but it is congestion, and
// reduces the window as that does. What would go again at once would be refused
// again: text waits until something has arrived, and so has left the queue, or for a
// while.
type noRoom struct {
	until Instant // before it, no text goes out
	first Instant // of the refusals since something arrived; 0 for none
}

// synRoomWait is how long a SYN waits for room, which knows no round trip yet: twice as
// long for each that was sent and not answered.
const synRoomWait = 10 * time.Millisecond

// maxRoomWait bounds the wait of text: a queue of the host's empties sooner than the
// longest of paths.
const maxRoomWait = 100 * time.Millisecond

// HandleNoRoom notes that the link had no room for r: for a segment, or the end of
// one, that PollSegment gave out. Nothing may have been polled since; of several, the
// last comes first. Segments may have been handled meanwhile: what of r they
// acknowledged is passed over, as is a segment without text.
func (c *Conn) HandleNoRoom(now Instant, r seq.Range) {
	if c.opening() && !r.Empty() {
		c.timers.arm(timerPace, now.Add(synRoomWait<<min(c.rto.backoff, 6)))
		return
	}
	if c.board.empty() || r.Empty() || !r.Overlaps(c.board.span()) {
		return
	}
	w := &c.loss.room
	if w.first == 0 {
		w.first = now
	}
	if now.Sub(w.first) > c.timeout() {
		// Nothing has found room for so long: it counts as lost on the way, and the
		// retransmission timer, which gives a connection up in the end, decides.
		w.until = Never
		return
	}
	flight := max(c.flightSize(), int(c.txc.maxFlight))
	if !c.unsend(r) {
		c.unresend(r)
	}
	c.reduceForRoom(now, flight)
	c.awaitRoom(now)
}

// opening reports whether a SYN or SYN-ACK is what the connection sends.
func (c *Conn) opening() bool { return c.state == StateSynSent || c.state == StateSynRcvd }

// onPaceTimer lets a SYN go that waited for room. Of text, PollSegment finds that the
// time has come.
func (c *Conn) onPaceTimer() { c.shake.due = c.shake.due || c.opening() }

// unsend takes back r, where it is what was sent last, and for the first time.
func (c *Conn) unsend(r seq.Range) bool {
	if r.End != c.tx.nxt {
		return false
	}
	from := seq.Max(r.Start, c.tx.una)
	n := c.tx.nxt.Sub(from)
	segments, ok := c.board.unsend(from)
	if !ok {
		return false
	}
	if c.closing.finSent && c.textEnd().Less(c.tx.nxt) {
		c.closing.finSent = false
	}
	c.tx.nxt = from
	c.loss.prr.onUnsent(n)
	c.loss.burst = max(0, c.loss.burst-n)
	c.loss.frto.onUnsent(segments)
	if t := &c.loss.tlp; t.out && from.Less(t.end) {
		*t = tailProbe{}
	}
	if c.board.empty() {
		c.timers.stop(timerRetransmit)
		c.timers.stop(timerProbe)
	}
	return true
}

// unresend takes back that r, which had been sent before, was sent again: it is lost
// as it was. Where it was a tail loss probe, it is in flight as it was.
func (c *Conn) unresend(r seq.Range) {
	if c.recovery.phase == phaseOpen {
		c.loss.tlp = tailProbe{}
		return
	}
	b := c.board
	for i := b.find(r.Start); i < b.order.n && r.Covers(b.at(i).r); i++ {
		s := b.at(i)
		if s.fate != inFlight || !s.retransmitted {
			continue
		}
		c.loss.prr.onUnsent(s.r.Len())
		c.loss.undo.onUnsent(s.segments())
		c.recovery.first = c.recovery.first || s.r.Start == c.tx.una
		b.lose(*b.order.at(i))
	}
}

// reduceForRoom reduces the window, once for each window of text, for a queue that
// is full. It does so at once, without PRR: there is nothing to send again meanwhile.
func (c *Conn) reduceForRoom(now Instant, flight int) {
	if c.loss.reduced.open || c.recovery.phase != phaseOpen {
		return
	}
	c.cc.onRecovery(now, c.reduceFrom(flight))
	c.cc.onRecovered(now)
	c.reduced(true, true)
}

// awaitRoom holds text back for a quarter of a round trip, or maxRoomWait: the
// acknowledgments that come meanwhile end the wait, so that it is for who has nothing
// on the way.
func (c *Conn) awaitRoom(now Instant) {
	c.loss.room.until = now.Add(min(max(c.rtt.srtt/4, clockGranularity), maxRoomWait))
	c.timers.arm(timerPace, c.loss.room.until)
}

// awaitsRoom reports whether text waits for room in the link's queue.
func (c *Conn) awaitsRoom(now Instant) bool { return c.loss != nil && now < c.loss.room.until }

// foundRoom notes that something has arrived.
func (c *Conn) foundRoom() {
	if c.loss.room.until != 0 {
		c.timers.stop(timerPace)
	}
	c.loss.room = noRoom{}
}
