// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"time"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine"
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// Forged is a packet that neither host has sent, and that one gets After the
// start, by an adversary who knows all that both do. It is skipped where there is
// nothing that it could be about.
type Forged struct {
	After time.Duration
	To    int
	Kind  Forgery
	By    int // how far beyond an edge, in sequence numbers, from 0 to 1<<30
	Text  int // bytes, none of which are those of the stream
	Times int // how many of them come at once, each one further; 0 counts as 1
}

// Forgery is what is wrong with a packet. TCP resists all but ForgeReset.
type Forgery uint8

// What is forged. Where no more is said, sequence and acknowledgment numbers are
// those that the host waits for.
const (
	// ForgeReset is a reset at RCV.NXT, which nobody can tell from one of the
	// peer's.
	ForgeReset Forgery = iota
	// ForgeResetAhead and ForgeResetBehind are in the window and out of it (RFC
	// 5961, section 3.2).
	ForgeResetAhead
	ForgeResetBehind
	// ForgeSyn and ForgeSynAck are in the window and out of it (RFC 5961, section
	// 4.2).
	ForgeSyn
	ForgeSynAck
	// ForgeAckAhead and ForgeAckBehind carry text, a timestamp of the future, and
	// acknowledge what was not sent, or what no window reaches back to (RFC 5961,
	// section 5.2).
	ForgeAckAhead
	ForgeAckBehind
	// ForgeTextAhead and ForgeTextBehind are text out of the window.
	ForgeTextAhead
	ForgeTextBehind
	// ForgeNoAck is text without an ACK, and ForgeFlags with a FIN and other flags
	// as well.
	ForgeNoAck
	ForgeFlags
	// ForgeStamp is text, or a FIN, with a timestamp of the past (RFC 7323, section
	// 5).
	ForgeStamp
	// ForgeSACK reports text that was never sent, and ForgeSACKLie what the peer
	// may not have (RFC 2018, section 8); both carry no text.
	ForgeSACK
	ForgeSACKLie
	// ForgeTooBig and ForgeUnreachable are ICMP errors about what is not
	// outstanding (RFC 5927, section 4.1), and ForgeNarrow one about what is.
	ForgeTooBig
	ForgeUnreachable
	ForgeNarrow
	numForgeries
)

var forgeryNames = []string{
	"reset", "resetAhead", "resetBehind", "syn", "synAck", "ackAhead", "ackBehind", "textAhead", "textBehind",
	"noAck", "flags", "stamp", "sack", "sackLie", "tooBig", "unreachable", "narrow",
}

// String is the forgery's name.
func (f Forgery) String() string { return nameOf(forgeryNames, int(f)) }

// MarshalText and UnmarshalText are for files of simulations.
func (f Forgery) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText is the reverse of MarshalText.
func (f *Forgery) UnmarshalText(b []byte) error { return named(forgeryNames, b, f) }

// aeon is further than any window reaches.
const aeon = 1<<30 + 1

// forged hands the host a packet that was made up.
func (h *host) forged(f *Forged) {
	for i := range max(1, f.Times) {
		if !h.opened || h.conn.State() == engine.StateClosed {
			return
		}
		h.forgeOne(f, f.By+i)
	}
}

func (h *host) forgeOne(f *Forged, by int) {
	now := h.now()
	s := h.conn.Snapshot(now)
	switch f.Kind {
	case ForgeTooBig:
		h.sim.logf(h, "forged: too big beyond what was sent")
		h.conn.HandlePathMTU(now, 68, s.SndNxt.Add(by))
	case ForgeUnreachable:
		h.sim.logf(h, "forged: unreachable before what is outstanding")
		h.conn.HandleUnreachable(now, engine.ReasonPortUnreachable, s.SndUna.Add(-1-by))
	case ForgeNarrow:
		h.sim.logf(h, "forged: too big")
		h.conn.HandlePathMTU(now, uint16(100+by%1000), s.SndUna)
	default:
		var in engine.Segment
		s.LastAckSent = s.RcvNxt // what is before that counts as before the window
		if !f.Build(&in, &s, by) {
			return
		}
		h.sim.logf(h, "forged < %s", h.formatIn(&in))
		h.conn.HandleSegment(now, &in)
	}
	h.input()
}

