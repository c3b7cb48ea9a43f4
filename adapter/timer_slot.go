// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// slot is a timer of a clock's, which one connection has after the other: a short one
// would otherwise allocate the three pieces of one anew. A wake that is on its way
// when the slot changes hands comes to its next owner, early, or to nobody.
type slot struct {
	timer tcpip.Timer
	pool  *sync.Pool // where it goes; nil for nowhere

	mu    sync.Mutex
	waker Waker // nil while nobody has it
}

// slot returns a timer that wakes w in d.
func (c Clock) slot(d time.Duration, w Waker) *slot {
	if c.slots != nil {
		if s, ok := c.slots.Get().(*slot); ok {
			s.give(w)
			s.timer.Reset(d)
			return s
		}
	}
	s := &slot{pool: c.slots, waker: w}
	// The timer may go off before it is known here, which fire does not mind.
	s.timer = c.AfterFunc(d, s.fire)
	return s
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

// free stops the timer, and leaves the slot to somebody else.
func (s *slot) free() {
	s.timer.Stop()
	s.give(nil)
	if s.pool != nil {
		s.pool.Put(s)
	}
}
