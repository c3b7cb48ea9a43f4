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

// outs expects n full segments, from a position on; the last ends what was
// written.
func outs(s *Script, from, n int, last bool) {
	for i := range n {
		flags := ". "
		if last && i == n-1 {
			flags = "P. "
		}
		s.Out(flags + span(from+i*1000, from+i*1000+1000))
	}
}

// grown is a connection whose window has grown to 20 segments.
func grown(t *testing.T, cc string) *Script {
	t.Helper()
	o := plain(nil)
	o.Params.CongestionControl = cc
	s := Established(t, o, 60000, "<mss 1000>")
	send(s, 1, 10)
	s.In(". 1 ack 10001 win 60000")
	if got := s.Conn.Info().Cwnd; got != 20000 {
		t.Fatalf("cwnd %d", got)
	}
	return s
}

// RFC 7661, section 4.4: the window outlives a pause. What was used within the
// sampling period goes out at once.
func TestPauseKeepsWindow(t *testing.T) {
	for _, cc := range []string{"reno", "cubic"} {
		s := grown(t, cc)
		s.Advance(900 * time.Millisecond)
		send(s, 10001, 20)
		s.In(". 1 ack 30001 win 60000")
	}
}

// RFC 7661, section 4.4.2: after a longer pause, text goes out in bursts of the
// initial window, one for each acknowledgment; and the window does not grow until
// half of it was used (section 4.4).
func TestPauseBoundsBursts(t *testing.T) {
	for _, cc := range []string{"reno", "cubic"} {
		s := grown(t, cc)
		s.Advance(2 * time.Minute)
		s.Write(30000)
		outs(s, 10001, 10, false)
		s.Advance(rackRTT)
		s.In(". 1 ack 11001 win 60000")
		outs(s, 20001, 10, false)
		if got := s.Conn.Info().Cwnd; got != 20000 {
			t.Errorf("cwnd %d after the first acknowledgment, want 20000", got)
		}
		s.In(". 1 ack 20001 win 60000")
		if got := s.Conn.Info().Cwnd; got <= 20000 {
			t.Errorf("cwnd %d when half of it was used, want more", got)
		}
		outs(s, 30001, 10, true)
		s.In("R 1 win 0")
	}
}

// RFC 7661, section 4.4.3: after five minutes, the window is halved. For a window
// of 20 that is the initial window.
func TestPauseOutlastsWindow(t *testing.T) {
	for _, cc := range []string{"reno", "cubic"} {
		s := grown(t, cc)
		s.Advance(5 * time.Minute)
		send(s, 10001, 10)
		if got := s.Conn.Info().Cwnd; got != 10000 {
			t.Errorf("cwnd %d, want 10000", got)
		}
		s.In(". 1 ack 20001 win 60000")
	}
}

// A burst that is lost does not stall what follows: the timer sends its first
// segment again, and what comes then bounds no more.
func TestPauseBurstLost(t *testing.T) {
	s := grown(t, "reno")
	s.Advance(time.Minute)
	s.Write(15000)
	outs(s, 10001, 10, false)
	s.Expires(engine.DefaultMinRTO, ". 10001:11001")
	s.Advance(rackRTT)
	s.In(". 1 ack 20001 win 60000")
	outs(s, 20001, 5, true)
	s.In(". 1 ack 25001 win 60000")
}

// RFC 7661, section 4.4, RFC 5681, section 3.1: a window that the application, or
// the peer's window, does not let be used does not grow: in slow start not beyond
// twice of what is used.
func TestLimitedWindow(t *testing.T) {
	t.Run("application", func(t *testing.T) {
		s := Established(t, plain(nil), 60000, "<mss 1000>")
		for at := 1; at < 50000; at += 1000 {
			send(s, at, 1)
			s.Advance(rackRTT)
			s.In(". 1 ack " + strconv.Itoa(at+1000) + " win 60000")
		}
		if got := s.Conn.Info().Cwnd; got != 10000 {
			t.Errorf("cwnd %d by one segment a round trip, want 10000", got)
		}
	})
	t.Run("peer", func(t *testing.T) {
		s := Established(t, plain(nil), 12000, "<mss 1000>")
		s.Write(120000)
		outs(s, 1, 10, false)
		for at := 1; at < 100001; at += 1000 {
			s.In(". 1 ack " + strconv.Itoa(at+1000) + " win 12000")
			switch at {
			case 1:
				outs(s, 10001, 2, false)
			case 1001:
				outs(s, 12001, 2, false)
			default:
				outs(s, at+12000, 1, at+13000 == 120001)
			}
			s.Advance(rackRTT / 12)
		}
		// One acknowledgment opens it to 24 segments at most.
		if got := s.Conn.Info().Cwnd; got < 20000 || got > 25000 {
			t.Errorf("cwnd %d with a peer's window of 12000, want twice that at most", got)
		}
		s.In("R 1 win 0")
	})
}

// In slow start, each acknowledgment of a round trip opens a window that this round
// trip has used in half (RFC 7661, section 4.3), also the last ones, which leave
// little outstanding; those of a round trip that has not used it do not.
func TestSlowStartOfRoundTrip(t *testing.T) {
	for _, cc := range []string{"reno", "cubic"} {
		o := plain(nil)
		o.Params.CongestionControl = cc
		s := Established(t, o, 60000, "<mss 1000>")
		want := func(cwnd int) {
			t.Helper()
			if got := s.Conn.Info().Cwnd; got != cwnd {
				t.Errorf("%s: cwnd %d, want %d", cc, got, cwnd)
			}
		}
		send(s, 1, 10)
		for i := 1; i <= 5; i++ {
			s.In(". 1 ack " + strconv.Itoa(2000*i+1) + " win 60000")
			want(10000 + 2000*i)
		}
		send(s, 10001, 4)
		s.In(". 1 ack 12001 win 60000")
		s.In(". 1 ack 14001 win 60000")
		want(20000)
		s.In("R 1 win 0")
	}
}
