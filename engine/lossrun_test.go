// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"

	"tcpcb/engine/seq"
)

// TestLossRun: of segments lost one after the other the first counts, and then
// every eighth; what is lost elsewhere begins anew.
func TestLossRun(t *testing.T) {
	var l lossRun
	lose := func(from, n int) int {
		return l.count(&record{r: seq.MakeRange(seq.New(1<<32-5000).Add(from), n), unit: 1000})
	}
	for _, test := range []struct{ from, n, want int }{
		{0, 7000, 1000},
		{7000, 1000, 0},        // the eighth
		{8000, 9000, 2000},     // the ninth and the seventeenth
		{17_000, 500, 0},       // a part of one
		{20_000, 500, 500},     // elsewhere
		{20_500, 2000, 0},      // behind it
		{19_000, 2500, 1000},   // before
		{21_500, 14_000, 2000}, // the ninth and the seventeenth again
	} {
		if got := lose(test.from, test.n); got != test.want {
			t.Errorf("%d bytes at %d count as %d, want %d", test.n, test.from, got, test.want)
		}
	}
}
