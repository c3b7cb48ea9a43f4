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

// stamped is racked with timestamps: the handshake's are 3600000 ms.
func stamped(t *testing.T) *Script {
	t.Helper()
	o := Options{Params: engine.Params{NoWindowScale: true}, RTT: rackRTT}
	return Established(t, o, 60000, "<mss 1012,sackOK,ts 1 3600000>")
}

// probeAfter is when a tail is probed (RFC 8985, section 7.2).
const probeAfter = 2*rackRTT + 2*time.Millisecond

// A loss that a tail probe has found: two segments go out (RFC 8985, section 3.4,
// step 5c), and no more until one of them is known to have arrived, by the
// timestamp that is echoed, or all of them. Then recovery is like any other.
func TestTailProbeFindsLoss(t *testing.T) {
	s := stamped(t)
	send(s, 1, 10)
	s.Expires(probeAfter, "P. 9001:10001 ack 1")
	s.Advance(rackRTT)
	s.In(". 1 ack 2001 win 60000 <ts 2 3600040,sack 9001-10001>")
	s.Out(". 2001:3001")
	s.Out(". 3001:4001")
	s.Advance(rackRTT)
	s.In(". 1 ack 3001 win 60000") // which copy that is about, it does not say
	s.In(". 1 ack 4001 win 60000")
	for at := 4001; at < 8001; at += 1000 { // nothing is on its way any more
		s.Out(". " + span(at, at+1000))
	}
	s.In(". 1 ack 10001 win 60000 <ts 2 3600202>")
	if c := s.Conn.Counters(); c.ProbeRecoveries != 1 || c.FastRecoveries != 1 || c.FastRetransmits != 1 || c.Timeouts != 0 {
		t.Errorf("%+v", *c)
	}

	s = stamped(t)
	send(s, 1, 10)
	s.Expires(probeAfter, "P. 9001:10001 ack 1")
	s.Advance(rackRTT)
	s.In(". 1 ack 2001 win 60000 <ts 2 3600040,sack 9001-10001>")
	s.Out(". 2001:3001")
	s.Out(". 3001:4001")
	s.Advance(rackRTT)
	s.In(". 1 ack 3001 win 60000 <ts 2 3600162,sack 9001-10001>") // it does
	s.Out(". 4001:5001")
	s.Out(". 5001:6001")
	s.Out(". 6001:7001")
	s.In(". 1 ack 10001 win 60000 <ts 2 3600202>")
}

// A window that has closed is waited for in fast recovery (RFC 9293, section
// 3.8.6), the first segment included: the timer probes it.
func TestRecoveryWaitsForWindow(t *testing.T) {
	s := racked(t)
	send(s, 1, 8)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 5001-8001>")
	s.Out(". 1:1001")
	s.Out(". 1001:2001")
	s.Out(". 2001:3001")
	s.Advance(rackRTT)
	s.In(". 1 ack 3001 win 0 <sack 5001-8001>")
	s.Expires(rackRTT+engine.DefaultMinRTO, ". 3001:4001")
	s.Advance(rackRTT)
	s.In(". 1 ack 8001 win 60000")
}

// RACK is told of a tail probe's arrival by SACK, though the timestamp that is
// echoed there is that of older text.
func TestTailProbeIsSACKedBesideTimestamps(t *testing.T) {
	s := stamped(t)
	send(s, 1, 2)
	s.Expires(probeAfter, "P. 1001:2001 ack 1")
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <ts 2 3600000,sack 1001-2001>")
	s.Out(". 1:1001")
	s.Advance(rackRTT)
	s.In(". 1 ack 2001 win 60000 <ts 2 3600162>")
	if c := s.Conn.Counters(); c.Timeouts != 0 || c.FastRecoveries != 1 {
		t.Errorf("%+v", *c)
	}
}

// What is acknowledged sooner than a round trip after a tail probe is the first
// copy, and RACK knows when that was sent: what was sent before it is lost when
// the reordering window is over.
func TestTailProbeFirstCopy(t *testing.T) {
	s := racked(t)
	send(s, 1, 3)
	s.Expires(probeAfter, "P. 2001:3001 ack 1")
	s.Advance(time.Millisecond)
	s.In(". 1 ack 1 win 60000 <sack 2001-3001>")
	s.Expires(rackRTT/4, ". 1:1001")
	s.Out(". 1001:2001")
	s.Advance(rackRTT)
	s.In(". 1 ack 3001 win 60000")
}

