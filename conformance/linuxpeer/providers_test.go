// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer_test

import (
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"tcpcb/transport"
)

// providers are the TCPs under test, by name.
var providers = []struct {
	name string
	tcp  stack.TransportProtocolFactory
}{
	{"netstack", tcp.NewProtocol},
	{"tcpcb", transport.NewProtocol},
}
