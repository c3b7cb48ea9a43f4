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

// RFC 5961, section 3.2: only a reset exactly at RCV.NXT counts.
func TestBlindReset(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.In("R 70000 win 0") // outside of the window: dropped
	s.In("R 10 win 0")
	s.Out(". 1 ack 1")
	s.In("R 11 win 0") // within the rate limit of section 7
	s.Advance(engine.DefaultInvalidRateLimit)
	s.In("R 12 win 0")
	s.Out(". 1 ack 1")
	s.State(engine.StateEstablished)
	s.In("R 1 win 0")
	s.Closed(engine.ReasonReset)
}

// RFC 5961, section 4.2: a SYN is challenged, wherever it is.
func TestBlindSyn(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	for _, at := range []string{"S 1 win 100", "S 500 win 100", "S -5 win 100", "S 70000 win 100", "S. 0 ack 1 win 100"} {
		s.In(at)
		s.Out(". 1 ack 1")
		s.Advance(engine.DefaultInvalidRateLimit)
	}
	s.State(engine.StateEstablished)
}

// RFC 5961, section 5.2: SND.UNA - MAX.SND.WND <= SEG.ACK <= SND.NXT.
func TestBlindData(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.Write(3000)
	s.Out(". 1:1001 ack 1")
	s.In(". 1 ack 1001 win 1000")
	s.Out(". 1001:2001 ack 1")
	s.In("P. 1:11 ack 2002 win 1000") // beyond SND.NXT
	s.Out(". 2001 ack 1")
	s.In("P. 1:11 ack 1 win 1000") // old, but acceptable: text is taken
	s.Out(". 2001 ack 11")
	s.In("P. 11:21 ack 0 win 1000") // too old: dropped, and within the rate limit
	s.Read(100, 10)
}

// A FIN alone, whose acknowledgment is one octet too large, is taken without it, as
// netstack takes it; nothing else with such an acknowledgment is, and no FIN after
// ours.
func TestFinThatOvercounts(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	for _, in := range []string{
		"F. 1 ack 3 win 1000",    // two octets
		"F. 2 ack 2 win 1000",    // not in order
		"FP. 1:3 ack 2 win 1000", // with text
		". 1 ack 2 win 1000",     // no FIN
	} {
		s.In(in)
		s.Out(". 1 ack 1")
		s.State(engine.StateEstablished)
		s.Advance(engine.DefaultInvalidRateLimit)
	}
	s.In("F. 1 ack 2 win 10")
	s.Out(". 1 ack 2")
	s.State(engine.StateCloseWait)
	s.Write(20) // the window is the old one
	s.Out("P. 1:21 ack 2")

	s = Established(t, plain(nil), 1000, "<mss 1460>")
	s.Do("close", closeWrite)
	s.Out("F. 1 ack 1")
	s.In("F. 1 ack 3 win 1000")
	s.Out(". 2 ack 1")
	s.State(engine.StateFinWait1)
}

// Segments that cannot be accepted are answered with where we stand (RFC 9293,
// section 3.10.7.4, first; MUST-64..66).
func TestOutsideTheWindow(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.In("P. -10:-5 ack 1 win 1000") // an old segment: answered at once
	s.Out(". 1 ack 1")
	s.In("P. -10:-5 ack 1 win 1000")
	s.Out(". 1 ack 1")
	s.In(". 0 ack 1 win 1000") // a probe: answered within the rate limit
	s.Out(". 1 ack 1")
	s.In(". 0 ack 1 win 1000")
	s.In("P. -4:6 ack 1 win 1000") // overlaps the left edge
	s.Out(". 1 ack 6")
	s.Read(100, 5)
}

// A segment without ACK is dropped (RFC 9293, section 3.10.7.4, fifth).
func TestNoAck(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.In("P 1:10 win 1000")
	s.In("F 1 win 1000")
	s.Read(100, 0)
	s.State(engine.StateEstablished)
}

// PAWS (RFC 7323, section 5.3) and Last.ACK.sent (section 4.3).
func TestPAWS(t *testing.T) {
	o := Options{Params: engine.Params{NoSACK: true, NoWindowScale: true}, ISS: 5, IRS: 6}
	s := Established(t, o, 60000, "<mss 1460,ts 1000 0>")
	s.In("P. 1:11 ack 1 win 60000 <ts 1001 0>")
	s.Out(". 1 ack 11 <ts 3600000 1001>")
	s.In("P. 11:21 ack 1 win 60000 <ts 999 0>") // older than TS.Recent
	s.Out(". 1 ack 11 <ts 3600000 1001>")
	s.In("P. 21:31 ack 1 win 60000 <ts 1005 0>") // beyond Last.ACK.sent: not taken for TS.Recent
	s.Out(". 1 ack 11 <ts 3600000 1001>")
	s.In("P. 11:21 ack 1 win 60000 <ts 1003 0>")
	s.Out(". 1 ack 31 <ts 3600000 1003>")
	s.In("P. 31:41 ack 1 win 60000 <>") // without the option: taken all the same
	s.Out(". 1 ack 41")
	s.Advance(25 * 24 * time.Hour)
	s.In("P. 41:51 ack 1 win 60000 <ts 1 0>") // TS.Recent is out of date (5.5)
	s.Out(". 1 ack 51")
	s.In("R 51 win 0 <ts 0 0>") // never for a reset
	s.Closed(engine.ReasonReset)
}

