// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/endpoint"
	"tcpcb/linkfifo"
)

// slowLink is a link on which things take time.
func slowLink() linkfifo.Options {
	p := linkfifo.Path{Delay: 10 * time.Millisecond}
	return linkfifo.Options{A: linkfifo.Side{Path: p}, B: linkfifo.Side{Path: p}}
}

// Connect answers as the contract of tcpip.Endpoint has it, in each phase.
func TestConnectAnswers(t *testing.T) {
	w := newFifo(t, slowLink())
	l := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
	c := w.socket(w.a, ipv4.ProtocolNumber)
	to := tcpip.FullAddress{Addr: addrB, Port: port}

	wantErr(t, "first Connect", c.Connect(to), &tcpip.ErrConnectStarted{})
	wantErr(t, "Connect while connecting", c.Connect(to), &tcpip.ErrAlreadyConnecting{})
	_, err := c.Read(nil, tcpip.ReadOptions{})
	wantErr(t, "Read while connecting", err, &tcpip.ErrWouldBlock{})
	_, err = c.Write(longPayload{}, tcpip.WriteOptions{})
	wantErr(t, "Write while connecting", err, &tcpip.ErrWouldBlock{})
	wantErr(t, "Preflight while connecting", c.Preflight(tcpip.WriteOptions{}), nil)
	wantErr(t, "Bind while connecting", c.Bind(tcpip.FullAddress{}), &tcpip.ErrAlreadyBound{})
	wantErr(t, "Listen while connecting", c.Listen(1), &tcpip.ErrInvalidEndpointState{})
	if got := c.Readiness(waiter.AllEvents); got != 0 {
		t.Errorf("ready for %#x while connecting", got)
	}
	w.until("connected", func() bool { return c.Readiness(waiter.WritableEvents) != 0 })
	wantErr(t, "LastError", c.LastError(), nil)
	wantErr(t, "Connect once connected", c.Connect(to), nil)
	wantErr(t, "Connect again", c.Connect(to), &tcpip.ErrAlreadyConnected{})

	s := l.accept()
	wantErr(t, "Connect of an accepted socket", s.Connect(to), &tcpip.ErrAlreadyConnected{})
	local, _ := c.GetLocalAddress()
	remote, err := s.GetRemoteAddress()
	if err != nil || local.Addr != addrA || remote.Addr != addrA || local.Port != remote.Port || local.Port == 0 {
		t.Errorf("client at %+v, seen as %+v, %v", local, remote, err)
	}
	if st := w.a.Stats().TCP; st.ActiveConnectionOpenings.Value() != 1 || st.CurrentEstablished.Value() != 1 {
		t.Error("the connection was not counted")
	}
	s.Close()
	c.Close()
	l.Close()
	w.wantNothingLeft()
}

// A port where nobody listens refuses.
func TestRefused(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		c := w.socket(w.a, ipv4.ProtocolNumber)
		wantErr(t, "dial", c.dial(addrB), &tcpip.ErrConnectionRefused{})
		c.wantState(endpoint.StateError)
		wantErr(t, "Connect after a refusal", c.Connect(tcpip.FullAddress{Addr: addrB, Port: port}), &tcpip.ErrConnectionAborted{})
		wantErr(t, "Read after a refusal", c.readErr(), &tcpip.ErrClosedForReceive{})
		c.Close()
		w.wantNothingLeft()
	})
}

// Nobody answers: SYNs are sent again, and then the connection times out.
func TestConnectTimeout(t *testing.T) {
	o := slowLink()
	o.B.Path.Down = true
	w := newFifo(t, o)
	c := w.socket(w.a, ipv4.ProtocolNumber)
	if err := c.SetSockOptInt(tcpip.TCPSynCountOption, 3); err != nil {
		t.Fatal(err)
	}
	start := w.clock.Elapsed()
	wantErr(t, "dial", c.dial(addrB), &tcpip.ErrTimeout{})
	// 1 + 2 + 4 + 8 s: the first SYN and three more (RFC 6298, section 5.5).
	if took := w.clock.Elapsed() - start; took < 14*time.Second || took > 16*time.Second {
		t.Errorf("gave up after %v", took)
	}
	if n := c.Stats().(*endpoint.Stats).SegmentsSent.Value(); n != 4 {
		t.Errorf("%d SYNs were sent", n)
	}
	c.Close()
	w.wantNothingLeft()
}

