// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/sha256"
	"hash"
	oldrand "math/rand" // what stack.Options takes
	"math/rand/v2"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/linkfifo"
	"tcpcb/transport"
)

// virtual is two stacks with tcpcb in virtual time: minutes of it pass in
// milliseconds, and the same seed gives the same packets.
type virtual struct {
	t     testing.TB
	clock *linkfifo.VirtualClock
	link  *linkfifo.Link
	a, b  *stack.Stack
}

// seededSource gives the stacks their randomness.
type seededSource struct{ *rand.ChaCha8 }

func (s seededSource) Read(p []byte) (int, error) { return s.ChaCha8.Read(p) }

func newVirtual(t testing.TB, seed uint64, side linkfifo.Side) *virtual {
	t.Helper()
	v := &virtual{t: t, clock: linkfifo.NewVirtualClock()}
	link, err := linkfifo.New(linkfifo.Options{A: side, B: side, Seed: seed, Clock: v.clock})
	if err != nil {
		t.Fatal(err)
	}
	v.link = link
	t.Cleanup(link.Close)
	v.a = v.stack(seed, link.A, addrA, addrA6)
	v.b = v.stack(seed+1, link.B, addrB, addrB6)
	return v
}

func (v *virtual) stack(seed uint64, link stack.LinkEndpoint, addrs ...tcpip.Address) *stack.Stack {
	v.t.Helper()
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{transport.NewProtocol},
		Clock:              v.clock,
		RandSource:         oldrand.NewSource(int64(seed)),
		SecureRNG:          seededSource{rand.NewChaCha8([32]byte{0: 1, 1: byte(seed), 2: byte(seed >> 8)})},
	})
	attach(v.t, s, link, addrs)
	return s
}

// until lets time pass until cond holds.
func (v *virtual) until(what string, limit time.Duration, cond func() bool) {
	v.t.Helper()
	if !v.clock.RunUntil(cond, limit) {
		v.t.Fatalf("not within %v: %s", limit, what)
	}
}

// end is one end of a connection, in virtual time.
type end struct {
	tcpip.Endpoint
	v *virtual
}

func (v *virtual) socket(s *stack.Stack) end {
	v.t.Helper()
	ep, err := s.NewEndpoint(header.TCPProtocolNumber, ipv4.ProtocolNumber, &waiter.Queue{})
	if err != nil {
		v.t.Fatalf("NewEndpoint: %v", err)
	}
	return end{ep, v}
}

// listen returns a listener on b.
func (v *virtual) listen(port uint16) end {
	v.t.Helper()
	l := v.socket(v.b)
	if err := l.Bind(tcpip.FullAddress{Port: port}); err != nil {
		v.t.Fatalf("Bind: %v", err)
	}
	if err := l.Listen(16); err != nil {
		v.t.Fatalf("Listen: %v", err)
	}
	return l
}

// connect opens a connection from a to b and returns both ends.
func (v *virtual) connect(port uint16) (client, server end) {
	v.t.Helper()
	l := v.listen(port)
	defer l.Close()
	client = v.socket(v.a)
	if _, ok := client.Connect(tcpip.FullAddress{Addr: addrB, Port: port}).(*tcpip.ErrConnectStarted); !ok {
		v.t.Fatal("Connect did not start")
	}
	v.until("accept", 2*time.Minute, func() bool {
		ep, _, err := l.Accept(nil)
		if err == nil {
			server = end{ep, v}
		}
		return err == nil
	})
	return client, server
}

// flow is a direction of a connection: n seeded bytes from one end to the
// other, and the hashes of what was written and of what was read.
type flow struct {
	from, to    end
	src         *rand.ChaCha8
	left        int
	chunk       []byte
	wrote, read hash.Hash
	got         int
	shut, eof   bool
	failed      tcpip.Error
	// pause, when set, keeps the reader still while it is true.
	pause func(got int) bool
}

func newFlow(from, to end, seed uint64, n int) *flow {
	return &flow{
		from: from, to: to, left: n,
		src:   rand.NewChaCha8([32]byte{0: byte(seed), 1: byte(seed >> 8), 2: byte(seed >> 16)}),
		wrote: sha256.New(), read: sha256.New(),
	}
}

// step moves what can be moved now, and reports whether the flow is at its end.
func (f *flow) step() bool {
	f.write()
	for !f.eof && f.failed == nil && (f.pause == nil || !f.pause(f.got)) {
		res, err := f.to.Read(f.read, tcpip.ReadOptions{})
		f.got += res.Count
		switch err.(type) {
		case nil:
			continue
		case *tcpip.ErrClosedForReceive:
			f.eof = true
		case *tcpip.ErrWouldBlock:
		default:
			f.failed = err
		}
		break
	}
	return f.eof && f.shut || f.failed != nil
}

func (f *flow) write() {
	for f.failed == nil && !f.shut {
		if len(f.chunk) == 0 && f.left > 0 {
			f.chunk = make([]byte, min(f.left, 32<<10))
			f.src.Read(f.chunk)
			f.left -= len(f.chunk)
		}
		if len(f.chunk) == 0 {
			f.from.Shutdown(tcpip.ShutdownWrite)
			f.shut = true
			return
		}
		n, err := f.from.Write(bytes.NewReader(f.chunk), tcpip.WriteOptions{})
		f.wrote.Write(f.chunk[:n])
		f.chunk = f.chunk[n:]
		if _, again := err.(*tcpip.ErrWouldBlock); again {
			return
		}
		if err != nil {
			f.failed = err
		}
	}
}

// run moves all flows to their ends and compares the hashes.
func (v *virtual) run(limit time.Duration, flows ...*flow) {
	v.t.Helper()
	v.until("all text", limit, func() bool {
		done := true
		for _, f := range flows {
			done = f.step() && done
		}
		return done
	})
	for i, f := range flows {
		if f.failed != nil {
			v.t.Fatalf("flow %d: %v after %d bytes", i, f.failed, f.got)
		}
		if !bytes.Equal(f.wrote.Sum(nil), f.read.Sum(nil)) {
			v.t.Fatalf("flow %d: the %d bytes that came are not those that were sent", i, f.got)
		}
	}
}

// wantEmpty lets every timer run out, and fails the test where anything is left
// of any connection.
func (v *virtual) wantEmpty() {
	v.t.Helper()
	v.clock.Advance(10 * time.Minute)
	for i, s := range []*stack.Stack{v.a, v.b} {
		if n := len(s.RegisteredEndpoints()) + len(s.CleanupEndpoints()); n != 0 {
			v.t.Errorf("stack %d: %d endpoints are left", i, n)
		}
		st := s.Stats().TCP
		if n := st.CurrentConnected.Value() + st.CurrentEstablished.Value(); n != 0 {
			v.t.Errorf("stack %d: counts %d connections", i, n)
		}
	}
	if n := v.clock.Pending(); n != 0 {
		v.t.Errorf("%d timers are left", n)
	}
}
