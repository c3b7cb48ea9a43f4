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

// What the link had no room for was not sent: it goes, as new text, when something
// has arrived and the window has room. The window is reduced once, as by a loss,
// though there is none.
func TestNoRoom(t *testing.T) {
	for _, o := range []Options{withSACK(), plain(nil)} { // SACK makes no difference
		s := roomy(t, o)
		send(s, 1, 4)
		s.NoRoom(3001, 4001)
		i := s.Conn.Info()
		if i.Ssthresh != 2000 || i.Cwnd != 2000 || i.Recovering || i.InFlight != 3000 {
			t.Errorf("ssthresh %d, window %d, recovering %v, %d bytes in flight; want half of 4000, and 3000 in flight", i.Ssthresh, i.Cwnd, i.Recovering, i.InFlight)
		}
		s.In(". 1 ack 2001 win 60000")
		if out := s.Out("P. 3001:4001 ack 1"); out.Retransmission {
			t.Error("what was never sent is a retransmission")
		}
		s.NoRoom(3001, 4001) // again, within the same window of text
		s.In(". 1 ack 3001 win 60000")
		s.Out("P. 3001:4001 ack 1")
		s.In(". 1 ack 4001 win 60000")
		if i := s.Conn.Info(); i.Ssthresh != 2000 {
			t.Errorf("ssthresh %d, want one reduction", i.Ssthresh)
		}
		if c := s.Conn.Counters(); c.Retransmits != 0 || c.SpuriousRecoveries != 0 {
			t.Errorf("%d retransmissions, %d spurious recoveries", c.Retransmits, c.SpuriousRecoveries)
		}
	}
}

// Where nothing is on the way there is no acknowledgment to wait for: text tries
// again each quarter of a round trip, and the timeout is not the network's.
func TestNoRoomAtAll(t *testing.T) {
	s := roomy(t, withSACK())
	send(s, 1, 2)
	s.NoRoom(1, 2001)
	s.Write(1000) // waits as well
	for range 3 {
		s.Expires(10*time.Millisecond, ". 1:1001 ack 1")
		s.Out(". 1001:2001 ack 1")
		s.NoRoom(1, 2001)
	}
	if n := s.Conn.Counters().Timeouts; n != 0 {
		t.Errorf("%d timeouts", n)
	}
	s.In(". 1 ack 1 win 60000") // it tells of nothing that has left the queue
	s.Expires(10*time.Millisecond, ". 1:1001 ack 1")
	s.Out(". 1001:2001 ack 1")
	s.In(". 1 ack 2001 win 60000")
	s.Out("P. 2001:3001 ack 1")
}

// The wait is short also where round trips are long.
func TestNoRoomLongPath(t *testing.T) {
	o := withSACK()
	o.RTT = 900 * time.Millisecond
	s := Established(t, o, 60000, "<mss 1000,sackOK>")
	send(s, 1, 1)
	s.NoRoom(1, 1001)
	s.Expires(100*time.Millisecond, "P. 1:1001 ack 1")
}

// A link that never has room ends the connection, as a silent peer does (RFC 9293,
// section 3.8.3, R2).
func TestNoRoomForEver(t *testing.T) {
	o := withSACK()
	o.Settings = func(s *engine.Settings) { s.MaxRetries = 4 }
	s := roomy(t, o)
	send(s, 1, 1)
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
// of it stays in flight, and the rest may be one run again. What was acknowledged
// meanwhile, or never sent, is not refused.
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
	s.Out("P. 5001:8001 ack 1")
	s.NoRoom(4001, 5001)
	s.NoRoom(8001, 9001)
	s.In(". 1 ack 8001 win 60000")
}

// A FIN is text to a link as well, and an acknowledgment alone is not asked for again.
func TestNoRoomForOthers(t *testing.T) {
	s := roomy(t, withSACK())
	s.In("P. 1:11 ack 1 win 60000")
	s.Out(". 1 ack 11")
	s.NoRoom(1, 1)
	s.Do("close", closeWrite)
	s.Out("F. 1 ack 11")
	s.NoRoom(1, 2)
	s.Expires(10*time.Millisecond, "F. 1 ack 11")
	s.In(". 11 ack 2 win 60000")
	s.State(engine.StateFinWait2)
}

