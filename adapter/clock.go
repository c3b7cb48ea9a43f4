// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/engine"
)

// Clock reads a stack's clock as instants: nanoseconds since the epoch of its
// monotonic reading. Its methods may be called at the same time.
type Clock struct {
	clock tcpip.Clock
}

// NewClock returns the clock c as instants.
func NewClock(c tcpip.Clock) *Clock { return &Clock{clock: c} }

// Now returns the present instant. It never goes back.
func (c *Clock) Now() engine.Instant {
	return engine.Instant(c.clock.NowMonotonic().Sub(tcpip.MonotonicTime{}))
}
