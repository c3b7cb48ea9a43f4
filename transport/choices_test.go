// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/transport"
)

// TestChoicesOption checks the option's default and that it is taken. Netstack's own
// TCP does not know it.
func TestChoicesOption(t *testing.T) {
	stacks := protocols(t)
	s := stacks["tcpcb"]
	get := func() transport.Choices {
		t.Helper()
		var o transport.ChoicesOption
		if err := s.TransportProtocolOption(transport.ProtocolNumber, &o); err != nil {
			t.Fatal(err)
		}
		return o.Choices
	}
	if c := get(); c != (transport.Choices{}) {
		t.Errorf("the default is %+v, want netstack's choices", c)
	}
	want := transport.Choices{LimitedTransmit: true, LoneFIN: true}
	if err := s.SetTransportProtocolOption(transport.ProtocolNumber, &transport.ChoicesOption{Choices: want}); err != nil || get() != want {
		t.Errorf("set: %v, and is %+v", err, get())
	}
	if err := stacks["netstack"].SetTransportProtocolOption(transport.ProtocolNumber, &transport.ChoicesOption{}); !isErr[*tcpip.ErrUnknownProtocolOption](err) {
		t.Errorf("netstack: %v, want ErrUnknownProtocolOption", err)
	}
}
