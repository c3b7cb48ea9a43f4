// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/btree"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/seqnum"
)

// This file is what netstack's package offers about SACK to those who keep
// account of a connection from outside. The engine does not use it: its own
// scoreboard knows of each range when it was sent, too.

// MaxSACKBlocks is how many blocks a SACKInfo holds.
const MaxSACKBlocks = 6

// SACKInfo are the ranges that a receiver holds out of order, the one that grew
// last first (RFC 2018, section 4): the first NumBlocks of Blocks.
type SACKInfo struct {
	Blocks    [MaxSACKBlocks]header.SACKBlock
	NumBlocks int
}

// UpdateSACKBlocks adds the range from segStart to segEnd, which has arrived,
// with rcvNxt expected next. It is merged with those that it overlaps or touches,
// and comes first; the last of MaxSACKBlocks makes room where there is none. What
// lies before rcvNxt, or is in order now, is dropped.
func UpdateSACKBlocks(sack *SACKInfo, segStart seqnum.Value, segEnd seqnum.Value, rcvNxt seqnum.Value) {
	add := header.SACKBlock{Start: segStart, End: segEnd}
	if !segStart.LessThan(segEnd) || segEnd.LessThan(rcvNxt) {
		return
	}
	rest := sack.blocks()
	rest = slices.DeleteFunc(rest, func(b header.SACKBlock) bool {
		touches := b.Start.LessThanEq(add.End) && add.Start.LessThanEq(b.End)
		if touches {
			add = union(add, b)
		}
		return touches || b.End.LessThanEq(rcvNxt)
	})
	sack.NumBlocks = len(rest)
	if !rcvNxt.LessThan(add.Start) {
		return
	}
	sack.NumBlocks = min(sack.NumBlocks+1, MaxSACKBlocks)
	copy(sack.Blocks[1:], rest)
	sack.Blocks[0] = add
}

// TrimSACKBlockList drops what lies before rcvNxt, which is expected next.
func TrimSACKBlockList(sack *SACKInfo, rcvNxt seqnum.Value) {
	rest := slices.DeleteFunc(sack.blocks(), func(b header.SACKBlock) bool {
		return b.End.LessThanEq(rcvNxt)
	})
	for i := range rest {
		if rest[i].Start.LessThan(rcvNxt) {
			rest[i].Start = rcvNxt
		}
	}
	sack.NumBlocks = len(rest)
}

// blocks returns the blocks in use.
func (s *SACKInfo) blocks() []header.SACKBlock {
	return s.Blocks[:min(max(s.NumBlocks, 0), MaxSACKBlocks)]
}

// union returns the least block that covers a and b.
func union(a, b header.SACKBlock) header.SACKBlock {
	if b.Start.LessThan(a.Start) {
		a.Start = b.Start
	}
	if a.End.LessThan(b.End) {
		a.End = b.End
	}
	return a
}

// SACKScoreboard is the set of ranges that a peer has reported to hold out of
// order (RFC 6675, section 3). It is not safe for concurrent use, and the zero
// value is not ready: see NewSACKScoreboard.
type SACKScoreboard struct {
	smss uint16
	// ranges are disjoint, do not touch, and are in order of their starts.
	ranges *btree.BTreeG[header.SACKBlock]
	sacked seqnum.Size // the sum of their sizes
	max    seqnum.Value
}

const (
	// maxScoreboardRanges bounds the ranges of a scoreboard: while there are as
	// many, no other is taken.
	maxScoreboardRanges = 100
	// scoreboardDegree is the degree of the tree; there are few ranges.
	scoreboardDegree = 2
	// dupThresh is DupThresh of RFC 6675, section 2.
	dupThresh = 3
)

// NewSACKScoreboard returns an empty scoreboard of a sender whose segments hold
// up to smss bytes and whose initial sequence number is iss.
func NewSACKScoreboard(smss uint16, iss seqnum.Value) *SACKScoreboard {
	less := func(a, b header.SACKBlock) bool { return a.Start.LessThan(b.Start) }
	return &SACKScoreboard{smss: smss, max: iss, ranges: btree.NewG(scoreboardDegree, less)}
}

// Reset removes all ranges. MaxSACKED stays what it is.
func (s *SACKScoreboard) Reset() {
	s.ranges.Clear(false /* addNodesToFreelist */)
	s.sacked = 0
}