func TestConnectErrors(t *testing.T) {
	w := newFifo(t, slowLink())
	c := w.socket(w.a, ipv4.ProtocolNumber)
	w.a.SetRouteTable(nil)
	err := c.Connect(tcpip.FullAddress{Addr: tcpip.AddrFrom4([4]byte{192, 0, 2, 1}), Port: port})
	wantErr(t, "Connect without a route", err, &tcpip.ErrNetworkUnreachable{})
	if n := w.a.Stats().TCP.FailedConnectionAttempts.Value(); n != 1 {
		t.Errorf("FailedConnectionAttempts is %d", n)
	}
	c.wantState(endpoint.StateInitial)
	err = c.Connect(tcpip.FullAddress{Addr: v6B, Port: port})
	if err == nil {
		t.Error("an IPv4 socket connects to IPv6")
	}
	c.Close()
	wantErr(t, "Connect after Close", c.Connect(tcpip.FullAddress{Addr: addrB, Port: port}), &tcpip.ErrInvalidEndpointState{})
	wantErr(t, "Disconnect", c.Disconnect(), &tcpip.ErrNotSupported{})
	w.wantNothingLeft()
}

// Both families reach a dual-stack listener, the mapped address leads to IPv4,
// and IPV6_V6ONLY keeps IPv4 out.
func TestFamilies(t *testing.T) {
	v4, v6 := ipv4.ProtocolNumber, ipv6.ProtocolNumber
	for _, tc := range []struct {
		name           string
		server, client tcpip.NetworkProtocolNumber
		at, to         tcpip.Address
		only           bool
		want           tcpip.Error
		local          tcpip.Address
	}{
		{"v4 to v4", v4, v4, tcpip.Address{}, addrB, false, nil, addrA},
		{"v6 to v6", v6, v6, tcpip.Address{}, v6B, false, nil, v6A},
		{"v6 to v6 only", v6, v6, tcpip.Address{}, v6B, true, nil, v6A},
		{"v4 to dual", v6, v4, tcpip.Address{}, addrB, false, nil, addrA},
		{"mapped to dual", v6, v6, tcpip.Address{}, mapB, false, nil, addrA},
		{"mapped to v4", v4, v6, addrB, mapB, false, nil, addrA},
		{"mapped to mapped", v6, v6, mapB, mapB, false, nil, addrA},
		{"v4 to v6 only", v6, v4, tcpip.Address{}, addrB, true, &tcpip.ErrConnectionRefused{}, tcpip.Address{}},
		{"v6 to v4", v4, v6, tcpip.Address{}, v6B, false, &tcpip.ErrConnectionRefused{}, tcpip.Address{}},
		{"v6 to mapped", v6, v6, mapB, v6B, false, &tcpip.ErrConnectionRefused{}, tcpip.Address{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newPipe(t, linkfifo.NewVirtualClock())
			l := w.socket(w.b, tc.server)
			l.SocketOptions().SetV6Only(tc.only)
			wantErr(t, "Bind", l.Bind(tcpip.FullAddress{Addr: tc.at, Port: port}), nil)
			wantErr(t, "Listen", l.Listen(1), nil)
			c := w.socket(w.a, tc.client)
			wantErr(t, "dial", c.dial(tc.to), tc.want)
			if tc.want == nil {
				s := l.accept()
				if a, err := s.GetRemoteAddress(); err != nil || a.Addr != tc.local {
					t.Errorf("the client is at %v, %v", a, err)
				}
				c.send([]byte("hello"))
				if got := s.recv(5); string(got) != "hello" {
					t.Errorf("read %q", got)
				}
				s.Close()
			}
			c.Close()
			l.Close()
			w.wantNothingLeft()
		})
	}
}

// A socket bound to both families keeps the port of the one it connects in, and
// gives the other back.
func TestDualBindThenConnect(t *testing.T) {
	for _, to := range []tcpip.Address{mapB, v6B} {
		w := newPipe(t, linkfifo.NewVirtualClock())
		l := w.listen(ipv6.ProtocolNumber, tcpip.Address{})
		c := w.socket(w.a, ipv6.ProtocolNumber)
		wantErr(t, "Bind", c.Bind(tcpip.FullAddress{Port: 5000}), nil)
		wantErr(t, "dial", c.dial(to), nil)
		v4, v6 := w.socket(w.a, ipv4.ProtocolNumber), w.socket(w.a, ipv6.ProtocolNumber)
		v6.SocketOptions().SetV6Only(true)
		want4, want6 := tcpip.Error(&tcpip.ErrPortInUse{}), tcpip.Error(nil)
		if to == v6B {
			want4, want6 = want6, want4
		}
		wantErr(t, "Bind of IPv4", v4.Bind(tcpip.FullAddress{Port: 5000}), want4)
		wantErr(t, "Bind of IPv6", v6.Bind(tcpip.FullAddress{Port: 5000}), want6)
		v4.Close()
		v6.Close()
		c.Abort()
		l.Close()
		w.wantNothingLeft()
		again := w.socket(w.a, ipv6.ProtocolNumber)
		wantErr(t, "Bind when all is closed", again.Bind(tcpip.FullAddress{Port: 5000}), nil)
		again.Close()
	}
}

