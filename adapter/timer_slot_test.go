// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/faketime"
)

// TestSlotChangesHands: who has a slot is woken, at its own time, and who had it is
// not, though the wake was on its way.
func TestSlotChangesHands(t *testing.T) {
	manual := faketime.NewManualClock()
	c := Clock{clock: manual, timers: new(timers)}
	first, second := &sleeper{}, &sleeper{}
	s := c.slot(first)
	c.start(s, 100*ms)
	s.free()
	s.fire()
	s.give(second) // as Clock.slot does, where the pool still has it
	c.start(s, 300*ms)
	manual.Advance(200 * time.Millisecond)
	if first.wakes != 0 || second.wakes != 0 {
		t.Errorf("%d and %d wakes before the time", first.wakes, second.wakes)
	}
	manual.Advance(200 * time.Millisecond)
	if first.wakes != 0 || second.wakes != 1 {
		t.Errorf("%d and %d wakes, want one of the second owner", first.wakes, second.wakes)
	}
}

type sleeper struct{ wakes int }

func (s *sleeper) Wake() { s.wakes++ }

// TestTimerForgetMoves: a timer whose wake is not worth its price is moved to the
// deadline there is, and does not go off before.
func TestTimerForgetMoves(t *testing.T) {
	manual := faketime.NewManualClock()
	c := Clock{clock: manual, timers: new(timers)}
	var timer Timer
	w := &sleeper{}
	timer.Arm(c, 1*ms, w)
	timer.Forget()
	timer.Arm(c, 100*ms, w)
	if c.timers.wheel.n != 1 {
		t.Error("a deadline of 100 ms does not wait in the wheel")
	}
	manual.Advance(99 * time.Millisecond)
	if w.wakes != 0 {
		t.Errorf("%d wakes before the time, want none", w.wakes)
	}
	manual.Advance(time.Millisecond + wheelTick)
	if w.wakes != 1 {
		t.Errorf("%d wakes, want one", w.wakes)
	}
}
