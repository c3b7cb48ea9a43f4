// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"math/rand/v2"
	"slices"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/seqnum"
)

func block(start, end seqnum.Value) header.SACKBlock {
	return header.SACKBlock{Start: start, End: end}
}

// TestSACKList: the list is that of RFC 2018, section 4, whatever the place in
// the sequence space.
func TestSACKList(t *testing.T) {
	type blocks []header.SACKBlock
	for _, base := range []seqnum.Value{0, 1<<32 - 25} {
		for _, test := range []struct {
			name         string
			have         blocks
			start, end   seqnum.Value
			next         seqnum.Value
			want, wanted blocks // after the update, and after a trim at 35
		}{
			{"the first", nil, 10, 20, 5, blocks{block(10, 20)}, nil},
			{"the latest comes first", blocks{block(10, 20), block(30, 40)}, 22, 25, 5,
				blocks{block(22, 25), block(10, 20), block(30, 40)}, blocks{block(35, 40)}},
			{"touches two", blocks{block(10, 20), block(50, 60), block(30, 40)}, 20, 30, 5,
				blocks{block(10, 40), block(50, 60)}, blocks{block(35, 40), block(50, 60)}},
			{"old ones go", blocks{block(10, 20), block(30, 40)}, 50, 60, 25,
				blocks{block(50, 60), block(30, 40)}, blocks{block(50, 60), block(35, 40)}},
			{"in order", blocks{block(30, 40)}, 5, 10, 5, blocks{block(30, 40)}, blocks{block(35, 40)}},
			{"in order, the first", nil, 5, 10, 5, nil, nil},
			{"closes the gap", blocks{block(30, 40), block(50, 60)}, 20, 30, 20, blocks{block(50, 60)}, blocks{block(50, 60)}},
			{"old", blocks{block(30, 40)}, 5, 10, 20, blocks{block(30, 40)}, blocks{block(35, 40)}},
			{"empty", blocks{block(30, 40)}, 50, 50, 20, blocks{block(30, 40)}, blocks{block(35, 40)}},
			{"backward", blocks{block(30, 40)}, 60, 50, 20, blocks{block(30, 40)}, blocks{block(35, 40)}},
			{"one too many",
				blocks{block(10, 11), block(12, 13), block(14, 15), block(16, 17), block(18, 19), block(40, 41)}, 20, 21, 5,
				blocks{block(20, 21), block(10, 11), block(12, 13), block(14, 15), block(16, 17), block(18, 19)}, nil},
		} {
			shift := func(bs blocks) blocks {
				out := blocks{}
				for _, b := range bs {
					out = append(out, block(base+b.Start, base+b.End))
				}
				return out
			}
			s := SACKInfo{NumBlocks: len(test.have)}
			copy(s.Blocks[:], shift(test.have))
			UpdateSACKBlocks(&s, base+test.start, base+test.end, base+test.next)
			if got := s.Blocks[:s.NumBlocks]; !slices.Equal(blocks(got), shift(test.want)) {
				t.Errorf("%s, from %d: %v, want %v", test.name, base, got, shift(test.want))
			}
			TrimSACKBlockList(&s, base+35)
			if got := s.Blocks[:s.NumBlocks]; !slices.Equal(blocks(got), shift(test.wanted)) {
				t.Errorf("%s, from %d, trimmed: %v, want %v", test.name, base, got, shift(test.wanted))
			}
		}
	}
}

// TestScoreboardModel compares a scoreboard with one that remembers each byte.
func TestScoreboardModel(t *testing.T) {
	const space, smss = 200, 10
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		base := seqnum.Value(rng.Uint32())
		s := NewSACKScoreboard(smss, base)
		var have [space + 1]bool // the last stays false
		most := 0
		for range 40 {
			from := rng.IntN(space)
			to := min(from+rng.IntN(20), space)
			if rng.IntN(8) == 0 {
				s.Delete(base + seqnum.Value(from))
				clear(have[:from])
			} else {
				s.Insert(block(base+seqnum.Value(from), base+seqnum.Value(to)))
				for i := from; i < to; i++ {
					have[i] = true
					most = max(most, i)
				}
			}
			checkScoreboard(t, s, base, &have, most)
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		s.Reset()
		have = [space + 1]bool{}
		checkScoreboard(t, s, base, &have, most)
	}
}

