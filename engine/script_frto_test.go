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

// These are F-RTO (RFC 5682) where neither timestamps nor DSACK tell what a
// timeout was about.

// withoutSACK, withoutRACK and withRACK are the ways in which losses are found.
// All have a round trip of rackRTT.
func withoutSACK() Options { o := plain(nil); o.RTT = rackRTT; return o }
func withoutRACK() Options {
	o := withRACK()
	o.Settings = func(set *engine.Settings) { set.NoRACK = true }
	return o
}
func withRACK() Options { o := withSACK(); o.RTT = rackRTT; return o }

const frtoRTO = rackRTT + engine.DefaultMinRTO

// timedOut returns a connection whose timer has expired with n segments
// outstanding, five or more, the last of which RACK has probed with. Then the
// application has written 4 more, and a round trip has gone by.
func timedOut(t *testing.T, o Options, n int) *Script {
	t.Helper()
	opts := "<mss 1000,sackOK>"
	if o.Params.NoSACK {
		opts = "<mss 1000>"
	}
	s := Established(t, o, 60000, opts)
	send(s, 1, n)
	if !o.Params.NoSACK && !s.Conn.Settings().NoRACK {
		s.Expires(2*rackRTT+2*time.Millisecond, "P. "+span((n-1)*1000+1, n*1000+1))
	}
	s.Expires(frtoRTO, ". 1:1001")
	s.Write(4000)
	s.Advance(rackRTT) // less would be too soon for what was sent again
	return s
}

// counts fails unless so many segments were sent again, probes left out, and so
// many recoveries found spurious.
func counts(t *testing.T, s *Script, resent, spurious uint32) {
	t.Helper()
	if c := s.Conn.Counters(); c.Retransmits-c.TailProbes != resent || c.SpuriousRecoveries != spurious {
		t.Errorf("%d sent again, and %d spurious, want %d and %d", c.Retransmits-c.TailProbes, c.SpuriousRecoveries, resent, spurious)
	}
}

// eachWay runs a test once for each way in which losses are found.
func eachWay(t *testing.T, test func(t *testing.T, o Options)) {
	t.Helper()
	for _, way := range []struct {
		name string
		opt  Options
	}{{"no SACK", withoutSACK()}, {"SACK", withoutRACK()}, {"RACK", withRACK()}} {
		for _, cc := range []string{"reno", "cubic"} {
			o := way.opt
			o.Params.CongestionControl = cc
			t.Run(way.name+"/"+cc, func(t *testing.T) { test(t, o) })
		}
	}
}

// RFC 5682, sections 2.1 and 3.1: the path had stood still for a while. Step 2b:
// two new segments; step 3b: old text that was not sent again has arrived. Nothing
// more is sent again, and the window is what it was (RFC 4015, section 3.4, step
// 9).
func TestFRTOSpurious(t *testing.T) {
	eachWay(t, func(t *testing.T, o Options) {
		s := timedOut(t, o, 6)
		s.In(". 1 ack 1001 win 60000")
		s.Out(". 6001:7001")
		s.Out(". 7001:8001")
		s.In(". 1 ack 2001 win 60000")
		if i := s.Conn.Info(); i.Timeout || i.Cwnd < 10000 {
			t.Errorf("in recovery: %v; cwnd %d, want 10000", i.Timeout, i.Cwnd)
		}
		s.Out(". 8001:9001") // the window has room again
		s.Out("P. 9001:10001")
		for at := 3001; at <= 10001; at += 1000 {
			s.In(". 1 ack " + strconv.Itoa(at) + " win 60000")
		}
		counts(t, s, 1, 1)
		if c := s.Conn.Counters(); c.Timeouts != 1 || c.FastRecoveries != 0 {
			t.Errorf("%+v", *c)
		}
	})
}

// RFC 5682, section 3.1, step 3b: with SACK, what arrives behind a hole tells as
// well. The hole is then sent again as any other is.
func TestFRTOSpuriousBySACK(t *testing.T) {
	for _, o := range []Options{withoutRACK(), withRACK()} {
		s := timedOut(t, o, 6)
		s.In(". 1 ack 1001 win 60000")
		s.Out(". 6001:7001")
		s.Out(". 7001:8001")
		s.In(". 1 ack 1001 win 60000 <sack 2001-3001>")
		counts(t, s, 1, 1)
		s.Out(". 8001:9001")
		s.Out("P. 9001:10001")
		s.In(". 1 ack 1001 win 60000 <sack 2001-4001>")
		s.In(". 1 ack 1001 win 60000 <sack 2001-6001>")
		s.Out(". 1001:2001")
		s.Advance(rackRTT)
		s.In(". 1 ack 10001 win 60000")
		counts(t, s, 2, 1)
	}
}

