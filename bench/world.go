// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/linkfifo"
)

const (
	nic  = tcpip.NICID(1)
	port = 7
)

var (
	clientAddr = tcpip.AddrFrom4([4]byte{10, 0, 0, 1})
	serverAddr = tcpip.AddrFrom4([4]byte{10, 0, 0, 2})
)

// world is two stacks with one provider's TCP, joined by a link, with a
// listener on the server's.
type world struct {
	client   *stack.Stack
	server   *stack.Stack
	listener socket
	link     *linkfifo.Link
}

// newWorld makes two stacks over a link between two such devices. The provider
// keeps its defaults.
func newWorld(p provider, device linkfifo.Side) (*world, error) {
	link, err := newLink(device)
	if err != nil {
		return nil, err
	}
	w := &world{client: newStack(p), server: newStack(p), link: link}
	err = addNIC(w.client, link.A, clientAddr)
	if err == nil {
		err = addNIC(w.server, link.B, serverAddr)
	}
	if err == nil {
		err = w.listen()
	}
	if err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func newStack(p provider) *stack.Stack {
	return stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{p.new},
	})
}

func addNIC(s *stack.Stack, link stack.LinkEndpoint, addr tcpip.Address) error {
	if err := s.CreateNIC(nic, link); err != nil {
		return fmt.Errorf("create NIC: %s", err)
	}
	pa := tcpip.ProtocolAddress{
		Protocol:          header.IPv4ProtocolNumber,
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: addr, PrefixLen: 24},
	}
	if err := s.AddProtocolAddress(nic, pa, stack.AddressProperties{}); err != nil {
		return fmt.Errorf("add address: %s", err)
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic}})
	return nil
}

func newEndpoint(s *stack.Stack) (tcpip.Endpoint, *waiter.Queue, error) {
	wq := new(waiter.Queue)
	ep, err := s.NewEndpoint(header.TCPProtocolNumber, header.IPv4ProtocolNumber, wq)
	if err != nil {
		return nil, nil, fmt.Errorf("new endpoint: %s", err)
	}
	return ep, wq, nil
}

func (w *world) listen() error {
	ep, wq, err := newEndpoint(w.server)
	if err != nil {
		return err
	}
	w.listener.attach(ep, wq)
	if err := ep.Bind(tcpip.FullAddress{Port: port}); err != nil {
		return fmt.Errorf("bind: %s", err)
	}
	if err := ep.Listen(1024); err != nil {
		return fmt.Errorf("listen: %s", err)
	}
	return nil
}

// dial attaches s to a new connection from the client to the server, and waits
// until the client's end is established.
func (w *world) dial(ctx context.Context, s *socket) error {
	ep, wq, err := newEndpoint(w.client)
	if err != nil {
		return err
	}
	s.attach(ep, wq)
	return s.connect(ctx, tcpip.FullAddress{NIC: nic, Addr: serverAddr, Port: port})
}

// pair attaches the two sockets to the ends of one new connection.
func (w *world) pair(ctx context.Context, client, server *socket) error {
	if err := w.dial(ctx, client); err != nil {
		return err
	}
	return w.listener.accept(ctx, server)
}

// close resets what connections are left, and waits until both stacks and the
// link have ended.
func (w *world) close() {
	if w.listener.ep != nil {
		w.listener.close()
	}
	w.client.Close()
	w.server.Close()
	w.link.Close()
	w.client.Wait()
	w.server.Wait()
	w.link.Wait()
}

// packets returns how many packets both stacks have sent so far.
func (w *world) packets() uint64 {
	return w.link.A.Stats().Sent + w.link.B.Stats().Sent
}

// together runs the functions at once and waits for all; the first error ends
// the context of the others.
func together(ctx context.Context, fs ...func(context.Context) error) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, f := range fs {
		g.Go(func() error { return f(ctx) })
	}
	return g.Wait()
}
