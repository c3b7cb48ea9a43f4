// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"math"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/seqnum"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/endpoint"
	"tcpcb/engine"
)

// ProtocolNumber is TCP's number in the IP header.
const ProtocolNumber = endpoint.ProtocolNumber

// Sizes of buffers, in bytes: the least that the protocol's default options
// allow, what endpoints begin with, and the most.
const (
	MinBufferSize            = endpoint.MinBufferSize
	DefaultSendBufferSize    = endpoint.DefaultBufferSize
	DefaultReceiveBufferSize = endpoint.DefaultBufferSize
	MaxBufferSize            = endpoint.MaxBufferSize
)

// Defaults and bounds of the protocol's options.
const (
	// DefaultTCPLingerTimeout and MaxTCPLingerTimeout are for the stay of a
	// closed connection in FIN-WAIT-2.
	DefaultTCPLingerTimeout = engine.DefaultFinWait2Timeout
	MaxTCPLingerTimeout     = endpoint.MaxLingerTimeout
	// DefaultTCPTimeWaitTimeout is the stay in TIME-WAIT (RFC 9293, section
	// 3.4.2).
	DefaultTCPTimeWaitTimeout = engine.DefaultTimeWait
	// DefaultSynRetries and MaxRetries are how many times a SYN, and text, are
	// sent again (RFC 9293, section 3.8.3).
	DefaultSynRetries = endpoint.DefaultSynRetries
	MaxRetries        = engine.DefaultMaxRetries
	// DefaultKeepaliveIdle, DefaultKeepaliveInterval and DefaultKeepaliveCount
	// are when an idle peer is probed, how often, and how many times in vain
	// (RFC 9293, section 3.8.4).
	DefaultKeepaliveIdle     = engine.DefaultKeepAliveIdle
	DefaultKeepaliveInterval = engine.DefaultKeepAliveInterval
	DefaultKeepaliveCount    = engine.DefaultKeepAliveCount
	// InitialRTO, MinRTO and MaxRTO are the retransmission timeout before the
	// first sample of the round-trip time, and its bounds (RFC 6298, section
	// 2).
	InitialRTO = time.Second
	MinRTO     = engine.DefaultMinRTO
	MaxRTO     = engine.DefaultMaxRTO
	// MinSRTT is netstack's least smoothed round-trip time. Here nothing is
	// rounded up to it: it is what the timeout allows for at least beside the
	// round-trip time, the granularity of timers (RFC 6298, section 2.3).
	MinSRTT = time.Millisecond
	// InitialCwnd is the congestion window to begin with, in segments (RFC 6928,
	// section 2), and InitialSsthresh stands for a slow start that only a loss
	// ends (RFC 5681, section 3.1).
	InitialCwnd     = 10
	InitialSsthresh = math.MaxInt
	// SegOverheadFactor is how many bytes of a receive buffer there are for each
	// that is offered to the peer: the rest pays for the packets around the text.
	SegOverheadFactor = 2
	// SegOverheadSize is what a segment without text takes in memory, in bytes:
	// the packet that it came in included.
	SegOverheadSize = endpoint.SegmentSize + stack.PacketBufferStructSize + header.IPv4MaximumHeaderSize
)

// Endpoint is a TCP socket; see the package endpoint.
type Endpoint = endpoint.Endpoint

// EndpointState is the state of an Endpoint.
type EndpointState = endpoint.EndpointState

// The states of an Endpoint. The last four are internal.
const (
	StateEstablished = endpoint.StateEstablished
	StateSynSent     = endpoint.StateSynSent
	StateSynRecv     = endpoint.StateSynRecv
	StateFinWait1    = endpoint.StateFinWait1
	StateFinWait2    = endpoint.StateFinWait2
	StateTimeWait    = endpoint.StateTimeWait
	StateClose       = endpoint.StateClose
	StateCloseWait   = endpoint.StateCloseWait
	StateLastAck     = endpoint.StateLastAck
	StateListen      = endpoint.StateListen
	StateClosing     = endpoint.StateClosing
	StateInitial     = endpoint.StateInitial
	StateBound       = endpoint.StateBound
	StateConnecting  = endpoint.StateConnecting
	StateError       = endpoint.StateError
)

// The probe, and the tree of states that it is given.
type (
	TCPProbeFunc          = endpoint.TCPProbeFunc
	TCPEndpointState      = endpoint.TCPEndpointState
	TCPEndpointStateInner = endpoint.TCPEndpointStateInner
	TCPEndpointID         = endpoint.TCPEndpointID
	TCPRcvBufState        = endpoint.TCPRcvBufState
	RcvBufAutoTuneParams  = endpoint.RcvBufAutoTuneParams
	TCPSndBufState        = endpoint.TCPSndBufState
	TCPSACKInfo           = endpoint.TCPSACKInfo
	TCPReceiverState      = endpoint.TCPReceiverState
	TCPRTTState           = endpoint.TCPRTTState
	TCPSenderState        = endpoint.TCPSenderState
	TCPFastRecoveryState  = endpoint.TCPFastRecoveryState
	TCPCubicState         = endpoint.TCPCubicState
	TCPRACKState          = endpoint.TCPRACKState
)

// Stats are the counters of an Endpoint, as its method Stats returns them.
type Stats = endpoint.Stats

// ReceiveErrors and SendErrors are parts of Stats.
type (
	ReceiveErrors = endpoint.ReceiveErrors
	SendErrors    = endpoint.SendErrors
)

// GetTCPSendBufferLimits returns the bounds of SO_SNDBUF of the stack's TCP, in
// bytes.
func GetTCPSendBufferLimits(s tcpip.StackHandler) tcpip.SendBufferSizeOption {
	return endpoint.SendBufferLimits(s)
}

// GetTCPReceiveBufferLimits returns the bounds of SO_RCVBUF of the stack's TCP,
// in bytes.
func GetTCPReceiveBufferLimits(s tcpip.StackHandler) tcpip.ReceiveBufferSizeOption {
	return endpoint.ReceiveBufferLimits(s)
}

// FindWndScale returns the least window scale with which a window of wnd bytes
// can be offered (RFC 7323, section 2.2); 14, the largest there is, for windows
// beyond.
func FindWndScale(wnd seqnum.Size) int {
	scale := 0
	for scale < header.MaxWndScale && math.MaxUint16<<scale < int64(wnd) {
		scale++
	}
	return scale
}
