// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"
	"time"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
)

// turn polls with new text, or from now on without.
func turn(s *Script, fresh bool) {
	s.WithoutNew = !fresh
	s.Do("turn", func(*engine.Conn, engine.Instant) {})
}

// Out of its turn a connection sends no new text, but acknowledges, closes, and resets.
func TestPollWithoutNew(t *testing.T) {
	s := roomy(t, withSACK())
	turn(s, false)
	s.Write(2500)
	s.Silent()
	s.In("P. 1:101 ack 1 win 60000")
	s.Out(". 1 ack 101")
	if !s.Conn.NothingOut() {
		t.Error("something is in the network, and nothing was sent")
	}
	s.Do("close", func(c *engine.Conn, now engine.Instant) { c.CloseWrite(now) })
	s.Silent() // the FIN comes after the text
	turn(s, true)
	for _, p := range []string{". 1:1001 ack 101", ". 1001:2001 ack 101", "FP. 2001:2501 ack 101"} {
		s.Out(p)
	}
	if s.Conn.NothingOut() {
		t.Error("nothing is in the network, and all was sent")
	}

	s = roomy(t, withSACK())
	send(s, 1, 1)
	turn(s, false)
	s.Do("close", func(c *engine.Conn, now engine.Instant) { c.CloseWrite(now) })
	s.Out("F. 1001 ack 1")
	s.Do("abort", func(c *engine.Conn, now engine.Instant) { c.Abort(now) })
	s.Out("R. 1002 ack 1")
}

// What was lost does not wait for a turn, nor does a probe.
func TestRepairWithoutNew(t *testing.T) {
	s := roomy(t, withSACK())
	send(s, 1, 4)
	turn(s, false)
	s.Write(1000)
	s.In(". 1 ack 1 win 60000 <sack 1001-4001>")
	s.Out(". 1:1001 ack 1")
	s.In(". 1 ack 4001 win 60000")
	s.Silent()
	turn(s, true)
	s.Out("P. 4001:5001 ack 1")
	turn(s, false)
	s.Advance(350 * time.Millisecond)
	s.Out("P. 4001:5001 ack 1")
}
