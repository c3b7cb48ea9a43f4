// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// turns is how long the application takes to answer where it and the peer's speak in
// turn, as it turned out. A server with many clients takes longer than AckDelay, and
// an acknowledgment of its own for each request and each reply would be every other
// packet; the answer carries it instead (RFC 9293, section 3.8.6.3).
type turns struct {
	// answers is how many came in a row, each to text that nothing followed.
	answers uint8
	slowest coarseSpan // of them
	open    bool       // text came since this side last sent some
}

// coarseSpan is a time in units of about a millisecond, as coarse has, rounded up.
type coarseSpan uint8

func (s coarseSpan) duration() time.Duration { return time.Duration(s) << coarseShift }

const (
	// turnsEnough answers in a row make a habit.
	turnsEnough = 8
	// turnsMost bounds the wait for an answer: what Linux waits at least.
	turnsMost = 40 * time.Millisecond
)

// heard notes that text came; more says that an acknowledgment was waiting already.
// Text that follows what was acknowledged before it was answered breaks the habit.
func (t *turns) heard(more bool) {
	if t.open && !more {
		t.answers = 0
	}
	t.open = true
}

// answered notes that text goes out, so long after the peer's last came.
func (t *turns) answered(after time.Duration) {
	if !t.open {
		return
	}
	t.open = false
	if after > turnsMost {
		t.answers = 0
		return
	}
	if t.answers == 0 {
		t.slowest = 0
	}
	t.answers = min(t.answers, turnsEnough-1) + 1
	t.slowest = max(t.slowest, coarseSpan(after>>coarseShift)+1)
}

// taken reports whether speaking in turn is a habit.
func (t *turns) taken() bool { return t.answers == turnsEnough }

// waited notes that an acknowledgment waited in vain.
func (t *turns) waited() {
	if t.taken() {
		t.answers = 0
	}
}

// patience returns how long an acknowledgment may wait for an answer: twice as long as
// the slowest took, and delay at least.
func (t *turns) patience(delay time.Duration) time.Duration {
	if !t.taken() {
		return delay
	}
	return max(delay, min(2*t.slowest.duration(), turnsMost))
}

// patience is how long an acknowledgment may wait that begins to: delay, or longer for
// an answer. More than a full segment is not kept waiting for that, nor is a peer that
// is done.
func (c *Conn) patience(delay time.Duration) time.Duration {
	if c.set.AckEvery <= 2 || c.state != StateEstablished || int(c.ack.unacked) > c.fullSegment() {
		return delay
	}
	return c.turns.patience(delay)
}
