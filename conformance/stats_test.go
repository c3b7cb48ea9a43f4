// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path"
	"reflect"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/transport"
)

// counts are counters by name. Those of segments depend on how
// acknowledgments are gathered: of them, only whether there are any counts.
type counts map[string]uint64

func (c counts) add(name string, v reflect.Value) {
	if v.Kind() != reflect.Pointer {
		v = v.Addr()
	}
	if n, ok := v.Interface().(*tcpip.StatCounter); ok {
		c[name] = n.Value()
		switch path.Base(name) {
		case "SegmentsSent", "SegmentsReceived", "ValidSegmentsReceived":
			c[name] = min(c[name], 1)
		}
		return
	}
	for i := range v.Elem().NumField() {
		if f := v.Elem().Type().Field(i); f.IsExported() {
			c.add(name+"/"+f.Name, v.Elem().Field(i))
		}
	}
}

// countsOf returns the stack's counters of TCP and those of its endpoints.
func countsOf(s *stack.Stack, eps ...tcpip.Endpoint) counts {
	c := make(counts)
	st := s.Stats().TCP
	c.add("tcp", reflect.ValueOf(&st))
	for i, ep := range eps {
		c.add(fmt.Sprint("endpoint", i), reflect.ValueOf(ep.Stats()))
	}
	return c
}

// miscounts are the counters in which tcpcb differs from netstack on purpose:
// a pattern of path.Match for story/counter, and why.
var miscounts = map[string]string{
	"syn to nobody, damaged/tcp/ChecksumErrors":            "netstack does not count a segment for nobody whose checksum is wrong",
	"syn to nobody, malformed/tcp/InvalidSegmentsReceived": "netstack does not count a segment for nobody that it cannot parse",
	"no answer/tcp/Timeouts":                               "netstack does not count the timeouts of a SYN, and Linux does",
	"no answer/endpoint0/SendErrors/Timeouts":              "as above",
	"blocked/endpoint0/WriteErrors/WriteClosed":            "netstack counts a write that has to wait as one to a closed endpoint",
	"forwarder/tcp/ChecksumErrors":                         "as above: the forwarder leaves it to nobody",
}

// TestStats plays the same stories to both TCPs and compares all counters.
func TestStats(t *testing.T) {
	used := make(map[string]bool)
	for _, story := range stories {
		t.Run(story.name, func(t *testing.T) {
			var all [2]counts
			for i, p := range providers {
				w := newLab(t, p)
				eps := story.play(w)
				all[i] = countsOf(w.s, eps...)
				for _, ep := range eps {
					ep.Abort()
				}
			}
			if len(all[0]) != len(all[1]) {
				t.Errorf("%d counters, netstack has %d", len(all[0]), len(all[1]))
			}
			for name, got := range all[0] {
				want := all[1][name]
				if got != want && allowance(story.name+"/"+name, miscounts, used) == "" {
					t.Errorf("%s is %d, netstack's %d", name, got, want)
				}
			}
		})
	}
	for pattern := range miscounts {
		if !used[pattern] && !t.Failed() {
			t.Errorf("nothing differs at %s any more", pattern)
		}
	}
}

// story is something that happens, and the endpoints it happened to.
type story struct {
	name string
	play func(w *lab) []tcpip.Endpoint
}

// counted waits until the stack's counter has come to n.
func (w *lab) counted(what string, of func(*tcpip.TCPStats) *tcpip.StatCounter, n uint64) {
	w.t.Helper()
	st := w.s.Stats().TCP
	w.until(what, func() bool { return of(&st).Value() >= n })
}

// segment is a TCP segment to the stack under test that comes by voidNIC.
type segment struct {
	from, to uint16
	flags    header.TCPFlags
	seq, ack uint32
	offset   uint8 // of the text; 20 when 0
	damage   bool  // spoils the checksum
}

