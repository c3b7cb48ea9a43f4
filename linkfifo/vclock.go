// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import (
	"container/heap"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// VirtualClock is a tcpip.Clock whose time moves only when told to.
//
// Timers fire in order of their time, and those due at the same instant in the
// order in which they were created or last reset. Callbacks run one after the
// other on the goroutine that moves the clock (Advance, RunUntil or Step),
// never on the one that arms a timer, so that two runs of the same work make
// the same calls in the same order. A callback may arm, reset and stop timers.
//
// All methods may be called from any goroutine, but order is only defined while
// a single goroutine moves the clock.
type VirtualClock struct {
	mu     sync.Mutex
	now    time.Duration
	seq    uint64
	timers timerHeap
}

var _ tcpip.Clock = (*VirtualClock)(nil)

// NewVirtualClock returns a clock that stands at zero: NowMonotonic is the zero
// tcpip.MonotonicTime and Now is the Unix epoch in UTC.
func NewVirtualClock() *VirtualClock { return &VirtualClock{} }

// Now returns the virtual wall-clock time: the Unix epoch plus what Elapsed
// returns.
func (c *VirtualClock) Now() time.Time {
	return time.Unix(0, 0).UTC().Add(c.Elapsed())
}

// NowMonotonic returns the virtual monotonic time, which starts at zero.
func (c *VirtualClock) NowMonotonic() tcpip.MonotonicTime {
	return tcpip.MonotonicTime{}.Add(c.Elapsed())
}

// Elapsed returns how far the clock has moved since it was made.
func (c *VirtualClock) Elapsed() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// AfterFunc returns a timer that calls f once d has passed. With d zero or
// negative f is due at once, yet still waits for the clock to be moved, if only
// by Advance(0).
func (c *VirtualClock) AfterFunc(d time.Duration, f func()) tcpip.Timer {
	t := &virtualTimer{clock: c, call: f, index: -1}
	t.Reset(d)
	return t
}

// Pending returns the number of armed timers, which a test can compare with
// zero to see that nothing was left behind.
func (c *VirtualClock) Pending() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.timers)
}

// Step moves the clock to the earliest timer and fires that one alone. It
// returns false, and does nothing, when no timer is armed.
func (c *VirtualClock) Step() bool {
	return c.fireNext(1<<63 - 1)
}

// Advance moves the clock forward by d, firing on the way every timer that
// becomes due, those armed by callbacks included. A negative d counts as zero.
// If timers keep arming each other for the instant at hand it does not return.
func (c *VirtualClock) Advance(d time.Duration) {
	c.RunUntil(func() bool { return false }, d)
}

// RunUntil fires timers one by one until cond holds, and returns true; or, once
// no timer is left within limit from now, moves the clock to that limit and
// returns what cond then says. The condition is looked at first before anything
// fires, and then after each callback. A limit below zero counts as zero.
func (c *VirtualClock) RunUntil(cond func() bool, limit time.Duration) bool {
	until := c.Elapsed() + max(limit, 0)
	if until < 0 { // overflow of a limit meant as "for ever"
		until = 1<<63 - 1
	}
	for !cond() {
		if !c.fireNext(until) {
			c.mu.Lock()
			c.now = max(c.now, until)
			c.mu.Unlock()
			return cond()
		}
	}
	return true
}

// fireNext fires the earliest timer if it is due by the given time.
func (c *VirtualClock) fireNext(until time.Duration) bool {
	c.mu.Lock()
	if len(c.timers) == 0 || c.timers[0].at > until {
		c.mu.Unlock()
		return false
	}
	t := heap.Pop(&c.timers).(*virtualTimer)
	c.now = max(c.now, t.at)
	c.mu.Unlock()
	t.call()
	return true
}

// virtualTimer is a timer of a VirtualClock, whose lock guards its fields.
type virtualTimer struct {
	clock *VirtualClock
	call  func()
	at    time.Duration
	seq   uint64
	index int // position in the heap, -1 when not armed
}

// Stop disarms the timer and reports whether it was armed.
func (t *virtualTimer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	if t.index < 0 {
		return false
	}
	heap.Remove(&t.clock.timers, t.index)
	return true
}

// Reset arms the timer for d from now, armed or not. Among timers due at that
// instant it takes its place as if it had been created now.
func (t *virtualTimer) Reset(d time.Duration) {
	c := t.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.index >= 0 {
		heap.Remove(&c.timers, t.index)
	}
	t.at = c.now + max(d, 0)
	if t.at < 0 {
		t.at = 1<<63 - 1
	}
	t.seq = c.seq
	c.seq++
	heap.Push(&c.timers, t)
}

// timerHeap orders timers by time, then by when they were armed.
type timerHeap []*virtualTimer

func (h timerHeap) Len() int { return len(h) }

func (h timerHeap) Less(i, j int) bool {
	if h[i].at != h[j].at {
		return h[i].at < h[j].at
	}
	return h[i].seq < h[j].seq
}

func (h timerHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

// Push implements heap.Interface.
func (h *timerHeap) Push(x any) {
	t := x.(*virtualTimer)
	t.index = len(*h)
	*h = append(*h, t)
}

// Pop implements heap.Interface.
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.index = -1
	return t
}
