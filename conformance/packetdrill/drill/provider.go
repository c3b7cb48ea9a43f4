// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"fmt"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"tcpcb/transport"
)

// Provider is a TCP to run scripts against.
type Provider struct {
	// Name is what it is called by.
	Name string
	// New makes it.
	New stack.TransportProtocolFactory
	// ECN sets what Linux's tcp_ecn does: 0, 1 or 2. Nil is a TCP without ECN.
	ECN func(s *stack.Stack, value string) error
	// Choose lets f change what RFCs leave to choose; nil is a TCP without a choice.
	Choose func(s *stack.Stack, f func(*transport.Choices)) error
}

// Providers are those there are, the first of which is tcpcb.
var Providers = []*Provider{
	{Name: "tcpcb", New: transport.NewProtocol, ECN: setTCPCBECN, Choose: chooseTCPCB},
	{Name: "gvisor", New: tcp.NewProtocol},
}

// ProviderByName returns one of Providers, nil for none.
func ProviderByName(name string) *Provider {
	for _, p := range Providers {
		if p.Name == name {
			return p
		}
	}
	return nil
}

func setTCPCBECN(s *stack.Stack, value string) error {
	modes := map[string]transport.ECNMode{"0": transport.ECNOff, "1": transport.ECNOn, "2": transport.ECNAccept}
	mode, ok := modes[value]
	if !ok {
		return fmt.Errorf("no such mode")
	}
	if err := s.SetTransportProtocolOption(header.TCPProtocolNumber, &transport.ECNOption{Mode: mode}); err != nil {
		return fmt.Errorf("the TCP says: %v", err)
	}
	return nil
}

func chooseTCPCB(s *stack.Stack, f func(*transport.Choices)) error {
	var o transport.ChoicesOption
	if err := s.TransportProtocolOption(header.TCPProtocolNumber, &o); err != nil {
		return fmt.Errorf("the TCP says: %v", err)
	}
	f(&o.Choices)
	if err := s.SetTransportProtocolOption(header.TCPProtocolNumber, &o); err != nil {
		return fmt.Errorf("the TCP says: %v", err)
	}
	return nil
}

// asLinux are Linux's choices where no setting of its is about them.
func asLinux(c *transport.Choices) {
	*c = transport.Choices{
		LimitedTransmit: true, ProbeAtTimeout: true, LoneFIN: true, NoValidation: true, OpenOnce: true,
		More: true, FromWindow: true,
	}
}
