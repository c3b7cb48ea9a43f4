// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"
	"time"

	"tcpcb/engine/enginetest"
)

// TestSimDeterministic: the same seed gives the same packets at the same
// instants, and another seed others.
func TestSimDeterministic(t *testing.T) {
	hashes := map[uint64]uint64{}
	for seed := range uint64(50) {
		c := enginetest.Anything(seed)
		first, second := simulate(t, seed, c), simulate(t, seed, c)
		if first.Hash != second.Hash || first.Elapsed != second.Elapsed || first.Packets != second.Packets {
			t.Errorf("seed %d: %x in %v, and then %x in %v", seed, first.Hash, first.Elapsed, second.Hash, second.Elapsed)
		}
		if other, ok := hashes[first.Hash]; ok {
			t.Errorf("seeds %d and %d give the same packets", other, seed)
		}
		hashes[first.Hash] = seed
	}
}

// TestSimCleanIsFrugal: on a clean path nothing is sent twice (Run checks
// that), and the number of packets is about that of the segments and their
// acknowledgments.
func TestSimCleanIsFrugal(t *testing.T) {
	for seed := range uint64(5) {
		const n = 2_000_000
		c := pair(n, 0, 10*time.Millisecond)
		c.CheckEvery = 500
		r := simulate(t, seed, c)
		segments := n / (1460 - 12)
		if r.Packets < segments || r.Packets > 2*segments+200 {
			t.Errorf("%d packets for %d segments", r.Packets, segments)
		}
		// Slow start from 10 segments to a window of 1 MiB is 7 round trips;
		// the rest is window by window.
		if limit := 15 * 20 * time.Millisecond; r.Elapsed > limit {
			t.Errorf("%d bytes took %v, want %v at most", n, r.Elapsed, limit)
		}
	}
}

// TestSimBigWindows fills a path of 16 MiB windows, with holes in them.
func TestSimBigWindows(t *testing.T) {
	for _, loss := range []float64{0, 0.001} {
		c := pair(30_000_000, 0, 50*time.Millisecond)
		c.CheckEvery = 5000
		c.Hosts[0].Settings.SndBuf, c.Hosts[1].Settings.RcvBuf = 16<<20, 16<<20
		c.Hosts[0].WriteSize, c.Hosts[1].ReadSize = [2]int{65_000, 65_000}, [2]int{65_000, 65_000}
		c.Links[0].Loss = loss
		simulate(t, 1, c)
	}
}

// TestSimWindowUpdates: where a window opens, the peer is told at once, and
// never has to ask. A byte that waits for a probe waits a second.
func TestSimWindowUpdates(t *testing.T) {
	for _, buf := range []int{1, 100, 1460, 5000, 65535, 1 << 20} {
		c := pair(min(500_000, buf*20), 0, time.Millisecond)
		c.Hosts[1].Settings.RcvBuf = buf
		c.Hosts[1].ReadPause = time.Millisecond
		c.Hosts[1].ReadSize = [2]int{65_000, 65_000}
		r := simulate(t, uint64(buf), c)
		if n := r.Hosts[0].Counters.WindowProbes; n > 0 {
			t.Errorf("a buffer of %d bytes: %d probes", buf, n)
		}
		if r.Elapsed > time.Second {
			t.Errorf("a buffer of %d bytes: %v", buf, r.Elapsed)
		}
	}
}
