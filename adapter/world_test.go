// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"testing"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

var (
	local4  = tcpip.AddrFrom4([4]byte{10, 0, 0, 1})
	remote4 = tcpip.AddrFrom4([4]byte{10, 0, 0, 2})
	local6  = tcpip.AddrFrom16([16]byte{0xfd, 15: 1})
	remote6 = tcpip.AddrFrom16([16]byte{0xfd, 15: 2})
)

// host is a stack without TCP, over a link that queues what it is given.
type host struct {
	*stack.Stack
	link  *channel.Endpoint
	stats tcpip.TCPStats
	links Links
	// room is how many packets the link takes before it is full; below 0, all.
	room int
}

// WritePacket implements stack.QueueingDiscipline.
func (h *host) WritePacket(pkt *stack.PacketBuffer) tcpip.Error {
	if h.room == 0 {
		return &tcpip.ErrNoBufferSpace{}
	}
	h.room--
	var pkts stack.PacketBufferList
	pkts.PushBack(pkt)
	_, err := h.link.WritePackets(pkts)
	return err
}

// Close implements stack.QueueingDiscipline.
func (h *host) Close() {}

func newHost(t testing.TB, mtu uint32, caps stack.LinkEndpointCapabilities, gso stack.SupportedGSO) *host {
	t.Helper()
	link := channel.New(128, mtu, "")
	link.LinkEPCapabilities = caps
	link.SupportedGSOKind = gso
	s := stack.New(stack.Options{
		NetworkProtocols: []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		HandleLocal:      true,
	})
	h := &host{Stack: s, link: link, room: -1}
	if err := s.CreateNICWithOptions(1, link, stack.NICOptions{QDisc: h}); err != nil {
		t.Fatal(err)
	}
	for _, a := range []tcpip.ProtocolAddress{
		{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: tcpip.AddressWithPrefix{Address: local4, PrefixLen: 24}},
		{Protocol: ipv6.ProtocolNumber, AddressWithPrefix: tcpip.AddressWithPrefix{Address: local6, PrefixLen: 64}},
	} {
		if err := s.AddProtocolAddress(1, a, stack.AddressProperties{}); err != nil {
			t.Fatal(err)
		}
	}
	s.SetRouteTable([]tcpip.Route{
		{Destination: header.IPv4EmptySubnet, NIC: 1},
		{Destination: header.IPv6EmptySubnet, NIC: 1},
	})
	t.Cleanup(func() { s.Close(); s.Wait(); link.Close() })
	for link.Drain() > 0 { // router solicitations and their like
	}
	h.stats = s.Stats().TCP
	h.links.Init(NewClock(s.Clock()), &h.stats)
	return h
}

// path returns the path to the other end, on IPv4 or IPv6.
func (h *host) path(t testing.TB, v6 bool) *Path {
	t.Helper()
	local, remote, proto := local4, remote4, ipv4.ProtocolNumber
	if v6 {
		local, remote, proto = local6, remote6, ipv6.ProtocolNumber
	}
	r, err := h.FindRoute(1, local, remote, proto, false)
	if err != nil {
		t.Fatal(err)
	}
	p := NewPath(r, 80, 4000, &h.links)
	t.Cleanup(p.Release)
	return &p
}

// arrived is a packet taken from a link, as netstack hands it to TCP: its
// headers are consumed.
func arrived(t testing.TB, out *stack.PacketBuffer) *stack.PacketBuffer {
	t.Helper()
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: out.ToBuffer()})
	pkt.NetworkProtocolNumber = out.NetworkProtocolNumber
	n := header.IPv4MinimumSize
	if out.NetworkProtocolNumber == ipv6.ProtocolNumber {
		n = header.IPv6MinimumSize
	}
	if _, ok := pkt.NetworkHeader().Consume(n); !ok {
		t.Fatal("no network header")
	}
	b, ok := pkt.Data().PullUp(header.TCPMinimumSize)
	if !ok {
		t.Fatal("no TCP header")
	}
	pkt.TransportHeader().Consume(int(header.TCP(b).DataOffset()))
	pkt.TransportProtocolNumber = header.TCPProtocolNumber
	return pkt
}

// sample returns a segment that has every field and option set, with n bytes of
// payload in two views.
func sample(n int) *engine.Segment {
	s := &engine.Segment{Header: wire.Header{
		SrcPort: 80, DstPort: 4000,
		Seq: seq.New(0xfffffff0), Ack: seq.New(0x12345678),
		Flags: wire.ACK | wire.PSH | wire.URG, Window: 0x4321, Urgent: 7,
		Options: wire.Options{
			HasTimestamps: true, TSVal: 0x01020304, TSEcr: 0x05060708,
			NumSACK: 2,
		},
	}}
	s.Options.SACK[0] = seq.MakeRange(seq.New(100), 50)
	s.Options.SACK[1] = seq.MakeRange(seq.New(0xffffffff), 10)
	s.Payload = text(n)
	return s
}

// text returns n bytes that tell their place, in two views.
func text(n int) buffer.Buffer {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	buf := buffer.MakeWithData(b[:n/3])
	rest := buffer.MakeWithData(b[n/3:])
	buf.Merge(&rest)
	return buf
}
