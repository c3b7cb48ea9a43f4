// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// ackState says whether an acknowledgment is owed to the peer.
type ackState struct {
	now     bool  // at the next poll
	unacked int32 // bytes taken and not acknowledged, while one is delayed
	// twice is text that came twice, for the next acknowledgment to say so.
	twice seq.Range
}

// maxAckDelay is the longest an acknowledgment may wait (RFC 9293, section
// 3.8.6.3, MUST-59).
const maxAckDelay = 500 * time.Millisecond

// oweAck notes that n bytes of text came in order. By default each batch of
// arrivals is acknowledged at once; with AckDelay, every AckEvery full segments
// are (RFC 9293, section 3.8.6.3, SHLD-18, MUST-58).
func (c *Conn) oweAck(now Instant, n int) {
	delay := min(c.set.AckDelay, maxAckDelay)
	c.ack.unacked += int32(n)
	if delay <= 0 || c.set.QuickAck || int(c.ack.unacked) >= max(2, c.set.AckEvery)*c.fullSegment() {
		c.ack.now = true
		return
	}
	if !c.timers.armed(timerAck) {
		c.timers.arm(timerAck, now.Add(delay))
	}
}

// fullSegment is the text of a full segment from the peer, in bytes.
func (c *Conn) fullSegment() int {
	o := wire.Options{HasTimestamps: c.ts.on}
	return max(1, int(c.rx.mss)-o.Len())
}

// ackOnRead ends the wait where the application has caught up with text worth
// an acknowledgment: its pace is the sender's best guide. For less, it may be
// about to write, and the answer carries the acknowledgment.
func (c *Conn) ackOnRead() {
	if c.rcv.size() == 0 && int(c.ack.unacked) >= c.fullSegment() {
		c.ack.now = true
	}
}

// acked notes that a segment with the acknowledgment was built.
func (c *Conn) acked() {
	c.ack = ackState{}
	c.timers.stop(timerAck)
	c.ts.lastAck = c.rx.nxt
}

// rateLimit bounds the acknowledgments that answer what cannot be accepted
// (RFC 5961, section 7), so that two confused ends, or a forger, cannot make
// each other talk without end.
type rateLimit struct {
	next Instant // when the next is allowed
}

func (l *rateLimit) allow(now Instant, every time.Duration) bool {
	if now < l.next {
		return false
	}
	l.next = now.Add(every)
	return true
}

// challenge owes the peer an acknowledgment of where this side stands, within
// the rate limit (RFC 5961, sections 3.2, 4.2 and 5.2).
func (c *Conn) challenge(now Instant) {
	if c.limit.allow(now, c.set.InvalidRateLimit) {
		c.ack.now = true
		c.counters.ChallengeAcks++
	}
}