// inject has the segment arrive.
func (w *lab) inject(s segment) {
	local := tcpip.AddrFrom4([4]byte{10, 9, 1, 1})
	b := make([]byte, header.IPv4MinimumSize+header.TCPMinimumSize)
	ip := header.IPv4(b)
	ip.Encode(&header.IPv4Fields{
		TotalLength: uint16(len(b)), TTL: 64, Protocol: uint8(header.TCPProtocolNumber),
		SrcAddr: addrVoid, DstAddr: local,
	})
	ip.SetChecksum(^ip.CalculateChecksum())
	h := header.TCP(b[header.IPv4MinimumSize:])
	offset := s.offset
	if offset == 0 {
		offset = header.TCPMinimumSize
	}
	h.Encode(&header.TCPFields{SrcPort: s.from, DstPort: s.to, SeqNum: s.seq, AckNum: s.ack, DataOffset: offset, Flags: s.flags, WindowSize: 65535})
	sum := header.PseudoHeaderChecksum(header.TCPProtocolNumber, addrVoid, local, uint16(len(h)))
	h.SetChecksum(^checksum.Checksum(h, sum))
	if s.damage {
		h.SetChecksum(h.Checksum() + 1)
	}
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(b)})
	w.void.InjectInbound(ipv4.ProtocolNumber, pkt)
	pkt.DecRef()
}

