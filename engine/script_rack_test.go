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

const rackRTT = 40 * time.Millisecond

// racked is a connection with SACK and without timestamps, whose round trip is
// rackRTT.
func racked(t *testing.T) *Script {
	t.Helper()
	o := withSACK()
	o.RTT = rackRTT
	return Established(t, o, 60000, "<mss 1000,sackOK>")
}

// RFC 8985, section 6.2, step 5: what was sent before a segment that has arrived
// is lost once a round trip and the reordering window are over, a quarter of the
// least round trip (step 4), and not before.
func TestRACKReorderingWindow(t *testing.T) {
	s := racked(t)
	send(s, 1, 1)
	s.Advance(time.Millisecond)
	send(s, 1001, 1)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-2001>") // one segment above the hole
	s.Advance(rackRTT/4 - time.Millisecond)
	s.Silent()
	s.Expires(time.Millisecond, ". 1:1001")
	s.In(". 1 ack 2001 win 60000")
	if c := s.Conn.Counters(); c.FastRecoveries != 1 || c.Timeouts != 0 {
		t.Errorf("%+v", *c)
	}
}

// Within the reordering window, a segment that was only late starts nothing.
func TestRACKLateSegment(t *testing.T) {
	s := racked(t)
	send(s, 1, 1)
	s.Advance(time.Millisecond)
	send(s, 1001, 1)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-2001>")
	s.Advance(5 * time.Millisecond)
	s.In(". 1 ack 2001 win 60000")
	s.Advance(time.Second)
	if c := s.Conn.Counters(); c.Retransmits != 0 || c.FastRecoveries != 0 {
		t.Errorf("%+v", *c)
	}
}

// RFC 8985, section 6.2, step 4: without reordering so far, three segments above
// the hole are enough; once reordering was seen, time alone counts. Each
// duplicate counts (RFC 6675, section 5, MUST).
func TestRACKDupThreshUntilReordering(t *testing.T) {
	s := racked(t)
	send(s, 1, 4)
	s.Advance(rackRTT)
	s.Batch(". 1 ack 1 win 60000 <sack 1001-2001>", ". 1 ack 1 win 60000 <sack 1001-3001>", ". 1 ack 1 win 60000 <sack 1001-4001>")
	s.Out(". 1:1001")
	s.Advance(rackRTT)
	s.In(". 1 ack 4001 win 60000")

	s = racked(t)
	send(s, 1, 2)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-2001>")
	s.In(". 1 ack 2001 win 60000") // late, and now it is known that this happens
	send(s, 2001, 4)
	s.Advance(rackRTT)
	s.In(". 1 ack 2001 win 60000 <sack 3001-6001>")
	s.Expires(rackRTT/4, ". 2001:3001")
	s.Advance(rackRTT)
	s.In(". 1 ack 6001 win 60000")
}

// RFC 8985, section 3.1: a retransmission that is lost is found as any other
// loss, without a timeout.
func TestRACKLostRetransmission(t *testing.T) {
	s := racked(t)
	send(s, 1, 5)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-4001>")
	s.Out(". 1:1001") // and this one is lost as well
	s.Advance(time.Millisecond)
	s.In(". 1 ack 1 win 60000 <sack 1001-5001>")
	s.Write(1000)
	s.Out("P. 5001:6001 ack 1")
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-6001>") // what was sent after it has arrived
	s.Out(". 1:1001")
	s.Advance(rackRTT)
	s.In(". 1 ack 6001 win 60000")
	if c := s.Conn.Counters(); c.Timeouts != 0 || c.Retransmits != 2 {
		t.Errorf("%+v", *c)
	}
}

// RFC 8985, section 6.2, step 2: a retransmission that is acknowledged within
// less than the least round trip was not what arrived, and tells nothing of what
// was sent before it.
func TestRACKSpuriousRetransmission(t *testing.T) {
	s := racked(t)
	send(s, 1, 5)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-4001>")
	s.Out(". 1:1001")
	s.Advance(time.Millisecond)
	s.In(". 1 ack 4001 win 60000") // the first copy, late
	s.Advance(rackRTT/4 - 2*time.Millisecond)
	s.Silent() // the segment at 4001 is not lost for that
	s.In(". 1 ack 5001 win 60000")
	if c := s.Conn.Counters(); c.SpuriousRecoveries != 1 || c.Retransmits != 1 {
		t.Errorf("%+v", *c)
	}
	if got := s.Conn.Info().Cwnd; got < 10000 {
		t.Errorf("the congestion window is %d after a recovery for nothing, want what it was", got)
	}
}

