// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// The ring against a slice, over many wraps and growths.
func TestRing(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var q Ring[int]
	var model []int
	for i := range 20000 {
		switch {
		case r.IntN(100) < 52:
			q.Push(i)
			model = append(model, i)
		case len(model) > 0:
			dst := make([]int, 1+r.IntN(5))
			n := q.PopInto(dst)
			if want := model[:min(len(dst), len(model))]; !slices.Equal(dst[:n], want) {
				t.Fatalf("popped %v, want %v", dst[:n], want)
			}
			model = model[n:]
		}
		if q.Len() != len(model) {
			t.Fatalf("holds %d, want %d", q.Len(), len(model))
		}
	}
}
