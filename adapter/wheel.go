// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/engine"
)

// A wheel has one timer of the clock's for the deadlines of many connections that are
// some time ahead. Most of these come to nothing: a retransmission timer is set with
// each segment that goes out alone, and what it guards is acknowledged. Among
// thousands of connections that take turns, each would otherwise move a timer in a
// heap of thousands, and be woken by a goroutine with a stack to grow.
//
// Its ticks come a little late. Where the span does not reach, they come early, and
// the owner again.
const (
	wheelTick = 8 * time.Millisecond
	wheelSize = 256
	// wheelFrom is how far ahead a deadline has to be for a tick not to matter: the
	// least retransmission timeout is 200 ms. It is a little less than a round
	// number, as what is set to 100 ms is a little less when it comes here.
	wheelFrom = 12 * wheelTick
	// wheelSpan is how far its ticks reach. A deadline beyond it is rare.
	wheelSpan = (wheelSize - 2) * wheelTick
)

type wheel struct {
	mu sync.Mutex
	// at are lists of slots by their tick, and n how many slots there are.
	at [wheelSize]*slot
	n  int
	// done is the last tick that came, and next the one that timer is set for; 0 for
	// none.
	done, next int64
	timer      tcpip.Timer
	// due is memory for those whose time has come.
	due []*slot
}

// move puts s where it is woken at the first tick from at on.
func (w *wheel) move(c Clock, s *slot, now, at engine.Instant) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.take(s)
	if last := int64(now) / int64(wheelTick); w.n == 0 || last < w.next {
		w.done = max(w.done, last) // none of them had anything to do
	}
	tick := (int64(at) + int64(wheelTick) - 1) / int64(wheelTick)
	s.tick = min(max(tick, w.done+1), w.done+wheelSize-1)
	head := &w.at[s.tick%wheelSize]
	if s.prev, s.next = nil, *head; s.next != nil {
		s.next.prev = s
	}
	*head = s
	w.n++
	if w.next == 0 || s.tick < w.next {
		w.set(c, now, s.tick)
	}
}

// remove takes s out, if it is there.
func (w *wheel) remove(s *slot) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.take(s)
}

// take is remove with w.mu held. The timer stays: it finds less to do.
func (w *wheel) take(s *slot) {
	if s.tick == 0 {
		return
	}
	if s.prev != nil {
		s.prev.next = s.next
	} else {
		w.at[s.tick%wheelSize] = s.next
	}
	if s.next != nil {
		s.next.prev = s.prev
	}
	s.prev, s.next, s.tick = nil, nil, 0
	w.n--
}

// set has the timer go off at the tick.
func (w *wheel) set(c Clock, now engine.Instant, tick int64) {
	w.next = tick
	d := max(engine.Instant(tick*int64(wheelTick)).Sub(now), 0)
	if w.timer == nil {
		w.timer = c.AfterFunc(d, func() { w.turn(c) })
		return
	}
	w.timer.Reset(d)
}

// turn wakes all whose time has come, one after the other. The timer is set for the
// next before that: a wake may write to a link that does not take packets now, and
// holds back none but those that were to come with it.
func (w *wheel) turn(c Clock) {
	now := c.Now()
	w.mu.Lock()
	due := w.gather(int64(now) / int64(wheelTick))
	w.next = 0
	for tick := w.done + 1; w.n > 0 && tick < w.done+wheelSize; tick++ {
		if w.at[tick%wheelSize] != nil {
			w.set(c, now, tick)
			break
		}
	}
	w.mu.Unlock()
	for i, s := range due {
		s.fire()
		due[i] = nil
	}
	w.mu.Lock()
	if cap(due) > cap(w.due) {
		w.due = due[:0]
	}
	w.mu.Unlock()
}

// gather returns those whose tick has come, now the last of them, in w's memory for
// them, which is the caller's.
func (w *wheel) gather(now int64) []*slot {
	due := w.due
	w.due = nil
	for w.done < now {
		if w.n == 0 {
			w.done = now
			break
		}
		w.done++
		head := &w.at[w.done%wheelSize]
		for *head != nil {
			s := *head
			w.take(s)
			due = append(due, s)
		}
	}
	return due
}
