// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// TraceKind says what a TraceEvent tells.
type TraceKind uint8

// The kinds of trace events.
const (
	// TraceState: the state went from Old to New.
	TraceState TraceKind = iota
	// TraceRecovery: loss recovery began (fast retransmit).
	TraceRecovery
	// TraceRecovered: loss recovery ended.
	TraceRecovered
	// TraceUndo: a recovery, or a timeout, proved spurious and was taken back.
	TraceUndo
	// TraceMark: the congestion window was reduced for a mark of the path (RFC
	// 3168).
	TraceMark
	// TraceTimeout: the retransmission timer expired.
	TraceTimeout
	// TraceDrop: a segment was dropped; Rule names the rule.
	TraceDrop
)

// TraceEvent is one thing that happened in a connection.
type TraceEvent struct {
	At       Instant
	Kind     TraceKind
	Old, New State
	Reason   Reason
	// Rule names why a segment was dropped, by the RFC's step.
	Rule string
}

// trace tells that something of a kind happened.
func (c *Conn) trace(now Instant, k TraceKind) {
	if c.par.trace != nil {
		c.par.trace(TraceEvent{At: now, Kind: k, Old: c.state, New: c.state})
	}
}
