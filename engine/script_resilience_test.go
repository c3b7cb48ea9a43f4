// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"strconv"
	"testing"
	"time"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
)

// What recovery must bear without standing still.

// RFC 2018, section 8: a peer that discards all that it has SACKed. When the timer
// expires, the SACKs count no more (MUST): all is sent again, as the window grows.
func TestRenegingOfMuch(t *testing.T) {
	for _, o := range []Options{withoutRACK(), withRACK()} {
		s := Established(t, o, 60000, "<mss 1000,sackOK>")
		send(s, 1, 6)
		s.Advance(rackRTT)
		s.In(". 1 ack 1 win 60000 <sack 1001-6001>")
		s.Out(". 1:1001")
		s.Advance(rackRTT)
		s.In(". 1 ack 1001 win 60000") // it has nothing of the rest
		s.Expires(frtoRTO, ". 1001:2001")
		s.Advance(rackRTT)
		s.In(". 1 ack 2001 win 60000")
		s.Out(". 2001:3001")
		s.Out(". 3001:4001")
		s.Advance(rackRTT)
		s.In(". 1 ack 4001 win 60000")
		s.Out(". 4001:5001")
		s.Out("P. 5001:6001")
		s.Advance(rackRTT)
		s.In(". 1 ack 6001 win 60000")
		if c := s.Conn.Counters(); c.Timeouts != 1 || c.Retransmits != 6 {
			t.Errorf("%+v", *c)
		}
		if i := s.Conn.Info(); i.Timeout {
			t.Error("still recovering")
		}
	}
}

// RFC 9293, section 3.8.6 (SHLD-16, MUST-34): a peer that takes back window in the
// middle of recovery. What lies beyond the edge waits; an update lets it go at
// once.
func TestWindowShrinksInRecovery(t *testing.T) {
	for _, o := range []Options{withoutRACK(), withRACK()} {
		s := Established(t, o, 60000, "<mss 1000,sackOK>")
		send(s, 1, 8)
		s.Advance(rackRTT)
		s.In(". 1 ack 1 win 60000 <sack 1001-4001>")
		s.Out(". 1:1001")
		s.In(". 1 ack 1 win 2000 <sack 5001-8001 1001-4001>") // 4001 is lost as well, and beyond the edge
		s.Advance(rackRTT)
		s.In(". 1 ack 4001 win 500 <sack 5001-8001>") // not even the first fits
		s.Out(". 4001:5001")                          // and it goes (SHLD-17)
		s.Advance(rackRTT)
		s.In(". 1 ack 8001 win 0")
		s.Write(1000)
		s.Expires(engine.DefaultMinRTO+rackRTT, ". 8000")
		s.In(". 1 ack 8001 win 3000")
		s.Out("P. 8001:9001")
		s.In(". 1 ack 9001 win 3000")
		if c := s.Conn.Counters(); c.Timeouts != 0 || c.Retransmits != 2 {
			t.Errorf("%+v", *c)
		}
	}
}

// RFC 9293, section 3.8.6.1: the window closes over what is lost. The timer sends
// the first segment, which the peer answers, and no other; when the window opens,
// recovery goes on at once.
func TestWindowClosesInRecovery(t *testing.T) {
	s := Established(t, withRACK(), 60000, "<mss 1000,sackOK>")
	send(s, 1, 8)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-2001 3001-4001 5001-8001>")
	s.Out(". 1:1001")
	s.Out(". 2001:3001")
	s.Out(". 4001:5001")
	s.In(". 1 ack 1 win 0 <sack 3001-4001 5001-8001 1001-2001>") // it dropped what came for want of memory
	s.Expires(frtoRTO, ". 1:1001")
	s.In(". 1 ack 1 win 0 <sack 3001-4001 5001-8001 1001-2001>")
	s.Expires(2*frtoRTO, ". 1:1001")
	s.Advance(rackRTT)
	s.In(". 1 ack 2001 win 0 <sack 3001-4001 5001-8001>")
	s.Out(". 2001:3001") // SND.UNA: as a probe
	s.Advance(rackRTT)
	s.In(". 1 ack 4001 win 9000 <sack 5001-8001>")
	s.Out(". 4001:5001")
	s.Advance(rackRTT)
	s.In(". 1 ack 8001 win 9000")
	if i := s.Conn.Info(); i.Timeout || i.Recovering {
		t.Error("still recovering")
	}
}

