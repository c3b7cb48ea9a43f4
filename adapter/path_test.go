// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"bytes"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// TestMSS holds CHANGES 3.1.0 of MirageOS's TCP, the MTU ignored, over its
// matrix and beyond: the MSS is the MTU less both headers.
func TestMSS(t *testing.T) {
	for _, c := range []struct {
		mtu    uint32
		m4, m6 uint16
	}{
		{1280, 1240, 1220},
		{1500, 1460, 1440},
		{9000, 8960, 8940},
		{65535, 65495, 65475},
	} {
		h := newHost(t, c.mtu, 0, stack.GSONotSupported)
		p4, p6 := h.path(t, false), h.path(t, true)
		if got := p4.MSS(); got != c.m4 {
			t.Errorf("MTU %d, IPv4: MSS %d, want %d", c.mtu, got, c.m4)
		}
		if got := p6.MSS(); got != c.m6 {
			t.Errorf("MTU %d, IPv6: MSS %d, want %d", c.mtu, got, c.m6)
		}
		if p4.GSOMaxSize() != 0 {
			t.Errorf("GSO of %d bytes on a link without", p4.GSOMaxSize())
		}
	}
	h := newHost(t, 1500, 0, stack.GSONotSupported)
	p4, p6 := h.path(t, false), h.path(t, true)
	if p4.DefaultPeerMSS() != 536 || p6.DefaultPeerMSS() != 1220 {
		t.Errorf("default MSS of peers: %d and %d, want 536 and 1220", p4.DefaultPeerMSS(), p6.DefaultPeerMSS())
	}
	p4.Experiment, p6.Experiment = 1, 1
	if p4.MSS() != 1456 || p6.MSS() != 1432 {
		t.Errorf("with an option in each packet: MSS %d and %d, want 1456 and 1432", p4.MSS(), p6.MSS())
	}
	for mtu, want := range map[uint32]uint16{0: 1, 20: 1, 21: 1, 556: 536, 65515: 65495, 1 << 20: 65495} {
		if got := MSSForMTU(mtu); got != want {
			t.Errorf("MSSForMTU(%d) = %d, want %d", mtu, got, want)
		}
	}
}

// TestNetworkHeader checks that TTL, TOS, DF and the hash reach the packet.
func TestNetworkHeader(t *testing.T) {
	h := newHost(t, 1500, 0, stack.GSONotSupported)
	for _, v6 := range []bool{false, true} {
		p := h.path(t, v6)
		p.Hash, p.TOS, p.DF = 77, 0x20, true
		for _, c := range []struct {
			v4   uint8
			hops int16
			want uint8
		}{
			{tcpip.UseDefaultIPv4TTL, tcpip.UseDefaultIPv6HopLimit, p.Route().DefaultTTL()},
			{5, 5, 5},
		} {
			p.SetTTL(c.v4, c.hops)
			if err := p.Send(sample(1)); err != nil {
				t.Fatal(err)
			}
			sent := h.link.Read()
			if sent.Hash != 77 {
				t.Errorf("hash %d, want 77", sent.Hash)
			}
			tos, _ := sent.Network().TOS()
			b := sent.NetworkHeader().Slice()
			ttl, df := header.IPv4(b).TTL(), header.IPv4(b).Flags()&header.IPv4FlagDontFragment != 0
			if v6 {
				ttl, df = header.IPv6(b).HopLimit(), true
			}
			if ttl != c.want || tos != 0x20 || !df {
				t.Errorf("IPv6 %v: TTL %d, TOS %#x, DF %v, want %d, 0x20, true", v6, ttl, tos, df, c.want)
			}
			sent.DecRef()
		}
	}
}

