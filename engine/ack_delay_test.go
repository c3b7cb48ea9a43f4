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
		n     int
		took  time.Duration
		times int
		want  uint8
	}{
		{"one by one tells nothing", 0, 1, 0, 1000, 0},
		{"two at once", 0, 2, 0, batchRuns, 0},
		{"two at once, for long", 0, 2, 0, batchRuns + 1, 1},
		{"two in the time", 0, 2, 100 * us, batchRuns + 1, 1},
		{"two, too late", 0, 2, 101 * us, 1000, 0},
		{"a third would be late", 1, 2, 51 * us, 1000, 1},
		{"a third would not", 1, 2, 50 * us, batchRuns + 1, 2},
		{"late", 9, 10, 101 * us, 1, 4},
		{"as many as may be", 15, 16, 0, 1000, 15},
	} {
		b := ackBatch{more: c.more}
		for range c.times {
			b.came(c.n, c.took, 16)
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
			b.came(2, 0, 16)
		}
		b.came(2, 60*time.Microsecond, 16)
	}
	if b.more != 1 || b.runs != 0 {
		t.Errorf("%d more after %d runs, want 1 after 0", b.more, b.runs)
	}
	b.came(2, 0, 16)
	b.late()
	if b.more != 0 || b.runs != 0 {
		t.Errorf("%d more after %d runs, want 0 after 0", b.more, b.runs)
	}
}
