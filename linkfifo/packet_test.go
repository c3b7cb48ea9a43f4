// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo_test

import (
	"bytes"
	"math/bits"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"tcpcb/linkfifo"
)

var (
	addr6A = tcpip.AddrFrom16([16]byte{0xfd, 15: 1})
	addr6B = tcpip.AddrFrom16([16]byte{0xfd, 15: 2})
)

// datagram6 returns an IPv6 packet with a transport segment behind a hop-by-hop
// header, all without a checksum.
func datagram6(transport tcpip.TransportProtocolNumber, segment []byte) []byte {
	b := make([]byte, header.IPv6MinimumSize+8+len(segment))
	header.IPv6(b).Encode(&header.IPv6Fields{PayloadLength: uint16(8 + len(segment)), HopLimit: 64, SrcAddr: addr6A, DstAddr: addr6B,
		TransportProtocol: transport})
	header.IPv6(b).SetNextHeader(0)
	b[40] = uint8(transport)
	copy(b[41:], []byte{0, 1, 4, 0, 0, 0, 0}) // PadN
	copy(b[48:], segment)
	return b
}

// segment returns a TCP segment without a checksum.
func segment(n int) []byte {
	b := make([]byte, header.TCPMinimumSize+n)
	header.TCP(b).Encode(&header.TCPFields{SrcPort: 1, DstPort: 2, DataOffset: header.TCPMinimumSize, Flags: header.TCPFlagAck})
	for i := range b[header.TCPMinimumSize:] {
		b[header.TCPMinimumSize+i] = byte(i * 7)
	}
	return b
}

// packet4 puts a segment behind an IPv4 header.
func packet4(transport tcpip.TransportProtocolNumber, segment []byte) []byte {
	b := append(make([]byte, header.IPv4MinimumSize), segment...)
	ip := header.IPv4(b)
	ip.Encode(&header.IPv4Fields{TotalLength: uint16(len(b)), TTL: 64, Protocol: uint8(transport), SrcAddr: addrA, DstAddr: addrB})
	ip.SetChecksum(^ip.CalculateChecksum())
	return b
}

// one sends a packet from A and returns what arrives at B, nil for nothing.
func one(t *testing.T, o linkfifo.Options, b []byte, change ...func(*stack.PacketBuffer)) ([]byte, linkfifo.Stats) {
	t.Helper()
	link, clock, got := virtualLink(t, o)
	write(t, link.A, b, change...)
	clock.Advance(time.Second)
	if got.len() == 0 {
		return nil, link.A.Stats()
	}
	return got.packets[0], link.A.Stats()
}

func TestCorruption(t *testing.T) {
	for _, n := range []int{0, 1, 7, 160} { // zero stands for one; there are 160 bits of payload
		want := datagram(1, 40)
		got, s := one(t, linkfifo.Options{A: linkfifo.Side{Path: linkfifo.Path{Corrupt: 1, CorruptBits: n}}}, want)
		flipped := differ(want, got)
		if flipped != max(n, 1) || s.Corrupted != 1 {
			t.Errorf("CorruptBits %d: %d flipped, %d counted", n, flipped, s.Corrupted)
		}
		if !bytes.Equal(want[:20], got[:20]) {
			t.Errorf("CorruptBits %d: the IP header is harmed", n)
		}
	}
	want := datagram(1, 40)[:20] // a header alone has nothing to harm
	if got, s := one(t, linkfifo.Options{A: linkfifo.Side{Path: linkfifo.Path{Corrupt: 1}}}, want); !bytes.Equal(got, want) || s.Corrupted != 0 {
		t.Errorf("got %x, %d corrupted", got, s.Corrupted)
	}
}

// differ counts the bits in which two packets of one length differ.
func differ(a, b []byte) (n int) {
	for i := range a {
		n += bits.OnesCount8(a[i] ^ b[i])
	}
	return n
}

