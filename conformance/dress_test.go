// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"
)

// wardrobe is a stack whose packets are looked at, and a peer that is made by
// hand.
type wardrobe struct {
	t           testing.TB
	s           *stack.Stack
	link        *channel.Endpoint
	net         tcpip.NetworkProtocolNumber
	local, peer tcpip.Address
	lines       []string

	// What came last from the stack: its ports, and what acknowledges it.
	from, to uint16
	seq, ack uint32
}

func newWardrobe(t testing.TB, p provider, net tcpip.NetworkProtocolNumber) *wardrobe {
	w := &wardrobe{t: t, link: channel.New(64, 1500, ""), net: net, local: addrA, peer: addrB}
	if net == ipv6.ProtocolNumber {
		w.local, w.peer = addrA6, addrB6
	}
	w.s = stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{p.make},
	})
	if err := w.s.CreateNICWithOptions(nic, w.link, stack.NICOptions{EnableExperimentIPOption: true}); err != nil {
		t.Fatalf("CreateNIC: %v", err)
	}
	pa := tcpip.ProtocolAddress{Protocol: net, AddressWithPrefix: w.local.WithPrefix()}
	if err := w.s.AddProtocolAddress(nic, pa, stack.AddressProperties{}); err != nil {
		t.Fatalf("AddProtocolAddress: %v", err)
	}
	w.s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic}, {Destination: header.IPv6EmptySubnet, NIC: nic}})
	t.Cleanup(func() { w.s.Destroy() })
	return w
}

func (w *wardrobe) socket() tcpip.Endpoint {
	w.t.Helper()
	ep, err := w.s.NewEndpoint(header.TCPProtocolNumber, w.net, &waiter.Queue{})
	if err != nil {
		w.t.Fatalf("NewEndpoint: %v", err)
	}
	return ep
}

// owner is a tcpip.PacketOwner.
type owner string

func (owner) KUID() uint32 { return 1000 }
func (owner) KGID() uint32 { return 1000 }

// next notes the next packet of one of the kinds: how it is dressed.
func (w *wardrobe) next(what string, flags header.TCPFlags) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for {
		pkt := w.link.ReadContext(ctx)
		if pkt == nil {
			w.t.Fatalf("%s: no packet", what)
		}
		line, ok := w.look(pkt, flags)
		pkt.DecRef()
		if ok {
			w.lines = append(w.lines, what+": "+line)
			return
		}
	}
}

// look describes a TCP segment with the flags.
func (w *wardrobe) look(pkt *stack.PacketBuffer, flags header.TCPFlags) (string, bool) {
	if pkt.TransportProtocolNumber != header.TCPProtocolNumber {
		return "", false // a router solicitation, or the like
	}
	h := header.TCP(pkt.TransportHeader().Slice())
	if h.Flags()&(header.TCPFlagSyn|header.TCPFlagRst|header.TCPFlagFin|header.TCPFlagPsh) != flags {
		return "", false
	}
	w.from, w.to = h.SourcePort(), h.DestinationPort()
	w.seq, w.ack = h.AckNumber(), h.SequenceNumber()+uint32(pkt.Data().Size())
	if h.Flags()&(header.TCPFlagSyn|header.TCPFlagFin) != 0 {
		w.ack++
	}
	exp, has := pkt.ExperimentOptionValue()
	line := fmt.Sprintf("mark %d owner %v experiment %d %v", pkt.Mark, pkt.Owner, exp, has)
	b := pkt.NetworkHeader().Slice()
	if w.net == ipv6.ProtocolNumber {
		class, _ := header.IPv6(b).TOS()
		return fmt.Sprintf("hop limit %d class %#x %s", header.IPv6(b).HopLimit(), class, line), true
	}
	ip := header.IPv4(b)
	tos, _ := ip.TOS()
	return fmt.Sprintf("ttl %d tos %#x df %v %s", ip.TTL(), tos, ip.Flags()&header.IPv4FlagDontFragment != 0, line), true
}

// answer sends a segment of the peer's that follows what came last.
func (w *wardrobe) answer(flags header.TCPFlags) { w.send(w.to, w.from, flags, w.seq, w.ack) }

// send sends a segment of the peer's.
func (w *wardrobe) send(from, to uint16, flags header.TCPFlags, seq, ack uint32) {
	b := make([]byte, header.TCPMinimumSize)
	h := header.TCP(b)
	h.Encode(&header.TCPFields{SrcPort: from, DstPort: to, SeqNum: seq, AckNum: ack, DataOffset: header.TCPMinimumSize, Flags: flags, WindowSize: 30000})
	h.SetChecksum(^checksum.Checksum(b, header.PseudoHeaderChecksum(header.TCPProtocolNumber, w.peer, w.local, uint16(len(b)))))
	if w.net == ipv6.ProtocolNumber {
		ip := make(header.IPv6, header.IPv6MinimumSize, header.IPv6MinimumSize+len(b))
		ip.Encode(&header.IPv6Fields{PayloadLength: uint16(len(b)), TransportProtocol: header.TCPProtocolNumber, HopLimit: 64, SrcAddr: w.peer, DstAddr: w.local})
		b = append(ip, b...)
	} else {
		ip := make(header.IPv4, header.IPv4MinimumSize, header.IPv4MinimumSize+len(b))
		ip.Encode(&header.IPv4Fields{TotalLength: uint16(cap(ip)), TTL: 64, Protocol: uint8(header.TCPProtocolNumber), SrcAddr: w.peer, DstAddr: w.local})
		ip.SetChecksum(^ip.CalculateChecksum())
		b = append(ip, b...)
	}
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(b)})
	w.link.InjectInbound(w.net, pkt)
	pkt.DecRef()
}

