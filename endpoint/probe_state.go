// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"time"

	"gvisor.dev/gvisor/pkg/atomicbitops"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/seqnum"
)

// This file is the tree of states that a probe is given. Its names and types are
// netstack's; windows are in segments where it says so, as there.

// TCPProbeFunc is told the state of an endpoint each time it has processed a
// segment of an established connection. It is called from a goroutine of its own,
// for one segment after the other, in order; where it falls behind by 1024
// segments, the endpoints wait for it. So it must not call them. The state that it
// is given is its own.
type TCPProbeFunc func(s *TCPEndpointState)

// TCPEndpointState is the state of an endpoint.
type TCPEndpointState struct {
	TCPEndpointStateInner

	// ID is the connection.
	ID TCPEndpointID
	// SegTime is when the segment was processed.
	SegTime tcpip.MonotonicTime
	// RcvBufState and SndBufState are about the socket's buffers.
	RcvBufState TCPRcvBufState
	SndBufState TCPSndBufState
	// SACK is what either side holds out of order.
	SACK TCPSACKInfo
	// Receiver and Sender are the two directions.
	Receiver TCPReceiverState
	Sender   TCPSenderState
}

// TCPEndpointStateInner is what the handshake has agreed upon, and the timestamp
// to echo.
type TCPEndpointStateInner struct {
	// TSOffset is what this connection's timestamps are ahead of the stack's
	// clock by.
	TSOffset TSOffset
	// SACKPermitted and SendTSOk say that both sides have offered SACK (RFC
	// 2018) and timestamps (RFC 7323).
	SACKPermitted bool
	SendTSOk      bool
	// RecentTS is TS.Recent (RFC 7323, section 4.3), which is echoed.
	RecentTS uint32
}

// TSOffset is what a connection's timestamps are ahead of the stack's clock by,
// in milliseconds.
type TSOffset struct {
	milliseconds uint32
}

// TSVal returns the timestamp of a segment that is sent now, in milliseconds.
func (o TSOffset) TSVal(now tcpip.MonotonicTime) uint32 {
	return uint32(now.Sub(tcpip.MonotonicTime{}).Milliseconds()) + o.milliseconds
}

// Elapsed returns how long before now the segment was sent whose timestamp the
// peer echoes. It is exact to a millisecond, and wraps after 49 days.
func (o TSOffset) Elapsed(now tcpip.MonotonicTime, tsEcr uint32) time.Duration {
	return time.Duration(o.TSVal(now)-tsEcr) * time.Millisecond
}

// TCPEndpointID is a connection, as stack.TransportEndpointID has it.
type TCPEndpointID struct {
	LocalPort     uint16
	LocalAddress  tcpip.Address
	RemotePort    uint16
	RemoteAddress tcpip.Address
}

// TCPRcvBufState is the state of a socket's receive buffer.
type TCPRcvBufState struct {
	// RcvBufUsed is how many bytes wait for the application.
	RcvBufUsed int
	// RcvAutoParams is about the growth of the buffer.
	RcvAutoParams RcvBufAutoTuneParams
	// RcvClosed says that the application reads no more.
	RcvClosed bool
}

// RcvBufAutoTuneParams is what the growth of a receive buffer follows (see
// Endpoint.ModerateRecvBuf).
type RcvBufAutoTuneParams struct {
	// MeasureTime is when the present measurement began.
	MeasureTime tcpip.MonotonicTime
	// CopiedBytes is what the application has read since then, and
	// PrevCopiedBytes the most that it has read in a round trip.
	CopiedBytes     int
	PrevCopiedBytes int
	// RcvBufSize is the size of the buffer, in bytes.
	RcvBufSize int
	// RTT and RTTVar are the round-trip time that measurements last for, and
	// its variation. The endpoint's estimate serves for both directions: there
	// is none of the receiver's own, and the two fields below stay zero.
	RTT    time.Duration
	RTTVar time.Duration

	RTTMeasureSeqNumber seqnum.Value
	RTTMeasureTime      tcpip.MonotonicTime
	// Disabled says that the application has set the buffer's size, or that the
	// protocol's option is off.
	Disabled bool
}

// TCPSndBufState is the state of a socket's send buffer.
type TCPSndBufState struct {
	// SndBufSize is the size of the buffer, in bytes, and SndBufUsed what it
	// holds: text that was written and not acknowledged.
	SndBufSize int
	SndBufUsed int
	// SndClosed says that nothing more may be written.
	SndClosed bool
	// PacketTooBigCount is how many times the path has refused what was sent
	// for its size, and SndMTU the size of packets that it takes as far as it
	// has told, in bytes; the largest int32 where it has not.
	PacketTooBigCount int
	SndMTU            int
	// AutoTuneSndBufDisabled is 1 where the application has set the size.
	AutoTuneSndBufDisabled atomicbitops.Uint32
}

// TCPSACKInfo is what either side holds out of order.
type TCPSACKInfo struct {
	// Blocks are the ranges that this side reports, the latest first.
	Blocks []header.SACKBlock
	// ReceivedBlocks are the ranges that the peer holds, in order of sequence,
	// and MaxSACKED the highest sequence number in any that it has reported.
	ReceivedBlocks []header.SACKBlock
	MaxSACKED      seqnum.Value
}

// TCPReceiverState is the direction from the peer.
type TCPReceiverState struct {
	// RcvNxt is RCV.NXT, and RcvAcc the right edge of the widest window that
	// was offered (RFC 9293, section 3.3.1).
	RcvNxt seqnum.Value
	RcvAcc seqnum.Value
	// RcvWndScale is the shift of windows that this side offers.
	RcvWndScale uint8
	// PendingBufUsed is how many bytes came out of order and are held.
	PendingBufUsed int
}

