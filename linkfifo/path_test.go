// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"tcpcb/linkfifo"
)

const ms = time.Millisecond

// between says how many of the packets a counter may have caught.
type between struct {
	what      string
	get       func(linkfifo.Stats) uint64
	low, high uint64
}

func lost(s linkfifo.Stats) uint64   { return s.DroppedLoss }
func burst(s linkfifo.Stats) uint64  { return s.DroppedBurst }
func dup(s linkfifo.Stats) uint64    { return s.Duplicated }
func late(s linkfifo.Stats) uint64   { return s.Reordered }
func harmed(s linkfifo.Stats) uint64 { return s.Corrupted }
func queue(s linkfifo.Stats) uint64  { return s.DroppedQueue }
func cut(s linkfifo.Stats) uint64    { return s.DroppedCut }

// 20,000 packets, one each 100 us: bounds are five standard deviations wide.
var impairments = []struct {
	name string
	path linkfifo.Path
	want []between
}{
	{"perfect", linkfifo.Path{}, []between{{"lost", lost, 0, 0}, {"dup", dup, 0, 0}, {"late", late, 0, 0}, {"harmed", harmed, 0, 0}}},
	{"loss 1%", linkfifo.Path{Loss: 0.01}, []between{{"lost", lost, 130, 270}}},
	{"loss 20%", linkfifo.Path{Loss: 0.2}, []between{{"lost", lost, 3717, 4283}}},
	{"all lost", linkfifo.Path{Loss: 1}, []between{{"lost", lost, 20000, 20000}}},
	{"bursts", linkfifo.Path{Burst: linkfifo.Bursts(0.02, 5)}, []between{{"burst", burst, 200, 600}}},
	{"delay", linkfifo.Path{Delay: 7 * ms}, []between{{"lost", lost, 0, 0}}},
	{"jitter", linkfifo.Path{Delay: 7 * ms, Jitter: 5 * ms}, []between{{"late", late, 0, 0}}},
	{"reorder", linkfifo.Path{Reorder: 0.05, ReorderBy: 5 * ms}, []between{{"late", late, 846, 1154}}},
	{"duplicate", linkfifo.Path{Duplicate: 0.1}, []between{{"dup", dup, 1788, 2212}}},
	{"corrupt", linkfifo.Path{Corrupt: 0.1, CorruptBits: 3}, []between{{"harmed", harmed, 1788, 2212}}},
	{"rate", linkfifo.Path{Rate: 4e6, QueuePackets: 50}, []between{{"queue", queue, 9900, 9960}}}, // 100 bytes each 200 us
	{"cut", linkfifo.Path{Down: true}, []between{{"cut", cut, 20000, 20000}}},
	{"all", linkfifo.Path{Loss: 0.1, Burst: linkfifo.Bursts(0.05, 3), Corrupt: 0.1, Duplicate: 0.1, Delay: 3 * ms, Jitter: ms,
		Reorder: 0.1, ReorderBy: 4 * ms, Rate: 16e6, QueueBytes: 1e5}, []between{{"lost", lost, 1788, 2212}, {"queue", queue, 0, 0}}},
}

func run(t *testing.T, path linkfifo.Path, seed uint64) (linkfifo.Stats, trace, []int) {
	t.Helper()
	record, digest := recorder()
	link, clock, got := virtualLink(t, linkfifo.Options{Seed: seed, Trace: record, A: linkfifo.Side{Path: path}})
	for i := range 20000 {
		write(t, link.A, datagram(uint32(i), 100))
		clock.Advance(100 * time.Microsecond)
	}
	clock.Advance(time.Minute)
	s := link.A.Stats()
	if s.Sent != 20000 || s.InTransit() != 0 {
		t.Errorf("sent %d, in transit %d", s.Sent, s.InTransit())
	}
	if n := got.len(); uint64(n) != s.Delivered {
		t.Errorf("delivered %d, arrived %d", s.Delivered, n)
	}
	return s, digest(), got.numbers()
}

func TestImpairments(t *testing.T) {
	for _, test := range impairments {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s, first, order := run(t, test.path, 1)
			for _, b := range test.want {
				if n := b.get(s); n < b.low || n > b.high {
					t.Errorf("%s: %d, want %d to %d", b.what, n, b.low, b.high)
				}
			}
			again, second, _ := run(t, test.path, 1)
			if d := cmp.Diff(s, again); d != "" || first != second {
				t.Errorf("the same seed differs: %v, %v\n%s", first, second, d)
			}
			if random := test.path.Loss > 0 && test.path.Loss < 1 || test.path.Jitter > 0; random {
				if _, other, _ := run(t, test.path, 2); other == first {
					t.Error("another seed makes no difference")
				}
			}
			if test.path.Reorder == 0 && test.path.Corrupt == 0 && !slices.IsSorted(order) {
				t.Error("packets out of order")
			}
		})
	}
}

