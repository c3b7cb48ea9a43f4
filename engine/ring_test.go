// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestRingAgainstSlice does the same random operations on a ring and on a
// slice.
func TestRingAgainstSlice(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var r ring[int]
	var want []int
	for step := range 20000 {
		switch op := rng.IntN(6); {
		case op == 0:
			r.pushBack(step)
			want = append(want, step)
		case op == 1:
			r.pushFront(step)
			want = slices.Insert(want, 0, step)
		case op == 2:
			i := rng.IntN(len(want) + 1)
			r.insert(i, step)
			want = slices.Insert(want, i, step)
		case op == 3 && len(want) > 0:
			if got := r.popFront(); got != want[0] {
				t.Fatalf("step %d: popFront gave %d, want %d", step, got, want[0])
			}
			want = want[1:]
		case op == 4 && len(want) > 0:
			i := rng.IntN(len(want))
			if got := r.remove(i); got != want[i] {
				t.Fatalf("step %d: remove(%d) gave %d, want %d", step, i, got, want[i])
			}
			want = slices.Delete(want, i, i+1)
		}
		if r.n != len(want) {
			t.Fatalf("step %d: %d items, want %d", step, r.n, len(want))
		}
		for i := range want {
			if *r.at(i) != want[i] {
				t.Fatalf("step %d: item %d is %d, want %d", step, i, *r.at(i), want[i])
			}
		}
	}
}

func TestRingSearch(t *testing.T) {
	var r ring[int]
	for i := range 37 {
		r.pushBack(2 * i)
	}
	for x := -1; x < 80; x++ {
		want := 0
		for want < r.n && *r.at(want) < x {
			want++
		}
		if got := r.search(func(v *int) bool { return *v >= x }); got != want {
			t.Errorf("search for %d: %d, want %d", x, got, want)
		}
	}
}
