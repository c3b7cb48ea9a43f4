// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/endpoint"
)

// ECNMode says whether connections ask for Explicit Congestion Notification (RFC
// 3168), and whether they agree to it when the peer asks: see ECNOption.
type ECNMode = endpoint.ECNMode

// The modes: ECNOff neither asks nor agrees, ECNOn does both, ECNAccept agrees
// only.
const (
	ECNOff    = endpoint.ECNOff
	ECNOn     = endpoint.ECNOn
	ECNAccept = endpoint.ECNAccept
)

// protocolOption is an option of netstack's, embedded for its being one: its
// value means nothing.
type protocolOption = tcpip.TCPSACKEnabled

// ECNOption is an option of the protocol, which netstack's own TCP does not have:
// whether connections opened from now on use ECN. It is set and read like those
// of package tcpip:
//
//	err := s.SetTransportProtocolOption(transport.ProtocolNumber, &transport.ECNOption{Mode: transport.ECNOn})
//
// The default is ECNOff. Another mode than those above is refused with
// ErrInvalidOptionValue. Handshakes by SYN cookies do without ECN.
type ECNOption struct {
	protocolOption

	Mode ECNMode
}

var (
	_ tcpip.SettableTransportProtocolOption = (*ECNOption)(nil)
	_ tcpip.GettableTransportProtocolOption = (*ECNOption)(nil)
	_                                       = ECNOption{}.protocolOption
)
