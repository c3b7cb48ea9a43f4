// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
)

// counting is racked without RACK: losses are found by counting.
func counting(t *testing.T) *Script {
	t.Helper()
	o := withSACK()
	o.RTT = rackRTT
	o.Settings = func(set *engine.Settings) { set.NoRACK, set.NoDelay = true, true }
	return Established(t, o, 60000, "<mss 1000,sackOK>")
}

// Without RACK, recovery is netstack's: what is SACKed before it lets nothing out
// and does not open the window; in it, ssthresh and three segments may be in the
// network, all at once (RFC 5681, section 3.2, step 3; RFC 6675, section 5).
func TestCountingRecovery(t *testing.T) {
	s := counting(t)
	s.Write(40000)
	for at := 1; at < 10001; at += 1000 {
		s.Out(". " + span(at, at+1000))
	}
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-2001>")
	s.In(". 1 ack 1 win 60000 <sack 1001-3001>")
	s.In(". 1 ack 1 win 60000 <sack 1001-4001>")
	s.Out(". 1:1001")
	if got := s.Conn.Info().Ssthresh; got != 5000 {
		t.Errorf("ssthresh %d, want 5000", got)
	}
	// 7 of 10 are in the network yet, and 8 may be.
	s.Out(". 10001:11001")
	s.In(". 1 ack 1 win 60000 <sack 1001-6001>")
	s.Out(". 11001:12001")
	s.Out(". 12001:13001")
	s.Advance(rackRTT)
	s.In(". 1 ack 10001 win 60000")
	if got := s.Conn.Info().Cwnd; got != 5000 {
		t.Errorf("cwnd %d after recovery, want 5000", got)
	}
	s.Out(". 13001:14001")
	s.Out(". 14001:15001")
	if c := s.Conn.Counters(); c.FastRetransmits != 1 || c.Retransmits != 1 || c.FastRecoveries != 1 {
		t.Errorf("%+v", *c)
	}
}

// Without RACK, a recovery begins only when more is acknowledged than was sent
// before the last one (RFC 6582, section 3.2, step 2); until then, it is the
// timer's. With SACK, that is RFC 6675, section 5.1 (MUST NOT).
func TestCountingRecoveryOnce(t *testing.T) {
	s := counting(t)
	send(s, 1, 6)
	s.Advance(rackRTT)
	s.In(". 1 ack 1001 win 60000") // the first may begin anywhere behind that
	s.In(". 1 ack 1001 win 60000 <sack 2001-6001>")
	s.Out(". 1001:2001")
	send(s, 6001, 4)
	s.Advance(rackRTT)
	s.In(". 1 ack 6001 win 60000 <sack 7001-10001>")
	s.Expires(rackRTT+engine.DefaultMinRTO, ". 6001:7001")
	s.Advance(rackRTT)
	s.In(". 1 ack 10001 win 60000")
	if c := s.Conn.Counters(); c.FastRecoveries != 1 || c.Timeouts != 1 || c.Retransmits != 2 || c.SlowStartRetransmits != 1 {
		t.Errorf("%+v", *c)
	}

	s = counting(t)
	send(s, 1, 6)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-6001>")
	s.Out(". 1:1001")
	send(s, 6001, 5)
	s.Advance(rackRTT)
	s.In(". 1 ack 7001 win 60000 <sack 8001-11001>")
	s.Out(". 7001:8001")
	s.Advance(rackRTT)
	s.In(". 1 ack 11001 win 60000")
}