// Build makes the segment that is to go to a host of which s is known, and reports
// whether there is one: of s, the state, the sequence variables, LastAckSent as
// what is certainly before the window, the window and its scale, whether SACK and
// timestamps are on, and TSRecent. by stands for f.By.
func (f *Forged) Build(in *engine.Segment, s *engine.Snapshot, by int) bool {
	if !f.build(in, s, by) {
		return false
	}
	if in.Options.NumSACK == 0 {
		in.Payload = buffer.MakeWithData(make([]byte, min(f.Text, 65000)))
	}
	return true
}

func (f *Forged) build(in *engine.Segment, s *engine.Snapshot, by int) bool {
	in.Seq, in.Ack, in.Flags = s.RcvNxt, s.SndUna, wire.ACK
	in.Window = wire.Window(by)
	if s.State == engine.StateSynSent {
		return f.buildSynSent(in, s, by)
	}
	behind := s.LastAckSent.Add(-by - f.Text - 1)
	if s.Timestamps {
		in.Options = wire.Options{HasTimestamps: true, TSVal: s.TSRecent, TSEcr: uint32(by)}
	}
	future := func() { in.Options.TSVal += 1 << 30 }
	switch f.Kind {
	case ForgeReset:
		in.Flags = wire.RST
	case ForgeResetAhead:
		in.Flags, in.Seq = wire.RST|in.Flags, in.Seq.Add(1+by)
	case ForgeResetBehind:
		in.Flags, in.Seq = wire.RST, behind
	case ForgeSyn:
		in.Flags, in.Seq = wire.SYN, in.Seq.Add(by)
	case ForgeSynAck:
		in.Flags, in.Seq = wire.SYN|wire.ACK, in.Seq.Add(by)
	case ForgeAckAhead:
		in.Ack = s.SndNxt.Add(1 + by)
		if !s.State.Synchronized() {
			in.Ack = in.Ack.Add(aeon) // it is answered with a reset from there
		}
		future()
	case ForgeAckBehind:
		in.Ack = s.SndUna.Add(-aeon - by/4)
		future()
	case ForgeTextAhead:
		in.Seq = s.RcvAdv.Add(1 + by)
		future()
		return f.Text > 0
	case ForgeTextBehind:
		in.Seq = behind
		future()
		return f.Text > 0
	case ForgeNoAck:
		in.Flags = wire.PSH
		future()
	case ForgeFlags:
		in.Flags = wire.PSH | wire.URG | wire.FIN
		future()
	case ForgeStamp:
		in.Options.TSVal -= uint32(1 + by)
		if f.Text == 0 {
			in.Flags |= wire.FIN
		}
		return s.Timestamps
	case ForgeSACK, ForgeSACKLie:
		return s.State.Synchronized() && f.buildSACK(in, s, by)
	default:
		return false
	}
	return true
}

// buildSynSent makes a segment for a host that has sent a SYN: only one that does
// not acknowledge it can be told from the peer's.
func (f *Forged) buildSynSent(in *engine.Segment, s *engine.Snapshot, by int) bool {
	wrong := s.SndNxt.Add(aeon + by/4)
	switch f.Kind {
	case ForgeResetAhead:
		in.Flags, in.Ack = wire.RST|wire.ACK, wrong
	case ForgeResetBehind:
		in.Flags = wire.RST
	case ForgeSynAck:
		in.Flags, in.Ack = wire.SYN|wire.ACK, wrong
	case ForgeAckAhead:
		in.Ack = wrong
	case ForgeNoAck:
		in.Flags = wire.PSH
	default:
		return false
	}
	return true
}

// buildSACK makes an acknowledgment that repeats the last, with SACK blocks that
// are not so.
func (f *Forged) buildSACK(in *engine.Segment, s *engine.Snapshot, by int) bool {
	in.Window = wire.Window(s.SndWnd >> s.SndScale)
	o := &in.Options
	o.NumSACK = 2
	switch out := s.SndNxt.Sub(s.SndUna); {
	case f.Kind == ForgeSACK:
		o.SACK[0] = seq.MakeRange(s.SndNxt.Add(1+by), 1+f.Text)
		o.SACK[1] = seq.MakeRange(s.SndUna.Add(-by-f.Text-1), f.Text)
	case out > 1:
		at := 1 + by%(out-1)
		o.SACK[0] = seq.MakeRange(s.SndUna.Add(at), min(1+f.Text, out-at))
		o.NumSACK = 1
	default:
		return false
	}
	return s.SACK
}
