// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"bytes"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/loopback"
	"gvisor.dev/gvisor/pkg/tcpip/link/pipe"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/endpoint"
	"tcpcb/linkfifo"
	"tcpcb/transport"
)

const (
	nic  = 1
	port = 80
)

var (
	addrA = tcpip.AddrFrom4([4]byte{10, 0, 0, 1})
	addrB = tcpip.AddrFrom4([4]byte{10, 0, 0, 2})
	addrC = tcpip.AddrFrom4([4]byte{10, 0, 0, 3})
	v6A   = tcpip.AddrFrom16([16]byte{0xfd, 15: 1})
	v6B   = tcpip.AddrFrom16([16]byte{0xfd, 15: 2})
	mapB  = tcpip.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 12: 10, 15: 2})
)

// world is two hosts, which may be one, and the time they live in: virtual,
// unless the test asks for threads.
type world struct {
	t     testing.TB
	clock *linkfifo.VirtualClock
	a, b  *stack.Stack
	link  *linkfifo.Link
}

// newStack returns a stack with one NIC that has both addresses of a host.
func newStack(t testing.TB, clock tcpip.Clock, link stack.LinkEndpoint, addrs ...tcpip.Address) *stack.Stack {
	t.Helper()
	s := makeStack(t, clock, link, addrs...)
	t.Cleanup(func() { s.Close(); s.Wait() })
	return s
}

// makeStack is newStack for whoever sees to its end.
func makeStack(t testing.TB, clock tcpip.Clock, link stack.LinkEndpoint, addrs ...tcpip.Address) *stack.Stack {
	t.Helper()
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{transport.NewProtocol, icmp.NewProtocol4, icmp.NewProtocol6},
		Clock:              clock,
		HandleLocal:        true,
	})
	if err := s.CreateNIC(nic, link); err != nil {
		t.Fatalf("CreateNIC: %s", err)
	}
	for _, a := range addrs {
		addAddress(t, s, a)
	}
	s.SetRouteTable([]tcpip.Route{
		{Destination: header.IPv4EmptySubnet, NIC: nic},
		{Destination: header.IPv6EmptySubnet, NIC: nic},
	})
	return s
}

// addAddress gives the stack's NIC one more address.
func addAddress(t testing.TB, s *stack.Stack, a tcpip.Address) {
	t.Helper()
	p, bits := ipv4.ProtocolNumber, 24
	if a.BitLen() == 128 {
		p, bits = ipv6.ProtocolNumber, 64
	}
	pa := tcpip.ProtocolAddress{Protocol: p, AddressWithPrefix: tcpip.AddressWithPrefix{Address: a, PrefixLen: bits}}
	if err := s.AddProtocolAddress(nic, pa, stack.AddressProperties{PEB: stack.CanBePrimaryEndpoint}); err != nil {
		t.Fatalf("AddProtocolAddress(%s): %s", a, err)
	}
}

func clockOf(c *linkfifo.VirtualClock) tcpip.Clock {
	if c == nil {
		return nil
	}
	return c
}

// newLoop returns one host with the addresses of both, on a loopback device,
// which delivers inline.
func newLoop(t testing.TB, clock *linkfifo.VirtualClock) *world {
	s := newStack(t, clockOf(clock), loopback.New(), addrA, addrB, v6A, v6B)
	return &world{t: t, clock: clock, a: s, b: s}
}

// newPipe returns two hosts joined by a pipe, which delivers inline.
func newPipe(t testing.TB, clock *linkfifo.VirtualClock) *world {
	la, lb := pipe.New("\x02\x00\x00\x00\x00\x01", "\x02\x00\x00\x00\x00\x02", 1500)
	return &world{
		t: t, clock: clock,
		a: newStack(t, clockOf(clock), la, addrA, v6A),
		b: newStack(t, clockOf(clock), lb, addrB, v6B),
	}
}

// newFifo returns two hosts joined by a link that takes time.
func newFifo(t testing.TB, o linkfifo.Options) *world {
	clock := linkfifo.NewVirtualClock()
	o.Clock = clock
	l, err := linkfifo.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return &world{
		t: t, clock: clock, link: l,
		a: newStack(t, clock, l.A, addrA, v6A),
		b: newStack(t, clock, l.B, addrB, v6B),
	}
}

// until runs until cond holds, and fails the test when it does not in time.
func (w *world) until(what string, cond func() bool) {
	w.t.Helper()
	if w.clock != nil {
		if !w.clock.RunUntil(cond, 10*time.Minute) {
			w.t.Fatalf("never: %s", what)
		}
		return
	}
	for end := time.Now().Add(20 * time.Second); !cond(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			w.t.Fatalf("not in time: %s", what)
		}
	}
}

// sock is a socket under test.
type sock struct {
	*endpoint.Endpoint
	w  *world
	wq *waiter.Queue
}