// TCPRTTState is the round-trip time (RFC 6298, section 2).
type TCPRTTState struct {
	SRTT   time.Duration
	RTTVar time.Duration
	// SRTTInited says that there was a measurement.
	SRTTInited bool
}

// TCPSenderState is the direction to the peer.
type TCPSenderState struct {
	// LastSendTime is when text was last sent.
	LastSendTime tcpip.MonotonicTime
	// DupAckCount counts duplicate acknowledgments in a row, on a connection
	// without SACK.
	DupAckCount int
	// SndCwnd and Ssthresh are the congestion window and where slow start ends,
	// in segments; InitialSsthresh is the latter's value before the first loss.
	SndCwnd  int
	Ssthresh int
	// SndCAAckCount is how many segments of the next window's growth are
	// acknowledged, in congestion avoidance by RFC 5681.
	SndCAAckCount int
	// Outstanding is what is thought to be in the network, in segments, and
	// SackedOut how many segments the peer holds out of order.
	Outstanding int
	SackedOut   int
	// SndWnd is the window that the peer offers, in bytes.
	SndWnd seqnum.Size
	// SndUna and SndNxt are SND.UNA and SND.NXT (RFC 9293, section 3.3.1).
	SndUna seqnum.Value
	SndNxt seqnum.Value
	// RTTMeasureSeqNum is the text whose acknowledgment gives the next
	// measurement: the first that was sent once. RTTMeasureTime is when that
	// was; zero when there is none, and RTTMeasureSeqNum is SndNxt then.
	RTTMeasureSeqNum seqnum.Value
	RTTMeasureTime   tcpip.MonotonicTime
	// Closed says that the application writes no more.
	Closed bool
	// RTO is the retransmission timeout in force (RFC 6298).
	RTO      time.Duration
	RTTState TCPRTTState
	// MaxPayloadSize is the text of a full segment, in bytes; segments here are of
	// that size.
	MaxPayloadSize int
	// SndWndScale is the shift of the windows that the peer offers.
	SndWndScale uint8
	// MaxSentAck is the acknowledgment that was last sent.
	MaxSentAck seqnum.Value
	// FastRecovery, Cubic and RACKState are about what they are called.
	FastRecovery TCPFastRecoveryState
	Cubic        TCPCubicState
	RACKState    TCPRACKState
	// RetransmitTS is the timestamp at which the last recovery began, 0 when
	// there was none; SpuriousRecovery says that it turned out to be for
	// nothing (RFC 3522).
	RetransmitTS     uint32
	SpuriousRecovery bool
}

// TCPFastRecoveryState is the state of fast recovery. The other fields are
// meaningful while it is Active.
type TCPFastRecoveryState struct {
	Active bool
	// First is the first sequence number that is not acknowledged, and Last the
	// last one that must be for recovery to end.
	First seqnum.Value
	Last  seqnum.Value
	// MaxCwnd is the most that the congestion window may be meanwhile, in
	// segments.
	MaxCwnd int
	// HighRxt is the highest sequence number that recovery has sent again (RFC
	// 6675, section 2). RescueRxt stays at the last acknowledged one: a tail
	// that is lost is found by a probe (RFC 8985, section 7), and not by a
	// rescue retransmission.
	HighRxt   seqnum.Value
	RescueRxt seqnum.Value
}

// TCPCubicState is the state of CUBIC (RFC 9438) and of the slow start before it
// (RFC 9406); it is zero for another congestion control. Windows are in
// segments.
type TCPCubicState struct {
	// WMax is W_max, and WLastMax the one before.
	WLastMax float64
	WMax     float64
	// T is when the present congestion avoidance began, zero before that, and
	// TimeSinceLastCongestion how long ago that is.
	T                       tcpip.MonotonicTime
	TimeSinceLastCongestion time.Duration
	// C is the constant of that name, K the time from T until the window is
	// WMax again, in seconds, and Beta what a loss reduces the window to.
	C    float64
	K    float64
	Beta float64
	// WC is W_cubic now, and WEst is W_est.
	WC   float64
	WEst float64
	// EndSeq is the sequence number that ends the present round when it is
	// acknowledged. CurrRTT and LastRTT are the least round-trip times of this
	// round and the one before, and SampleCount counts this round's samples.
	EndSeq      seqnum.Value
	CurrRTT     time.Duration
	LastRTT     time.Duration
	SampleCount uint
	// LastAck is when an acknowledgment last brought news, and RoundStart when
	// the round began.
	LastAck    tcpip.MonotonicTime
	RoundStart tcpip.MonotonicTime
}

// TCPRACKState are RACK's variables (RFC 8985, section 5.3).
type TCPRACKState struct {
	// XmitTime, EndSequence and RTT are of the segment that was sent last among
	// those that have arrived.
	XmitTime    tcpip.MonotonicTime
	EndSequence seqnum.Value
	// FACK is the end of the highest range that has arrived.
	FACK seqnum.Value
	RTT  time.Duration
	// Reord says that reordering was seen, and DSACKSeen that the peer has
	// reported text that came twice.
	Reord     bool
	DSACKSeen bool
	// ReoWnd is how long RACK waits for what was overtaken: ReoWndIncr quarters
	// of the least round-trip time. ReoWndPersist is for how many recoveries
	// ReoWndIncr stays above 1 yet, and RTTSeq where the round trip ends in
	// which it last grew.
	ReoWnd        time.Duration
	ReoWndIncr    uint8
	ReoWndPersist int8
	RTTSeq        seqnum.Value
}
