// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Echo embeds netstack, sends a megabyte over its loopback and back, and prints
// which TCP carried it. With an argument it ends with that status.
package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"reflect"
	"strconv"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/loopback"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"
)

func main() {
	if len(os.Args) > 1 {
		status, _ := strconv.Atoi(os.Args[1])
		os.Exit(status)
	}
	name, err := echo()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println("carried by", name)
}

// echo returns the package of the endpoints that carried the text.
func echo() (string, error) {
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocolCUBIC},
	})
	defer s.Destroy()
	addr := tcpip.FullAddress{NIC: 1, Addr: tcpip.AddrFrom4([4]byte{127, 0, 0, 1}), Port: 80}
	if err := s.CreateNIC(1, loopback.New()); err != nil {
		return "", fmt.Errorf("NIC: %v", err)
	}
	if err := s.AddProtocolAddress(1, tcpip.ProtocolAddress{
		Protocol: ipv4.ProtocolNumber, AddressWithPrefix: addr.Addr.WithPrefix(),
	}, stack.AddressProperties{}); err != nil {
		return "", fmt.Errorf("address: %v", err)
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: 1}})

	l, err := gonet.ListenTCP(s, addr, ipv4.ProtocolNumber)
	if err != nil {
		return "", err
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = io.Copy(c, c)
	}()

	c, err := gonet.DialContextTCP(context.Background(), s, addr, ipv4.ProtocolNumber)
	if err != nil {
		return "", err
	}
	defer c.Close()
	text := make([]byte, 1<<20)
	_, _ = rand.Read(text)
	go func() {
		_, _ = c.Write(text)
		_ = c.CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil {
		return "", err
	}
	if !bytes.Equal(got, text) {
		return "", fmt.Errorf("%d bytes came back of %d, or others", len(got), len(text))
	}

	ep, terr := s.NewEndpoint(tcp.ProtocolNumber, ipv4.ProtocolNumber, new(waiter.Queue))
	if terr != nil {
		return "", fmt.Errorf("endpoint: %v", terr)
	}
	defer ep.Close()
	if _, ok := ep.(*tcp.Endpoint); !ok {
		return "", fmt.Errorf("the endpoint is a %T", ep)
	}
	return reflect.TypeOf(ep).Elem().PkgPath(), nil
}
