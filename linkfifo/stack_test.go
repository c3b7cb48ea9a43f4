// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo_test

import (
	"bytes"
	"crypto/sha256"
	"io"
	oldrand "math/rand"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"
	"tcpcb/linkfifo"
	"tcpcb/transport"
)

// newStack returns a stack with IP, TCP and UDP on one end of a link.
func newStack(tb testing.TB, e *linkfifo.Endpoint, clock tcpip.Clock, addr4, addr6 tcpip.Address) *stack.Stack {
	tb.Helper()
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcpFor(clock), udp.NewProtocol},
		Clock:              clock,
		RandSource:         oldrand.NewSource(1),
		SecureRNG:          rand.NewChaCha8([32]byte{2}),
	})
	if err := s.CreateNIC(1, e); err != nil {
		tb.Fatal(err)
	}
	for proto, a := range map[tcpip.NetworkProtocolNumber]tcpip.Address{ipv4.ProtocolNumber: addr4, ipv6.ProtocolNumber: addr6} {
		if err := s.AddProtocolAddress(1, tcpip.ProtocolAddress{Protocol: proto, AddressWithPrefix: a.WithPrefix()}, stack.AddressProperties{}); err != nil {
			tb.Fatal(err)
		}
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: 1}, {Destination: header.IPv6EmptySubnet, NIC: 1}})
	return s
}

// transfer moves bytes from a to b by gVisor's TCP, and compares. Move is called
// whenever neither side can go on.
func transfer(tb testing.TB, a, b *stack.Stack, proto tcpip.NetworkProtocolNumber, to tcpip.FullAddress, size int, move func()) {
	tb.Helper()
	var wq waiter.Queue
	listener, err := b.NewEndpoint(tcp.ProtocolNumber, proto, &wq)
	if err != nil {
		tb.Fatal(err)
	}
	defer listener.Close()
	if err := listener.Bind(tcpip.FullAddress{Port: to.Port}); err != nil {
		tb.Fatal(err)
	}
	if err := listener.Listen(1); err != nil {
		tb.Fatal(err)
	}
	client, err := a.NewEndpoint(tcp.ProtocolNumber, proto, &wq)
	if err != nil {
		tb.Fatal(err)
	}
	defer client.Close()
	if err := client.Connect(to); err != nil {
		if _, ok := err.(*tcpip.ErrConnectStarted); !ok {
			tb.Fatal(err)
		}
	}
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{3}).Read(data)
	src, sum := bytes.NewReader(data), sha256.New()
	var server tcpip.Endpoint
	deadline := time.Now().Add(60 * time.Second)
	for read := 0; read < size; {
		if time.Now().After(deadline) {
			tb.Fatalf("stalled after %d of %d bytes", read, size)
		}
		if server == nil {
			if ep, _, err := listener.Accept(nil); err == nil {
				server = ep
				defer server.Close()
			}
		}
		progress := false
		if src.Len() > 0 {
			n, err := client.Write(limited{src}, tcpip.WriteOptions{})
			switch err.(type) {
			case nil, *tcpip.ErrWouldBlock, *tcpip.ErrClosedForSend: // the last before it is connected
			default:
				tb.Fatal(err)
			}
			progress = n > 0
		}
		if server != nil {
			r, err := server.Read(sum, tcpip.ReadOptions{})
			if err == nil {
				read += r.Count
				progress = true
			} else if _, ok := err.(*tcpip.ErrWouldBlock); !ok {
				tb.Fatal(err)
			}
		}
		if !progress {
			move()
		}
	}
	if !bytes.Equal(sum.Sum(nil), hash(data)) {
		tb.Error("the bytes have changed on the way")
	}
}

func hash(b []byte) []byte { h := sha256.Sum256(b); return h[:] }

// limited gives the endpoint at most 64 KiB at a time.
type limited struct{ *bytes.Reader }

func (l limited) Len() int                   { return min(l.Reader.Len(), 1<<16) }
func (l limited) Read(b []byte) (int, error) { return l.Reader.Read(b) }

var _ io.Reader = limited{}

func closeStacks(stacks ...*stack.Stack) {
	for _, s := range stacks {
		s.Destroy()
	}
}