// RFC 8985, section 4 (MUST): RACK and its tail probe are for connections with SACK.
// Without, a tail that was lost waits for the timer, and a hole for three duplicates,
// however long ago what is missing was sent.
func TestRACKNeedsSACK(t *testing.T) {
	o := plain(nil)
	o.RTT = rackRTT
	s := Established(t, o, 60000, "<mss 1000>")
	send(s, 1, 3)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000")
	s.In(". 1 ack 1 win 60000")
	s.Advance(engine.DefaultMinRTO - 1)
	s.Silent()
	s.Expires(1, ". 1:1001 ack 1")
	s.Advance(rackRTT)
	s.In(". 1 ack 3001 win 60000")
	if c := s.Conn.Counters(); c.TailProbes != 0 || c.Timeouts != 1 {
		t.Errorf("%+v", *c)
	}
}

// RFC 8985, section 7.2 and 7.3: a flight whose tail is lost is probed after two
// round trips, with text that was never sent where there is some.
func TestTailProbeNewText(t *testing.T) {
	o := withSACK()
	o.RTT = rackRTT
	o.Settings = func(set *engine.Settings) { set.NoDelay = false }
	s := Established(t, o, 60000, "<mss 1000,sackOK>")
	send(s, 1, 2)
	s.Write(10) // Nagle keeps it back
	s.Expires(2*rackRTT+2*time.Millisecond, "P. 2001:2011 ack 1")
	s.Advance(rackRTT)
	s.In(". 1 ack 2011 win 60000")
	if c := s.Conn.Counters(); c.TailProbes != 1 || c.Retransmits != 0 {
		t.Errorf("%+v", *c)
	}
}

// Without new text, the probe is the last segment; the SACK of it shows the rest
// to be lost, and recovery goes on without a timeout.
func TestTailProbeOldText(t *testing.T) {
	s := racked(t)
	send(s, 1, 3)
	s.Expires(2*rackRTT+2*time.Millisecond, "P. 2001:3001 ack 1")
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 2001-3001>")
	s.Out(". 1:1001") // sent two round trips before the probe
	s.Out(". 1001:2001")
	s.Advance(rackRTT)
	s.In(". 1 ack 3001 win 60000")
	if c := s.Conn.Counters(); c.TailProbes != 1 || c.Timeouts != 0 || c.FastRecoveries != 1 {
		t.Errorf("%+v", *c)
	}
}

// RFC 8985, section 7.4.2: a loss that the probe itself repaired reduces the
// window; where a DSACK tells that the probe was for nothing, it does not.
func TestTailProbeRepairs(t *testing.T) {
	for _, tt := range []struct {
		name, ack string
		reduced   bool
	}{
		{"repaired", ". 1 ack 4001 win 60000", true},
		{"twice", ". 1 ack 3001 win 60000 <sack 2001-3001>", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := racked(t)
			send(s, 1, 3)
			s.Expires(2*rackRTT+2*time.Millisecond, "P. 2001:3001 ack 1")
			s.Write(1000)
			s.Out("P. 3001:4001 ack 1")
			before := s.Conn.Info().Cwnd
			s.Advance(rackRTT)
			s.In(tt.ack)
			if got := s.Conn.Info().Cwnd < before; got != tt.reduced {
				t.Errorf("cwnd went from %d to %d", before, s.Conn.Info().Cwnd)
			}
			s.In(". 1 ack 4001 win 60000")
		})
	}
}

// RFC 8985, section 7.2: one probe a flight; then the retransmission timer.
func TestTailProbeOnce(t *testing.T) {
	s := racked(t)
	send(s, 1, 2)
	s.Expires(2*rackRTT+2*time.Millisecond, "P. 1001:2001 ack 1")
	s.Expires(rackRTT+engine.DefaultMinRTO, ". 1:1001 ack 1")
	s.Advance(rackRTT)
	s.In(". 1 ack 2001 win 60000")
}

