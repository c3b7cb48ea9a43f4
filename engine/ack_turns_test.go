// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
)

// An answer is waited for once enough came in a row, each to text that nothing
// followed, and for twice as long as the slowest took.
func TestTurns(t *testing.T) {
	const (
		ms    = time.Millisecond
		unit  = 1 << coarseShift * time.Nanosecond
		delay = ms
	)
	turn := func(t *turns, n int, after time.Duration) {
		for range n {
			t.heard(false)
			t.answered(after)
		}
	}
	for _, c := range []struct {
		name string
		play func(*turns)
		want time.Duration
	}{
		{"nothing", func(t *turns) {}, delay},
		{"one less than enough", func(t *turns) { turn(t, turnsEnough-1, 3*unit) }, delay},
		{"enough", func(t *turns) { turn(t, turnsEnough, 3*unit) }, 8 * unit},
		{"many", func(t *turns) { turn(t, 1000, 3*unit) }, 8 * unit},
		{"within a unit", func(t *turns) { turn(t, 8, 0) }, 2 * unit},
		{"the slowest", func(t *turns) { turn(t, 1, 9*unit); turn(t, 7, unit) }, 20 * unit},
		{"slow", func(t *turns) { turn(t, 8, 39*ms) }, turnsMost},
		{"one too slow", func(t *turns) { turn(t, 8, unit); turn(t, 1, 41*ms) }, delay},
		{"the slowest of a habit that ended", func(t *turns) { turn(t, 8, 9*unit); t.waited(); turn(t, 8, unit) }, 4 * unit},
		{"in vain", func(t *turns) { turn(t, 8, unit); t.waited() }, delay},
		{"in vain before it was one", func(t *turns) { turn(t, 7, unit); t.waited(); turn(t, 1, unit) }, 4 * unit},
		{"text in two parts", func(t *turns) { turn(t, 7, unit); t.heard(false); t.heard(true); t.answered(unit) }, 4 * unit},
		{"text after text", func(t *turns) { turn(t, 7, unit); t.heard(false); turn(t, 1, unit) }, delay},
		{"text after text, from then on", func(t *turns) { turn(t, 8, unit); t.heard(false); turn(t, 8, unit) }, 4 * unit},
		{"text that answers none", func(t *turns) {
			for range 100 {
				t.answered(unit)
			}
		}, delay},
	} {
		var v turns
		c.play(&v)
		if got := v.patience(delay); got != c.want {
			t.Errorf("%s: waits for %v, want %v", c.name, got, c.want)
		}
	}
}
