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

	"tcpcb/engine/wire"
	"tcpcb/transport"
)

const ipv6Number = ipv6.ProtocolNumber

// TestInherit checks that a connection has its listener's options, whether a
// SYN queue or a cookie made it, from the SYN-ACK on.
func TestInherit(t *testing.T) {
	for _, cookies := range []bool{false, true} {
		w := newWorld(t)
		l := w.listen(5)
		if cookies {
			w.alwaysCookies()
		}
		o := l.SocketOptions()
		o.SetKeepAlive(true)
		o.SetDelayOption(true)
		o.SetLinger(tcpip.LingerOption{Enabled: true, Timeout: time.Second})
		o.SetMark(7)
		o.SetReceiveBufferSize(40000, true)
		o.SetSendBufferSize(50000, true)
		for opt, v := range map[tcpip.SockOptInt]int{
			tcpip.IPv4TTLOption: 5, tcpip.IPv4TOSOption: 0x20, tcpip.KeepaliveCountOption: 3, tcpip.MaxSegOption: 1000,
		} {
			if err := l.SetSockOptInt(opt, v); err != nil {
				t.Fatal(err)
			}
		}
		timeout, idle := tcpip.TCPUserTimeoutOption(time.Minute), tcpip.KeepaliveIdleOption(time.Hour)
		for _, opt := range []tcpip.SettableSocketOption{&timeout, &idle} {
			if err := l.SetSockOpt(opt); err != nil {
				t.Fatal(err)
			}
		}
		p := w.peer(4000)
		s := p.connect()
		if s.ttl != 5 || s.tos != 0x20 || s.Options.MSS != 1000 || s.Window != 20000 {
			t.Errorf("cookies %v: SYN-ACK with TTL %d, TOS %#x, MSS %d, window %d, want 5, 0x20, 1000, 20000",
				cookies, s.ttl, s.tos, s.Options.MSS, s.Window)
		}
		c := w.accept(l)
		o = c.SocketOptions()
		if !o.GetKeepAlive() || !o.GetDelayOption() || o.GetLinger().Timeout != time.Second || o.GetMark() != 7 ||
			o.GetReceiveBufferSize() != 40000 || o.GetSendBufferSize() != 50000 {
			t.Errorf("cookies %v: keep-alive %v, delay %v, linger %v, mark %d, buffers %d and %d", cookies,
				o.GetKeepAlive(), o.GetDelayOption(), o.GetLinger(), o.GetMark(), o.GetReceiveBufferSize(), o.GetSendBufferSize())
		}
		if n, err := c.GetSockOptInt(tcpip.KeepaliveCountOption); err != nil || n != 3 {
			t.Errorf("cookies %v: keep-alive count %d, %v, want 3", cookies, n, err)
		}
		var gotTimeout tcpip.TCPUserTimeoutOption
		var gotIdle tcpip.KeepaliveIdleOption
		if c.GetSockOpt(&gotTimeout) != nil || c.GetSockOpt(&gotIdle) != nil || gotTimeout != timeout || gotIdle != idle {
			t.Errorf("cookies %v: user timeout %v, keep-alive idle %v", cookies, gotTimeout, gotIdle)
		}
	}
}

// TestDualStack checks which families reach a listener, by its address and
// IPV6_V6ONLY, and what the connection says of its ends.
func TestDualStack(t *testing.T) {
	mapped := func(a tcpip.Address) tcpip.Address {
		b := [16]byte{10: 0xff, 11: 0xff}
		copy(b[12:], a.AsSlice())
		return tcpip.AddrFrom16(b)
	}
	for name, c := range map[string]struct {
		proto  tcpip.NetworkProtocolNumber
		addr   tcpip.Address
		v6only bool
		v4, v6 bool
	}{
		"IPv4":         {ipv4.ProtocolNumber, tcpip.Address{}, false, true, false},
		"IPv4 address": {ipv4.ProtocolNumber, host4, false, true, false},
		"both":         {ipv6.ProtocolNumber, tcpip.Address{}, false, true, true},
		"IPv6 only":    {ipv6.ProtocolNumber, tcpip.Address{}, true, false, true},
		"IPv6 address": {ipv6.ProtocolNumber, host6, false, false, true},
		"mapped":       {ipv6.ProtocolNumber, mapped(host4), false, true, false},
	} {
		w := newWorld(t)
		l, _ := w.socket(c.proto)
		l.SocketOptions().SetV6Only(c.v6only)
		if err := l.Bind(tcpip.FullAddress{Addr: c.addr, Port: port}); err != nil {
			t.Fatalf("%s: Bind: %s", name, err)
		}
		if err := l.Listen(5); err != nil {
			t.Fatalf("%s: Listen: %s", name, err)
		}
		for _, f := range []struct {
			p     *peer
			reach bool
			peer  tcpip.Address
		}{{w.peer(4000), c.v4, peer4}, {w.peer6(4000), c.v6, peer6}} {
			if !f.reach {
				f.p.syn(usual)
				f.p.want(wire.RST | wire.ACK)
				continue
			}
			f.p.connect()
			var from tcpip.FullAddress
			ep, _, err := l.Accept(&from)
			if err != nil {
				t.Fatalf("%s: Accept: %s", name, err)
			}
			got := ep.(*transport.Endpoint)
			local, _ := got.GetLocalAddress()
			remote, _ := got.GetRemoteAddress()
			if from.Addr != f.peer || remote.Addr != f.peer || local.Addr != f.p.dst || local.Port != port {
				t.Errorf("%s: accepted from %v, ends %v and %v", name, from, local, remote)
			}
			t.Cleanup(got.Close)
		}
	}
}

