// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"sync/atomic"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/linkfifo"
	"tcpcb/transport"
)

// family is a network protocol, and the addresses of the stack under test, of
// its peer, and of nobody.
type family struct {
	name                 string
	net                  tcpip.NetworkProtocolNumber
	local, peer, nowhere tcpip.Address
}

var families = []family{
	{"v4", ipv4.ProtocolNumber, addrA, addrB, tcpip.AddrFrom4([4]byte{10, 9, 0, 99})},
	{"v6", ipv6.ProtocolNumber, addrA6, addrB6, tcpip.AddrFrom16([16]byte{0xfd, 9, 15: 99})},
}

// onEach runs a test for every TCP and family. The device looks at checksums
// itself: where a NIC leaves that to the stack, netstack's NAT spoils those of
// the answers that its INPUT hook rewrites.
func onEach(t *testing.T, run func(t *testing.T, w *lab, f family)) {
	for _, p := range providers {
		for _, f := range families {
			t.Run(p.name+"-"+f.name, func(t *testing.T) { run(t, newLabOn(t, p, linkfifo.Side{RXChecksumOffload: true}), f) })
		}
	}
}

// rule has the stack under test do target to TCP packets at the hook that match;
// a nil target takes the rule away.
func (w *lab) rule(f family, id stack.TableID, hook stack.Hook, target stack.Target, matchers ...stack.Matcher) {
	w.t.Helper()
	tables := w.s.IPTables()
	v6 := f.net == ipv6.ProtocolNumber
	if target == nil {
		target = &stack.AcceptTarget{NetworkProtocol: f.net}
	}
	accept := func() stack.Rule { return stack.Rule{Target: &stack.AcceptTarget{}} }
	t := stack.Table{Rules: []stack.Rule{
		{Filter: stack.IPHeaderFilter{Protocol: header.TCPProtocolNumber, CheckProtocol: true}, Matchers: matchers, Target: target},
		accept(), accept(), {Target: &stack.ErrorTarget{}},
	}}
	for h := range t.BuiltinChains {
		t.BuiltinChains[h], t.Underflows[h] = 2, 2
	}
	t.BuiltinChains[hook], t.Underflows[hook] = 0, 1
	tables.ReplaceTable(id, t, v6)
}

// carry writes n bytes at from and reads them at to.
func (w *lab) carry(from, to tcpip.Endpoint, n int) {
	w.t.Helper()
	sent := make([]byte, n)
	for i := range sent {
		sent[i] = byte(i * 31 >> 3)
	}
	var got bytes.Buffer
	rest := bytes.NewReader(sent)
	w.until("text through", func() bool {
		if rest.Len() > 0 {
			if _, err := from.Write(rest, tcpip.WriteOptions{}); err != nil {
				if _, full := err.(*tcpip.ErrWouldBlock); !full {
					w.t.Fatalf("Write: %v", err)
				}
			}
		}
		if _, err := to.Read(&got, tcpip.ReadOptions{}); err != nil {
			if _, empty := err.(*tcpip.ErrWouldBlock); !empty {
				w.t.Fatalf("Read: %v after %d bytes", err, got.Len())
			}
		}
		return got.Len() == n
	})
	if !bytes.Equal(got.Bytes(), sent) {
		w.t.Error("the text is not what was sent")
	}
}

// bothWays carries text in both directions and closes both ends.
func (w *lab) bothWays(a, b tcpip.Endpoint) {
	w.t.Helper()
	w.carry(a, b, 300_000)
	w.carry(b, a, 300_000)
	a.Shutdown(tcpip.ShutdownWrite)
	w.reach(a, transport.StateFinWait2)
	b.Shutdown(tcpip.ShutdownWrite)
	w.reach(a, transport.StateTimeWait)
	w.reach(b, transport.StateClose)
	a.Close()
	b.Close()
}

// wantAddress fails the test unless the address is the one that is wanted.
func (w *lab) wantAddress(what string, got tcpip.FullAddress, addr tcpip.Address, port uint16) {
	w.t.Helper()
	if got.Addr != addr || got.Port != port {
		w.t.Errorf("%s is %v:%d, want %v:%d", what, got.Addr, got.Port, addr, port)
	}
}