// A SYN and a SYN-ACK go again before their timer expires, and the round trip counts
// from then. The timer is what bounds it.
func TestNoRoomForSyn(t *testing.T) {
	s := Active(t, withSACK())
	s.Out("S 0")
	for range 3 {
		s.NoRoom(0, 1)
		s.Expires(10*time.Millisecond, "S 0")
	}
	s.Advance(40 * time.Millisecond)
	s.In("S. 0 ack 1 win 60000 <mss 1000>")
	s.Out(". 1 ack 1")
	if i := s.Conn.Info(); i.RTT != 40*time.Millisecond {
		t.Errorf("a round trip of %v, want that of the SYN that went", i.RTT)
	}

	s = Passive(t, plain(nil), "S 0 win 500 <mss 1200>")
	s.Out("S. 0 ack 1")
	s.NoRoom(0, 1)
	s.Expires(10*time.Millisecond, "S. 0 ack 1")
	s.In(". 1 ack 1 win 500")
	s.State(engine.StateEstablished)
	s.Advance(time.Hour)

	o := withSACK()
	o.Settings = func(s *engine.Settings) { s.SynRetries = 1 }
	s = Active(t, o)
	tries := 0
	for ; s.Conn.State() != engine.StateClosed; tries++ {
		s.Out("S 0")
		s.NoRoom(0, 1)
		s.Advance(time.Hour)
	}
	s.Closed(engine.ReasonTimedOut)
	if tries > 300 {
		t.Errorf("%d tries in 3 s", tries)
	}
}

// A loss is found as ever, with SACK and without, while text waits for room.
func TestNoRoomAndLoss(t *testing.T) {
	s := roomy(t, plain(nil))
	send(s, 1, 8)
	s.NoRoom(7001, 8001)
	s.In(". 1 ack 1 win 60000")
	s.In(". 1 ack 1 win 60000")
	s.In(". 1 ack 1 win 60000")
	s.Out(". 1:1001 ack 1")

	s = roomy(t, withSACK())
	send(s, 1, 8)
	s.NoRoom(7001, 8001)
	s.Advance(9 * time.Millisecond)
	s.In(". 1 ack 1 win 60000 <sack 1001-4001>")
	s.Out(". 1:1001 ack 1")
	if i := s.Conn.Info(); i.Ssthresh != 4000 {
		t.Errorf("ssthresh %d, want that of one reduction, 4000", i.Ssthresh)
	}
}

// A retransmission that was refused is lost as it was, and first to go again; that
// it was sent is forgotten, by what finds out whether it was for nothing as well.
func TestNoRoomForRetransmission(t *testing.T) {
	s := roomy(t, withSACK())
	send(s, 1, 6)
	s.Advance(41 * time.Millisecond)
	s.In(". 1 ack 1 win 60000 <sack 1001-4001>")
	s.Out(". 1:1001 ack 1")
	s.NoRoom(1, 1001)
	s.In(". 1 ack 1 win 60000 <sack 1001-5001>")
	s.Out(". 1:1001 ack 1")
	s.In(". 1 ack 6001 win 60000 <sack 1-1001>") // it came twice
	if c := s.Conn.Counters(); c.SpuriousRecoveries != 1 {
		t.Errorf("%d spurious recoveries, want the one that DSACK tells of", c.SpuriousRecoveries)
	}

	s = roomy(t, withSACK())
	send(s, 1, 1)
	s.Advance(time.Hour) // a tail loss probe
	s.Out("P. 1:1001 ack 1")
	s.NoRoom(1, 1001)
	s.Advance(time.Hour) // a timeout
	s.Out("P. 1:1001 ack 1")
	s.NoRoom(1, 1001)
	s.Expires(10*time.Millisecond, "P. 1:1001 ack 1")
	s.In(". 1 ack 1001 win 60000")
	if c := s.Conn.Counters(); c.Timeouts != 1 || c.ProbeRecoveries != 0 {
		t.Errorf("%d timeouts, %d recoveries by a probe, want 1 and none", c.Timeouts, c.ProbeRecoveries)
	}
}

// Text that waits for room is not behind its pace, and makes no burst of it.
func TestNoRoomPaced(t *testing.T) {
	o := withSACK()
	o.Params.CongestionControl = "bbr"
	s := roomy(t, o)
	s.Write(20000)
	s.Out(". 1:1001 ack 1")
	s.Advance(time.Hour)
	s.Out(". 1001:2001 ack 1")
	s.NoRoom(1001, 2001)
	s.Expires(10*time.Millisecond, ". 1001:2001 ack 1")
	s.Silent() // the next is due a pace later
	at := s.Now
	s.Advance(time.Hour)
	s.Out(". 2001:3001 ack 1")
	if d := s.Now.Sub(at); d < time.Millisecond/4 {
		t.Errorf("the next came after %v", d)
	}
}
