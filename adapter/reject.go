// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
)

// ReplyPath returns the path back to where pkt came from: from the address it
// was sent to, through the NIC it came by. in is what ParseSegment made of it.
// The caller releases the path. The error is that of routing.
func ReplyPath(s *stack.Stack, pkt *stack.PacketBuffer, in *engine.Segment, links *Links) (Path, tcpip.Error) {
	net := pkt.Network()
	route, err := s.FindRoute(pkt.NICID, net.DestinationAddress(), net.SourceAddress(), pkt.NetworkProtocolNumber, false /* multicastLoop */)
	if err != nil {
		return Path{}, err
	}
	return NewPath(route, in.DstPort, in.SrcPort, links), nil
}

// Reject answers a segment that no connection wants with a reset, where RFC
// 9293, section 3.10.7.1, asks for one: not for a reset. in is what ParseSegment
// made of pkt, and stays the caller's. The error is the route's.
//
// No lock may be held, as with Path.Send.
func Reject(s *stack.Stack, pkt *stack.PacketBuffer, in *engine.Segment, links *Links) tcpip.Error {
	var out engine.Segment
	if !engine.ResetFor(in, &out) {
		return nil
	}
	path, err := ReplyPath(s, pkt, in, links)
	if err != nil {
		return err
	}
	defer path.Release()
	return path.Send(&out)
}
