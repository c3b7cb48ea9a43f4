// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit_test

import (
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"tcpcb/conformance/kit"
	"tcpcb/transport"
)

// tcpcb is what the kit is told of tcpcb.
var tcpcb = kit.Provider{Name: "tcpcb", EnableECN: func(s *stack.Stack) error {
	if err := s.SetTransportProtocolOption(transport.ProtocolNumber, &transport.ECNOption{Mode: transport.ECNOn}); err != nil {
		return errorOf(err.String())
	}
	return nil
}}

type errorOf string

func (e errorOf) Error() string { return string(e) }

func TestTcpcb(t *testing.T) { kit.Run(t, transport.NewProtocol, kit.With(tcpcb)) }

func TestNetstack(t *testing.T) { kit.Run(t, tcp.NewProtocol) }