// Insert adds r, merged with the ranges that it overlaps or touches. An empty
// range is passed over, and so is any while there are 100.
func (s *SACKScoreboard) Insert(r header.SACKBlock) {
	if !r.Start.LessThan(r.End) || s.ranges.Len() >= maxScoreboardRanges {
		return
	}
	if last := r.End - 1; s.max.LessThan(last) {
		s.max = last
	}
	if b, ok := s.floor(r.Start); ok && r.Start.LessThanEq(b.End) {
		r = union(r, b)
	}
	var merged []header.SACKBlock
	s.ranges.AscendGreaterOrEqual(r, func(b header.SACKBlock) bool {
		if r.End.LessThan(b.Start) {
			return false
		}
		r = union(r, b)
		merged = append(merged, b)
		return true
	})
	for _, b := range merged {
		s.remove(b)
	}
	s.add(r)
}

// Delete removes what lies before seq.
func (s *SACKScoreboard) Delete(seq seqnum.Value) {
	for {
		b, ok := s.ranges.Min()
		if !ok || !b.Start.LessThan(seq) {
			return
		}
		s.remove(b)
		if seq.LessThan(b.End) {
			s.add(header.SACKBlock{Start: seq, End: b.End})
			return
		}
	}
}

func (s *SACKScoreboard) add(b header.SACKBlock) {
	s.ranges.ReplaceOrInsert(b)
	s.sacked += b.Start.Size(b.End)
}

func (s *SACKScoreboard) remove(b header.SACKBlock) {
	s.ranges.Delete(b)
	s.sacked -= b.Start.Size(b.End)
}

// floor returns the last range that starts at seq or before.
func (s *SACKScoreboard) floor(seq seqnum.Value) (b header.SACKBlock, ok bool) {
	s.ranges.DescendLessOrEqual(header.SACKBlock{Start: seq}, func(at header.SACKBlock) bool {
		b, ok = at, true
		return false
	})
	return b, ok
}

// IsSACKED reports whether all of r was reported.
func (s *SACKScoreboard) IsSACKED(r header.SACKBlock) bool {
	b, ok := s.floor(r.Start)
	return ok && b.Contains(r)
}

// IsLost reports whether the byte at seq is deemed lost (RFC 6675, section 4,
// IsLost): it was not reported, and above it 3 ranges were, or 2 segments' worth
// of bytes.
func (s *SACKScoreboard) IsLost(seq seqnum.Value) bool {
	return s.IsRangeLost(header.SACKBlock{Start: seq, End: seq.Add(1)})
}

// IsRangeLost is IsLost for a range: of what was not reported of it, up to the
// next range that was.
func (s *SACKScoreboard) IsRangeLost(r header.SACKBlock) bool {
	if b, ok := s.floor(r.Start); ok {
		if b.Contains(r) {
			return false
		}
		if r.Start.LessThan(b.End) {
			r.Start = b.End
		}
	}
	ranges, bytes := 0, 0
	s.ranges.AscendGreaterOrEqual(r, func(b header.SACKBlock) bool {
		ranges++
		bytes += int(b.Start.Size(b.End))
		return ranges < dupThresh && bytes < (dupThresh-1)*int(s.smss)
	})
	return ranges >= dupThresh || ranges > 0 && bytes >= (dupThresh-1)*int(s.smss)
}

// Empty reports whether there are no ranges.
func (s *SACKScoreboard) Empty() bool { return s.ranges.Len() == 0 }

// Sacked returns how many bytes the ranges hold.
func (s *SACKScoreboard) Sacked() seqnum.Size { return s.sacked }

// MaxSACKED returns the highest sequence number that was ever reported; the
// initial sequence number when none was.
func (s *SACKScoreboard) MaxSACKED() seqnum.Value { return s.max }

// SMSS returns the size of the sender's segments, in bytes.
func (s *SACKScoreboard) SMSS() uint16 { return s.smss }

// Copy returns the ranges, in order, and MaxSACKED.
func (s *SACKScoreboard) Copy() (sackBlocks []header.SACKBlock, maxSACKED seqnum.Value) {
	s.ranges.Ascend(func(b header.SACKBlock) bool {
		sackBlocks = append(sackBlocks, b)
		return true
	})
	return sackBlocks, s.max
}

// String formats the ranges.
func (s *SACKScoreboard) String() string {
	var b strings.Builder
	b.WriteString("SACKScoreboard: {")
	s.ranges.Ascend(func(r header.SACKBlock) bool {
		fmt.Fprintf(&b, "[%d, %d)", r.Start, r.End)
		return true
	})
	b.WriteString("}")
	return b.String()
}
