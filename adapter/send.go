// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
	"tcpcb/engine/wire"
)

// Send sends one segment along the path, and counts it in the stack's
// statistics. It takes out.Payload, and sets the ports of the header. A segment
// with GSOSize set is cut by the link, or here, where the link takes several
// packets at once instead. The error is the route's; what was not sent begins at
// out.Seq then, and is lost, as a packet on the way would be.
//
// It calls into the network layer, and may deliver to a local endpoint before
// it returns: no lock may be held.
func (p *Path) Send(out *engine.Segment) tcpip.Error {
	if p.cuts(out) {
		return p.sendCut(out)
	}
	return p.sendPacket(out)
}

// sendPacket sends out as one packet, and counts it.
func (p *Path) sendPacket(out *engine.Segment) tcpip.Error {
	pkt := p.Packet(out)
	err := p.write(pkt, out.ECN)
	pkt.DecRef()
	if err != nil {
		p.link.stats.SegmentSendErrors.Increment()
		return err
	}
	p.link.stats.SegmentsSent.Increment()
	if out.Flags.Has(wire.RST) {
		p.link.stats.ResetsSent.Increment()
	}
	return nil
}

// cuts reports whether out is for us to cut: netstack's own kind of GSO cuts
// above the link, but for packets that never leave the stack.
func (p *Path) cuts(out *engine.Segment) bool {
	return p.gsoType() == stack.GSOGvisor && !p.loops &&
		out.GSOSize > 0 && int(out.Payload.Size()) > out.GSOSize
}

// sendCut sends out as packets of GSOSize bytes. PSH and FIN belong to the last
// of them, CWR to the first (RFC 3168, section 6.1.2). All have its ECN field.
func (p *Path) sendCut(out *engine.Segment) tcpip.Error {
	rest := out.Payload
	out.Payload = buffer.Buffer{}
	defer rest.Release()
	part := *out
	for rest.Size() > 0 {
		n := min(int(rest.Size()), out.GSOSize)
		part.Flags = out.Flags
		if n < int(rest.Size()) {
			part.Flags &^= wire.PSH | wire.FIN
			part.Payload = rest.Clone()
			part.Payload.Truncate(int64(n))
			rest.TrimFront(int64(n))
		} else {
			part.Payload, rest = rest, buffer.Buffer{}
		}
		if part.Seq != out.Seq {
			part.Flags &^= wire.CWR
		}
		if err := p.sendPacket(&part); err != nil {
			out.Seq = part.Seq
			return err
		}
		part.Seq = part.Seq.Add(n)
	}
	return nil
}

// Packet builds the packet of a segment, and counts its text in the link until the packet
// is released: it takes out.Payload by reference,
// and marshals the header into room reserved for all headers. The checksum is
// computed, or left to the link where it or GSO does that (RFC 9293, section
// 3.1, MUST-2). The caller owns the packet. Every packet of a segment that is
// not cut by the link has room for one MSS at most.
func (p *Path) Packet(out *engine.Segment) *stack.PacketBuffer {
	out.SrcPort, out.DstPort = p.LocalPort, p.RemotePort
	out.Checksum = 0
	n := out.Header.Len()
	reserve := n + int(p.maxHeader)
	if p.Experiment != 0 && p.IsV6() {
		reserve += header.IPv6ExperimentHdrLength
	}
	var release func()
	if size := int(out.Payload.Size()); size > 0 && !p.loops {
		release = p.link.take(size)
	}
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{
		ReserveHeaderBytes: reserve,
		Payload:            out.Payload,
		Mark:               p.Mark,
		OnRelease:          release,
	})
	out.Payload = buffer.Buffer{}
	pkt.TransportProtocolNumber = header.TCPProtocolNumber
	pkt.Hash = p.Hash
	pkt.Owner = p.Owner
	if !out.Flags.Has(wire.SYN) {
		p.setGSO(pkt, out.GSOSize)
	}

	h := header.TCP(pkt.TransportHeader().Push(n))
	out.Header.Marshal(h)
	p.setChecksum(pkt, h)
	return pkt
}

// setGSO has the link compute the checksum and, for a payload longer than size,
// cut it into packets of size bytes. A link that segments takes such options
// with every packet, and a size of 0 stands for one packet: the link is told
// more than the payload, as some make no packet at all of no text where it is
// not less.
func (p *Path) setGSO(pkt *stack.PacketBuffer, size int) {
	if p.gsoType() == stack.GSONone {
		return
	}
	if p.gsoType() == stack.GSOGvisor && size == 0 {
		return
	}
	if size == 0 {
		size = pkt.Data().Size() + 1
	}
	g := stack.GSO{Type: p.gsoType(), MSS: uint16(size), MaxSize: p.gsoMax}
	if p.gsoType() != stack.GSOGvisor {
		g.NeedsCsum = true
		g.CsumOffset = header.TCPChecksumOffset
		g.L3HdrLen = header.IPv4MinimumSize
		if p.gsoType() == stack.GSOTCPv6 {
			g.L3HdrLen = header.IPv6MinimumSize
		}
	}
	pkt.GSOOptions = g
}

// setChecksum fills in the checksum of h, the header of pkt. Where the link
// completes it, it holds the sum of the pseudo-header.
func (p *Path) setChecksum(pkt *stack.PacketBuffer, h header.TCP) {
	switch {
	case pkt.GSOOptions.NeedsCsum:
		h.SetChecksum(p.route.PseudoHeaderChecksum(header.TCPProtocolNumber, uint16(pkt.Size())))
	case p.sums:
		sum := p.route.PseudoHeaderChecksum(header.TCPProtocolNumber, uint16(pkt.Size()))
		sum = checksum.Combine(sum, pkt.Data().Checksum())
		h.SetChecksum(^h.CalculateChecksum(sum))
	}
}

// ecnMask are the bits of the type of service and of the traffic class that belong
// to ECN (RFC 3168, section 23.1): the engine's, and not the socket's.
const ecnMask = 3

// write hands a packet to the network layer.
func (p *Path) write(pkt *stack.PacketBuffer, ecn engine.Codepoint) tcpip.Error {
	ttl := p.TTL
	if ttl == 0 {
		ttl = p.route.DefaultTTL()
	}
	return p.route.WritePacket(stack.NetworkHeaderParams{
		Protocol:              header.TCPProtocolNumber,
		TTL:                   ttl,
		TOS:                   p.TOS&^ecnMask | uint8(ecn),
		DF:                    p.DF,
		ExperimentOptionValue: p.Experiment,
	}, pkt)
}
