// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/faketime"

	"tcpcb/engine"
)

// Instants are nanoseconds of the clock's monotonic reading, whether it is
// netstack's own clock or another.
func TestClockEpoch(t *testing.T) {
	reading := func(c tcpip.Clock) engine.Instant {
		return engine.Instant(c.NowMonotonic().Sub(tcpip.MonotonicTime{}))
	}
	std := tcpip.NewStdClock()
	time.Sleep(time.Millisecond) // what has passed is not lost
	c := NewClock(std)
	for range 100 {
		before, now, after := reading(std), c.Now(), reading(std)
		// The two were read one after the other when the epoch was set.
		if now.Add(time.Millisecond) < before || after.Add(time.Millisecond) < now {
			t.Fatalf("the instant %d is not between %d and %d", now, before, after)
		}
	}
	manual := faketime.NewManualClock()
	m := NewClock(manual)
	manual.Advance(3 * time.Second)
	if now := m.Now(); now != reading(manual) || now != engine.Instant(3*time.Second) {
		t.Errorf("a manual clock after 3 s: %d, and it reads %d", now, reading(manual))
	}
}
