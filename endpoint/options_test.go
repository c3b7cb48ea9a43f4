// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"bytes"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"

	"tcpcb/endpoint"
	"tcpcb/linkfifo"
)

// What is set is told, and what is out of range is refused.
func TestIntOptions(t *testing.T) {
	w := newLoop(t, linkfifo.NewVirtualClock())
	invalid := tcpip.Error(&tcpip.ErrInvalidOptionValue{})
	for _, tc := range []struct {
		opt       tcpip.SockOptInt
		set, want int
		err       tcpip.Error
	}{
		{tcpip.KeepaliveCountOption, 3, 3, nil},
		{tcpip.IPv4TOSOption, 0xff, 0xfc, nil},
		{tcpip.IPv6TrafficClassOption, 0x21, 0x20, nil},
		{tcpip.IPv4TTLOption, 7, 7, nil},
		{tcpip.IPv6HopLimitOption, -1, -1, nil},
		{tcpip.IPv6HopLimitOption, 200, 200, nil},
		{tcpip.MaxSegOption, 1000, 1000, nil},
		{tcpip.MaxSegOption, 1, 536, invalid},
		{tcpip.MaxSegOption, 1 << 16, 536, invalid},
		{tcpip.MTUDiscoverOption, int(tcpip.PMTUDiscoveryDo), int(tcpip.PMTUDiscoveryDo), nil},
		{tcpip.MTUDiscoverOption, 99, int(tcpip.PMTUDiscoveryWant), &tcpip.ErrNotSupported{}},
		{tcpip.TCPSynCountOption, 1, 1, nil},
		{tcpip.TCPSynCountOption, 0, 6, invalid},
		{tcpip.TCPSynCountOption, 256, 6, invalid},
		{tcpip.TCPWindowClampOption, 0, 0, nil},
		{tcpip.TCPWindowClampOption, 1, 2048, nil},
		{tcpip.TCPWindowClampOption, 5000, 5000, nil},
	} {
		s := w.socket(w.a, ipv4.ProtocolNumber)
		wantErr(t, "SetSockOptInt", s.SetSockOptInt(tc.opt, tc.set), tc.err)
		if got, err := s.GetSockOptInt(tc.opt); got != tc.want || err != nil {
			t.Errorf("option %d set to %d: got %d, %v; want %d", tc.opt, tc.set, got, err, tc.want)
		}
		s.Close()
	}
	s := w.socket(w.a, ipv4.ProtocolNumber)
	_, err := s.GetSockOptInt(-1)
	wantErr(t, "unknown option", err, &tcpip.ErrUnknownProtocolOption{})
	wantErr(t, "Bind", s.Bind(tcpip.FullAddress{}), nil)
	wantErr(t, "clamp of 0 of a bound socket", s.SetSockOptInt(tcpip.TCPWindowClampOption, 0), invalid)
	s.Close()
}

func TestOptions(t *testing.T) {
	w := newLoop(t, linkfifo.NewVirtualClock())
	s := w.socket(w.a, ipv4.ProtocolNumber)
	idle, every := tcpip.KeepaliveIdleOption(time.Minute), tcpip.KeepaliveIntervalOption(time.Second)
	user, accept := tcpip.TCPUserTimeoutOption(time.Hour), tcpip.TCPDeferAcceptOption(time.Hour)
	for _, o := range []tcpip.SettableSocketOption{&idle, &every, &user, &accept} {
		wantErr(t, "SetSockOpt", s.SetSockOpt(o), nil)
	}
	idle, every, user, accept = 0, 0, 0, 0
	for _, o := range []tcpip.GettableSocketOption{&idle, &every, &user, &accept} {
		wantErr(t, "GetSockOpt", s.GetSockOpt(o), nil)
	}
	if time.Duration(idle) != time.Minute || time.Duration(every) != time.Second ||
		time.Duration(user) != time.Hour || time.Duration(accept) != 2*time.Minute {
		t.Errorf("got %v %v %v %v", time.Duration(idle), time.Duration(every), time.Duration(user), time.Duration(accept))
	}
	var cc tcpip.CongestionControlOption
	wantErr(t, "GetSockOpt", s.GetSockOpt(&cc), nil)
	if cc == "" {
		t.Error("no congestion control")
	}
	wantErr(t, "SetSockOpt", s.SetSockOpt(&cc), nil)
	cc = "no such thing"
	wantErr(t, "unknown congestion control", s.SetSockOpt(&cc), &tcpip.ErrNoSuchFile{})
	var odd tcpip.AddMembershipOption
	wantErr(t, "another protocol's option", s.SetSockOpt(&odd), nil)
	s.Close()
}

// SO_RCVBUF bounds what an application that does not read is sent: half of it.
func TestReceiveBuffer(t *testing.T) {
	w := newPipe(t, linkfifo.NewVirtualClock())
	l := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
	l.SocketOptions().SetReceiveBufferSize(20000, true /* notify */)
	c := w.socket(w.a, ipv4.ProtocolNumber)
	wantErr(t, "dial", c.dial(addrB), nil)
	s := l.accept()
	s.SocketOptions().SetReceiveBufferSize(20000, true /* notify */)
	c.Write(bytes.NewReader(text(100000)), tcpip.WriteOptions{})
	w.clock.Advance(time.Second)
	queued := func() int {
		n, err := s.GetSockOptInt(tcpip.ReceiveQueueSizeOption)
		wantErr(t, "GetSockOptInt", err, nil)
		return n
	}
	before := queued()
	if before > 64<<10 { // the first window was offered before the size was set
		t.Errorf("%d bytes wait", before)
	}
	s.SocketOptions().SetReceiveBufferSize(160000, true /* notify */)
	w.clock.Advance(time.Second)
	if after := queued(); after <= before || after > 80000 {
		t.Errorf("%d bytes wait, %d before", after, before)
	}
	c.Abort()
	s.Close()
	l.Close()
	w.wantNothingLeft()
}

