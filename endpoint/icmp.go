// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"encoding/binary"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/adapter"
	"tcpcb/engine"
	"tcpcb/engine/seq"
)

// HandleError implements stack.TransportEndpoint: an ICMP error quotes one of
// our segments. pkt holds what was quoted, from the TCP header on. The quoted
// sequence number has to be one that is on its way: who is not on the path
// cannot know it (RFC 5927, section 4.1).
func (e *Endpoint) HandleError(transErr stack.TransportError, pkt *stack.PacketBuffer) {
	at, ok := quoted(pkt)
	if !ok || e.still() {
		return
	}
	now := e.lock()
	defer e.unlock(now)
	if !e.opened || e.retired {
		return
	}
	if transErr.Kind() == stack.PacketTooBigTransportError {
		e.conn.HandlePathMTU(now, adapter.MSSForMTU(transErr.Info()), at)
		return
	}
	r, ok := adapter.ReasonOf(transErr.Kind())
	if !ok {
		return
	}
	e.conn.HandleUnreachable(now, r, at)
	ended := e.conn.State() == engine.StateClosed
	soft := e.conn.SoftError() != engine.ReasonNone
	if !soft && !ended {
		return // about nothing that we sent
	}
	err := adapter.ErrorOf(r)
	e.setSoftError(err)
	if e.EndpointState().connecting() {
		// RFC 5461, section 4.1: nothing is lost yet when a connection that is
		// being opened is given up for a soft error, and the caller learns in
		// time. Netstack and Linux do the same.
		if !ended {
			e.reset(now, abortReason(r))
		}
		e.countFailedConnection()
	}
	e.queueError(err, transErr, pkt)
}

// quoted returns the sequence number of the segment quoted in pkt; ICMP quotes
// the first 8 bytes of the header at least (RFC 792).
func quoted(pkt *stack.PacketBuffer) (seq.Num, bool) {
	b, ok := pkt.Data().PullUp(header.TCPSeqNumOffset + 4)
	if !ok {
		return seq.Num{}, false
	}
	return seq.New(binary.BigEndian.Uint32(b[header.TCPSeqNumOffset:])), true
}

// queueError queues the error for MSG_ERRQUEUE where the application asked for
// that, with IP_RECVERR or IPV6_RECVERR.
func (e *Endpoint) queueError(err tcpip.Error, cause stack.TransportError, pkt *stack.PacketBuffer) {
	v4 := pkt.NetworkProtocolNumber == header.IPv4ProtocolNumber
	if v4 && !e.ops().GetIPv4RecvError() || !v4 && !e.ops().GetIPv6RecvError() {
		return
	}
	e.SocketOptions().QueueErr(&tcpip.SockError{
		Err:      err,
		Cause:    cause,
		Payload:  pkt.Data().AsRange().ToView(),
		Dst:      tcpip.FullAddress{NIC: pkt.NICID, Addr: e.ID.RemoteAddress, Port: e.ID.RemotePort},
		Offender: tcpip.FullAddress{NIC: pkt.NICID, Addr: e.ID.LocalAddress, Port: e.ID.LocalPort},
		NetProto: pkt.NetworkProtocolNumber,
	})
}
