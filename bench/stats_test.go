// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSummarize(t *testing.T) {
	ten := []float64{9, 1, 8, 2, 7, 3, 6, 4, 5, 100}
	kept := slices.Clone(ten)
	s := summarize(ten)
	if !slices.Equal(ten, kept) {
		t.Errorf("the samples are in another order: %v", ten)
	}
	// Of ten samples, the second to the ninth hold the median with a
	// probability of 1-2*(1+10)/1024 = 0.979; the third to the eighth do with
	// 0.891 only.
	lo, hi := 2.0, 9.0
	want := summary{N: 10, Median: 5.5, Q1: s.Q1, Q3: s.Q3, Min: 1, Max: 100, Lo: &lo, Hi: &hi}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
	if five := summarize(ten[:5]); five.Lo != nil || five.Hi != nil {
		t.Errorf("five samples are said to tell 95%%: %+v", five)
	} else if lo, hi := five.bounds(); lo != 1 || hi != 9 {
		t.Errorf("bounds of five samples are %v and %v", lo, hi)
	}
}

func TestDiffer(t *testing.T) {
	low := []float64{1, 2, 3, 4, 5, 6}
	high := []float64{7, 8, 9, 10, 11, 12}
	for _, c := range []struct {
		name     string
		old, new []float64
		p        float64
		yes      bool
	}{
		// All of one above all of the other: 2 of the 924 ways to deal them.
		{"apart", low, high, 2.0 / 924, true},
		{"the same", low, low, 1, false},
		{"too few to say", low[:3], high[:3], 0.1, false},
		{"none", nil, high, 1, false},
	} {
		if p, yes := differ(c.old, c.new); math.Abs(p-c.p) > 1e-9 || yes != c.yes {
			t.Errorf("%s: p is %v, %v; want %v, %v", c.name, p, yes, c.p, c.yes)
		}
	}
}

func TestQuotients(t *testing.T) {
	nan := math.NaN()
	got := quotients([]float64{4, nan, 3, 5, 1}, []float64{2, 1, nan, 0})
	if !slices.Equal(got, []float64{2}) {
		t.Errorf("quotients are %v, want that of the first pair alone", got)
	}
}
