// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"testing"
	"time"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
)

// turnTaker plays a peer that speaks in turn with the application.
type turnTaker struct {
	*Script
	at, sent int
}

// unit is one of the engine's coarse time.
const unit = 1 << 20 * time.Nanosecond

func newTurnTaker(t *testing.T, rcvBuf int) *turnTaker {
	s := Established(t, plain(func(set *engine.Settings) { set.AckDelay, set.AckEvery, set.RcvBuf = time.Millisecond, 4, rcvBuf }), 1000, "<mss 1460>")
	p := &turnTaker{s, 1, 1}
	p.come("P.", 100) // from here on no more is waited for
	p.Expires(time.Millisecond, p.ack())
	p.Advance(2 * time.Millisecond)
	return p
}

func (s *turnTaker) come(flags string, n int) {
	s.In(fmt.Sprintf("%s %s ack %d win 1000", flags, span(s.at, s.at+n), s.sent))
	s.at += n
}

func (s *turnTaker) ack() string { return fmt.Sprintf(". %d ack %d", s.sent, s.at) }

// answer writes, and the text carries the acknowledgment.
func (s *turnTaker) answer() {
	s.Write(10)
	s.Out(fmt.Sprintf("P. %s ack %d", span(s.sent, s.sent+10), s.at))
	s.sent += 10
}

// learn makes n turns, where each request is acknowledged by itself.
func (s *turnTaker) learn(n int) {
	for range n {
		s.come("P.", 100)
		s.Out(s.ack())
		s.Advance(3 * unit)
		s.answer()
	}
}

// Where both sides speak in turn, and this one takes longer to answer than the wait
// for more, the answer carries the acknowledgment, but every sixteenth.
func TestDelayedAckOfTurns(t *testing.T) {
	s := newTurnTaker(t, 1<<15)
	joins := func(want bool) {
		t.Helper()
		if _, ok := s.Conn.AwaitsMore(); ok != want {
			t.Errorf("more may wait: %v, want %v", ok, want)
		}
	}
	s.learn(8)
	for i := range 100 {
		s.come("P.", 100)
		if i%16 == 15 {
			joins(true)
			s.Expires(time.Millisecond, s.ack())
		} else {
			joins(false) // a second would be hidden, and shortens the wait
			s.Advance(3 * unit)
		}
		s.answer()
	}
	s.come("P.", 1000) // in two parts, of which the peer would take silence for a loss
	s.Advance(unit)
	s.come("P.", 1000)
	joins(true)
	s.Expires(time.Millisecond, s.ack())
	s.answer()
	s.come("P.", 2000) // more than a segment, at once
	s.Expires(time.Millisecond, s.ack())
	s.answer()
	s.come(".", 1460) // to which the peer has more to say
	s.Expires(time.Millisecond, s.ack())
	s.answer()
	s.come("P.", 100)
	s.Expires(8*unit, s.ack()) // in vain: from here on at once again, for longer
	s.Advance(2 * time.Millisecond)
	s.learn(16)
	s.come("P.", 100)
	s.Advance(3 * unit)
	s.In(fmt.Sprintf("F. %d ack %d win 1000", s.at, s.sent)) // for which nobody waits so long
	s.at++
	s.Expires(time.Millisecond, s.ack())
}

// A probe of a window that is closed is no request.
func TestDelayedAckOfTurnsClosedWindow(t *testing.T) {
	s := newTurnTaker(t, 3000)
	s.learn(8)
	s.come("P.", 2100)
	s.Out(s.ack() + " win 0")
	s.In(fmt.Sprintf("P. %s ack %d win 1000", span(s.at, s.at+1), s.sent))
	s.Expires(time.Millisecond, s.ack()+" win 0")
}

// A peer that holds back what it writes until it has heard of the last (Nagle), while
// this side writes unasked, is not kept waiting for long: the habit shows to be none.
func TestDelayedAckOfTurnsNagle(t *testing.T) {
	s := newTurnTaker(t, 1<<15)
	s.learn(8)
	for range 15 {
		s.come("P.", 50) // held back until what we wrote acknowledged the last
		s.Advance(3 * unit)
		s.answer() // unasked
	}
	s.come("P.", 50)
	s.Expires(time.Millisecond, s.ack())
	s.come("P.", 50) // what it held back
	s.Expires(time.Millisecond, s.ack())
	s.Advance(time.Millisecond)
	s.answer()
	for range 20 {
		s.Advance(2 * time.Millisecond)
		s.come("P.", 50)
		s.Out(s.ack())
		s.come("P.", 50)
		s.Expires(time.Millisecond, s.ack())
		s.answer()
	}
}
