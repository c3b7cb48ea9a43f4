// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package seq is the arithmetic of TCP's sequence space (RFC 9293, section
// 3.4): positions modulo 2^32, signed distances between them, and half-open
// ranges. A position is a struct, so that the compiler refuses `<`, `+` and
// max, which are wrong wherever the space wraps.
package seq

import "fmt"

// Num is a position in the sequence space. The zero value is position 0.
type Num struct{ v uint32 }

// New returns the position with the value v, as it stands in a header.
func New(v uint32) Num { return Num{v} }

// Value returns the position as it stands in a header.
func (n Num) Value() uint32 { return n.v }

// String formats the position in decimal.
func (n Num) String() string { return fmt.Sprint(n.v) }

// Add returns the position d bytes after n, or before it where d is negative.
func (n Num) Add(d int) Num { return Num{n.v + uint32(d)} }

// Sub returns the signed distance from m to n, in [-2^31, 2^31): how many
// bytes n lies after m.
func (n Num) Sub(m Num) int { return int(int32(n.v - m.v)) }

// Less reports whether n lies before m: by less than half of the space.
func (n Num) Less(m Num) bool { return int32(n.v-m.v) < 0 }

// LessEq reports whether n lies before m or is m.
func (n Num) LessEq(m Num) bool { return int32(n.v-m.v) <= 0 }

// Max returns the later of two positions.
func Max(a, b Num) Num {
	if a.Less(b) {
		return b
	}
	return a
}

// Min returns the earlier of two positions.
func Min(a, b Num) Num {
	if b.Less(a) {
		return b
	}
	return a
}

// Range is the half-open range of positions [Start, End).
type Range struct{ Start, End Num }

// MakeRange returns the range of n positions from start.
func MakeRange(start Num, n int) Range { return Range{start, start.Add(n)} }

// Len returns the number of positions in r; it is negative where End lies
// before Start.
func (r Range) Len() int { return r.End.Sub(r.Start) }

// Empty reports whether r holds no position.
func (r Range) Empty() bool { return r.Len() <= 0 }

// Contains reports whether n lies in r.
func (r Range) Contains(n Num) bool { return r.Start.LessEq(n) && n.Less(r.End) }

// Covers reports whether every position of o lies in r.
func (r Range) Covers(o Range) bool { return r.Start.LessEq(o.Start) && o.End.LessEq(r.End) }

// Overlaps reports whether r and o share a position.
func (r Range) Overlaps(o Range) bool { return r.Start.Less(o.End) && o.Start.Less(r.End) }