// RFC 5682, sections 2.1 and 3.1, step 3a: what was outstanding was lost indeed.
// The new text brings duplicates, and then the old is sent again; the window is
// that of slow start after a timeout, 3 segments at most.
func TestFRTOGenuine(t *testing.T) {
	for _, tt := range []struct {
		opt Options
		dup string
	}{
		{withoutSACK(), ". 1 ack 1001 win 60000"},
		{withoutRACK(), ". 1 ack 1001 win 60000 <sack 6001-7001>"},
		{withRACK(), ". 1 ack 1001 win 60000 <sack 6001-7001>"},
	} {
		s := timedOut(t, tt.opt, 6)
		s.Advance(rackRTT)
		s.In(". 1 ack 1001 win 60000")
		s.Out(". 6001:7001")
		s.Out(". 7001:8001")
		s.Advance(rackRTT)
		s.In(tt.dup)
		if i := s.Conn.Info(); !i.Timeout || i.Cwnd > 3000 || i.Ssthresh != 3000 {
			t.Errorf("in recovery: %v; cwnd %d, want 3000 at most; ssthresh %d, want 3000", i.Timeout, i.Cwnd, i.Ssthresh)
		}
		s.Out(". 1001:2001")
		if c := s.Conn.Counters(); c.SpuriousRecoveries != 0 {
			t.Errorf("%+v", *c)
		}
		s.In("R 1 win 0")
	}
}

// RFC 5682, section 3.1, step 3a: an acknowledgment beyond RecoveryPoint tells
// nothing, for it is the new text's.
func TestFRTOBeyondRecoveryPoint(t *testing.T) {
	s := timedOut(t, withoutRACK(), 6)
	s.In(". 1 ack 1001 win 60000")
	s.Out(". 6001:7001")
	s.Out(". 7001:8001")
	s.In(". 1 ack 7001 win 60000")
	counts(t, s, 1, 0)
	if i := s.Conn.Info(); i.Timeout || i.Cwnd > 3000 {
		t.Errorf("in recovery: %v; cwnd %d, want 3000 at most", i.Timeout, i.Cwnd)
	}
	s.Out(". 8001:9001")
	s.Out("P. 9001:10001")
	s.In("R 1 win 0")
}

// RFC 5682, section 2.1, step 2a: the first acknowledgment is a duplicate.
func TestFRTODuplicateFirst(t *testing.T) {
	s := timedOut(t, withoutSACK(), 6)
	s.In(". 1 ack 1 win 60000")
	s.In(". 1 ack 1001 win 60000")
	s.Out(". 1001:2001")
	s.Out(". 2001:3001")
	s.Out(". 3001:4001") // the duplicate counts for one that has left
	s.Advance(rackRTT)
	s.In(". 1 ack 6001 win 60000")
	counts(t, s, 4, 0)
	for at := 6001; at < 9001; at += 1000 {
		s.Out(". " + span(at, at+1000))
	}
	s.Out("P. 9001:10001")
	s.In(". 1 ack 10001 win 60000")
}

// RFC 5682, section 3.1, step 2: with SACK, duplicates before the first
// acknowledgment that moves SND.UNA are waited out.
func TestFRTODuplicateFirstSACK(t *testing.T) {
	for _, o := range []Options{withoutRACK(), withRACK()} {
		s := timedOut(t, o, 6)
		s.In(". 1 ack 1 win 60000 <sack 1001-2001>")
		s.In(". 1 ack 1 win 60000 <sack 1001-3001>")
		s.In(". 1 ack 3001 win 60000")
		s.Out(". 6001:7001")
		s.Out(". 7001:8001")
		s.In(". 1 ack 4001 win 60000")
		counts(t, s, 1, 1)
		s.Out(". 8001:9001")
		s.Out("P. 9001:10001")
		s.In(". 1 ack 10001 win 60000")
	}
}

// RFC 5682, sections 2.1 and 3.1, step 2a: the first acknowledgment covers all
// that was outstanding, or not even what was sent again.
func TestFRTOFirstCoversAllOrTooLittle(t *testing.T) {
	eachWay(t, func(t *testing.T, o Options) {
		s := timedOut(t, o, 6)
		s.In(". 1 ack 6001 win 60000")
		if i := s.Conn.Info(); i.Timeout {
			t.Error("the recovery goes on")
		}
		counts(t, s, 1, 0)
		s.Out(". 6001:7001")
		s.Out(". 7001:8001")
		if o.Params.NoSACK { // all that is acknowledged counts
			s.Out(". 8001:9001")
			s.Out("P. 9001:10001")
		}
		s.In("R 1 win 0")
	})
	s := timedOut(t, withoutSACK(), 6)
	s.In(". 1 ack 501 win 60000")
	s.In(". 1 ack 1001 win 60000")
	s.Out(". 1001:2001")
	s.Out(". 2001:3001")
	s.In("R 1 win 0")
}

