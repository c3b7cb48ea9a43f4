// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "fmt"

// State is a state of a connection (RFC 9293, section 3.3.2). LISTEN is not
// among them: it is a function of a segment (see ClassifyListen).
type State uint8

// The states, in the order of a connection's life.
const (
	StateClosed State = iota
	StateSynSent
	StateSynRcvd
	StateEstablished
	StateFinWait1
	StateFinWait2
	StateClosing
	StateTimeWait
	StateCloseWait
	StateLastAck
)

var stateNames = [...]string{
	StateClosed:      "CLOSED",
	StateSynSent:     "SYN-SENT",
	StateSynRcvd:     "SYN-RECEIVED",
	StateEstablished: "ESTABLISHED",
	StateFinWait1:    "FIN-WAIT-1",
	StateFinWait2:    "FIN-WAIT-2",
	StateClosing:     "CLOSING",
	StateTimeWait:    "TIME-WAIT",
	StateCloseWait:   "CLOSE-WAIT",
	StateLastAck:     "LAST-ACK",
}

// String returns the state's name in RFC 9293.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// Synchronized reports whether both SYNs were acknowledged: ESTABLISHED and the
// states after it (RFC 9293, section 3.5.1).
func (s State) Synchronized() bool { return s >= StateEstablished }

// sentFin reports whether the application has closed its direction: a FIN was
// sent or stands at the end of the send buffer.
func (s State) sentFin() bool {
	switch s {
	case StateFinWait1, StateFinWait2, StateClosing, StateTimeWait, StateLastAck:
		return true
	}
	return false
}

// receives reports whether text from the peer is still to come (RFC 9293,
// section 3.10.7.4, seventh step).
func (s State) receives() bool {
	switch s {
	case StateEstablished, StateFinWait1, StateFinWait2:
		return true
	}
	return false
}

// sends reports whether text or a FIN may be sent or sent again.
func (s State) sends() bool {
	switch s {
	case StateEstablished, StateCloseWait, StateFinWait1, StateClosing, StateLastAck:
		return true
	}
	return false
}

// setState is the one place where a connection changes its state. It starts
// nothing: the caller does what the change asks for.
func (c *Conn) setState(now Instant, s State) {
	if c.state == s {
		return
	}
	old := c.state
	c.state = s
	if c.par.trace != nil {
		c.par.trace(TraceEvent{At: now, Kind: TraceState, Old: old, New: s, Reason: c.reason})
	}
}