// RFC 8985, section 7.3 (MUST): no probe is sent unless a round trip was measured
// since the last one: the retransmission timer stands for it, though the tail was
// lost.
func TestTailProbeNeedsMeasurement(t *testing.T) {
	s := racked(t)
	send(s, 1, 2)
	s.Expires(2*rackRTT+2*time.Millisecond, "P. 1001:2001 ack 1")
	s.Advance(rackRTT)
	s.In(". 1 ack 2001 win 60000") // of which copy, nobody can tell: no measurement
	send(s, 2001, 2)
	s.Advance(rackRTT + engine.DefaultMinRTO - 1)
	s.Silent()
	s.Advance(time.Second)
	s.Out(". 2001:3001 ack 1")
	s.Advance(rackRTT)
	s.In(". 1 ack 4001 win 60000")
	if c := s.Conn.Counters(); c.TailProbes != 1 || c.Timeouts != 1 {
		t.Errorf("%+v", *c)
	}
}

// RFC 8985, section 7.2: a lone segment may wait for the peer's delayed
// acknowledgment; the retransmission timer is earlier than that.
func TestTailProbeOfOneSegment(t *testing.T) {
	s := racked(t)
	send(s, 1, 1)
	s.Expires(rackRTT+engine.DefaultMinRTO, "P. 1:1001 ack 1")
	s.Advance(rackRTT)
	s.In(". 1 ack 1001 win 60000")
	if c := s.Conn.Counters(); c.TailProbes != 0 || c.Timeouts != 1 {
		t.Errorf("%+v", *c)
	}
}

// RFC 2883, section 4: text that comes twice is told in the first SACK block:
// below the acknowledgment, and above it within the second block.
func TestDSACKSent(t *testing.T) {
	s := racked(t)
	s.In("P. 1:1001 ack 1 win 60000")
	s.Out(". 1 ack 1001")
	s.In("P. 1:1001 ack 1 win 60000") // section 4.1.1
	s.Out(". 1 ack 1001 <sack 1-1001>")
	s.In("P. 2001:3001 ack 1 win 60000")
	s.Out(". 1 ack 1001 <sack 2001-3001>")
	s.In("P. 3001:4001 ack 1 win 60000")
	s.Out(". 1 ack 1001 <sack 2001-4001>")
	s.In("P. 2001:3001 ack 1 win 60000") // section 4.2.1
	s.Out(". 1 ack 1001 <sack 2001-3001 2001-4001>")
	s.In("P. 501:1501 ack 1 win 60000") // in part, section 4.1.2
	s.Out(". 1 ack 1501 <sack 501-1001 2001-4001>")
	s.In("P. 1501:2001 ack 1 win 60000") // told once, and no more
	s.Out(". 1 ack 4001")
}

// RFC 2883, section 4: text in order that reaches over what waits out of order is
// told, the first part that came twice (section 4, (2)), and what ends where that
// begins is not.
func TestDSACKSentInOrder(t *testing.T) {
	for _, test := range []struct{ text, ack string }{
		{"P. 1:1001 ack 1 win 60000", ". 1 ack 2001 <sack 3001-4001>"},
		{"P. 1:1201 ack 1 win 60000", ". 1 ack 2001 <sack 1001-1201 3001-4001>"},
		{"P. 1:3001 ack 1 win 60000", ". 1 ack 4001 <sack 1001-2001>"},
		{"P. 1:3501 ack 1 win 60000", ". 1 ack 4001 <sack 1001-2001>"},
	} {
		s := racked(t)
		s.In("P. 1001:2001 ack 1 win 60000")
		s.Out(". 1 ack 1 <sack 1001-2001>")
		s.In("P. 3001:4001 ack 1 win 60000")
		s.Out(". 1 ack 1 <sack 3001-4001 1001-2001>")
		s.In(test.text)
		s.Out(test.ack)
	}
}

