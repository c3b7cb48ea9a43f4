// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
)

// A batch becomes larger only after many that came so quickly that a larger one
// would have come in time too, up to a bound; one that is late halves it.
func TestAckBatch(t *testing.T) {
	const us = time.Microsecond
	for _, c := range []struct {
		name  string
		more  uint8
		after time.Duration
		times int
		want  uint8
	}{
		{"at once", 0, 0, batchRuns, 0},
		{"at once, for long", 0, 0, batchRuns + 1, 1},
		{"two come in the time", 0, 50 * us, batchRuns + 1, 1},
		{"two would not", 0, 51 * us, 1000, 0},
		{"three come in the time", 1, 66 * us, batchRuns + 1, 2},
		{"three would not", 1, 67 * us, 1000, 1},
		{"late", 9, 101 * us, 1, 4},
		{"after a longer wait", 9, -us, 1, 4},
		{"as many as may be", 15, 0, 1000, 15},
	} {
		b := ackBatch{more: c.more}
		for range c.times {
			b.began(c.after, 16)
		}
		if b.more != c.want {
			t.Errorf("%s: %d more, want %d", c.name, b.more, c.want)
		}
	}
}

// A slow batch among the quick ones has them counted anew.
func TestAckBatchRuns(t *testing.T) {
	b := ackBatch{more: 1}
	for range 10 {
		for range batchRuns {
			b.began(0, 16)
		}
		b.began(70*time.Microsecond, 16)
	}
	if b.more != 1 || b.runs != 0 {
		t.Errorf("%d more after %d runs, want 1 after 0", b.more, b.runs)
	}
	b.began(0, 16)
	b.late()
	if b.more != 0 || b.runs != 0 {
		t.Errorf("%d more after %d runs, want 0 after 0", b.more, b.runs)
	}
}

// PSH tells of an end, until many in a row were none.
func TestPushes(t *testing.T) {
	var p pushes
	more := func(n int, psh bool) {
		for range n {
			p.note(psh)
			p.wentOn()
		}
	}
	check := func(what string, want bool) {
		t.Helper()
		if got := p.end(); got != want {
			t.Errorf("%s: an end %v, want %v", what, got, want)
		}
	}
	more(1000, false)
	check("never a push", false)
	more(batchRuns-1, true)
	check("one less than many", true)
	more(1, false)
	check("no push", false)
	more(1, true)
	check("many", false)
	more(1000, true)
	check("a thousand", false)
	p.waited()
	check("after a wait in vain", true)
}
