// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package seq

import "testing"

// ranges are the relations that two ranges may have, by offsets from an anchor.
// They are checked at every anchor, so that each wraps in every possible way.
var ranges = []struct {
	name             string
	r, o             [2]int
	covers, overlaps bool
}{
	{"the same", [2]int{0, 10}, [2]int{0, 10}, true, true},
	{"inside", [2]int{0, 10}, [2]int{3, 7}, true, true},
	{"at the left edge", [2]int{0, 10}, [2]int{0, 1}, true, true},
	{"at the right edge", [2]int{0, 10}, [2]int{9, 10}, true, true},
	{"around", [2]int{3, 7}, [2]int{0, 10}, false, true},
	{"over the left edge", [2]int{0, 10}, [2]int{-1, 1}, false, true},
	{"over the right edge", [2]int{0, 10}, [2]int{9, 11}, false, true},
	{"touching left", [2]int{0, 10}, [2]int{-5, 0}, false, false},
	{"touching right", [2]int{0, 10}, [2]int{10, 15}, false, false},
	{"apart", [2]int{0, 10}, [2]int{20, 30}, false, false},
	{"far apart", [2]int{0, 10}, [2]int{1 << 30, 1<<30 + 1}, false, false},
}

func TestRangePairs(t *testing.T) {
	for _, v := range anchors {
		at := New(v)
		for _, test := range ranges {
			r := Range{at.Add(test.r[0]), at.Add(test.r[1])}
			o := Range{at.Add(test.o[0]), at.Add(test.o[1])}
			if got := r.Covers(o); got != test.covers {
				t.Errorf("%s: %v.Covers(%v) = %v", test.name, r, o, got)
			}
			if got := r.Overlaps(o); got != test.overlaps {
				t.Errorf("%s: %v.Overlaps(%v) = %v", test.name, r, o, got)
			}
			if got := o.Overlaps(r); got != test.overlaps {
				t.Errorf("%s: %v.Overlaps(%v) = %v", test.name, o, r, got)
			}
		}
	}
}

func TestRange(t *testing.T) {
	for _, v := range anchors {
		start := New(v)
		for _, n := range []int{1, 2, 1460, 1 << 20, 1<<31 - 1} {
			r := MakeRange(start, n)
			if r.Start != start || r.End != start.Add(n) || r.Len() != n || r.Empty() {
				t.Errorf("MakeRange(%v, %d) = %v, length %d, empty %v", start, n, r, r.Len(), r.Empty())
			}
			for _, test := range []struct {
				at   int
				want bool
			}{{-1, false}, {0, true}, {n / 2, true}, {n - 1, true}, {n, false}} {
				if n == 1<<31-1 && test.at < 0 {
					continue // more than half of the space from the end
				}
				if got := r.Contains(start.Add(test.at)); got != test.want {
					t.Errorf("%v.Contains(start%+d) = %v", r, test.at, got)
				}
			}
		}
	}
}

func TestEmptyRange(t *testing.T) {
	for _, v := range anchors {
		at := New(v)
		empty, backward := MakeRange(at, 0), Range{at, at.Add(-5)}
		if !empty.Empty() || empty.Len() != 0 || empty.Contains(at) {
			t.Errorf("%v is not empty", empty)
		}
		if !backward.Empty() || backward.Len() != -5 || backward.Contains(at) || backward.Contains(at.Add(-3)) {
			t.Errorf("%v is not empty, or its length %d is wrong", backward, backward.Len())
		}
		if !MakeRange(at, 4).Covers(MakeRange(at.Add(4), 0)) {
			t.Errorf("the empty range at the right edge of %v is not covered", MakeRange(at, 4))
		}
		if MakeRange(at, 4).Overlaps(MakeRange(at.Add(4), 0)) {
			t.Errorf("the empty range at the right edge of %v shares a position", MakeRange(at, 4))
		}
	}
}
