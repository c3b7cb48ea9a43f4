// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"
	"time"

	"tcpcb/engine"
	"tcpcb/engine/enginetest"
)

// cutRun is a transfer over a path that is cut for 5 s in its second second, and
// what its sender traced: its timeouts, and when it had recovered, counted from the
// start.
func cutRun(t *testing.T, seed uint64, cc string, maxRTO time.Duration) (timeouts []time.Duration, recovered time.Duration) {
	t.Helper()
	const rtt = 40 * time.Millisecond
	set := engine.DefaultSettings()
	set.MaxRTO = maxRTO
	host := enginetest.Host{Params: engine.Params{MSS: 1460, CongestionControl: cc}, Settings: set}
	link := enginetest.Link{Rate: 10 * mbit, Queue: 10 * mbit / 25, Delay: rtt / 2, CutAt: cutAt, CutFor: cutFor}
	c := enginetest.Config{Hosts: [2]enginetest.Host{host, host}, Links: [2]enginetest.Link{link, link}, CheckEvery: 100}
	c.Hosts[0].Write = 2 << 20
	c.Hosts[0].WriteSize = [2]int{1 << 16, 1 << 16}
	var start engine.Instant
	c.Hosts[0].Params.Trace = func(e engine.TraceEvent) {
		at := e.At.Sub(start)
		switch {
		case e.Kind == engine.TraceState && e.Old == engine.StateClosed:
			start, timeouts, recovered = e.At, nil, 0
		case e.Kind == engine.TraceTimeout:
			timeouts = append(timeouts, at)
		case (e.Kind == engine.TraceRecovered || e.Kind == engine.TraceUndo) && recovered == 0 && at > cutAt+cutFor:
			recovered = at
		}
	}
	simulate(t, seed, c)
	if recovered == 0 {
		t.Fatal("it never recovered")
	}
	return timeouts, recovered
}

const (
	cutAt  = time.Second
	cutFor = 5 * time.Second
)

// TestCutBoundedRTO: with a MaxRTO of a second (RFC 6298, section 2.5), a
// connection goes on within a second of the return of a path that was cut for 5 s.
func TestCutBoundedRTO(t *testing.T) {
	for _, cc := range engine.CongestionControls() {
		for seed := range seeds(t, 20) {
			timeouts, recovered := cutRun(t, seed, cc, time.Second)
			for i, at := range timeouts[1:] {
				if gap := at - timeouts[i]; gap > time.Second {
					t.Errorf("%s: a timeout after %v", cc, gap)
				}
			}
			var first time.Duration // to get through
			for _, at := range timeouts {
				if at >= cutAt+cutFor && first == 0 {
					first = at
				}
			}
			if first == 0 || first > cutAt+cutFor+time.Second {
				t.Errorf("%s: the first timeout after the cut is at %v, want within a second", cc, first)
			}
			if late := recovered - first; late > 500*time.Millisecond {
				t.Errorf("%s: recovered %v after that", cc, late)
			}
		}
	}
}

// TestCutBackoff: by default each timeout is twice the one before (RFC 6298,
// section 5.5, MUST), up to two minutes, so that the path is found to be back
// later than it could be.
func TestCutBackoff(t *testing.T) {
	for _, cc := range engine.CongestionControls() {
		timeouts, _ := cutRun(t, 1, cc, engine.DefaultMaxRTO)
		// All but the last, and that, are of one series, the first of which follows
		// a retransmission by the first timeout.
		if n := len(timeouts); n < 4 || n > 6 {
			t.Fatalf("%s: %d timeouts in 5 s", cc, n)
		}
		for i := 2; i < len(timeouts); i++ {
			was, is := timeouts[i-1]-timeouts[i-2], timeouts[i]-timeouts[i-1]
			if d := is - 2*was; d.Abs() > time.Millisecond {
				t.Errorf("%s: %v after %v, want twice that", cc, is, was)
			}
		}
	}
}