// tcpFor returns netstack's own TCP for the real clock. In virtual time its
// goroutines would race with the clock: there it is one that has none.
func tcpFor(clock tcpip.Clock) stack.TransportProtocolFactory {
	if clock == nil {
		return tcp.NewProtocol
	}
	return transport.NewProtocol
}

var devices = map[string]linkfifo.Side{
	"plain":   {},
	"jumbo":   {MTU: 65535},
	"offload": {GSO: true, TXChecksumOffload: true, RXChecksumOffload: true},
	"gso":     {GSO: true},
	"tx":      {TXChecksumOffload: true},
	"rx":      {RXChecksumOffload: true},
}

func TestTCPOnTheRealClock(t *testing.T) {
	for name, side := range devices {
		for _, path := range []linkfifo.Path{{}, {Delay: 200 * time.Microsecond, Corrupt: 0.005, Loss: 0.005, Reorder: 0.01, ReorderBy: ms, Duplicate: 0.01}} {
			t.Run(name, func(t *testing.T) {
				side.Path = path
				link, err := linkfifo.New(linkfifo.Options{Seed: 4, A: side, B: side})
				if err != nil {
					t.Fatal(err)
				}
				a := newStack(t, link.A, nil, addrA, addr6A)
				b := newStack(t, link.B, nil, addrB, addr6B)
				size := 4 << 20
				if path != (linkfifo.Path{}) {
					size = 1 << 19
				}
				transfer(t, a, b, ipv4.ProtocolNumber, tcpip.FullAddress{Addr: addrB, Port: 80}, size, runtime.Gosched)
				transfer(t, a, b, ipv6.ProtocolNumber, tcpip.FullAddress{Addr: addr6B, Port: 81}, 1<<18, runtime.Gosched)
				closeStacks(a, b)
				link.Close()
				link.Wait()
				checkClosed(t, link)
				if s := link.A.Stats(); path == (linkfifo.Path{}) && s.Dropped() != s.DroppedClosed {
					t.Errorf("a perfect path has dropped: %+v", s)
				}
			})
		}
	}
}

// TCP crosses a bad path of 50 ms in no time.
func TestTCPOnAVirtualClock(t *testing.T) {
	side := linkfifo.Side{Path: linkfifo.Path{Rate: 50e6, Delay: 25 * ms, Loss: 0.01, Corrupt: 0.01, Duplicate: 0.01, Reorder: 0.01, ReorderBy: 5 * ms}}
	link, clock, _ := virtualLink(t, linkfifo.Options{Seed: 1, A: side, B: side})
	a := newStack(t, link.A, clock, addrA, addr6A)
	b := newStack(t, link.B, clock, addrB, addr6B)
	transfer(t, a, b, ipv4.ProtocolNumber, tcpip.FullAddress{Addr: addrB, Port: 80}, 1<<20, func() {
		clock.Step()
	})
	if clock.Elapsed() < 50*ms {
		t.Errorf("1 MiB took %v", clock.Elapsed())
	}
	if s := link.A.Stats(); s.DroppedLoss == 0 || s.Corrupted == 0 || s.Duplicated == 0 || s.Reordered == 0 {
		t.Errorf("%+v", s)
	}
	closeStacks(a, b)
}

// Two whole stacks that exchange UDP, which netstack handles without goroutines,
// repeat to the nanosecond and to the bit.
func TestStacksRepeat(t *testing.T) {
	echo := func(seed uint64) (trace, int) {
		record, digest := recorder()
		path := linkfifo.Path{Rate: 1e6, QueuePackets: 20, Delay: 10 * ms, Jitter: 5 * ms, Loss: 0.05, Duplicate: 0.05, Reorder: 0.1, ReorderBy: 10 * ms}
		link, clock, _ := virtualLink(t, linkfifo.Options{Seed: seed, Trace: record, A: linkfifo.Side{Path: path}, B: linkfifo.Side{Path: path}})
		a := newStack(t, link.A, clock, addrA, addr6A)
		b := newStack(t, link.B, clock, addrB, addr6B)
		defer closeStacks(a, b)
		client, server := udpSocket(t, a), udpSocket(t, b)
		defer client.Close()
		defer server.Close()
		answers := 0
		server.queue.EventRegister(entry(func() { server.answer(t) }))
		client.queue.EventRegister(entry(func() { answers += client.count() }))
		for i := range 500 {
			client.write(t, make([]byte, 10+i), tcpip.FullAddress{Addr: addrB, Port: 7})
			clock.Advance(3 * ms)
		}
		clock.Advance(time.Minute)
		return digest(), answers
	}
	first, n := echo(1)
	if n < 100 {
		t.Errorf("%d answers to 500 datagrams", n)
	}
	if again, m := echo(1); again != first || m != n {
		t.Errorf("two runs of one seed: %v with %d answers, %v with %d", first, n, again, m)
	}
	if other, _ := echo(2); other == first {
		t.Error("another seed makes no difference")
	}
}

