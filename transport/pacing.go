// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport

import "gvisor.dev/gvisor/pkg/tcpip"

// PacingOption is an option of the protocol, which netstack's own TCP does not have:
// whether connections opened from now on spread what they send over the round trip,
// under congestion controls too that do not pace by themselves, as BBR does. Text
// leaves at twice the rate that the window comes to while that doubles, and at 1.2
// times that rate after, so that it does not come to a queue in bursts. It is set and
// read like those of package tcpip:
//
//	err := s.SetTransportProtocolOption(transport.ProtocolNumber, &transport.PacingOption{Enabled: true})
//
// The default is false.
type PacingOption struct {
	protocolOption

	Enabled bool
}

var (
	_ tcpip.SettableTransportProtocolOption = (*PacingOption)(nil)
	_ tcpip.GettableTransportProtocolOption = (*PacingOption)(nil)
	_                                       = PacingOption{}.protocolOption
)
