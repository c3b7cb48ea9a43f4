// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"bytes"
	"fmt"
	oldrand "math/rand" // what stack.Options takes
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/linkfifo"
)

const (
	nicID       = tcpip.NICID(1)
	defaultMTU  = 1500
	listenPort  = 80    // the stack's, where it listens
	connectPort = 5000  // the stack's, where it connects
	peerPort    = 40000 // the peer's
	firstIRS    = 0xffff_fc00
)

var (
	stackAddr  = tcpip.AddrFrom4([4]byte{10, 7, 0, 1})
	peerAddr   = tcpip.AddrFrom4([4]byte{10, 7, 0, 2})
	stackAddr6 = tcpip.AddrFrom16([16]byte{0xfd, 7, 15: 1})
	peerAddr6  = tcpip.AddrFrom16([16]byte{0xfd, 7, 15: 2})
)

// world is a stack with one TCP, and its peer, which the case plays.
type world struct {
	provider *Provider
	stack    *stack.Stack
	link     *channel.Endpoint
	clock    *linkfifo.VirtualClock
	v6       bool

	flow    *flow
	flows   map[uint16]*flow
	pending []arrival
	flight  []arrival // what flightEnd took last
	log     []string
	dump    []byte

	sockets []*socket
}

// arrival is a packet that came out of the stack.
type arrival struct {
	*packet
	flow     *flow
	ttl, tos uint8
}

// failure is what a case that fails panics with.
type failure struct{ text string }

// skipped is what a case panics with that does not apply to the provider.
type skipped struct{ reason string }

type seeded struct{ *rand.ChaCha8 }

func (s seeded) Read(p []byte) (int, error) { return s.ChaCha8.Read(p) }

func newWorld(p *Provider, mtu uint32) *world {
	w := &world{
		provider: p, clock: linkfifo.NewVirtualClock(), flows: make(map[uint16]*flow),
		link: channel.New(4096, mtu, ""), dump: make([]byte, 1<<16),
	}
	w.clock.Advance(time.Hour)
	w.stack = stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{p.Factory},
		Clock:              w.clock,
		RandSource:         oldrand.NewSource(7),
		SecureRNG:          seeded{rand.NewChaCha8([32]byte{7})},
	})
	if err := w.stack.CreateNIC(nicID, w.link); err != nil {
		w.fail("CreateNIC: %v", err)
	}
	for _, a := range []tcpip.ProtocolAddress{
		{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: stackAddr.WithPrefix()},
		{Protocol: ipv6.ProtocolNumber, AddressWithPrefix: stackAddr6.WithPrefix()},
	} {
		if a.AddressWithPrefix.PrefixLen = 24; a.Protocol == ipv6.ProtocolNumber {
			a.AddressWithPrefix.PrefixLen = 64
		}
		if err := w.stack.AddProtocolAddress(nicID, a, stack.AddressProperties{}); err != nil {
			w.fail("AddProtocolAddress: %v", err)
		}
	}
	w.stack.SetRouteTable([]tcpip.Route{
		{Destination: header.IPv4EmptySubnet, NIC: nicID},
		{Destination: header.IPv6EmptySubnet, NIC: nicID},
	})
	w.use(peerPort)
	w.settle()
	w.clock.Advance(10 * time.Second) // what IPv6 sends of its own accord
	w.settle()
	w.link.Drain()
	w.pending, w.log = nil, nil
	return w
}

// close ends all and leaves no goroutine behind.
func (w *world) close() {
	for _, s := range w.sockets {
		s.ep.Abort()
	}
	w.quiet()
	w.stack.Close()
	w.quiet()
	w.stack.Wait()
	w.link.Close()
}

// use goes on with the connection from that port of the peer's.
func (w *world) use(port uint16) {
	f := w.flows[port]
	if f == nil {
		f = &flow{peer: port, irs: firstIRS + uint32(port), stack: listenPort, wscale: -1}
		w.flows[port] = f
	}
	w.flow = f
}

// renew forgets the connection's sequence numbers: the next SYN begins it anew.
func (w *world) renew(irs uint32) {
	port := w.flow.peer
	w.flows[port] = &flow{peer: port, irs: irs, stack: w.flow.stack, wscale: -1}
	w.flow = w.flows[port]
}

// fail ends the case, with its last steps.
func (w *world) fail(format string, args ...any) {
	log := w.log[max(0, len(w.log)-25):]
	panic(failure{fmt.Sprintf("%s\nat %v, %s, after:\n  %s", fmt.Sprintf(format, args...), w.elapsed(), line(), strings.Join(log, "\n  "))})
}

// skip ends the case: it does not apply.
func (w *world) skip(reason string) { panic(skipped{reason}) }

// line is the line of the case that is being played.
func line() string {
	var pcs [16]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs[:])])
	for {
		f, more := frames.Next()
		if base := filepath.Base(f.File); strings.HasPrefix(base, "case") || !more {
			return fmt.Sprintf("%s:%d", base, f.Line)
		}
	}
}

