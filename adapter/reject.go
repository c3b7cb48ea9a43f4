// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
	"tcpcb/engine/wire"
)

// Reject answers a segment that no connection wants with a reset, where RFC
// 9293, section 3.10.7.1, asks for one: not for a reset. in is what ParseSegment
// made of pkt; the packet tells where the answer goes. The stack's counters of
// segments and resets sent are kept. The error is the route's.
//
// No lock may be held, as with Path.Write.
func Reject(s *stack.Stack, pkt *stack.PacketBuffer, in *engine.Segment) tcpip.Error {
	var out engine.Segment
	if !engine.ResetFor(in, &out) {
		return nil
	}
	return Reply(s, pkt, in, &out)
}

// Reply sends out to where pkt came from, with the ports of in the other way
// round and the route's own TTL, and counts it.
//
// No lock may be held, as with Path.Write.
func Reply(s *stack.Stack, pkt *stack.PacketBuffer, in, out *engine.Segment) tcpip.Error {
	net := pkt.Network()
	route, err := s.FindRoute(pkt.NICID, net.DestinationAddress(), net.SourceAddress(), pkt.NetworkProtocolNumber, false /* multicastLoop */)
	if err != nil {
		return err
	}
	path := NewPath(route)
	defer path.Release()
	err = path.Write(&Header{
		LocalPort:  in.DstPort,
		RemotePort: in.SrcPort,
		TTL:        path.DefaultTTL(),
		TOS:        stack.DefaultTOS,
	}, out)
	return countReply(s, out, err)
}

// countReply counts one segment sent, or the error that it met.
func countReply(s *stack.Stack, out *engine.Segment, err tcpip.Error) tcpip.Error {
	stats := s.Stats().TCP
	if err != nil {
		stats.SegmentSendErrors.Increment()
		return err
	}
	stats.SegmentsSent.Increment()
	if out.Flags.Has(wire.RST) {
		stats.ResetsSent.Increment()
	}
	return nil
}