// TestECNField: the ECN field of the IP header is the segment's, in both
// directions and on both families (RFC 3168, section 5), and the rest of the type
// of service, or the traffic class, the socket's.
func TestECNField(t *testing.T) {
	for _, gso := range []stack.SupportedGSO{stack.GSONotSupported, stack.HostGSOSupported, stack.GVisorGSOSupported} {
		h := newHost(t, 1500, 0, gso)
		for _, v6 := range []bool{false, true} {
			p := h.path(t, v6)
			p.TOS = 0xb7 // its low bits are nobody's business
			for _, ecn := range []engine.Codepoint{engine.NotECT, engine.ECT1, engine.ECT0, engine.CE} {
				n := 1000
				if gso != stack.GSONotSupported {
					n = 3000
				}
				out := sample(n)
				out.ECN, out.GSOSize = ecn, 1000
				if err := p.Send(out); err != nil {
					t.Fatal(err)
				}
				checkECN(t, h, 0xb4|uint8(ecn), ecn, gso == stack.HostGSOSupported)
			}
		}
	}
}

// checkECN reads what was sent, and fails unless all of it has that type of
// service, and is read with that codepoint.
func checkECN(t *testing.T, h *host, tos uint8, ecn engine.Codepoint, whole bool) {
	t.Helper()
	packets := 0
	for sent := h.link.Read(); sent != nil; sent = h.link.Read() {
		packets++
		if got, _ := sent.Network().TOS(); got != tos {
			t.Errorf("%v: a type of service of %#x, want %#x", ecn, got, tos)
		}
		pkt := arrived(t, sent)
		pkt.RXChecksumValidated = whole // the link was to complete it
		in := engine.Segment{ECN: ecn ^ 3}
		if v := ParseSegment(pkt, &in); v != OK || in.ECN != ecn {
			t.Errorf("read as %v: %v, want %v", v, in.ECN, ecn)
		}
		in.Payload.Release()
		pkt.DecRef()
		sent.DecRef()
	}
	if packets == 0 {
		t.Errorf("%v: nothing was sent", ecn)
	}
}

// TestChecksumOffload checks that a link that computes checksums is not
// anticipated.
func TestChecksumOffload(t *testing.T) {
	h := newHost(t, 1500, stack.CapabilityTXChecksumOffload, stack.GSONotSupported)
	if err := h.path(t, false).Send(sample(100)); err != nil {
		t.Fatal(err)
	}
	sent := h.link.Read()
	defer sent.DecRef()
	if c := header.TCP(sent.TransportHeader().Slice()).Checksum(); c != 0 {
		t.Errorf("checksum %#x, want 0", c)
	}
}

// TestHostGSO checks that a link that segments gets one packet, with what it
// needs to cut it and to complete the checksum: the sum of the pseudo-header.
func TestHostGSO(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		h := newHost(t, 1500, 0, stack.HostGSOSupported)
		p := h.path(t, v6)
		if got := p.GSOMaxSize(); got <= 30000 || got > 32768 {
			t.Errorf("GSOMaxSize() = %d for a link that takes 32768", got)
		}
		for _, n := range []int{0, 100, 20000} {
			out := sample(n)
			if n > 1448 {
				out.GSOSize = 1448
			}
			if err := p.Send(out); err != nil {
				t.Fatal(err)
			}
			sent := h.link.Read()
			want := stack.GSO{
				Type: stack.GSOTCPv4, NeedsCsum: true, CsumOffset: header.TCPChecksumOffset,
				MSS: uint16(min(n+1, 1448)), L3HdrLen: header.IPv4MinimumSize, MaxSize: 32768,
			}
			if v6 {
				want.Type, want.L3HdrLen = stack.GSOTCPv6, header.IPv6MinimumSize
			}
			if sent.GSOOptions != want {
				t.Errorf("IPv6 %v, %d bytes: %+v, want %+v", v6, n, sent.GSOOptions, want)
			}
			b := header.TCP(sent.TransportHeader().Slice())
			if got, want := b.Checksum(), p.Route().PseudoHeaderChecksum(header.TCPProtocolNumber, uint16(len(b)+n)); got != want {
				t.Errorf("IPv6 %v, %d bytes: checksum %#x, want that of the pseudo-header, %#x", v6, n, got, want)
			}
			if sent.Data().Size() != n {
				t.Errorf("%d bytes in the packet, want %d", sent.Data().Size(), n)
			}
			sent.DecRef()
		}
	}
}

