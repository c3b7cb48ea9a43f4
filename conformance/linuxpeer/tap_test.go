// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer_test

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/nested"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// segment is what a tap sees of a TCP segment.
type segment struct {
	fromStack bool
	flags     header.TCPFlags
	window    uint16 // as on the wire, unscaled
	payload   int    // bytes
	packet    int    // bytes, with the IP header
	options   header.TCPSynOptions
}

// tap is a middle that shows each TCP segment to a function, which may be
// called from several goroutines at once.
type tap struct {
	nested.Endpoint
	see func(segment)
}

// newTap returns the middle.
func newTap(see func(segment)) func(stack.LinkEndpoint) stack.LinkEndpoint {
	return func(lower stack.LinkEndpoint) stack.LinkEndpoint {
		t := &tap{see: see}
		t.Init(lower, t)
		return t
	}
}

// DeliverNetworkPacket implements stack.NetworkDispatcher.
func (t *tap) DeliverNetworkPacket(proto tcpip.NetworkProtocolNumber, pkt *stack.PacketBuffer) {
	t.show(pkt, false)
	t.Endpoint.DeliverNetworkPacket(proto, pkt)
}

// WritePackets implements stack.LinkEndpoint.
func (t *tap) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	for _, pkt := range pkts.AsSlice() {
		t.show(pkt, true)
	}
	return t.Endpoint.WritePackets(pkts)
}

func (t *tap) show(pkt *stack.PacketBuffer, fromStack bool) {
	v := pkt.ToView()
	defer v.Release()
	if s, ok := parseSegment(v.AsSlice()); ok {
		s.fromStack = fromStack
		t.see(s)
	}
}

// parseSegment reports false for a packet that is not whole, not TCP, or has
// IPv6 extension headers.
func parseSegment(b []byte) (segment, bool) {
	s := segment{packet: len(b)}
	switch header.IPVersion(b) {
	case header.IPv4Version:
		ip := header.IPv4(b)
		if !ip.IsValid(len(b)) || ip.TransportProtocol() != header.TCPProtocolNumber {
			return s, false
		}
		b = ip.Payload()
	case header.IPv6Version:
		ip := header.IPv6(b)
		if !ip.IsValid(len(b)) || ip.NextHeader() != uint8(header.TCPProtocolNumber) {
			return s, false
		}
		b = ip.Payload()
	default:
		return s, false
	}
	if len(b) < header.TCPMinimumSize {
		return s, false
	}
	tcp := header.TCP(b)
	if off := int(tcp.DataOffset()); off < header.TCPMinimumSize || off > len(b) {
		return s, false
	}
	s.flags, s.window, s.payload = tcp.Flags(), tcp.WindowSize(), len(tcp.Payload())
	if s.flags.Contains(header.TCPFlagSyn) {
		s.options = header.ParseSynOptions(tcp.Options(), s.flags.Contains(header.TCPFlagAck))
	}
	return s, true
}
