// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"math/rand/v2"
	"testing"

	"tcpcb/engine/enginetest"
)

// FuzzConn drives one engine by arbitrary segments, calls and deadlines: see
// enginetest.Abuse for what must hold.
func FuzzConn(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(randomBytes(seed, 400))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := enginetest.Abuse(data); err != nil {
			t.Fatal(err)
		}
	})
}

func randomBytes(seed uint64, n int) []byte {
	rng := rand.New(rand.NewPCG(seed, 9))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// TestAbuse does the same with bytes drawn at random, from many seeds.
func TestAbuse(t *testing.T) {
	for seed := range seeds(t, 3000) {
		if err := enginetest.Abuse(randomBytes(seed, 100+int(seed%1000))); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}
