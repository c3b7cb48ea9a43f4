// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"testing"
	"time"

	. "tcpcb/engine/enginetest"
)

// repairAfter is how long a recovery waits for news of what it has sent again, after
// two measurements of rackRTT, the first of which leaves the variance at half of it.
const repairAfter = rackRTT + 4*3*rackRTT/8 + 2*time.Millisecond

// lostAgain returns a connection that has sent four segments, of which the first
// was lost, and so was what recovery has sent.
func lostAgain(t *testing.T) *Script {
	t.Helper()
	s := Established(t, withRACK(), 60000, "<mss 1000,sackOK>")
	send(s, 1, 4)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-4001>")
	s.Out(". 1:1001")
	return s
}

// Where a retransmission is lost and nothing was sent after it, it goes out again
// long before the timer. The window is that of one recovery, and no timeout's.
func TestRepairRetransmission(t *testing.T) {
	s := lostAgain(t)
	s.Expires(repairAfter, ". 1:1001")
	s.Advance(rackRTT)
	s.In(". 1 ack 4001 win 60000")
	if c, i := s.Conn.Counters(), s.Conn.Info(); c.Timeouts != 0 || c.FastRecoveries != 1 || c.TailProbes != 1 || i.Recovering || i.Cwnd < 2000 {
		t.Errorf("%+v, and %+v", *c, i)
	}
}

// It is sent once: then the timer expires, and backs off (RFC 6298, section 5.5,
// MUST).
func TestRepairOnce(t *testing.T) {
	s := lostAgain(t)
	s.Expires(repairAfter, ". 1:1001")
	s.Expires(frtoRTO, ". 1:1001")
	s.Expires(2*frtoRTO, ". 1:1001")
	s.Advance(rackRTT)
	s.In(". 1 ack 4001 win 60000")
}

// What was only late, and what repaired it, are told by DSACK: nothing was lost
// (RFC 3708).
func TestRepairSpurious(t *testing.T) {
	s := lostAgain(t)
	s.Expires(repairAfter, ". 1:1001")
	s.In(". 1 ack 4001 win 60000") // by the first copy
	s.In(". 1 ack 4001 win 60000 <sack 1-1001>")
	s.In(". 1 ack 4001 win 60000 <sack 1-1001>")
	if c := s.Conn.Counters(); c.SpuriousRecoveries != 1 || c.Timeouts != 0 {
		t.Errorf("%+v", *c)
	}
}

// A window that the peer has closed is not probed so.
func TestRepairClosedWindow(t *testing.T) {
	s := lostAgain(t)
	s.In(". 1 ack 1 win 0 <sack 1001-4001>")
	s.Expires(frtoRTO, ". 1:1001")
	s.In(". 1 ack 4001 win 60000")
}

// After a timeout whose retransmission was acknowledged, two segments go out. Where
// both are lost, the first goes out again, and not a timeout later; RACK finds the
// other by it. A timestamp has measured a round trip since the tail probe.
func TestRepairAfterTimeout(t *testing.T) {
	o := withRACK()
	o.Params.NoTimestamps = false
	s := Established(t, o, 60000, "<mss 1012,sackOK,ts 1 0>")
	ack := func(to, val int, more string) {
		t.Helper()
		echo := s.Now.Sub(0).Milliseconds()
		s.Advance(rackRTT)
		s.In(fmt.Sprintf(". 1 ack %d win 60000 <%sts %d %d>", to, more, val, echo))
	}
	send(s, 1, 6)
	s.Expires(probeAfter, "P. 5001:6001")
	s.Expires(frtoRTO, ". 1:1001")
	ack(1001, 2, "")
	s.Out(". 1001:2001")
	s.Out(". 2001:3001")
	s.Expires(repairAfter, ". 1001:2001")
	ack(2001, 3, "")
	s.Out(". 2001:3001")
	s.Out(". 3001:4001")
	s.Out(". 4001:5001")
	if c := s.Conn.Counters(); c.Timeouts != 1 || c.TailProbes != 2 {
		t.Errorf("%+v", *c)
	}
	s.In("R 1 win 0 <ts 3 0>")
}
