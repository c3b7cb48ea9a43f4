// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"math"

	"tcpcb/engine"
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// leastMSS is the least that a peer's MSS counts as: each packet carries some
// text, whatever is offered.
const leastMSS = 48

// packetRules watch what a host sends, knowing only what went over the wire,
// and fail the simulation where it breaks a rule of TCP.
type packetRules struct {
	h *host

	begun   bool
	maxSent seq.Num // the highest position sent, and one
	una     seq.Num // the highest acknowledgment that came
	edge    seq.Num // the highest that the peer ever allowed
	allowed bool
	synIn   bool
	peerMSS int

	scaleIn, scaleOut   uint8
	scalesIn, scalesOut bool // offered by the peer, by this host
	stampsIn, stampsOut bool
	sackIn, sackOut     bool
	acked, offered      seq.Num // the last acknowledgment and right edge sent
	hasAcked            bool
	acks, text          int // packets that carried nothing, and bytes of text
	ecn                 ecnRules
}

func (r *packetRules) init(h *host) {
	r.h = h
	r.maxSent = seq.New(h.Params.ISS)
	r.una = r.maxSent
}

func (r *packetRules) fail(out *engine.Segment, format string, args ...any) {
	s := r.h.sim
	text := FormatPacket(out, seq.New(r.h.Params.ISS), r.h.peerISS())
	s.failf("host %d sent %s (gso %d, retransmission %v): "+format, append([]any{r.h.id, text, out.GSOSize, out.Retransmission}, args...)...)
}

// received learns from a segment of the peer.
func (r *packetRules) received(in *engine.Segment) {
	r.ecn.received(in)
	o := &in.Options
	from := in.Ack
	shift := uint8(0)
	if in.Flags.Has(wire.SYN) {
		mss := int(o.MSS)
		if mss == 0 {
			mss = max(536, int(r.h.Params.PeerMSS))
		}
		// One that is sent again may say less, by what was learned of the path.
		r.synIn, r.peerMSS = true, max(r.peerMSS, mss)
		r.scalesIn, r.scaleIn = o.HasWindowScale, min(o.WindowScale, 14)
		r.stampsIn, r.sackIn = o.HasTimestamps, o.SACKPermitted
		if !in.Flags.Has(wire.ACK) {
			from = seq.New(r.h.Params.ISS).Add(1)
		}
	} else {
		if !in.Flags.Has(wire.ACK) {
			return
		}
		if r.scalesIn && r.scalesOut {
			shift = r.scaleIn
		}
	}
	if in.Flags.Has(wire.ACK) && in.Ack.LessEq(r.maxSent) {
		r.una = seq.Max(r.una, in.Ack)
	}
	if edge := from.Add(in.Window.Scaled(shift)); !r.allowed || r.edge.Less(edge) {
		r.edge, r.allowed = edge, true
	}
}

// sent checks a segment that the engine gave.
func (r *packetRules) sent(out *engine.Segment) {
	text := int(out.Payload.Size())
	if out.Flags.Has(wire.RST) {
		if text > 0 || out.Retransmission || out.ECN != engine.NotECT || out.Flags.Any(ecnFlags) {
			r.fail(out, "a reset carries nothing and is no retransmission")
		}
		return
	}
	if r.h.conn.State() == engine.StateClosed {
		r.fail(out, "a CLOSED connection sends only resets")
	}
	if out.Flags.Has(wire.SYN) {
		r.sentSyn(out)
	} else if !out.Flags.Has(wire.ACK) {
		r.fail(out, "no ACK")
	}
	if r.h.Settings.ProbeOctet && text == 1 && out.Seq == r.una.Add(-1) && !out.Retransmission {
		// A probe: one byte that the peer has (RFC 9293, section 3.8.4, MAY-6).
		if out.ECN != engine.NotECT {
			r.fail(out, "a probe is ECN-capable (RFC 3168, section 6.1.6)")
		}
		return
	}
	r.text += text
	r.checkECN(out, text)
	r.checkOptions(out)
	r.checkSize(out, text)
	r.checkPlace(out)
	if out.Flags.Has(wire.ACK) {
		r.checkOffer(out)
	}
}

// refused notes that the link did not take n bytes of text: they were not sent, and
// where the engine took them back, they are new when they come again.
func (r *packetRules) refused(text seq.Range, n int) {
	r.text -= n
	if nxt := r.h.conn.Snapshot(r.h.now()).SndNxt; text.End == r.maxSent && nxt.Less(text.End) {
		r.maxSent = nxt
	}
}

func (r *packetRules) sentSyn(out *engine.Segment) {
	o := &out.Options
	if out.Seq != seq.New(r.h.Params.ISS) || out.Payload.Size() > 0 {
		r.fail(out, "a SYN stands at the ISS, without text")
	}
	if r.synIn && !out.Flags.Has(wire.ACK) {
		r.fail(out, "the peer's SYN is there, and this one has no ACK")
	}
	r.scalesOut, r.scaleOut = o.HasWindowScale, o.WindowScale
	r.stampsOut, r.sackOut = o.HasTimestamps, o.SACKPermitted
	if o.WindowScale > 14 {
		r.fail(out, "window scale %d (RFC 7323, section 2.3)", o.WindowScale)
	}
	if out.Flags.Has(wire.ACK) && (r.scalesOut && !r.scalesIn || r.stampsOut && !r.stampsIn || r.sackOut && !r.sackIn) {
		r.fail(out, "a SYN-ACK offers what the SYN did not")
	}
	if o.MSS == 0 {
		r.fail(out, "no MSS (RFC 9293, section 3.7.1, SHLD-5)")
	}
}

