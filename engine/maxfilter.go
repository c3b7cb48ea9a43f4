// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// maxFilterLen is the longest window of a maxFilter, in steps of its clock.
const maxFilterLen = 10

// maxFilter is the greatest of the values of late. Its clock is a count that
// moves on in steps: of round trips, or of probing cycles. The zero value has
// seen nothing.
type maxFilter struct {
	best [maxFilterLen]int64 // the greatest value of each step, by step modulo len
	at   uint32              // the step of the last value
}

// update takes a value of step at, which is not before that of the value before,
// and returns the greatest of the last n steps, this one included. n is at most
// maxFilterLen. Values are not negative.
func (f *maxFilter) update(at uint32, n int, v int64) int64 {
	for gone := min(at-f.at, maxFilterLen); gone > 0; gone-- {
		f.best[(at-gone+1)%maxFilterLen] = 0
	}
	f.at = at
	f.best[at%maxFilterLen] = max(f.best[at%maxFilterLen], v)
	return f.max(n)
}

// max returns the greatest value of the last n steps, up to that of the last
// value.
func (f *maxFilter) max(n int) int64 {
	var v int64
	for i := range uint32(n) {
		if i > f.at {
			break
		}
		v = max(v, f.best[(f.at-i)%maxFilterLen])
	}
	return v
}

// splitMix is a stream of pseudo-random numbers (the SplitMix64 generator): the
// state is the seed at first.
type splitMix uint64

// next returns the next number of the stream.
func (s *splitMix) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number from 0 to n-1.
func (s *splitMix) below(n int64) int64 { return int64(s.next()>>1) % n }
