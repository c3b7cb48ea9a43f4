// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// ListenAction is what a listener does with a segment (RFC 9293, section
// 3.10.7.2).
type ListenAction uint8

const (
	// ListenDrop: the segment is dropped.
	ListenDrop ListenAction = iota
	// ListenReset: the segment is answered with a reset, see ResetFor. Its ACK
	// may be that of a SYN cookie, which the caller looks at first.
	ListenReset
	// ListenSyn: the segment asks for a connection, see OpenPassive.
	ListenSyn
)

// ClassifyListen returns what a listener does with a segment, by the steps of
// RFC 9293, section 3.10.7.2: a reset is ignored, an acknowledgment is answered
// with a reset, a SYN opens a connection, and anything else is dropped.
func ClassifyListen(in *Segment) ListenAction {
	switch {
	case in.Flags.Has(wire.RST):
		return ListenDrop
	case in.Flags.Has(wire.ACK):
		return ListenReset
	case in.Flags.Has(wire.SYN) && !in.Flags.Has(wire.FIN):
		return ListenSyn
	}
	return ListenDrop
}

// ResetFor makes out the reset that answers a segment for which there is no
// connection (RFC 9293, section 3.10.7.1), and reports whether there is one: a
// reset is never answered. It echoes the segment's timestamp.
func ResetFor(in, out *Segment) bool {
	if in.Flags.Has(wire.RST) {
		return false
	}
	out.reset()
	if in.Options.HasTimestamps { // RFC 7323, section 5.2, RECOMMENDED
		out.Options.HasTimestamps, out.Options.TSEcr = true, in.Options.TSVal
	}
	if in.Flags.Has(wire.ACK) {
		out.Seq, out.Flags = in.Ack, wire.RST
		return true
	}
	out.Seq, out.Ack, out.Flags = seq.New(0), in.End(), wire.RST|wire.ACK
	return true
}

// CookieSynAck makes out a SYN-ACK whose connection nobody remembers: p.ISS is
// a SYN cookie (RFC 4987, section 3.6). Window scale and SACK are left out, as
// the cookie has no room for them.
func CookieSynAck(now Instant, p Params, s *Settings, syn, out *Segment) {
	out.reset()
	out.Seq, out.Ack = seq.New(p.ISS), syn.Seq.Add(1)
	out.Flags = wire.SYN | wire.ACK
	out.Window = synWindow(s.clamp(s.RcvBuf))
	out.Options.MSS = p.MSS
	if syn.Options.HasTimestamps && !p.NoTimestamps {
		out.Options.HasTimestamps = true
		out.Options.TSVal, out.Options.TSEcr = timestamp(now, p.TSOffset), syn.Options.TSVal
	}
}