// withoutDSACK returns the SACK blocks but for a first one that tells of text
// that came twice: before the acknowledgment, or within the second block (RFC
// 2883, section 4).
func withoutDSACK(out *engine.Segment) []seq.Range {
	blocks := out.Options.SACKBlocks()
	if len(blocks) == 0 || blocks[0].Empty() {
		return blocks
	}
	first := blocks[0]
	if first.End.LessEq(out.Ack) || len(blocks) > 1 && blocks[1].Covers(first) {
		return blocks[1:]
	}
	return blocks
}

// checkOptions: timestamps are on every segment once agreed on, or on none (RFC
// 7323, section 3.2); SACK blocks lie in the window, beyond the acknowledgment.
func (r *packetRules) checkOptions(out *engine.Segment) {
	if out.Flags.Has(wire.SYN) {
		return
	}
	o := &out.Options
	if want := r.stampsIn && r.stampsOut || r.h.sim.config.Cookie && r.h.id == 1 && r.stampsIn && !r.h.Params.NoTimestamps; o.HasTimestamps != want {
		r.fail(out, "timestamps are there: %v, want %v", o.HasTimestamps, want)
	}
	if o.MSS != 0 || o.HasWindowScale || o.SACKPermitted {
		r.fail(out, "an option of a SYN")
	}
	if o.NumSACK > 0 && !(r.sackIn && r.sackOut) {
		r.fail(out, "SACK was not agreed on")
	}
	for i, b := range withoutDSACK(out) {
		// A FIN just behind the window may be held as well: it needs no room.
		if b.Empty() || b.Start.LessEq(out.Ack) || r.offered.Add(1).Less(b.End) {
			r.fail(out, "SACK block %v", b)
		}
		for _, other := range withoutDSACK(out)[:i] {
			if b.Overlaps(other) {
				r.fail(out, "SACK blocks %v and %v overlap", other, b)
			}
		}
	}
}

// checkSize: no packet is longer than either side's MSS allows (RFC 9293,
// section 3.7.1, MUST-16).
func (r *packetRules) checkSize(out *engine.Segment, text int) {
	own := int(r.h.Params.MSS)
	if u := int(r.h.Params.UserMSS); u > 0 {
		own = min(own, u)
	}
	limit := max(leastMSS, min(own, r.peerMSS))
	opts := out.Options.Len()
	each := text
	if out.GSOSize > 0 {
		if text <= out.GSOSize || text > max(limit, r.h.Params.GSOMaxSize) {
			r.fail(out, "a run of %d bytes", text)
		}
		each = out.GSOSize
	}
	if text > 0 && each > 1 && each+opts > limit {
		r.fail(out, "%d bytes of text and %d of options, MSS %d", each, opts, limit)
	}
}

// checkPlace: text lies within what the peer allows, is either all new or all
// sent before, and says so.
func (r *packetRules) checkPlace(out *engine.Segment) {
	end := out.End()
	if out.Len() == 0 {
		r.acks++
		if r.maxSent.Less(out.Seq) || out.Retransmission {
			r.fail(out, "an acknowledgment at %v, SND.NXT is %v", out.Seq, r.maxSent)
		}
		return
	}
	again := r.begun && end.LessEq(r.maxSent)
	switch {
	case !again && out.Seq != r.maxSent:
		r.fail(out, "neither new nor all of it sent before: SND.NXT is %v", r.maxSent)
	case again != out.Retransmission:
		r.fail(out, "is a retransmission: %v", again)
	case !out.Flags.Has(wire.SYN) && r.edge.Less(end) && !(out.Flags.Has(wire.FIN) && out.Payload.Size() == 0): // a FIN needs no room
		r.fail(out, "%d bytes beyond the window", end.Sub(r.edge))
	}
	r.maxSent, r.begun = seq.Max(r.maxSent, end), true
}

// checkOffer: neither the acknowledgment nor the window's right edge moves back
// (RFC 9293, section 3.8.6, SHLD-14), but for what the scale rounds off; and
// the window is no larger than the buffer.
func (r *packetRules) checkOffer(out *engine.Segment) {
	shift := uint8(0)
	if !out.Flags.Has(wire.SYN) && r.scalesIn && r.scalesOut {
		shift = r.scaleOut
	}
	wnd := out.Window.Scaled(shift)
	edge := out.Ack.Add(wnd)
	if wnd > r.h.most[0] {
		r.fail(out, "a window of %d bytes from a buffer of %d", wnd, r.h.most[0])
	}
	if r.hasAcked {
		if out.Ack.Less(r.acked) {
			r.fail(out, "the acknowledgment moves back by %d", r.acked.Sub(out.Ack))
		}
		// A SYN that is sent again cannot say more than its field holds.
		full := out.Flags.Has(wire.SYN) && out.Window == math.MaxUint16
		if d := r.offered.Sub(edge); d >= 1<<shift && !full {
			r.fail(out, "the window's edge moves back by %d", d)
		}
		edge = seq.Max(edge, r.offered)
	}
	r.acked, r.offered, r.hasAcked = out.Ack, edge, true
}