// Two sockets that call each other at once become one connection (RFC 9293,
// section 3.5, MUST-10).
func TestSimultaneousOpen(t *testing.T) {
	w := newFifo(t, slowLink())
	a, b := w.socket(w.a, ipv4.ProtocolNumber), w.socket(w.b, ipv4.ProtocolNumber)
	wantErr(t, "Bind", a.Bind(tcpip.FullAddress{Addr: addrA, Port: 1000}), nil)
	wantErr(t, "Bind", b.Bind(tcpip.FullAddress{Addr: addrB, Port: 2000}), nil)
	wantErr(t, "Connect", a.Connect(tcpip.FullAddress{Addr: addrB, Port: 2000}), &tcpip.ErrConnectStarted{})
	wantErr(t, "Connect", b.Connect(tcpip.FullAddress{Addr: addrA, Port: 1000}), &tcpip.ErrConnectStarted{})
	a.wantState(endpoint.StateEstablished)
	b.wantState(endpoint.StateEstablished)
	a.send([]byte("both"))
	if got := b.recv(4); string(got) != "both" {
		t.Errorf("read %q", got)
	}
	a.Close()
	b.Close()
	w.wantNothingLeft()
}

// Every ephemeral port is found, none twice, and then the search ends with an
// error: it does not go on for ever.
func TestPortExhaustion(t *testing.T) {
	w := newLoop(t, linkfifo.NewVirtualClock())
	if err := w.a.SetPortRange(40000, 40009); err != nil {
		t.Fatal(err)
	}
	l := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
	seen := map[uint16]bool{}
	var all []*sock
	for range 10 {
		c := w.socket(w.a, ipv4.ProtocolNumber)
		wantErr(t, "dial", c.dial(addrB), nil)
		a, _ := c.GetLocalAddress()
		if seen[a.Port] || a.Port < 40000 || a.Port > 40009 {
			t.Fatalf("port %d after %v", a.Port, seen)
		}
		seen[a.Port] = true
		all = append(all, c, l.accept())
	}
	c := w.socket(w.a, ipv4.ProtocolNumber)
	wantErr(t, "dial without a port left", c.Connect(tcpip.FullAddress{Addr: addrB, Port: port}), &tcpip.ErrNoPortAvailable{})
	if n := w.a.Stats().TCP.FailedPortReservations.Value(); n != 1 {
		t.Errorf("FailedPortReservations is %d", n)
	}
	for _, s := range append(all, c, l) {
		s.Close()
	}
	w.wantNothingLeft()
}

// Ports follow one another towards one destination, from a place that another
// destination does not tell (RFC 6056, section 3.3.4).
func TestPortsFollowOneAnother(t *testing.T) {
	w := newFifo(t, slowLink())
	next := func(addr tcpip.Address) uint16 {
		c := w.socket(w.a, ipv4.ProtocolNumber)
		c.Connect(tcpip.FullAddress{Addr: addr, Port: port})
		a, _ := c.GetLocalAddress()
		c.Abort()
		return a.Port
	}
	lo, hi := w.a.PortRange()
	p, far := next(addrB), 0
	for i := range 20 {
		q := next(addrB)
		// Another destination may share the counter.
		if d := (q + hi - lo + 1 - p) % (hi - lo + 1); d < 1 || d > 2 {
			t.Errorf("port %d after %d", q, p)
		}
		p = q
		if o := next(tcpip.AddrFrom4([4]byte{10, 0, 0, byte(10 + i)})); o-p > 100 && p-o > 100 {
			far++
		}
	}
	if far < 15 {
		t.Errorf("only %d of 20 other destinations begin elsewhere", far)
	}
	w.wantNothingLeft()
}

// icmpError is an ICMP error as the network layer reports it.
type icmpError struct {
	stack.TransportError
	kind stack.TransportErrorKind
}

func (e icmpError) Kind() stack.TransportErrorKind { return e.kind }

func (e icmpError) Info() uint32 { return 1000 }

// report has c told of an ICMP error that quotes the first n bytes of its
// segment with the given sequence number.
func (c *sock) report(kind stack.TransportErrorKind, at uint32, n int) {
	b := make([]byte, header.TCPMinimumSize)
	binary.BigEndian.PutUint32(b[header.TCPSeqNumOffset:], at)
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(b[:n])})
	defer pkt.DecRef()
	pkt.NetworkProtocolNumber = ipv4.ProtocolNumber
	c.HandleError(icmpError{kind: kind}, pkt)
}

// lastSeq returns the sequence number of the last packet in a capture.
func lastSeq(b []byte, length int) uint32 {
	tcp := b[len(b)-length+header.IPv4MinimumSize:]
	return header.TCP(tcp).SequenceNumber()
}

