// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/adapter"
	"tcpcb/engine"
)

// HandleUnknownDestinationPacket implements stack.TransportProtocol: a segment
// that no endpoint wants is answered with a reset (RFC 9293, section
// 3.10.7.1), but for a reset, for a segment that is damaged, and for one that
// was sent to, or claims to come from, more than one host (RFC 1122, section
// 3.2.2; RFC 9293, section 3.9.2.3, MUST-57).
func (p *protocol) HandleUnknownDestinationPacket(id stack.TransportEndpointID, pkt *stack.PacketBuffer) stack.UnknownDestinationPacketDisposition {
	stats := &p.shared.TCP
	var in engine.Segment
	defer in.Payload.Release()
	switch adapter.ParseSegment(pkt, &in) {
	case adapter.Malformed:
		stats.InvalidSegmentsReceived.Increment()
		return stack.UnknownDestinationPacketMalformed
	case adapter.BadChecksum:
		stats.ChecksumErrors.Increment()
		return stack.UnknownDestinationPacketMalformed
	}
	if !unicast(id, pkt) {
		stats.InvalidSegmentsReceived.Increment()
		return stack.UnknownDestinationPacketHandled
	}
	// The answer may fail for want of a route; then there is no one to tell.
	_ = adapter.Reject(p.shared.Stack, pkt, &in, &p.shared.Links)
	return stack.UnknownDestinationPacketHandled
}

// unicast reports whether the packet went from one host to one host.
func unicast(id stack.TransportEndpointID, pkt *stack.PacketBuffer) bool {
	return !pkt.NetworkPacketInfo.LocalAddressBroadcast && oneHost(id.LocalAddress) && oneHost(id.RemoteAddress)
}

// oneHost reports whether a may be the address of one host.
func oneHost(a tcpip.Address) bool {
	return !a.Unspecified() && a != header.IPv4Broadcast &&
		!header.IsV4MulticastAddress(a) && !header.IsV6MulticastAddress(a)
}
