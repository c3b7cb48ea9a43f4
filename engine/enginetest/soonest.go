// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import "tcpcb/engine"

// soonest tells which of many deadlines is the first, as a tree of which each node
// is the earlier of its two: a thousand connections are not looked through for
// each packet. Of those at one time, it is the one of the lowest number.
type soonest struct {
	at   []engine.Instant // the nodes, from the root at 1; the deadlines are the last half
	half int
}

// newSoonest is for n deadlines, none of them set.
func newSoonest(n int) soonest {
	half := 1
	for half < n {
		half *= 2
	}
	t := soonest{at: make([]engine.Instant, 2*half), half: half}
	for i := range t.at {
		t.at[i] = engine.Never
	}
	return t
}

// set sets deadline i.
func (t *soonest) set(i int, at engine.Instant) {
	i += t.half
	t.at[i] = at
	for i /= 2; i > 0; i /= 2 {
		t.at[i] = min(t.at[2*i], t.at[2*i+1])
	}
}

// first returns the first deadline and its number.
func (t *soonest) first() (engine.Instant, int) {
	i := 1
	for i < t.half {
		i *= 2
		if t.at[i+1] < t.at[i] {
			i++
		}
	}
	return t.at[i], i - t.half
}
