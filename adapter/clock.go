// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/engine"
)

// Clock reads a stack's clock as instants: nanoseconds since the epoch of its
// monotonic reading. It is a small value, to be copied. All methods may be
// called at the same time.
type Clock struct {
	clock tcpip.Clock
}

// NewClock returns the clock c as instants.
func NewClock(c tcpip.Clock) Clock { return Clock{clock: c} }

// Now returns the present instant. It never goes back.
func (c Clock) Now() engine.Instant {
	return engine.Instant(c.clock.NowMonotonic().Sub(tcpip.MonotonicTime{}))
}

// AfterFunc calls f once, in a goroutine or callback of the clock's own, d from
// now.
func (c Clock) AfterFunc(d time.Duration, f func()) tcpip.Timer {
	return c.clock.AfterFunc(d, f)
}
