// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// The heap against a sorted slice: pushes, pops and removals of one direction.
func TestArrivalHeap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	dirs := []*direction{{}, {}}
	var h arrivalHeap
	var model []arrival
	for seq := uint64(0); seq < 20000; seq++ {
		switch op := r.IntN(1000); {
		case op == 0:
			gone, d := 0, dirs[r.IntN(2)]
			h.takeAll(d, func(transit) { gone++ })
			before := len(model)
			model = slices.DeleteFunc(model, func(a arrival) bool { return a.dir == d })
			if gone != before-len(model) {
				t.Fatalf("removed %d, want %d", gone, before-len(model))
			}
		case op < 550:
			a := arrival{at: instant(r.IntN(50)), seq: seq, transit: transit{dir: dirs[r.IntN(2)]}}
			h.push(a)
			model = append(model, a)
		case len(model) > 0:
			slices.SortFunc(model, func(a, b arrival) int {
				return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq))
			})
			if got := h.pop(); got != model[0] {
				t.Fatalf("popped %+v, want %+v", got, model[0])
			}
			model = model[1:]
		}
		if len(h) != len(model) {
			t.Fatalf("holds %d, want %d", len(h), len(model))
		}
	}
}