// One mechanism's pattern stays as it was when others are switched on.
func TestMechanismsDrawApart(t *testing.T) {
	survivors := func(p linkfifo.Path) []int {
		_, _, order := run(t, p, 9)
		slices.Sort(order)
		return slices.Compact(order)
	}
	plain := survivors(linkfifo.Path{Loss: 0.05})
	rich := survivors(linkfifo.Path{Loss: 0.05, Duplicate: 0.5, Jitter: ms, Reorder: 0.3, ReorderBy: ms})
	if d := cmp.Diff(plain, rich); d != "" {
		t.Error(d)
	}
}

// The two directions do not share their luck.
func TestDirectionsDiffer(t *testing.T) {
	side := linkfifo.Side{Path: linkfifo.Path{Loss: 0.5}}
	link, clock, atB := virtualLink(t, linkfifo.Options{Seed: 5, A: side, B: side})
	atA := &sink{}
	link.A.Attach(atA)
	for i := range 200 {
		write(t, link.A, datagram(uint32(i), 100))
		write(t, link.B, datagram(uint32(i), 100))
	}
	clock.Advance(0)
	if cmp.Equal(atA.numbers(), atB.numbers()) {
		t.Error("both directions lose the same packets")
	}
}

func TestBurstLength(t *testing.T) {
	_, _, order := run(t, linkfifo.Path{Burst: linkfifo.Bursts(0.1, 5)}, 3)
	gaps, missing := 0, 0
	for i := 1; i < len(order); i++ {
		if d := order[i] - order[i-1]; d > 1 {
			gaps++
			missing += d - 1
		}
	}
	share, mean := float64(missing)/20000, float64(missing)/float64(gaps)
	if share < 0.07 || share > 0.13 || mean < 4 || mean > 6 {
		t.Errorf("share %.3f of 0.1, mean length %.2f of 5", share, mean)
	}
}

func TestBadOptions(t *testing.T) {
	path := func(p linkfifo.Path) linkfifo.Options { return linkfifo.Options{A: linkfifo.Side{Path: p}} }
	var file strings.Builder
	nan := 0.0
	nan /= nan
	for _, test := range []struct {
		want string
		o    linkfifo.Options
	}{
		{"Loss is 1.5", path(linkfifo.Path{Loss: 1.5})},
		{"Loss is NaN", path(linkfifo.Path{Loss: nan})},
		{"Corrupt is -1", path(linkfifo.Path{Corrupt: -1})},
		{"Burst.Enter is +Inf", path(linkfifo.Path{Burst: linkfifo.Bursts(1, 2)})},
		{"Burst.Leave is 2", path(linkfifo.Path{Burst: linkfifo.Bursts(0.1, 0.5)})},
		{"Rate is -1", path(linkfifo.Path{Rate: -1})},
		{"Rate is 1000000000001", path(linkfifo.Path{Rate: linkfifo.MaxRate + 1})},
		{"Delay is -1", path(linkfifo.Path{Delay: -1})},
		{"Jitter is", path(linkfifo.Path{Jitter: linkfifo.MaxDelay + 1})},
		{"QueueBytes is -5", path(linkfifo.Path{QueueBytes: -5})},
		{"no ReorderBy", path(linkfifo.Path{Reorder: 0.1})},
		{"side b: MTU is 20", linkfifo.Options{B: linkfifo.Side{MTU: 20}}},
		{"side east: MTU is 70000", linkfifo.Options{A: linkfifo.Side{Name: "east", MTU: 70000}}},
		{"GSOMaxSize is 1000", linkfifo.Options{A: linkfifo.Side{GSOMaxSize: 1000}}},
		{"same writer", linkfifo.Options{A: linkfifo.Side{Capture: &file}, B: linkfifo.Side{Capture: &file}}},
	} {
		if link, err := linkfifo.New(test.o); err == nil || !strings.Contains(err.Error(), test.want) || link != nil {
			t.Errorf("want an error with %q, got %v", test.want, err)
		}
	}
	link, err := linkfifo.New(linkfifo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	if err := link.A.SetPath(linkfifo.Path{Loss: 2}); err == nil {
		t.Error("SetPath took a bad path")
	}
	if p := link.A.Path(); p != (linkfifo.Path{}) {
		t.Errorf("a refused path left %+v", p)
	}
}
