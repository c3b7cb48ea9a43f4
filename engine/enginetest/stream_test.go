// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"testing"

	"gvisor.dev/gvisor/pkg/buffer"
)

func TestStream(t *testing.T) {
	w, r := stream{skew: 5}, stream{skew: 5}
	for _, n := range []int{1, 1460, streamPeriod, 3, streamPeriod - 1, 40_000} {
		b := w.next(n, n/3)
		if int(b.Size()) != n {
			t.Fatalf("next(%d) gave %d bytes", n, b.Size())
		}
		w.wrote(n)
		if bad := r.took(&b); bad >= 0 {
			t.Fatalf("byte %d of what was written is wrong", bad)
		}
		b.Release()
	}
	if w.n != r.n || w.sum != r.sum || w.sum == 0 {
		t.Errorf("wrote %d (%x), took %d (%x)", w.n, w.sum, r.n, r.sum)
	}
}

// TestStreamTellsWrongBytes: one wrong bit, a shift by any small number, and
// the other direction's bytes are all told, at the first place.
func TestStreamTellsWrongBytes(t *testing.T) {
	s, other := stream{}, stream{skew: 31337}
	at := func(from *stream, pos int) buffer.Buffer { return buffer.MakeWithData(from.at(pos, 2000)) }
	for pos := range 2000 {
		b := at(&s, 0)
		b.Apply(func(v *buffer.View) { v.AsSlice()[pos] ^= 0x80 })
		if got := s.check(0, &b); got != pos {
			t.Fatalf("byte %d is wrong, and %d is told", pos, got)
		}
		b.Release()
	}
	for _, shift := range []int{1, 2, 4, 88, 536, 1460, 4096, 65536, 1 << 20} {
		if b := at(&s, shift); s.check(0, &b) < 0 {
			t.Errorf("a shift by %d is not told", shift)
		}
	}
	if b := at(&other, 0); s.check(0, &b) < 0 {
		t.Error("the other direction's bytes are taken")
	}
}