// TestNetstackGSO checks that netstack's own GSO cuts a segment into packets in
// order: PSH and FIN on the last only, CWR on the first only (RFC 3168, section
// 6.1.2), each with a good checksum.
func TestNetstackGSO(t *testing.T) {
	h := newHost(t, 1500, 0, stack.GVisorGSOSupported)
	p := h.path(t, false)
	out := sample(3 * 1000)
	out.GSOSize = 1000
	out.Flags |= wire.FIN | wire.CWR
	want := out.Payload.Flatten()
	start := out.Seq
	if err := p.Send(out); err != nil {
		t.Fatal(err)
	}
	var got []byte
	for i, flags := range []wire.Flags{wire.CWR, 0, wire.PSH | wire.FIN} {
		sent := h.link.Read()
		if sent == nil {
			t.Fatalf("%d packets, want 3", i)
		}
		pkt := arrived(t, sent)
		var in engine.Segment
		if v := ParseSegment(pkt, &in); v != OK {
			t.Fatalf("packet %d: %v", i, v)
		}
		if f := in.Flags & (wire.PSH | wire.FIN | wire.CWR); f != flags {
			t.Errorf("packet %d: flags %v, want %v", i, f, flags)
		}
		if in.Seq != start.Add(1000*i) {
			t.Errorf("packet %d: sequence number %v, want %v", i, in.Seq, start.Add(1000*i))
		}
		got = append(got, in.Payload.Flatten()...)
		in.Payload.Release()
		pkt.DecRef()
		sent.DecRef()
	}
	if !bytes.Equal(got, want) {
		t.Error("the payload differs")
	}
	if n := h.stats.SegmentsSent.Value(); n != 3 {
		t.Errorf("%d segments counted, want 3", n)
	}
}

// TestSendFull: where the link is full, the segment tells from where on it was not
// sent, whoever cuts it.
func TestSendFull(t *testing.T) {
	for room, from := range []int{0, 1000, 2000} {
		h := newHost(t, 1500, 0, stack.GVisorGSOSupported)
		p := h.path(t, false)
		h.room = room
		out := sample(3 * 1000)
		out.GSOSize = 1000
		start := out.Seq
		_, full := p.Send(out).(*tcpip.ErrNoBufferSpace)
		if !full || out.Seq != start.Add(from) || h.link.NumQueued() != room {
			t.Errorf("room for %d packets: full %v, not sent from %v on, %d packets on the link; want %v", room, full, out.Seq, h.link.NumQueued(), start.Add(from))
		}
		if out.Payload.Size() != 0 {
			t.Error("the payload was not taken")
		}
		h.link.Drain()
	}
}

