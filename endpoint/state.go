// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"fmt"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/engine"
)

// EndpointState is the state of an endpoint, as State reports it. The numbers
// are netstack's: the first eleven are Linux's, too, and what follows are
// states of a socket that TCP does not know.
type EndpointState tcpip.EndpointState

// The states. StateInitial, StateBound, StateConnecting and StateError are
// internal: TCP_INFO reports them as StateClose.
const (
	_ EndpointState = iota
	StateEstablished
	StateSynSent
	StateSynRecv
	StateFinWait1
	StateFinWait2
	StateTimeWait
	StateClose
	StateCloseWait
	StateLastAck
	StateListen
	StateClosing

	// StateInitial: neither bound nor connected yet.
	StateInitial
	// StateBound: a port is reserved.
	StateBound
	// StateConnecting: Connect was called, and the SYN is not built yet.
	StateConnecting
	// StateError: the connection failed; the error waits for the caller.
	StateError
)

var endpointStateNames = [...]string{
	StateEstablished: "ESTABLISHED",
	StateSynSent:     "SYN-SENT",
	StateSynRecv:     "SYN-RCVD",
	StateFinWait1:    "FIN-WAIT1",
	StateFinWait2:    "FIN-WAIT2",
	StateTimeWait:    "TIME-WAIT",
	StateClose:       "CLOSED",
	StateCloseWait:   "CLOSE-WAIT",
	StateLastAck:     "LAST-ACK",
	StateListen:      "LISTEN",
	StateClosing:     "CLOSING",
	StateInitial:     "INITIAL",
	StateBound:       "BOUND",
	StateConnecting:  "CONNECTING",
	StateError:       "ERROR",
}

// String returns the state's name, as netstack spells it.
func (s EndpointState) String() string {
	if int(s) < len(endpointStateNames) && endpointStateNames[s] != "" {
		return endpointStateNames[s]
	}
	return fmt.Sprintf("EndpointState(%d)", uint32(s))
}

// connected reports whether both SYNs were acknowledged and the connection has
// not ended.
func (s EndpointState) connected() bool {
	switch s {
	case StateEstablished, StateFinWait1, StateFinWait2, StateTimeWait,
		StateCloseWait, StateLastAck, StateClosing:
		return true
	}
	return false
}

// connecting reports whether a handshake is under way.
func (s EndpointState) connecting() bool {
	return s == StateConnecting || s == StateSynSent || s == StateSynRecv
}

// internal reports whether TCP does not know the state.
func (s EndpointState) internal() bool { return s >= StateInitial }

// closed reports whether the endpoint's connection, if it had one, has ended.
func (s EndpointState) closed() bool { return s == StateClose || s == StateError }

// socketStates maps the states of a connection to those of an endpoint. CLOSED
// is left out: the reason decides what it becomes.
var socketStates = [...]EndpointState{
	engine.StateClosed:      StateClose,
	engine.StateSynSent:     StateSynSent,
	engine.StateSynRcvd:     StateSynRecv,
	engine.StateEstablished: StateEstablished,
	engine.StateFinWait1:    StateFinWait1,
	engine.StateFinWait2:    StateFinWait2,
	engine.StateClosing:     StateClosing,
	engine.StateTimeWait:    StateTimeWait,
	engine.StateCloseWait:   StateCloseWait,
	engine.StateLastAck:     StateLastAck,
}

// EndpointState returns the endpoint's state.
func (e *Endpoint) EndpointState() EndpointState {
	return EndpointState(e.state.Load())
}

// State implements tcpip.Endpoint: the endpoint's state as a number, for
// diagnostics.
func (e *Endpoint) State() uint32 { return e.state.Load() }

// setState is the one place where an endpoint's state changes. It keeps the
// stack's gauges and counters of connections.
//
// Precondition: e.mu is held.
func (e *Endpoint) setState(s EndpointState) {
	old := e.EndpointState()
	if old == s {
		return
	}
	e.state.Store(uint32(s))
	st := &e.shared.TCP
	if s == StateEstablished {
		st.CurrentEstablished.Increment()
	}
	if old == StateEstablished {
		st.CurrentEstablished.Decrement()
	}
	if s.connected() && !old.connected() {
		st.CurrentConnected.Increment()
	}
	if old.connected() && !s.connected() {
		st.CurrentConnected.Decrement()
	}
	if s.closed() && (old == StateEstablished || old == StateCloseWait) {
		st.EstablishedResets.Increment()
	}
	if s == StateClose && old.connected() {
		st.EstablishedClosed.Increment()
	}
}