// RFC 8985, section 7: a probe that is lost, and the retransmission of the timer
// after it: the timer expires again, and then all goes on.
func TestLostTailProbe(t *testing.T) {
	s := racked(t)
	send(s, 1, 3)
	s.Expires(2*rackRTT+2*time.Millisecond, "P. 2001:3001") // lost
	s.Expires(frtoRTO, ". 1:1001")                          // lost
	s.Expires(2*frtoRTO, ". 1:1001")
	s.Advance(rackRTT)
	s.In(". 1 ack 1001 win 60000")
	s.Out(". 1001:2001")
	s.Out("P. 2001:3001")
	s.Advance(rackRTT)
	s.In(". 1 ack 3001 win 60000")
	// The next flight is not probed: no round trip was measured since the probe
	// (section 7.3, MUST). The one after it is.
	send(s, 3001, 2)
	s.Advance(2*rackRTT + 50*time.Millisecond)
	s.In(". 1 ack 5001 win 60000")
	send(s, 5001, 2)
	s.Advance(3 * rackRTT)
	s.Out("P. 6001:7001")
	s.Advance(rackRTT)
	s.In(". 1 ack 5001 win 60000 <sack 6001-7001>")
	s.Out(". 5001:6001")
	s.Advance(rackRTT)
	s.In(". 1 ack 7001 win 60000")
	if c := s.Conn.Counters(); c.TailProbes != 2 || c.Timeouts != 2 {
		t.Errorf("%+v", *c)
	}
}

// RFC 8985, section 3.1: a retransmission may be lost time and again: as long as
// something sent after it arrives, no timeout is needed.
func TestLostRetransmissions(t *testing.T) {
	s := racked(t)
	send(s, 1, 8)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-8001>")
	s.Out(". 1:1001")
	for at := 8001; at < 13001; at += 1000 {
		s.Advance(time.Millisecond)
		send(s, at, 1) // sent after it, and it arrives
		s.Advance(rackRTT)
		s.In(". 1 ack 1 win 60000 <sack 1001-" + strconv.Itoa(at+1000) + ">")
		s.Out(". 1:1001")
	}
	s.Advance(rackRTT)
	s.In(". 1 ack 13001 win 60000")
	if c := s.Conn.Counters(); c.Timeouts != 0 || c.FastRecoveries != 1 || c.Retransmits != 6 {
		t.Errorf("%+v", *c)
	}
	if i := s.Conn.Info(); i.Recovering {
		t.Error("still recovering")
	}
}

// Where nothing is sent after it, the timer finds a retransmission lost, however
// often; recovery goes on from there (RFC 6298, section 5.4 to 5.6). With RACK, it is
// sent once more before that, and not after.
// RecoveryPoint is then all that was sent (RFC 6675, section 5.1, MUST).
func TestLostRetransmissionsTimeOut(t *testing.T) {
	for _, tt := range []struct {
		opt  Options
		news string
	}{
		{withoutRACK(), " <sack 1001-6001>"},
		{withRACK(), " <sack 1001-6001>"},
		{withoutSACK(), ""},
	} {
		s := Established(t, tt.opt, 60000, map[bool]string{true: "<mss 1000>", false: "<mss 1000,sackOK>"}[tt.opt.Params.NoSACK])
		send(s, 1, 6)
		s.Advance(rackRTT)
		for range 3 {
			s.In(". 1 ack 1 win 60000" + tt.news)
			if tt.news != "" {
				break
			}
		}
		s.Out(". 1:1001")
		repairs := uint32(0)
		if !tt.opt.Params.NoSACK && !s.Conn.Settings().NoRACK {
			s.Expires(repairAfter, ". 1:1001")
			repairs = 1
		}
		s.Expires(frtoRTO, ". 1:1001")
		s.Expires(2*frtoRTO, ". 1:1001")
		s.Expires(4*frtoRTO, ". 1:1001")
		s.Advance(rackRTT)
		s.In(". 1 ack 6001 win 60000")
		if i := s.Conn.Info(); i.Timeout || i.Recovering {
			t.Error("still recovering")
		}
		send(s, 6001, 1) // the window after a timeout
		s.Advance(rackRTT)
		s.In(". 1 ack 7001 win 60000")
		if c := s.Conn.Counters(); c.Timeouts != 3 || c.Retransmits != 4+repairs || c.TailProbes != repairs {
			t.Errorf("%+v", *c)
		}
	}
}

