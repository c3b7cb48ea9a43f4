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
	// What the stack's counters hold already of what the engine counts and no
	// counter of Stats.
	recoveries, dsacks, spurious, slowStart uint32
	probeRecoveries, spuriousTimeouts       uint16
	// told is the sum of what the engine had counted when it was last looked at.
	told uint32
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
	if e.eofs.Load() != 0 {
		s.ReadErrors.ReadClosed.IncrementBy(uint64(e.eofs.Swap(0)))
	}
	return s
}

// countEOF counts a read that met the end of the stream.
func (e *Endpoint) countEOF() {
	if s := e.stats.Load(); s != nil {
		s.ReadErrors.ReadClosed.Increment()
		return
	}
	e.eofs.Add(1)
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
	if c.Retransmits|c.Timeouts|c.ZeroWindows|c.WantZeroWindows|c.DSACKsIn|c.FastRecoveries == 0 {
		return
	}
	// Counters only grow: none has changed where their sum has not.
	sum := c.Retransmits + c.FastRetransmits + c.Timeouts + c.ZeroWindows + c.WantZeroWindows +
		c.FastRecoveries + uint32(c.ProbeRecoveries) + c.SlowStartRetransmits + c.DSACKsIn +
		c.SpuriousRecoveries + uint32(c.SpuriousTimeouts)
	s, st := e.stat(), &e.shared.TCP
	if s.told == sum {
		return
	}
	s.told = sum
	snd, rcv := &s.SendErrors, &s.ReceiveErrors
	both(since(c.Retransmits, &snd.Retransmits), &snd.Retransmits, st.Retransmits)
	both(since(c.FastRetransmits, &snd.FastRetransmit), &snd.FastRetransmit, st.FastRetransmit)
	both(since(c.Timeouts, &snd.Timeouts), &snd.Timeouts, st.Timeouts)
	rcv.ZeroRcvWindowState.IncrementBy(since(c.ZeroWindows, &rcv.ZeroRcvWindowState))
	rcv.WantZeroRcvWindow.IncrementBy(since(c.WantZeroWindows, &rcv.WantZeroRcvWindow))
	recoveries := st.FastRecovery
	if e.conn.Info().SACK {
		recoveries = st.SACKRecovery
	}
	catchUp(&s.recoveries, c.FastRecoveries, recoveries)
	catchUp(&s.probeRecoveries, c.ProbeRecoveries, st.TLPRecovery)
	catchUp(&s.slowStart, c.SlowStartRetransmits, st.SlowStartRetransmits)
	catchUp(&s.dsacks, c.DSACKsIn, st.SegmentsAckedWithDSACK)
	catchUp(&s.spurious, c.SpuriousRecoveries, st.SpuriousRecovery)
	catchUp(&s.spuriousTimeouts, c.SpuriousTimeouts, st.SpuriousRTORecovery)
}

// both adds n to the endpoint's counter and to the stack's.
func both(n uint64, own, stacks *tcpip.StatCounter) {
	if n > 0 {
		own.IncrementBy(n)
		stacks.IncrementBy(n)
	}
}

// catchUp adds to the stack's counter how far the engine's, which may have
// wrapped, is ahead of held.
func catchUp[T uint16 | uint32](held *T, engines T, stacks *tcpip.StatCounter) {
	if engines != *held {
		stacks.IncrementBy(uint64(engines - *held))
		*held = engines
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