// TestSendCounts checks the stack's statistics: segments, resets, errors.
func TestSendCounts(t *testing.T) {
	h := newHost(t, 1500, 0, stack.GSONotSupported)
	p := h.path(t, false)
	rst := &engine.Segment{Header: wire.Header{Seq: seq.New(1), Flags: wire.RST}}
	for _, s := range []*engine.Segment{sample(5), rst} {
		if err := p.Send(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.DisableNIC(1); err != nil {
		t.Fatal(err)
	}
	if err := p.Send(sample(5)); err == nil {
		t.Error("a segment went through a NIC that is down")
	}
	st := &h.stats
	if st.SegmentsSent.Value() != 2 || st.ResetsSent.Value() != 1 || st.SegmentSendErrors.Value() != 1 {
		t.Errorf("sent %d, resets %d, errors %d, want 2, 1, 1", st.SegmentsSent.Value(), st.ResetsSent.Value(), st.SegmentSendErrors.Value())
	}
}

// TestReject checks the resets for segments that nobody wants (RFC 9293, section
// 3.10.7.1), payload counted, and that a reset is not answered. MirageOS's TCP
// answered all alike, and left the payload out.
func TestReject(t *testing.T) {
	for name, c := range map[string]struct {
		flags    wire.Flags
		n        int
		seq, ack uint32
		want     wire.Flags // 0: no answer
	}{
		"ACK":      {wire.ACK, 10, 0x12345678, 0, wire.RST},
		"SYN":      {wire.SYN, 0, 0, 0xfffffff1, wire.RST | wire.ACK},
		"SYN+text": {wire.SYN, 10, 0, 0xfffffffb, wire.RST | wire.ACK},
		"FIN+text": {wire.FIN, 20, 0, 5, wire.RST | wire.ACK},
		"RST":      {wire.RST, 0, 0, 0, 0},
		"RST+ACK":  {wire.RST | wire.ACK, 0, 0, 0, 0},
	} {
		h := newHost(t, 1500, 0, stack.GSONotSupported)
		from := newHost(t, 1500, 0, stack.GSONotSupported)
		out := sample(c.n)
		out.Flags = c.flags
		sender := from.path(t, false)
		if err := sender.Send(out); err != nil {
			t.Fatal(err)
		}
		sent := from.link.Read()
		pkt := parsed(swapped(flat(sent)))
		pkt.NICID = 1
		sent.DecRef()
		var in engine.Segment
		if v := ParseSegment(pkt, &in); v != OK {
			t.Fatalf("%s: %v", name, v)
		}
		if err := Reject(h.Stack, pkt, &in, &h.links); err != nil {
			t.Fatalf("%s: %s", name, err)
		}
		in.Payload.Release()
		pkt.DecRef()
		checkReset(t, name, h, c.want, c.seq, c.ack)
	}
}

// swapped returns the IPv4 packet b with its addresses exchanged, which leaves
// all checksums as they are.
func swapped(b []byte) []byte {
	b = bytes.Clone(b)
	for i := range 4 {
		b[12+i], b[16+i] = b[16+i], b[12+i]
	}
	return b
}

func checkReset(t *testing.T, name string, h *host, flags wire.Flags, seqNum, ack uint32) {
	t.Helper()
	sent := h.link.Read()
	if flags == 0 {
		if sent != nil {
			t.Errorf("%s: a reset was answered", name)
		}
		return
	}
	if sent == nil {
		t.Fatalf("%s: no answer", name)
	}
	defer sent.DecRef()
	pkt := arrived(t, sent)
	defer pkt.DecRef()
	var got engine.Segment
	if v := ParseSegment(pkt, &got); v != OK {
		t.Fatalf("%s: %v", name, v)
	}
	if got.Flags != flags || got.Seq.Value() != seqNum || got.Ack.Value() != ack ||
		got.SrcPort != 4000 || got.DstPort != 80 || got.Window != 0 {
		t.Errorf("%s: got %+v, want flags %v, seq %d, ack %d", name, got.Header, flags, seqNum, ack)
	}
	echo := wire.Options{HasTimestamps: true, TSEcr: sample(0).Options.TSVal} // RFC 7323, section 5.2
	if got.Options != echo {
		t.Errorf("%s: options %+v, want %+v", name, got.Options, echo)
	}
	if h.stats.ResetsSent.Value() != 1 {
		t.Errorf("%s: %d resets counted, want 1", name, h.stats.ResetsSent.Value())
	}
}

// TestReleaseTwice checks that a path without a route is one.
func TestReleaseTwice(t *testing.T) {
	p := newHost(t, 1500, 0, stack.GSONotSupported).path(t, false)
	if !p.Valid() || p.Route() == nil {
		t.Error("a new path has no route")
	}
	p.Release()
	p.Release()
	if p.Valid() {
		t.Error("a released path has a route")
	}
}

// TestPacketAllocates bounds what a packet costs above what netstack's own
// buffers do: nothing.
func TestPacketAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes pools lossy")
	}
	h := newHost(t, 1500, 0, stack.GSONotSupported)
	p := h.path(t, false)
	out := sample(0)
	payload := text(1400)
	defer payload.Release()
	n := testing.AllocsPerRun(1000, func() {
		out.Payload = payload.Clone()
		p.Packet(out).DecRef()
	})
	if n >= 1 {
		t.Errorf("%v allocations for a packet", n)
	}
}