func (w *world) elapsed() time.Duration { return w.clock.Elapsed() - time.Hour - 10*time.Second }

func (w *world) note(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf("%9.4f ", w.elapsed().Seconds())+fmt.Sprintf(format, args...))
}

func (w *world) addrs() (stackA, peerA tcpip.Address) {
	if w.v6 {
		return stackAddr6, peerAddr6
	}
	return stackAddr, peerAddr
}

// In hands the stack a packet of the peer's.
func (w *world) In(text string) { w.in(text, nil) }

// InBad hands the stack a packet with a wrong checksum.
func (w *world) InBad(text string) { w.in(text, func(p *packet) { p.badSum = true }) }

func (w *world) in(text string, change func(*packet)) {
	w.Silent()
	w.inject(text, change, nil)
	w.settle()
}

// Together hands the stack packets one after the other, and looks at what comes
// out only after the last.
func (w *world) Together(texts ...string) {
	w.Silent()
	for _, t := range texts {
		w.inject(t, nil, nil)
	}
	w.settle()
}

// InFrom hands the stack a packet with other addresses.
func (w *world) InFrom(text string, src, dst tcpip.Address) {
	w.Silent()
	w.inject(text, nil, func(s, d *tcpip.Address) { *s, *d = src, dst })
	w.settle()
}

// InIP hands the stack a packet with IPv4 options.
func (w *world) InIP(text string, ipOptions header.IPv4OptionsSerializer) {
	w.Silent()
	p, b := w.build(text, nil)
	seal(b, peerAddr, stackAddr, p.badSum)
	w.deliver(p, b, peerAddr, stackAddr, ipOptions)
	w.settle()
}

func (w *world) build(text string, change func(*packet)) (*packet, []byte) {
	p, err := parsePacket(text)
	if err != nil {
		w.fail("%v", err)
	}
	if change != nil {
		change(p)
	}
	w.note("< %s", text)
	f := w.flow
	if p.flags.Contains(header.TCPFlagSyn) {
		f.peerWS = p.option("ws") != nil
	}
	return p, encode(p, f)
}

func (w *world) inject(text string, change func(*packet), addrs func(src, dst *tcpip.Address)) {
	p, b := w.build(text, change)
	dst, src := w.addrs()
	if addrs != nil {
		addrs(&src, &dst)
	}
	seal(b, src, dst, p.badSum)
	w.deliver(p, b, src, dst, nil)
}

func (w *world) deliver(p *packet, tcp []byte, src, dst tcpip.Address, ipOptions header.IPv4OptionsSerializer) {
	var b []byte
	proto := ipv4.ProtocolNumber
	if src.BitLen() == 128 {
		proto = ipv6.ProtocolNumber
		b = make([]byte, header.IPv6MinimumSize+len(tcp))
		header.IPv6(b).Encode(&header.IPv6Fields{
			TrafficClass: p.ecn, PayloadLength: uint16(len(tcp)), TransportProtocol: header.TCPProtocolNumber,
			HopLimit: 64, SrcAddr: src, DstAddr: dst,
		})
		copy(b[header.IPv6MinimumSize:], tcp)
	} else {
		n := header.IPv4MinimumSize
		if ipOptions != nil {
			n += int(ipOptions.Length())
		}
		b = make([]byte, n+len(tcp))
		ip := header.IPv4(b)
		ip.Encode(&header.IPv4Fields{
			TOS: p.ecn, TotalLength: uint16(len(b)), TTL: 64, Protocol: uint8(header.TCPProtocolNumber),
			SrcAddr: src, DstAddr: dst, Options: ipOptions,
		})
		ip.SetChecksum(^ip.CalculateChecksum())
		copy(b[n:], tcp)
	}
	w.raw(proto, b)
}

func (w *world) raw(proto tcpip.NetworkProtocolNumber, b []byte) {
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(b)})
	w.link.InjectInbound(proto, pkt)
	pkt.DecRef()
}

func (w *world) quiet() {
	if !quiet(&w.dump) {
		w.fail("the TCP's goroutines do not come to rest")
	}
}

// settle waits until nothing runs, and takes what came out.
func (w *world) settle() {
	for {
		w.quiet()
		if w.link.NumQueued() == 0 {
			return
		}
		for pkt := w.link.Read(); pkt != nil; pkt = w.link.Read() {
			view := pkt.ToView()
			b := append([]byte(nil), view.AsSlice()...)
			view.Release()
			pkt.DecRef()
			w.take(b)
		}
	}
}

