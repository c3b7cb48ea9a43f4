// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

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
	DefaultSynRetries = engine.DefaultSynRetries
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
