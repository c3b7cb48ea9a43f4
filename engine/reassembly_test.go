// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine/seq"
)

const testLimit = 1 << 20

// put inserts the text of [from, to), whose bytes are their own low positions.
func putText(q *reassembly, base seq.Num, from, to int) {
	b := make([]byte, to-from)
	for i := range b {
		b[i] = byte(from + i)
	}
	text := buffer.MakeWithData(b)
	q.insert(base.Add(from), &text, testLimit)
}

func blocksOf(q *reassembly, base seq.Num) [][2]int {
	var got [][2]int
	for i := range q.blocks.n {
		r := q.blocks.at(i).r
		got = append(got, [2]int{r.Start.Sub(base), r.End.Sub(base)})
	}
	return got
}

// TestReassemblyOverlaps holds the cases of overlap: before, behind, inside,
// around and across blocks, and where the space wraps.
func TestReassemblyOverlaps(t *testing.T) {
	tests := []struct {
		name string
		in   [][2]int
		want [][2]int
	}{
		{"apart", [][2]int{{10, 20}, {30, 40}}, [][2]int{{10, 20}, {30, 40}}},
		{"touch behind", [][2]int{{10, 20}, {20, 30}}, [][2]int{{10, 30}}},
		{"touch before", [][2]int{{20, 30}, {10, 20}}, [][2]int{{10, 30}}},
		{"fills the gap", [][2]int{{10, 20}, {30, 40}, {20, 30}}, [][2]int{{10, 40}}},
		{"overlaps the end", [][2]int{{10, 20}, {15, 25}}, [][2]int{{10, 25}}},
		{"overlaps the start", [][2]int{{15, 25}, {10, 20}}, [][2]int{{10, 25}}},
		{"inside", [][2]int{{10, 40}, {20, 30}}, [][2]int{{10, 40}}},
		{"around", [][2]int{{20, 30}, {10, 40}}, [][2]int{{10, 40}}},
		{"across three", [][2]int{{10, 20}, {30, 40}, {50, 60}, {5, 65}}, [][2]int{{5, 65}}},
		{"from inside one to inside another", [][2]int{{10, 20}, {30, 40}, {15, 35}}, [][2]int{{10, 40}}},
		{"the same", [][2]int{{10, 20}, {10, 20}}, [][2]int{{10, 20}}},
	}
	for _, base := range []uint32{0, 1<<31 - 25, 1<<32 - 25} {
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				var q reassembly
				for _, r := range tt.in {
					putText(&q, seq.New(base), r[0], r[1])
				}
				got := blocksOf(&q, seq.New(base))
				if len(got) != len(tt.want) {
					t.Fatalf("blocks %v, want %v", got, tt.want)
				}
				for i := range got {
					if got[i] != tt.want[i] {
						t.Errorf("blocks %v, want %v", got, tt.want)
					}
				}
			})
		}
	}
}

// TestReassemblyGivesTheStream shuffles random overlapping segments of a stream
// and takes it out again.
func TestReassemblyGivesTheStream(t *testing.T) {
	for s := range uint64(300) {
		rng := rand.New(rand.NewPCG(s, 0))
		base := seq.New(uint32(1<<32 - 700 + rng.IntN(300)))
		const total = 1000
		var q reassembly
		var rcv recvBuffer
		nxt := base
		for tries := 0; nxt != base.Add(total) && tries < 100000; tries++ {
			from := rng.IntN(total)
			to := min(total, from+1+rng.IntN(60))
			from = max(from, nxt.Sub(base))
			if from < to {
				putText(&q, base, from, to)
			}
			nxt = nxt.Add(q.take(nxt, &rcv))
		}
		var out buffer.Buffer
		rcv.read(&out, total)
		got := out.Flatten()
		want := make([]byte, total)
		for i := range want {
			want[i] = byte(i)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("seed %d: %d bytes, not the stream", s, len(got))
		}
		if q.pieces != 0 || q.blocks.n != 0 {
			t.Fatalf("seed %d: %d pieces in %d blocks are left", s, q.pieces, q.blocks.n)
		}
	}
}

// TestReassemblyIsBounded floods it with single bytes, none of which touch.
func TestReassemblyIsBounded(t *testing.T) {
	var q reassembly
	for i := range 100000 {
		text := buffer.MakeWithData([]byte{1})
		q.insert(seq.New(uint32(2*i)), &text, 64<<10)
	}
	if want := 64 << 10 / pieceSpace; q.pieces != want || q.blocks.n != want {
		t.Errorf("%d pieces in %d blocks, want %d", q.pieces, q.blocks.n, want)
	}
}

// TestSACKOrder: the block that grew last is reported first (RFC 2018, section
// 4).
func TestSACKOrder(t *testing.T) {
	var q reassembly
	base := seq.New(1<<32 - 45)
	for _, r := range [][2]int{{10, 20}, {30, 40}, {50, 60}, {70, 80}, {90, 95}, {40, 45}, {80, 82}} {
		putText(&q, base, r[0], r[1])
	}
	var dst [4]seq.Range
	n := q.sackBlocks(dst[:])
	want := [][2]int{{70, 82}, {30, 45}, {90, 95}, {50, 60}}
	if n != len(want) {
		t.Fatalf("%d blocks, want %d", n, len(want))
	}
	for i, w := range want {
		if got := [2]int{dst[i].Start.Sub(base), dst[i].End.Sub(base)}; got != w {
			t.Errorf("block %d is %v, want %v", i, got, w)
		}
	}
}

// TestFinTrims: nothing is kept beyond the FIN.
func TestFinTrims(t *testing.T) {
	var q reassembly
	base := seq.New(0)
	putText(&q, base, 10, 20)
	putText(&q, base, 30, 40)
	q.trimFrom(base.Add(35))
	if got := blocksOf(&q, base); len(got) != 2 || got[1] != [2]int{30, 35} {
		t.Errorf("blocks %v", got)
	}
	if want := footprint(&q.blocks.at(0).text) + footprint(&q.blocks.at(1).text); q.bytes != 15 || q.held != want {
		t.Errorf("%d bytes in %d, want 15 in %d", q.bytes, q.held, want)
	}
	q.trimFrom(base.Add(15))
	if got := blocksOf(&q, base); len(got) != 1 || got[0] != [2]int{10, 15} {
		t.Errorf("blocks %v", got)
	}
}
