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
	now     bool // at the next poll
	pushes  pushes
	batch   ackBatch
	unacked int32 // bytes taken and not acknowledged, while one is delayed
	// twice is text that came twice, for the next acknowledgment to say so.
	twice seq.Range
}

// maxAckDelay is the longest an acknowledgment may wait (RFC 9293, section
// 3.8.6.3, MUST-59).
const maxAckDelay = 500 * time.Millisecond

// ackPause is how long the peer has sent no text when its next is acknowledged at
// once. Its window is small again (RFC 5681, section 4.1), and it waits for the
// acknowledgment; so does a neighbour cache that is to learn that packets arrive.
const ackPause = time.Second

// oweAck notes that n bytes of text came in order. By default each batch of
// arrivals is acknowledged at once; with AckDelay, every AckEvery full segments
// are (RFC 9293, section 3.8.6.3, SHLD-18, MUST-58).
func (c *Conn) oweAck(now Instant, n int) {
	delay := c.ackDelay()
	if n > 0 {
		c.turns.heard(c.ack.unacked > 0)
	}
	c.ack.unacked += int32(n)
	if delay <= 0 || c.set.QuickAck || int(c.ack.unacked) >= c.ackMost(n) {
		c.ack.now = true
		return
	}
	at := now.Add(delay)
	if c.timers.armed(timerAck) {
		// Only one segment waits longer for an answer: of more, the peer takes silence
		// for a loss sooner (RFC 8985, section 7.2).
		c.timers.arm(timerAck, min(at, c.timers.at[timerAck]))
		return
	}
	if patience := c.patience(n, delay); patience > delay {
		c.timers.arm(timerAck, now.Add(patience))
		return
	}
	after := at.Sub(c.timers.at[timerAck])
	if c.ack.batch.alone(after, delay) {
		c.timers.at[timerAck] = at
		c.ack.now = true
		return
	}
	c.ack.batch.began(after, min(c.set.AckEvery, batchBytes/c.fullSegment()))
	c.timers.arm(timerAck, at)
}

// coalescedEvery is how many arrivals end the wait where the device hands over
// many segments as one, as a link with GRO does.
const coalescedEvery = 4

// ackMost returns how much text is acknowledged at once, where the last n bytes came
// together: AckEvery full segments, or some arrivals that are as large already, where
// these are but a part of the window.
func (c *Conn) ackMost(n int) int {
	most := max(2, c.set.AckEvery) * c.fullSegment()
	if c.set.AckEvery == 0 || n < most {
		return most
	}
	return max(most, min(coalescedEvery*n, c.windowLimit()/4))
}

// ackBatch is how many full segments come together, as it turned out: on a path
// of many Gbit/s an application that reads at once would otherwise have every few
// of them acknowledged, at the price of as many packets more. It takes the place
// of the batches that a device with GRO hands to its host.
type ackBatch struct {
	more uint8 // full segments, beyond the first
	runs uint8 // batches in a row that came quickly, or singles
}

// singles, in the place of a number of runs, says that the last wait brought neither
// more text nor an answer: the peer sends a segment now and then. Each is
// acknowledged at once, which saves a timer for each, until another comes within the
// time of a wait, or an answer goes out.
const singles = 255

const (
	// batchTime is how long the segments of a batch may take to come. At 100
	// Mbit/s that is less than a segment, and every one is acknowledged.
	batchTime = 100 * time.Microsecond
	// batchRuns is how many batches have to come quickly before a larger one is
	// waited for: the sender, whose window grows meanwhile, has many on the way.
	batchRuns = 32
	// batchBytes bounds a batch: what GRO hands over at once. Where a segment is as
	// large, the sender may have few more on the way.
	batchBytes = 64 << 10
)

// full reports whether n full segments are a batch.
func (b *ackBatch) full(n int) bool { return n > int(b.more) }

// began takes the time from when one batch began to come to when the next did;
// most bounds the batches to come. A larger batch is waited for only where it
// would come in time too.
func (b *ackBatch) began(after time.Duration, most int) {
	now := time.Duration(b.more) + 1 // full segments
	switch {
	case after > batchTime || after < 0: // the last waited longer, for an answer
		b.late()
	case int(now) >= most:
	case after*(now+1) > batchTime*now:
		b.runs = 0
	case b.runs < batchRuns:
		b.runs++
	default:
		b.more, b.runs = b.more+1, 0
	}
}

