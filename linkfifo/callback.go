// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

// kickCallback arms the timer for what comes next: at once when packets wait to
// be delivered, so that this happens on the clock's stack and not on the
// sender's. While a callback is delivering it arms the timer itself at the end.
func (s *scheduler) kickCallback() {
	if s.draining {
		return
	}
	now := s.now()
	if s.ready.Len() > 0 {
		s.arm(now, now)
		return
	}
	if at, _ := s.next(); at != never {
		s.arm(at, now)
	}
}

// drain delivers what has arrived by now. What arrives meanwhile, in answer, is
// left to the next callback, even if that is due at this same instant: two
// stacks that talk without delay must not keep the clock from moving. It is
// called with the lock held, which it gives up around each delivery.
func (s *scheduler) drain() {
	if s.draining {
		return // a clock with concurrent callbacks; the other one will see to it
	}
	s.draining = true
	s.advance(s.now())
	for n := s.ready.Len(); n > 0 && s.ready.Len() > 0; n-- {
		t := s.ready.Pop()
		t.dir.leaves(t.pkt)
		s.unlock()
		t.dir.deliver(t)
		s.mu.Lock()
	}
	s.draining = false
	s.kickCallback()
}