// The cork holds a part of a segment back, and so does the Nagle algorithm
// while something is on its way (RFC 9293, section 3.7.4).
func TestCorkAndDelay(t *testing.T) {
	w := newFifo(t, slowLink())
	c, s := w.pair()
	quiet := func(what string) {
		t.Helper()
		w.clock.Advance(100 * time.Millisecond)
		if n, _ := s.GetSockOptInt(tcpip.ReceiveQueueSizeOption); n != 0 {
			t.Errorf("%s: %d bytes came", what, n)
		}
	}
	o := c.SocketOptions()
	o.SetCorkOption(true)
	c.send([]byte("corked"))
	quiet("corked")
	o.SetCorkOption(false)
	if got := s.recv(6); string(got) != "corked" {
		t.Errorf("read %q", got)
	}
	w.clock.Advance(time.Second)
	o.SetDelayOption(true)
	start := w.clock.Elapsed()
	c.send([]byte("a"))
	c.send([]byte("b"))
	s.recv(1)
	if took := w.clock.Elapsed() - start; took > 15*time.Millisecond {
		t.Errorf("the first byte took %v", took)
	}
	s.recv(1)
	if took := w.clock.Elapsed() - start; took < 25*time.Millisecond {
		t.Errorf("the second byte took %v", took)
	}
	c.Close()
	s.Close()
	w.wantNothingLeft()
}

// Keep-alives end a connection whose peer has gone (RFC 9293, section 3.8.4).
func TestKeepAlive(t *testing.T) {
	w := newFifo(t, slowLink())
	c, s := w.pair()
	wantErr(t, "idle", c.SetSockOpt(ptr(tcpip.KeepaliveIdleOption(10*time.Second))), nil)
	wantErr(t, "interval", c.SetSockOpt(ptr(tcpip.KeepaliveIntervalOption(time.Second))), nil)
	wantErr(t, "count", c.SetSockOptInt(tcpip.KeepaliveCountOption, 5), nil)
	c.SocketOptions().SetKeepAlive(true)
	w.clock.Advance(10 * time.Minute)
	c.wantState(endpoint.StateEstablished)
	s.send([]byte("a last sign of life"))
	c.recv(19)
	w.link.A.SetPath(linkfifo.Path{Down: true})
	w.clock.Advance(14 * time.Second)
	c.wantState(endpoint.StateEstablished)
	w.clock.Advance(2 * time.Second)
	wantErr(t, "LastError", c.LastError(), &tcpip.ErrTimeout{})
	if n := w.a.Stats().TCP.EstablishedTimedout.Value(); n != 1 {
		t.Errorf("EstablishedTimedout is %d", n)
	}
	c.Close()
	s.Abort()
	w.wantNothingLeft()
}

func TestInfo(t *testing.T) {
	w := newFifo(t, slowLink())
	c, s := w.pair()
	c.send(text(100000))
	s.recv(100000)
	var i tcpip.TCPInfoOption
	wantErr(t, "TCP_INFO", c.GetSockOpt(&i), nil)
	if i.State != tcpip.EndpointState(endpoint.StateEstablished) || i.SndCwnd < 10 || i.SndCwnd > 1000 ||
		i.RTT < 20*time.Millisecond || i.RTT > 25*time.Millisecond || i.RTO < 200*time.Millisecond {
		t.Errorf("%+v", i)
	}
	if n, err := c.GetSockOptInt(tcpip.MaxSegOption); n != 1460 || err != nil {
		t.Errorf("TCP_MAXSEG is %d, %v", n, err)
	}
	c.Close()
	s.Close()
	w.wantNothingLeft()
	wantErr(t, "TCP_INFO of a closed socket", c.GetSockOpt(&i), nil)
	if i.State != tcpip.EndpointState(endpoint.StateClose) {
		t.Errorf("%+v", i)
	}
}

// The buffers of a long fat path grow with it, unless the application said how
// long they are.
func TestBufferTuning(t *testing.T) {
	p := linkfifo.Path{Delay: 50 * time.Millisecond, QueuePackets: 10000}
	for _, fixed := range []bool{false, true} {
		w := newFifo(t, linkfifo.Options{A: linkfifo.Side{Path: p}, B: linkfifo.Side{Path: p}})
		for _, s := range []interface {
			SetTransportProtocolOption(tcpip.TransportProtocolNumber, tcpip.SettableTransportProtocolOption) tcpip.Error
		}{w.a, w.b} {
			s.SetTransportProtocolOption(endpoint.ProtocolNumber, &tcpip.TCPSendBufferSizeRangeOption{Min: 4096, Default: 64 << 10, Max: 4 << 20})
			s.SetTransportProtocolOption(endpoint.ProtocolNumber, &tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: 128 << 10, Max: 4 << 20})
		}
		c, s := w.pair()
		if fixed {
			c.SocketOptions().SetSendBufferSize(64<<10, true /* notify */)
			s.SocketOptions().SetReceiveBufferSize(128<<10, true /* notify */)
		}
		for range 100 {
			c.send(text(64 << 10))
			s.ModerateRecvBuf(len(s.recv(64 << 10)))
		}
		snd, rcv := c.SocketOptions().GetSendBufferSize(), s.SocketOptions().GetReceiveBufferSize()
		if fixed != (snd == 64<<10) || fixed != (rcv == 128<<10) || snd > 4<<20 || rcv > 4<<20 {
			t.Errorf("fixed %v: buffers of %d and %d bytes", fixed, snd, rcv)
		}
		c.Close()
		s.Close()
		w.wantNothingLeft()
	}
}
