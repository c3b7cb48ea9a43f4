// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/linkfifo"
	"tcpcb/transport"
)

// provider is a TCP to compare.
type provider struct {
	name string
	make stack.TransportProtocolFactory
}

// providers are tcpcb, and netstack's TCP, which is the model.
var providers = []provider{{"tcpcb", transport.NewProtocol}, {"netstack", tcp.NewProtocol}}

const (
	// voidNIC is a NIC whose packets nobody gets.
	voidNIC = tcpip.NICID(2)
	// deafPort is one that nobody listens on.
	deafPort = 1
)

var (
	// addrVoid is a host that never answers, and addrLost one that there is no
	// route to.
	addrVoid = tcpip.AddrFrom4([4]byte{10, 9, 1, 2})
	addrLost = tcpip.AddrFrom4([4]byte{10, 10, 0, 1})
	mappedB  = tcpip.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 12: 10, 13: 9, 15: 2})
)

// lab is a stack under test, and a peer that is tcpcb's whoever is tested.
type lab struct {
	t    testing.TB
	name string // of the TCP under test
	link *linkfifo.Link
	void *channel.Endpoint
	s    *stack.Stack
	peer *stack.Stack
	l    tcpip.Endpoint // the peer's listener
}

func newLab(t testing.TB, p provider) *lab {
	t.Helper()
	return newLabOn(t, p, linkfifo.Side{})
}

// newLabOn is newLab with a device of another kind for the stack under test.
func newLabOn(t testing.TB, p provider, device linkfifo.Side) *lab {
	t.Helper()
	link, err := linkfifo.New(linkfifo.Options{A: device, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { link.Close(); link.Wait() })
	w := &lab{t: t, name: p.name, link: link, void: channel.New(64, 1500, "")}
	w.peer = newStack(t, transport.NewProtocol, link.B, addrB, addrB6)
	w.s = newStack(t, p.make, link.A, addrA, addrA6)
	if err := w.s.CreateNIC(voidNIC, w.void); err != nil {
		t.Fatalf("CreateNIC: %v", err)
	}
	pa := tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: tcpip.AddressWithPrefix{Address: tcpip.AddrFrom4([4]byte{10, 9, 1, 1}), PrefixLen: 24}}
	if err := w.s.AddProtocolAddress(voidNIC, pa, stack.AddressProperties{}); err != nil {
		t.Fatalf("AddProtocolAddress: %v", err)
	}
	w.s.SetRouteTable([]tcpip.Route{
		{Destination: tcpip.AddressWithPrefix{Address: addrA, PrefixLen: 24}.Subnet(), NIC: nic},
		{Destination: tcpip.AddressWithPrefix{Address: addrVoid, PrefixLen: 24}.Subnet(), NIC: voidNIC},
		{Destination: header.IPv6EmptySubnet, NIC: nic},
	})
	w.l = w.listener(w.peer, port)
	w.patience(time.Minute)
	return w
}

// patience sets how long the stack under test waits for an acknowledgment, and
// has it send no probes: on a machine that is busy, what it sends again would
// be chance.
func (w *lab) patience(d time.Duration) {
	w.t.Helper()
	w.setProtocol(ref(tcpip.TCPRecovery(0)))
	w.setProtocol(ref(tcpip.TCPMinRTOOption(d)))
}

func (w *lab) setProtocol(o tcpip.SettableTransportProtocolOption) {
	w.t.Helper()
	if err := w.s.SetTransportProtocolOption(header.TCPProtocolNumber, o); err != nil {
		w.t.Fatalf("SetTransportProtocolOption: %v", err)
	}
}

// listener returns an endpoint of s that listens at all addresses.
func (w *lab) listener(s *stack.Stack, port uint16) tcpip.Endpoint {
	w.t.Helper()
	l := w.socketOf(s, ipv6.ProtocolNumber)
	if err := l.Bind(tcpip.FullAddress{Port: port}); err != nil {
		w.t.Fatalf("%s: Bind: %v", w.name, err)
	}
	if err := l.Listen(64); err != nil {
		w.t.Fatalf("Listen: %v", err)
	}
	return l
}

func (w *lab) socketOf(s *stack.Stack, net tcpip.NetworkProtocolNumber) tcpip.Endpoint {
	w.t.Helper()
	ep, err := s.NewEndpoint(header.TCPProtocolNumber, net, &waiter.Queue{})
	if err != nil {
		w.t.Fatalf("NewEndpoint: %v", err)
	}
	return ep
}

