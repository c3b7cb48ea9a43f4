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

// counted is the Stats of an endpoint that had something to count besides the
// segments of an untroubled connection, or that was asked.
type counted struct {
	Stats
	// recoveries is how many of the engine's the stack's counters hold already.
	recoveries uint32
}

// Stats implements tcpip.Endpoint. The counters go on counting.
func (e *Endpoint) Stats() tcpip.EndpointStats { return &e.stat().Stats }

// stat returns the counters, and begins them where they are not there: most
// endpoints never need them.
func (e *Endpoint) stat() *counted {
	s := e.stats.Load()
	if s == nil {
		e.stats.CompareAndSwap(nil, new(counted))
		s = e.stats.Load()
	}
	// What was counted without them until now, or a moment ago.
	if e.segsIn.Load() != 0 {
		s.SegmentsReceived.IncrementBy(e.segsIn.Swap(0))
	}
	if e.segsOut.Load() != 0 {
		s.SegmentsSent.IncrementBy(e.segsOut.Swap(0))
	}
	return s
}

// countArrival counts a segment that came in good order.
func (e *Endpoint) countArrival() {
	if s := e.stats.Load(); s != nil {
		s.SegmentsReceived.Increment()
		return
	}
	e.segsIn.Add(1)
}

// countSegment counts a segment that was handed to the network layer, which
// answered err. Nothing but atomic counters: e.mu is free.
func (e *Endpoint) countSegment(f wire.Flags, err tcpip.Error) {
	s := e.stats.Load()
	switch {
	case err == nil && s == nil:
		e.segsOut.Add(1)
		return
	case err == nil:
		s.SegmentsSent.Increment()
		return
	}
	s = e.stat()
	s.SendErrors.SegmentSendToNetworkFailed.Increment()
	if f.Has(wire.SYN) {
		s.SendErrors.SynSendToNetworkFailed.Increment()
	}
}

// countNews moves what the engine counted since the last time into the
// statistics of the endpoint and of the stack.
func (e *Endpoint) countNews() {
	c := e.conn.Counters()
	if c.Retransmits|c.Timeouts|c.ZeroWindows|c.FastRecoveries == 0 {
		return
	}
	s, st := e.stat(), &e.shared.TCP
	own := &s.SendErrors
	if n := since(c.Retransmits, &own.Retransmits); n > 0 {
		own.Retransmits.IncrementBy(n)
		st.Retransmits.IncrementBy(n)
		fast := since(c.FastRetransmits, &own.FastRetransmit)
		own.FastRetransmit.IncrementBy(fast)
		st.FastRetransmit.IncrementBy(fast)
		st.SlowStartRetransmits.IncrementBy(n - min(n, fast))
	}
	if n := since(c.Timeouts, &own.Timeouts); n > 0 {
		own.Timeouts.IncrementBy(n)
		st.Timeouts.IncrementBy(n)
	}
	if n := since(c.ZeroWindows, &s.ReceiveErrors.ZeroRcvWindowState); n > 0 {
		s.ReceiveErrors.ZeroRcvWindowState.IncrementBy(n)
	}
	if n := uint64(c.FastRecoveries - s.recoveries); n > 0 {
		s.recoveries = c.FastRecoveries
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
	e.stat().FailedConnectionAttempts.Increment()
}

// since returns how far the engine's counter, which may have wrapped, is ahead
// of ours.
func since(c uint32, ours *tcpip.StatCounter) uint64 { return uint64(c - uint32(ours.Value())) }
