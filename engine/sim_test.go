// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"flag"
	"testing"

	"tcpcb/engine"
	"tcpcb/engine/enginetest"
)

// simulate runs one simulation and fails with what is needed to see it again.
func simulate(t *testing.T, seed uint64, c enginetest.Config) enginetest.Result {
	t.Helper()
	r := enginetest.Run(seed, c)
	if err := r.Rerun(seed, c); err != nil {
		t.Errorf("seed %d: %v", seed, err)
	}
	return r
}

// These look further than a run of the tests has time for:
//
//	go test ./engine -run 'TestSimAnything|TestSimQuarrel' -sim.from 2000 -sim.seeds 100000
var (
	simFrom  = flag.Uint64("sim.from", 0, "the first seed of TestSimAnything and TestSimQuarrel")
	simSeeds = flag.Uint64("sim.seeds", 2000, "how many seeds they run")
)

// seeds is how many are run: fewer with -short, or where each takes longer.
func seeds(t *testing.T, n uint64) uint64 {
	t.Helper()
	if testing.Short() || engine.RaceDetector {
		return max(1, n/10)
	}
	return n
}

// TestSimAnything: bytes in equal bytes out, over anything that delivers.
func TestSimAnything(t *testing.T) {
	for i := range seeds(t, *simSeeds) {
		seed := *simFrom + i
		simulate(t, seed, enginetest.Anything(seed))
		if t.Failed() {
			return
		}
	}
}

// TestSimAttacked: nor does somebody on the path, who forges, replays and
// truncates, keep anything from arriving, or add to it.
func TestSimAttacked(t *testing.T) {
	for i := range seeds(t, *simSeeds) {
		seed := *simFrom + i
		simulate(t, seed, enginetest.Attacked(seed, enginetest.Anything(seed)))
		if t.Failed() {
			return
		}
	}
}

// TestSimQuarrel: whoever gives up, and however, what was read is a prefix of
// what was written, both ends learn of the end, and nothing is left.
func TestSimQuarrel(t *testing.T) {
	for i := range seeds(t, *simSeeds) {
		seed := *simFrom + i
		simulate(t, seed, enginetest.Quarrel(seed))
		if t.Failed() {
			return
		}
	}
}
