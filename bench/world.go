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

var clientAddr = tcpip.AddrFrom4([4]byte{10, 0, 0, 1})

// serverAddrs is how many addresses the server of a crowd has: each takes as many
// connections as a client has ports. Others have one, as hosts do: netstack looks at
// each address of a NIC for each packet.
const serverAddrs = 8

func serverAddr(i byte) tcpip.Address { return tcpip.AddrFrom4([4]byte{10, 0, 0, 2 + i}) }

// world is two stacks with one provider's TCP, joined by a link, with a
// listener on the server's.
type world struct {
	client   *stack.Stack
	server   *stack.Stack
	listener socket
	link     *linkfifo.Link // nil where there is another
}

// newCrowd is newWorld for rows that may have more connections than one address takes.
func newCrowd(p provider, device linkfifo.Side) (*world, error) {
	w, err := newWorld(p, device)
	for i := byte(1); err == nil && i < serverAddrs; i++ {
		if err = addAddr(w.server, serverAddr(i)); err != nil {
			w.close()
		}
	}
	return w, err
}

// newWorld makes two stacks over a link between two such devices. The provider
// keeps its defaults.
func newWorld(p provider, device linkfifo.Side) (*world, error) {
	link, err := newLink(device)
	if err != nil {
		return nil, err
	}
	w := &world{client: newStack(p), server: newStack(p), link: link}
	return w.join(link.A, link.B)
}

// join gives the stacks their NICs and w its listener. It closes w where it
// returns an error.
func (w *world) join(a, b stack.LinkEndpoint) (*world, error) {
	err := addNIC(w.client, a, clientAddr)
	if err == nil && w.server != w.client {
		err = addNIC(w.server, b)
	}
	if err == nil {
		err = addAddr(w.server, serverAddr(0))
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

func addNIC(s *stack.Stack, link stack.LinkEndpoint, addrs ...tcpip.Address) error {
	// A link that can takes packets one by one, without a list for each.
	qdisc, _ := link.(stack.QueueingDiscipline)
	if err := s.CreateNICWithOptions(nic, link, stack.NICOptions{QDisc: qdisc}); err != nil {
		return fmt.Errorf("create NIC: %s", err)
	}
	for _, a := range addrs {
		if err := addAddr(s, a); err != nil {
			return err
		}
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic}})
	return nil
}

func addAddr(s *stack.Stack, addr tcpip.Address) error {
	pa := tcpip.ProtocolAddress{
		Protocol:          header.IPv4ProtocolNumber,
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: addr, PrefixLen: 24},
	}
	if err := s.AddProtocolAddress(nic, pa, stack.AddressProperties{}); err != nil {
		return fmt.Errorf("add address: %s", err)
	}
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
func (w *world) dial(ctx context.Context, s *socket) error { return w.dialTo(ctx, s, 0) }

// dialTo is dial to the server's address number i.
func (w *world) dialTo(ctx context.Context, s *socket, i byte) error {
	ep, wq, err := newEndpoint(w.client)
	if err != nil {
		return err
	}
	s.attach(ep, wq)
	return s.connect(ctx, tcpip.FullAddress{NIC: nic, Addr: serverAddr(i), Port: port})
}

// pair attaches the two sockets to the ends of one new connection.
func (w *world) pair(ctx context.Context, client, server *socket) error {
	return w.pairAt(ctx, client, server, 0)
}

// perAddr is how many connections of many go to one address of the server: a
// client has some 49,000 ports for each.
const perAddr = 20_000

// pairAt is pair for connection number i of a crowd.
func (w *world) pairAt(ctx context.Context, client, server *socket, i int) error {
	if err := w.dialTo(ctx, client, byte(i/perAddr%serverAddrs)); err != nil {
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
	if w.server != w.client {
		w.server.Close()
	}
	if w.link != nil {
		w.link.Close()
	}
	w.client.Wait()
	if w.server != w.client {
		w.server.Wait()
	}
	if w.link != nil {
		w.link.Wait()
	}
}

// packets returns how many packets both stacks have sent so far.
func (w *world) packets() uint64 {
	if w.link == nil {
		n := w.client.Stats().IP.PacketsSent.Value()
		if w.server != w.client {
			n += w.server.Stats().IP.PacketsSent.Value()
		}
		return n
	}
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
