// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"tcpcb/engine"
	"tcpcb/engine/wire"
)

// ecnRules are what packetRules know of ECN (RFC 3168): which SYNs and SYN-ACKs
// went each way, ECN-setup or plain, and whether text ever came marked.
type ecnRules struct {
	setupIn, plainIn, setupOut, plainOut bool
	marked                               bool
}

const ecnFlags = wire.ECE | wire.CWR

// ecnSetup reports whether a SYN or SYN-ACK is an ECN-setup one (RFC 3168,
// section 6.1.1).
func ecnSetup(f wire.Flags) bool {
	if f.Has(wire.ACK) {
		return f&ecnFlags == wire.ECE
	}
	return f.Has(ecnFlags)
}

// received learns from a segment of the peer.
func (r *ecnRules) received(in *engine.Segment) {
	if in.Flags.Has(wire.SYN) {
		r.setupIn = r.setupIn || ecnSetup(in.Flags)
		r.plainIn = r.plainIn || !ecnSetup(in.Flags)
	}
	r.marked = r.marked || in.ECN == engine.CE && in.Payload.Size() > 0
}

// checkECN: only new text is ECN-capable, and only where that was agreed to; CWR
// is on new text only, and not on a run; ECE comes after a mark (RFC 3168,
// sections 6.1.1 to 6.1.6).
func (r *packetRules) checkECN(out *engine.Segment, text int) {
	e := &r.ecn
	if out.Flags.Has(wire.SYN) {
		e.setupOut = e.setupOut || ecnSetup(out.Flags)
		e.plainOut = e.plainOut || !ecnSetup(out.Flags)
		switch {
		case out.Flags.Any(ecnFlags) && (!ecnSetup(out.Flags) || !r.h.Params.ECN):
			r.fail(out, "a SYN says %v of ECN", out.Flags&ecnFlags)
		case out.Flags.Has(wire.ACK|wire.ECE) && !e.setupIn:
			r.fail(out, "agrees to what was not asked for")
		case out.ECN != engine.NotECT:
			r.fail(out, "a SYN is ECN-capable")
		}
		return
	}
	agreed := e.setupIn && e.setupOut && !e.plainOut
	fresh := text > 0 && !out.Retransmission
	switch {
	case out.ECN != engine.NotECT && (!agreed || !fresh || out.ECN != engine.ECT0):
		r.fail(out, "the ECN field is %v", out.ECN)
	case agreed && !e.plainIn && fresh && out.ECN == engine.NotECT:
		r.fail(out, "new text is not ECN-capable")
	case out.Flags.Has(wire.CWR) && (out.ECN != engine.ECT0 || out.GSOSize > 0):
		r.fail(out, "CWR is not on a packet of new text")
	case out.Flags.Has(wire.ECE) && !e.marked:
		r.fail(out, "ECE without a mark")
	}
}
