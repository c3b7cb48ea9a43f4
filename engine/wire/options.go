// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"

	"tcpcb/engine/seq"
)

// MaxOptionsLen is the room for options in a header, in bytes.
const MaxOptionsLen = MaxHeaderLen - MinHeaderLen

// MaxSACKBlocks is how many SACK blocks a header has room for (RFC 2018,
// section 3); with timestamps, one fewer.
const MaxSACKBlocks = 4

// Kinds and lengths of the options, in bytes (RFC 9293 section 3.2, RFC 7323
// sections 2.2 and 3.2, RFC 2018 sections 2 and 3).
const (
	kindEnd           = 0
	kindNoOp          = 1
	kindMSS           = 2
	kindWindowScale   = 3
	kindSACKPermitted = 4
	kindSACK          = 5
	kindTimestamps    = 8

	lenMSS           = 4
	lenWindowScale   = 3
	lenSACKPermitted = 2
	lenTimestamps    = 10
	lenSACKBlock     = 8
)

// Options are the options of a header, by value. The zero value has none.
type Options struct {
	// MSS is the maximum segment size offered, in bytes; 0 when absent
	// (RFC 9293, section 3.7.1).
	MSS uint16
	// HasWindowScale says that WindowScale, a shift of 0 to 255 as read, was
	// offered; above 14 it counts as 14 (RFC 7323, section 2.3).
	HasWindowScale bool
	WindowScale    uint8
	// SACKPermitted is the offer of RFC 2018, section 2.
	SACKPermitted bool
	// HasTimestamps says that TSVal and TSEcr are there (RFC 7323, section 3).
	HasTimestamps bool
	TSVal, TSEcr  uint32
	// SACK holds the first NumSACK blocks (RFC 2018, section 3).
	NumSACK uint8
	SACK    [MaxSACKBlocks]seq.Range
}

// SACKBlocks returns the blocks that are there. The slice is part of o.
func (o *Options) SACKBlocks() []seq.Range { return o.SACK[:o.NumSACK] }

// Parse reads the options in b, replacing what o held. It stops at the end of
// the list, or at the first option whose length is illegal (RFC 9293, section
// 3.1, MUST-7); unknown kinds are skipped (MUST-6).
func (o *Options) Parse(b []byte) {
	*o = Options{}
	for len(b) > 0 {
		switch b[0] {
		case kindEnd:
			return
		case kindNoOp:
			b = b[1:]
			continue
		}
		if len(b) < 2 {
			return
		}
		n := int(b[1])
		if n < 2 || n > len(b) || !o.parseOne(b[0], b[2:n]) {
			return
		}
		b = b[n:]
	}
}

// parseOne takes one option's kind and data, and reports whether its length is
// legal for its kind.
func (o *Options) parseOne(kind byte, data []byte) bool {
	switch kind {
	case kindMSS:
		if len(data) != lenMSS-2 {
			return false
		}
		o.MSS = binary.BigEndian.Uint16(data)
	case kindWindowScale:
		if len(data) != lenWindowScale-2 {
			return false
		}
		o.HasWindowScale, o.WindowScale = true, data[0]
	case kindSACKPermitted:
		if len(data) != lenSACKPermitted-2 {
			return false
		}
		o.SACKPermitted = true
	case kindTimestamps:
		if len(data) != lenTimestamps-2 {
			return false
		}
		o.HasTimestamps = true
		o.TSVal = binary.BigEndian.Uint32(data)
		o.TSEcr = binary.BigEndian.Uint32(data[4:])
	case kindSACK:
		if len(data) == 0 || len(data)%lenSACKBlock != 0 {
			return false
		}
		o.NumSACK, o.SACK = 0, [MaxSACKBlocks]seq.Range{}
		for ; len(data) > 0 && o.NumSACK < MaxSACKBlocks; data = data[lenSACKBlock:] {
			o.SACK[o.NumSACK] = seq.Range{
				Start: seq.New(binary.BigEndian.Uint32(data)),
				End:   seq.New(binary.BigEndian.Uint32(data[4:])),
			}
			o.NumSACK++
		}
	}
	return true
}

// fixedLen returns the length of all options but SACK.
func (o *Options) fixedLen() int {
	n := 0
	if o.MSS != 0 {
		n += lenMSS
	}
	if o.HasWindowScale {
		n += 1 + lenWindowScale
	}
	switch {
	case o.HasTimestamps: // padded by two no-ops, or by SACK permitted
		n += 2 + lenTimestamps
	case o.SACKPermitted:
		n += 2 + lenSACKPermitted
	}
	return n
}

// fitting returns how many SACK blocks there is room for beside the rest.
func (o *Options) fitting() int {
	return min(int(o.NumSACK), (MaxOptionsLen-o.fixedLen()-4)/lenSACKBlock)
}

// Len returns how many bytes Marshal writes: a multiple of 4, at most
// MaxOptionsLen. The last SACK blocks are left out where there is no room.
func (o *Options) Len() int {
	n := o.fixedLen()
	if blocks := o.fitting(); blocks > 0 {
		n += 4 + blocks*lenSACKBlock
	}
	return n
}

// Marshal writes the options to the start of b, padded with no-ops so that
// 32-bit values are aligned, and returns how many bytes it wrote: Len. A SACK
// permitted option takes the place of the padding before the timestamps.
func (o *Options) Marshal(b []byte) int {
	w := writer{b: b}
	if o.MSS != 0 {
		w.head(kindMSS, lenMSS)
		w.uint16(o.MSS)
	}
	switch {
	case o.SACKPermitted:
		if !o.HasTimestamps {
			w.noOps(2) // before it, as Linux pads
		}
		w.head(kindSACKPermitted, lenSACKPermitted)
	case o.HasTimestamps:
		w.noOps(2)
	}
	if o.HasTimestamps {
		w.head(kindTimestamps, lenTimestamps)
		w.uint32(o.TSVal)
		w.uint32(o.TSEcr)
	}
	if o.HasWindowScale {
		w.noOps(1)
		w.head(kindWindowScale, lenWindowScale)
		w.b[w.n] = o.WindowScale
		w.n++
	}
	if blocks := o.fitting(); blocks > 0 {
		w.noOps(2)
		w.head(kindSACK, byte(2+blocks*lenSACKBlock))
		for _, r := range o.SACK[:blocks] {
			w.uint32(r.Start.Value())
			w.uint32(r.End.Value())
		}
	}
	return w.n
}

// writer puts options at the end of what it wrote to b.
type writer struct {
	b []byte
	n int
}

func (w *writer) head(kind, length byte) {
	w.b[w.n], w.b[w.n+1] = kind, length
	w.n += 2
}

func (w *writer) noOps(n int) {
	for range n {
		w.b[w.n] = kindNoOp
		w.n++
	}
}

func (w *writer) uint16(v uint16) {
	binary.BigEndian.PutUint16(w.b[w.n:], v)
	w.n += 2
}

func (w *writer) uint32(v uint32) {
	binary.BigEndian.PutUint32(w.b[w.n:], v)
	w.n += 4
}
