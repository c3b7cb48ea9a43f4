// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import (
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/internal/ring"
)

// scheduler moves packets along in time. Its state changes only by advance and
// by what directions do under its lock, always with an explicit time; packets
// that have arrived collect in ready, and one of two runners delivers them: a
// goroutine (pump.go) on the real clock, timer callbacks (callback.go) on any
// other.
type scheduler struct {
	clock  tcpip.Clock
	pumped bool         // the runner is a goroutine
	dirs   []*direction // one on the real clock, both on a virtual one

	mu       sync.Mutex
	seq      uint64
	arrivals arrivalHeap
	ready    ring.Ring[transit]
	garbage  []*stack.PacketBuffer // to be released once unlocked

	timer   tcpip.Timer
	armedAt instant // when the timer is due, never when it is not armed

	// Of the goroutine.
	running  bool
	sleeping bool // while running: it waits for wake
	stopped  bool // it must not run again
	wake     *sync.Cond
	quiet    *sync.Cond // told when it ends and when its receiver detaches
	// Of the callbacks.
	draining bool
}

// transit is a packet on its way, with the reference to it that the link holds.
type transit struct {
	dir *direction
	pkt *stack.PacketBuffer
	// harmed is set once bits were flipped: the checksum must be left alone.
	harmed bool
}

// newScheduler returns a scheduler that serves the directions.
func newScheduler(clock tcpip.Clock, pumped bool, dirs ...*direction) *scheduler {
	s := &scheduler{clock: clock, pumped: pumped, dirs: dirs, armedAt: never}
	s.wake, s.quiet = sync.NewCond(&s.mu), sync.NewCond(&s.mu)
	for _, d := range dirs {
		d.sched = s
	}
	return s
}

// now reads the clock.
func (s *scheduler) now() instant {
	return instant(s.clock.NowMonotonic().Sub(tcpip.MonotonicTime{}))
}

// next returns when the earliest event is due, and the direction whose
// transmitter it concerns, or nil if it is an arrival. Ties go to who was
// scheduled first.
func (s *scheduler) next() (instant, *direction) {
	at, seq := never, uint64(0)
	if len(s.arrivals) > 0 {
		at, seq = s.arrivals[0].at, s.arrivals[0].seq
	}
	var who *direction
	for _, d := range s.dirs {
		if d.departs < at || d.departs == at && at != never && d.departSeq < seq {
			at, seq, who = d.departs, d.departSeq, d
		}
	}
	return at, who
}

// advance carries out everything due by now, each at its own time, so that a
// runner that comes late neither slows a path down nor changes its order.
func (s *scheduler) advance(now instant) {
	for {
		at, d := s.next()
		switch {
		case at > now || at == never:
			return
		case d != nil:
			d.depart(at)
		default:
			t := s.arrivals.pop().transit
			t.dir.arrives(t)
		}
	}
}

// idle reports that no event is scheduled, so that the time does not matter.
func (s *scheduler) idle() bool {
	at, _ := s.next()
	return at == never
}

// nextSeq numbers events.
func (s *scheduler) nextSeq() uint64 {
	s.seq++
	return s.seq
}

// arm sets the timer for the given time. It is left alone if it is due earlier:
// a wake that comes too soon does no harm.
func (s *scheduler) arm(at, now instant) {
	if at >= s.armedAt {
		return
	}
	s.armedAt = at
	wait := time.Duration(max(at-now, 0))
	if s.timer == nil {
		s.timer = s.clock.AfterFunc(wait, s.onTimer)
		return
	}
	s.timer.Stop()
	s.timer.Reset(wait)
}

// disarm stops the timer.
func (s *scheduler) disarm() {
	if s.timer != nil {
		s.timer.Stop()
	}
	s.armedAt = never
}

// onTimer is the timer's callback.
func (s *scheduler) onTimer() {
	s.mu.Lock()
	s.armedAt = never
	if s.pumped {
		s.rouse()
		s.mu.Unlock()
		return
	}
	s.drain()
	s.unlock()
}

// discard releases a packet at the next unlock: the last reference may call back
// into a stack.
func (s *scheduler) discard(pkt *stack.PacketBuffer) {
	s.garbage = append(s.garbage, pkt)
}

// unlock unlocks, and then releases what was discarded.
func (s *scheduler) unlock() {
	garbage := s.garbage
	s.garbage = nil
	s.mu.Unlock()
	for _, pkt := range garbage {
		pkt.DecRef()
	}
}

// finish unlocks after a change and sees to it that the runner learns of it.
func (s *scheduler) finish() {
	if s.pumped {
		s.kickPump()
	} else {
		s.kickCallback()
	}
	s.unlock()
}
