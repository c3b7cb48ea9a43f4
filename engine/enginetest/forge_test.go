// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tcpcb/engine"
)

// TestForged: each kind of forged packet gets to a host in mid-transfer, and does
// no harm, but for the one that nobody can resist.
func TestForged(t *testing.T) {
	for kind := range numForgeries {
		c := smallConfig()
		c.Hosts[0].Write, c.Hosts[1].Write = 3000, 0 // or the trace is too long to keep whole
		c.Hosts[0].WriteSize, c.Hosts[0].WritePause = [2]int{300, 300}, 10*time.Millisecond
		for at := range time.Duration(10) {
			c.Forged = append(c.Forged, Forged{After: (20 + at) * time.Millisecond, To: 0, Kind: kind, By: 100, Text: 50, Times: 3})
		}
		// Who is told nothing finds out by asking.
		set := engine.DefaultSettings()
		set.KeepAlive, set.KeepAliveIdle = true, time.Minute
		c.Hosts[1].Settings = set
		s := newSim(1, &c, true)
		r := s.run()
		if r.Err != nil {
			t.Errorf("kind %d: %v", kind, r.Err)
		}
		if kind != ForgeReset && !slices.ContainsFunc(r.Trace, func(line string) bool { return strings.Contains(line, "forged") }) {
			t.Errorf("kind %d: nothing was forged", kind)
		}
		if whole := r.Hosts[1].Read == c.Hosts[0].Write; whole != (kind != ForgeReset) || whole != c.Orderly() {
			t.Errorf("kind %d: all came: %v; orderly: %v", kind, whole, c.Orderly())
		}
	}
}

// TestLinkSpoils: what is replayed comes twice, and what is truncated does not.
func TestLinkSpoils(t *testing.T) {
	c := smallConfig()
	c.Links[0].Replay, c.Links[0].ReplayBy = 1, time.Second
	r := Run(1, c)
	if r.Err != nil || r.Hosts[1].Counters.SegsIn < 2*r.Hosts[0].Counters.SegsOut-3 {
		t.Errorf("%v: %d segments came of %d, want each twice", r.Err, r.Hosts[1].Counters.SegsIn, r.Hosts[0].Counters.SegsOut)
	}
	c = smallConfig()
	c.Links[0].Truncate = 0.3
	if r = Run(1, c); r.Err != nil || r.Hosts[0].Counters.Retransmits == 0 {
		t.Errorf("%v: nothing was sent again though a third was truncated", r.Err)
	}
}

// TestChanges: the path becomes another on the way.
func TestChanges(t *testing.T) {
	c := smallConfig()
	c.Changes = []Change{{After: 3 * time.Millisecond, Dir: 1, Link: Link{Delay: time.Second}}}
	if r := Run(1, c); r.Err != nil || r.Hosts[0].EndedAt < time.Second {
		t.Errorf("%v: host 0 read to the end by %v", r.Err, r.Hosts[0].EndedAt)
	}
}