// TestRedirect has a connection redirected to another port of this host: it
// works, the endpoint knows where it was meant to go, and the peer knows
// nothing. Where nobody listens, the peer is refused.
func TestRedirect(t *testing.T) {
	onEach(t, func(t *testing.T, w *lab, f family) {
		w.rule(f, stack.NATID, stack.Prerouting, &stack.RedirectTarget{Port: 8080, NetworkProtocol: f.net})
		for _, abort := range []bool{false, true} {
			l := w.bound(f.net, tcpip.FullAddress{Port: 8080})
			if err := l.Listen(4); err != nil {
				t.Fatalf("Listen: %v", err)
			}
			peer := w.socketOf(w.peer, f.net)
			w.dial(peer, tcpip.FullAddress{Addr: f.local, Port: 80})
			ep := w.accept(l)
			w.reach(peer, transport.StateEstablished)
			var to tcpip.OriginalDestinationOption
			if err := ep.GetSockOpt(&to); err != nil {
				t.Fatalf("OriginalDestinationOption: %v", err)
			}
			w.wantAddress("the original destination", tcpip.FullAddress(to), f.local, 80)
			at, _ := ep.GetLocalAddress()
			w.wantAddress("the local address", at, f.local, 8080)
			at, _ = peer.GetRemoteAddress()
			w.wantAddress("the peer's remote address", at, f.local, 80)
			l.Close()
			if abort {
				ep.Abort()
				w.reach(peer, transport.StateError)
				if _, ok := peer.LastError().(*tcpip.ErrConnectionReset); !ok {
					t.Error("the reset was none")
				}
				continue
			}
			w.bothWays(peer, ep)
		}
		peer := w.socketOf(w.peer, f.net)
		w.dial(peer, tcpip.FullAddress{Addr: f.local, Port: 81})
		w.reach(peer, transport.StateError)
		if err, ok := peer.LastError().(*tcpip.ErrConnectionRefused); !ok {
			t.Errorf("where nobody listens: %v", err)
		}
		peer.Close()
	})
}

// TestRedirectDualStack has the IPv4 connection of a socket of both families
// know where it was meant to go, which it does not in netstack.
func TestRedirectDualStack(t *testing.T) {
	w, f := newLab(t, providers[0]), families[0]
	w.rule(f, stack.NATID, stack.Prerouting, &stack.RedirectTarget{Port: 8080, NetworkProtocol: f.net})
	l := w.listener(w.s, 8080)
	peer := w.socketOf(w.peer, f.net)
	w.dial(peer, tcpip.FullAddress{Addr: f.local, Port: 80})
	ep := w.accept(l)
	var to tcpip.OriginalDestinationOption
	if err := ep.GetSockOpt(&to); err != nil {
		t.Fatalf("OriginalDestinationOption: %v", err)
	}
	w.wantAddress("the original destination", tcpip.FullAddress(to), f.local, 80)
	w.bothWays(peer, ep)
	l.Close()
}

// TestOutputNAT has a connection that is opened from here go elsewhere than it
// means to.
func TestOutputNAT(t *testing.T) {
	onEach(t, func(t *testing.T, w *lab, f family) {
		w.rule(f, stack.NATID, stack.Output, &stack.DNATTarget{Addr: f.peer, Port: port, NetworkProtocol: f.net, ChangeAddress: true, ChangePort: true})
		ep := w.socketOf(w.s, f.net)
		w.dial(ep, tcpip.FullAddress{Addr: f.nowhere, Port: 80})
		w.reach(ep, transport.StateEstablished)
		peer := w.accept(w.l)
		at, _ := ep.GetRemoteAddress()
		w.wantAddress("the remote address", at, f.nowhere, 80)
		w.bothWays(ep, peer)
	})
}

// TestSourceNAT has the peer of a connection see another address.
func TestSourceNAT(t *testing.T) {
	onEach(t, func(t *testing.T, w *lab, f family) {
		pa := tcpip.ProtocolAddress{Protocol: f.net, AddressWithPrefix: f.nowhere.WithPrefix()}
		if err := w.s.AddProtocolAddress(nic, pa, stack.AddressProperties{PEB: stack.NeverPrimaryEndpoint}); err != nil {
			t.Fatalf("AddProtocolAddress: %v", err)
		}
		w.rule(f, stack.NATID, stack.Postrouting, &stack.SNATTarget{Addr: f.nowhere, NetworkProtocol: f.net, ChangeAddress: true})
		ep, peer := w.connected(f.net, f.peer)
		at, _ := peer.GetRemoteAddress()
		if at.Addr != f.nowhere {
			t.Errorf("the peer sees %v", at.Addr)
		}
		w.bothWays(ep, peer)
	})
}

// TestDroppedSyns has SYNs dropped before they are seen: the peer's next one
// opens the connection when the rule is gone.
func TestDroppedSyns(t *testing.T) {
	onEach(t, func(t *testing.T, w *lab, f family) {
		var dropped spy
		w.rule(f, stack.FilterID, stack.Input, &stack.DropTarget{NetworkProtocol: f.net}, &dropped)
		l := w.listener(w.s, 80)
		peer := w.socketOf(w.peer, f.net)
		w.dial(peer, tcpip.FullAddress{Addr: f.local, Port: 80})
		w.until("a SYN dropped", func() bool { return dropped.seen.Load() == 1 })
		if n := w.s.Stats().TCP.ValidSegmentsReceived.Value(); n != 0 {
			t.Errorf("%d segments were seen", n)
		}
		w.rule(f, stack.FilterID, stack.Input, nil)
		w.bothWays(w.accept(l), peer)
		l.Close()
	})
}

