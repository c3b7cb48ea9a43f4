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

// Header is what the packets of one connection have in common.
type Header struct {
	// LocalPort and RemotePort go into each TCP header.
	LocalPort, RemotePort uint16
	// TTL and TOS are the time to live and the type of service, or the hop
	// limit and the traffic class. DontFragment forbids IPv4's routers to
	// fragment.
	TTL, TOS     uint8
	DontFragment bool
	// Experiment is the value of the IP experiment option; 0 leaves it out.
	Experiment uint16
	// Hash tells the flow to links with many queues; 0 when there is no need.
	Hash uint32
	// Mark and Owner are for packet filters.
	Mark  uint32
	Owner tcpip.PacketOwner
}

// Write sends one segment along the path. It takes out.Payload, and sets the
// ports of the header. A segment with GSOSize set is cut by the link, or here
// where netstack's own kind of GSO is meant. The error is the route's; what was
// not sent is lost, as a packet on the way would be.
//
// It calls into the network layer, which may deliver to a local endpoint before
// it returns: no lock may be held.
func (p *Path) Write(h *Header, out *engine.Segment) tcpip.Error {
	if p.cuts(out) {
		return p.writeCut(h, out)
	}
	return p.writePacket(h, out)
}

// cuts reports whether out is for us to cut: netstack's own kind of GSO cuts
// above the link, but not what never leaves the stack.
func (p *Path) cuts(out *engine.Segment) bool {
	return p.gsoType() == stack.GSOGvisor && !p.loops &&
		out.GSOSize > 0 && int(out.Payload.Size()) > out.GSOSize
}

// writeCut sends out as packets of GSOSize bytes. PSH and FIN belong to the
// last of them, CWR to the first (RFC 3168, section 6.1.2).
func (p *Path) writeCut(h *Header, out *engine.Segment) tcpip.Error {
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
		if err := p.writePacket(h, &part); err != nil {
			return err
		}
		part.Seq = part.Seq.Add(n)
	}
	return nil
}

// writePacket sends out as one packet.
func (p *Path) writePacket(h *Header, out *engine.Segment) tcpip.Error {
	pkt := p.Packet(h, out)
	err := p.route.WritePacket(stack.NetworkHeaderParams{
		Protocol:              header.TCPProtocolNumber,
		TTL:                   h.TTL,
		TOS:                   h.TOS,
		DF:                    h.DontFragment,
		ExperimentOptionValue: h.Experiment,
	}, pkt)
	pkt.DecRef()
	return err
}

// Packet builds the packet of a segment: it takes out.Payload by reference, and
// marshals the header into room reserved for all headers. The checksum is
// computed, or left to the link where it or its GSO does that (RFC 9293,
// section 3.1, MUST-2). The caller owns the packet.
func (p *Path) Packet(h *Header, out *engine.Segment) *stack.PacketBuffer {
	out.SrcPort, out.DstPort = h.LocalPort, h.RemotePort
	out.Checksum = 0
	n := out.Header.Len()
	reserve := n + int(p.maxHeader)
	if h.Experiment != 0 && p.IsV6() {
		reserve += header.IPv6ExperimentHdrLength
	}
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{
		ReserveHeaderBytes: reserve,
		Payload:            out.Payload,
		Mark:               h.Mark,
	})
	out.Payload = buffer.Buffer{}
	pkt.TransportProtocolNumber = header.TCPProtocolNumber
	pkt.Hash = h.Hash
	pkt.Owner = h.Owner
	p.setGSO(pkt, out.GSOSize)

	b := header.TCP(pkt.TransportHeader().Push(n))
	out.Header.Marshal(b)
	p.setChecksum(pkt, b)
	return pkt
}

// setGSO has the link compute the checksum and, for a payload longer than size,
// cut it into packets of size bytes. A link that segments takes such options
// with every packet; 0 stands for one packet.
func (p *Path) setGSO(pkt *stack.PacketBuffer, size int) {
	t := p.gsoType()
	if t == stack.GSONone || t == stack.GSOGvisor && size == 0 {
		return
	}
	if size == 0 {
		size = pkt.Data().Size()
	}
	pkt.GSOOptions = stack.GSO{Type: t, MSS: uint16(size), MaxSize: p.gsoMax}
	if t == stack.GSOGvisor {
		return
	}
	pkt.GSOOptions.NeedsCsum = true
	pkt.GSOOptions.CsumOffset = header.TCPChecksumOffset
	pkt.GSOOptions.L3HdrLen = header.IPv4MinimumSize
	if t == stack.GSOTCPv6 {
		pkt.GSOOptions.L3HdrLen = header.IPv6MinimumSize
	}
}

// setChecksum fills in the checksum of b, the header of pkt. Where the link
// completes it, it holds the sum of the pseudo-header.
func (p *Path) setChecksum(pkt *stack.PacketBuffer, b header.TCP) {
	if !pkt.GSOOptions.NeedsCsum && !p.sums {
		return
	}
	sum := p.route.PseudoHeaderChecksum(header.TCPProtocolNumber, uint16(pkt.Size()))
	if pkt.GSOOptions.NeedsCsum {
		b.SetChecksum(sum)
		return
	}
	sum = checksum.Combine(sum, pkt.Data().Checksum())
	b.SetChecksum(^b.CalculateChecksum(sum))
}