// take looks at one packet that came out.
func (w *world) take(b []byte) {
	a := arrival{}
	var src, dst tcpip.Address
	switch header.IPVersion(b) {
	case header.IPv4Version:
		ip := header.IPv4(b)
		if !ip.IsValid(len(b)) || ip.CalculateChecksum() != 0xffff {
			w.fail("an IPv4 header that is wrong")
		}
		if ip.Protocol() != uint8(header.TCPProtocolNumber) {
			return // ICMP is the stack's, not the TCP's
		}
		src, dst = ip.SourceAddress(), ip.DestinationAddress()
		a.ttl = ip.TTL()
		a.tos, _ = ip.TOS()
		b = b[ip.HeaderLength():ip.TotalLength()]
	default:
		ip := header.IPv6(b)
		if ip.NextHeader() != uint8(header.TCPProtocolNumber) {
			return
		}
		src, dst = ip.SourceAddress(), ip.DestinationAddress()
		a.ttl = ip.HopLimit()
		a.tos, _ = ip.TOS()
		b = b[header.IPv6MinimumSize:]
	}
	if len(b) < header.TCPMinimumSize {
		w.fail("a TCP packet of %d bytes", len(b))
	}
	h := header.TCP(b)
	a.flow = w.flows[h.DestinationPort()]
	if a.flow == nil {
		w.fail("a packet to port %d, which nobody has", h.DestinationPort())
	}
	a.flow.stack = h.SourcePort()
	p, err := decode(b, src, dst, a.flow)
	if err != nil {
		w.fail("%v: % x", err, b[:min(len(b), 60)])
	}
	p.ecn = a.tos & 3
	a.packet = p
	w.pending = append(w.pending, a)
}

// Out expects the next packet, and returns it.
func (w *world) Out(text string) arrival {
	if len(w.pending) == 0 {
		w.fail("nothing was sent, want %s", text)
	}
	want, err := parsePacket(text)
	if err != nil {
		w.fail("%v", err)
	}
	got := w.next()
	if diff := want.diff(got.packet); diff != "" || got.flow != w.flow {
		w.fail("sent %s\nwant %s\n%s", got, text, diff)
	}
	return got
}

// next takes the next packet, whatever it is.
func (w *world) next() arrival {
	if len(w.pending) == 0 {
		w.fail("nothing was sent")
	}
	got := w.pending[0]
	w.pending = w.pending[1:]
	w.note("> %s", got)
	return got
}

// Within lets up to limit pass until the next packet comes, which must be as text
// says.
func (w *world) Within(limit time.Duration, text string) arrival {
	w.Wait(limit)
	return w.Out(text)
}

// Between expects the next packet no sooner than after lo and no later than
// after hi.
func (w *world) Between(lo, hi time.Duration, text string) arrival {
	w.Silent()
	began := w.elapsed()
	w.Wait(hi)
	if len(w.pending) == 0 {
		w.fail("nothing was sent within %v, want %s", hi, text)
	}
	if took := w.elapsed() - began; took < lo {
		w.fail("sent after %v, which is too early: %s\nwant %s after %v at least", took, w.pending[0], text, lo)
	}
	return w.Out(text)
}

// Acked expects acknowledgments without text, within limit, the last of which is
// of n.
func (w *world) Acked(n int, limit time.Duration) {
	end := w.elapsed() + limit
	for {
		w.Wait(end - w.elapsed())
		if len(w.pending) == 0 {
			w.fail("no acknowledgment of %d within %v", n, limit)
		}
		got := w.next()
		if got.flags&^header.TCPFlagPsh != header.TCPFlagAck || got.end != got.seq || got.ack > n {
			w.fail("sent %s, want an acknowledgment of %d", got, n)
		}
		if got.ack == n {
			return
		}
	}
}

// Silent fails where something was sent that nobody asked for.
func (w *world) Silent() {
	if len(w.pending) > 0 {
		w.fail("sent, and nobody asked for it: %s", w.pending[0])
	}
}

// Quiet lets d pass, in which nothing may be sent.
func (w *world) Quiet(d time.Duration) {
	w.Silent()
	w.Wait(d)
	w.Silent()
}

// Wait lets d pass, or less: it stops where something was sent.
func (w *world) Wait(d time.Duration) {
	if len(w.pending) > 0 {
		return
	}
	w.clock.RunUntil(func() bool {
		w.settle()
		return len(w.pending) > 0
	}, d)
	w.settle()
}

// Ignore takes what was sent, whatever it was.
func (w *world) Ignore() {
	for len(w.pending) > 0 {
		w.next()
	}
}

// Run collects what is sent in d, and returns it.
func (w *world) Run(d time.Duration) []arrival {
	var got []arrival
	end := w.elapsed() + d
	for {
		w.Wait(end - w.elapsed())
		if len(w.pending) == 0 {
			return got
		}
		got = append(got, w.next())
	}
}

// Expect fails the case unless ok.
func (w *world) Expect(ok bool, format string, args ...any) {
	if !ok {
		w.fail(format, args...)
	}
}

// readAll reads the whole of what a socket has, and notes how that ends.
func (w *world) readAll(s *socket) int {
	var b bytes.Buffer
	for {
		_, err := s.ep.Read(&b, tcpip.ReadOptions{})
		if err == nil {
			continue
		}
		if !s.ended() { // an error is told once, and then only that there is no more
			s.readErr = err
		}
		break
	}
	w.settle()
	if want := textAt(1+s.read, b.Len()); !bytes.Equal(b.Bytes(), want) {
		w.fail("read %d bytes, and not those that the peer sent", b.Len())
	}
	s.read += b.Len()
	return b.Len()
}
