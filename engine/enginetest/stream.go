// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"bytes"
	"hash/crc32"
	"math/rand/v2"

	"gvisor.dev/gvisor/pkg/buffer"
)

// streamPeriod is after how many bytes a stream repeats: a prime, so that no
// mistake of a segment, a window or a power of two meets the same bytes again.
const streamPeriod = 65521

// streamBytes are two periods, so that any run of up to one lies in them.
var streamBytes = func() []byte {
	b := make([]byte, 2*streamPeriod)
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range streamPeriod {
		b[i] = byte(rng.Uint32())
	}
	copy(b[streamPeriod:], b[:streamPeriod])
	return b
}()

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// stream models one direction of a connection: which bytes come at which
// position, how many have come, and their sum.
type stream struct {
	skew int // tells the two directions apart
	n    int
	sum  uint32
}

// at returns up to n bytes of the stream from a position.
func (s *stream) at(pos, n int) []byte {
	i := (s.skew + pos) % streamPeriod
	return streamBytes[i : i+min(n, streamPeriod)]
}

// next returns a buffer with the next n bytes, n at most streamPeriod, in two
// views where cut lies between; wrote then tells how many were taken.
func (s *stream) next(n, cut int) buffer.Buffer {
	if cut <= 0 || cut >= n {
		return buffer.MakeWithData(s.at(s.n, n))
	}
	b := buffer.MakeWithData(s.at(s.n, cut))
	rest := buffer.MakeWithData(s.at(s.n+cut, n-cut))
	b.Merge(&rest)
	return b
}

func (s *stream) wrote(n int) {
	s.sum = crc32.Update(s.sum, castagnoli, s.at(s.n, n))
	s.n += n
}

// check compares b with the stream at a position; it returns the first position
// that differs, or -1.
func (s *stream) check(pos int, b *buffer.Buffer) int {
	bad := -1
	b.Apply(func(v *buffer.View) {
		for got := v.AsSlice(); len(got) > 0 && bad < 0; {
			want := s.at(pos, len(got))
			if !bytes.Equal(got[:len(want)], want) {
				for i := range want {
					if got[i] != want[i] {
						bad = pos + i
						return
					}
				}
			}
			pos, got = pos+len(want), got[len(want):]
		}
	})
	return bad
}

// took takes b as the next bytes; it returns the first position that differs
// from the stream's, or -1.
func (s *stream) took(b *buffer.Buffer) int {
	if bad := s.check(s.n, b); bad >= 0 {
		return bad
	}
	b.Apply(func(v *buffer.View) { s.sum = crc32.Update(s.sum, castagnoli, v.AsSlice()) })
	s.n += int(b.Size())
	return -1
}

// Text returns n bytes, up to streamPeriod, of the text that direction dir of a
// simulated connection has at a position. They must not be changed.
func Text(dir, pos, n int) []byte {
	s := stream{skew: dir * 31337}
	return s.at(pos, n)
}