// RFC 8985, section 7.4.2: a loss that a tail probe has repaired counts, at once,
// and what shows that there was none takes that back.
func TestTailProbeVerdict(t *testing.T) {
	const ack = ". 1 ack 3001 win 60000"
	for _, tt := range []struct {
		name, ack, late string
		lost, spurious  bool
	}{
		{"repaired", ack, "", true, false},
		{"both copies at once", ack + " <sack 2001-3001>", "", false, false},
		{"both copies, one late", ack, ack + " <sack 2001-3001>", true, true},
		{"both copies, without DSACK", ack, ack, true, true},
		{"a window update", ack, ". 1 ack 3001 win 50000", true, false},
		{"the second copy by its timestamp", ack + " <ts 2 3600122>", "", true, false},
		{"that, and a duplicate", ack + " <ts 2 3600122>", ack, true, false},
		{"the first copy by its timestamp", ack + " <ts 2 3600040>", "", false, false},
	} {
		for _, more := range []bool{false, true} { // something else is outstanding
			t.Run(fmt.Sprintf("%s, more: %t", tt.name, more), func(t *testing.T) {
				s := stamped(t)
				send(s, 1, 3)
				before := s.Conn.Info().Cwnd
				s.Expires(probeAfter, "P. 2001:3001 ack 1")
				if more {
					s.Write(1000)
					s.Out("P. 3001:4001 ack 1")
				}
				s.Advance(rackRTT)
				s.In(tt.ack)
				if got := s.Conn.Info().Cwnd < before; got != tt.lost {
					t.Errorf("cwnd went from %d to %d", before, s.Conn.Info().Cwnd)
				}
				if tt.late != "" {
					s.In(tt.late)
				}
				if got := s.Conn.Info().Cwnd < before; got != (tt.lost && !tt.spurious) {
					t.Errorf("at last, cwnd went from %d to %d", before, s.Conn.Info().Cwnd)
				}
				want := map[bool]uint32{true: 1}
				if c := s.Conn.Counters(); c.FastRecoveries != want[tt.lost] || c.SpuriousRecoveries != want[tt.spurious] || c.ProbeRecoveries != 0 {
					t.Errorf("%+v", *c)
				}
				if more {
					s.In(". 1 ack 4001 win 60000 <ts 3 3600170>")
				}
			})
		}
	}
}

// Within the granularity of the clock, nothing tells the first copy of what a tail
// probe sent again from the second.
func TestTailProbeVerdictWithinGranularity(t *testing.T) {
	for _, early := range []time.Duration{time.Millisecond / 2, 2 * time.Millisecond} {
		s := racked(t)
		send(s, 1, 3)
		s.Expires(probeAfter, "P. 2001:3001 ack 1")
		s.Advance(rackRTT - early)
		s.In(". 1 ack 3001 win 60000")
		if got, want := s.Conn.Counters().FastRecoveries == 1, early < time.Millisecond; got != want {
			t.Errorf("%v early: a loss: %t", early, got)
		}
	}
}

// RFC 3522, section 3.2: that a recovery was for nothing is noted with the first
// acknowledgment that says so, and once; it is taken back when the rest is known.
func TestSpuriousRecoveryIsNoted(t *testing.T) {
	s := stamped(t)
	send(s, 1, 6)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <ts 2 3600000,sack 3001-6001>")
	s.Out(". 1:1001")
	s.Out(". 1001:2001")
	s.Out(". 2001:3001")
	reduced := s.Conn.Info().Cwnd
	s.In(". 1 ack 1001 win 60000 <ts 2 3600040,sack 3001-6001>")
	if c := s.Conn.Counters(); c.SpuriousRecoveries != 1 || c.SpuriousTimeouts != 0 {
		t.Errorf("%+v", *c)
	}
	k := s.Conn.Snapshot(s.Now)
	if !k.Recovery.Spurious || !k.Recovery.Fast {
		t.Errorf("%+v", k.Recovery)
	}
	s.In(". 1 ack 6001 win 60000 <ts 2 3600040>")
	if c := s.Conn.Counters(); c.SpuriousRecoveries != 1 {
		t.Errorf("%+v", *c)
	}
	if got := s.Conn.Info().Cwnd; got <= reduced || s.Conn.Info().Recovering {
		t.Errorf("cwnd %d, and was reduced to %d", got, reduced)
	}
}
