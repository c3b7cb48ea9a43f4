// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"bytes"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
	"tcpcb/transport"
)

// TestSynAckOptions checks what a SYN-ACK offers: the MSS always, and of the
// rest what the SYN offered (RFC 9293, section 3.7.1, SHLD-5; RFC 7323, sections
// 2.2 and 3.2; RFC 2018, section 2).
func TestSynAckOptions(t *testing.T) {
	for name, o := range map[string]wire.Options{
		"none":       {},
		"MSS":        {MSS: 1460},
		"scale":      {MSS: 1460, HasWindowScale: true, WindowScale: 0},
		"scale 14":   {MSS: 1460, HasWindowScale: true, WindowScale: 14},
		"scale 255":  {MSS: 1460, HasWindowScale: true, WindowScale: 255},
		"SACK":       {MSS: 1460, SACKPermitted: true},
		"timestamps": {MSS: 1460, HasTimestamps: true, TSVal: 77},
		"all":        usual,
	} {
		for _, v6 := range []bool{false, true} {
			w := newWorld(t)
			ep, _ := w.socket(ipv6.ProtocolNumber)
			if err := ep.Bind(tcpip.FullAddress{Port: port}); err != nil {
				t.Fatal(err)
			}
			if err := ep.Listen(5); err != nil {
				t.Fatal(err)
			}
			p, mss := w.peer(4000), uint16(1460)
			if v6 {
				p, mss = w.peer6(4000), 1440
			}
			p.syn(o)
			s := p.want(wire.SYN | wire.ACK)
			got := s.Options
			if got.MSS != mss || got.HasWindowScale != o.HasWindowScale || got.SACKPermitted != o.SACKPermitted ||
				got.HasTimestamps != o.HasTimestamps || got.TSEcr != o.TSVal {
				t.Errorf("%s, IPv6 %v: the SYN-ACK offers %+v", name, v6, got)
			}
			if s.Ack != p.nxt.Add(1) || s.Window == 0 {
				t.Errorf("%s: SYN-ACK %v", name, s)
			}
			w.wantNone()
		}
	}
}

// TestUserMSS checks that TCP_MAXSEG of a listener bounds what it offers.
func TestUserMSS(t *testing.T) {
	w := newWorld(t)
	l := w.listen(5)
	if err := l.SetSockOptInt(tcpip.MaxSegOption, 600); err != nil {
		t.Fatal(err)
	}
	if s := w.peer(4000).open(); s.Options.MSS != 600 {
		t.Errorf("MSS %d, want 600", s.Options.MSS)
	}
}

// TestDuplicateSyn holds a defect of MirageOS's TCP: a SYN that comes again gets
// the same answer, and makes no second connection.
func TestDuplicateSyn(t *testing.T) {
	w := newWorld(t)
	l := w.listen(5)
	p := w.peer(4000)
	p.syn(usual)
	first := p.want(wire.SYN | wire.ACK)
	for range 3 {
		p.syn(usual)
		if s := w.recv(); s != nil && (s.Seq != first.Seq || !s.Flags.Has(wire.SYN|wire.ACK)) {
			t.Fatalf("a SYN again: %v, want %v again", s, first)
		}
	}
	p.nxt = p.nxt.Add(1)
	p.seg(wire.ACK, "")
	w.accept(l)
	w.wantEmpty(l)
}