// An ICMP error ends a handshake when it quotes our SYN: who forges one has to
// guess the sequence number (RFC 5927, section 4.1).
func TestICMPErrorsOfHandshake(t *testing.T) {
	for kind, want := range map[stack.TransportErrorKind]tcpip.Error{
		stack.DestinationHostUnreachableTransportError:    &tcpip.ErrHostUnreachable{},
		stack.DestinationNetworkUnreachableTransportError: &tcpip.ErrNetworkUnreachable{},
		stack.DestinationPortUnreachableTransportError:    &tcpip.ErrConnectionRefused{},
		stack.DestinationHostDownTransportError:           &tcpip.ErrHostDown{},
	} {
		var sent bytes.Buffer
		o := slowLink()
		o.B.Path.Down = true
		o.A.Capture = &sent
		w := newFifo(t, o)
		c := w.socket(w.a, ipv4.ProtocolNumber)
		c.SocketOptions().SetIPv4RecvError(true)
		wantErr(t, "Connect", c.Connect(tcpip.FullAddress{Addr: addrB, Port: port}), &tcpip.ErrConnectStarted{})
		iss := lastSeq(sent.Bytes(), 60)
		c.report(kind, iss+1, 8)
		c.report(kind, iss-1, 8)
		c.report(kind, iss, 7)
		c.wantState(endpoint.StateSynSent)
		c.report(kind, iss, 8)
		c.wantState(endpoint.StateError)
		wantErr(t, "LastError", c.LastError(), want)
		if e := c.SocketOptions().DequeueErr(); e == nil || e.Dst.Addr != addrB || e.Dst.Port != port {
			t.Errorf("the queue of errors has %+v", e)
		} else {
			e.Payload.Release()
		}
		if e := c.SocketOptions().DequeueErr(); e != nil {
			t.Errorf("a forgery came into the queue of errors: %+v", e)
		}
		if n := w.a.Stats().TCP.FailedConnectionAttempts.Value(); n != 1 {
			t.Errorf("FailedConnectionAttempts is %d", n)
		}
		c.Close()
		w.wantNothingLeft()
	}
}

// Of a connection, an ICMP error is remembered only (RFC 9293, section 3.9.2.2,
// MUST-56), and one that tells a path MTU makes segments smaller.
func TestICMPErrorsOfConnection(t *testing.T) {
	var sent bytes.Buffer
	o := slowLink()
	o.A.Capture = &sent
	w := newFifo(t, o)
	c, s := w.pair()
	c.report(stack.DestinationHostUnreachableTransportError, lastSeq(sent.Bytes(), 52), 8)
	wantErr(t, "LastError after news of nothing sent", c.LastError(), nil)
	c.send(text(3000))
	at := lastSeq(sent.Bytes(), 156) // 3000 bytes are 1448, 1448 and 104; and headers
	c.report(stack.DestinationHostUnreachableTransportError, at, 8)
	c.wantState(endpoint.StateEstablished)
	wantErr(t, "LastError", c.LastError(), &tcpip.ErrHostUnreachable{})
	c.report(stack.PacketTooBigTransportError, at+104, 8)
	if n, _ := c.GetSockOptInt(tcpip.MaxSegOption); n != 1460 {
		t.Errorf("segments of %d bytes after news of nothing sent", n)
	}
	c.report(stack.PacketTooBigTransportError, at, 8)
	if n, _ := c.GetSockOptInt(tcpip.MaxSegOption); n != 1000-header.TCPMinimumSize {
		t.Errorf("segments of %d bytes", n)
	}
	if !bytes.Equal(s.recv(3000), text(3000)) {
		t.Error("the bytes differ")
	}
	c.Close()
	s.Close()
	w.wantNothingLeft()
}

// TestStateGoesAhead: when the acknowledgment of the handshake is on its way, the
// socket is established already. The other end may have accepted and told the
// application, which writes.
func TestStateGoesAhead(t *testing.T) {
	var c *sock
	var states []endpoint.EndpointState // when each packet was sent
	w := newFifo(t, linkfifo.Options{Trace: func(e linkfifo.Event) {
		if e.From == "a" && e.Kind == linkfifo.Sent && c != nil {
			states = append(states, c.EndpointState())
		}
	}})
	w.listen(ipv4.ProtocolNumber, tcpip.Address{})
	c = w.socket(w.a, ipv4.ProtocolNumber)
	if err := c.dial(addrB); err != nil {
		t.Fatalf("dial: %s", err)
	}
	want := []endpoint.EndpointState{endpoint.StateSynSent, endpoint.StateEstablished}
	if !slices.Equal(states, want) {
		t.Errorf("when it sent its SYN and its ACK the socket was in %v, want %v", states, want)
	}
}
