// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"testing"
	"time"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// reach takes an engine to a synchronized state. The peer has sent up to rcvNxt.
var reach = []struct {
	state  engine.State
	rcvNxt int
	ack    string // what the engine answers a challenge with
	steps  func(s *Script)
}{
	{engine.StateEstablished, 1, ". 1 ack 1", func(s *Script) {}},
	{engine.StateFinWait1, 1, ". 2 ack 1", func(s *Script) {
		s.Do("close", closeWrite)
		s.Out("F. 1 ack 1")
	}},
	{engine.StateFinWait2, 1, ". 2 ack 1", func(s *Script) {
		s.Do("close", closeWrite)
		s.Out("F. 1 ack 1")
		s.In(". 1 ack 2 win 1000")
	}},
	{engine.StateCloseWait, 2, ". 1 ack 2", func(s *Script) {
		s.In("F. 1 ack 1 win 1000")
		s.Out(". 1 ack 2")
	}},
	{engine.StateClosing, 2, ". 2 ack 2", func(s *Script) {
		s.Do("close", closeWrite)
		s.Out("F. 1 ack 1")
		s.In("F. 1 ack 1 win 1000")
		s.Out(". 2 ack 2")
	}},
	{engine.StateLastAck, 2, ". 2 ack 2", func(s *Script) {
		s.In("F. 1 ack 1 win 1000")
		s.Out(". 1 ack 2")
		s.Do("close", closeWrite)
		s.Out("F. 1 ack 2")
	}},
	{engine.StateTimeWait, 2, ". 2 ack 2", func(s *Script) {
		s.Do("close", closeWrite)
		s.Out("F. 1 ack 1")
		s.In("F. 1 ack 2 win 1000")
		s.Out(". 2 ack 2")
	}},
}

// A reset in every state: exactly at RCV.NXT it ends the connection (RFC 9293,
// section 3.10.7.4, second), but for TIME-WAIT, which it would assassinate (RFC
// 1337, section 3); anywhere else in the window it is challenged (RFC 5961,
// section 3.2). mirage's tcp_state: RST per state.
func TestResetInEveryState(t *testing.T) {
	for _, tt := range reach {
		t.Run(tt.state.String(), func(t *testing.T) {
			s := Established(t, plain(nil), 1000, "<mss 1460>")
			tt.steps(s)
			s.State(tt.state)
			s.In(fmt.Sprintf("R %d win 0", tt.rcvNxt+9))
			s.Out(tt.ack)
			s.State(tt.state)
			s.In(fmt.Sprintf("R %d win 0", tt.rcvNxt))
			if tt.state == engine.StateTimeWait {
				s.State(engine.StateTimeWait)
				s.Advance(time.Minute)
				s.Closed(engine.ReasonNone)
				return
			}
			if got := s.Conn.State(); got != engine.StateClosed {
				t.Errorf("the connection is %v after a reset", got)
			}
			if at := s.Conn.Deadline(); at != engine.Never {
				t.Errorf("a timer is left, for %v", at)
			}
		})
	}
}

// A CLOSED connection takes nothing: no segment, no text, no call but an open.
// mirage's tcp_state.
func TestClosedIgnores(t *testing.T) {
	var c engine.Conn
	now := engine.Instant(time.Hour)
	for f := range wire.Flags(64) {
		in := engine.Segment{Header: wire.Header{Seq: seq.New(1), Ack: seq.New(1), Flags: f, Window: 1000}}
		c.HandleSegment(now, &in)
	}
	c.HandleDeadline(now)
	c.CloseWrite(now)
	c.CloseRead(now)
	c.Close(now)
	c.Abort(now)
	c.HandlePathMTU(now, 1000, seq.New(0))
	c.HandleUnreachable(now, engine.ReasonPortUnreachable, seq.New(0))
	c.CheckInvariants()
	var out engine.Segment
	if c.State() != engine.StateClosed || c.Deadline() != engine.Never || c.PollSegment(now, &out) {
		t.Errorf("a connection that was never opened is %v, due at %v, or has something to send", c.State(), c.Deadline())
	}
}
