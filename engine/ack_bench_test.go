// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"testing"
	"time"

	"tcpcb/engine/seq"
)

// benchWindows are the windows at which acknowledgments are processed, in bytes.
var benchWindows = []int{16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20}

func windowName(n int) string {
	if n < 1<<20 {
		return fmt.Sprintf("%dKiB", n>>10)
	}
	return fmt.Sprintf("%dMiB", n>>20)
}

// BenchmarkAck is the processing of an acknowledgment of two segments while a
// window is under way, and the sending of the two that it lets out. Its cost
// should be the same at any window.
func BenchmarkAck(b *testing.B) {
	for _, window := range benchWindows {
		b.Run(windowName(window), func(b *testing.B) {
			l := alone(b, window)
			// In the pieces that will follow, so that no ring has to grow.
			for sent := 0; sent+2*benchMSS <= window; sent += 2 * benchMSS {
				l.write(2 * benchMSS)
				l.poll()
			}
			b.ReportAllocs()
			for b.Loop() {
				l.handle(l.una.Add(2*benchMSS), nil)
				l.write(2 * benchMSS)
				l.poll()
			}
			if flight := l.c.board.flightBytes; l.again > 0 || flight > window || flight < window-3*benchMSS {
				b.Fatalf("%d bytes of %d are under way, and %d segments were sent again", flight, window, l.again)
			}
		})
	}
}

// holes plays what becomes of a window of which every other segment is lost: an
// acknowledgment at a time, each with three ranges of what came.
type holes struct {
	*lone
	segments int // in the window: an even number
	base     seq.Num
	next     int // segment
	filling  bool
}

func newHoles(tb testing.TB, window int) *holes {
	h := &holes{lone: alone(tb, window), segments: window / benchMSS / 2 * 2}
	h.begin()
	return h
}

// begin sends a window anew.
func (h *holes) begin() {
	h.base, h.next, h.filling = h.una, 1, false
	h.write(h.segments * benchMSS)
	h.poll()
}

// at returns the range of a segment.
func (h *holes) at(i int) seq.Range {
	start := h.base.Add(i * benchMSS)
	return seq.Range{Start: start, End: start.Add(benchMSS)}
}

// step is one acknowledgment and what is sent after it. It returns false where
// that was the last of a window.
func (h *holes) step() bool {
	var blocks [3]seq.Range
	n := 0
	if !h.filling {
		// The odd ones arrive: the newest first, and the two before.
		for i := h.next; i > 0 && n < len(blocks); i -= 2 {
			blocks[n] = h.at(i)
			n++
		}
		h.handle(h.base, nil, blocks[:n]...)
		h.poll()
		if h.next += 2; h.next > h.segments {
			// What was sent again needs a round trip, but not so long that it is
			// sent once more.
			h.pass(time.Millisecond)
			h.poll()
			h.filling, h.next = true, 0
		}
		return true
	}
	// The even ones arrive, one by one, and each fills a hole.
	for i := h.next + 3; i < h.segments && n < len(blocks); i += 2 {
		blocks[n] = h.at(i)
		n++
	}
	h.handle(h.base.Add((h.next+2)*benchMSS), nil, blocks[:n]...)
	h.poll()
	h.next += 2
	return h.next < h.segments
}

// BenchmarkAckHoles is the processing of an acknowledgment while every other
// segment of the window is missing, with the loss recovery that follows: an
// operation is one acknowledgment.
func BenchmarkAckHoles(b *testing.B) {
	for _, window := range benchWindows {
		b.Run(windowName(window), func(b *testing.B) {
			h := newHoles(b, window)
			b.ReportAllocs()
			for b.Loop() {
				if !h.step() {
					h.begin()
				}
			}
		})
	}
}

// TestHoles sees that the benchmark is of what it says: each segment that was lost
// is sent again once, and then all is acknowledged.
func TestHoles(t *testing.T) {
	for _, window := range benchWindows[:5] {
		h := newHoles(t, window)
		for round := range 3 {
			h.again = 0
			for h.step() {
				h.c.CheckInvariants()
			}
			if h.again != h.segments/2 || h.c.Unacked() != 0 || h.c.board.flightBytes != 0 {
				t.Errorf("%s, window %d: %d of %d segments were sent again, and %d bytes are left", windowName(window), round, h.again, h.segments/2, h.c.Unacked())
			}
			h.begin()
		}
	}
}
