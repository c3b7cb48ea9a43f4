// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import "tcpcb/engine"

// Waker is told that a Timer's time has come. Wake runs on the clock's
// goroutine or callback, under no lock; it may come early, or after Stop.
type Waker interface {
	Wake()
}

// Timer turns the one deadline of a connection into wakes. It is lazy: a
// deadline that moves to later leaves the running timer alone, and the wake
// that then comes too early finds nothing to do and arms the timer anew. A
// connection that moves its deadline with each segment thus touches its timer about
// once in a retransmission timeout.
//
// The zero value is a timer that is not running. Its owner's lock guards it.
type Timer struct {
	slot *slot
	// setFor is when the running timer goes off, plus one so that the zero
	// value means that none runs.
	setFor engine.Instant
}

// Arm has w woken at deadline or before it, or by way of the clock's wheel up to a
// tick later. It takes Never for no deadline, and does nothing when a timer that runs
// goes off early enough.
func (t *Timer) Arm(c Clock, deadline engine.Instant, w Waker) {
	if deadline == engine.Never {
		return
	}
	if t.setFor != 0 && t.setFor-1 <= deadline {
		return
	}
	t.setFor = deadline + 1
	if t.slot == nil {
		t.slot = c.slot(w)
	}
	c.start(t.slot, deadline)
}

// Forget has the next Arm start the timer again: its wake came, or the one to come is
// not worth its price.
func (t *Timer) Forget() { t.setFor = 0 }

// Stop gives the timer back, so that an idle connection holds none; a wake that is on
// its way already may still come.
func (t *Timer) Stop() {
	if t.slot != nil {
		t.slot.free()
		t.slot = nil
	}
	t.setFor = 0
}

// Running reports whether a timer runs, for tests and for counting what is
// left.
func (t *Timer) Running() bool { return t.setFor != 0 }