// RFC 5682, sections 2.1 and 3.1, step 2b: where there is nothing new to send, or
// no room for it in the window, the conventional recovery goes on.
func TestFRTONothingNew(t *testing.T) {
	eachWay(t, func(t *testing.T, o Options) {
		s := timedOut(t, o, 6)
		s.In(". 1 ack 1001 win 5000") // the window ends where SND.NXT is
		s.Out(". 1001:2001")
		s.Out(". 2001:3001")
		s.In("R 1 win 0")
	})
	eachWay(t, func(t *testing.T, o Options) {
		s := Established(t, o, 60000, map[bool]string{true: "<mss 1000>", false: "<mss 1000,sackOK>"}[o.Params.NoSACK])
		send(s, 1, 2)
		if !o.Params.NoSACK && !s.Conn.Settings().NoRACK {
			s.Expires(2*rackRTT+2*time.Millisecond, "P. 1001:2001")
		}
		s.Expires(frtoRTO, ". 1:1001")
		s.Advance(rackRTT)
		s.In(". 1 ack 1001 win 60000")
		s.Out("P. 1001:2001")
		s.In("R 1 win 0")
	})
}

// Nor does a part of a segment go where the window has no room for more, or where
// the cork keeps it back: the conventional recovery goes on.
func TestFRTONoFullSegment(t *testing.T) {
	eachWay(t, func(t *testing.T, o Options) {
		s := timedOut(t, o, 6)
		s.In(". 1 ack 1001 win 5500")
		s.Out(". 1001:2001")
		s.Out(". 2001:3001")
		s.In("R 1 win 0")
	})
	o := withoutSACK()
	o.Settings = func(set *engine.Settings) { set.Cork = true }
	s := Established(t, o, 60000, "<mss 1000>")
	send(s, 1, 4)
	s.Write(10)
	s.Expires(frtoRTO, ". 1:1001")
	s.Advance(rackRTT)
	s.In(". 1 ack 1001 win 60000")
	s.Out(". 1001:2001")
	s.Out(". 2001:3001")
	s.In("R 1 win 0")
}

// RFC 5682, section 2.1, step 2b: one segment is enough where there is no more,
// and the Nagle algorithm does not keep it back (MAY). What comes later may go in
// the second's place.
func TestFRTOOneNewSegment(t *testing.T) {
	o := withoutSACK()
	o.Settings = func(set *engine.Settings) { set.NoDelay = false }
	s := Established(t, o, 60000, "<mss 1000>")
	send(s, 1, 4)
	s.Write(10) // Nagle keeps it back
	s.Expires(frtoRTO, ". 1:1001")
	s.Advance(rackRTT)
	s.In(". 1 ack 1001 win 60000")
	s.Out("P. 4001:4011")
	s.Write(1000)
	s.Out("P. 4011:5011")
	s.Write(1000) // and no more than two
	s.In(". 1 ack 2001 win 60000")
	s.Out("P. 5011:6011")
	counts(t, s, 1, 1)
	s.In(". 1 ack 6011 win 60000")
}

// The end of the stream is new too.
func TestFRTOFin(t *testing.T) {
	s := Established(t, withoutSACK(), 60000, "<mss 1000>")
	send(s, 1, 4)
	s.Expires(frtoRTO, ". 1:1001")
	s.Advance(rackRTT)
	s.Do("close for writing", func(c *engine.Conn, now engine.Instant) { c.CloseWrite(now) })
	s.In(". 1 ack 1001 win 60000")
	s.Out("F. 4001:4001")
	s.In(". 1 ack 2001 win 60000")
	counts(t, s, 1, 1)
	s.In(". 1 ack 4002 win 60000")
	s.State(engine.StateFinWait2)
}

// RFC 5682, section 2.1: SHOULD NOT be entered when fast recovery is underway:
// what it sent again may be what arrives.
func TestFRTOInFastRecovery(t *testing.T) {
	s := Established(t, withoutSACK(), 60000, "<mss 1000>")
	send(s, 1, 6)
	for range 3 {
		s.In(". 1 ack 1 win 60000")
	}
	s.Out(". 1:1001")
	s.Expires(frtoRTO, ". 1:1001")
	s.Write(4000)
	s.Advance(rackRTT)
	s.In(". 1 ack 1001 win 60000")
	s.Out(". 1001:2001") // and no new text
	s.Out(". 2001:3001")
	s.In("R 1 win 0")
}

