// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
)

// ErrorOf returns netstack's error for the reason why a connection ended or for
// a soft error; nil for engine.ReasonNone.
func ErrorOf(r engine.Reason) tcpip.Error {
	switch r {
	case engine.ReasonNone:
		return nil
	case engine.ReasonRefused, engine.ReasonPortUnreachable:
		return &tcpip.ErrConnectionRefused{}
	case engine.ReasonReset:
		return &tcpip.ErrConnectionReset{}
	case engine.ReasonAborted:
		return &tcpip.ErrConnectionAborted{}
	case engine.ReasonTimedOut:
		return &tcpip.ErrTimeout{}
	case engine.ReasonNetUnreachable:
		return &tcpip.ErrNetworkUnreachable{}
	case engine.ReasonHostUnreachable:
		return &tcpip.ErrHostUnreachable{}
	case engine.ReasonProtoUnreachable:
		return &tcpip.ErrUnknownProtocolOption{}
	case engine.ReasonSourceRouteFailed:
		return &tcpip.ErrNotSupported{}
	case engine.ReasonHostIsolated:
		return &tcpip.ErrNoNet{}
	case engine.ReasonHostDown:
		return &tcpip.ErrHostDown{}
	}
	return &tcpip.ErrConnectionAborted{}
}

// ReasonOf returns the reason that an ICMP error tells, and false for one that
// is none: a packet that was too big (see engine.Conn.HandlePathMTU), or a kind
// that TCP does not know.
func ReasonOf(kind stack.TransportErrorKind) (engine.Reason, bool) {
	switch kind {
	case stack.DestinationHostUnreachableTransportError:
		return engine.ReasonHostUnreachable, true
	case stack.DestinationPortUnreachableTransportError:
		return engine.ReasonPortUnreachable, true
	case stack.DestinationNetworkUnreachableTransportError:
		return engine.ReasonNetUnreachable, true
	case stack.DestinationProtoUnreachableTransportError:
		return engine.ReasonProtoUnreachable, true
	case stack.SourceRouteFailedTransportError:
		return engine.ReasonSourceRouteFailed, true
	case stack.SourceHostIsolatedTransportError:
		return engine.ReasonHostIsolated, true
	case stack.DestinationHostDownTransportError:
		return engine.ReasonHostDown, true
	}
	return engine.ReasonNone, false
}
