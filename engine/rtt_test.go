// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
)

// TestRTT holds RFC 6298, section 2: the first sample, the later ones, and the
// figures of the original's test (400 ms, then 300 ms). RFC 9293, section 3.8.1,
// MUST-18, has it so.
func TestRTT(t *testing.T) {
	const ms = time.Millisecond
	var e rttEstimator
	if got := e.rto(0); got != time.Second {
		t.Errorf("before a sample the RTO is %v, want 1 s (2.1)", got)
	}
	e.sample(400 * ms)
	if e.srtt != 400*ms || e.rttvar != 200*ms || e.rto(0) != 1200*ms {
		t.Errorf("after 400 ms: SRTT %v RTTVAR %v RTO %v (2.2)", e.srtt, e.rttvar, e.rto(0))
	}
	e.sample(300 * ms)
	if e.srtt != 387500*time.Microsecond || e.rttvar != 175*ms || e.rto(0) != 1087500*time.Microsecond {
		t.Errorf("after 300 ms: SRTT %v RTTVAR %v RTO %v (2.3)", e.srtt, e.rttvar, e.rto(0))
	}
	if e.min != 300*ms || e.latest != 300*ms {
		t.Errorf("min %v latest %v", e.min, e.latest)
	}
	for range 100 {
		e.sample(10 * ms)
	}
	if e.rto(0) < e.srtt+clockGranularity {
		t.Errorf("the variance term is below the granularity: %v", e.rto(0)-e.srtt)
	}
}

// TestBackoff: the timeout doubles within its bounds (RFC 6298, 2.4, 2.5, 5.5).
func TestBackoff(t *testing.T) {
	set := DefaultSettings()
	c := Conn{set: &set}
	for n, want := range []time.Duration{1, 2, 4, 8, 16, 32, 64, 120, 120} {
		c.rto.backoff = int32(n)
		if got := c.timeout(); got != want*time.Second {
			t.Errorf("backoff %d: %v, want %v", n, got, want*time.Second)
		}
	}
	c = Conn{set: &set}
	c.rtt.sample(time.Microsecond)
	if got, want := c.timeout(), DefaultMinRTO+time.Microsecond; got != want {
		t.Errorf("RTO %v, want %v: the round trip, and its variance held to the minimum", got, want)
	}
}

// TestQueued: a queue has no end where the round trip is four times the least, and
// longer by a millisecond.
func TestQueued(t *testing.T) {
	const ms, us = time.Millisecond, time.Microsecond
	for _, test := range []struct {
		min, srtt time.Duration
		want      bool
	}{
		{50 * us, 400 * us, false}, {50 * us, 1200*us - 1, false}, {50 * us, 1200 * us, true},
		{ms, 5*ms - 1, false}, {ms, 5 * ms, true},
		{40 * ms, 120 * ms, false}, {40 * ms, 161 * ms, true},
	} {
		var c Conn
		c.rtt = rttEstimator{valid: true, min: test.min, srtt: test.srtt}
		if got := c.Queued(); got != test.want {
			t.Errorf("least %v, smoothed %v: %v", test.min, test.srtt, got)
		}
	}
	if new(Conn).Queued() {
		t.Error("queued before a round trip was measured")
	}
}
