// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/linkfifo"
)

// fuzzStack is a stack that a fuzzer plays the network and the application of.
type fuzzStack struct {
	v     *virtual
	link  *channel.Endpoint
	socks []end
	// seen is the last segment that the stack sent, which forged ones refer to.
	seen header.TCP
}

// FuzzStack feeds a whole stack arbitrary packets, most of them near to what it
// expects, and calls of the application. It must not panic or hang, and once
// all is closed and time has passed, nothing may be left.
func FuzzStack(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 2, 0, 0, 0, 0, 0, 0, 0, 16, 1, 0, 1, 0, 1, 0, 0, 24, 1, 0, 1, 0, 9, 8, 0, 1, 1, 1, 1, 1, 1, 1})
	f.Add([]byte{1, 0, 0, 0, 0, 0, 0, 0, 0, 18, 1, 0, 1, 0, 1, 0, 4, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4096 {
			t.Skip("longer inputs tell nothing new")
		}
		fz := newFuzzStack(t)
		for ; len(data) >= 8; data = data[8:] {
			fz.step(data[:8], data[8:])
		}
		for _, s := range fz.socks {
			s.Abort()
			s.Close()
		}
		fz.drain()
		fz.v.clock.Advance(time.Hour)
		if n := len(fz.v.a.RegisteredEndpoints()) + len(fz.v.a.CleanupEndpoints()); n != 0 {
			t.Fatalf("%d endpoints are left", n)
		}
		if n := fz.v.clock.Pending(); n != 0 {
			t.Fatalf("%d timers are left", n)
		}
	})
}

func newFuzzStack(t *testing.T) *fuzzStack {
	v := &virtual{t: t, clock: linkfifo.NewVirtualClock()}
	fz := &fuzzStack{v: v, link: channel.New(256, 1500, "")}
	v.a = v.stack(1, fz.link, addrA)
	l := v.socket(v.a)
	if err := l.Bind(tcpip.FullAddress{Port: port}); err != nil {
		t.Fatal(err)
	}
	if err := l.Listen(3); err != nil {
		t.Fatal(err)
	}
	fz.socks = append(fz.socks, l)
	return fz
}

// step does what eight bytes say; rest is where text comes from.
func (fz *fuzzStack) step(op, rest []byte) {
	switch op[0] % 8 {
	case 0:
		fz.inject(op[1:], rest)
	case 1:
		if len(fz.socks) < 8 {
			s := fz.v.socket(fz.v.a)
			s.Connect(tcpip.FullAddress{Addr: addrB, Port: port + uint16(op[1]%2)})
			fz.socks = append(fz.socks, s)
		}
	case 2:
		if ep, _, err := fz.socks[0].Accept(nil); err == nil {
			fz.socks = append(fz.socks, end{ep, fz.v})
		}
	case 3:
		fz.raw(op[1:], rest)
	default:
		fz.call(fz.socks[int(op[1])%len(fz.socks)], op)
	}
	fz.drain()
}

// call makes one of the application's calls.
func (fz *fuzzStack) call(s end, op []byte) {
	switch op[2] % 8 {
	case 0:
		s.Write(newZeros(int(op[3])*64), tcpip.WriteOptions{})
	case 1:
		s.Read(discard{}, tcpip.ReadOptions{Peek: op[3]&1 != 0})
	case 2:
		s.Shutdown(tcpip.ShutdownFlags(op[3] & 3))
	case 3:
		s.Close()
	case 4:
		s.Abort()
	case 5:
		s.SocketOptions().SetKeepAlive(op[3]&1 != 0)
		s.SocketOptions().SetDelayOption(op[3]&2 != 0)
		s.SocketOptions().SetCorkOption(op[3]&4 != 0)
	case 6:
		s.SocketOptions().SetReceiveBufferSize(int64(op[3])<<op[4]%16, true)
	case 7:
		fz.v.clock.Advance(time.Duration(op[3]) << (op[4] % 32))
	}
}

// inject delivers a segment whose numbers lie near to what the stack sent last.
func (fz *fuzzStack) inject(op, rest []byte) {
	src, dst, seq, ack := uint16(9999), uint16(port), uint32(1000), uint32(0)
	if fz.seen != nil {
		src, dst = fz.seen.DestinationPort(), fz.seen.SourcePort()
		seq, ack = fz.seen.AckNumber(), fz.seen.SequenceNumber()
		if fz.seen.Flags()&(header.TCPFlagSyn|header.TCPFlagFin) != 0 {
			ack++
		}
	}
	if op[5]&1 != 0 {
		src, dst = 9000+uint16(op[5]), port
	}
	text := rest[:min(len(rest), int(op[4]))]
	var opts []byte
	if op[5]&2 != 0 {
		opts = rest[:min(len(rest), 40)/4*4]
	}
	h := make(header.TCP, header.TCPMinimumSize+len(opts))
	h.Encode(&header.TCPFields{
		SrcPort: src, DstPort: dst,
		SeqNum: seq + uint32(int32(int8(op[1]))), AckNum: ack + uint32(int32(int8(op[2]))),
		DataOffset: uint8(len(h)), Flags: header.TCPFlags(op[0]),
		WindowSize: uint16(op[3]) << (op[6] % 9),
	})
	copy(h[header.TCPMinimumSize:], opts)
	sum := header.PseudoHeaderChecksum(header.TCPProtocolNumber, addrB, addrA, uint16(len(h)+len(text)))
	h.SetChecksum(^h.CalculateChecksum(checksum.Checksum(text, sum)))
	fz.deliver(append(h, text...))
}

// raw delivers bytes as they are behind an IPv4 header.
func (fz *fuzzStack) raw(op, rest []byte) {
	fz.deliver(rest[:min(len(rest), int(binary.LittleEndian.Uint16(op))%1480)])
}

func (fz *fuzzStack) deliver(segment []byte) {
	b := make([]byte, header.IPv4MinimumSize+len(segment))
	ip := header.IPv4(b)
	ip.Encode(&header.IPv4Fields{TotalLength: uint16(len(b)), TTL: 64, Protocol: uint8(header.TCPProtocolNumber), SrcAddr: addrB, DstAddr: addrA})
	ip.SetChecksum(^ip.CalculateChecksum())
	copy(b[header.IPv4MinimumSize:], segment)
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(b)})
	fz.link.InjectInbound(ipv4.ProtocolNumber, pkt)
	pkt.DecRef()
}

// drain takes what the stack sent.
func (fz *fuzzStack) drain() {
	for pkt := fz.link.Read(); pkt != nil; pkt = fz.link.Read() {
		h := header.TCP(pkt.TransportHeader().Slice())
		if len(h) >= header.TCPMinimumSize && h.Flags()&header.TCPFlagRst == 0 {
			fz.seen = append(header.TCP(nil), h...)
		}
		pkt.DecRef()
	}
}

// zeros is a Payloader of zeros.
type zeros struct{ n int }

func newZeros(n int) *zeros { return &zeros{n} }

func (z *zeros) Len() int { return z.n }

func (z *zeros) Read(p []byte) (int, error) {
	n := min(len(p), z.n)
	clear(p[:n])
	z.n -= n
	return n, nil
}