// The sender's bytes stay whole when the copy on the wire is harmed or marked.
func TestSendersBytesStay(t *testing.T) {
	b := datagram(1, 400)
	header.IPv4(b).SetTOS(2, 0)
	want := bytes.Clone(b)
	link, clock, _ := virtualLink(t, linkfifo.Options{A: linkfifo.Side{Path: linkfifo.Path{Corrupt: 1, MarkPackets: 1}}})
	var sent []*stack.PacketBuffer
	for range 3 {
		write(t, link.A, b, func(p *stack.PacketBuffer) { sent = append(sent, p.IncRef()) })
	}
	clock.Advance(0)
	if s := link.A.Stats(); s.Marked != 2 || s.Corrupted != 3 {
		t.Errorf("marked %d, corrupted %d", s.Marked, s.Corrupted)
	}
	for _, p := range sent {
		v := p.ToView()
		if !bytes.Equal(v.AsSlice(), want) {
			t.Error("the sender's packet has changed")
		}
		v.Release()
		p.DecRef()
	}
}

// A receiving device that vouches for checksums drops what is corrupted, also
// when the sending one had still to fill them in.
func TestCorruptionAndOffload(t *testing.T) {
	for _, test := range []struct{ tx, rx bool }{{false, false}, {false, true}, {true, false}, {true, true}} {
		o := linkfifo.Options{
			A: linkfifo.Side{TXChecksumOffload: test.tx, Path: linkfifo.Path{Corrupt: 1}},
			B: linkfifo.Side{RXChecksumOffload: test.rx},
		}
		b := packet4(header.TCPProtocolNumber, segment(1000))
		if !test.tx {
			complete(b)
		}
		got, s := one(t, o, b)
		if test.rx {
			if got != nil || s.DroppedChecksum != 1 || s.Delivered != 0 {
				t.Errorf("%+v: want a drop, got %+v", test, s)
			}
			continue
		}
		if got == nil || rightSum(got) {
			t.Errorf("%+v: want a packet with a wrong checksum", test)
		}
		complete(b)
		if n := differ(got, b); n != 1 {
			t.Errorf("%+v: %d bits differ from the packet with its checksum filled in, want 1", test, n)
		}
	}
}

// complete fills in the checksum of a packet of packet4, independently of the
// package under test.
func complete(b []byte) {
	tcp := header.TCP(b[header.IPv4MinimumSize:])
	sum := header.PseudoHeaderChecksum(header.TCPProtocolNumber, addrA, addrB, uint16(len(tcp)))
	tcp.SetChecksum(0)
	tcp.SetChecksum(^tcp.CalculateChecksum(checksum.Checksum(tcp.Payload(), sum)))
}

// rightSum reports whether the packet's TCP checksum is right.
func rightSum(b []byte) bool {
	tcp := header.TCP(b[header.IPv4MinimumSize:])
	return tcp.IsChecksumValid(addrA, addrB, checksum.Checksum(tcp.Payload(), 0), uint16(len(tcp.Payload())))
}

func udpSegment(n int) []byte {
	b := make([]byte, header.UDPMinimumSize+n)
	header.UDP(b).Encode(&header.UDPFields{SrcPort: 1, DstPort: 2, Length: uint16(len(b))})
	b[len(b)-1] = 9
	return b
}

// What the sender leaves to the device is filled in, unless nobody looks.
func TestChecksumFilledIn(t *testing.T) {
	for name, b := range map[string][]byte{
		"tcp4": packet4(header.TCPProtocolNumber, segment(99)),
		"udp4": packet4(header.UDPProtocolNumber, udpSegment(99)),
		"tcp6": datagram6(header.TCPProtocolNumber, segment(99)),
		"udp6": datagram6(header.UDPProtocolNumber, udpSegment(99)),
	} {
		got, _ := one(t, linkfifo.Options{A: linkfifo.Side{TXChecksumOffload: true}}, b)
		valid := false
		switch name {
		case "tcp4":
			valid = rightSum(got)
		case "tcp6":
			tcp := header.TCP(got[48:])
			valid = tcp.IsChecksumValid(addr6A, addr6B, checksum.Checksum(tcp.Payload(), 0), uint16(len(tcp.Payload())))
		case "udp4":
			udp := header.UDP(got[20:])
			valid = udp.Checksum() != 0 && udp.IsChecksumValid(addrA, addrB, checksum.Checksum(udp.Payload(), 0))
		case "udp6":
			udp := header.UDP(got[48:])
			valid = udp.Checksum() != 0 && udp.IsChecksumValid(addr6A, addr6B, checksum.Checksum(udp.Payload(), 0))
		}
		if !valid {
			t.Errorf("%s: wrong checksum", name)
		}
		got, _ = one(t, linkfifo.Options{A: linkfifo.Side{TXChecksumOffload: true}, B: linkfifo.Side{RXChecksumOffload: true}}, b)
		if !bytes.Equal(got, b) {
			t.Errorf("%s: changed on the way to a receiver that does not look", name)
		}
	}
}

