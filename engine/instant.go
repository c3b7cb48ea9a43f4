// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"time"
)

// Instant is a moment in nanoseconds since an epoch of the caller's choice;
// only differences count. Never lies after every other instant.
type Instant int64

// Never is the latest instant: a deadline that is not set.
const Never Instant = math.MaxInt64

// Add returns the instant d after t, or Never where that would overflow.
func (t Instant) Add(d time.Duration) Instant {
	if d > 0 && t > Never-Instant(d) {
		return Never
	}
	return t + Instant(d)
}

// Sub returns the time from u to t.
func (t Instant) Sub(u Instant) time.Duration { return time.Duration(t - u) }

// coarse is an instant in units of about a millisecond, which wraps after 52 days:
// for what is only told.
type coarse uint32

const coarseShift = 20

func makeCoarse(now Instant) coarse { return coarse(now >> coarseShift) }

// ago returns how long ago it was, at now.
func (c coarse) ago(now Instant) time.Duration {
	return time.Duration(makeCoarse(now)-c) << coarseShift
}