// RFC 3708, section 3: DSACKs of all that was sent again show that recovery was
// for nothing, even when it has ended.
func TestUndoByDSACK(t *testing.T) {
	s := racked(t)
	send(s, 1, 5)
	before := s.Conn.Info().Cwnd
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-5001>")
	s.Out(". 1:1001")
	s.Advance(rackRTT)
	s.In(". 1 ack 5001 win 60000")
	if got := s.Conn.Info().Cwnd; got >= before {
		t.Errorf("cwnd %d after a loss, and was %d", got, before)
	}
	s.In(". 1 ack 5001 win 60000 <sack 1-1001>")
	if got := s.Conn.Info().Cwnd; got < before {
		t.Errorf("cwnd %d after the DSACK, want %d", got, before)
	}
}

// RFC 2883, section 5 (MUST NOT): a block tells a duplicate by the acknowledgment
// that bears it, and not by SND.UNA: one that was overtaken tells none.
func TestDSACKOfOldAck(t *testing.T) {
	s := racked(t)
	send(s, 1, 5)
	s.Advance(rackRTT)
	s.In(". 1 ack 5001 win 60000")
	s.In(". 1 ack 1001 win 60000 <sack 2001-3001>") // sent before: a hole, no duplicate
	if c := s.Conn.Counters(); c.DSACKsIn != 0 {
		t.Errorf("%d duplicates are counted", c.DSACKsIn)
	}
	s.In(". 1 ack 5001 win 60000 <sack 4001-5001>")
	if c := s.Conn.Counters(); c.DSACKsIn != 1 {
		t.Errorf("%d duplicates are counted, want 1", c.DSACKsIn)
	}
}

// RFC 3522, section 3.2: the echo of a timestamp from before the retransmission
// shows that a timeout was spurious; the window is restored (RFC 4015, section
// 3.4), and what is not lost is not sent again.
func TestUndoOfTimeout(t *testing.T) {
	o := Options{Params: engine.Params{NoWindowScale: true}, RTT: rackRTT}
	s := Established(t, o, 60000, "<mss 1012,sackOK,ts 1 3600000>")
	send(s, 1, 5)
	s.Expires(2*rackRTT+2*time.Millisecond, "P. 4001:5001 ack 1") // the probe
	s.Expires(rackRTT+engine.DefaultMinRTO, ". 1:1001 ack 1")
	s.Advance(10 * time.Millisecond)
	s.In(". 1 ack 1001 win 60000 <ts 2 3600040>") // the first copy was only late
	s.In(". 1 ack 5001 win 60000 <ts 2 3600040>")
	if c := s.Conn.Counters(); c.SpuriousRecoveries != 1 || c.Retransmits != 2 {
		t.Errorf("%+v", *c)
	}
	if i := s.Conn.Info(); i.Cwnd < 10000 || i.Timeout {
		t.Errorf("cwnd %d, recovering from a timeout: %v", i.Cwnd, i.Timeout)
	}
}

// A timeout in a fast recovery that nothing proved to be needed, as where a host
// stood still for a while and both timers were due: the echo of timestamps shows
// that neither was, and the window is what it was before both (RFC 4015, section
// 3.2). Where what fast recovery sent again was needed, the window stays reduced.
func TestUndoOfRecoveryAndTimeout(t *testing.T) {
	for _, cc := range []string{"reno", "cubic"} {
		for _, needed := range []bool{false, true} {
			o := Options{Params: engine.Params{NoWindowScale: true, CongestionControl: cc}, RTT: rackRTT}
			s := Established(t, o, 60000, "<mss 1012,sackOK,ts 1 3600000>")
			send(s, 1, 10)
			before := s.Conn.Info().Cwnd
			s.Advance(rackRTT)
			s.In(". 1 ack 1 win 60000 <ts 2 3600000,sack 1001-2001>") // RACK waits
			s.Now = s.Now.Add(time.Second)
			s.Do("the host goes on", func(c *engine.Conn, now engine.Instant) { c.HandleDeadline(now) })
			s.Out(". 1:1001")
			if c := s.Conn.Counters(); c.FastRecoveries != 1 || c.Timeouts != 1 {
				t.Fatalf("%d fast recoveries and %d timeouts, want one of each", c.FastRecoveries, c.Timeouts)
			}
			if needed {
				s.Advance(rackRTT)
				s.In(". 1 ack 2001 win 60000 <ts 3 3601080>")
				s.Out(". 2001:3001")
				s.Out(". 3001:4001")
				if got := s.Conn.Info().Cwnd; got >= before {
					t.Errorf("%s: cwnd %d after a loss, and was %d", cc, got, before)
				}
				continue
			}
			s.Advance(time.Millisecond)
			s.In(". 1 ack 2001 win 60000 <ts 3 3600040>")
			s.In(". 1 ack 10001 win 60000 <ts 3 3600040>")
			if i := s.Conn.Info(); i.Cwnd < before || i.Timeout {
				t.Errorf("%s: cwnd %d, and was %d; recovering from a timeout: %v", cc, i.Cwnd, before, i.Timeout)
			}
		}
	}
}

