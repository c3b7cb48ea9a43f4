// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

// batchSize is how many packets the goroutine takes out of the FIFO at a time:
// enough to make the lock cheap, few enough to keep the FIFO's bound honest.
const batchSize = 64

// kickPump starts the goroutine when there is first something for it, and
// reports whether it has to be woken.
func (s *scheduler) kickPump() bool {
	if s.stopped {
		return false
	}
	if !s.started {
		if s.ready.len() == 0 && s.idle() {
			return false
		}
		s.started = true
		s.workers.Add(1)
		go s.pump()
		return false
	}
	if !s.sleeping {
		return false // it looks again before it sleeps
	}
	if s.ready.len() == 0 {
		s.armNext()
		return false
	}
	s.sleeping = false
	return true
}

// armNext sets the timer for the next event, if there is one.
func (s *scheduler) armNext() {
	if at, _ := s.next(); at < s.armedAt {
		s.arm(at, s.now())
	}
}

// pump delivers what arrives, in batches, until the scheduler is stopped.
func (s *scheduler) pump() {
	defer s.workers.Done()
	var batch [batchSize]transit
	s.mu.Lock()
	for {
		if !s.idle() {
			s.advance(s.now())
		}
		n := s.ready.popInto(batch[:])
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
		case s.stopped:
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