// TestLostSynAck holds a defect of MirageOS's TCP, a SYN-ACK sent again without
// its options, and the schedule: after 1 s, doubling (RFC 6298, section 2.1 and
// 5.5). In the end the handshake is given up, and nothing is left.
func TestLostSynAck(t *testing.T) {
	w := newWorld(t)
	l := w.listen(5)
	p := w.peer(4000)
	p.syn(usual)
	first := p.want(wire.SYN | wire.ACK)
	for i := range 6 {
		w.wait(time.Second<<i - time.Millisecond)
		w.wantNone()
		w.wait(time.Millisecond)
		s := p.want(wire.SYN | wire.ACK)
		again := s.Options
		again.TSVal = first.Options.TSVal
		if s.Seq != first.Seq || again != first.Options {
			t.Fatalf("sent again: %v, want %v", s, first)
		}
	}
	w.wait(5 * time.Minute)
	w.wantNone()
	w.wantEmpty(l)
	w.wantCount("FailedConnectionAttempts", w.stats().FailedConnectionAttempts, 1)
	if n := len(w.s.RegisteredEndpoints()); n != 1 {
		t.Errorf("%d endpoints, want the listener only", n)
	}
}

// TestLastAckWithText checks a handshake whose last segment carries text and a
// FIN: MirageOS's pcb.ml, lines 419-443.
func TestLastAckWithText(t *testing.T) {
	w := newWorld(t)
	l := w.listen(5)
	p := w.peer(4000)
	p.open()
	p.seg(wire.ACK|wire.PSH|wire.FIN, "hello")
	w.wait(time.Millisecond)
	if s := p.want(wire.ACK); s.Ack != p.nxt {
		t.Errorf("acknowledged up to %v, want %v", s.Ack, p.nxt)
	}
	c := w.accept(l)
	var got bytes.Buffer
	if _, err := c.Read(&got, tcpip.ReadOptions{}); err != nil || got.String() != "hello" {
		t.Errorf("Read: %q, %v", got.String(), err)
	}
	if _, err := c.Read(&got, tcpip.ReadOptions{}); !isErr[*tcpip.ErrClosedForReceive](err) {
		t.Errorf("Read: %v, want ErrClosedForReceive", err)
	}
	if c.EndpointState() != transport.StateCloseWait {
		t.Errorf("state %v, want CLOSE-WAIT", c.EndpointState())
	}
}

// TestListenWrongSegments holds RFC 9293, section 3.10.7.2: an acknowledgment is
// answered with a reset, a SYN with it too; a reset, and what has neither SYN
// nor ACK, is dropped.
func TestListenWrongSegments(t *testing.T) {
	for _, c := range []struct {
		flags wire.Flags
		reset bool
	}{
		{wire.ACK, true},
		{wire.ACK | wire.FIN, true},
		{wire.SYN | wire.ACK, true},
		{wire.RST, false},
		{wire.RST | wire.ACK, false},
		{wire.RST | wire.SYN, false},
		{wire.FIN, false},
		{wire.PSH, false},
		{0, false},
	} {
		w := newWorld(t)
		l := w.listen(5)
		p := w.peer(4000)
		p.send(segment{Header: wire.Header{Seq: seq.New(5), Ack: seq.New(99), Flags: c.flags, Window: 9}, text: "x"})
		if c.reset {
			if s := p.want(wire.RST); s.Seq.Value() != 99 {
				t.Errorf("%v: reset %v, want sequence number 99", c.flags, s)
			}
		}
		w.wantNone()
		w.wantEmpty(l)
	}
}

// TestResetInSynReceived holds RFC 9293, section 3.10.7.4, and RFC 5961, section
// 3: a reset with the very next sequence number ends the handshake, and frees
// its place; one that is in the window only, or outside, does not. MirageOS's
// TCP did not look.
func TestResetInSynReceived(t *testing.T) {
	for name, c := range map[string]struct {
		off  int
		ends bool
	}{
		"exact":     {0, true},
		"in window": {9, false},
		"before":    {-9, false},
		"beyond":    {1 << 24, false},
	} {
		w := newWorld(t)
		l := w.listen(2) // one handshake at a time
		p := w.peer(4000)
		p.open()
		p.send(segment{Header: wire.Header{Seq: p.nxt.Add(c.off), Flags: wire.RST}})
		for w.recv() != nil { // a challenge
		}
		p.seg(wire.ACK, "")
		if c.ends {
			p.want(wire.RST)
			w.wantEmpty(l)
			s := w.peer(4001).syn2()
			if !s.Options.SACKPermitted {
				t.Errorf("%s: the place in the queue is not free: %v", name, s)
			}
			continue
		}
		w.accept(l)
	}
}