// A stack can be destroyed while packets that make it look for routes pour in:
// netstack waits for the link with a lock held that these deliveries need.
func TestDestroyUnderTraffic(t *testing.T) {
	for range 30 {
		link, err := linkfifo.New(linkfifo.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := newStack(t, link.B, nil, addrB, addr6B)
		atA := &sink{}
		link.A.Attach(atA)
		stop, stopped := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(stopped)
			for i := uint32(0); ; i++ {
				select {
				case <-stop:
					return
				default:
					write(t, link.A, datagram(i, 100)) // answered: port unreachable
				}
			}
		}()
		for atA.len() < 3 {
			runtime.Gosched()
		}
		s.Destroy()
		close(stop)
		<-stopped
		link.Close()
		link.Wait()
		checkClosed(t, link)
	}
}

// Detaching ends the goroutine; what is sent then is still accounted for.
func TestDetachedOnTheRealClock(t *testing.T) {
	link, err := linkfifo.New(linkfifo.Options{A: linkfifo.Side{Path: linkfifo.Path{Delay: ms}}})
	if err != nil {
		t.Fatal(err)
	}
	got := &sink{}
	link.B.Attach(got)
	write(t, link.A, datagram(0, 100))
	for got.len() < 1 {
		runtime.Gosched()
	}
	link.B.Attach(nil)
	link.Wait() // no Close
	write(t, link.A, datagram(1, 100))
	for link.A.Stats().InTransit() > 0 {
		runtime.Gosched()
	}
	link.Wait()
	link.B.Attach(got)
	write(t, link.A, datagram(2, 100))
	for got.len() < 2 {
		runtime.Gosched()
	}
	if s := link.A.Stats(); s.Delivered != 2 || s.DroppedDetached != 1 {
		t.Errorf("%+v", s)
	}
	link.Close()
	link.Wait()
}

// socket is a UDP endpoint on port 7.
type socket struct {
	tcpip.Endpoint
	queue *waiter.Queue
}

func udpSocket(t *testing.T, s *stack.Stack) *socket {
	t.Helper()
	var wq waiter.Queue
	ep, err := s.NewEndpoint(udp.ProtocolNumber, ipv4.ProtocolNumber, &wq)
	if err != nil {
		t.Fatal(err)
	}
	if err := ep.Bind(tcpip.FullAddress{Port: 7}); err != nil {
		t.Fatal(err)
	}
	return &socket{ep, &wq}
}

func (s *socket) write(t *testing.T, b []byte, to tcpip.FullAddress) {
	t.Helper()
	if _, err := s.Write(bytes.NewReader(b), tcpip.WriteOptions{To: &to}); err != nil {
		t.Error(err)
	}
}

// answer sends back all that has come.
func (s *socket) answer(t *testing.T) {
	for {
		var b bytes.Buffer
		r, err := s.Read(&b, tcpip.ReadOptions{NeedRemoteAddr: true})
		if err != nil {
			return
		}
		s.write(t, b.Bytes(), r.RemoteAddr)
	}
}

// count takes all that has come.
func (s *socket) count() (n int) {
	for {
		if _, err := s.Read(io.Discard, tcpip.ReadOptions{}); err != nil {
			return n
		}
		n++
	}
}

func entry(f func()) *waiter.Entry {
	e := waiter.NewFunctionEntry(waiter.ReadableEvents, func(waiter.EventMask) { f() })
	return &e
}
