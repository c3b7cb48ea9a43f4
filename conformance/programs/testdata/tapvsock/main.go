// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Tapvsock runs the network that gvisor-tap-vsock makes for a virtual machine,
// and a netstack in the machine's place, in one process. It measures HTTP from
// there to a server on the host's loopback: the gateway's forwarder ends each
// connection, and dials the server with the host's TCP.
package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/containers/gvisor-tap-vsock/pkg/types"
	"github.com/containers/gvisor-tap-vsock/pkg/virtualnetwork"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"tcpcb.example/measure"
)

// The network. The host's address is one that the gateway translates.
const (
	subnet     = "192.168.127.0/24"
	gatewayIP  = "192.168.127.1"
	gatewayMAC = "02:00:00:00:00:01"
	guestIP    = "192.168.127.2"
	guestMAC   = "02:00:00:00:00:02"
	hostIP     = "192.168.127.254"
	mtu        = 1500
)

func main() { measure.Main(open) }

// open returns a tunnel from the guest to the host's loopback.
func open() (*measure.Tunnel, error) {
	network, err := virtualnetwork.New(&types.Configuration{
		MTU:               mtu,
		Subnet:            subnet,
		GatewayIP:         gatewayIP,
		GatewayMacAddress: gatewayMAC,
		NAT:               map[string]string{hostIP: "127.0.0.1"},
	})
	if err != nil {
		return nil, err
	}
	inside, outside, err := wire()
	if err != nil {
		return nil, err
	}
	// It ends with the process.
	go func() { _ = network.AcceptQemu(context.Background(), outside) }()
	guest, err := newGuest(inside)
	if err != nil {
		return nil, err
	}

	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	host := tcpip.FullAddress{
		NIC:  nic,
		Addr: address(hostIP),
		Port: uint16(l.Addr().(*net.TCPAddr).Port),
	}
	return &measure.Tunnel{
		Listener: l,
		URL:      fmt.Sprintf("http://%s:%d", hostIP, host.Port),
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return gonet.DialContextTCP(ctx, guest, host, ipv4.ProtocolNumber)
		}},
	}, nil
}

// wire returns the ends of a Unix socket, by which QEMU and the gateway are
// connected where they are two processes.
func wire() (inside, outside net.Conn, err error) {
	dir, err := os.MkdirTemp("", "tapvsock-")
	if err != nil {
		return nil, nil, err
	}
	defer os.RemoveAll(dir) // a connection outlives the name
	l, err := net.Listen("unix", filepath.Join(dir, "qemu"))
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if inside, err = net.Dial("unix", l.Addr().String()); err != nil {
		return nil, nil, err
	}
	outside, err = l.Accept()
	return inside, outside, err
}
