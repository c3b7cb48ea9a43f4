// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/engine/wire"
)

// ReceiveErrors count what went wrong with segments that an endpoint received.
type ReceiveErrors struct {
	tcpip.ReceiveErrors

	// SegmentQueueDropped counts segments that came while the endpoint was
	// busy and its inbox was full.
	SegmentQueueDropped tcpip.StatCounter
	// ChecksumErrors counts segments whose checksum was wrong.
	ChecksumErrors tcpip.StatCounter
	// ListenOverflowSynDrop counts SYNs dropped because the accept queue was
	// full.
	ListenOverflowSynDrop tcpip.StatCounter
	// ListenOverflowAckDrop counts last ACKs of handshakes dropped because the
	// accept queue was full.
	ListenOverflowAckDrop tcpip.StatCounter
	// ZeroRcvWindowState counts windows of zero sent to the peer.
	ZeroRcvWindowState tcpip.StatCounter
	// WantZeroRcvWindow counts windows that would have been zero, had the right
	// edge been free to move back.
	WantZeroRcvWindow tcpip.StatCounter
}

// SendErrors count what went wrong with segments that an endpoint sent.
type SendErrors struct {
	tcpip.SendErrors

	// SegmentSendToNetworkFailed counts segments that the network layer
	// refused.
	SegmentSendToNetworkFailed tcpip.StatCounter
	// SynSendToNetworkFailed counts SYNs that the network layer refused.
	SynSendToNetworkFailed tcpip.StatCounter
	// Retransmits counts segments sent again.
	Retransmits tcpip.StatCounter
	// FastRetransmit counts segments sent again in fast recovery.
	FastRetransmit tcpip.StatCounter
	// Timeouts counts expiries of the retransmission timer.
	Timeouts tcpip.StatCounter
}

// Stats are the counters of one endpoint.
type Stats struct {
	// SegmentsReceived counts segments that parsed and whose checksum was
	// right.
	SegmentsReceived tcpip.StatCounter
	// SegmentsSent counts segments that the network layer took.
	SegmentsSent tcpip.StatCounter
	// FailedConnectionAttempts counts errors of Connect and Listen, and
	// handshakes that failed.
	FailedConnectionAttempts tcpip.StatCounter

	ReceiveErrors ReceiveErrors
	ReadErrors    tcpip.ReadErrors
	SendErrors    SendErrors
	WriteErrors   tcpip.WriteErrors
}

// IsEndpointStats marks Stats as a tcpip.EndpointStats.
func (*Stats) IsEndpointStats() {}

// Stats implements tcpip.Endpoint.
func (e *Endpoint) Stats() tcpip.EndpointStats { return &e.stats }

// countSegment counts a segment that was handed to the network layer, which
// answered err. Nothing but atomic counters: e.mu is free.
func (e *Endpoint) countSegment(f wire.Flags, err tcpip.Error) {
	if err == nil {
		e.stats.SegmentsSent.Increment()
		return
	}
	e.stats.SendErrors.SegmentSendToNetworkFailed.Increment()
	if f.Has(wire.SYN) {
		e.stats.SendErrors.SynSendToNetworkFailed.Increment()
	}
}

// countNews moves what the engine counted since the last time into the
// statistics of the endpoint and of the stack.
func (e *Endpoint) countNews() {
	c, own, st := e.conn.Counters(), &e.stats.SendErrors, &e.shared.TCP
	if n := c.Retransmits - own.Retransmits.Value(); n > 0 {
		own.Retransmits.IncrementBy(n)
		st.Retransmits.IncrementBy(n)
		fast := c.FastRetransmits - own.FastRetransmit.Value()
		own.FastRetransmit.IncrementBy(fast)
		st.FastRetransmit.IncrementBy(fast)
		st.SlowStartRetransmits.IncrementBy(n - min(n, fast))
	}
	if n := c.Timeouts - own.Timeouts.Value(); n > 0 {
		own.Timeouts.IncrementBy(n)
		st.Timeouts.IncrementBy(n)
	}
	if n := c.ZeroWindows - e.stats.ReceiveErrors.ZeroRcvWindowState.Value(); n > 0 {
		e.stats.ReceiveErrors.ZeroRcvWindowState.IncrementBy(n)
	}
	if n := uint64(uint32(c.FastRecoveries) - e.recoveries); n > 0 {
		e.recoveries = uint32(c.FastRecoveries)
		if e.conn.Info().SACK {
			st.SACKRecovery.IncrementBy(n)
		} else {
			st.FastRecovery.IncrementBy(n)
		}
	}
}

// countFailedConnection counts an attempt to connect that failed.
func (e *Endpoint) countFailedConnection() {
	e.shared.TCP.FailedConnectionAttempts.Increment()
	e.stats.FailedConnectionAttempts.Increment()
}