// TestDeferAccept checks TCP_DEFER_ACCEPT: a connection is there when its first
// text is, or when the time for that has passed.
func TestDeferAccept(t *testing.T) {
	w := newWorld(t)
	l := w.listen(5)
	d := tcpip.TCPDeferAcceptOption(5 * time.Second)
	if err := l.SetSockOpt(&d); err != nil {
		t.Fatal(err)
	}
	talker, silent := w.peer(4000), w.peer(4001)
	for _, p := range []*peer{talker, silent} {
		p.connect()
	}
	w.wantEmpty(l)
	w.wait(500 * time.Millisecond)
	talker.seg(wire.ACK|wire.PSH, "hello")
	c := w.accept(l)
	var got bytes.Buffer
	if _, err := c.Read(&got, tcpip.ReadOptions{}); err != nil || got.String() != "hello" {
		t.Errorf("Read: %q, %v", got.String(), err)
	}
	w.wait(500 * time.Millisecond)
	talker.want(wire.ACK)

	// The SYN-ACK, which has arrived, is not sent again before its time, and then
	// once more, for an answer that counts.
	for range 4 {
		silent.seg(wire.ACK, "")
		w.wait(time.Second)
		w.wantNone()
	}
	w.wait(time.Second)
	if s := w.recv(); s == nil || s.DstPort != silent.port || !s.Flags.Has(wire.SYN|wire.ACK) {
		t.Fatalf("got %v, want the SYN-ACK again", s)
	}
	w.wantEmpty(l)
	silent.seg(wire.ACK, "")
	w.accept(l)
}

// TestDeferAcceptWrong: what acknowledges anything else is no answer to wait with
// (RFC 9293, section 3.10.7.4).
func TestDeferAcceptWrong(t *testing.T) {
	w := newWorld(t)
	l := w.listen(5)
	d := tcpip.TCPDeferAcceptOption(5 * time.Second)
	if err := l.SetSockOpt(&d); err != nil {
		t.Fatal(err)
	}
	p := w.peer(4000)
	p.syn2()
	p.rcv = p.rcv.Add(1)
	p.seg(wire.ACK, "")
	p.want(wire.RST)
}

// TestTimeWaitReuse holds RFC 9293, section 3.6.1, MAY-2, and RFC 6191: a SYN
// beyond an old connection in TIME-WAIT opens a new one; an old SYN does not.
func TestTimeWaitReuse(t *testing.T) {
	for name, c := range map[string]struct {
		seq    int
		tsval  int
		reuses bool
	}{
		"later timestamp":   {-1000, 1, true},
		"later sequence":    {1000, 0, true},
		"earlier timestamp": {1000, -1, false},
		"both old":          {-1000, 0, false},
	} {
		w := newWorld(t)
		l := w.listen(5)
		p := w.peer(4000)
		p.syn2()
		ts := wire.Options{HasTimestamps: true, TSVal: usual.TSVal}
		ack := func(flags wire.Flags) {
			p.send(segment{Header: wire.Header{Seq: p.nxt, Ack: p.rcv, Flags: flags, Window: 1000, Options: ts}})
		}
		ack(wire.ACK)
		old := w.accept(l)
		old.Close()
		p.want(wire.FIN | wire.ACK)
		ack(wire.FIN | wire.ACK)
		p.want(wire.ACK)
		if old.EndpointState() != transport.StateTimeWait {
			t.Fatalf("%s: state %v, want TIME-WAIT", name, old.EndpointState())
		}
		p.nxt = p.nxt.Add(1 + c.seq)
		o := usual
		o.TSVal += uint32(c.tsval)
		p.syn(o)
		if !c.reuses {
			w.wantNone() // an old SYN, or one that can wait
			w.wantEmpty(l)
			continue
		}
		s := p.want(wire.SYN | wire.ACK)
		if s.Ack != p.nxt.Add(1) {
			t.Errorf("%s: SYN-ACK %v, want acknowledgment %v", name, s, p.nxt.Add(1))
		}
		p.nxt = p.nxt.Add(1)
		ts.TSVal = o.TSVal
		ack(wire.ACK)
		w.accept(l)
	}
}