// alone reports whether text that comes so long after the last is not worth a wait
// of delay.
func (b *ackBatch) alone(after, delay time.Duration) bool {
	if b.runs != singles {
		return false
	}
	if after > delay {
		return true
	}
	b.runs = 0
	return false
}

// late notes that a batch was waited for in vain, or too long.
func (b *ackBatch) late() { b.more, b.runs = b.more/2, 0 }

// pushes is in its lowest bit whether the last text in order ended what the peer had
// to send, as PSH tells, and above it after how many such ends more came that was not
// sent because they were acknowledged: they were not yet. A sender that pushes each of
// its writes, and goes on writing, does not wait for the acknowledgment. It is one byte,
// as an endpoint has no room for more.
type pushes uint8

const (
	pushedLast  pushes = 1
	pushesCount pushes = 2
)

// note takes whether the last text was pushed.
func (p *pushes) note(psh bool) {
	*p &^= pushedLast
	if psh {
		*p |= pushedLast
	}
}

// wentOn notes that more came.
func (p *pushes) wentOn() {
	if *p&pushedLast != 0 && *p < batchRuns*pushesCount {
		*p += pushesCount
	}
}

// waited notes that an acknowledgment waited for more in vain.
func (p *pushes) waited() { *p &= pushedLast }

// end reports whether the last text ended what the peer has to send for now.
func (p pushes) end() bool { return p&pushedLast != 0 && p < batchRuns*pushesCount }

// fullSegment is the text of a full segment from the peer, in bytes.
func (c *Conn) fullSegment() int {
	o := wire.Options{HasTimestamps: c.ts.on}
	return max(1, int(c.rx.mss)-o.Len())
}

// ackDelay is how long an acknowledgment may wait.
func (c *Conn) ackDelay() time.Duration { return min(c.set.AckDelay, maxAckDelay) }

// ackOnRead ends the wait where the application has caught up with text worth
// an acknowledgment: its pace is the sender's best guide. For less, it may be
// about to write, and the answer carries the acknowledgment. Where more comes
// within the same moment, it is waited for, unless PSH tells that none will.
func (c *Conn) ackOnRead() {
	n := int(c.ack.unacked) / c.fullSegment()
	if c.rcv.size() > 0 || n == 0 || c.ack.now {
		return
	}
	c.ack.now = c.ack.batch.full(n) || c.ack.pushes.end()
}

// OwesAck reports whether the peer is to get an acknowledgment at once.
func (c *Conn) OwesAck() bool { return c.ack.now }

// AwaitsMore reports whether more text in order, from next on, may wait to be processed
// with what comes after it, until Deadline at most: the application has text to read,
// an acknowledgment waits for many segments more, not for an answer, and the peer has
// nothing to acknowledge. It may not where the peer is told of marks at once (RFC 3168,
// section 6.1.3), nor where the window is narrower than the buffer.
func (c *Conn) AwaitsMore() (next seq.Num, ok bool) {
	ok = c.rcv.size() > 0 && c.timers.armed(timerAck) && !c.ack.now && c.set.AckEvery > 2 &&
		!c.turns.waits() && c.state == StateEstablished && c.snd.size() == 0 && !c.ecn.receives() &&
		c.buf.rcv <= c.widest()
	return c.rx.nxt, ok
}

// onAckTimer ends the wait for more text, or for an answer.
func (c *Conn) onAckTimer() {
	c.ack.now = true
	c.turns.waited()
	if int(c.ack.unacked) >= c.fullSegment() {
		c.ack.batch.late()
		c.ack.pushes.waited()
	}
	if n := int(c.ack.unacked); c.set.AckEvery > 2 && 0 < n && n <= c.fullSegment() {
		c.ack.batch.runs = singles
	}
}

// answered notes that text goes out: where it answers some, which was acknowledged
// at once, the next is worth a wait again.
func (c *Conn) answered(now Instant) {
	c.turns.answered(c.rx.heardText.ago(now))
	if c.ack.batch.runs == singles && now < c.timers.at[timerAck] {
		c.ack.batch.runs = 0
	}
}

// acked notes that a segment with the acknowledgment was built.
func (c *Conn) acked() {
	c.ack = ackState{batch: c.ack.batch, pushes: c.ack.pushes}
	c.timers.stop(timerAck)
	c.turns.acked()
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