// until waits until cond holds: netstack's TCP has goroutines of its own, which
// only real time moves.
func (w *lab) until(what string, cond func() bool) {
	w.t.Helper()
	for end := time.Now().Add(20 * time.Second); !cond(); time.Sleep(50 * time.Microsecond) {
		if time.Now().After(end) {
			w.t.Fatalf("not in time: %s", what)
		}
	}
}

// reach waits until ep is in the state.
func (w *lab) reach(ep tcpip.Endpoint, want transport.EndpointState) {
	w.t.Helper()
	w.until(want.String(), func() bool { return transport.EndpointState(ep.State()) == want })
}

// accept returns the connection that waits at l.
func (w *lab) accept(l tcpip.Endpoint) (n tcpip.Endpoint) {
	w.t.Helper()
	w.until("accept", func() bool {
		ep, _, err := l.Accept(nil)
		n = ep
		return err == nil
	})
	return n
}

// connected returns both ends of a connection from the stack under test.
func (w *lab) connected(net tcpip.NetworkProtocolNumber, to tcpip.Address) (local, peer tcpip.Endpoint) {
	w.t.Helper()
	local = w.socketOf(w.s, net)
	w.dial(local, tcpip.FullAddress{Addr: to, Port: port})
	w.reach(local, transport.StateEstablished)
	return local, w.accept(w.l)
}

// dial starts a connection.
func (w *lab) dial(ep tcpip.Endpoint, to tcpip.FullAddress) {
	w.t.Helper()
	if err := ep.Connect(to); !isStarted(err) {
		w.t.Fatalf("Connect: %v", err)
	}
}

func isStarted(err tcpip.Error) bool { _, ok := err.(*tcpip.ErrConnectStarted); return ok }

// put writes text to an endpoint that has room for it.
func (w *lab) put(ep tcpip.Endpoint, text string) {
	w.t.Helper()
	if n, err := ep.Write(strings.NewReader(text), tcpip.WriteOptions{}); int(n) != len(text) || err != nil {
		w.t.Fatalf("Write: %d, %v", n, err)
	}
}

// situation is a state that an endpoint may be in, and how it comes there. The
// peer's end is nil where there is none. When make returns, nothing is on its
// way that would move the endpoint.
type situation struct {
	name string
	make func(w *lab) (ep, peer tcpip.Endpoint)
}