// stories are what endpoints live through.
var stories = []story{
	{"nothing", func(w *lab) []tcpip.Endpoint { return []tcpip.Endpoint{w.socketOf(w.s, ipv4.ProtocolNumber)} }},
	{"orderly, closed here", func(w *lab) []tcpip.Endpoint { return w.live("time-wait") }},
	{"orderly, closed there", func(w *lab) []tcpip.Endpoint { return w.live("ended") }},
	{"open", func(w *lab) []tcpip.Endpoint { return w.live("connected") }},
	{"accepted", func(w *lab) []tcpip.Endpoint { return w.live("accepted") }},
	{"refused", func(w *lab) []tcpip.Endpoint { return w.live("refused") }},
	{"reset", func(w *lab) []tcpip.Endpoint { return w.live("reset") }},
	{"reset in close-wait", func(w *lab) []tcpip.Endpoint { return w.live("reset-in-close-wait") }},
	{"aborted", func(w *lab) []tcpip.Endpoint { return w.live("aborted") }},
	{"given up", func(w *lab) []tcpip.Endpoint { return w.live("given-up") }},
	{"text both ways", func(w *lab) []tcpip.Endpoint {
		ep, peer := w.connected(ipv4.ProtocolNumber, addrB)
		for range 20 {
			w.put(ep, "question")
			w.take(peer, len("question"))
			w.put(peer, "answer")
			w.take(ep, len("answer"))
		}
		return []tcpip.Endpoint{ep}
	}},
	{"no route", func(w *lab) []tcpip.Endpoint {
		ep := w.socketOf(w.s, ipv4.ProtocolNumber)
		ep.Connect(tcpip.FullAddress{Addr: addrLost, Port: port})
		return []tcpip.Endpoint{ep}
	}},
	{"ports in use", func(w *lab) []tcpip.Endpoint {
		l := w.listener(w.s, 80)
		ep := w.socketOf(w.s, ipv6.ProtocolNumber)
		ep.Bind(tcpip.FullAddress{Port: 80})
		ep.Listen(1)
		ep.Listen(2)
		c := w.socketOf(w.s, ipv4.ProtocolNumber)
		c.Bind(tcpip.FullAddress{Port: 81})
		c.Connect(tcpip.FullAddress{Addr: addrB, Port: port})
		w.reach(c, transport.StateEstablished)
		w.accept(w.l)
		c.Listen(1)
		return []tcpip.Endpoint{l, ep, c}
	}},
	{"no answer", func(w *lab) []tcpip.Endpoint {
		ep := w.socketOf(w.s, ipv4.ProtocolNumber)
		w.patience(200 * time.Millisecond)
		w.dial(ep, tcpip.FullAddress{Addr: addrVoid, Port: port})
		w.counted("the SYN once more", func(s *tcpip.TCPStats) *tcpip.StatCounter { return s.SegmentsSent }, 2)
		return []tcpip.Endpoint{ep}
	}},
	{"blocked", func(w *lab) []tcpip.Endpoint {
		ep := w.live("connecting")[0]
		(&player{w: w, ep: ep}).write("too early")
		return []tcpip.Endpoint{ep}
	}},
	{"keep-alive in vain", func(w *lab) []tcpip.Endpoint {
		ep, _ := w.connected(ipv4.ProtocolNumber, addrB)
		w.link.SetDown(true)
		ep.SetSockOpt(ref(tcpip.KeepaliveIdleOption(10 * time.Millisecond)))
		ep.SetSockOpt(ref(tcpip.KeepaliveIntervalOption(10 * time.Millisecond)))
		ep.SetSockOptInt(tcpip.KeepaliveCountOption, 2)
		ep.SocketOptions().SetKeepAlive(true)
		w.reach(ep, transport.StateError)
		return []tcpip.Endpoint{ep}
	}},
	{"syn queue", func(w *lab) []tcpip.Endpoint {
		l := w.narrow(80, 3)
		for i := range uint16(2) {
			w.inject(segment{from: 1000 + i, to: 80, flags: header.TCPFlagSyn})
		}
		w.counted("cookies", func(s *tcpip.TCPStats) *tcpip.StatCounter { return s.SegmentsSent }, 2)
		for i := range uint16(3) {
			w.inject(segment{from: 2000 + i, to: 80, flags: header.TCPFlagSyn})
		}
		w.counted("cookies", func(s *tcpip.TCPStats) *tcpip.StatCounter { return s.ListenOverflowSynCookieSent }, 3)
		w.inject(segment{from: 2000, to: 80, flags: header.TCPFlagAck, seq: 1, ack: 12345})
		w.counted("bad cookies", func(s *tcpip.TCPStats) *tcpip.StatCounter { return s.ListenOverflowInvalidSynCookieRcvd }, 1)
		w.counted("a reset", func(s *tcpip.TCPStats) *tcpip.StatCounter { return s.ResetsSent }, 1)
		return []tcpip.Endpoint{l}
	}},
	{"accept queue", func(w *lab) []tcpip.Endpoint {
		l := w.narrow(80, 1)
		w.setProtocol(ref(tcpip.TCPAlwaysUseSynCookies(true)))
		c := w.socketOf(w.peer, ipv4.ProtocolNumber)
		w.dial(c, tcpip.FullAddress{Addr: addrA, Port: 80})
		w.counted("the first", func(s *tcpip.TCPStats) *tcpip.StatCounter { return s.PassiveConnectionOpenings }, 1)
		for i := range uint16(2) {
			w.inject(segment{from: 1000 + i, to: 80, flags: header.TCPFlagSyn})
		}
		w.counted("drops", func(s *tcpip.TCPStats) *tcpip.StatCounter { return s.ListenOverflowSynDrop }, 2)
		return []tcpip.Endpoint{l}
	}},
	{"damaged", func(w *lab) []tcpip.Endpoint {
		l := w.narrow(80, 3)
		w.inject(segment{from: 1, to: 80, flags: header.TCPFlagSyn, damage: true})
		w.inject(segment{from: 1, to: 80, flags: header.TCPFlagSyn, offset: 8})
		w.inject(segment{from: 1, to: 80, flags: header.TCPFlagRst})
		w.counted("a reset", func(s *tcpip.TCPStats) *tcpip.StatCounter { return s.ResetsReceived }, 1)
		return []tcpip.Endpoint{l}
	}},
	{"syn to nobody", func(w *lab) []tcpip.Endpoint {
		w.inject(segment{from: 1, to: 80, flags: header.TCPFlagSyn})
		w.inject(segment{from: 1, to: 80, flags: header.TCPFlagRst})
		return nil
	}},
	{"syn to nobody, damaged", func(w *lab) []tcpip.Endpoint {
		w.inject(segment{from: 1, to: 80, flags: header.TCPFlagSyn, damage: true})
		return nil
	}},
	{"syn to nobody, malformed", func(w *lab) []tcpip.Endpoint {
		w.inject(segment{from: 1, to: 80, flags: header.TCPFlagSyn, offset: 8})
		return nil
	}},
	{"forwarder", func(w *lab) []tcpip.Endpoint { return w.forwarded() }},
}

