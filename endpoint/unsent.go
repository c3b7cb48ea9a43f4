// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import "gvisor.dev/gvisor/pkg/tcpip"

// socketOption is an option of netstack's, embedded for its being one: its value
// means nothing.
type socketOption = tcpip.TCPUserTimeoutOption

// UnsentMostOption is an option of an endpoint, which netstack's own does not have:
// Linux's TCP_NOTSENT_LOWAT. It bounds what Write takes beyond what may be sent at
// once, so that what the application decides to say later need not wait behind much.
// It is set and read by SetSockOpt and GetSockOpt; 0, the default, leaves it to the
// protocol (see transport.ChoicesOption).
type UnsentMostOption struct {
	socketOption

	Bytes int
}

var (
	_ tcpip.SettableSocketOption = (*UnsentMostOption)(nil)
	_ tcpip.GettableSocketOption = (*UnsentMostOption)(nil)
	_                            = UnsentMostOption{}.socketOption
)
