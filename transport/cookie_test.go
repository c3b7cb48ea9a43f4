// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"bytes"
	mrand "math/rand/v2"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
	"tcpcb/transport"
)

// flood sends SYNs until the SYN queue is full and n more, and returns how many
// were answered with a cookie.
func (w *world) flood(backlog, n int) (cookies int) {
	w.t.Helper()
	for i := range backlog - 1 + n {
		p := w.peer(uint16(20000 + i))
		p.syn(usual)
		if s := p.want(wire.SYN | wire.ACK); !s.Options.SACKPermitted {
			cookies++
		}
	}
	return cookies
}

// TestSynFlood checks that a full SYN queue is met with SYN cookies (RFC 4987,
// section 3.6), which keep no state, and that peers connect all the same: with
// the MSS of their SYN, their timestamps, no window scale and no SACK.
func TestSynFlood(t *testing.T) {
	w := newWorld(t)
	l := w.listen(5)
	if n := w.flood(5, 100); n != 100 {
		t.Fatalf("%d cookies for 104 SYNs, want 100: the SYN queue holds 4", n)
	}
	before := len(w.s.RegisteredEndpoints())
	if before != 5 {
		t.Errorf("%d endpoints, want the listener and 4", before)
	}
	w.wantCount("ListenOverflowSynCookieSent", w.stats().ListenOverflowSynCookieSent, 100)
	p := w.peer(4000)
	p.syn(usual)
	s := p.want(wire.SYN | wire.ACK)
	if s.Ack != p.nxt.Add(1) || s.Options.MSS != 1460 || s.Options.HasWindowScale || s.Options.SACKPermitted ||
		!s.Options.HasTimestamps || s.Options.TSEcr != usual.TSVal || s.Window == 0 {
		t.Errorf("SYN-ACK with a cookie: %v", s)
	}
	w.wantNone()
	p.nxt = p.nxt.Add(1)
	ts := wire.Options{HasTimestamps: true, TSVal: usual.TSVal + 1, TSEcr: s.Options.TSVal}
	p.send(segment{Header: wire.Header{Seq: p.nxt, Ack: p.rcv, Flags: wire.ACK, Window: 1000, Options: ts}})
	c := w.accept(l)
	w.wantCount("ListenOverflowSynCookieRcvd", w.stats().ListenOverflowSynCookieRcvd, 1)
	w.wantCount("PassiveConnectionOpenings", w.stats().PassiveConnectionOpenings, 1)
	if _, err := c.Write(bytes.NewReader(make([]byte, 3000)), tcpip.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	// The peer's window of 1000 is not scaled.
	if s := p.want(wire.ACK); len(s.text) != 1000 || !s.Options.HasTimestamps || s.Options.TSEcr != ts.TSVal {
		t.Errorf("got %d bytes with %+v, want 1000 and timestamps", len(s.text), s.Options)
	}
	w.wantNone()
}

// TestCookieMSS checks that a connection made by a cookie sends segments of the
// size that the SYN asked for, as far as the cookie could tell.
func TestCookieMSS(t *testing.T) {
	for offered, want := range map[uint16]int{0: 536, 536: 536, 700: 536, 1220: 1220, 1460: 1460, 9000: 1460} {
		w := newWorld(t)
		l := w.listen(5)
		w.alwaysCookies()
		p := w.peer(4000)
		p.syn(wire.Options{MSS: offered})
		p.want(wire.SYN | wire.ACK)
		p.nxt = p.nxt.Add(1)
		p.seg(wire.ACK, "")
		c := w.accept(l)
		if _, err := c.Write(bytes.NewReader(make([]byte, 5000)), tcpip.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		if s := p.want(wire.ACK); len(s.text) != want {
			t.Errorf("MSS %d offered: a segment of %d bytes, want %d", offered, len(s.text), want)
		}
	}
}

func (w *world) alwaysCookies() {
	w.t.Helper()
	always := tcpip.TCPAlwaysUseSynCookies(true)
	if err := w.s.SetTransportProtocolOption(transport.ProtocolNumber, &always); err != nil {
		w.t.Fatal(err)
	}
}

// TestCookieWithText checks that the text and the FIN of the segment that ends
// the handshake are taken.
func TestCookieWithText(t *testing.T) {
	w := newWorld(t)
	l := w.listen(5)
	w.alwaysCookies()
	p := w.peer6(4000) // nobody listens there
	p.syn(usual)
	p.want(wire.RST | wire.ACK)
	p = w.peer(4000)
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
	if c.EndpointState() != transport.StateCloseWait {
		t.Errorf("state %v, want CLOSE-WAIT", c.EndpointState())
	}
}

// TestCookieRefused checks that an acknowledgment that does not bring back a
// good cookie gets a reset: made up, meant for another connection, changed, or
// too old.
func TestCookieRefused(t *testing.T) {
	for name, spoil := range map[string]func(*peer){
		"changed":      func(p *peer) { p.rcv = p.rcv.Add(1) },
		"other IRS":    func(p *peer) { p.nxt = p.nxt.Add(1) },
		"other port":   func(p *peer) { p.port++ },
		"other family": func(p *peer) { p.v6, p.dst = true, host6 },
		"too old":      func(p *peer) { p.wait(4 * time.Minute) },
	} {
		w := newWorld(t)
		l, _ := w.socket(ipv6Number)
		if err := l.Bind(tcpip.FullAddress{Port: port}); err != nil {
			t.Fatal(err)
		}
		if err := l.Listen(5); err != nil {
			t.Fatal(err)
		}
		w.alwaysCookies()
		p := w.peer(4000)
		p.open()
		spoil(p)
		p.seg(wire.ACK, "")
		if s := p.want(wire.RST); s.Seq != p.rcv {
			t.Errorf("%s: %v, want sequence number %v", name, s, p.rcv)
		}
		w.wantEmpty(l)
		w.wantCount(name+": ListenOverflowInvalidSynCookieRcvd", w.stats().ListenOverflowInvalidSynCookieRcvd, 1)
	}
}

// TestCookieForged floods a listener with acknowledgments made up: none gets
// in, and nothing is kept.
func TestCookieForged(t *testing.T) {
	w := newWorld(t)
	l := w.listen(5)
	w.alwaysCookies()
	w.peer(4000).open()
	rng := mrand.New(mrand.NewPCG(1, 1))
	for range 20000 {
		p := w.peer(uint16(1024 + rng.IntN(60000)))
		p.nxt, p.rcv = seq.New(rng.Uint32()), seq.New(rng.Uint32())
		p.seg(wire.ACK, "")
		p.want(wire.RST)
	}
	w.wantEmpty(l)
	if n := len(w.s.RegisteredEndpoints()); n != 1 {
		t.Errorf("%d endpoints, want the listener only", n)
	}
}

// TestCookieWithoutFlood checks that a listener that never sent a cookie takes
// none, even a good one: a forger has nothing to try.
func TestCookieWithoutFlood(t *testing.T) {
	w := newWorld(t)
	l := w.listen(5)
	w.alwaysCookies()
	p := w.peer(4000)
	p.open()
	l.Close()
	l = w.listen(5)
	p.seg(wire.ACK, "")
	p.want(wire.RST)
	w.wantEmpty(l)
}

// TestCookieAcceptQueueFull checks that the end of a handshake is dropped while
// nobody accepts, and taken when it comes again and there is room.
func TestCookieAcceptQueueFull(t *testing.T) {
	w := newWorld(t)
	l := w.listen(2)
	w.alwaysCookies()
	a, b, c := w.peer(4000), w.peer(4001), w.peer(4002)
	for _, p := range []*peer{a, b, c} {
		p.open()
	}
	for _, p := range []*peer{a, b, c} {
		p.seg(wire.ACK, "")
	}
	w.wantNone()
	w.wantCount("ListenOverflowAckDrop", w.stats().ListenOverflowAckDrop, 1)
	st := l.Stats().(*transport.Stats)
	w.wantCount("the listener's", &st.ReceiveErrors.ListenOverflowAckDrop, 1)
	w.accept(l)
	c.seg(wire.ACK, "hello")
	w.accept(l)
	got := w.accept(l)
	if addr, err := got.GetRemoteAddress(); err != nil || addr.Port != c.port {
		t.Errorf("the third connection is from %v, %v", addr, err)
	}
	w.wantEmpty(l)
}
