// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import "github.com/dchest/siphash"

// sipKey is a key of SipHash.
type sipKey struct{ k0, k1 uint64 }

// sum returns SipHash-2-4 of b (Aumasson and Bernstein, "SipHash: a fast
// short-input PRF", 2012): a keyed pseudo-random function that costs little on
// inputs of the size of a 4-tuple, and allocates nothing.
func (k sipKey) sum(b []byte) uint64 { return siphash.Hash(k.k0, k.k1, b) }