// An acknowledgment that tells nothing answers a segment that has arrived and was
// refused, as PAWS does with what a retransmission has overtaken (RFC 7323,
// section 5.3, R1): it is sent again, and no sign of congestion. One loss more is.
func TestRefusedSegmentIsNoLoss(t *testing.T) {
	for _, refused := range []int{0, 1} {
		o := Options{Params: engine.Params{NoWindowScale: true}, RTT: rackRTT}
		s := Established(t, o, 60000, "<mss 1012,sackOK,ts 1 3600000>")
		send(s, 1, 2)
		s.Advance(rackRTT)
		s.In(". 1 ack 1 win 60000 <ts 2 3600000,sack 1001-2001>")
		s.In(". 1 ack 2001 win 60000 <ts 2 3600040>") // late: the path reorders
		send(s, 2001, 4)
		s.Advance(rackRTT)
		for range refused {
			s.In(". 1 ack 2001 win 60000 <ts 3 3600080>")
		}
		s.In(". 1 ack 2001 win 60000 <ts 3 3600080,sack 3001-6001>")
		before := s.Conn.Info().Cwnd
		s.Expires(rackRTT/4, ". 2001:3001")
		s.Advance(rackRTT)
		s.In(". 1 ack 6001 win 60000 <ts 4 3600130>")
		if kept := s.Conn.Info().Cwnd >= before; kept != (refused > 0) {
			t.Errorf("with %d refused, cwnd went from %d to %d", refused, before, s.Conn.Info().Cwnd)
		}
	}
}

// What was sent shortly before something that was sent again, and has not arrived
// when the peer echoes the timestamp of that, is bound to be refused if it is only
// late (RFC 7323, section 5.3, R1). Of a peer that was seen to refuse segments, it
// is no sign of congestion to lose that, even where one acknowledgment answers for
// several. All else is.
func TestBoundToBeRefused(t *testing.T) {
	for _, tt := range []struct {
		name    string
		at      int  // when the two were sent that are lost; something goes out again at 145
		refused bool // the peer is seen to refuse one segment
		kept    bool
	}{
		{"before the retransmission", 140, true, true},
		{"of a peer that refuses nothing", 140, false, false},
		{"after it", 147, true, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o := Options{Params: engine.Params{NoWindowScale: true}, RTT: rackRTT}
			s := Established(t, o, 60000, "<mss 1012,sackOK,ts 1 3600000>")
			start := s.Now.Add(-rackRTT)
			at := func(ms int) {
				t.Helper()
				s.Silent()
				s.Advance(start.Add(time.Duration(ms) * time.Millisecond).Sub(s.Now))
			}
			send(s, 1, 2)
			at(80)
			s.In(". 1 ack 1 win 60000 <ts 2 3600000,sack 1001-2001>")
			s.In(". 1 ack 2001 win 60000 <ts 2 3600040>") // late: the path reorders
			send(s, 2001, 6)
			at(95)
			send(s, 8001, 4)
			at(120)
			s.In(". 1 ack 2001 win 60000 <ts 3 3600080,sack 3001-8001>")
			at(130)
			s.Out(". 2001:3001") // recovery begins
			at(135)
			s.In(". 1 ack 2001 win 60000 <ts 3 3600080,sack 9001-12001 3001-8001>")
			at(min(tt.at, 145))
			if tt.at < 145 {
				send(s, 12001, 3) // two that are lost, and one that is not
				at(145)
			}
			s.Out(". 8001:9001")
			if tt.at > 145 {
				at(tt.at)
				send(s, 12001, 3)
			}
			at(170)
			s.In(". 1 ack 8001 win 60000 <ts 4 3600130,sack 9001-12001>")
			at(185)
			s.In(". 1 ack 12001 win 60000 <ts 5 3600145>") // and ends
			if tt.refused {
				s.In(". 1 ack 12001 win 60000 <ts 5 3600145>")
			}
			at(187)
			s.In(". 1 ack 12001 win 60000 <ts 5 3600145,sack 14001-15001>")
			if s.Conn.Info().Recovering {
				t.Fatal("the recovery of what was sent before has not ended")
			}
			at(197)
			s.Out(". 12001:13001")
			if tt.kept {
				s.Out(". 13001:14001") // the window has room for it
			}
			if kept := !s.Conn.Info().Recovering; kept != tt.kept {
				t.Errorf("another recovery: %v", !kept)
			}
		})
	}
}