// RFC 5682, section 2.1, step 1: timeouts of the same segment, with nothing
// heard between them, are as one. A path that stood still for seconds has lost
// nothing. The response is that to the first (RFC 4015, section 3.1, MUST NOT).
func TestFRTORepeatedTimeout(t *testing.T) {
	eachWay(t, func(t *testing.T, o Options) {
		s := timedOut(t, o, 6)
		s.Expires(2*frtoRTO-rackRTT, ". 1:1001")
		s.Expires(4*frtoRTO, ". 1:1001")
		s.Advance(rackRTT)
		s.In(". 1 ack 1001 win 60000")
		s.Out(". 6001:7001")
		s.Out(". 7001:8001")
		s.In(". 1 ack 2001 win 60000")
		s.Out(". 8001:9001")
		s.Out("P. 9001:10001")
		if i := s.Conn.Info(); i.Timeout || i.Cwnd < 10000 {
			t.Errorf("in recovery: %v; cwnd %d, want 10000", i.Timeout, i.Cwnd)
		}
		s.In(". 1 ack 10001 win 60000")
		counts(t, s, 3, 1)
	})
}

// RFC 5682, section 2.1, step 1: a timeout in the recovery from one, after
// something was heard, is followed by the conventional recovery.
func TestFRTOTimeoutAgain(t *testing.T) {
	s := timedOut(t, withoutSACK(), 6)
	s.In(". 1 ack 1001 win 60000")
	s.Out(". 6001:7001") // both are lost
	s.Out(". 7001:8001")
	s.Expires(frtoRTO, ". 1001:2001")
	s.Advance(rackRTT)
	s.In(". 1 ack 2001 win 60000")
	s.Out(". 2001:3001")
	s.Out(". 3001:4001")
	s.In("R 1 win 0")
}

// RFC 2018, section 8: a peer that has discarded what it SACKed is sent all of it
// again, new text or not.
func TestFRTOReneging(t *testing.T) {
	s := Established(t, withoutRACK(), 60000, "<mss 1000,sackOK>")
	send(s, 1, 4)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-3001>")
	s.Write(4000)
	for i := range 4 {
		s.Out(map[bool]string{true: "P. ", false: ". "}[i == 3] + span(4001+i*1000, 5001+i*1000))
	}
	s.In(". 1 ack 1001 win 60000") // and the SACK is gone
	s.Expires(frtoRTO, ". 1001:2001")
	s.Write(1000)
	s.Advance(rackRTT)
	s.In(". 1 ack 2001 win 60000")
	s.Out(". 2001:3001")
	s.Out(". 3001:4001")
	s.In("R 1 win 0")

	// Found out by the first acknowledgment: it ends where text was SACKed.
	s = Established(t, withoutRACK(), 60000, "<mss 1000,sackOK>")
	send(s, 1, 4)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-2001>")
	s.Expires(frtoRTO-rackRTT, ". 1:1001")
	s.Write(1000)
	s.Advance(rackRTT)
	s.In(". 1 ack 1001 win 60000")
	s.Out(". 2001:3001")
	s.Out(". 3001:4001")
	s.Expires(frtoRTO, ". 1001:2001")
	s.Advance(rackRTT)
	s.In(". 1 ack 4001 win 60000")
	s.Out("P. 4001:5001")
	s.In(". 1 ack 5001 win 60000")
	counts(t, s, 4, 0)
}

// A timestamp decides at once (RFC 3522, section 3.2): F-RTO is left out.
func TestFRTOTimestamps(t *testing.T) {
	o := Options{Params: engine.Params{NoWindowScale: true, NoSACK: true}, RTT: rackRTT}
	s := Established(t, o, 60000, "<mss 1012,ts 1 3600000>")
	send(s, 1, 6)
	s.Expires(frtoRTO, ". 1:1001")
	s.Write(4000)
	s.Advance(rackRTT)
	s.In(". 1 ack 1001 win 60000 <ts 2 3600280>") // the echo is the second copy's
	s.Out(". 1001:2001")
	s.Out(". 2001:3001")
	s.In("R 1 win 0")
}

