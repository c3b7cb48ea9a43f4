// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/raw"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"tcpcb/linkfifo"
	"tcpcb/transport"
)

const (
	nic  = tcpip.NICID(1)
	port = 4242
)

var (
	addrA  = tcpip.AddrFrom4([4]byte{10, 9, 0, 1})
	addrB  = tcpip.AddrFrom4([4]byte{10, 9, 0, 2})
	addrA6 = tcpip.AddrFrom16([16]byte{0xfd, 9, 15: 1})
	addrB6 = tcpip.AddrFrom16([16]byte{0xfd, 9, 15: 2})
)

// pairing is a TCP for each end.
type pairing struct {
	name string
	a, b stack.TransportProtocolFactory
}

// pairings are tcpcb with itself, and with netstack's TCP in both roles.
var pairings = []pairing{
	{"tcpcb-tcpcb", transport.NewProtocol, transport.NewProtocol},
	{"tcpcb-netstack", transport.NewProtocol, tcp.NewProtocol},
	{"netstack-tcpcb", tcp.NewProtocol, transport.NewProtocol},
}

// newStack returns a stack with one NIC on link.
func newStack(tb testing.TB, f stack.TransportProtocolFactory, link stack.LinkEndpoint, addrs ...tcpip.Address) *stack.Stack {
	tb.Helper()
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{f},
		HandleLocal:        false,
		RawFactory:         &raw.EndpointFactory{},
	})
	attach(tb, s, link, addrs)
	return s
}

// attach gives s its NIC on link, with the addresses and routes to everywhere,
// and closes s at the end of the test.
func attach(tb testing.TB, s *stack.Stack, link stack.LinkEndpoint, addrs []tcpip.Address) {
	tb.Helper()
	if err := s.CreateNICWithOptions(nic, link, stack.NICOptions{DeliverLinkPackets: true}); err != nil {
		tb.Fatalf("CreateNIC: %v", err)
	}
	for _, a := range addrs {
		pa := tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: tcpip.AddressWithPrefix{Address: a, PrefixLen: 24}}
		if a.BitLen() == 128 {
			pa.Protocol, pa.AddressWithPrefix.PrefixLen = ipv6.ProtocolNumber, 64
		}
		if err := s.AddProtocolAddress(nic, pa, stack.AddressProperties{}); err != nil {
			tb.Fatalf("AddProtocolAddress(%v): %v", a, err)
		}
	}
	s.SetRouteTable([]tcpip.Route{
		{Destination: header.IPv4EmptySubnet, NIC: nic},
		{Destination: header.IPv6EmptySubnet, NIC: nic},
	})
	tb.Cleanup(func() {
		s.Close()
		s.Wait()
	})
}

// newPair returns two stacks joined by a link between devices like side.
func newPair(tb testing.TB, p pairing, a, b linkfifo.Side) (*stack.Stack, *stack.Stack) {
	tb.Helper()
	link, err := linkfifo.New(linkfifo.Options{A: a, B: b, Seed: 1})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		link.Close()
		link.Wait()
	})
	return newStack(tb, p.a, link.A, addrA, addrA6), newStack(tb, p.b, link.B, addrB, addrB6)
}

// connect returns both ends of a connection between two stacks.
func connect(a, b *stack.Stack, to tcpip.Address, port uint16) (client, server net.Conn, err error) {
	proto := ipv4.ProtocolNumber
	if to.BitLen() == 128 {
		proto = ipv6.ProtocolNumber
	}
	full := tcpip.FullAddress{NIC: nic, Addr: to, Port: port}
	l, err := gonet.ListenTCP(b, full, proto)
	if err != nil {
		return nil, nil, fmt.Errorf("listen: %w", err)
	}
	defer l.Close()
	type result struct {
		c   net.Conn
		err error
	}
	accepted := make(chan result, 1)
	go func() {
		c, err := l.Accept()
		accepted <- result{c, err}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	client, err = gonet.DialContextTCP(ctx, a, full, proto)
	if err != nil {
		return nil, nil, fmt.Errorf("dial: %w", err)
	}
	select {
	case r := <-accepted:
		return client, r.c, r.err
	case <-ctx.Done():
		client.Close()
		return nil, nil, fmt.Errorf("accept: %w", ctx.Err())
	}
}
