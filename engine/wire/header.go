// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"errors"

	"tcpcb/engine/seq"
)

// MinHeaderLen and MaxHeaderLen bound the length of a header, in bytes: the
// data offset counts 5 to 15 words of 4 bytes (RFC 9293, section 3.1).
const (
	MinHeaderLen = 20
	MaxHeaderLen = 60
)

// ErrTruncated says that the bytes end before the header does; ErrDataOffset,
// that the data offset is below 5 words.
var (
	ErrTruncated  = errors.New("wire: TCP header is truncated")
	ErrDataOffset = errors.New("wire: TCP data offset is below 5 words")
)

// Header is a TCP header with its options. Checksum is kept as read and is
// marshalled as it stands: who knows the pseudo-header computes it.
type Header struct {
	SrcPort, DstPort uint16
	Seq, Ack         seq.Num
	Flags            Flags
	Window           Window
	Checksum         uint16
	Urgent           uint16
	Options          Options
}

// Offsets of the header's fields, in bytes.
const (
	offSrcPort  = 0
	offDstPort  = 2
	offSeq      = 4
	offAck      = 8
	offDataOff  = 12
	offFlags    = 13
	offWindow   = 14
	offChecksum = 16
	offUrgent   = 18
)

// Parse reads the header at the start of b into h and returns its length, the
// offset of the payload. Malformed options are no error: the options before
// them count, and the rest is passed over (RFC 9293, section 3.1, MUST-7).
// Errors are ErrTruncated and ErrDataOffset.
func (h *Header) Parse(b []byte) (int, error) {
	if len(b) < MinHeaderLen {
		return 0, ErrTruncated
	}
	n := int(b[offDataOff]>>4) * 4
	switch {
	case n < MinHeaderLen:
		return 0, ErrDataOffset
	case n > len(b):
		return 0, ErrTruncated
	}
	h.SrcPort = binary.BigEndian.Uint16(b[offSrcPort:])
	h.DstPort = binary.BigEndian.Uint16(b[offDstPort:])
	h.Seq = seq.New(binary.BigEndian.Uint32(b[offSeq:]))
	h.Ack = seq.New(binary.BigEndian.Uint32(b[offAck:]))
	h.Flags = Flags(b[offFlags])
	h.Window = Window(binary.BigEndian.Uint16(b[offWindow:]))
	h.Checksum = binary.BigEndian.Uint16(b[offChecksum:])
	h.Urgent = binary.BigEndian.Uint16(b[offUrgent:])
	h.Options.Parse(b[MinHeaderLen:n])
	return n, nil
}

// Len returns the length that Marshal writes, in bytes: a multiple of 4.
func (h *Header) Len() int { return MinHeaderLen + h.Options.Len() }

// Marshal writes the header to the start of b, which must hold Len bytes, and
// returns how many it wrote.
func (h *Header) Marshal(b []byte) int {
	n := MinHeaderLen + h.Options.Marshal(b[MinHeaderLen:])
	binary.BigEndian.PutUint16(b[offSrcPort:], h.SrcPort)
	binary.BigEndian.PutUint16(b[offDstPort:], h.DstPort)
	binary.BigEndian.PutUint32(b[offSeq:], h.Seq.Value())
	binary.BigEndian.PutUint32(b[offAck:], h.Ack.Value())
	b[offDataOff] = byte(n/4) << 4
	b[offFlags] = byte(h.Flags)
	binary.BigEndian.PutUint16(b[offWindow:], uint16(h.Window))
	binary.BigEndian.PutUint16(b[offChecksum:], h.Checksum)
	binary.BigEndian.PutUint16(b[offUrgent:], h.Urgent)
	return n
}
