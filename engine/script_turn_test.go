// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"
	"time"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
)

// turn polls with text, or from now on without.
func turn(s *Script, text bool) {
	s.WithoutText = !text
	s.Do("turn", func(*engine.Conn, engine.Instant) {})
}

// due fails unless text is due, or none is, and what is said of the network holds.
func due(t *testing.T, s *Script, text, nothingOut bool) {
	t.Helper()
	if s.Conn.TextDue() != text || s.Conn.NothingOut() != nothingOut {
		t.Errorf("text due: %v, want %v; nothing out: %v, want %v", s.Conn.TextDue(), text, s.Conn.NothingOut(), nothingOut)
	}
}

// Out of its turn a connection sends no text, but acknowledges, and resets.
func TestPollWithoutText(t *testing.T) {
	s := roomy(t, withSACK())
	due(t, s, false, true)
	turn(s, false)
	s.Write(2500)
	s.Silent()
	due(t, s, true, true)
	s.In("P. 1:101 ack 1 win 60000")
	s.Out(". 1 ack 101")
	turn(s, true)
	for _, p := range []string{". 1:1001 ack 101", ". 1001:2001 ack 101", "P. 2001:2501 ack 101"} {
		s.Out(p)
	}
	due(t, s, false, false)
	turn(s, false)
	s.Do("close", func(c *engine.Conn, now engine.Instant) { c.CloseWrite(now) })
	s.Silent()
	due(t, s, true, false) // the FIN
	turn(s, true)
	s.Out("F. 2501 ack 101")
	turn(s, false)
	s.Do("abort", func(c *engine.Conn, now engine.Instant) { c.Abort(now) })
	s.Out("R. 2502 ack 101")
	due(t, s, false, true)
}

// What was lost waits for the turn, and so does a probe.
func TestRepairWithoutText(t *testing.T) {
	s := roomy(t, withSACK())
	send(s, 1, 4)
	turn(s, false)
	s.In(". 1 ack 1 win 60000 <sack 1001-4001>")
	s.Advance(20 * time.Millisecond)
	due(t, s, true, true)
	turn(s, true)
	s.Out(". 1:1001 ack 1")
	s.In(". 1 ack 4001 win 60000")
	due(t, s, false, true)

	send(s, 4001, 2)
	turn(s, false)
	s.Advance(150 * time.Millisecond)
	due(t, s, true, false)
	turn(s, true)
	s.Out("P. 5001:6001 ack 1") // the tail loss probe
	due(t, s, false, false)
}