func checkScoreboard(t *testing.T, s *SACKScoreboard, base seqnum.Value, have *[201]bool, most int) {
	t.Helper()
	var want []header.SACKBlock
	sum := 0
	for i := range have {
		if !have[i] {
			continue
		}
		sum++
		at := base + seqnum.Value(i)
		if i > 0 && have[i-1] {
			want[len(want)-1].End = at + 1
		} else {
			want = append(want, block(at, at+1))
		}
	}
	got, top := s.Copy()
	if !slices.Equal(got, want) || top != base+seqnum.Value(most) || s.MaxSACKED() != top {
		t.Errorf("%v, at most %d; want %v, %d", got, top-base, want, most)
	}
	if int(s.Sacked()) != sum || s.Empty() != (sum == 0) || s.SMSS() != 10 {
		t.Errorf("%d bytes, empty %v, want %d", s.Sacked(), s.Empty(), sum)
	}
	for i := range 200 {
		at := base + seqnum.Value(i)
		if got := s.IsSACKED(block(at, at+1)); got != have[i] {
			t.Errorf("IsSACKED(%d) = %v", i, got)
		}
		// RFC 6675, section 4, IsLost: three ranges above it, or two segments.
		ranges, bytes := 0, 0
		for j := i + 1; j < len(have); j++ {
			if have[j] {
				bytes++
				if !have[j-1] {
					ranges++
				}
			}
		}
		lost := !have[i] && (ranges >= 3 || bytes >= 20)
		if got := s.IsLost(at); got != lost {
			t.Errorf("IsLost(%d) = %v of %v", i, got, s)
		}
	}
}

func TestScoreboardRanges(t *testing.T) {
	s := NewSACKScoreboard(10, 0)
	for _, b := range []header.SACKBlock{block(10, 20), block(30, 40), block(50, 60)} {
		s.Insert(b)
	}
	for _, test := range []struct {
		r            header.SACKBlock
		sacked, lost bool
	}{
		{block(10, 20), true, false},
		{block(12, 15), true, false},
		{block(5, 15), false, true},   // three ranges above 5
		{block(15, 25), false, true},  // [20, 25), with 20 bytes above
		{block(40, 45), false, false}, // one range, 10 bytes
		{block(15, 35), false, true},
		{block(60, 70), false, false},
	} {
		if got := s.IsSACKED(test.r); got != test.sacked {
			t.Errorf("IsSACKED(%v) = %v", test.r, got)
		}
		if got := s.IsRangeLost(test.r); got != test.lost {
			t.Errorf("IsRangeLost(%v) = %v", test.r, got)
		}
	}
	if got, want := s.String(), "SACKScoreboard: {[10, 20)[30, 40)[50, 60)}"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
}

// TestScoreboardIsBounded: a peer that reports single bytes fills no memory.
func TestScoreboardIsBounded(t *testing.T) {
	s := NewSACKScoreboard(10, 0)
	for i := range seqnum.Value(1000) {
		s.Insert(block(2*i, 2*i+1))
	}
	if got, top := s.Copy(); len(got) != 100 || top != 198 {
		t.Errorf("%d ranges up to %d, want 100 up to 198", len(got), top)
	}
}

func TestFindWndScale(t *testing.T) {
	for _, test := range []struct {
		wnd  seqnum.Size
		want int
	}{
		{0, 0}, {65535, 0}, {65536, 1}, {131070, 1}, {131071, 2}, {1 << 20, 5}, {4 << 20, 7},
		{1 << 30, 14}, {1<<32 - 1, 14},
	} {
		if got := FindWndScale(test.wnd); got != test.want {
			t.Errorf("FindWndScale(%d) = %d, want %d", test.wnd, got, test.want)
		}
	}
}
