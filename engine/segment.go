// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// Segment is a TCP segment on its way in or out. The caller owns it and may use
// the same one again and again; the payload's views move by reference.
//
// The engine neither reads nor sets the ports and the checksum of the header.
type Segment struct {
	wire.Header

	// Payload is the text. HandleSegment takes it, leaving it empty;
	// PollSegment gives it, and the caller sends or releases it.
	Payload buffer.Buffer

	// GSOSize is set on a segment to send whose payload is longer than one
	// packet may carry: the number of payload bytes for each packet that the
	// link cuts it into. It is 0 on any other.
	GSOSize int

	// Retransmission says, on a segment to send, that its text was sent
	// before, for the caller's statistics.
	Retransmission bool

	// Arrived is when a segment that came in arrived, where it had to wait to be
	// handled: what is measured of the path leaves the wait out. 0 stands for
	// the instant at which it is handled.
	Arrived Instant

	// ECN is the ECN field of the IP header: of the packet that the segment came
	// in, or of those that it goes out in.
	ECN Codepoint

	// unscaled says that the window is that of a SYN, although the SYN was
	// trimmed off.
	unscaled bool
}

// Len returns the length of s in sequence space: its payload, and one for each
// of SYN and FIN (RFC 9293, section 3.4, SEG.LEN).
func (s *Segment) Len() int {
	n := int(s.Payload.Size())
	if s.Flags.Has(wire.SYN) {
		n++
	}
	if s.Flags.Has(wire.FIN) {
		n++
	}
	return n
}

// End returns the first sequence number after s.
func (s *Segment) End() seq.Num { return s.Seq.Add(s.Len()) }

// textStart returns the sequence number of the first byte of the payload: a SYN
// comes before it.
func (s *Segment) textStart() seq.Num {
	if s.Flags.Has(wire.SYN) {
		return s.Seq.Add(1)
	}
	return s.Seq
}

// reset empties s for its next use.
func (s *Segment) reset() {
	s.Payload.Release()
	*s = Segment{}
}
