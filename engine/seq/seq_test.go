// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package seq

import (
	"fmt"
	"math"
	"testing"
)

// anchors are the places where arithmetic goes wrong when it is done with
// signed or unsigned comparison: around 0, 2^31 and 2^32.
var anchors = []uint32{
	0, 1, 2, 65535,
	1<<31 - 2, 1<<31 - 1, 1 << 31, 1<<31 + 1,
	math.MaxUint32 - 65535, math.MaxUint32 - 1, math.MaxUint32,
}

// distances are those in [0, 2^31) at which orders are checked.
var distances = []int{1, 2, 1460, 65535, 1 << 20, 1<<31 - 2, 1<<31 - 1}

func TestNumKeepsItsValue(t *testing.T) {
	for _, v := range anchors {
		if got := New(v).Value(); got != v {
			t.Errorf("New(%d).Value() = %d", v, got)
		}
		if got, want := New(v).String(), fmt.Sprint(v); got != want {
			t.Errorf("New(%d).String() = %q, want %q", v, got, want)
		}
	}
	if (Num{}) != New(0) {
		t.Error("the zero value is not position 0")
	}
}

func TestAddWraps(t *testing.T) {
	for _, test := range []struct {
		from uint32
		d    int
		want uint32
	}{
		{0, 0, 0},
		{0, 1, 1},
		{0, -1, math.MaxUint32},
		{math.MaxUint32, 1, 0},
		{math.MaxUint32, 2, 1},
		{math.MaxUint32, -1, math.MaxUint32 - 1},
		{1<<31 - 1, 1, 1 << 31},
		{1 << 31, -1, 1<<31 - 1},
		{1 << 31, 1 << 31, 0},
		{1 << 31, -(1 << 31), 0},
		{7, 1<<32 - 1, 6},
		{7, 1 << 32, 7},
	} {
		if got := New(test.from).Add(test.d); got != New(test.want) {
			t.Errorf("%d + %d = %v, want %d", test.from, test.d, got, test.want)
		}
	}
}

func TestSubIsSigned(t *testing.T) {
	for _, test := range []struct {
		n, m uint32
		want int
	}{
		{0, 0, 0},
		{1, 0, 1},
		{0, 1, -1},
		{0, math.MaxUint32, 1},
		{math.MaxUint32, 0, -1},
		{5, math.MaxUint32 - 4, 10},
		{1 << 31, 1<<31 - 1, 1},
		{1<<31 - 1, 1 << 31, -1},
		{1<<31 - 1, 0, 1<<31 - 1},
		{0, 1<<31 - 1, -(1<<31 - 1)},
		// Exactly half of the space away: before, from both ends.
		{1 << 31, 0, -(1 << 31)},
		{0, 1 << 31, -(1 << 31)},
	} {
		if got := New(test.n).Sub(New(test.m)); got != test.want {
			t.Errorf("%d - %d = %d, want %d", test.n, test.m, got, test.want)
		}
	}
}

// TestOrder checks every method that orders, at every anchor and distance: with
// n = a+d and 0 < d < 2^31, n lies after a wherever the space wraps.
func TestOrder(t *testing.T) {
	for _, v := range anchors {
		a := New(v)
		if a.Less(a) || !a.LessEq(a) || a.Sub(a) != 0 || Max(a, a) != a || Min(a, a) != a {
			t.Errorf("%v is not equal to itself", a)
		}
		for _, d := range distances {
			n := a.Add(d)
			if got := n.Sub(a); got != d {
				t.Errorf("(%v+%d) - %v = %d", a, d, a, got)
			}
			if got := a.Sub(n); got != -d {
				t.Errorf("%v - (%v+%d) = %d", a, a, d, got)
			}
			if got := n.Add(-d); got != a {
				t.Errorf("(%v+%d)-%d = %v", a, d, d, got)
			}
			if !a.Less(n) || n.Less(a) {
				t.Errorf("Less: %v and %v+%d", a, a, d)
			}
			if !a.LessEq(n) || n.LessEq(a) {
				t.Errorf("LessEq: %v and %v+%d", a, a, d)
			}
			if Max(a, n) != n || Max(n, a) != n {
				t.Errorf("Max: %v and %v+%d", a, a, d)
			}
			if Min(a, n) != a || Min(n, a) != a {
				t.Errorf("Min: %v and %v+%d", a, a, d)
			}
		}
	}
}
