// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix_test

import (
	oldrand "math/rand" // what stack.Options takes
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"tcpcb/conformance/packetdrill/posix"
	"tcpcb/linkfifo"
	"tcpcb/transport"
)

const nic = tcpip.NICID(1)

var (
	addrA, addrB   = netip.MustParseAddr("10.9.0.1"), netip.MustParseAddr("10.9.0.2")
	addrA6, addrB6 = netip.MustParseAddr("fd09::1"), netip.MustParseAddr("fd09::2")
)

// world is two hosts on a link, each with a kernel: in virtual time, where clock
// is set, and in real time otherwise.
type world struct {
	*testing.T
	clock *linkfifo.VirtualClock
	link  *linkfifo.Link
	a, b  *posix.Kernel
	ours  bool
}

// seededSource gives the stacks their randomness.
type seededSource struct{ *rand.ChaCha8 }

func (s seededSource) Read(p []byte) (int, error) { return s.ChaCha8.Read(p) }

// everywhere runs a test in each of the worlds: with tcpcb in virtual time, and
// with either TCP in real time.
func everywhere(t *testing.T, f func(w *world)) {
	t.Run("virtual", func(t *testing.T) { f(newWorld(t, transport.NewProtocol, linkfifo.NewVirtualClock())) })
	t.Run("tcpcb", func(t *testing.T) { f(newWorld(t, transport.NewProtocol, nil)) })
	t.Run("netstack", func(t *testing.T) {
		w := newWorld(t, tcp.NewProtocol, nil)
		w.ours = false
		f(w)
	})
}

// virtual returns a world with tcpcb in virtual time.
func virtual(t *testing.T) *world {
	return newWorld(t, transport.NewProtocol, linkfifo.NewVirtualClock())
}

func newWorld(t *testing.T, tcp stack.TransportProtocolFactory, clock *linkfifo.VirtualClock) *world {
	t.Helper()
	w := &world{T: t, clock: clock, ours: true}
	side := linkfifo.Side{Path: linkfifo.Path{Delay: time.Millisecond}}
	o := linkfifo.Options{A: side, B: side, Seed: 1}
	if clock != nil {
		o.Clock = clock
	}
	link, err := linkfifo.New(o)
	if err != nil {
		t.Fatal(err)
	}
	w.link = link
	t.Cleanup(func() {
		link.Close()
		link.Wait()
	})
	w.a, w.b = w.host(tcp, 1, link.A, addrA, addrA6), w.host(tcp, 2, link.B, addrB, addrB6)
	return w
}

func (w *world) host(tcp stack.TransportProtocolFactory, seed byte, link stack.LinkEndpoint, addrs ...netip.Addr) *posix.Kernel {
	w.Helper()
	o := stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp},
	}
	if w.clock != nil {
		o.Clock = w.clock
		o.RandSource = oldrand.NewSource(int64(seed))
		o.SecureRNG = seededSource{rand.NewChaCha8([32]byte{0: seed})}
	}
	s := stack.New(o)
	if err := s.CreateNICWithOptions(nic, link, stack.NICOptions{Name: "eth0"}); err != nil {
		w.Fatalf("CreateNIC: %v", err)
	}
	for _, a := range addrs {
		pa := tcpip.ProtocolAddress{Protocol: ipv6.ProtocolNumber}
		if a.Is4() {
			pa.Protocol = ipv4.ProtocolNumber
		}
		pa.AddressWithPrefix = tcpip.AddrFromSlice(a.AsSlice()).WithPrefix()
		if err := s.AddProtocolAddress(nic, pa, stack.AddressProperties{}); err != nil {
			w.Fatalf("AddProtocolAddress: %v", err)
		}
	}
	s.SetRouteTable([]tcpip.Route{
		{Destination: header.IPv4EmptySubnet, NIC: nic},
		{Destination: header.IPv6EmptySubnet, NIC: nic},
	})
	k := posix.New(posix.Config{Stack: s})
	w.Cleanup(func() {
		k.Shut()
		s.Close()
		if w.clock == nil {
			s.Wait()
		}
	})
	return k
}

// wait waits for a call to return.
func (w *world) wait(op *posix.Op) posix.Result {
	w.Helper()
	if w.clock != nil {
		w.clock.RunUntil(func() bool {
			w.a.Poll()
			w.b.Poll()
			return op.Done()
		}, 10*time.Minute)
	} else {
		w.waitReal(op)
	}
	if !op.Done() {
		w.Fatalf("%s has not returned", op.Name())
	}
	return op.Result()
}

// waitReal waits in real time, in which both kernels have calls to go on with.
func (w *world) waitReal(op *posix.Op) {
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for !op.Done() {
		select {
		case <-op.Over():
		case <-w.a.Woken():
			w.a.Poll()
		case <-w.b.Woken():
			w.b.Poll()
		case <-limit.C:
			return
		}
	}
}

// pass lets time pass.
func (w *world) pass(d time.Duration) {
	if w.clock == nil {
		time.Sleep(d)
		return
	}
	w.clock.RunUntil(func() bool {
		w.a.Poll()
		w.b.Poll()
		return false
	}, d)
}

// want waits for a call and fails the test unless it returns ret and errno.
func (w *world) want(op *posix.Op, ret int, errno posix.Errno) posix.Result {
	w.Helper()
	r := w.wait(op)
	if r.Ret != int64(ret) || r.Errno != errno {
		w.Fatalf("%s: got %v, want %d %s", op.Name(), r, ret, errno.Name())
	}
	return r
}

// done is want of a call that may not block.
func (w *world) done(op *posix.Op, ret int, errno posix.Errno) posix.Result {
	w.Helper()
	if !op.Done() {
		w.Fatalf("%s blocks", op.Name())
	}
	return w.want(op, ret, errno)
}

// ok is want of a call that succeeds, with whatever value.
func (w *world) ok(op *posix.Op) int {
	w.Helper()
	r := w.wait(op)
	if r.Errno != 0 {
		w.Fatalf("%s: got %v", op.Name(), r)
	}
	return int(r.Ret)
}

// lacks fails the test unless a call is unsupported for that reason.
func (w *world) lacks(op *posix.Op, what string, errno posix.Errno) {
	w.Helper()
	if r := w.want(op, -1, errno); r.Unsupported != what {
		w.Errorf("%s: unsupported %q, want %q", op.Name(), r.Unsupported, what)
	}
}

// listen returns a listener on b.
func (w *world) listen(port uint16) int {
	w.Helper()
	fd := w.ok(w.b.Socket(posix.AF_INET, posix.SOCK_STREAM, 0))
	w.done(w.b.Bind(fd, posix.Addr4(netip.Addr{}, port)), 0, 0)
	w.done(w.b.Listen(fd, 8), 0, 0)
	return fd
}

// connect returns both ends of a connection from a to b, which block.
func (w *world) connect(port uint16) (client, server int) {
	w.Helper()
	l := w.listen(port)
	client = w.ok(w.a.Socket(posix.AF_INET, posix.SOCK_STREAM, posix.IPPROTO_TCP))
	w.want(w.a.Connect(client, posix.Addr4(addrB, port)), 0, 0)
	server = w.ok(w.b.Accept(l))
	w.done(w.b.Close(l), 0, 0)
	return client, server
}

// text returns n bytes that tell their place.
func text(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i + i>>8*7)
	}
	return b
}