// What cannot be understood passes unharmed through a device with offloads.
func TestOddPacketsPass(t *testing.T) {
	fragment := packet4(header.TCPProtocolNumber, segment(99))
	header.IPv4(fragment).SetFlagsFragmentOffset(header.IPv4FlagMoreFragments, 0)
	cut := packet4(header.TCPProtocolNumber, segment(99))[:30]
	long := datagram6(0, nil)
	long[41] = 255
	for name, b := range map[string][]byte{
		"fragment": fragment, "cut": cut, "long extension": long[:48], "short": {0x45}, "short 6": {0x60, 1}, "no IP": {1, 2, 3, 4},
		"short TCP": packet4(header.TCPProtocolNumber, make([]byte, 5)), "other": packet4(89, make([]byte, 50)),
		"no header length": append([]byte{0x40}, make([]byte, 40)...),
	} {
		o := linkfifo.Options{A: linkfifo.Side{TXChecksumOffload: true, Path: linkfifo.Path{MarkPackets: 1}}}
		if got, _ := one(t, o, b); !bytes.Equal(got, b) {
			t.Errorf("%s: %x became %x", name, b, got)
		}
		o.A.Path.Corrupt = 1
		o.B.RXChecksumOffload = true
		if got, s := one(t, o, b); s.Corrupted == 1 && bytes.Equal(got, b) || s.InTransit() != 0 {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

func TestMarking(t *testing.T) {
	for _, test := range []struct {
		name     string
		ecn      uint8
		v6       bool
		path     linkfifo.Path
		want     uint8
		nMarked  uint64
		nDropped uint64
	}{
		{"capable", 2, false, linkfifo.Path{Rate: 8e6, MarkPackets: 2}, 3, 7, 0},
		{"capable too", 1, false, linkfifo.Path{Rate: 8e6, MarkPackets: 2}, 3, 7, 0},
		{"by bytes", 2, false, linkfifo.Path{Rate: 8e6, MarkBytes: 200}, 3, 7, 0},
		{"no rate", 2, false, linkfifo.Path{MarkPackets: 3}, 3, 7, 0},
		{"IPv6", 2, true, linkfifo.Path{Rate: 8e6, MarkPackets: 2}, 3, 7, 0},
		{"marked before", 3, false, linkfifo.Path{Rate: 8e6, MarkPackets: 2}, 3, 0, 0},
		{"not capable", 0, false, linkfifo.Path{Rate: 8e6, MarkPackets: 2, QueuePackets: 4}, 0, 0, 5},
		{"off", 2, false, linkfifo.Path{Rate: 8e6}, 2, 0, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{Path: test.path}})
			b := packet4(header.UDPProtocolNumber, udpSegment(72))
			ip := header.IPv4(b)
			ip.SetTOS(0x28|test.ecn, 0)
			ip.SetChecksum(0)
			ip.SetChecksum(^ip.CalculateChecksum())
			if test.v6 {
				b = datagram6(header.UDPProtocolNumber, udpSegment(44))
				header.IPv6(b).SetTOS(0x28|test.ecn, 0x12345)
			}
			for range 10 {
				write(t, link.A, b)
			}
			clock.Advance(time.Second)
			s := link.A.Stats()
			if s.Marked != test.nMarked || s.DroppedQueue != test.nDropped {
				t.Errorf("marked %d, want %d; dropped %d, want %d", s.Marked, test.nMarked, s.DroppedQueue, test.nDropped)
			}
			last := got.packets[got.len()-1]
			if test.v6 {
				if class, flow := header.IPv6(last).TOS(); class != 0x28|test.want || flow != 0x12345 {
					t.Errorf("class %#x, flow %#x", class, flow)
				}
				return
			}
			if tos, _ := header.IPv4(last).TOS(); tos != 0x28|test.want || !header.IPv4(last).IsChecksumValid() {
				t.Errorf("TOS %#x, header checksum valid %v", tos, header.IPv4(last).IsChecksumValid())
			}
			if tos, _ := header.IPv4(got.packets[0]).TOS(); tos != 0x28|test.ecn {
				t.Errorf("the first packet's TOS is %#x", tos)
			}
		})
	}
}

