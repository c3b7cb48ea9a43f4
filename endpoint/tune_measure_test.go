// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"testing"
	"time"

	"tcpcb/engine"
)

// A measurement lasts a round trip, a millisecond at least; what was read in a
// time longer than that and the grace counts in proportion, and the most counts.
func TestRcvTunerMeasures(t *testing.T) {
	ms := time.Millisecond
	type read struct {
		after  time.Duration
		copied int
	}
	for _, test := range []struct {
		name  string
		rtt   time.Duration
		reads []read
		more  bool // the last read shows more than ever
		best  int
	}{
		{"the first only begins", 10 * ms, []read{{10 * ms, 1000}}, false, 0},
		{"less than a round trip", 10 * ms, []read{{0, 1}, {9 * ms, 1000}}, false, 0},
		{"a round trip", 10 * ms, []read{{0, 1}, {10 * ms, 1000}}, true, 1000},
		{"in parts", 10 * ms, []read{{0, 1}, {4 * ms, 300}, {6 * ms, 700}}, true, 1000},
		{"twice as long, within the grace", 10 * ms, []read{{0, 1}, {20 * ms, 1000}}, true, 1000},
		{"thrice as long", 10 * ms, []read{{0, 1}, {30 * ms, 1000}}, true, 500},
		{"an hour", 10 * ms, []read{{0, 1}, {time.Hour, 1_000_000}}, true, 2},
		{"less than before", 10 * ms, []read{{0, 1}, {10 * ms, 1000}, {10 * ms, 999}}, false, 1000},
		{"as much", 10 * ms, []read{{0, 1}, {10 * ms, 1000}, {10 * ms, 1000}}, false, 1000},
		{"more", 10 * ms, []read{{0, 1}, {10 * ms, 1000}, {10 * ms, 1001}}, true, 1001},
		{"a short round trip", 10 * time.Microsecond, []read{{0, 1}, {ms - 1, 1000}}, false, 0},
		{"a millisecond", 10 * time.Microsecond, []read{{0, 1}, {ms, 1000}}, true, 1000},
	} {
		var tuner rcvTuner
		now, more := engine.Instant(time.Hour), false
		for _, r := range test.reads {
			now = now.Add(r.after)
			more = tuner.measure(now, r.copied, test.rtt)
		}
		if more != test.more || tuner.best != test.best {
			t.Errorf("%s: more %v, best %d; want %v and %d", test.name, more, tuner.best, test.more, test.best)
		}
	}
}
