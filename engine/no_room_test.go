// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"
	"time"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
)

// roomy is a connection with a round trip of 40 ms.
func roomy(t *testing.T, o Options) *Script {
	o.RTT = 40 * time.Millisecond
	return Established(t, o, 60000, "<mss 1000,sackOK>")
}

// What the link had no room for is sent again when the next thing arrives, and not
// before; the window is reduced once, as by any loss.
func TestNoRoom(t *testing.T) {
	s := roomy(t, withSACK())
	send(s, 1, 4)
	s.NoRoom(3001, 4001)
	i := s.Conn.Info()
	if i.Ssthresh != 2000 || !i.Recovering || i.InFlight != 3000 {
		t.Errorf("ssthresh %d, recovering %v, %d bytes in flight; want half of 4000, and 3000 in flight", i.Ssthresh, i.Recovering, i.InFlight)
	}
	s.In(". 1 ack 1001 win 60000")
	s.Out("P. 3001:4001 ack 1")
	s.NoRoom(3001, 4001) // again
	s.In(". 1 ack 3001 win 60000")
	s.Out("P. 3001:4001 ack 1")
	s.In(". 1 ack 4001 win 60000")
	if i := s.Conn.Info(); i.Ssthresh != 2000 || i.Recovering {
		t.Errorf("ssthresh %d, recovering %v; want one reduction, and its end", i.Ssthresh, i.Recovering)
	}
}

// Where nothing is on the way there is no acknowledgment to wait for: text tries
// again each quarter of a round trip, and the timeout is not the network's.
func TestNoRoomAtAll(t *testing.T) {
	s := roomy(t, withSACK())
	s.Write(2000)
	s.Out(". 1:1001 ack 1")
	s.Out("P. 1001:2001 ack 1")
	s.NoRoom(1, 2001)
	s.Write(1000) // waits as well
	for range 3 {
		s.Expires(10*time.Millisecond, ". 1:1001 ack 1")
		s.NoRoom(1, 1001)
	}
	if n := s.Conn.Counters().Timeouts; n != 0 {
		t.Errorf("%d timeouts", n)
	}
	s.In(". 1 ack 1 win 60000") // it tells of nothing that has left the queue
	s.Expires(10*time.Millisecond, ". 1:1001 ack 1")
	s.In(". 1 ack 1001 win 60000")
	s.Out(". 1001:2001 ack 1")
	s.Out("P. 2001:3001 ack 1")
}

// A link that never has room ends the connection, as a silent peer does (RFC 9293,
// section 3.8.3, R2).
func TestNoRoomForEver(t *testing.T) {
	o := withSACK()
	o.Settings = func(s *engine.Settings) { s.MaxRetries = 4 }
	s := roomy(t, o)
	s.Write(1000)
	s.Out("P. 1:1001 ack 1")
	tries := 0
	for start := s.Now; s.Conn.State() != engine.StateClosed && s.Now.Sub(start) < time.Hour; tries++ {
		s.NoRoom(1, 1001)
		s.Advance(time.Hour)
		if s.Conn.State() != engine.StateClosed {
			s.Out("P. 1:1001 ack 1")
		}
	}
	s.Closed(engine.ReasonTimedOut)
	if n := s.Conn.Counters().Timeouts; n != 4 || tries > 40 {
		t.Errorf("%d timeouts after %d tries, want 4, and a bounded number", n, tries)
	}
}

// A run that the link, or the stack, cut is refused from a packet on; what went out
// of it stays in flight. What was acknowledged meanwhile is not refused.
func TestNoRoomForPart(t *testing.T) {
	o := withSACK()
	o.Params.GSOMaxSize = 8000
	s := roomy(t, o)
	s.Write(8000)
	s.Out("P. 1:8001 ack 1")
	s.NoRoom(5001, 8001)
	if i := s.Conn.Info(); i.InFlight != 5000 {
		t.Errorf("%d bytes in flight, want 5000", i.InFlight)
	}
	s.In(". 1 ack 5001 win 60000")
	s.Out(". 5001:6001 ack 1")
	s.Out(". 6001:7001 ack 1")
	s.Out("P. 7001:8001 ack 1")
	s.NoRoom(4001, 5001)
	s.In(". 1 ack 8001 win 60000")
}

// A FIN and a timeout's retransmission are text to a link as well; an acknowledgment
// alone, a SYN and a segment that was never sent are not asked for again.
func TestNoRoomForOthers(t *testing.T) {
	s := roomy(t, withSACK())
	s.In("P. 1:11 ack 1 win 60000")
	s.Out(". 1 ack 11")
	s.NoRoom(1, 1)
	s.NoRoom(5000, 6000)
	s.Do("close", closeWrite)
	s.Out("F. 1 ack 11")
	s.NoRoom(1, 2)
	s.Expires(10*time.Millisecond, "F. 1 ack 11")
	s.In(". 11 ack 2 win 60000")
	s.State(engine.StateFinWait2)

	s = roomy(t, withSACK())
	s.Write(1000)
	s.Out("P. 1:1001 ack 1")
	s.Advance(time.Hour) // a tail loss probe
	s.Out("P. 1:1001 ack 1")
	s.Advance(time.Hour) // a timeout
	s.Out("P. 1:1001 ack 1")
	s.NoRoom(1, 1001)
	s.Expires(10*time.Millisecond, "P. 1:1001 ack 1")

	s = Active(t, withSACK())
	s.Out("S 0")
	s.NoRoom(0, 1)
	s.Expires(time.Second, "S 0")
}