// RFC 7323, section 5.2: the reset of a user's abort has timestamps (SHOULD), and a
// reset that is not taken changes no timestamp (MUST NOT).
func TestResetStamps(t *testing.T) {
	o := Options{Params: engine.Params{NoSACK: true, NoWindowScale: true}}
	s := Established(t, o, 60000, "<mss 1460,ts 1000 0>")
	s.In("R 100 win 0 <ts 9000 0>") // challenged
	s.Out(". 1 ack 1 <ts 3600000 1000>")
	s.In("P. 1:11 ack 1 win 60000 <ts 1001 0>")
	s.Out(". 1 ack 11 <ts 3600000 1001>")
	s.Do("abort", func(c *engine.Conn, now engine.Instant) { c.Abort(now) })
	s.Out("R. 1 ack 11 <ts 3600000 1001>")
}

// RFC 7323, section 5.4: the clock of timestamps ticks a thousand times a second,
// which is once in less than 2^31 bytes up to 17 Tbit/s (MUST), and comes round in
// 49 days (MUST: in more than an MSL).
func TestTimestampClock(t *testing.T) {
	o := Options{Params: engine.Params{NoSACK: true, NoWindowScale: true, TSOffset: 1<<32 - 3_600_002}}
	s := Established(t, o, 60000, "<mss 1460,ts 1000 0>")
	for i, val := range []string{"4294967294", "4294967295", "0", "1"} {
		s.In(fmt.Sprintf("P. %d:%d ack 1 win 60000 <ts 1001 0>", 1+10*i, 11+10*i))
		s.Out(fmt.Sprintf(". 1 ack %d <ts %s 1001>", 11+10*i, val))
		s.Advance(time.Millisecond)
	}
	s.Advance(1<<32*time.Millisecond - 4*time.Millisecond)
	s.In("P. 41:51 ack 1 win 60000 <ts 1001 0>")
	s.Out(". 1 ack 51 <ts 4294967294 1001>")
}

// A timestamp counts only with an acceptable acknowledgment: who can tell the
// window, and no more, must not have PAWS refuse the peer (RFC 7323, section 5.3;
// RFC 5961, section 5.2).
func TestBlindTimestamp(t *testing.T) {
	o := Options{Params: engine.Params{NoSACK: true, NoWindowScale: true}, ISS: 5, IRS: 6}
	for _, forged := range []string{
		"P. 1:11 ack 2 win 60000 <ts 1000000 0>",
		"P. 1:11 ack -60000 win 60000 <ts 1000000 0>",
		"P 1:11 win 60000 <ts 1000000 0>",
		"S 1 win 60000 <ts 1000000 0>",
	} {
		s := Established(t, o, 50000, "<mss 1460,ts 1000 0>")
		s.In(forged)
		if s.Conn.Counters().ChallengeAcks > 0 {
			s.Out(". 1 ack 1 <ts 3600000 1000>")
		}
		s.In("P. 1:11 ack 1 win 60000 <ts 1001 0>")
		s.Out(". 1 ack 11 <ts 3600000 1001>")
		s.Read(100, 10)
	}
	// Nor one in SYN-RECEIVED, which is answered with a reset.
	s := Passive(t, o, "S 0 win 60000 <mss 1460,ts 1000 0>")
	s.Out("S. 0 ack 1 <mss 1460,ts 3600000 1000>")
	s.In("P. 1:11 ack 900000 win 60000 <ts 1000000 0>")
	s.Out("R 900000")
	s.In("P. 1:11 ack 1 win 60000 <ts 1001 0>")
	s.Out(". 1 ack 11 <ts 3600000 1001>")
	s.State(engine.StateEstablished)
}

// RFC 5927, section 4.1: news of a smaller path counts only about what is
// outstanding; then what is too long is sent again, and no window shrinks.
func TestPathMTU(t *testing.T) {
	s := Established(t, plain(nil), 60000, "<mss 1460>")
	s.Write(2920)
	first := s.Out(". 1:1461 ack 1")
	s.Out("P. 1461:2921 ack 1")
	cwnd := s.Conn.Info().Cwnd
	s.Do("forged", func(c *engine.Conn, now engine.Instant) { c.HandlePathMTU(now, 500, first.Seq.Add(-1)) })
	s.Do("forged", func(c *engine.Conn, now engine.Instant) { c.HandlePathMTU(now, 500, first.Seq.Add(5000)) })
	s.Do("news", func(c *engine.Conn, now engine.Instant) { c.HandlePathMTU(now, 1000, first.Seq) })
	s.Out(". 1:1001 ack 1")
	s.Out(". 1001:1461 ack 1")
	s.Out(". 1461:2461 ack 1")
	s.Out("P. 2461:2921 ack 1")
	if got := s.Conn.Info().Cwnd; got != cwnd {
		t.Errorf("cwnd went from %d to %d", cwnd, got)
	}
	s.In(". 1 ack 2921 win 60000")
}

// Hard errors end only the handshake; others are soft (RFC 9293, 3.9.2.2).
func TestUnreachable(t *testing.T) {
	s := Active(t, plain(nil))
	syn := s.Out("S 0")
	s.Do("soft", func(c *engine.Conn, now engine.Instant) {
		c.HandleUnreachable(now, engine.ReasonHostUnreachable, syn.Seq)
	})
	s.State(engine.StateSynSent)
	s.Do("forged", func(c *engine.Conn, now engine.Instant) {
		c.HandleUnreachable(now, engine.ReasonPortUnreachable, syn.Seq.Add(9))
	})
	s.State(engine.StateSynSent)
	s.Do("hard", func(c *engine.Conn, now engine.Instant) {
		c.HandleUnreachable(now, engine.ReasonPortUnreachable, syn.Seq)
	})
	s.Closed(engine.ReasonRefused)
}
