// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"

	"tcpcb/engine/enginetest"
)

// TestSimRestore: a connection that is restored from a checkpoint, whatever it
// was about, delivers all that was written, and breaks no rule that shows on the
// wire: timestamps and windows do not go back.
func TestSimRestore(t *testing.T) {
	for i := range seeds(t, *simSeeds) {
		seed := *simFrom + i
		simulate(t, seed, enginetest.Restored(seed, enginetest.Anything(seed)))
		if t.Failed() {
			return
		}
	}
}

// TestSimRestoreQuarrel: nor does one whose ends give up keep anything.
func TestSimRestoreQuarrel(t *testing.T) {
	for i := range seeds(t, *simSeeds) {
		seed := *simFrom + i
		simulate(t, seed, enginetest.Restored(seed, enginetest.Quarrel(seed)))
		if t.Failed() {
			return
		}
	}
}
