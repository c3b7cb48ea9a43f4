// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"

	"tcpcb/linkfifo"
)

// Who may bind the port of a connection, as netstack's ports have it: those that
// agree with it to share, and those at another address.
func TestBindConnectionsPort(t *testing.T) {
	inUse := tcpip.Error(&tcpip.ErrPortInUse{})
	reuse := func(s *sock) { s.SocketOptions().SetReuseAddress(true) }
	for _, tc := range []struct {
		name     string
		addr     tcpip.Address
		v6       bool
		conn, by func(s *sock)
		want     tcpip.Error
	}{
		{name: "same address", addr: addrA, want: inUse},
		{name: "other address", addr: addrC},
		{name: "any address", want: inUse},
		{name: "both families", v6: true, want: inUse},
		{name: "the other family", v6: true, by: func(s *sock) { s.SocketOptions().SetV6Only(true) }},
		{name: "both reuse addresses", conn: reuse, by: reuse},
		{name: "only the connection reuses addresses", conn: reuse, want: inUse},
		{name: "only the other reuses addresses", by: reuse, want: inUse},
		{name: "the other reuses ports", by: func(s *sock) { s.SocketOptions().SetReusePort(true) }},
		{name: "another device", by: func(s *sock) { s.SocketOptions().SetBindToDevice(nic) }, want: inUse},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newPipe(t, linkfifo.NewVirtualClock())
			addAddress(t, w.a, addrC)
			l := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
			c := w.socket(w.a, ipv4.ProtocolNumber)
			if tc.conn != nil {
				tc.conn(c)
			}
			wantErr(t, "dial", c.dial(addrB), nil)
			at, _ := c.GetLocalAddress()
			addr := tc.addr
			if at.Addr == addrC { // the stack's choice
				addr = map[tcpip.Address]tcpip.Address{addrA: addrC, addrC: addrA}[addr]
			}
			proto := ipv4.ProtocolNumber
			if tc.v6 {
				proto = ipv6.ProtocolNumber
			}
			s := w.socket(w.a, proto)
			if tc.by != nil {
				tc.by(s)
			}
			wantErr(t, "Bind", s.Bind(tcpip.FullAddress{Addr: addr, Port: at.Port}), tc.want)
			c.Abort()
			if tc.want != nil {
				wantErr(t, "Bind, when the connection has ended", s.Bind(tcpip.FullAddress{Addr: addr, Port: at.Port}), nil)
			}
			for _, x := range []*sock{s, l.accept(), l} {
				x.Close()
			}
			w.wantNothingLeft()
		})
	}
}

// What a connection has is not given to who binds any port, nor what somebody has
// bound to a connection.
func TestPortsOfBothSorts(t *testing.T) {
	w := newPipe(t, linkfifo.NewVirtualClock())
	if err := w.a.SetPortRange(40000, 40002); err != nil {
		t.Fatal(err)
	}
	l := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
	local := func(s *sock) uint16 {
		at, _ := s.GetLocalAddress()
		return at.Port
	}
	seen := map[uint16]bool{}
	var all []*sock
	for i := range 3 {
		s := w.socket(w.a, ipv4.ProtocolNumber)
		if i == 1 {
			wantErr(t, "dial", s.dial(addrB), nil)
		} else {
			wantErr(t, "Bind", s.Bind(tcpip.FullAddress{}), nil)
		}
		if seen[local(s)] {
			t.Errorf("port %d was given twice", local(s))
		}
		seen[local(s)] = true
		all = append(all, s)
	}
	s := w.socket(w.a, ipv4.ProtocolNumber)
	wantErr(t, "Bind without a port left", s.Bind(tcpip.FullAddress{}), &tcpip.ErrNoPortAvailable{})
	wantErr(t, "Connect without a port left", s.Connect(tcpip.FullAddress{Addr: addrB, Port: port}), &tcpip.ErrNoPortAvailable{})
	// Another peer may be reached from the connection's port.
	other := w.socket(w.b, ipv4.ProtocolNumber)
	wantErr(t, "Bind", other.Bind(tcpip.FullAddress{Port: 81}), nil)
	wantErr(t, "Listen", other.Listen(8), nil)
	wantErr(t, "Connect", s.Connect(tcpip.FullAddress{Addr: addrB, Port: 81}), &tcpip.ErrConnectStarted{})
	if local(s) != local(all[1]) {
		t.Errorf("port %d was taken, the connection has %d", local(s), local(all[1]))
	}
	for _, x := range append(all, s, l.accept(), l, other.accept(), other) {
		x.Close()
	}
	w.wantNothingLeft()
}

// The connections of a listener that is gone hold its port, unless both sides agree
// to share it.
func TestBindAcceptedPort(t *testing.T) {
	for _, reuse := range []bool{false, true} {
		w := newPipe(t, linkfifo.NewVirtualClock())
		l := w.socket(w.b, ipv4.ProtocolNumber)
		l.SocketOptions().SetReuseAddress(reuse)
		wantErr(t, "Bind", l.Bind(tcpip.FullAddress{Port: port}), nil)
		wantErr(t, "Listen", l.Listen(8), nil)
		c := w.socket(w.a, ipv4.ProtocolNumber)
		wantErr(t, "dial", c.dial(addrB), nil)
		server := l.accept()
		l.Close()
		n := w.socket(w.b, ipv4.ProtocolNumber)
		n.SocketOptions().SetReuseAddress(true)
		want := tcpip.Error(&tcpip.ErrPortInUse{})
		if reuse {
			want = nil
		}
		wantErr(t, "Bind", n.Bind(tcpip.FullAddress{Port: port}), want)
		for _, x := range []*sock{c, server, n} {
			x.Close()
		}
		w.wantNothingLeft()
	}
}