// RFC 4015, section 3.6, step 11: the wait that the timeout was about makes no RTO
// of seconds. What was known before stands, with the first round trip of text
// that had not been sent by then.
func TestFRTORoundTrips(t *testing.T) {
	s := timedOut(t, withoutSACK(), 6)
	s.Advance(100 * time.Millisecond)
	s.In(". 1 ack 1001 win 60000")
	s.Out(". 6001:7001")
	s.Out(". 7001:8001")
	s.In(". 1 ack 2001 win 60000")
	s.Out(". 8001:9001")
	s.Out("P. 9001:10001")
	if i := s.Conn.Info(); i.RTO < 2*frtoRTO {
		t.Errorf("RTO %v after round trips of %v", i.RTO, frtoRTO+100*time.Millisecond)
	}
	s.In(". 1 ack 6001 win 60000")
	s.Advance(60 * time.Millisecond)
	s.In(". 1 ack 7001 win 60000")
	// SRTT is the sample, RTTVAR half of it.
	if i := s.Conn.Info(); i.RTT != 60*time.Millisecond || i.RTTVar != 30*time.Millisecond {
		t.Errorf("SRTT %v, RTTVAR %v, want 60 ms and 30 ms", i.RTT, i.RTTVar)
	}
	s.In(". 1 ack 10001 win 60000")

	// A shorter one leaves SRTT what it was, and 2 G (step 1).
	s = timedOut(t, withoutSACK(), 6)
	s.In(". 1 ack 1001 win 60000")
	s.Out(". 6001:7001")
	s.Out(". 7001:8001")
	s.In(". 1 ack 6001 win 60000")
	s.Out(". 8001:9001")
	s.Out("P. 9001:10001")
	s.Advance(time.Millisecond)
	s.In(". 1 ack 7001 win 60000")
	if i := s.Conn.Info(); i.RTT != rackRTT+2*time.Millisecond || i.RTTVar != rackRTT/2 {
		t.Errorf("SRTT %v, RTTVAR %v, want 42 ms and 20 ms", i.RTT, i.RTTVar)
	}
	// It is that for once: what is measured later counts as ever (RFC 6298, 2.3).
	s.Advance(time.Millisecond)
	s.In(". 1 ack 8001 win 60000")
	if i := s.Conn.Info(); i.RTT >= rackRTT {
		t.Errorf("SRTT %v after two round trips of 1 and 2 ms", i.RTT)
	}
	s.In(". 1 ack 10001 win 60000")
}

// The same with BBR, which paces: its window is what it was before the timeout.
func TestFRTOBBR(t *testing.T) {
	o := withoutSACK()
	o.Params.CongestionControl = "bbr"
	s := Established(t, o, 60000, "<mss 1000>")
	s.Write(6000)
	for i := range 6 {
		if i > 0 {
			s.Advance(rackRTT / 4)
		}
		s.Out(map[bool]string{true: "P. ", false: ". "}[i == 5] + span(i*1000+1, i*1000+1001))
	}
	before := s.Conn.Info().Cwnd
	s.Advance(time.Second)
	s.Out(". 1:1001")
	s.Write(4000)
	s.Advance(rackRTT)
	s.In(". 1 ack 1001 win 60000")
	s.Out(". 6001:7001")
	s.Out(". 7001:8001")
	s.In(". 1 ack 2001 win 60000")
	if i := s.Conn.Info(); i.Timeout || i.Cwnd < before {
		t.Errorf("in recovery: %v; cwnd %d, want %d", i.Timeout, i.Cwnd, before)
	}
	counts(t, s, 1, 1)
	s.In("R 1 win 0")
}

// RFC 5682, section 2.1, step 3b: once the timeout is found spurious, recover is
// SND.UNA, so that duplicates tell of a loss in what was outstanding then.
func TestFRTOLossAfterSpurious(t *testing.T) {
	s := timedOut(t, withoutSACK(), 6)
	s.In(". 1 ack 1001 win 60000")
	s.Out(". 6001:7001")
	s.Out(". 7001:8001")
	s.In(". 1 ack 2001 win 60000")
	s.Out(". 8001:9001")
	s.Out("P. 9001:10001")
	for range 3 {
		s.In(". 1 ack 2001 win 60000")
	}
	s.Out(". 2001:3001")
	s.Advance(rackRTT)
	s.In(". 1 ack 10001 win 60000")
	counts(t, s, 2, 1)
}

// Without SACK, a first acknowledgment that leaps tells of a gap that was filled:
// the timeout was for a loss.
func TestFRTOLeap(t *testing.T) {
	s := timedOut(t, withoutSACK(), 6)
	s.In(". 1 ack 4001 win 60000")
	s.Out(". 4001:5001")
	s.Out(". 5001:6001")
	counts(t, s, 3, 0)
	s.In("R 1 win 0")
}
