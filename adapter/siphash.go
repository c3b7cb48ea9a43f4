// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"encoding/binary"
	"math/bits"
)

// sipKey is a key of SipHash.
type sipKey struct{ k0, k1 uint64 }

// sum returns SipHash-2-4 of b (Aumasson and Bernstein, "SipHash: a fast
// short-input PRF", 2012): a keyed pseudo-random function that costs little on
// inputs of the size of a 4-tuple, and allocates nothing.
func (k sipKey) sum(b []byte) uint64 {
	h := sipState{
		k.k0 ^ 0x736f6d6570736575,
		k.k1 ^ 0x646f72616e646f6d,
		k.k0 ^ 0x6c7967656e657261,
		k.k1 ^ 0x7465646279746573,
	}
	last := uint64(len(b)) << 56
	for ; len(b) >= 8; b = b[8:] {
		h.word(binary.LittleEndian.Uint64(b))
	}
	for i, c := range b {
		last |= uint64(c) << (8 * i)
	}
	h.word(last)
	h[2] ^= 0xff
	for range 4 {
		h.round()
	}
	return h[0] ^ h[1] ^ h[2] ^ h[3]
}

// sipState is the four words v0 to v3 of the hash.
type sipState [4]uint64

// word takes one word of the message, by two rounds.
func (h *sipState) word(m uint64) {
	h[3] ^= m
	h.round()
	h.round()
	h[0] ^= m
}

// round is SipRound.
func (h *sipState) round() {
	v0, v1, v2, v3 := h[0], h[1], h[2], h[3]
	v0 += v1
	v1 = bits.RotateLeft64(v1, 13) ^ v0
	v0 = bits.RotateLeft64(v0, 32)
	v2 += v3
	v3 = bits.RotateLeft64(v3, 16) ^ v2
	v0 += v3
	v3 = bits.RotateLeft64(v3, 21) ^ v0
	v2 += v1
	v1 = bits.RotateLeft64(v1, 17) ^ v2
	v2 = bits.RotateLeft64(v2, 32)
	h[0], h[1], h[2], h[3] = v0, v1, v2, v3
}