// live returns the endpoint of a situation.
func (w *lab) live(name string) []tcpip.Endpoint {
	w.t.Helper()
	for _, s := range situations {
		if s.name == name {
			ep, _ := s.make(w)
			return []tcpip.Endpoint{ep}
		}
	}
	w.t.Fatalf("no situation %s", name)
	return nil
}

// take reads n bytes.
func (w *lab) take(ep tcpip.Endpoint, n int) {
	w.t.Helper()
	got := 0
	w.until("text", func() bool {
		var to sliceSink
		r, err := ep.Read(&to, tcpip.ReadOptions{})
		if err == nil {
			got += r.Count
		}
		return got >= n
	})
}

// sliceSink takes all that is written to it and forgets it.
type sliceSink struct{}

func (*sliceSink) Write(b []byte) (int, error) { return len(b), nil }

// narrow returns a listener with a short queue.
func (w *lab) narrow(port uint16, backlog int) tcpip.Endpoint {
	w.t.Helper()
	l := w.bound(ipv4.ProtocolNumber, tcpip.FullAddress{Port: port})
	if err := l.Listen(backlog); err != nil {
		w.t.Fatalf("Listen: %v", err)
	}
	return l
}

// request is what both TCPs' ForwarderRequest is.
type request interface {
	ID() stack.TransportEndpointID
	Complete(sendReset bool)
	CreateEndpoint(*waiter.Queue) (tcpip.Endpoint, tcpip.Error)
	ForwardedPacketExperimentOption() (uint16, bool)
}

// forward has SYNs that nobody listens for come to a forwarder of two requests
// at a time, and returns them.
func (w *lab) forward() <-chan request {
	got := make(chan request, 16)
	if w.name == "netstack" {
		f := tcp.NewForwarder(w.s, 0, 2, func(r *tcp.ForwarderRequest) { got <- r })
		w.s.SetTransportProtocolHandler(header.TCPProtocolNumber, f.HandlePacket)
		return got
	}
	f := transport.NewForwarder(w.s, 0, 2, func(r *transport.ForwarderRequest) { got <- r })
	w.s.SetTransportProtocolHandler(header.TCPProtocolNumber, f.HandlePacket)
	return got
}

// forwarded refuses a request, drops one that is too many, and grants one.
func (w *lab) forwarded() []tcpip.Endpoint {
	w.t.Helper()
	got := w.forward()
	for i := range uint16(3) {
		w.inject(segment{from: 1000 + i, to: 80, flags: header.TCPFlagSyn})
	}
	w.inject(segment{from: 1000, to: 80, flags: header.TCPFlagSyn})               // again
	w.inject(segment{from: 1000, to: 80, flags: header.TCPFlagSyn, damage: true}) // not one
	w.inject(segment{from: 1009, to: 80, flags: header.TCPFlagAck})               // nor this
	w.counted("a drop", func(s *tcpip.TCPStats) *tcpip.StatCounter { return s.ForwardMaxInFlightDrop }, 1)
	(<-got).Complete(true)
	(<-got).Complete(false)
	c := w.socketOf(w.peer, ipv4.ProtocolNumber)
	w.dial(c, tcpip.FullAddress{Addr: addrA, Port: 80})
	r := <-got
	var wq waiter.Queue
	ep, err := r.CreateEndpoint(&wq)
	if err != nil {
		w.t.Fatalf("CreateEndpoint: %v", err)
	}
	r.Complete(false)
	if _, err := r.CreateEndpoint(&wq); err == nil {
		w.t.Error("a request that is complete makes an endpoint")
	}
	w.reach(c, transport.StateEstablished)
	return []tcpip.Endpoint{ep}
}