// syn2 sends a SYN with the usual options and returns the SYN-ACK.
func (p *peer) syn2() *segment {
	p.t.Helper()
	p.syn(usual)
	s := p.want(wire.SYN | wire.ACK)
	p.nxt = p.nxt.Add(1)
	return s
}

// TestBacklog checks that connections wait for Accept, the oldest first, up to
// the backlog, that SYNs are dropped then, and that the queue takes new ones
// when there is room.
func TestBacklog(t *testing.T) {
	w := newWorld(t)
	l := w.listen(3)
	for i := range uint16(3) {
		w.peer(4000 + i).connect()
	}
	late := w.peer(4003)
	late.syn(usual)
	w.wantNone()
	w.wantCount("ListenOverflowSynDrop", w.stats().ListenOverflowSynDrop, 1)
	st := l.Stats().(*transport.Stats)
	w.wantCount("the listener's", &st.ReceiveErrors.ListenOverflowSynDrop, 1)
	for i := range uint16(3) {
		var addr tcpip.FullAddress
		c, _, err := l.Accept(&addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if addr.Port != 4000+i || addr.Addr != peer4 {
			t.Errorf("connection %d is from %v", i, addr)
		}
	}
	w.wantEmpty(l)
	late.connect()
	w.accept(l)
	w.wantCount("PassiveConnectionOpenings", w.stats().PassiveConnectionOpenings, 4)
	w.wantCount("CurrentEstablished", w.stats().CurrentEstablished, 4)
}

// TestListenAgain checks how Listen changes the backlog.
func TestListenAgain(t *testing.T) {
	w := newWorld(t)
	l := w.listen(2)
	for i := range uint16(2) {
		w.peer(4000 + i).connect()
	}
	if err := l.Listen(1); !isErr[*tcpip.ErrInvalidEndpointState](err) {
		t.Errorf("Listen(1) with two waiting: %v, want ErrInvalidEndpointState", err)
	}
	if err := l.Listen(3); err != nil {
		t.Errorf("Listen(3): %s", err)
	}
	w.peer(4002).connect()
	for range 3 {
		w.accept(l)
	}
}

// TestListenStates checks Listen and Accept where they are not possible.
func TestListenStates(t *testing.T) {
	w := newWorld(t)
	ep, _ := w.socket(ipv4.ProtocolNumber)
	if _, _, err := ep.Accept(nil); !isErr[*tcpip.ErrInvalidEndpointState](err) {
		t.Errorf("Accept before Listen: %v, want ErrInvalidEndpointState", err)
	}
	if err := ep.Listen(1); err != nil { // binds by itself
		t.Fatal(err)
	}
	if a, err := ep.GetLocalAddress(); err != nil || a.Port == 0 {
		t.Errorf("Listen bound to %v, %v", a, err)
	}
	ep.Close()
	if err := ep.Listen(1); !isErr[*tcpip.ErrInvalidEndpointState](err) {
		t.Errorf("Listen after Close: %v, want ErrInvalidEndpointState", err)
	}
	if _, _, err := ep.Accept(nil); !isErr[*tcpip.ErrInvalidEndpointState](err) {
		t.Errorf("Accept after Close: %v, want ErrInvalidEndpointState", err)
	}
	l := w.listen(2)
	w.peer(4000).connect()
	if err := w.accept(l).Listen(1); !isErr[*tcpip.ErrInvalidEndpointState](err) {
		t.Errorf("Listen of a connection: %v, want ErrInvalidEndpointState", err)
	}
	w.wantCount("FailedConnectionAttempts", w.stats().FailedConnectionAttempts, 2)
}

// TestListenerEvents checks that a listener's waiters hear of a connection when
// it is established, not before, and may accept it at once.
func TestListenerEvents(t *testing.T) {
	w := newWorld(t)
	l, wq := w.socket(ipv4.ProtocolNumber)
	if err := l.Bind(tcpip.FullAddress{Port: port}); err != nil {
		t.Fatal(err)
	}
	if err := l.Listen(3); err != nil {
		t.Fatal(err)
	}
	got := make(chan tcpip.Endpoint, 3)
	e := waiter.NewFunctionEntry(waiter.ReadableEvents, func(waiter.EventMask) {
		for {
			c, _, err := l.Accept(nil)
			if err != nil {
				return
			}
			got <- c
		}
	})
	wq.EventRegister(&e)
	defer wq.EventUnregister(&e)
	p := w.peer(4000)
	p.open()
	if len(got) != 0 || l.Readiness(waiter.ReadableEvents) != 0 {
		t.Error("a connection before its handshake has ended")
	}
	p.seg(wire.ACK, "")
	select { // listeners are told on a goroutine of its own
	case c := <-got:
		c.Close()
	case <-time.After(10 * time.Second):
		t.Fatal("nobody was told of the connection")
	}
	p.want(wire.FIN | wire.ACK)
	wq.EventUnregister(&e)
	w.peer(4001).connect()
	if l.Readiness(waiter.ReadableEvents|waiter.WritableEvents) != waiter.ReadableEvents {
		t.Errorf("readiness %v, want readable", l.Readiness(waiter.ReadableEvents|waiter.WritableEvents))
	}
	wq.EventRegister(&e)
}

// TestListenerClose checks that all that wait in a listener's queues are reset
// when it is closed, and its port free.
func TestListenerClose(t *testing.T) {
	w := newWorld(t)
	l := w.listen(5)
	done, half := w.peer(4000), w.peer(4001)
	done.connect()
	half.open()
	l.Close()
	flags := map[uint16]wire.Flags{}
	for s := w.recv(); s != nil; s = w.recv() {
		flags[s.DstPort] |= s.Flags
	}
	for _, p := range []*peer{done, half} {
		if !flags[p.port].Has(wire.RST) {
			t.Errorf("port %d: got %v, want a reset", p.port, flags[p.port])
		}
		p.seg(wire.ACK, "late")
		p.want(wire.RST)
	}
	if n := len(w.s.RegisteredEndpoints()); n != 0 {
		t.Errorf("%d endpoints are left", n)
	}
	w.listen(5) // the port is free
	w.wantCount("CurrentEstablished", w.stats().CurrentEstablished, 0)
}

// TestListenerShutdown checks that a listener that is shut for reading resets
// what waits, refuses what comes, keeps its port, and takes connections again
// after Listen.
func TestListenerShutdown(t *testing.T) {
	w := newWorld(t)
	l := w.listen(5)
	w.peer(4000).connect()
	if err := l.Shutdown(tcpip.ShutdownRead); err != nil {
		t.Fatal(err)
	}
	if s := w.recv(); s == nil || !s.Flags.Has(wire.RST) {
		t.Errorf("what waited got %v, want a reset", s)
	}
	if _, _, err := l.Accept(nil); !isErr[*tcpip.ErrInvalidEndpointState](err) {
		t.Errorf("Accept: %v, want ErrInvalidEndpointState", err)
	}
	p := w.peer(4001)
	p.syn(usual)
	p.want(wire.RST | wire.ACK)
	other, _ := w.socket(ipv4.ProtocolNumber)
	if err := other.Bind(tcpip.FullAddress{Port: port}); !isErr[*tcpip.ErrPortInUse](err) {
		t.Errorf("Bind to the port: %v, want ErrPortInUse", err)
	}
	if err := l.Listen(5); err != nil {
		t.Fatal(err)
	}
	p.connect()
	w.accept(l)
}
