// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

var cmpNums = cmp.Comparer(func(a, b seq.Num) bool { return a == b })

// TestRoundTrip sends segments of every kind, and reads them with netstack's
// header.TCP and with ParseSegment: they are the same, and the checksum is good
// (RFC 9293, section 3.1, MUST-2 and MUST-3), on both families.
func TestRoundTrip(t *testing.T) {
	syn := &engine.Segment{Header: wire.Header{
		SrcPort: 80, DstPort: 4000, Seq: seq.New(1), Flags: wire.SYN, Window: 65535,
		Options: wire.Options{MSS: 1460, HasWindowScale: true, WindowScale: 7, SACKPermitted: true, HasTimestamps: true, TSVal: 9},
	}}
	for name, make := range map[string]func() *engine.Segment{
		"SYN":   func() *engine.Segment { c := *syn; return &c },
		"empty": func() *engine.Segment { return sample(0) },
		"one":   func() *engine.Segment { return sample(1) },
		"odd":   func() *engine.Segment { return sample(1001) },
		"full":  func() *engine.Segment { return sample(1400) },
		"RST": func() *engine.Segment {
			return &engine.Segment{Header: wire.Header{SrcPort: 80, DstPort: 4000, Flags: wire.RST}}
		},
		"FIN+ECN": func() *engine.Segment { s := sample(10); s.Flags |= wire.FIN | wire.ECE | wire.CWR; return s },
	} {
		for _, v6 := range []bool{false, true} {
			h := newHost(t, 1500, 0, stack.GSONotSupported)
			path := h.path(t, v6)
			out, want := make(), make()
			if err := path.Send(out); err != nil {
				t.Fatalf("%s: Send: %s", name, err)
			}
			if out.Payload.Size() != 0 {
				t.Errorf("%s: the payload was not taken", name)
			}
			sent := h.link.Read()
			pkt := arrived(t, sent)
			checkNetstackReads(t, name, pkt, want)
			var in engine.Segment
			if v := ParseSegment(pkt, &in); v != OK {
				t.Fatalf("%s, IPv6 %v: %v", name, v6, v)
			}
			in.Checksum = 0
			if d := cmp.Diff(want.Header, in.Header, cmpNums); d != "" {
				t.Errorf("%s, IPv6 %v: header (-want +got):\n%s", name, v6, d)
			}
			if !bytes.Equal(in.Payload.Flatten(), want.Payload.Flatten()) {
				t.Errorf("%s, IPv6 %v: the payload differs", name, v6)
			}
			in.Payload.Release()
			want.Payload.Release()
			pkt.DecRef()
			sent.DecRef()
		}
	}
}

// checkNetstackReads compares what netstack reads in the header with want.
func checkNetstackReads(t *testing.T, name string, pkt *stack.PacketBuffer, want *engine.Segment) {
	t.Helper()
	b := header.TCP(pkt.TransportHeader().Slice())
	net := pkt.Network()
	if !b.IsChecksumValid(net.SourceAddress(), net.DestinationAddress(), pkt.Data().Checksum(), uint16(pkt.Data().Size())) {
		t.Errorf("%s: netstack finds the checksum wrong", name)
	}
	if b.SourcePort() != 80 || b.DestinationPort() != 4000 ||
		b.SequenceNumber() != want.Seq.Value() || b.AckNumber() != want.Ack.Value() ||
		wire.Flags(b.Flags()) != want.Flags || wire.Window(b.WindowSize()) != want.Window {
		t.Errorf("%s: netstack reads %v %d %d %d, want %+v", name, b.Flags(), b.SequenceNumber(), b.AckNumber(), b.WindowSize(), want.Header)
	}
	if want.Flags.Has(wire.SYN) {
		o := header.ParseSynOptions(b.Options(), false)
		if int(o.MSS) != 1460 || o.WS != 7 || !o.TS || !o.SACKPermitted {
			t.Errorf("%s: netstack reads options %+v", name, o)
		}
		return
	}
	o := b.ParsedOptions()
	if o.TS != want.Options.HasTimestamps || o.TSVal != want.Options.TSVal || o.TSEcr != want.Options.TSEcr ||
		len(o.SACKBlocks) != int(want.Options.NumSACK) {
		t.Errorf("%s: netstack reads options %+v, want %+v", name, o, want.Options)
	}
}

