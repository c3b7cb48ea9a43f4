// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"strings"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"

	"tcpcb/engine/wire"
	"tcpcb/transport"
)

// The codepoints of the ECN field (RFC 3168, section 5).
const (
	notECT = 0
	ect0   = 2
	ce     = 3
)

const ecnSetup = wire.ECE | wire.CWR

// useECN sets the mode of the world's stack.
func (w *world) useECN(m transport.ECNMode) {
	w.t.Helper()
	if err := w.s.SetTransportProtocolOption(transport.ProtocolNumber, &transport.ECNOption{Mode: m}); err != nil {
		w.t.Fatal(err)
	}
}

// TestECNOption checks the option's default, its values, and that one out of
// range changes nothing. Netstack's own TCP does not know it.
func TestECNOption(t *testing.T) {
	stacks := protocols(t)
	s := stacks["tcpcb"]
	mode := func() transport.ECNMode {
		t.Helper()
		o := transport.ECNOption{Mode: 77}
		if err := s.TransportProtocolOption(transport.ProtocolNumber, &o); err != nil {
			t.Fatal(err)
		}
		return o.Mode
	}
	if m := mode(); m != transport.ECNOff {
		t.Errorf("the default is %d, want ECNOff", m)
	}
	for _, m := range []transport.ECNMode{transport.ECNOn, transport.ECNAccept, transport.ECNOff, transport.ECNAccept} {
		if err := s.SetTransportProtocolOption(transport.ProtocolNumber, &transport.ECNOption{Mode: m}); err != nil || mode() != m {
			t.Errorf("set to %d: %v, and is %d", m, err, mode())
		}
	}
	err := s.SetTransportProtocolOption(transport.ProtocolNumber, &transport.ECNOption{Mode: transport.ECNAccept + 1})
	if !isErr[*tcpip.ErrInvalidOptionValue](err) || mode() != transport.ECNAccept {
		t.Errorf("a mode out of range: %v, and is %d", err, mode())
	}
	if err := stacks["netstack"].SetTransportProtocolOption(transport.ProtocolNumber, &transport.ECNOption{}); !isErr[*tcpip.ErrUnknownProtocolOption](err) {
		t.Errorf("netstack: %v, want ErrUnknownProtocolOption", err)
	}
}

// TestECNModes checks who asks and who agrees (RFC 3168, section 6.1.1): on a
// connection opened from here, by a listener, by a forwarder, and by a SYN
// cookie, which never does.
func TestECNModes(t *testing.T) {
	for _, test := range []struct {
		mode          transport.ECNMode
		asks, accepts bool
	}{{transport.ECNOff, false, false}, {transport.ECNOn, true, true}, {transport.ECNAccept, false, true}} {
		synAck := wire.SYN | wire.ACK
		if test.accepts {
			synAck |= wire.ECE
		}
		syn := segment{Header: wire.Header{Flags: wire.SYN | ecnSetup, Window: 65535, Options: usual}}

		w := newWorld(t)
		w.useECN(test.mode)
		w.listen(5)
		p := w.peer(4000)
		p.send(syn)
		p.want(synAck)

		cookies := tcpip.TCPAlwaysUseSynCookies(true)
		if err := w.s.SetTransportProtocolOption(transport.ProtocolNumber, &cookies); err != nil {
			t.Fatal(err)
		}
		p = w.peer(4001)
		p.send(syn)
		p.want(wire.SYN | wire.ACK)

		c, _ := w.socket(ipv4.ProtocolNumber)
		if err := c.Connect(tcpip.FullAddress{Addr: peer4, Port: 9}); !isErr[*tcpip.ErrConnectStarted](err) {
			t.Fatal(err)
		}
		want := wire.SYN
		if test.asks {
			want |= ecnSetup
		}
		if s := w.recv(); s.Flags != want || s.tos != notECT {
			t.Errorf("mode %d: the SYN has %v, TOS %#x, want %v", test.mode, s.Flags, s.tos, want)
		}

		w = newWorld(t)
		w.useECN(test.mode)
		requests := w.forward(0, 1)
		p = w.peer(4002)
		syn.Seq = p.nxt
		p.send(syn)
		r := <-requests
		_, done := p.createWith(r, synAck)
		p.seg(wire.ACK, "")
		f := <-done
		if f.err != nil {
			t.Fatal(f.err)
		}
		r.Complete(false)
		f.ep.Close()
		p.want(wire.FIN | wire.ACK)
	}
}

// TestECNOnTheWire takes a connection through marks in both directions, on both
// families: text goes out ECN-capable, acknowledgments do not (RFC 3168, section
// 6.1.4), a mark is echoed until CWR (6.1.3), an echo is answered with CWR
// (6.1.2), and the rest of the TOS or traffic class is the socket's (23.1).
func TestECNOnTheWire(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		w := newWorld(t)
		w.useECN(transport.ECNAccept)
		proto, p := tcpip.NetworkProtocolNumber(ipv4.ProtocolNumber), w.peer(4000)
		if v6 {
			proto, p = ipv6.ProtocolNumber, w.peer6(4000)
		}
		l, _ := w.socket(proto)
		for _, o := range []tcpip.SockOptInt{tcpip.IPv4TOSOption, tcpip.IPv6TrafficClassOption} {
			if err := l.SetSockOptInt(o, 0xbb); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Bind(tcpip.FullAddress{Port: port}); err != nil {
			t.Fatal(err)
		}
		if err := l.Listen(5); err != nil {
			t.Fatal(err)
		}
		const dscp = 0xb8
		want := func(flags wire.Flags, ecn uint8, n int) {
			t.Helper()
			if s := p.want(flags); s.tos != dscp|ecn || len(s.text) != n {
				t.Errorf("IPv6 %v: TOS %#x, %d bytes, want %#x and %d", v6, s.tos, len(s.text), dscp|ecn, n)
			}
		}
		from := func(flags wire.Flags, ecn uint8, text string) {
			t.Helper()
			p.send(segment{Header: wire.Header{Seq: p.nxt, Ack: p.rcv, Flags: flags, Window: 65535}, text: text, tos: ecn})
			p.nxt = p.nxt.Add(len(text))
		}
		p.send(segment{Header: wire.Header{Seq: p.nxt, Flags: wire.SYN | ecnSetup, Window: 65535, Options: wire.Options{MSS: 1000}}})
		want(wire.SYN|wire.ACK|wire.ECE, notECT, 0)
		p.nxt = p.nxt.Add(1)
		from(wire.ACK, notECT, "")
		c := w.accept(l)

		from(wire.ACK, ce, "marked")
		want(wire.ACK|wire.ECE, notECT, 0)
		write := func(n int) {
			t.Helper()
			if _, err := c.Write(strings.NewReader(strings.Repeat("x", n)), tcpip.WriteOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		write(1500)
		want(wire.ACK|wire.ECE, ect0, 1000)
		want(wire.ACK|wire.ECE, ect0, 500)
		from(wire.ACK|wire.CWR|wire.ECE, ect0, "reduced")
		write(100)
		want(wire.ACK|wire.CWR, ect0, 100)
		from(wire.ACK, notECT, "")
		write(100)
		want(wire.ACK, ect0, 100)
		w.wait(transport.MaxRTO)
		want(wire.ACK, notECT, 100) // again (section 6.1.5)
	}
}