// spy matches every packet, and counts them and those that belong to somebody.
type spy struct{ seen, owned atomic.Int64 }

func (s *spy) Match(_ stack.Hook, pkt *stack.PacketBuffer, _, _ string) (matches, hotdrop bool) {
	s.seen.Add(1)
	if pkt.Owner == tcpip.PacketOwner(owner("me")) {
		s.owned.Add(1)
	}
	return true, false
}

// TestOwner has every packet of a connection, and of a listener's connections,
// belong to whom the endpoint was told.
func TestOwner(t *testing.T) {
	onEach(t, func(t *testing.T, w *lab, f family) {
		var out spy
		w.rule(f, stack.FilterID, stack.Output, &stack.AcceptTarget{NetworkProtocol: f.net}, &out)
		l := w.listener(w.s, 80)
		l.SetOwner(owner("me"))
		peer := w.socketOf(w.peer, f.net)
		w.dial(peer, tcpip.FullAddress{Addr: f.local, Port: 80})
		w.bothWays(w.accept(l), peer)
		ep := w.socketOf(w.s, f.net)
		ep.SetOwner(owner("me"))
		w.dial(ep, tcpip.FullAddress{Addr: f.peer, Port: port})
		w.reach(ep, transport.StateEstablished)
		w.bothWays(ep, w.accept(w.l))
		l.Close()
		if seen, owned := out.seen.Load(), out.owned.Load(); seen == 0 || owned != seen {
			t.Errorf("%d of %d packets have the owner", owned, seen)
		}
	})
}

// TestSocketsBeside has a packet socket and a raw socket see what TCP gets and,
// the packet socket, what it sends, and TCP works as ever.
func TestSocketsBeside(t *testing.T) {
	onEach(t, func(t *testing.T, w *lab, f family) {
		all, err := w.s.NewPacketEndpoint(true /* cooked */, header.EthernetProtocolAll, &waiter.Queue{})
		if err != nil {
			t.Fatalf("NewPacketEndpoint: %v", err)
		}
		defer all.Close()
		rawEP, err := w.s.NewRawEndpoint(header.TCPProtocolNumber, f.net, &waiter.Queue{}, true /* associated */)
		if err != nil {
			t.Fatalf("NewRawEndpoint: %v", err)
		}
		defer rawEP.Close()
		ep, peer := w.connected(f.net, f.peer)
		var syn, synAck, rawSynAck bool
		for flags := range w.segmentsAt(all, f, true) {
			syn = syn || flags == header.TCPFlagSyn
			synAck = synAck || flags == header.TCPFlagSyn|header.TCPFlagAck
		}
		for flags := range w.segmentsAt(rawEP, f, f.net == ipv4.ProtocolNumber) {
			rawSynAck = rawSynAck || flags == header.TCPFlagSyn|header.TCPFlagAck
		}
		if !syn || !synAck || !rawSynAck {
			t.Errorf("the packet socket saw the SYN: %v, the SYN-ACK: %v; the raw one the SYN-ACK: %v", syn, synAck, rawSynAck)
		}
		w.bothWays(ep, peer)
	})
}

// segmentsAt returns the flags of the TCP segments that wait at a socket; their
// packets begin with the IP header or, without hdr, with TCP's.
func (w *lab) segmentsAt(ep tcpip.Endpoint, f family, hdr bool) map[header.TCPFlags]bool {
	all := make(map[header.TCPFlags]bool)
	for {
		var b bytes.Buffer
		if _, err := ep.Read(&b, tcpip.ReadOptions{}); err != nil {
			return all
		}
		h := b.Bytes()
		switch {
		case hdr && f.net == ipv4.ProtocolNumber && len(h) > header.IPv4MinimumSize && header.IPv4(h).TransportProtocol() == header.TCPProtocolNumber:
			h = h[header.IPv4(h).HeaderLength():]
		case hdr && f.net == ipv6.ProtocolNumber && len(h) > header.IPv6MinimumSize && header.IPv6(h).NextHeader() == uint8(header.TCPProtocolNumber):
			h = h[header.IPv6MinimumSize:]
		case hdr:
			continue
		}
		if len(h) >= header.TCPMinimumSize {
			all[header.TCP(h).Flags()] = true
		}
	}
}
