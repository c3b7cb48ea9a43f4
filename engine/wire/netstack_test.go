// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package wire_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/seqnum"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// randomHeader draws a header that fits into 60 bytes: the options of a SYN, or
// those of an established connection.
func randomHeader(rng *rand.Rand) wire.Header {
	h := wire.Header{
		SrcPort: uint16(rng.Uint32()), DstPort: uint16(rng.Uint32()),
		Seq: seq.New(rng.Uint32()), Ack: seq.New(rng.Uint32()),
		Flags: wire.Flags(rng.Uint32()), Window: wire.Window(rng.Uint32()),
		Checksum: uint16(rng.Uint32()), Urgent: uint16(rng.Uint32()),
	}
	o := &h.Options
	if rng.IntN(2) == 0 {
		o.HasTimestamps, o.TSVal, o.TSEcr = true, rng.Uint32(), rng.Uint32()
	}
	if rng.IntN(2) == 0 {
		h.Flags |= wire.SYN
		o.MSS = uint16(rng.Uint32())
		o.SACKPermitted = rng.IntN(2) == 0
		if rng.IntN(2) == 0 {
			o.HasWindowScale, o.WindowScale = true, uint8(rng.IntN(15))
		}
		return h
	}
	h.Flags &^= wire.SYN
	room := wire.MaxSACKBlocks
	if o.HasTimestamps {
		room--
	}
	o.NumSACK = uint8(rng.IntN(room + 1))
	for i := range o.NumSACK {
		o.SACK[i] = seq.MakeRange(seq.New(rng.Uint32()), 1+rng.IntN(1<<20))
	}
	return h
}

// TestNetstackReadsOurs marshals headers and has netstack's parser read them.
func TestNetstackReadsOurs(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 5000 {
		h := randomHeader(rng)
		b := make([]byte, wire.MaxHeaderLen)
		n := h.Marshal(b)
		got := header.TCP(b[:n])
		want := header.TCPFields{
			SrcPort: h.SrcPort, DstPort: h.DstPort,
			SeqNum: h.Seq.Value(), AckNum: h.Ack.Value(), DataOffset: uint8(n),
			Flags: header.TCPFlags(h.Flags), WindowSize: uint16(h.Window),
			Checksum: h.Checksum, UrgentPointer: h.Urgent,
		}
		if d := cmp.Diff(want, fieldsOf(got)); d != "" {
			t.Fatalf("netstack reads % x (-want +got):\n%s", b[:n], d)
		}
		if h.Flags.Has(wire.SYN) {
			checkSynOptions(t, &h.Options, got)
			continue
		}
		checkOptions(t, &h.Options, got)
	}
}

func fieldsOf(b header.TCP) header.TCPFields {
	return header.TCPFields{
		SrcPort: b.SourcePort(), DstPort: b.DestinationPort(),
		SeqNum: b.SequenceNumber(), AckNum: b.AckNumber(), DataOffset: b.DataOffset(),
		Flags: b.Flags(), WindowSize: b.WindowSize(),
		Checksum: b.Checksum(), UrgentPointer: b.UrgentPointer(),
	}
}

func checkSynOptions(t *testing.T, o *wire.Options, b header.TCP) {
	t.Helper()
	want := header.TCPSynOptions{
		MSS: o.MSS, WS: -1, SACKPermitted: o.SACKPermitted,
		TS: o.HasTimestamps, TSVal: o.TSVal,
	}
	if o.MSS == 0 {
		want.MSS = header.TCPDefaultMSS
	}
	if o.HasWindowScale {
		want.WS = int(o.WindowScale)
	}
	got := header.ParseSynOptions(b.Options(), true)
	if got.TS {
		want.TSEcr = o.TSEcr
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("netstack reads the options % x (-want +got):\n%s", b.Options(), d)
	}
}