// An acknowledgment that waited before it was processed tells of the path as of
// when it came: the wait is no part of the round trip (RFC 6298, section 2; RFC
// 8985, section 5.3, RACK.rtt), and what was sent before is not lost for it.
func TestRoundTripOfWhatWaited(t *testing.T) {
	const wait = 30 * time.Millisecond // less than a tail probe waits
	s := racked(t)
	send(s, 1, 1)
	s.Advance(time.Millisecond)
	send(s, 1001, 2)
	s.Advance(rackRTT + wait)
	s.InAfter(wait, ". 1 ack 1 win 60000 <sack 1001-2001>")
	k := s.Conn.Snapshot(s.Now)
	if k.RACK.RTT != rackRTT || k.RTT != rackRTT || k.Recovery.Fast || k.InFlight != 2000 {
		t.Errorf("RACK.rtt %v, SRTT %v, recovery %+v, %d bytes in flight", k.RACK.RTT, k.RTT, k.Recovery, k.InFlight)
	}
	s.InAfter(wait, ". 1 ack 3001 win 60000")
	if i := s.Conn.Info(); i.RTT != rackRTT || i.MinRTT != rackRTT {
		t.Errorf("SRTT %v, least %v", i.RTT, i.MinRTT)
	}
	s.Advance(time.Second)

	// What was sent again: the timestamp tells (RFC 7323, section 4.1).
	o := withSACK()
	o.Params.NoTimestamps = false
	o.RTT = rackRTT
	s = Established(t, o, 60000, "<mss 1012,sackOK,ts 1 0>")
	send(s, 1, 1)
	s.Expires(rackRTT+engine.DefaultMinRTO, "P. 1:1001")
	ecr := s.Now.Sub(0).Milliseconds()
	s.Advance(rackRTT + wait)
	s.InAfter(wait, fmt.Sprintf(". 1 ack 1001 win 60000 <ts 2 %d>", ecr))
	if i := s.Conn.Info(); i.RTT != rackRTT {
		t.Errorf("SRTT %v by the timestamp", i.RTT)
	}
}

// A probe that is due is not sent where what it would send again has arrived
// meanwhile.
func TestProbeOfWhatHasArrived(t *testing.T) {
	s := Established(t, withRACK(), 60000, "<mss 1000,sackOK>")
	send(s, 1, 3)
	s.Now = s.Conn.Deadline()
	s.Do("deadline, and then an acknowledgment", func(c *engine.Conn, now engine.Instant) {
		c.HandleDeadline(now)
		var in engine.Segment
		in.Seq, in.Ack, in.Flags, in.Window = s.Peer(1), c.Snapshot(now).SndUna, wire.ACK, 60000
		in.Options.NumSACK = 1
		in.Options.SACK[0] = seq.MakeRange(in.Ack.Add(2000), 1000)
		c.HandleSegment(now, &in)
	})
	s.In(". 1 ack 3001 win 60000")
}
