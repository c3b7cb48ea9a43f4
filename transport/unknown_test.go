// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// TestUnknownPort holds RFC 9293, section 3.10.7.1: what comes for a connection
// that does not exist is answered with a reset made out in the RFC's two forms,
// the payload counted; a reset is not answered. MirageOS's TCP always answered
// RST|ACK, and left the payload out.
func TestUnknownPort(t *testing.T) {
	for name, c := range map[string]struct {
		flags    wire.Flags
		text     string
		want     wire.Flags // 0: no answer
		seq, ack uint32
	}{
		"SYN":         {wire.SYN, "", wire.RST | wire.ACK, 0, 1001},
		"SYN+text":    {wire.SYN, "hello", wire.RST | wire.ACK, 0, 1006},
		"SYN+FIN":     {wire.SYN | wire.FIN, "", wire.RST | wire.ACK, 0, 1002},
		"no flags":    {0, "hello", wire.RST | wire.ACK, 0, 1005},
		"FIN":         {wire.FIN, "", wire.RST | wire.ACK, 0, 1001},
		"ACK":         {wire.ACK, "hello", wire.RST, 2000, 0},
		"SYN+ACK":     {wire.SYN | wire.ACK, "", wire.RST, 2000, 0},
		"FIN+ACK":     {wire.FIN | wire.ACK, "", wire.RST, 2000, 0},
		"RST":         {wire.RST, "", 0, 0, 0},
		"RST+ACK":     {wire.RST | wire.ACK, "", 0, 0, 0},
		"RST+SYN+ACK": {wire.RST | wire.SYN | wire.ACK, "x", 0, 0, 0},
	} {
		for _, v6 := range []bool{false, true} {
			w := newWorld(t)
			p := w.peer(4000)
			if v6 {
				p = w.peer6(4000)
			}
			h := wire.Header{Seq: seq.New(1000), Flags: c.flags, Window: 100}
			if c.flags.Has(wire.ACK) {
				h.Ack = seq.New(2000)
			}
			p.send(segment{Header: h, text: c.text})
			if c.want == 0 {
				w.wantNone()
				w.wantCount(name+": ResetsSent", w.stats().ResetsSent, 0)
				continue
			}
			s := p.want(c.want)
			if s.Seq.Value() != c.seq || s.Ack.Value() != c.ack || s.Window != 0 || s.Options.Len() != 0 || s.text != "" {
				t.Errorf("%s: got %v, want seq %d, ack %d and nothing else", name, s, c.seq, c.ack)
			}
			w.wantNone()
			w.wantCount(name+": ResetsSent", w.stats().ResetsSent, 1)
		}
	}
}

// TestUnknownDamaged checks that a segment that is damaged is not answered, but
// counted.
func TestUnknownDamaged(t *testing.T) {
	w := newWorld(t)
	p := w.peer(4000)
	p.spoil = 1
	p.seg(wire.SYN, "")
	w.wantNone()
	w.wantCount("ChecksumErrors", w.stats().ChecksumErrors, 1)
	w.wantCount("ResetsSent", w.stats().ResetsSent, 0)
}

// TestUnknownBroadcast checks that segments for more than one host are not
// answered (RFC 9293, section 3.9.2.3, MUST-57; RFC 1122, section 3.2.2).
func TestUnknownBroadcast(t *testing.T) {
	for name, dst := range map[string]tcpip.Address{
		"limited broadcast": header.IPv4Broadcast,
		"subnet broadcast":  tcpip.AddrFrom4([4]byte{10, 0, 0, 255}),
		"all systems":       header.IPv4AllSystems,
		"all nodes":         header.IPv6AllNodesMulticastAddress,
	} {
		w := newWorld(t)
		p := w.peer(4000)
		p.v6 = dst.Len() == header.IPv6AddressSize
		p.dst = dst
		p.seg(wire.SYN, "")
		if s := w.recv(); s != nil {
			t.Errorf("%s: got %v, want nothing", name, s)
		}
	}
}
