// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo_test

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"sync"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"tcpcb/linkfifo"
)

var (
	addrA = tcpip.AddrFrom4([4]byte{10, 0, 0, 1})
	addrB = tcpip.AddrFrom4([4]byte{10, 0, 0, 2})
)

// datagram returns an IPv4 UDP packet of the given size (at least 32) whose
// payload begins with a number, and whose checksums are right.
func datagram(number uint32, size int) []byte {
	b := make([]byte, size)
	ip := header.IPv4(b)
	ip.Encode(&header.IPv4Fields{TotalLength: uint16(size), TTL: 64, Protocol: uint8(header.UDPProtocolNumber), SrcAddr: addrA, DstAddr: addrB})
	ip.SetChecksum(^ip.CalculateChecksum())
	udp := header.UDP(b[header.IPv4MinimumSize:])
	udp.Encode(&header.UDPFields{SrcPort: 1, DstPort: 2, Length: uint16(len(udp))})
	binary.BigEndian.PutUint32(udp.Payload(), number)
	for i := range udp.Payload()[4:] {
		udp.Payload()[4+i] = byte(i)
	}
	sum := header.PseudoHeaderChecksum(header.UDPProtocolNumber, addrA, addrB, uint16(len(udp)))
	udp.SetChecksum(^udp.CalculateChecksum(checksum.Checksum(udp.Payload(), sum)))
	return b
}

// number returns what datagram has put into the packet.
func number(b []byte) int {
	return int(binary.BigEndian.Uint32(b[header.IPv4MinimumSize+header.UDPMinimumSize:]))
}

// write sends one packet, which is copied.
func write(tb testing.TB, e *linkfifo.Endpoint, b []byte, change ...func(*stack.PacketBuffer)) {
	tb.Helper()
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(b)})
	defer pkt.DecRef()
	pkt.NetworkProtocolNumber = header.IPv4ProtocolNumber
	if header.IPVersion(b) == header.IPv6Version {
		pkt.NetworkProtocolNumber = header.IPv6ProtocolNumber
	}
	for _, f := range change {
		f(pkt)
	}
	var list stack.PacketBufferList
	list.PushBack(pkt)
	if n, err := e.WritePackets(list); n != 1 || err != nil {
		tb.Fatalf("WritePackets = %d, %v", n, err)
	}
}

// sink collects what is delivered to an end.
type sink struct {
	clock tcpip.Clock // nil to note no times

	mu      sync.Mutex
	packets [][]byte
	times   []time.Duration
	then    func(b []byte) // called outside the lock
}

func (s *sink) DeliverNetworkPacket(proto tcpip.NetworkProtocolNumber, pkt *stack.PacketBuffer) {
	b := pkt.ToView()
	defer b.Release()
	s.mu.Lock()
	s.packets = append(s.packets, b.ToSlice())
	if s.clock != nil {
		s.times = append(s.times, s.clock.NowMonotonic().Sub(tcpip.MonotonicTime{}))
	}
	then := s.then
	s.mu.Unlock()
	if then != nil {
		then(b.AsSlice())
	}
}

func (*sink) DeliverLinkPacket(tcpip.NetworkProtocolNumber, *stack.PacketBuffer) {}

func (s *sink) len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.packets)
}

// numbers returns the numbers of the packets in their order of arrival.
func (s *sink) numbers() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []int
	for _, b := range s.packets {
		out = append(out, number(b))
	}
	return out
}

// virtualLink returns a link on a virtual clock with a sink at B, and fails the
// test at its end if a packet is unaccounted for or a timer is left.
func virtualLink(t *testing.T, o linkfifo.Options) (*linkfifo.Link, *linkfifo.VirtualClock, *sink) {
	t.Helper()
	clock := linkfifo.NewVirtualClock()
	o.Clock = clock
	link, err := linkfifo.New(o)
	if err != nil {
		t.Fatal(err)
	}
	got := &sink{clock: clock}
	link.B.Attach(got)
	t.Cleanup(func() {
		link.Close()
		link.Wait()
		checkClosed(t, link)
		if n := clock.Pending(); n != 0 {
			t.Errorf("%d timers left after Close", n)
		}
	})
	return link, clock, got
}

// checkClosed fails the test if a closed link still holds packets.
func checkClosed(t *testing.T, link *linkfifo.Link) {
	t.Helper()
	for _, e := range []*linkfifo.Endpoint{link.A, link.B} {
		if s := e.Stats(); s.InTransit() != 0 || s.QueuePackets != 0 || s.QueueBytes != 0 {
			t.Errorf("side %s after Close: %d in transit, queue %d/%d: %+v", e.Name(), s.InTransit(), s.QueuePackets, s.QueueBytes, s)
		}
	}
}

// trace is a digest of all events of a link.
type trace struct {
	events int
	sum    uint64
}

// recorder returns a function for Options.Trace and one for the digest.
func recorder() (func(linkfifo.Event), func() trace) {
	h, n := fnv.New64a(), 0
	return func(e linkfifo.Event) { n++; fmt.Fprintln(h, e) },
		func() trace { return trace{n, h.Sum64()} }
}
