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
	// maxIPPacket is the largest packet that IPv4's length field can tell.
	maxIPPacket = 65535
)

// Path is a route with what TCP derives from it. It owns the route until
// Release. The zero value has none. Segments may be written along a path, by
// one goroutine or several, as long as it is neither replaced nor released.
type Path struct {
	route *stack.Route
	// What the route told once: asking it costs an interface call or more, for
	// each packet.
	gsoMax    uint32
	maxHeader uint16
	gso       uint8 // a stack.GSOType
	ttl       uint8 // the route's default
	sums      bool  // whether checksums are ours to compute
	loops     bool  // whether packets come back without leaving the stack
}

// NewPath returns the path along r, which it owns from now on.
func NewPath(r *stack.Route) Path {
	p := Path{
		route:     r,
		gsoMax:    r.GSOMaxSize(),
		maxHeader: r.MaxHeaderLength(),
		ttl:       r.DefaultTTL(),
		sums:      r.RequiresTXTransportChecksum(),
		loops:     r.Loop()&stack.PacketLoop != 0,
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

// DefaultTTL returns the route's time to live or hop limit.
func (p *Path) DefaultTTL() uint8 { return p.ttl }

// MSS returns the largest payload of one packet that carries no TCP option, in
// bytes: the MTU less the network and TCP headers (RFC 9293, section 3.7.1). It
// is at least 1.
func (p *Path) MSS() uint16 { return mssFor(p.route.MTU()) }

// mssFor returns the largest TCP payload where the network layer has room for
// room bytes of payload of its own, without IP options.
func mssFor(room uint32) uint16 {
	const maxRoom = maxIPPacket - header.IPv4MinimumSize
	return uint16(min(max(room, wire.MinHeaderLen+1), maxRoom) - wire.MinHeaderLen)
}

// MSSOf returns the largest payload of one packet of the given network protocol,
// in bytes, where the network layer has learnt that room is left for mtu bytes
// of its own payload: what comes with a stack.PacketTooBigTransportError. It is
// 0 where the news is no news: less than a TCP header and one byte.
func MSSOf(mtu uint32, _ tcpip.NetworkProtocolNumber) uint16 {
	if mtu <= wire.MinHeaderLen {
		return 0
	}
	return mssFor(mtu)
}

// PeerMSS returns the MSS of a peer that offers none, in bytes (RFC 9293,
// section 3.7.1, MUST-15).
func (p *Path) PeerMSS() uint16 {
	if p.IsV6() {
		return DefaultMSS6
	}
	return DefaultMSS4
}

// GSOMaxSize returns the largest payload that Write takes in one segment with
// GSOSize set, in bytes; 0 where the link does not segment.
func (p *Path) GSOMaxSize() int {
	if p.gsoType() == stack.GSONone {
		return 0
	}
	hdr := wire.MaxHeaderLen + header.IPv4MinimumSize
	if p.IsV6() {
		hdr = wire.MaxHeaderLen + header.IPv6MinimumSize
	}
	return max(min(int(p.gsoMax), maxIPPacket)-hdr, 0)
}

// ConfirmReachable tells the neighbour cache that the peer answers (RFC 4861,
// section 7.3.1).
func (p *Path) ConfirmReachable() { p.route.ConfirmReachable() }
