// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"tcpcb/engine/enginetest"
)

// withRestores has both hosts of c go on from a checkpoint, several times each.
func withRestores(seed uint64, c enginetest.Config) enginetest.Config {
	rng := rand.New(rand.NewPCG(seed, 4))
	for i := range c.Hosts {
		h := &c.Hosts[i]
		for range 1 + rng.IntN(4) {
			h.Acts = append(h.Acts, enginetest.Act{
				After: time.Duration(rng.Int64N(int64(pick(rng, time.Millisecond, 100*time.Millisecond, time.Second, 20*time.Second)))),
				Do:    enginetest.DoRestore,
			})
		}
	}
	return c
}

// TestSimRestore: a connection that is restored from a checkpoint, whatever it
// was about, delivers all that was written, and breaks no rule that shows on the
// wire: timestamps and windows do not go back.
func TestSimRestore(t *testing.T) {
	for i := range seeds(t, *simSeeds) {
		seed := *simFrom + i
		simulate(t, seed, withRestores(seed, anyConfig(seed)))
		if t.Failed() {
			return
		}
	}
}

// TestSimRestoreQuarrel: nor does one whose ends give up keep anything.
func TestSimRestoreQuarrel(t *testing.T) {
	for i := range seeds(t, *simSeeds) {
		seed := *simFrom + i
		simulate(t, seed, withRestores(seed, anyQuarrel(seed)))
		if t.Failed() {
			return
		}
	}
}