// RFC 3042, section 2, and RFC 5681, section 3.2, step 1: each of the first two
// duplicates sends one new segment, beyond the window by two at most, as far as the
// peer's window has room; the congestion window is not changed (MUST NOT). Without
// RACK it is left out.
func TestLimitedTransmit(t *testing.T) {
	dups := [3]string{" <sack 1001-2001>", " <sack 1001-3001>", " <sack 1001-4001>"}
	s := Established(t, withRACK(), 60000, "<mss 1000,sackOK>")
	s.Write(20000)
	outs(s, 1, 10, false)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000" + dups[0])
	s.Out(". 10001:11001")
	if i := s.Conn.Info(); i.Cwnd != 10000 {
		t.Errorf("cwnd %d after a duplicate, want 10000", i.Cwnd)
	}
	s.In(". 1 ack 1 win 60000" + dups[1])
	s.Out(". 11001:12001")
	if i := s.Conn.Info(); i.Cwnd != 10000 {
		t.Errorf("cwnd %d after two, want 10000", i.Cwnd)
	}
	s.In(". 1 ack 1 win 60000" + dups[2])
	s.Out(". 1:1001")
	if i := s.Conn.Info(); i.Ssthresh != 5000 {
		t.Errorf("ssthresh %d, want half of 10000: what limited transmit sent MUST NOT count (RFC 5681, section 3.2, step 2)", i.Ssthresh)
	}
	s.In("R 1 win 0")

	s = Established(t, withRACK(), 10000, "<mss 1000,sackOK>") // the peer's window is full
	s.Write(20000)
	outs(s, 1, 10, false)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 10000" + dups[0])
	s.In(". 1 ack 1 win 10000" + dups[1])
	s.In(". 1 ack 1 win 10000" + dups[2])
	s.Out(". 1:1001")
	s.In("R 1 win 0")
}

// RFC 3042, section 2, and RFC 5681, section 3.2: with SACK, a duplicate that tells nothing new MUST NOT send
// anything.
func TestLimitedTransmitNeedsNews(t *testing.T) {
	s := Established(t, withRACK(), 60000, "<mss 1000,sackOK>")
	s.Write(20000)
	outs(s, 1, 10, false)
	s.Advance(rackRTT)
	for range 5 {
		s.In(". 1 ack 1 win 60000")
	}
	s.In(". 1 ack 1 win 60000 <sack 1001-2001>")
	s.Out(". 10001:11001")
	s.In(". 1 ack 1 win 60000 <sack 1001-2001>")
	s.In("R 1 win 0")
}

// RFC 6582, section 3.2, step 3: of several losses in a window each partial
// acknowledgment tells the next, which is sent whatever the window; the timer
// starts anew. Recovery ends with what was sent when it began, and the window is
// ssthresh.
func TestNewRenoPartialAcks(t *testing.T) {
	s := Established(t, withoutSACK(), 60000, "<mss 1000>")
	send(s, 1, 8)
	s.Advance(rackRTT)
	for range 3 {
		s.In(". 1 ack 1 win 60000")
	}
	s.Out(". 1:1001")
	for _, at := range []int{3001, 5001} {
		s.Advance(frtoRTO - time.Millisecond) // the timer would have expired without
		s.In(". 1 ack " + strconv.Itoa(at) + " win 60000")
		s.Out(". " + span(at, at+1000))
	}
	s.Advance(rackRTT)
	s.In(". 1 ack 8001 win 60000")
	if i := s.Conn.Info(); i.Recovering || i.Cwnd != 4000 || i.Ssthresh != 4000 {
		t.Errorf("cwnd %d, ssthresh %d, want 4000 each; recovering: %v", i.Cwnd, i.Ssthresh, i.Recovering)
	}
	if c := s.Conn.Counters(); c.Timeouts != 0 || c.FastRecoveries != 1 || c.Retransmits != 3 {
		t.Errorf("%+v", *c)
	}
}

// RFC 6582, section 3.2, step 2: duplicates that a recovery's own retransmissions
// cause start no other, not after a timeout either (step 4): only such as cover
// more than recover.
func TestNewRenoRecover(t *testing.T) {
	s := Established(t, withoutSACK(), 60000, "<mss 1000>")
	send(s, 1, 6)
	s.Expires(frtoRTO, ". 1:1001")
	s.Advance(rackRTT)
	s.In(". 1 ack 1001 win 60000")
	s.Out(". 1001:2001")
	s.Out(". 2001:3001")
	s.Advance(rackRTT)
	s.In(". 1 ack 4001 win 60000")
	s.Out(". 4001:5001")
	s.Out("P. 5001:6001")
	for range 4 { // what was sent again had arrived
		s.In(". 1 ack 4001 win 60000")
	}
	if c := s.Conn.Counters(); c.FastRecoveries != 0 {
		t.Errorf("%+v", *c)
	}
	s.In("R 1 win 0")

	// And after it has ended, at recover itself, they do.
	s = Established(t, withoutSACK(), 60000, "<mss 1000>")
	send(s, 1, 6)
	s.Expires(frtoRTO, ". 1:1001")
	s.Advance(rackRTT)
	s.In(". 1 ack 6001 win 60000")
	send(s, 6001, 2)
	s.Advance(rackRTT)
	s.In(". 1 ack 8001 win 60000")
	send(s, 8001, 3)
	for range 3 {
		s.In(". 1 ack 8001 win 60000")
	}
	s.Out(". 8001:9001")
	if c := s.Conn.Counters(); c.FastRecoveries != 1 {
		t.Errorf("%+v", *c)
	}
	s.In("R 1 win 0")
}
