// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"

	"tcpcb/endpoint"
	"tcpcb/linkfifo"
)

// Which two sockets may be bound to one port.
func TestBindConflicts(t *testing.T) {
	v4, v6 := ipv4.ProtocolNumber, ipv6.ProtocolNumber
	inUse := tcpip.Error(&tcpip.ErrPortInUse{})
	any := tcpip.Address{}
	for _, tc := range []struct {
		name        string
		p1, p2      tcpip.NetworkProtocolNumber
		a1, a2      tcpip.Address
		prepare     func(s1, s2 *sock)
		want, after tcpip.Error
	}{
		{name: "same", p1: v4, p2: v4, a1: addrA, a2: addrA, want: inUse},
		{name: "other address", p1: v4, p2: v4, a1: addrA, a2: addrB},
		{name: "wildcard", p1: v4, p2: v4, a1: any, a2: addrA, want: inUse},
		{name: "dual stack", p1: v6, p2: v4, a1: any, a2: any, want: inUse},
		{name: "dual stack, v6 only", p1: v6, p2: v4, a1: any, a2: any,
			prepare: func(s1, _ *sock) { s1.SocketOptions().SetV6Only(true) }},
		{name: "mapped", p1: v6, p2: v4, a1: mapB, a2: addrB, want: inUse},
		{name: "families", p1: v6, p2: v4, a1: v6A, a2: addrA},
		{name: "reuse port", p1: v4, p2: v4, a1: addrA, a2: addrA,
			prepare: func(s1, s2 *sock) { s1.SocketOptions().SetReusePort(true); s2.SocketOptions().SetReusePort(true) }},
		{name: "one reuses port", p1: v4, p2: v4, a1: addrA, a2: addrA, want: inUse,
			prepare: func(s1, _ *sock) { s1.SocketOptions().SetReusePort(true) }},
		{name: "reuse address", p1: v4, p2: v4, a1: addrA, a2: addrA,
			prepare: func(s1, s2 *sock) {
				s1.SocketOptions().SetReuseAddress(true)
				s2.SocketOptions().SetReuseAddress(true)
			}},
		{name: "other device", p1: v4, p2: v4, a1: any, a2: any, want: inUse,
			prepare: func(s1, _ *sock) { s1.SocketOptions().SetBindToDevice(nic) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newLoop(t, linkfifo.NewVirtualClock())
			s1, s2 := w.socket(w.a, tc.p1), w.socket(w.a, tc.p2)
			if tc.prepare != nil {
				tc.prepare(s1, s2)
			}
			wantErr(t, "first Bind", s1.Bind(tcpip.FullAddress{Addr: tc.a1, Port: port}), nil)
			wantErr(t, "second Bind", s2.Bind(tcpip.FullAddress{Addr: tc.a2, Port: port}), tc.want)
			s1.Close()
			if tc.want != nil {
				wantErr(t, "Bind after Close", s2.Bind(tcpip.FullAddress{Addr: tc.a2, Port: port}), nil)
			}
			s2.Close()
			w.wantNothingLeft()
		})
	}
}

func TestBindErrors(t *testing.T) {
	w := newLoop(t, linkfifo.NewVirtualClock())
	s := w.socket(w.a, ipv4.ProtocolNumber)
	err := s.Bind(tcpip.FullAddress{Addr: tcpip.AddrFrom4([4]byte{192, 0, 2, 1}), Port: port})
	wantErr(t, "Bind to a stranger", err, &tcpip.ErrBadLocalAddress{})
	err = s.Bind(tcpip.FullAddress{Addr: addrA, NIC: 9})
	wantErr(t, "Bind to no NIC", err, &tcpip.ErrBadLocalAddress{})
	if err := s.SocketOptions().SetBindToDevice(9); err == nil {
		t.Error("SO_BINDTODEVICE of a device that is not there")
	}
	wantErr(t, "Bind", s.Bind(tcpip.FullAddress{}), nil)
	a, err := s.GetLocalAddress()
	if lo, hi := w.a.PortRange(); err != nil || a.Port < lo || a.Port > hi {
		t.Errorf("bound to %+v, %v", a, err)
	}
	s.wantState(endpoint.StateBound)
	wantErr(t, "Bind again", s.Bind(tcpip.FullAddress{}), &tcpip.ErrAlreadyBound{})
	s.Close()
	wantErr(t, "Bind after Close", s.Bind(tcpip.FullAddress{}), &tcpip.ErrAlreadyBound{})
	w.wantNothingLeft()
}

// A bound socket connects from where it is bound, and its port is taken by that
// connection only.
func TestBindThenConnect(t *testing.T) {
	w := newPipe(t, linkfifo.NewVirtualClock())
	l := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
	c := w.socket(w.a, ipv4.ProtocolNumber)
	wantErr(t, "Bind", c.Bind(tcpip.FullAddress{Addr: addrA, Port: 5000}), nil)
	wantErr(t, "dial", c.dial(addrB), nil)
	s := l.accept()
	if a, _ := s.GetRemoteAddress(); a.Port != 5000 {
		t.Errorf("the client is at %+v", a)
	}
	c2 := w.socket(w.a, ipv4.ProtocolNumber)
	wantErr(t, "Bind of another", c2.Bind(tcpip.FullAddress{Addr: addrA, Port: 5000}), &tcpip.ErrPortInUse{})
	c2.Close()
	c.Abort()
	s.Close()
	l.Close()
	w.wantNothingLeft()
}
