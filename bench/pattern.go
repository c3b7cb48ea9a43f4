// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"hash/crc32"
	"math/rand/v2"
)

const (
	// period is the length of the pattern: the first prime above 1 MiB, so
	// that runs of packets of any common size never repeat in step with it.
	period = 1<<20 + 7
	// chunk is the size of one write and of one read in bulk work, in bytes.
	chunk = 64 << 10
)

// pattern is one period of the payload, followed by its own first chunk bytes:
// a chunk can be cut at any place of the period without a copy.
var pattern = makePattern()

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func makePattern() []byte {
	b := make([]byte, period+chunk)
	// A fixed seed: a failure is seen again with the same bytes.
	rand.NewChaCha8([32]byte{'t', 'c', 'p', 'c', 'b'}).Read(b[:period])
	copy(b[period:], b)
	return b
}

// cut returns the n payload bytes, at most chunk, at position at of a stream
// that begins at offset start of the pattern.
func cut(start, at int64, n int) []byte {
	i := (start + at) % period
	return pattern[i : i+int64(n)]
}

// digest identifies a prefix of a stream.
type digest struct {
	count int64
	sum   uint32
}

// add takes the next bytes of the stream.
func (d *digest) add(b []byte) {
	d.sum = crc32.Update(d.sum, castagnoli, b)
	d.count += int64(len(b))
}

// digestOf returns the digest of the first count bytes of the stream that
// begins at offset start.
func digestOf(start, count int64) digest {
	var d digest
	for d.count < count {
		d.add(cut(start, d.count, int(min(chunk, count-d.count))))
	}
	return d
}

// verifyPrefix reports an error unless got is the digest of some prefix of the
// stream that begins at offset start.
func verifyPrefix(start int64, got digest) error {
	if want := digestOf(start, got.count); got != want {
		return fmt.Errorf("corrupt stream: the first %d bytes have CRC-32C %08x, but %08x was sent", got.count, got.sum, want.sum)
	}
	return nil
}

// verifyWhole reports an error unless got is the digest of the first sent
// bytes of the stream that begins at offset start.
func verifyWhole(start, sent int64, got digest) error {
	if got.count != sent {
		return fmt.Errorf("corrupt stream: %d bytes were sent, but %d arrived", sent, got.count)
	}
	return verifyPrefix(start, got)
}
