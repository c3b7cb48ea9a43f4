// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"reflect"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/engine"
)

// Clock reads a stack's clock as instants: nanoseconds since the epoch of its
// monotonic reading. It is a small value, to be copied. All methods may be
// called at the same time.
type Clock struct {
	clock tcpip.Clock
	// epoch is set where clock is netstack's own, which reads the process's
	// monotonic clock, and is when that showed zero. It is read for every packet,
	// and netstack's conversions take as long as the reading.
	epoch time.Time
	// timers is what those of netstack's own clock share; nil for another.
	timers *timers
}

var stdClock = reflect.TypeOf(tcpip.NewStdClock())

// NewClock returns the clock c as instants.
func NewClock(c tcpip.Clock) Clock {
	if reflect.TypeOf(c) == stdClock {
		epoch := time.Now().Add(-c.NowMonotonic().Sub(tcpip.MonotonicTime{}))
		return Clock{clock: c, epoch: epoch, timers: new(timers)}
	}
	return Clock{clock: c}
}

// Now returns the present instant. It never goes back.
func (c Clock) Now() engine.Instant {
	if !c.epoch.IsZero() {
		return engine.Instant(time.Since(c.epoch))
	}
	return engine.Instant(c.clock.NowMonotonic().Sub(tcpip.MonotonicTime{}))
}

// Soon calls f once, at this instant, in a goroutine of its own or a callback of the
// clock's.
func (c Clock) Soon(f func()) {
	if c.timers != nil {
		go f() // as the clock would, without a timer of its own
		return
	}
	c.clock.AfterFunc(0, f)
}

// AfterFunc calls f once, in a goroutine or callback of the clock's own, d from
// now.
func (c Clock) AfterFunc(d time.Duration, f func()) tcpip.Timer {
	return c.clock.AfterFunc(d, f)
}
