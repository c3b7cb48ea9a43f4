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

// countingClock counts how often timers are started.
type countingClock struct {
	tcpip.Clock
	started int
}

func (c *countingClock) AfterFunc(d time.Duration, f func()) tcpip.Timer {
	c.started++
	return &countingTimer{c.Clock.AfterFunc(d, f), c}
}

type countingTimer struct {
	tcpip.Timer
	clock *countingClock
}

func (t *countingTimer) Reset(d time.Duration) {
	t.clock.started++
	t.Timer.Reset(d)
}

// owner is a Waker as an endpoint is one: with a deadline, which it acts on and
// forgets when it has come, and then the timer is armed anew.
type owner struct {
	clock    Clock
	timer    Timer
	deadline engine.Instant
	wakes    int
	acted    []engine.Instant
}

func (o *owner) Wake() {
	o.wakes++
	if now := o.clock.Now(); now >= o.deadline {
		o.acted = append(o.acted, now)
		o.deadline = engine.Never
	}
	o.timer.Forget()
	if o.deadline == engine.Never {
		o.timer.Stop()
	}
	o.timer.Arm(o.clock, o.deadline, o)
}

func (o *owner) set(d engine.Instant) {
	o.deadline = d
	o.timer.Arm(o.clock, d, o)
}

func newOwner() (*owner, *faketime.ManualClock, *countingClock) {
	manual := faketime.NewManualClock()
	counting := &countingClock{Clock: manual}
	return &owner{clock: NewClock(counting), deadline: engine.Never}, manual, counting
}

const ms = engine.Instant(time.Millisecond)

// TestClock checks that instants follow the stack's monotonic clock.
func TestClock(t *testing.T) {
	o, manual, _ := newOwner()
	before := o.clock.Now()
	manual.Advance(3 * time.Second)
	if got := o.clock.Now().Sub(before); got != 3*time.Second {
		t.Errorf("the clock advanced by %v, want 3s", got)
	}
}

// TestTimerLazy checks that deadlines that move to later cost nothing, and are
// met to the nanosecond all the same.
func TestTimerLazy(t *testing.T) {
	o, manual, counting := newOwner()
	for i := engine.Instant(0); i < 100; i++ {
		o.set((200 + i) * ms)
		manual.Advance(time.Millisecond)
	}
	if counting.started != 1 {
		t.Errorf("timers were started %d times, want once", counting.started)
	}
	manual.Advance(time.Second)
	if len(o.acted) != 1 || o.acted[0] != 299*ms {
		t.Errorf("acted at %v, want once at 299 ms", o.acted)
	}
	if o.wakes != 2 || counting.started != 2 {
		t.Errorf("%d wakes of %d timers, want one early wake and one at the deadline", o.wakes, counting.started)
	}
	if o.timer.Running() || o.timer.slot != nil {
		t.Error("without a deadline, a timer is kept")
	}
}

// TestTimerEarlier checks that a deadline that moves to earlier is met.
func TestTimerEarlier(t *testing.T) {
	o, manual, _ := newOwner()
	o.set(500 * ms)
	o.set(100 * ms)
	o.set(300 * ms)
	o.set(0) // has passed: at once
	manual.Advance(0)
	if len(o.acted) != 1 || o.acted[0] != 0 {
		t.Fatalf("acted at %v, want once at 0", o.acted)
	}
	o.set(50 * ms)
	manual.Advance(time.Second)
	if len(o.acted) != 2 || o.acted[1] != 50*ms {
		t.Errorf("acted at %v, want at 0 and 50 ms", o.acted)
	}
}

// TestTimerNever checks that no deadline starts no timer, and leaves one that
// runs alone.
func TestTimerNever(t *testing.T) {
	o, manual, counting := newOwner()
	o.set(engine.Never)
	if counting.started != 0 {
		t.Error("no deadline started a timer")
	}
	o.set(100 * ms)
	o.set(engine.Never)
	manual.Advance(time.Second)
	if len(o.acted) != 0 || o.wakes != 1 {
		t.Errorf("acted %d times in %d wakes, want never in one", len(o.acted), o.wakes)
	}
}

// TestTimerStop checks that a stopped timer does not wake, is given back, and
// can be armed again.
func TestTimerStop(t *testing.T) {
	o, manual, _ := newOwner()
	o.timer.Stop()
	o.set(100 * ms)
	o.timer.Stop()
	manual.Advance(time.Second)
	if o.wakes != 0 || o.timer.Running() || o.timer.slot != nil {
		t.Errorf("after Stop: %d wakes, running %v", o.wakes, o.timer.Running())
	}
	o.set(1500 * ms)
	manual.Advance(time.Second)
	if len(o.acted) != 1 {
		t.Errorf("after Stop and Arm, acted %d times, want once", len(o.acted))
	}
}
