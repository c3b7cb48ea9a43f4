// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// turns is how long the application takes to answer where it and the peer's speak in
// turn, as it turned out. A server with many clients takes longer than AckDelay, and
// an acknowledgment of its own for each request and each reply would be every other
// packet; the answer carries it instead (RFC 9293, section 3.8.6.3).
//
// It is three bytes, as an endpoint has no room for more.
type turns struct {
	// answers is how many came in a row, each to text that nothing followed.
	answers uint8
	slowest coarseSpan // of them, or a little less than one that is long ago
	notes   turnNotes
}

// coarseSpan is a time in units of about a millisecond, as coarse has, rounded up.
type coarseSpan uint8

func (s coarseSpan) duration() time.Duration { return time.Duration(s) << coarseShift }

// turnNotes are two flags, a counter of four bits and one of two.
type turnNotes uint8

const (
	turnOpen turnNotes = 1 << iota // text came since this side last sent some
	turnLong                       // an acknowledgment waits for an answer to it
	turnWait                       // counts the waits, modulo turnsTest

	turnVain  = turnWait * turnsTest // counts those in vain, up to three
	turnWaits = turnVain - turnWait  // the bits of the first counter
)

const (
	// turnsEnough answers in a row make a habit; after each wait in vain, twice as
	// many.
	turnsEnough = 8
	// turnsMost bounds the wait for an answer. A peer that takes silence for a loss
	// allows for 40 ms at least.
	turnsMost = 25 * time.Millisecond
	// turnsTest is how often the wait is as short as without the habit: a peer that
	// holds text back until it hears of what it sent would else never show it.
	turnsTest = 16
)

// heard notes that text came; more says that an acknowledgment was waiting already,
// and so waits no longer for an answer. Text that follows what was acknowledged before
// it was answered breaks the habit.
func (t *turns) heard(more bool) {
	if t.notes&turnOpen != 0 && !more {
		t.answers = 0
	}
	t.notes = t.notes&^turnLong | turnOpen
}

// answered notes that text goes out, so long after the peer's last came.
func (t *turns) answered(after time.Duration) {
	if t.notes&turnOpen == 0 {
		return
	}
	t.notes &^= turnOpen
	if after > turnsMost {
		t.answers = 0
		return
	}
	if t.answers == 0 {
		t.slowest = 0
	}
	t.answers = min(t.answers, t.enough()-1) + 1
	t.slowest = max(t.slowest, coarseSpan(after>>coarseShift)+1)
}

func (t *turns) enough() uint8 { return turnsEnough << (t.notes / turnVain) }

// wait returns how long an acknowledgment may wait that begins to: delay, or, where
// speaking in turn is a habit, twice as long as the slowest answer took.
func (t *turns) wait(delay time.Duration) time.Duration {
	if t.answers < t.enough() {
		return delay
	}
	count := (t.notes + turnWait) & turnWaits
	t.notes = t.notes&^turnWaits | count
	if count == 0 {
		t.slowest = max(1, t.slowest-(t.slowest+7)/8)
		return delay
	}
	long := min(2*t.slowest.duration(), turnsMost)
	if long <= delay {
		return delay
	}
	t.notes |= turnLong
	return long
}

// waits reports whether an acknowledgment waits for an answer.
func (t *turns) waits() bool { return t.notes&turnLong != 0 }

// acked notes that the acknowledgment is on its way.
func (t *turns) acked() { t.notes &^= turnLong }

// waited notes that the time to wait is over: if for an answer, in vain.
func (t *turns) waited() {
	if t.waits() {
		t.answers = 0
		if t.notes < 3*turnVain {
			t.notes += turnVain
		}
	}
}

// patience is how long an acknowledgment of n bytes may wait that begins to: delay, or
// longer for an answer. There will be none soon to a part of a message, which the peer
// did not push, nor to more than a segment of it; and a peer that is done asks for none.
func (c *Conn) patience(n int, delay time.Duration) time.Duration {
	whole := 0 < n && n <= c.fullSegment() && c.ack.pushes&pushedLast != 0
	if !whole || c.set.AckEvery <= 2 || c.state != StateEstablished {
		return delay
	}
	return c.turns.wait(delay)
}
