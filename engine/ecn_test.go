// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// "Section" in this file is a section of RFC 3168.

const ecnBoth = wire.ECE | wire.CWR

// TestECNAgreed: text is ECN-capable where a setup SYN or SYN-ACK was sent and
// one was received, and no other was sent or received; marks are echoed although
// another was sent (section 6.1.1, MUST NOT, SHOULD NOT, MUST).
func TestECNAgreed(t *testing.T) {
	for bits := range 16 {
		e := ecnWanted
		has := func(i int) bool { return bits>>i&1 != 0 }
		for i, bit := range []ecn{ecnSentSetup, ecnSentPlain, ecnGotSetup, ecnGotPlain} {
			if has(i) {
				e |= bit
			}
		}
		agreed := has(0) && has(2) && !has(3)
		if got := e.receives(); got != agreed {
			t.Errorf("%04b: receives is %v, want %v", bits, got, agreed)
		}
		if got, want := e.sends(), agreed && !has(1); got != want {
			t.Errorf("%04b: sends is %v, want %v", bits, got, want)
		}
	}
}

// TestECNSyns: what a SYN and a SYN-ACK say, after what the peer's said, and after
// how many retries (sections 6.1.1 and 6.1.1.1).
func TestECNSyns(t *testing.T) {
	for _, test := range []struct {
		wanted  bool
		peer    []wire.Flags // its SYNs
		ack     bool         // ours is a SYN-ACK
		retries uint8
		want    wire.Flags
	}{
		{true, nil, false, 0, ecnBoth},
		{true, nil, false, 1, ecnBoth},
		{true, nil, false, 2, 0},
		{true, nil, false, 3, 0},
		{false, nil, false, 0, 0},
		{true, []wire.Flags{wire.SYN | ecnBoth}, true, 0, wire.ECE},
		{true, []wire.Flags{wire.SYN | ecnBoth}, true, 5, wire.ECE},
		{true, []wire.Flags{wire.SYN | ecnBoth, wire.SYN | ecnBoth}, true, 0, wire.ECE},
		{true, []wire.Flags{wire.SYN | ecnBoth, wire.SYN}, true, 0, 0},
		{true, []wire.Flags{wire.SYN}, true, 0, 0},
		{true, []wire.Flags{wire.SYN | wire.ECE}, true, 0, 0},
		{true, []wire.Flags{wire.SYN | wire.CWR}, true, 0, 0},
		{false, []wire.Flags{wire.SYN | ecnBoth}, true, 0, 0},
	} {
		var e ecn
		if test.wanted {
			e = ecnWanted
		}
		for _, f := range test.peer {
			e.onPeerSyn(f)
		}
		if got := e.onSyn(test.ack, test.retries); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
		if sent := e & (ecnSentSetup | ecnSentPlain); (sent == ecnSentSetup) != (test.want != 0) || sent == 0 {
			t.Errorf("%+v: noted as %b", test, sent)
		}
	}
	// A SYN-ACK with both bits mirrors the SYN (section 6.1.1.2).
	for f, setup := range map[wire.Flags]bool{0: false, wire.ECE: true, wire.CWR: false, ecnBoth: false} {
		e := ecnWanted
		e.onSyn(false, 0)
		e.onPeerSyn(wire.SYN | wire.ACK | f)
		if e.sends() != setup {
			t.Errorf("SYN-ACK with %v: agreed %v, want %v", f, e.sends(), setup)
		}
	}
}

// TestECNHalves: ECE from a mark to CWR; CWR once after a reduction (sections 6.1.2
// and 6.1.3). Where ECN is off, neither.
func TestECNHalves(t *testing.T) {
	on := ecnWanted | ecnSentSetup | ecnGotSetup
	for _, test := range []struct {
		name        string
		e           ecn
		flags       wire.Flags
		mark        bool
		first, echo bool
	}{
		{"no mark", on, 0, false, false, false},
		{"a mark", on, 0, true, true, true},
		{"another", on | ecnEcho, 0, true, false, true},
		{"then none", on | ecnEcho, 0, false, false, true},
		{"CWR", on | ecnEcho, wire.CWR, false, false, false},
		{"CWR marked", on | ecnEcho, wire.CWR, true, true, true},
		{"CWR for nothing", on, wire.CWR, false, false, false},
		{"off", ecnWanted | ecnSentSetup | ecnGotPlain, 0, true, false, false},
		{"our own SYNs went without", on | ecnSentPlain, 0, true, true, true},
	} {
		e := test.e
		first := e.onText(test.flags, test.mark)
		if echo := e.ackFlags() == wire.ECE; first != test.first || echo != test.echo {
			t.Errorf("%s: first %v, ECE %v", test.name, first, echo)
		}
		if e.ackFlags()&^wire.ECE != 0 {
			t.Errorf("%s: flags %v", test.name, e.ackFlags())
		}
	}
	for _, test := range []struct {
		e     ecn
		point Codepoint
		cwr   wire.Flags
	}{{on, ECT0, wire.CWR}, {on | ecnSentPlain, NotECT, 0}, {0, NotECT, 0}} {
		e := test.e
		if p, f := e.newText(); p != test.point || f != 0 {
			t.Errorf("%b: new text goes out as %v with %v", test.e, p, f)
		}
		e.onReduced()
		if p, f := e.newText(); p != test.point || f != test.cwr {
			t.Errorf("%b: new text after a reduction goes out as %v with %v", test.e, p, f)
		}
		if p, f := e.newText(); p != test.point || f != 0 {
			t.Errorf("%b: what follows goes out as %v with %v", test.e, p, f)
		}
	}
}

// TestECNReduction: a reduction counts until something sent after it is
// acknowledged, and covers the losses of what was sent before (section 6.1.2).
func TestECNReduction(t *testing.T) {
	at := func(n int) seq.Num { return seq.New(1<<32 - 50).Add(n) }
	lost := func(from int, again bool) *record {
		return &record{r: seq.MakeRange(at(from), 10), retransmitted: again}
	}
	for _, test := range []struct {
		name                 string
		mark                 bool
		lost                 *record
		una                  int
		open, covers, echoed bool
	}{
		{"before", true, lost(40, false), 40, true, true, true},
		{"the last before", true, lost(90, false), 90, true, true, true},
		{"what was sent after it", true, lost(100, false), 90, true, false, true},
		{"what was sent again", true, lost(40, true), 40, true, false, true},
		{"all of before is acknowledged", true, lost(90, false), 100, true, false, true},
		{"more", true, lost(90, false), 101, false, false, false},
		{"for a loss", false, lost(40, false), 40, true, false, true},
	} {
		r := reduction{open: true, mark: test.mark, echoed: true, end: at(100), until: 7}
		r.onLost(test.lost)
		r.onAck(at(test.una), false)
		if r.open != test.open || r.covers(at(test.una)) != test.covers || r.echoed != test.echoed || r.until != 7 {
			t.Errorf("%s: %+v, covers %v", test.name, r, r.covers(at(test.una)))
		}
	}
	var r reduction
	r.onAck(at(1), true)
	if !r.echoed {
		t.Error("the echo of this acknowledgment is not known")
	}
	r.onAck(at(2), false)
	if r.echoed || r.open {
		t.Error("an echo before a reduction is held against it")
	}
}

func TestCodepointString(t *testing.T) {
	for p, want := range map[Codepoint]string{0: "Not-ECT", 1: "ECT(1)", 2: "ECT(0)", 3: "CE", 4: "Not-ECT"} {
		if got := p.String(); got != want {
			t.Errorf("Codepoint(%d) is %q, want %q", uint8(p), got, want)
		}
	}
}
