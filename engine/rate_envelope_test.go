// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
)

// TestEnvelope: of acknowledgments that come at 1000 bytes a millisecond, and are
// held up at times, that is taken which was held up least.
func TestEnvelope(t *testing.T) {
	type point struct{ ms, kb int } // when it is told, and how much
	for _, test := range []struct {
		name string
		rate int64
		span int // in ms
		in   []point
		want point
	}{
		{"nothing is held up: the last", 1e6, 10, []point{{1, 1}, {2, 2}, {3, 3}}, point{3, 3}},
		{"the first of a burst is late", 1e6, 10, []point{{1, 1}, {5, 2}}, point{1, 1}},
		{"amid a burst it is so yet", 1e6, 10, []point{{1, 1}, {5, 2}, {5, 3}, {5, 4}}, point{1, 1}},
		{"the last of a burst is not", 1e6, 10, []point{{1, 1}, {5, 2}, {5, 3}, {5, 4}, {5, 5}}, point{5, 5}},
		{"a path that is faster than was believed", 1e6, 10, []point{{1, 1}, {2, 3}, {3, 5}}, point{3, 5}},
		{"one that is slower: no older than two spans", 1e6, 4, []point{{1, 1}, {3, 2}, {5, 3}, {7, 4}, {9, 5}, {11, 6}}, point{5, 3}},
		{"the first of a span is late", 1e6, 4, []point{{1, 1}, {2, 2}, {6, 3}, {6, 4}}, point{2, 2}},
		{"without a belief, the last", 0, 10, []point{{1, 1}, {5, 2}}, point{5, 2}},
		{"without a round-trip time, the last", 1e6, 0, []point{{1, 1}, {5, 2}}, point{5, 2}},
	} {
		var e ackEnvelope
		start := Instant(time.Hour)
		for i, p := range test.in {
			d := deliveryPoint{delivered: int64(p.kb) * 1000, at: start.Add(time.Duration(p.ms) * time.Millisecond)}
			if i == 0 {
				e.reset(d)
				continue
			}
			e.add(d, test.rate, time.Duration(test.span)*time.Millisecond)
		}
		got := e.least()
		if p := (point{int(got.at.Sub(start).Milliseconds()), int(got.delivered / 1000)}); p != test.want {
			t.Errorf("%s: %+v, want %+v", test.name, p, test.want)
		}
	}
}