// A marked segment still gets the checksum that GSO leaves to the device.
func TestMarkedSegmentGetsItsChecksum(t *testing.T) {
	link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{GSO: true, Path: linkfifo.Path{MarkPackets: 1}}})
	b := packet4(header.TCPProtocolNumber, segment(5000))
	header.IPv4(b).SetTOS(1, 0)
	for range 2 {
		write(t, link.A, b, func(p *stack.PacketBuffer) {
			p.GSOOptions = stack.GSO{Type: stack.GSOTCPv4, NeedsCsum: true}
		})
	}
	clock.Advance(0)
	if got.len() != 2 || link.A.Stats().Marked != 1 || !rightSum(got.packets[0]) || !rightSum(got.packets[1]) {
		t.Errorf("%d arrived, %d marked, or a wrong checksum", got.len(), link.A.Stats().Marked)
	}
}

func TestMTU(t *testing.T) {
	link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{MTU: 1000, GSO: true}})
	gso := func(p *stack.PacketBuffer) { p.GSOOptions.Type = stack.GSOTCPv4 }
	write(t, link.A, datagram(0, 1000))
	write(t, link.A, datagram(1, 1001))
	write(t, link.A, datagram(2, 60000), gso)
	link.A.SetMTU(1400)
	write(t, link.A, datagram(3, 1400))
	clock.Advance(0)
	if n := got.numbers(); len(n) != 3 || n[1] != 2 || n[2] != 3 || link.A.Stats().DroppedMTU != 1 {
		t.Errorf("arrived %v, %d dropped", n, link.A.Stats().DroppedMTU)
	}
	link.A.SetMTU(1)
	if m := link.A.MTU(); m != linkfifo.MinMTU {
		t.Errorf("MTU %d", m)
	}
}

func TestDevice(t *testing.T) {
	link, _, _ := virtualLink(t, linkfifo.Options{A: linkfifo.Side{LinkAddress: "\x02\x00\x00\x00\x00\x01", TXChecksumOffload: true, GSO: true},
		B: linkfifo.Side{Name: "east", RXChecksumOffload: true, GSOMaxSize: 32768}})
	a, b := link.A, link.B
	if a.Capabilities() != stack.CapabilityTXChecksumOffload || b.Capabilities() != stack.CapabilityRXChecksumOffload {
		t.Errorf("capabilities %v, %v", a.Capabilities(), b.Capabilities())
	}
	if a.SupportedGSO() != stack.HostGSOSupported || b.SupportedGSO() != stack.GSONotSupported || a.GSOMaxSize() != 65536 || b.GSOMaxSize() != 32768 {
		t.Error("GSO", a.SupportedGSO(), b.SupportedGSO(), a.GSOMaxSize(), b.GSOMaxSize())
	}
	if a.MTU() != 1500 || a.MaxHeaderLength() != 0 || a.Name() != "a" || b.Name() != "east" || a.LinkAddress() != "\x02\x00\x00\x00\x00\x01" {
		t.Error("MTU, header, names or address", a.MTU(), a.MaxHeaderLength(), a.Name(), b.Name(), a.LinkAddress())
	}
	b.SetLinkAddress("\x02\x00\x00\x00\x00\x02")
	if b.LinkAddress() != "\x02\x00\x00\x00\x00\x02" || b.ARPHardwareType() != header.ARPHardwareNone || !b.ParseHeader(nil) {
		t.Error("address or header", b.LinkAddress())
	}
	b.AddHeader(nil)
	b.Wait() // nothing has been started, nothing to wait for
}
