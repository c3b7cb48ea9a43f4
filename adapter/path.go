// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine/wire"
)

// Payload sizes, in bytes.
const (
	// DefaultMSS4 and DefaultMSS6 are assumed of a peer that offers none
	// (RFC 9293, section 3.7.1, MUST-15).
	DefaultMSS4 = 536
	DefaultMSS6 = 1220
	// maxIPPacket is the largest packet that a length field can tell.
	maxIPPacket = 65535
)

// Path is a route with what TCP derives from it, and with what the packets of
// one connection have in common. It owns its route until Release. The zero
// value has none. Its owner's lock guards the fields; a packet may be built and
// sent with a copy of the path as long as the route is not released.
type Path struct {
	route *stack.Route
	link  *Link
	// What the route told once: asking it costs an interface call or more, for
	// each packet.
	gsoMax    uint32
	maxHeader uint16
	gso       uint8 // a stack.GSOType
	sums      bool  // whether checksums are ours to compute
	loops     bool  // whether packets come back without leaving the stack

	// LocalPort and RemotePort go into each header.
	LocalPort, RemotePort uint16

	// Hash tells the flow to links with many queues; 0 when there is no need.
	Hash uint32
	// Mark and Owner are handed to iptables with each packet.
	Mark  uint32
	Owner tcpip.PacketOwner

	// TTL and TOS (RFC 9293, section 3.9.2, MUST-49, and 3.9.1.9, SHLD-22: as they
	// were set) are the time to live and the type of service, or the hop
	// limit and the traffic class, whose ECN bits are each segment's own; DF
	// forbids routers to fragment (IPv4).
	TTL, TOS uint8
	DF       bool
	// Experiment is the value of the IP experiment option; 0 leaves it out.
	Experiment uint16

	// inLine says that the owner stands in line at the link, and turn is what is left of
	// its turn, in units (see line.go).
	inLine bool
	turn   uint8
}

// NewPath returns the path along r, which it owns from now on, with r's own
// default TTL, and through one of links.
func NewPath(r *stack.Route, localPort, remotePort uint16, links *Links) Path {
	p := Path{
		route:      r,
		link:       links.of(r),
		gsoMax:     r.GSOMaxSize(),
		maxHeader:  r.MaxHeaderLength(),
		sums:       r.RequiresTXTransportChecksum(),
		loops:      r.Loop()&stack.PacketLoop != 0,
		LocalPort:  localPort,
		RemotePort: remotePort,
		TTL:        r.DefaultTTL(),
	}
	switch {
	case r.HasHostGSOCapability() && p.IsV6():
		p.gso = uint8(stack.GSOTCPv6)
	case r.HasHostGSOCapability():
		p.gso = uint8(stack.GSOTCPv4)
	case r.HasGVisorGSOCapability():
		p.gso = uint8(stack.GSOGvisor)
	}
	return p
}

// gsoType returns how the link segments.
func (p *Path) gsoType() stack.GSOType { return stack.GSOType(p.gso) }

// Release gives the route back and leaves the zero path. It may be called
// again.
func (p *Path) Release() {
	if p.route != nil {
		p.route.Release()
	}
	*p = Path{}
}

// Valid reports whether p has a route.
func (p *Path) Valid() bool { return p.route != nil }

// Route returns the route, which p keeps owning; nil when there is none.
func (p *Path) Route() *stack.Route { return p.route }

// IsV6 reports whether the packets are IPv6's.
func (p *Path) IsV6() bool { return p.route.NetProto() == header.IPv6ProtocolNumber }

// SetTTL sets the TTL or the hop limit as sockets have them:
// tcpip.UseDefaultIPv4TTL and tcpip.UseDefaultIPv6HopLimit stand for the default
// that the route has when a packet is sent.
func (p *Path) SetTTL(v4 uint8, v6 int16) {
	switch {
	case p.IsV6() && v6 != tcpip.UseDefaultIPv6HopLimit:
		p.TTL = uint8(v6)
	case !p.IsV6() && v4 != tcpip.UseDefaultIPv4TTL:
		p.TTL = v4
	default:
		p.TTL = 0
	}
}

// MSS returns the largest payload of one packet that carries no TCP option, in
// bytes: the MTU less the network and TCP headers (RFC 9293, section 3.7.1). It
// is at least 1.
func (p *Path) MSS() uint16 { return MSSForMTU(p.networkMTU()) }

// networkMTU returns the room for the network layer's payload, in bytes.
func (p *Path) networkMTU() uint32 {
	mtu := p.route.MTU()
	if extra := p.networkOptions(); mtu > extra {
		mtu -= extra
	}
	return mtu
}

// networkOptions returns the length of the option that each packet's network
// header carries, in bytes.
func (p *Path) networkOptions() uint32 {
	switch {
	case p.Experiment == 0:
		return 0
	case p.IsV6():
		return header.IPv6ExperimentHdrLength
	}
	return 4
}

// MSSForMTU returns the largest TCP payload where the network layer has room
// for mtu bytes of its own payload (an MTU less the network header, as
// stack.Route.MTU tells it). It is at least 1.
func MSSForMTU(mtu uint32) uint16 {
	const room = maxIPPacket - header.IPv4MinimumSize
	return uint16(min(max(mtu, wire.MinHeaderLen+1), room) - wire.MinHeaderLen)
}

// DefaultPeerMSS returns the MSS of a peer that offers none, in bytes
// (RFC 9293, section 3.7.1, MUST-15).
func (p *Path) DefaultPeerMSS() uint16 {
	if p.IsV6() {
		return DefaultMSS6
	}
	return DefaultMSS4
}

// GSOMaxSize returns the largest payload that Send takes in one segment with
// GSOSize set, in bytes; 0 where the link does not segment.
func (p *Path) GSOMaxSize() int {
	if p.gsoType() == stack.GSONone {
		return 0
	}
	hdr := wire.MaxHeaderLen + int(p.networkOptions())
	if p.IsV6() {
		hdr += header.IPv6MinimumSize
	} else {
		hdr += header.IPv4MinimumSize
	}
	return max(min(int(p.gsoMax), maxIPPacket)-hdr, 0)
}

// ConfirmReachable tells the neighbour cache that the peer answers (RFC 4861,
// section 7.3.1).
func (p *Path) ConfirmReachable() { p.route.ConfirmReachable() }
