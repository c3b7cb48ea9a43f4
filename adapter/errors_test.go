// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
)

// TestErrors checks what each reason is in netstack, and that ICMP's errors
// become the errors that netstack's own TCP has for them.
func TestErrors(t *testing.T) {
	for r, want := range map[engine.Reason]tcpip.Error{
		engine.ReasonNone:              nil,
		engine.ReasonRefused:           &tcpip.ErrConnectionRefused{},
		engine.ReasonReset:             &tcpip.ErrConnectionReset{},
		engine.ReasonAborted:           &tcpip.ErrConnectionAborted{},
		engine.ReasonTimedOut:          &tcpip.ErrTimeout{},
		engine.ReasonNetUnreachable:    &tcpip.ErrNetworkUnreachable{},
		engine.ReasonHostUnreachable:   &tcpip.ErrHostUnreachable{},
		engine.ReasonPortUnreachable:   &tcpip.ErrConnectionRefused{},
		engine.ReasonProtoUnreachable:  &tcpip.ErrUnknownProtocolOption{},
		engine.ReasonSourceRouteFailed: &tcpip.ErrNotSupported{},
		engine.ReasonHostIsolated:      &tcpip.ErrNoNet{},
		engine.ReasonHostDown:          &tcpip.ErrHostDown{},
		engine.Reason(200):             &tcpip.ErrConnectionAborted{},
	} {
		if got := ErrorOf(r); !sameError(got, want) {
			t.Errorf("ErrorOf(%v) = %v, want %v", r, got, want)
		}
	}
	for kind, want := range map[stack.TransportErrorKind]engine.Reason{
		stack.PacketTooBigTransportError:                  engine.ReasonNone,
		stack.DestinationHostUnreachableTransportError:    engine.ReasonHostUnreachable,
		stack.DestinationPortUnreachableTransportError:    engine.ReasonPortUnreachable,
		stack.DestinationNetworkUnreachableTransportError: engine.ReasonNetUnreachable,
		stack.DestinationProtoUnreachableTransportError:   engine.ReasonProtoUnreachable,
		stack.SourceRouteFailedTransportError:             engine.ReasonSourceRouteFailed,
		stack.SourceHostIsolatedTransportError:            engine.ReasonHostIsolated,
		stack.DestinationHostDownTransportError:           engine.ReasonHostDown,
		stack.TransportErrorKind(200):                     engine.ReasonNone,
	} {
		if got, ok := ReasonOf(kind); got != want || ok != (want != engine.ReasonNone) {
			t.Errorf("ReasonOf(%d) = %v, %v, want %v", kind, got, ok, want)
		}
	}
}

func sameError(a, b tcpip.Error) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.String() == b.String()
}
