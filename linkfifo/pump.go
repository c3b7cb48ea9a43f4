// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

// batchSize is how many packets the goroutine takes out of the FIFO at a time:
// enough to make the lock cheap, few enough to keep the FIFO's bound honest.
const batchSize = 64

// kickPump sees to it that what is ready gets delivered, and that the timer is
// set for what comes next.
func (s *scheduler) kickPump() {
	switch {
	case s.stopped || s.running && !s.sleeping:
		// Nothing is left to do, or it looks again before it sleeps.
	case s.ready.Len() > 0:
		s.rouse()
	default:
		s.armNext()
	}
}

// rouse wakes the goroutine, or starts it.
func (s *scheduler) rouse() {
	switch {
	case s.stopped:
	case !s.running:
		s.running = true
		go s.pump()
	case s.sleeping:
		s.sleeping = false
		s.wake.Signal()
	}
}

// rest wakes the goroutine to see whether it is still wanted, and tells those
// who wait for it.
func (s *scheduler) rest() {
	s.sleeping = false
	s.wake.Signal()
	s.quiet.Broadcast()
}

// waitUntil waits until the goroutine has ended or the condition holds.
func (s *scheduler) waitUntil(cond func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.running && !cond() {
		s.quiet.Wait()
	}
}

// armNext sets the timer for the next event, if there is one.
func (s *scheduler) armNext() {
	if at, _ := s.next(); at < s.armedAt {
		s.arm(at, s.now())
	}
}

// pump delivers what arrives, in batches. It sleeps while there is nothing to
// do, but ends when the scheduler is stopped or nobody is attached, to be started
// again by the next arrival.
func (s *scheduler) pump() {
	var batch [batchSize]transit
	s.mu.Lock()
	for {
		if !s.idle() {
			s.advance(s.now())
		}
		n := s.ready.PopInto(batch[:])
		for i := range n {
			batch[i].dir.leaves(batch[i].pkt)
		}
		switch {
		case n > 0 || len(s.garbage) > 0:
			s.unlock()
			for i := range n {
				batch[i].dir.deliver(batch[i])
				batch[i] = transit{}
			}
			s.mu.Lock()
		case s.stopped || !s.dirs[0].to.IsAttached():
			s.armNext()
			s.running = false
			s.quiet.Broadcast()
			s.mu.Unlock()
			return
		default:
			s.armNext()
			s.sleeping = true
			for s.sleeping {
				s.wake.Wait()
			}
		}
	}
}
