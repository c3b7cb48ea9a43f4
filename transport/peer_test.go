// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"fmt"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/faketime"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
	"tcpcb/transport"
)

var (
	host4 = tcpip.AddrFrom4([4]byte{10, 0, 0, 1})
	peer4 = tcpip.AddrFrom4([4]byte{10, 0, 0, 2})
	host6 = tcpip.AddrFrom16([16]byte{0xfd, 15: 1})
	peer6 = tcpip.AddrFrom16([16]byte{0xfd, 15: 2})
)

const port = 80

// world is a stack with this package's TCP, on a link whose other end is the
// test: it writes packets byte by byte, and reads what comes back at once,
// because everything happens where a packet arrives. Time is the test's, too.
type world struct {
	t     *testing.T
	s     *stack.Stack
	link  *channel.Endpoint
	clock *faketime.ManualClock
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, transport.NewProtocol)
}

// newWorldOf is newWorld with the TCP that the factory makes.
func newWorldOf(t *testing.T, tcp stack.TransportProtocolFactory) *world {
	t.Helper()
	w := &world{t: t, link: channel.New(4096, 1500, ""), clock: faketime.NewManualClock()}
	w.s = stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp},
		Clock:              w.clock,
	})
	if err := w.s.CreateNIC(1, w.link); err != nil {
		t.Fatal(err)
	}
	for _, a := range []tcpip.ProtocolAddress{
		{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: tcpip.AddressWithPrefix{Address: host4, PrefixLen: 24}},
		{Protocol: ipv6.ProtocolNumber, AddressWithPrefix: tcpip.AddressWithPrefix{Address: host6, PrefixLen: 64}},
	} {
		if err := w.s.AddProtocolAddress(1, a, stack.AddressProperties{}); err != nil {
			t.Fatal(err)
		}
	}
	w.s.SetRouteTable([]tcpip.Route{
		{Destination: header.IPv4EmptySubnet, NIC: 1},
		{Destination: header.IPv6EmptySubnet, NIC: 1},
	})
	for w.link.Drain() > 0 { // neighbour discovery
	}
	t.Cleanup(func() { w.s.Close(); w.s.Wait(); w.link.Close() })
	return w
}

// stats returns the stack's counters of TCP.
func (w *world) stats() tcpip.TCPStats { return w.s.Stats().TCP }

// wantCount fails the test unless the counter has the value.
func (w *world) wantCount(name string, c *tcpip.StatCounter, want uint64) {
	w.t.Helper()
	if got := c.Value(); got != want {
		w.t.Errorf("%s = %d, want %d", name, got, want)
	}
}

// socket returns a new endpoint and its queue of waiters.
func (w *world) socket(proto tcpip.NetworkProtocolNumber) (*transport.Endpoint, *waiter.Queue) {
	w.t.Helper()
	wq := &waiter.Queue{}
	ep, err := w.s.NewEndpoint(transport.ProtocolNumber, proto, wq)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(ep.Close)
	return ep.(*transport.Endpoint), wq
}

// listen returns an IPv4 endpoint that listens at port.
func (w *world) listen(backlog int) *transport.Endpoint {
	w.t.Helper()
	ep, _ := w.socket(ipv4.ProtocolNumber)
	if err := ep.Bind(tcpip.FullAddress{Port: port}); err != nil {
		w.t.Fatal(err)
	}
	if err := ep.Listen(backlog); err != nil {
		w.t.Fatal(err)
	}
	return ep
}

// accept returns the connection that waits, or fails the test.
func (w *world) accept(l *transport.Endpoint) *transport.Endpoint {
	w.t.Helper()
	ep, _, err := l.Accept(nil)
	if err != nil {
		w.t.Fatalf("Accept: %s", err)
	}
	w.t.Cleanup(ep.Close)
	return ep.(*transport.Endpoint)
}

// wantEmpty fails the test unless Accept would block.
func (w *world) wantEmpty(l *transport.Endpoint) {
	w.t.Helper()
	if _, _, err := l.Accept(nil); !isErr[*tcpip.ErrWouldBlock](err) {
		w.t.Errorf("Accept: %v, want ErrWouldBlock", err)
	}
}

func isErr[E tcpip.Error](err tcpip.Error) bool {
	_, ok := err.(E)
	return ok
}

// segment is a segment as the test writes and reads it.
type segment struct {
	wire.Header
	text string
	ttl  uint8
	tos  uint8
}

func (s *segment) String() string {
	return fmt.Sprintf("%v seq %v ack %v win %d %q %+v", s.Flags, s.Seq, s.Ack, s.Window, s.text, s.Options)
}

// peer is the other end of one connection, driven by hand.
type peer struct {
	*world
	v6       bool
	port     uint16
	dstPort  uint16
	nxt, rcv seq.Num
	// spoil is added to each checksum.
	spoil uint16
	dst   tcpip.Address
}

// peer returns the peer at the given port, on IPv4.
func (w *world) peer(from uint16) *peer {
	return &peer{world: w, port: from, dstPort: port, nxt: seq.New(uint32(from) << 16), dst: host4}
}

// peer6 returns the peer at the given port, on IPv6.
func (w *world) peer6(from uint16) *peer {
	p := w.peer(from)
	p.v6, p.dst = true, host6
	return p
}

