// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/endpoint"
	"tcpcb/engine"
)

// Choices are what RFCs leave to each TCP to choose, and where Linux has chosen
// otherwise than netstack: see ChoicesOption.
type Choices = engine.Choices

// UnsentMostOption bounds what an endpoint takes beyond what may be sent at once:
// Linux's TCP_NOTSENT_LOWAT.
type UnsentMostOption = endpoint.UnsentMostOption

// ChoicesOption is an option of the protocol, which netstack's own TCP does not
// have. It is set and read like those of package tcpip, and holds for connections
// opened from now on:
//
//	o := transport.ChoicesOption{Choices: transport.Choices{LoneFIN: true}}
//	err := s.SetTransportProtocolOption(transport.ProtocolNumber, &o)
//
// The default is the zero value: netstack's choices.
type ChoicesOption struct {
	protocolOption

	Choices Choices
}

var (
	_ tcpip.SettableTransportProtocolOption = (*ChoicesOption)(nil)
	_ tcpip.GettableTransportProtocolOption = (*ChoicesOption)(nil)
	_                                       = ChoicesOption{}.protocolOption
)
