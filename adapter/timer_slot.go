// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/engine"
)

// slot is what wakes one connection: a timer of the clock's or, for what is some time
// ahead, a place in a wheel. A connection that ends leaves it to another: a short one
// would otherwise allocate the pieces of a timer anew. A wake that is on its way when
// the slot changes hands comes to its next owner, early, or to nobody.
type slot struct {
	shared *timers     // of its clock
	timer  tcpip.Timer // nil until it is first needed
	fine   bool        // timer may be running

	mu    sync.Mutex
	waker Waker // nil while nobody has it

	// The place in the wheel, which guards these.
	prev, next *slot
	tick       int64 // 0 outside of it
}

// timers is what the timers of a clock share: netstack's own. In virtual time what
// comes first must not hang on what was collected, nor on the width of a tick.
type timers struct {
	slots sync.Pool
	wheel wheel
}

// slot returns a slot of w's.
func (c Clock) slot(w Waker) *slot {
	if c.timers != nil {
		if s, ok := c.timers.slots.Get().(*slot); ok {
			s.give(w)
			return s
		}
	}
	return &slot{shared: c.timers, waker: w}
}

// start has the owner of s woken at the instant at, or a tick later.
func (c Clock) start(s *slot, at engine.Instant) {
	now := c.Now()
	d := max(at.Sub(now), 0)
	if c.timers != nil && wheelFrom <= d && d < wheelSpan {
		s.halt()
		c.timers.wheel.move(c, s, now, at)
		return
	}
	if c.timers != nil {
		c.timers.wheel.remove(s)
	}
	s.halt()
	s.fine = true
	if s.timer == nil {
		// It may go off before it is known here, which fire does not mind.
		s.timer = c.AfterFunc(d, s.fire)
		return
	}
	s.timer.Reset(d)
}

// free stops s, and leaves it to somebody else.
func (s *slot) free() {
	s.halt()
	s.give(nil)
	if s.shared != nil {
		s.shared.wheel.remove(s)
		s.shared.slots.Put(s)
	}
}

// halt stops the slot's own timer.
func (s *slot) halt() {
	if s.fine {
		s.timer.Stop()
		s.fine = false
	}
}

// give makes the slot w's.
func (s *slot) give(w Waker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waker = w
}

// fire wakes whoever has the slot.
func (s *slot) fire() {
	s.mu.Lock()
	w := s.waker
	s.mu.Unlock()
	if w != nil {
		w.Wake()
	}
}
