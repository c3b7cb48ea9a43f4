// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine"
)

// carryAll sends n packets of 1000 bytes, one every gap, and returns when each
// that arrives does so, and how many of those are corrupt.
func carryAll(c Link, n int, gap time.Duration) (l *link, at []engine.Instant, corrupt int) {
	l = &link{Link: c, rng: rand.New(rand.NewPCG(1, 1))}
	for i := range n {
		p := &packet{n: 20, payload: buffer.MakeWithData(make([]byte, 960))}
		l.carry(engine.Instant(time.Duration(i)*gap), p, func(when engine.Instant, p *packet) {
			at = append(at, when)
			if p.corrupt {
				corrupt++
			}
			p.payload.Release()
		})
	}
	return l, at, corrupt
}

func near(got, want int) bool { return math.Abs(float64(got-want)) < 0.15*float64(want) }

func TestLinkChances(t *testing.T) {
	const n = 10_000
	if l, at, _ := carryAll(Link{Loss: 0.2}, n, 0); !near(l.lost, n/5) || len(at) != n-l.lost {
		t.Errorf("a loss of 20%%: %d lost, %d arrived", l.lost, len(at))
	}
	if _, at, _ := carryAll(Link{Duplicate: 0.2}, n, 0); !near(len(at)-n, n/5) {
		t.Errorf("duplicates of 20%%: %d arrived", len(at))
	}
	if _, at, corrupt := carryAll(Link{Corrupt: 0.2}, n, 0); !near(corrupt, n/5) || len(at) != n {
		t.Errorf("corruption of 20%%: %d of %d", corrupt, len(at))
	}
	// Bursts of 5 on average, one for each 95 delivered.
	if l, _, _ := carryAll(Link{BurstStart: 1. / 95, BurstEnd: 0.2}, 10*n, 0); !near(l.lost, n*6/10) {
		t.Errorf("bursts: %d of %d lost", l.lost, 10*n)
	}
	if l, at, _ := carryAll(Link{CutAt: time.Second, CutFor: time.Second}, 300, 10*time.Millisecond); l.lost != 100 || len(at) != 200 {
		t.Errorf("a cut of 100 packets: %d lost", l.lost)
	}
}

func TestLinkTimes(t *testing.T) {
	if _, at, _ := carryAll(Link{Delay: time.Second}, 2, time.Millisecond); at[0] != engine.Instant(time.Second) || at[1].Sub(at[0]) != time.Millisecond {
		t.Errorf("a delay of 1 s: %v", at)
	}
	// 1000 bytes at 100,000 bytes per second.
	if _, at, _ := carryAll(Link{Rate: 100_000}, 5, 0); at[4] != engine.Instant(50*time.Millisecond) {
		t.Errorf("a rate of 10 ms for each packet: %v", at)
	}
	if l, at, _ := carryAll(Link{Rate: 100_000, Queue: 3000}, 10, 0); len(at) != 3 || l.lost != 7 {
		t.Errorf("a queue of 3 packets passed %d", len(at))
	}
	if _, at, _ := carryAll(Link{Jitter: time.Second}, 100, time.Millisecond); !slices.IsSorted(at) || at[99] == at[0] {
		t.Errorf("jitter keeps the order: %v", at)
	}
	_, at, _ := carryAll(Link{Delay: time.Second, Reorder: 0.2, ReorderBy: 5 * time.Millisecond}, 1000, time.Millisecond)
	late := 0
	for i := range at {
		if at[i].Sub(engine.Instant(i)*engine.Instant(time.Millisecond)) != time.Second {
			late++
		}
	}
	if slices.IsSorted(at) || !near(late, 200) {
		t.Errorf("reordering of 20%%: %d are late", late)
	}
}

// A link marks what is ECN-capable, and nothing else: by chance, or from a length
// of its queue on.
func TestLinkMarks(t *testing.T) {
	for _, test := range []struct {
		name  string
		link  Link
		ecn   engine.Codepoint
		marks int // of 10,000
	}{
		{"by chance", Link{Mark: 0.2}, engine.ECT0, 2000},
		{"the other codepoint", Link{Mark: 0.2}, engine.ECT1, 2000},
		{"not capable", Link{Mark: 1}, engine.NotECT, 0},
		{"from 3 packets on", Link{Rate: 1000, MarkQueue: 3000}, engine.ECT0, 9997},
		{"never", Link{Rate: 1000}, engine.ECT0, 0},
	} {
		l := &link{Link: test.link, rng: rand.New(rand.NewPCG(1, 1))}
		marks, other := 0, 0
		for range 10_000 {
			p := &packet{n: 20, ecn: test.ecn, payload: buffer.MakeWithData(make([]byte, 960))}
			l.carry(0, p, func(_ engine.Instant, p *packet) {
				switch p.ecn {
				case engine.CE:
					marks++
				case test.ecn:
				default:
					other++
				}
				p.payload.Release()
			})
		}
		if other != 0 || (test.link.Mark == 0 || test.marks == 0) && marks != test.marks || test.marks > 0 && !near(marks, test.marks) {
			t.Errorf("%s: %d marks, want %d; %d became something else", test.name, marks, test.marks, other)
		}
	}
}
