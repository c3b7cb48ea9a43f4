// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"math/rand/v2"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/faketime"

	"tcpcb/engine"
)

// punctual is an owner of a slot that notes when it was woken.
type punctual struct {
	clock Clock
	slot  *slot
	due   engine.Instant // Never: not at all
	woken engine.Instant
	again int // how often it sets another deadline when it is woken
	early int
}

func (p *punctual) Wake() {
	now := p.clock.Now()
	switch {
	case p.due == engine.Never:
		return
	case now < p.due:
		p.early++
		p.clock.start(p.slot, p.due)
		return
	}
	p.woken = now
	if p.again > 0 {
		p.again--
		p.due = now.Add(150 * time.Millisecond)
		p.clock.start(p.slot, p.due)
	}
}

// Whatever is set, moved and taken back, each owner is woken within a tick of its last
// deadline, and not before it, by way of the wheel or not.
func TestWheel(t *testing.T) {
	for seed := range uint64(50) {
		rng := rand.New(rand.NewPCG(seed, 1))
		manual := faketime.NewManualClock()
		c := Clock{clock: manual, timers: new(timers)}
		var all []*punctual
		for range 200 {
			p := &punctual{clock: c, due: engine.Never}
			p.slot = c.slot(p)
			all = append(all, p)
		}
		for range 1000 {
			p := all[rng.IntN(len(all))]
			switch d := time.Duration(rng.Int64N(int64(3 * time.Second))); rng.IntN(4) {
			case 0:
				manual.Advance(time.Duration(rng.Int64N(int64(20 * time.Millisecond))))
			case 1:
				p.slot.free()
				p.slot = c.slot(p)
				p.due = engine.Never
			case 2:
				d /= 20
				fallthrough
			default:
				p.due, p.woken, p.again = c.Now().Add(d), 0, rng.IntN(3)
				c.start(p.slot, p.due)
			}
		}
		manual.Advance(10 * time.Second)
		for i, p := range all {
			if p.due == engine.Never {
				continue
			}
			if p.again > 0 || p.woken < p.due || p.woken > p.due.Add(wheelTick) {
				t.Fatalf("seed %d, %d: due at %v, woken at %v, %d to come", seed, i, p.due, p.woken, p.again)
			}
		}
		if w := &c.timers.wheel; w.n != 0 || w.next != 0 {
			t.Fatalf("seed %d: %d are left, and the timer is set for tick %d", seed, w.n, w.next)
		}
	}
}

// A wake that does not return holds back those of its own tick, and none that come
// later.
func TestWheelOfOneThatBlocks(t *testing.T) {
	clock := tcpip.NewStdClock()
	c := NewClock(clock)
	release, later := make(chan struct{}), make(chan struct{})
	defer close(release)
	for _, o := range []struct {
		after time.Duration
		wake  wakeFunc
	}{
		{wheelFrom + wheelTick, func() { <-release }},
		{wheelFrom + 4*wheelTick, func() { close(later) }},
	} {
		c.start(c.slot(o.wake), c.Now().Add(o.after))
	}
	select {
	case <-later:
	case <-time.After(10 * time.Second):
		t.Fatal("the second was not woken")
	}
}

type wakeFunc func()

func (f wakeFunc) Wake() { f() }
