// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"strings"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/engine/wire"
	"tcpcb/transport"
)

// TestPacingOption checks the option's default and that it is taken. Netstack's own
// TCP does not know it.
func TestPacingOption(t *testing.T) {
	stacks := protocols(t)
	s := stacks["tcpcb"]
	for _, set := range []bool{false, true, false} {
		o := transport.PacingOption{Enabled: !set}
		if err := s.TransportProtocolOption(transport.ProtocolNumber, &o); err != nil || o.Enabled != set {
			t.Errorf("%v, %v, want %v", o.Enabled, err, set)
		}
		if err := s.SetTransportProtocolOption(transport.ProtocolNumber, &transport.PacingOption{Enabled: !set}); err != nil {
			t.Error(err)
		}
	}
	if err := stacks["netstack"].SetTransportProtocolOption(transport.ProtocolNumber, &transport.PacingOption{}); !isErr[*tcpip.ErrUnknownProtocolOption](err) {
		t.Errorf("netstack: %v, want ErrUnknownProtocolOption", err)
	}
}

// TestPacingSpreads: a window that goes out at once otherwise is spread over part of
// the round trip.
func TestPacingSpreads(t *testing.T) {
	const segments, rtt = 10, 100 * time.Millisecond // the initial window
	for _, pacing := range []bool{false, true} {
		w := newWorld(t)
		if err := w.s.SetTransportProtocolOption(transport.ProtocolNumber, &transport.PacingOption{Enabled: pacing}); err != nil {
			t.Fatal(err)
		}
		w.wait(time.Second) // a time of 0 is none
		l := w.listen(5)
		p := w.peer(4000)
		p.syn(wire.Options{MSS: 1000, SACKPermitted: true})
		p.want(wire.SYN | wire.ACK)
		p.nxt = p.nxt.Add(1)
		w.wait(rtt)
		p.seg(wire.ACK, "")
		c := w.accept(l)
		if _, err := c.Write(strings.NewReader(strings.Repeat("x", segments*1000)), tcpip.WriteOptions{}); err != nil {
			t.Fatal(err)
		}
		got := func() (n int) {
			for w.recv() != nil {
				n++
			}
			return n
		}
		atOnce := got()
		w.wait(rtt)
		if rest := got(); (atOnce < segments) != pacing || atOnce+rest != segments {
			t.Errorf("pacing %v: %d segments at once, and %d in a round trip, want %d in all", pacing, atOnce, rest, segments)
		}
	}
}