func checkOptions(t *testing.T, o *wire.Options, b header.TCP) {
	t.Helper()
	want := header.TCPOptions{TS: o.HasTimestamps, TSVal: o.TSVal, TSEcr: o.TSEcr}
	for _, r := range o.SACKBlocks() {
		want.SACKBlocks = append(want.SACKBlocks, header.SACKBlock{
			Start: seqnum.Value(r.Start.Value()), End: seqnum.Value(r.End.Value()),
		})
	}
	if d := cmp.Diff(want, b.ParsedOptions()); d != "" {
		t.Fatalf("netstack reads the options % x (-want +got):\n%s", b.Options(), d)
	}
}

// TestWeReadNetstacks encodes headers with netstack and parses them.
func TestWeReadNetstacks(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 5000 {
		want := randomHeader(rng)
		o := &want.Options
		opts := make([]byte, wire.MaxOptionsLen)
		n := 0
		if o.MSS != 0 {
			n += header.EncodeMSSOption(uint32(o.MSS), opts[n:])
		}
		if o.SACKPermitted {
			n += header.EncodeSACKPermittedOption(opts[n:])
		}
		if o.HasTimestamps {
			n += header.EncodeTSOption(o.TSVal, o.TSEcr, opts[n:])
		}
		if o.HasWindowScale {
			n += header.EncodeWSOption(int(o.WindowScale), opts[n:])
		}
		var blocks []header.SACKBlock
		for _, r := range o.SACKBlocks() {
			blocks = append(blocks, header.SACKBlock{Start: seqnum.Value(r.Start.Value()), End: seqnum.Value(r.End.Value())})
		}
		n += header.EncodeSACKBlocks(blocks, opts[n:])
		n += header.AddTCPOptionPadding(opts, n)
		b := header.TCP(append(make([]byte, header.TCPMinimumSize), opts[:n]...))
		b.Encode(&header.TCPFields{
			SrcPort: want.SrcPort, DstPort: want.DstPort,
			SeqNum: want.Seq.Value(), AckNum: want.Ack.Value(), DataOffset: uint8(len(b)),
			Flags: header.TCPFlags(want.Flags), WindowSize: uint16(want.Window),
			Checksum: want.Checksum, UrgentPointer: want.Urgent,
		})
		var got wire.Header
		if n, err := got.Parse(b); err != nil || n != len(b) || got != want {
			t.Fatalf("netstack's % x: %d, %v\nwant %+v\ngot  %+v", []byte(b), n, err, want, got)
		}
	}
}

// TestChecksumRoundTrip puts netstack's checksum into a header with and without
// padding between its options: it verifies, and no longer does once any byte is
// changed.
func TestChecksumRoundTrip(t *testing.T) {
	src, dst := tcpip.AddrFrom4([4]byte{192, 0, 2, 1}), tcpip.AddrFrom4([4]byte{192, 0, 2, 2})
	for _, o := range []wire.Options{
		{},
		{MSS: 1460, SACKPermitted: true, HasTimestamps: true, TSVal: 1}, // no padding
		{MSS: 1460, HasWindowScale: true, WindowScale: 7, SACKPermitted: true},
	} {
		h := wire.Header{SrcPort: 1, DstPort: 2, Seq: seq.New(3), Ack: seq.New(4), Flags: wire.SYN, Window: 5, Options: o}
		payload := []byte("text of odd length.")
		seg := make([]byte, h.Len()+len(payload))
		copy(seg[h.Len():], payload)
		h.Marshal(seg)
		pseudo := header.PseudoHeaderChecksum(header.TCPProtocolNumber, src, dst, uint16(len(seg)))
		h.Checksum = ^checksum.Checksum(seg, pseudo)
		h.Marshal(seg)
		verify := func() bool {
			var p wire.Header
			n, err := p.Parse(seg)
			if err != nil {
				return false
			}
			text := seg[n:]
			return header.TCP(seg[:n]).IsChecksumValid(src, dst, checksum.Checksum(text, 0), uint16(len(text)))
		}
		if !verify() {
			t.Errorf("%+v: the checksum does not verify", o)
		}
		for i := range seg {
			seg[i] ^= 0x10
			if verify() {
				t.Errorf("%+v: byte %d is changed, and the checksum verifies", o, i)
			}
			seg[i] ^= 0x10
		}
	}
}
