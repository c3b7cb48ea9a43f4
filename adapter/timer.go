// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/engine"
)

// Timer turns the one deadline of a connection into calls. It is lazy: a
// deadline that moves to later leaves the running timer alone, and the call
// that then comes too early finds nothing to do and arms the timer anew. A
// connection that moves its deadline with each segment thus touches the clock's
// timers about once in a retransmission timeout.
//
// Init, Arm and Stop are called under the owner's lock; the timer's own
// function runs under no lock. The zero value, after Init, does not run.
type Timer struct {
	clock *Clock
	f     func()
	timer tcpip.Timer
	// at is when the running timer goes off; 0 when none runs. The timer's
	// function clears it.
	at atomic.Int64
}

// Init has t call f, on the clock's goroutine or callback, each time its
// deadline comes. The call may come early, or after Stop.
func (t *Timer) Init(c *Clock, f func()) { t.clock, t.f = c, f }

// Arm asks for a call at deadline, at the latest. It does nothing when the
// timer that runs goes off early enough. Never asks for none: a timer that runs
// is left to go off, and one that has gone off is given back, so that an idle
// connection holds none.
func (t *Timer) Arm(deadline engine.Instant) {
	at := t.at.Load()
	if deadline == engine.Never {
		if at == 0 {
			t.timer = nil
		}
		return
	}
	deadline = max(deadline, 1)
	if at != 0 && at <= int64(deadline) {
		return
	}
	d := max(deadline.Sub(t.clock.Now()), 0)
	if t.timer != nil {
		t.timer.Stop()
	}
	// A call already on its way may clear this; then the next Arm, which that
	// call leads to, starts the timer once more.
	t.at.Store(int64(deadline))
	if t.timer == nil {
		t.timer = t.clock.clock.AfterFunc(d, t.fire)
		return
	}
	t.timer.Reset(d)
}

// fire is the clock's callback.
func (t *Timer) fire() {
	t.at.Store(0)
	t.f()
}

// Stop gives the timer back; a call already on its way still comes.
func (t *Timer) Stop() {
	if t.timer != nil {
		t.timer.Stop()
		t.timer = nil
	}
	t.at.Store(0)
}

// Running reports whether a timer runs: for counting what is left.
func (t *Timer) Running() bool { return t.at.Load() != 0 }
