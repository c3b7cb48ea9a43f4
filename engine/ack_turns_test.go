// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
	"unsafe"
)

// An answer is waited for once enough came in a row, each to text that nothing
// followed, and for twice as long as the slowest took.
func TestTurns(t *testing.T) {
	const (
		unit  = 1 << coarseShift * time.Nanosecond
		delay = time.Millisecond
	)
	turn := func(t *turns, n int, after time.Duration) {
		for range n {
			t.heard(false)
			t.answered(after)
		}
	}
	vain := func(t *turns) {
		t.heard(false)
		t.wait(delay)
		t.waited()
		t.acked()
	}
	for _, c := range []struct {
		name string
		play func(*turns)
		want time.Duration
	}{
		{"nothing", func(t *turns) {}, delay},
		{"one less than enough", func(t *turns) { turn(t, 7, 3*unit) }, delay},
		{"enough", func(t *turns) { turn(t, 8, 3*unit) }, 8 * unit},
		{"many", func(t *turns) { turn(t, 1000, 3*unit) }, 8 * unit},
		{"within a unit", func(t *turns) { turn(t, 8, 0) }, 2 * unit},
		{"the slowest", func(t *turns) { turn(t, 1, 9*unit); turn(t, 7, unit) }, 20 * unit},
		{"slow", func(t *turns) { turn(t, 8, 20*unit) }, turnsMost},
		{"one too slow", func(t *turns) { turn(t, 8, unit); turn(t, 1, turnsMost+1) }, delay},
		{"the slowest of a habit that ended", func(t *turns) { turn(t, 8, 9*unit); vain(t); t.answered(unit); turn(t, 16, unit) }, 4 * unit},
		{"in vain", func(t *turns) { turn(t, 8, unit); vain(t) }, delay},
		{"after one in vain", func(t *turns) { turn(t, 8, unit); vain(t); turn(t, 15, unit) }, delay},
		{"long after one in vain", func(t *turns) { turn(t, 8, unit); vain(t); turn(t, 16, unit) }, 4 * unit},
		{"after many in vain", func(t *turns) {
			for range 9 {
				turn(t, 64, unit)
				vain(t)
			}
			turn(t, 63, unit)
		}, delay},
		{"long after many in vain", func(t *turns) {
			for range 9 {
				turn(t, 64, unit)
				vain(t)
			}
			turn(t, 64, unit)
		}, 4 * unit},
		{"in vain before it was one", func(t *turns) { turn(t, 7, unit); t.waited(); turn(t, 1, unit) }, 4 * unit},
		{"a wait cut short", func(t *turns) { turn(t, 8, unit); t.heard(false); t.wait(delay); t.heard(true); t.waited() }, 4 * unit},
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
		if got := v.wait(delay); got != c.want {
			t.Errorf("%s: waits for %v, want %v", c.name, got, c.want)
		}
	}
}

// Now and then the wait is short in spite of the habit, and the slowest answer is
// forgotten little by little.
func TestTurnsTest(t *testing.T) {
	const delay = time.Millisecond
	v := turns{answers: turnsEnough, slowest: 20}
	var short int
	for range 10 * turnsTest {
		if v.wait(delay) == delay {
			short++
		}
		v.heard(false)
		v.answered(3 << coarseShift)
	}
	if short != 10 {
		t.Errorf("%d short waits, want 10", short)
	}
	if v.slowest < 4 || v.slowest > 6 {
		t.Errorf("the slowest took %d, want 4 to 6", v.slowest)
	}
	if v.answers != turnsEnough {
		t.Errorf("%d answers, want %d", v.answers, turnsEnough)
	}
}

func TestTurnsSize(t *testing.T) {
	if n := unsafe.Sizeof(turns{}); n != 3 {
		t.Errorf("turns take %d bytes, want 3", n)
	}
}
