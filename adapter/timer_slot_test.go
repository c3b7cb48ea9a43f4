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