// putOn sets the options that a packet shows; each outfit is another.
func putOn(ep tcpip.Endpoint, outfit int) {
	ep.SetOwner(owner(fmt.Sprint("owner", outfit)))
	ep.SetSockOptInt(tcpip.IPv4TTLOption, 10+outfit)
	ep.SetSockOptInt(tcpip.IPv6HopLimitOption, 20+outfit)
	ep.SetSockOptInt(tcpip.IPv4TOSOption, 0x10+4*outfit)
	ep.SetSockOptInt(tcpip.MTUDiscoverOption, outfit%4)
	ep.SocketOptions().SetMark(uint32(30 + outfit))
	ep.SocketOptions().SetExperimentOptionValue(uint16(40 + outfit))
}

const textFlags = header.TCPFlagPsh

// client notes the packets of a connection that is opened from here.
func (w *wardrobe) client() {
	ep := w.socket()
	putOn(ep, 0)
	ep.Connect(tcpip.FullAddress{Addr: w.peer, Port: port})
	w.next("syn", header.TCPFlagSyn)
	w.seq = 1000
	w.answer(header.TCPFlagSyn | header.TCPFlagAck)
	w.next("ack", 0)
	for outfit := 1; outfit < 5; outfit++ {
		putOn(ep, outfit)
		ep.Write(strings.NewReader("text"), tcpip.WriteOptions{})
		w.next(fmt.Sprint("text ", outfit), textFlags)
		w.answer(header.TCPFlagAck)
	}
	putOn(ep, 5)
	ep.Abort()
	w.next("reset", header.TCPFlagRst)
}

// server notes the packets of a listener and of its connection.
func (w *wardrobe) server(cookies bool) {
	on := tcpip.TCPAlwaysUseSynCookies(cookies)
	w.s.SetTransportProtocolOption(header.TCPProtocolNumber, &on)
	l := w.socket()
	putOn(l, 0)
	if err := l.Bind(tcpip.FullAddress{Port: port}); err != nil {
		w.t.Fatalf("Bind: %v", err)
	}
	if err := l.Listen(4); err != nil {
		w.t.Fatalf("Listen: %v", err)
	}
	putOn(l, 2)
	w.send(1000, port, header.TCPFlagSyn, 99, 0)
	w.next("syn-ack", header.TCPFlagSyn)
	w.answer(header.TCPFlagAck)
	var ep tcpip.Endpoint
	for end := time.Now().Add(10 * time.Second); ep == nil; time.Sleep(50 * time.Microsecond) {
		if ep, _, _ = l.Accept(nil); time.Now().After(end) {
			w.t.Fatal("no connection")
		}
	}
	ep.Write(strings.NewReader("text"), tcpip.WriteOptions{})
	w.next("inherited text", textFlags)
	putOn(ep, 3)
	w.answer(header.TCPFlagAck)
	ep.Write(strings.NewReader("text"), tcpip.WriteOptions{})
	w.next("text", textFlags)
	w.send(1001, port, header.TCPFlagAck, 99, 77)
	w.next("reset of the listener", header.TCPFlagRst)
	w.send(1002, port+1, header.TCPFlagSyn, 99, 0)
	w.next("reset of nobody", header.TCPFlagRst)
	ep.Abort()
	w.next("reset", header.TCPFlagRst)
	l.Close()
}

// undressed are the packets whose dress differs from netstack's on purpose.
var undressed = map[string]string{
	"server-*/syn-ack": "as in Linux, connections inherit all options of their listener; in netstack the mark and the owner only",
	"*/inherited text": "as above",
}

// TestDress compares how packets are dressed, with TTL, TOS, DF, mark, owner
// and the experiment option, with netstack's, packet by packet.
func TestDress(t *testing.T) {
	used := make(map[string]bool)
	plays := []struct {
		name string
		run  func(*wardrobe)
	}{
		{"client", (*wardrobe).client},
		{"server", func(w *wardrobe) { w.server(false) }},
		{"cookies", func(w *wardrobe) { w.server(true) }},
	}
	for _, net := range []tcpip.NetworkProtocolNumber{ipv4.ProtocolNumber, ipv6.ProtocolNumber} {
		for _, play := range plays {
			name := fmt.Sprintf("%s-%x", play.name, net)
			t.Run(name, func(t *testing.T) {
				var all [2][]string
				for i, p := range providers {
					w := newWardrobe(t, p, net)
					play.run(w)
					all[i] = w.lines
				}
				for i, got := range all[0] {
					what, _, _ := strings.Cut(got, ":")
					if got != all[1][i] && allowance(name+"/"+what, undressed, used) == "" {
						t.Errorf("%s; netstack: %s", got, all[1][i])
					}
				}
			})
		}
	}
	for pattern := range undressed {
		if !used[pattern] && !t.Failed() {
			t.Errorf("nothing differs at %s any more", pattern)
		}
	}
}