// TestDamage changes each byte of a packet's TCP part in turn: the checksum
// tells, or the header is malformed; MirageOS's TCP never looked.
func TestDamage(t *testing.T) {
	h := newHost(t, 1500, 0, stack.GSONotSupported)
	if err := h.path(t, false).Send(sample(64)); err != nil {
		t.Fatal(err)
	}
	sent := h.link.Read()
	defer sent.DecRef()
	clean := flat(sent)
	for i := header.IPv4MinimumSize; i < len(clean); i++ {
		b := bytes.Clone(clean)
		b[i] ^= 0x10
		pkt := parsed(b)
		var in engine.Segment
		v := ParseSegment(pkt, &in)
		if v == OK {
			t.Errorf("byte %d was changed, and nobody noticed", i)
		}
		if in.Payload.Size() != 0 {
			t.Errorf("byte %d: a payload with verdict %v", i, v)
		}
		pkt.DecRef()
	}
	pkt := parsed(append(bytes.Clone(clean[:len(clean)-1]), ^clean[len(clean)-1]))
	pkt.RXChecksumValidated = true
	var in engine.Segment
	if v := ParseSegment(pkt, &in); v != OK {
		t.Errorf("the link vouched for a checksum: %v, want ok", v)
	}
	in.Payload.Release()
	pkt.DecRef()
}

// flat returns a copy of the packet's bytes.
func flat(pkt *stack.PacketBuffer) []byte {
	b := pkt.ToBuffer()
	defer b.Release()
	return b.Flatten()
}

// parsed returns b, an IPv4 packet, with its headers consumed as netstack does
// it: options are taken where they fit.
func parsed(b []byte) *stack.PacketBuffer {
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(b)})
	pkt.NetworkProtocolNumber = ipv4.ProtocolNumber
	pkt.NetworkHeader().Consume(header.IPv4MinimumSize)
	n := header.TCPMinimumSize
	if hdr, ok := pkt.Data().PullUp(n); ok {
		if off := int(header.TCP(hdr).DataOffset()); off > n && off <= pkt.Data().Size() {
			n = off
		}
	}
	pkt.TransportHeader().Consume(n)
	return pkt
}

// TestMalformed checks headers that are none.
func TestMalformed(t *testing.T) {
	ip := make([]byte, header.IPv4MinimumSize)
	for name, tcp := range map[string][]byte{
		"no header":         {},
		"truncated":         make([]byte, 19),
		"offset 0":          make([]byte, 20),
		"offset 4":          append(append(make([]byte, 12), 4<<4), make([]byte, 7)...),
		"offset beyond end": append(append(make([]byte, 12), 15<<4), make([]byte, 7)...),
	} {
		pkt := parsed(append(bytes.Clone(ip), tcp...))
		in := engine.Segment{Payload: text(5)}
		if v := ParseSegment(pkt, &in); v != Malformed {
			t.Errorf("%s: %v, want malformed", name, v)
		}
		if in.Payload.Size() != 0 {
			t.Errorf("%s: the payload of the last segment is still there", name)
		}
		pkt.DecRef()
	}
}

// TestPayloadIsShared checks that a payload is taken by reference: its first
// byte stands where the packet has it.
func TestPayloadIsShared(t *testing.T) {
	h := newHost(t, 9000, 0, stack.GSONotSupported)
	if err := h.path(t, false).Send(sample(8000)); err != nil {
		t.Fatal(err)
	}
	sent := h.link.Read()
	defer sent.DecRef()
	pkt := arrived(t, sent)
	defer pkt.DecRef()
	inPacket, _ := pkt.Data().PullUp(4000) // makes it contiguous, once
	var in engine.Segment
	if v := ParseSegment(pkt, &in); v != OK {
		t.Fatal(v)
	}
	defer in.Payload.Release()
	views := in.Payload.AsViewList()
	if got := views.Front().AsSlice(); &got[0] != &inPacket[0] {
		t.Error("the payload was copied")
	}
}