// send writes one segment.
func (p *peer) send(s segment) {
	p.t.Helper()
	s.SrcPort, s.DstPort = p.port, p.dstPort
	src, proto, ipLen := peer4, tcpip.NetworkProtocolNumber(ipv4.ProtocolNumber), header.IPv4MinimumSize
	if p.v6 {
		src, proto, ipLen = peer6, ipv6.ProtocolNumber, header.IPv6MinimumSize
	}
	n := s.Header.Len()
	b := make([]byte, ipLen+n+len(s.text))
	if p.v6 {
		header.IPv6(b).Encode(&header.IPv6Fields{
			PayloadLength: uint16(len(b) - ipLen), TransportProtocol: header.TCPProtocolNumber,
			TrafficClass: s.tos, HopLimit: 64, SrcAddr: src, DstAddr: p.dst,
		})
	} else {
		ip := header.IPv4(b)
		ip.Encode(&header.IPv4Fields{
			TOS: s.tos, TotalLength: uint16(len(b)), TTL: 64, Protocol: uint8(header.TCPProtocolNumber), SrcAddr: src, DstAddr: p.dst,
		})
		ip.SetChecksum(^ip.CalculateChecksum())
	}
	tcp := b[ipLen:]
	s.Header.Marshal(tcp)
	copy(tcp[n:], s.text)
	sum := header.PseudoHeaderChecksum(header.TCPProtocolNumber, src, p.dst, uint16(len(tcp)))
	header.TCP(tcp).SetChecksum(^checksum.Checksum(tcp, sum) + p.spoil)
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(b)})
	p.link.InjectInbound(proto, pkt)
	pkt.DecRef()
}

// recv returns the next segment that came out of the stack, or nil. Its
// checksum is checked.
func (w *world) recv() *segment {
	w.t.Helper()
	pkt := w.link.Read()
	if pkt == nil {
		return nil
	}
	defer pkt.DecRef()
	net := pkt.Network()
	var s segment
	b := header.TCP(pkt.TransportHeader().Slice())
	if _, err := s.Header.Parse(b); err != nil {
		w.t.Fatalf("the stack sent a header that is none: %v", err)
	}
	if !b.IsChecksumValid(net.SourceAddress(), net.DestinationAddress(), pkt.Data().Checksum(), uint16(pkt.Data().Size())) {
		w.t.Fatal("the stack sent a bad checksum")
	}
	s.text = string(pkt.Data().AsRange().ToSlice())
	s.tos, _ = net.TOS()
	if pkt.NetworkProtocolNumber == ipv6.ProtocolNumber {
		s.ttl = header.IPv6(pkt.NetworkHeader().Slice()).HopLimit()
	} else {
		s.ttl = header.IPv4(pkt.NetworkHeader().Slice()).TTL()
	}
	return &s
}

// want returns the next segment for the peer, which must have these flags, with
// or without PSH.
func (p *peer) want(flags wire.Flags) *segment {
	p.t.Helper()
	s := p.recv()
	if s == nil {
		p.t.Fatalf("nothing came, want %v", flags)
	}
	if s.Flags&^wire.PSH != flags || s.DstPort != p.port || s.SrcPort != p.dstPort {
		p.t.Fatalf("got %v for port %d, want %v for %d", s, s.DstPort, flags, p.port)
	}
	n := len(s.text)
	if flags.Has(wire.SYN) {
		n++
	}
	if flags.Has(wire.FIN) {
		n++
	}
	if n > 0 {
		p.rcv = s.Seq.Add(n)
	}
	return s
}

// wantNone fails the test if anything came.
func (w *world) wantNone() {
	w.t.Helper()
	if s := w.recv(); s != nil {
		w.t.Fatalf("got %v, want nothing", s)
	}
}

// usual are the options that a SYN of today carries.
var usual = wire.Options{
	MSS: 1460, HasWindowScale: true, WindowScale: 7, SACKPermitted: true, HasTimestamps: true, TSVal: 1000,
}

// syn sends a SYN with the options.
func (p *peer) syn(o wire.Options) {
	p.t.Helper()
	p.send(segment{Header: wire.Header{Seq: p.nxt, Flags: wire.SYN, Window: 65535, Options: o}})
}

// seg sends a segment with the next sequence number, and moves on behind it.
func (p *peer) seg(flags wire.Flags, text string) {
	p.t.Helper()
	s := segment{Header: wire.Header{Seq: p.nxt, Flags: flags, Window: 65535}, text: text}
	if flags.Has(wire.ACK) {
		s.Ack = p.rcv
	}
	p.nxt = p.nxt.Add(len(text))
	if flags.Has(wire.FIN) {
		p.nxt = p.nxt.Add(1)
	}
	p.send(s)
}

// open takes a SYN with no options but the MSS to its SYN-ACK, and returns
// that.
func (p *peer) open() *segment {
	p.t.Helper()
	return p.openWith(wire.Options{MSS: 1460})
}

// openWith is open with these options.
func (p *peer) openWith(o wire.Options) *segment {
	p.t.Helper()
	p.syn(o)
	s := p.want(wire.SYN | wire.ACK)
	p.nxt = p.nxt.Add(1)
	if s.Ack != p.nxt {
		p.t.Fatalf("SYN-ACK acknowledges %v, want %v", s.Ack, p.nxt)
	}
	return s
}

// connect makes the whole handshake.
func (p *peer) connect() *segment {
	p.t.Helper()
	s := p.open()
	p.seg(wire.ACK, "")
	return s
}

// wait lets time pass.
func (w *world) wait(d time.Duration) { w.clock.Advance(d) }
