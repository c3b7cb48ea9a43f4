// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine"
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// segment makes up a segment of the peer. The kinds are ever less like what an
// honest peer would send.
func (a *abuse) segment(kind int) {
	var in engine.Segment
	in.Flags = wire.ACK
	in.Seq, in.Ack = a.rcvNxt, a.sndNxt
	in.Window = wire.Window(of(a, 65535, 65535, 65535, 1000, 1, 0, a.word()))
	n, copies := 0, 1
	switch kind {
	case 0: // text in order, perhaps marked
		w := a.word()
		n = 1 + w%3000
		in.ECN = engine.Codepoint(w >> 14)
	case 1: // an acknowledgment of a part, perhaps with SACK
		b := a.byte()
		if b&2 != 0 {
			in.Flags |= wire.ECE
		}
		if b%2 == 0 {
			in.Ack = a.place(a.sndNxt)
		} else {
			in.Ack, in.Window = a.una(), a.win
			copies = of(a, 1, 4)
		}
		a.sack(&in.Options)
	case 2: // text anywhere near the window
		in.Seq = a.place(a.rcvNxt)
		w := a.word()
		n = w % 3000
		in.ECN = engine.Codepoint(w >> 14)
	case 3: // text and flags near the window
		in.Seq, in.Ack = a.place(a.rcvNxt), a.place(a.sndNxt)
		in.Flags = a.flags()
		n = of(a, 0, 0, 1, 100)
	case 4: // a FIN, in order or nearly so
		if a.byte()%8 == 0 {
			in.Flags |= wire.FIN
		}
		in.Seq = in.Seq.Add(of(a, 0, 0, 1, 100, -1))
		n = of(a, 0, 1, 100)
	case 5: // anything
		in.Seq, in.Ack = a.anywhere(), a.anywhere()
		in.Flags = a.flags()
		n = a.word() % 70_000
		in.Urgent = uint16(a.word())
		in.Options.MSS, in.Options.SACKPermitted = uint16(a.word()), true
		a.sack(&in.Options)
	}
	a.stamp(&in.Options)
	if in.Flags.Has(wire.SYN) && a.conn.State() == engine.StateSynSent {
		in.Seq = a.irs // from here the text is counted
	}
	pos := in.Seq.Sub(a.irs.Add(1))
	if in.Flags.Has(wire.SYN) {
		pos++
	}
	for ; copies > 0; copies-- {
		again := engine.Segment{Header: in.Header, ECN: in.ECN, Payload: a.text(pos, min(n, 65535))}
		a.conn.HandleSegment(a.now, &again)
		if again.Payload.Size() != 0 {
			a.failf("HandleSegment left %d bytes of the payload", again.Payload.Size())
		}
	}
	a.win = in.Window
	a.elsewhere(&in)
}

// elsewhere hands the segment to the functions that need no connection.
func (a *abuse) elsewhere(in *engine.Segment) {
	var out engine.Segment
	action, answered := engine.ClassifyListen(in), engine.ResetFor(in, &out)
	if rst := in.Flags.Has(wire.RST); answered == rst || rst && action != engine.ListenDrop {
		a.failf("a reset is answered: %v; answered: %v", rst, answered)
	}
	if a.conn.ReusableBy(in) && a.conn.State() != engine.StateTimeWait {
		a.failf("a new incarnation")
	}
}

// text returns the peer's text at a position, which may lie before the first.
func (a *abuse) text(pos, n int) buffer.Buffer {
	pos %= streamPeriod
	if pos < 0 {
		pos += streamPeriod
	}
	return buffer.MakeWithData(a.in.at(pos, n))
}

// flags draws any, but an RST, which may be the last segment that counts, less
// often than the rest.
func (a *abuse) flags() wire.Flags {
	f := wire.Flags(a.byte())
	if f.Has(wire.RST) && a.byte()%8 != 0 {
		f &^= wire.RST
	}
	return f
}

// una returns about where the engine waits for an acknowledgment.
func (a *abuse) una() seq.Num { return a.sndNxt.Add(-(a.conn.Unacked() - a.conn.Unsent())) }

// place returns a position near n or near an edge.
func (a *abuse) place(n seq.Num) seq.Num {
	from := of(a, n, n, a.edge, a.irs, a.iss, a.una())
	switch b := a.byte(); {
	case b < 64:
		return from
	case b < 192:
		return from.Add(b - 128)
	default:
		return from.Add((b - 224) * 500)
	}
}

func (a *abuse) anywhere() seq.Num { return seq.New(uint32(a.word()<<16 | a.word())) }

// sack draws SACK blocks near what is outstanding.
func (a *abuse) sack(o *wire.Options) {
	o.NumSACK = uint8(a.byte() % (wire.MaxSACKBlocks + 1))
	for i := range o.NumSACK {
		start := a.place(a.sndNxt)
		if n := a.sndNxt.Sub(a.una()); n > 0 && a.byte()%4 != 0 {
			start = a.una().Add(a.word() % n)
		}
		o.SACK[i] = seq.MakeRange(start, of(a, 88, 1460, 1, 0, -5, a.word()))
	}
}

// stamp draws timestamps: mostly such as go forward.
func (a *abuse) stamp(o *wire.Options) {
	switch b := a.byte(); {
	case b < 32:
		return
	case b < 200:
		a.tsVal += uint32(b & 7)
		o.TSVal = a.tsVal
	default:
		o.TSVal = a.tsVal + uint32(a.word()<<16)
	}
	o.HasTimestamps, o.TSEcr = true, a.tsEcho-uint32(a.byte())
}
