// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
	"unsafe"

	"gvisor.dev/gvisor/pkg/buffer"
)

// joined are two connections in ESTABLISHED, whose segments a test carries.
type joined struct {
	now Instant
	c   [2]Conn
	seg Segment
}

func join(tb testing.TB, p Params, s Settings) *joined {
	tb.Helper()
	j := &joined{now: Instant(time.Hour)}
	j.c[0].OpenActive(j.now, p, &s)
	if !j.c[0].PollSegment(j.now, &j.seg) {
		tb.Fatal("no SYN")
	}
	j.c[1].OpenPassive(j.now, p, &s, &j.seg)
	j.settle()
	for i := range j.c {
		if j.c[i].State() != StateEstablished {
			tb.Fatalf("end %d is %v", i, j.c[i].State())
		}
	}
	return j
}

// carry hands what end i has to send to the other end.
func (j *joined) carry(i int) bool {
	any := false
	for j.c[i].PollSegment(j.now, &j.seg) {
		j.c[1-i].HandleSegment(j.now, &j.seg)
		any = true
	}
	return any
}

// settle carries segments until both ends are silent.
func (j *joined) settle() {
	for j.carry(0) || j.carry(1) {
		j.now = j.now.Add(time.Microsecond)
	}
}

// write gives end i one view of n bytes.
func (j *joined) write(i, n int) {
	b := buffer.MakeWithView(buffer.NewViewSize(n))
	j.c[i].Write(j.now, &b)
	b.Release()
}

// drain reads all that end i has.
func (j *joined) drain(i int) int {
	var b buffer.Buffer
	n := j.c[i].Read(&b, 1<<30)
	b.Release()
	return n
}

// TestNoAllocationPerSegment is the gate: in steady state a round of 44 full
// segments, their acknowledgments and the reads allocates nothing.
func TestNoAllocationPerSegment(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes the pools of views forget at random")
	}
	for _, test := range []struct {
		gso int
		cc  string
	}{{0, ccReno}, {64240, ccReno}, {0, ccCubic}, {0, ccBBR}, {64240, ccBBR}} {
		j := join(t, Params{MSS: 1460, GSOMaxSize: test.gso, CongestionControl: test.cc}, DefaultSettings())
		const n = 44 * 1448
		round := func() {
			j.write(0, n)
			for got := 0; got < n; got += j.drain(1) {
				j.settle()
				if at := j.c[0].Deadline(); j.c[0].timers.armed(timerPace) {
					j.now = max(j.now, at)
					j.c[0].HandleDeadline(at)
				}
			}
		}
		for range 100 {
			round()
		}
		if got := testing.AllocsPerRun(1000, round); got > 0 {
			t.Errorf("%s, GSO %d: %v allocations a round, want 0", test.cc, test.gso, got)
		}
	}
}

// TestIdleSize bounds what an idle connection costs beside its controller.
func TestIdleSize(t *testing.T) {
	if size := unsafe.Sizeof(Conn{}); size > 640 {
		t.Errorf("a connection takes %d bytes, want at most 640", size)
	}

}
