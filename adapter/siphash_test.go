// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"encoding/binary"
	"testing"
)

// TestSipHash checks the vectors that come with the definition of SipHash-2-4:
// the key is 00 01 .. 0f, and the message 00 01 .. of the given length.
func TestSipHash(t *testing.T) {
	key := sipKey{k0: 0x0706050403020100, k1: 0x0f0e0d0c0b0a0908}
	for n, want := range map[int]uint64{
		0:  binary.LittleEndian.Uint64([]byte{0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72}),
		1:  binary.LittleEndian.Uint64([]byte{0xfd, 0x67, 0xdc, 0x93, 0xc5, 0x39, 0xf8, 0x74}),
		7:  binary.LittleEndian.Uint64([]byte{0x37, 0xd1, 0x01, 0x8b, 0xf5, 0x00, 0x02, 0xab}),
		8:  binary.LittleEndian.Uint64([]byte{0x62, 0x24, 0x93, 0x9a, 0x79, 0xf5, 0xf5, 0x93}),
		15: 0xa129ca6149be45e5,
	} {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i)
		}
		if got := key.sum(b); got != want {
			t.Errorf("SipHash of %d bytes = %#x, want %#x", n, got, want)
		}
	}
}