var situations = []situation{
	{"initial", func(w *lab) (ep, peer tcpip.Endpoint) { return w.socketOf(w.s, ipv4.ProtocolNumber), nil }},
	{"initial-v6", func(w *lab) (ep, peer tcpip.Endpoint) { return w.socketOf(w.s, ipv6.ProtocolNumber), nil }},
	{"bound", func(w *lab) (ep, peer tcpip.Endpoint) {
		return w.bound(ipv4.ProtocolNumber, tcpip.FullAddress{Addr: addrA, Port: 81}), nil
	}},
	{"bound-dual", func(w *lab) (ep, peer tcpip.Endpoint) {
		return w.bound(ipv6.ProtocolNumber, tcpip.FullAddress{}), nil
	}},
	{"listening", func(w *lab) (ep, peer tcpip.Endpoint) { return w.listener(w.s, 83), nil }},
	{"listening-shut", func(w *lab) (ep, peer tcpip.Endpoint) {
		ep = w.listener(w.s, 84)
		ep.Shutdown(tcpip.ShutdownRead)
		return ep, nil
	}},
	{"connecting", func(w *lab) (ep, peer tcpip.Endpoint) {
		ep = w.socketOf(w.s, ipv4.ProtocolNumber)
		w.dial(ep, tcpip.FullAddress{Addr: addrVoid, Port: port})
		return ep, nil
	}},
	{"given-up", func(w *lab) (ep, peer tcpip.Endpoint) {
		ep = w.socketOf(w.s, ipv4.ProtocolNumber)
		w.dial(ep, tcpip.FullAddress{Addr: addrVoid, Port: port})
		ep.Shutdown(tcpip.ShutdownWrite)
		return ep, nil
	}},
	{"refused", func(w *lab) (ep, peer tcpip.Endpoint) {
		ep = w.socketOf(w.s, ipv4.ProtocolNumber)
		w.dial(ep, tcpip.FullAddress{Addr: addrB, Port: deafPort})
		w.reach(ep, transport.StateError)
		return ep, nil
	}},
	{"connected", func(w *lab) (ep, peer tcpip.Endpoint) { return w.connected(ipv4.ProtocolNumber, addrB) }},
	{"connected-v6", func(w *lab) (ep, peer tcpip.Endpoint) { return w.connected(ipv6.ProtocolNumber, addrB6) }},
	{"connected-mapped", func(w *lab) (ep, peer tcpip.Endpoint) { return w.connected(ipv6.ProtocolNumber, mappedB) }},
	{"accepted", func(w *lab) (ep, peer tcpip.Endpoint) {
		l := w.listener(w.s, 85)
		defer l.Close()
		peer = w.socketOf(w.peer, ipv4.ProtocolNumber)
		w.dial(peer, tcpip.FullAddress{Addr: addrA, Port: 85})
		ep = w.accept(l)
		w.reach(ep, transport.StateEstablished)
		return ep, peer
	}},
	{"readable", func(w *lab) (ep, peer tcpip.Endpoint) {
		ep, peer = w.connected(ipv4.ProtocolNumber, addrB)
		w.put(peer, "hello")
		w.until("text", func() bool { n, _ := ep.GetSockOptInt(tcpip.ReceiveQueueSizeOption); return n == 5 })
		return ep, peer
	}},
	{"shut-read", func(w *lab) (ep, peer tcpip.Endpoint) {
		ep, peer = w.connected(ipv4.ProtocolNumber, addrB)
		ep.Shutdown(tcpip.ShutdownRead)
		return ep, peer
	}},
	{"fin-wait-2", func(w *lab) (ep, peer tcpip.Endpoint) {
		ep, peer = w.connected(ipv4.ProtocolNumber, addrB)
		ep.Shutdown(tcpip.ShutdownWrite)
		w.reach(ep, transport.StateFinWait2)
		return ep, peer
	}},
	{"close-wait", func(w *lab) (ep, peer tcpip.Endpoint) {
		ep, peer = w.connected(ipv4.ProtocolNumber, addrB)
		peer.Shutdown(tcpip.ShutdownWrite)
		w.reach(ep, transport.StateCloseWait)
		w.reach(peer, transport.StateFinWait2)
		return ep, peer
	}},
	{"time-wait", func(w *lab) (ep, peer tcpip.Endpoint) {
		ep, peer = w.connected(ipv4.ProtocolNumber, addrB)
		ep.Shutdown(tcpip.ShutdownWrite)
		w.reach(ep, transport.StateFinWait2)
		peer.Shutdown(tcpip.ShutdownWrite)
		w.reach(ep, transport.StateTimeWait)
		w.reach(peer, transport.StateClose)
		return ep, peer
	}},
	{"ended", func(w *lab) (ep, peer tcpip.Endpoint) {
		ep, peer = w.connected(ipv4.ProtocolNumber, addrB)
		peer.Shutdown(tcpip.ShutdownWrite)
		w.reach(ep, transport.StateCloseWait)
		ep.Shutdown(tcpip.ShutdownWrite)
		w.reach(ep, transport.StateClose)
		return ep, peer
	}},
	{"reset", func(w *lab) (ep, peer tcpip.Endpoint) {
		ep, peer = w.connected(ipv4.ProtocolNumber, addrB)
		peer.Abort()
		w.reach(ep, transport.StateError)
		return ep, peer
	}},
	{"reset-readable", func(w *lab) (ep, peer tcpip.Endpoint) {
		ep, peer = w.connected(ipv4.ProtocolNumber, addrB)
		w.put(peer, "hello")
		w.until("text", func() bool { n, _ := ep.GetSockOptInt(tcpip.ReceiveQueueSizeOption); return n == 5 })
		peer.Abort()
		w.reach(ep, transport.StateError)
		return ep, peer
	}},
	{"reset-in-close-wait", func(w *lab) (ep, peer tcpip.Endpoint) {
		ep, peer = w.connected(ipv4.ProtocolNumber, addrB)
		peer.Shutdown(tcpip.ShutdownWrite)
		w.reach(ep, transport.StateCloseWait)
		w.reach(peer, transport.StateFinWait2)
		peer.Abort()
		w.until("the reset", func() bool { s := transport.EndpointState(ep.State()); return s != transport.StateCloseWait })
		return ep, peer
	}},
	{"aborted", func(w *lab) (ep, peer tcpip.Endpoint) {
		ep, peer = w.connected(ipv4.ProtocolNumber, addrB)
		ep.Abort()
		return ep, peer
	}},
	{"closed", func(w *lab) (ep, peer tcpip.Endpoint) {
		ep = w.socketOf(w.s, ipv4.ProtocolNumber)
		ep.Close()
		return ep, nil
	}},
}

// bound returns an endpoint that is bound.
func (w *lab) bound(net tcpip.NetworkProtocolNumber, to tcpip.FullAddress) tcpip.Endpoint {
	w.t.Helper()
	ep := w.socketOf(w.s, net)
	if err := ep.Bind(to); err != nil {
		w.t.Fatalf("%s: Bind: %v", w.name, err)
	}
	return ep
}
