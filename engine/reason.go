// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "fmt"

// Reason says why a connection ended, or which soft error it met last.
type Reason uint8

// The reasons. ReasonNone stands for a connection that lives, or that both
// sides closed in order.
const (
	ReasonNone Reason = iota
	// ReasonRefused: a reset answered the SYN (RFC 9293, section 3.10.7.3).
	ReasonRefused
	// ReasonReset: the peer reset the connection.
	ReasonReset
	// ReasonAborted: this side reset the connection: Abort, Close with unread
	// data, or text that came after Close (RFC 9293, section 3.6.1).
	ReasonAborted
	// ReasonTimedOut: retransmissions, probes or keep-alives ran out, or the
	// user timeout passed (RFC 9293, section 3.8.3).
	ReasonTimedOut
	// ReasonNetUnreachable and the rest report ICMP errors (RFC 9293, section
	// 3.9.2.2).
	ReasonNetUnreachable
	ReasonHostUnreachable
	ReasonPortUnreachable
	ReasonProtoUnreachable
	ReasonSourceRouteFailed
	ReasonHostIsolated
	ReasonHostDown
)

var reasonNames = [...]string{
	ReasonNone:              "none",
	ReasonRefused:           "connection refused",
	ReasonReset:             "connection reset by peer",
	ReasonAborted:           "connection aborted",
	ReasonTimedOut:          "connection timed out",
	ReasonNetUnreachable:    "network unreachable",
	ReasonHostUnreachable:   "host unreachable",
	ReasonPortUnreachable:   "port unreachable",
	ReasonProtoUnreachable:  "protocol unreachable",
	ReasonSourceRouteFailed: "source route failed",
	ReasonHostIsolated:      "source host isolated",
	ReasonHostDown:          "host down",
}

// String describes the reason.
func (r Reason) String() string {
	if int(r) < len(reasonNames) {
		return reasonNames[r]
	}
	return fmt.Sprintf("Reason(%d)", uint8(r))
}
