// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"

	"tcpcb/transport"
)

// TestBindToDevice has listeners that are bound to a device take what comes by
// it and nothing else, beside one on the same port of another device.
func TestBindToDevice(t *testing.T) {
	for _, p := range providers {
		t.Run(p.name, func(t *testing.T) {
			w := newLab(t, p)
			listen := func(on tcpip.NICID) tcpip.Endpoint {
				l := w.socketOf(w.s, ipv4.ProtocolNumber)
				if err := l.SocketOptions().SetBindToDevice(int32(on)); err != nil {
					t.Fatalf("SetBindToDevice: %v", err)
				}
				if err := l.Bind(tcpip.FullAddress{Port: 80}); err != nil {
					t.Fatalf("Bind: %v", err)
				}
				if err := l.Listen(4); err != nil {
					t.Fatalf("Listen: %v", err)
				}
				return l
			}
			dial := func() tcpip.Endpoint {
				peer := w.socketOf(w.peer, ipv4.ProtocolNumber)
				w.dial(peer, tcpip.FullAddress{Addr: addrA, Port: 80})
				return peer
			}
			other := listen(voidNIC)
			peer := dial()
			w.reach(peer, transport.StateError) // refused
			peer.Close()
			w.inject(segment{from: 1000, to: 80, flags: header.TCPFlagSyn})
			w.until("a SYN-ACK", func() bool { return w.void.NumQueued() > 0 })

			l := listen(nic)
			peer = dial()
			ep := w.accept(l)
			w.reach(peer, transport.StateEstablished)
			w.bothWays(peer, ep)
			if _, _, err := other.Accept(nil); err == nil {
				t.Error("the listener on the other device has a connection")
			}
			l.Close()
			other.Close()
			if err := w.socketOf(w.s, ipv4.ProtocolNumber).SocketOptions().SetBindToDevice(77); err == nil {
				t.Error("a device that does not exist can be bound to")
			}
		})
	}
}

// TestReusePort has listeners share a port, and each get some of the
// connections.
func TestReusePort(t *testing.T) {
	for _, p := range providers {
		t.Run(p.name, func(t *testing.T) {
			w := newLab(t, p)
			var ls []tcpip.Endpoint
			for range 2 {
				l := w.socketOf(w.s, ipv4.ProtocolNumber)
				l.SocketOptions().SetReusePort(true)
				if err := l.Bind(tcpip.FullAddress{Port: 80}); err != nil {
					t.Fatalf("Bind: %v", err)
				}
				if err := l.Listen(100); err != nil {
					t.Fatalf("Listen: %v", err)
				}
				defer l.Close()
				ls = append(ls, l)
			}
			if err := w.socketOf(w.s, ipv4.ProtocolNumber).Bind(tcpip.FullAddress{Port: 80}); err == nil {
				t.Error("a third, who does not share, can be bound")
			}
			const all = 60
			for range all {
				peer := w.socketOf(w.peer, ipv4.ProtocolNumber)
				w.dial(peer, tcpip.FullAddress{Addr: addrA, Port: 80})
				defer peer.Abort()
			}
			var got [2]int
			w.until("connections", func() bool {
				for i, l := range ls {
					if ep, _, err := l.Accept(nil); err == nil {
						got[i]++
						ep.Abort()
					}
				}
				return got[0]+got[1] == all
			})
			// Of 60 fair throws, fewer than 5 on one side are one in 10^12.
			if min(got[0], got[1]) < 5 {
				t.Errorf("%d and %d connections", got[0], got[1])
			}
		})
	}
}
