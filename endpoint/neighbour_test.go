// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/link/pipe"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/linkfifo"
	"tcpcb/transport"
)

// newEther returns two hosts on an Ethernet, whose neighbours are to be found.
func newEther(t *testing.T) *world {
	clock := linkfifo.NewVirtualClock()
	la, lb := pipe.New("\x02\x00\x00\x00\x00\x01", "\x02\x00\x00\x00\x00\x02", 1500)
	host := func(link stack.LinkEndpoint, addr tcpip.Address) *stack.Stack {
		s := stack.New(stack.Options{
			NetworkProtocols:   []stack.NetworkProtocolFactory{arp.NewProtocol, ipv4.NewProtocol},
			TransportProtocols: []stack.TransportProtocolFactory{transport.NewProtocol},
			Clock:              clock,
		})
		t.Cleanup(func() { s.Close(); s.Wait() })
		if err := s.CreateNIC(nic, ethernet.New(link)); err != nil {
			t.Fatalf("CreateNIC: %s", err)
		}
		addAddress(t, s, addr)
		s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic}})
		return s
	}
	return &world{t: t, clock: clock, a: host(la, addrA), b: host(lb, addrB)}
}

// neighbour returns what a's neighbour cache thinks of b.
func (w *world) neighbour() stack.NeighborState {
	w.t.Helper()
	all, err := w.a.Neighbors(nic, ipv4.ProtocolNumber)
	if err != nil {
		w.t.Fatalf("Neighbors: %s", err)
	}
	for _, n := range all {
		if n.Addr == addrB {
			return n.State
		}
	}
	return stack.Unknown
}

// stale lets time pass until the neighbour may have gone.
func (w *world) stale() {
	w.t.Helper()
	w.clock.Advance(time.Minute)
	if s := w.neighbour(); s != stack.Stale {
		w.t.Fatalf("after a minute of silence the neighbour is in %v, want Stale", s)
	}
}

// confirmed holds the neighbour to be reachable without having been asked.
func (w *world) confirmed(by string) {
	w.t.Helper()
	if s := w.neighbour(); s != stack.Reachable {
		w.t.Errorf("after %s the neighbour is in %v, want Reachable", by, s)
	}
}

// TestConfirmsNeighbour: what acknowledges a SYN, or text, has come from a
// neighbour that is there, and nobody need ask it (RFC 4861, section 7.3.1). Text
// from it is no answer, and tells nothing.
func TestConfirmsNeighbour(t *testing.T) {
	for _, passive := range []bool{false, true} {
		w := newEther(t)
		to, listens := addrB, *w
		if passive {
			to, listens.a, listens.b = addrA, w.b, w.a
		}
		l := listens.listen(ipv4.ProtocolNumber, tcpip.Address{})
		meet := func() (ours, theirs *sock) {
			c := listens.socket(listens.a, ipv4.ProtocolNumber)
			if err := c.dial(to); err != nil {
				t.Fatalf("dial: %s", err)
			}
			if passive {
				return l.accept(), c
			}
			return c, l.accept()
		}
		meet() // and find each other
		w.stale()

		ours, theirs := meet()
		w.confirmed("a handshake")
		w.stale()
		ours.send(text(1))
		theirs.recv(1)
		w.confirmed("an acknowledgment")
		w.stale()
		theirs.send(text(1))
		ours.recv(1)
		if s := w.neighbour(); s != stack.Delay {
			t.Errorf("after text the neighbour is in %v, want Delay: it is acknowledged at once, and that is all", s)
		}
	}
}