// socket returns a new socket of s.
func (w *world) socket(s *stack.Stack, netProto tcpip.NetworkProtocolNumber) *sock {
	w.t.Helper()
	wq := &waiter.Queue{}
	ep, err := s.NewEndpoint(endpoint.ProtocolNumber, netProto, wq)
	if err != nil {
		w.t.Fatalf("NewEndpoint: %s", err)
	}
	return &sock{ep.(*endpoint.Endpoint), w, wq}
}

// listen returns a socket of b that listens at addr and port.
func (w *world) listen(netProto tcpip.NetworkProtocolNumber, addr tcpip.Address) *sock {
	w.t.Helper()
	l := w.socket(w.b, netProto)
	l.SocketOptions().SetReuseAddress(true) // TIME-WAIT shall not be in the way
	if err := l.Bind(tcpip.FullAddress{Addr: addr, Port: port}); err != nil {
		w.t.Fatalf("Bind: %s", err)
	}
	if err := l.Listen(8); err != nil {
		w.t.Fatalf("Listen: %s", err)
	}
	return l
}

// accept waits for a connection and returns it.
func (s *sock) accept() *sock {
	s.w.t.Helper()
	var c *sock
	s.w.until("accept", func() bool {
		ep, wq, err := s.Accept(nil)
		if err == nil {
			c = &sock{ep.(*endpoint.Endpoint), s.w, wq}
		} else if _, ok := err.(*tcpip.ErrWouldBlock); !ok {
			s.w.t.Fatalf("Accept: %s", err)
		}
		return err == nil
	})
	return c
}

// dial connects to addr and waits for the outcome.
func (s *sock) dial(addr tcpip.Address) tcpip.Error {
	s.w.t.Helper()
	err := s.Connect(tcpip.FullAddress{Addr: addr, Port: port})
	if _, ok := err.(*tcpip.ErrConnectStarted); !ok {
		return err
	}
	s.w.until("connect", func() bool { return s.Readiness(waiter.WritableEvents) != 0 })
	return s.LastError()
}

// pair returns both ends of a new connection from a to b.
func (w *world) pair() (client, server *sock) {
	w.t.Helper()
	l := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
	client = w.socket(w.a, ipv4.ProtocolNumber)
	if err := client.dial(addrB); err != nil {
		w.t.Fatalf("dial: %s", err)
	}
	server = l.accept()
	l.Close()
	return client, server
}

// send writes all of b.
func (s *sock) send(b []byte) {
	s.w.t.Helper()
	s.w.until("write", func() bool {
		n, err := s.Write(bytes.NewReader(b), tcpip.WriteOptions{})
		if _, ok := err.(*tcpip.ErrWouldBlock); err != nil && !ok {
			s.w.t.Fatalf("Write: %s", err)
		}
		b = b[n:]
		return len(b) == 0
	})
}

// recv reads n bytes.
func (s *sock) recv(n int) []byte {
	s.w.t.Helper()
	var got bytes.Buffer
	s.w.until("read", func() bool {
		_, err := s.Read(&tcpip.LimitedWriter{W: &got, N: int64(n - got.Len())}, tcpip.ReadOptions{})
		if _, ok := err.(*tcpip.ErrWouldBlock); err != nil && !ok {
			s.w.t.Fatalf("Read: %s after %d bytes", err, got.Len())
		}
		return got.Len() == n
	})
	return got.Bytes()
}

// readErr waits until Read fails with something else than ErrWouldBlock.
func (s *sock) readErr() (err tcpip.Error) {
	s.w.t.Helper()
	s.w.until("end of stream", func() bool {
		var got bytes.Buffer
		_, err = s.Read(&got, tcpip.ReadOptions{})
		_, again := err.(*tcpip.ErrWouldBlock)
		return err != nil && !again
	})
	return err
}

// wantErr fails the test unless got is an error of want's type; nil is wanted
// as nil.
func wantErr(t testing.TB, what string, got, want tcpip.Error) {
	t.Helper()
	if (got == nil) != (want == nil) || got != nil && got.String() != want.String() {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

// wantState fails the test unless s comes to the state.
func (s *sock) wantState(want endpoint.EndpointState) {
	s.w.t.Helper()
	s.w.until(want.String()+", not "+s.EndpointState().String(), func() bool { return s.EndpointState() == want })
}

// wantNothingLeft lets all timers run out and fails the test when anything is
// left of any connection.
func (w *world) wantNothingLeft() {
	w.t.Helper()
	w.clock.Advance(10 * time.Minute)
	for _, s := range []*stack.Stack{w.a, w.b} {
		if n := len(s.RegisteredEndpoints()) + len(s.CleanupEndpoints()); n != 0 {
			w.t.Errorf("%d endpoints are left", n)
		}
		st := s.Stats().TCP
		if n, m := st.CurrentConnected.Value(), st.CurrentEstablished.Value(); n != 0 || m != 0 {
			w.t.Errorf("%d connections and %d established are left", n, m)
		}
	}
	p := w.socket(w.b, ipv6.ProtocolNumber)
	if err := p.Bind(tcpip.FullAddress{Port: port}); err != nil {
		w.t.Errorf("the port is still taken: %s", err)
	}
	p.Close()
}
