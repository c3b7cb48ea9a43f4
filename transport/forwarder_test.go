// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"bytes"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/engine/wire"
	"tcpcb/transport"
)

// forward gives the stack a forwarder whose requests the test gets from the
// channel.
func (w *world) forward(rcvWnd, maxInFlight int) chan *transport.ForwarderRequest {
	requests := make(chan *transport.ForwarderRequest, 16)
	f := transport.NewForwarder(w.s, rcvWnd, maxInFlight, func(r *transport.ForwarderRequest) { requests <- r })
	w.s.SetTransportProtocolHandler(transport.ProtocolNumber, f.HandlePacket)
	return requests
}

// created is what CreateEndpoint returned.
type created struct {
	ep  tcpip.Endpoint
	err tcpip.Error
}

// create calls CreateEndpoint, which waits for the peer, and returns when the
// SYN-ACK is there.
func (p *peer) create(r *transport.ForwarderRequest) (*segment, chan created) {
	p.t.Helper()
	return p.createWith(r, wire.SYN|wire.ACK)
}

// createWith is create where the SYN-ACK has these flags.
func (p *peer) createWith(r *transport.ForwarderRequest, flags wire.Flags) (*segment, chan created) {
	p.t.Helper()
	done := make(chan created, 1)
	go func() {
		ep, err := r.CreateEndpoint(&waiter.Queue{})
		done <- created{ep, err}
	}()
	for p.link.NumQueued() == 0 {
		select {
		case c := <-done:
			p.t.Fatalf("CreateEndpoint returned %v, %v before the handshake", c.ep, c.err)
		default:
		}
	}
	s := p.want(flags)
	p.nxt = p.nxt.Add(1)
	return s, done
}

// TestForwarder takes a request to a connection, and bytes through it; it holds
// the window asked for, and the experiment option, which is not there.
func TestForwarder(t *testing.T) {
	for _, v6 := range []bool{false, true} {
		w := newWorld(t)
		requests := w.forward(20000, 10)
		p := w.peer(4000)
		if v6 {
			p = w.peer6(4000)
		}
		p.syn(wire.Options{MSS: 1000})
		r := <-requests
		if id := r.ID(); id.LocalPort != port || id.RemotePort != 4000 || id.LocalAddress != p.dst {
			t.Errorf("request for %+v", id)
		}
		if _, ok := r.ForwardedPacketExperimentOption(); ok {
			t.Error("an experiment option came from nowhere")
		}
		p.syn(wire.Options{MSS: 1000}) // again, while the request is under way
		w.wantNone()
		s, done := p.create(r)
		if s.Window != 10000 { // half of the buffer pays for packets
			t.Errorf("window %d, want 10000", s.Window)
		}
		p.seg(wire.ACK, "")
		c := <-done
		if c.err != nil {
			t.Fatalf("CreateEndpoint: %s", c.err)
		}
		r.Complete(false)
		r.Complete(true) // nothing
		w.wantNone()
		if _, err := r.CreateEndpoint(&waiter.Queue{}); !isErr[*tcpip.ErrInvalidEndpointState](err) {
			t.Errorf("CreateEndpoint of a complete request: %v, want ErrInvalidEndpointState", err)
		}
		// As in netstack, only what a listener opens counts.
		w.wantCount("PassiveConnectionOpenings", w.stats().PassiveConnectionOpenings, 0)
		w.wantCount("CurrentEstablished", w.stats().CurrentEstablished, 1)
		p.seg(wire.ACK|wire.PSH, "hello")
		w.wait(time.Second) // it may be delayed
		p.want(wire.ACK)
		var got bytes.Buffer
		if _, err := c.ep.Read(&got, tcpip.ReadOptions{}); err != nil || got.String() != "hello" {
			t.Errorf("Read: %q, %v", got.String(), err)
		}
		c.ep.Close()
		p.want(wire.FIN | wire.ACK)
	}
}

// TestForwarderRefuses checks both ways to refuse, with a reset and without a
// word, and that the same connection is a request again afterwards.
func TestForwarderRefuses(t *testing.T) {
	w := newWorld(t)
	requests := w.forward(0, 10)
	p := w.peer(4000)
	for _, reset := range []bool{true, false, true} {
		p.syn(usual)
		(<-requests).Complete(reset)
		if reset {
			if s := p.want(wire.RST | wire.ACK); s.Ack != p.nxt.Add(1) {
				t.Errorf("reset %v acknowledges %v, want %v", s, s.Ack, p.nxt.Add(1))
			}
		}
		w.wantNone()
	}
}

// TestForwarderHandshakeFails checks that a peer that resets the handshake makes
// CreateEndpoint fail, and leaves nothing.
func TestForwarderHandshakeFails(t *testing.T) {
	w := newWorld(t)
	requests := w.forward(0, 10)
	p := w.peer(4000)
	p.syn(usual)
	r := <-requests
	_, done := p.create(r)
	p.seg(wire.RST, "")
	if c := <-done; c.err == nil {
		t.Error("CreateEndpoint succeeded, and the peer had reset the connection")
	}
	r.Complete(false)
	if n := len(w.s.RegisteredEndpoints()); n != 0 {
		t.Errorf("%d endpoints are left", n)
	}
	w.wantCount("FailedConnectionAttempts", w.stats().FailedConnectionAttempts, 1)
}

// TestForwarderTwice checks that a connection is made once.
func TestForwarderTwice(t *testing.T) {
	w := newWorld(t)
	requests := w.forward(0, 10)
	p := w.peer(4000)
	p.syn(usual)
	r := <-requests
	_, done := p.create(r)
	p.seg(wire.ACK, "")
	c := <-done
	if c.err != nil {
		t.Fatal(c.err)
	}
	defer c.ep.Close()
	if _, err := r.CreateEndpoint(&waiter.Queue{}); !isErr[*tcpip.ErrPortInUse](err) {
		t.Errorf("a second CreateEndpoint: %v, want ErrPortInUse", err)
	}
	r.Complete(false)
}

// TestForwarderLimit checks that requests beyond the limit are ignored, and
// counted, until one is complete.
func TestForwarderLimit(t *testing.T) {
	w := newWorld(t)
	requests := w.forward(0, 2)
	for i := range uint16(4) {
		w.peer(4000 + i).syn(usual)
	}
	w.wantCount("ForwardMaxInFlightDrop", w.stats().ForwardMaxInFlightDrop, 2)
	w.wantNone()
	(<-requests).Complete(false)
	w.peer(4002).syn(usual)
	(<-requests).Complete(false)
	(<-requests).Complete(false)
	w.wantCount("ForwardMaxInFlightDrop", w.stats().ForwardMaxInFlightDrop, 2)
}

// TestForwarderPasses checks that whatever does not ask for a connection is the
// stack's.
func TestForwarderPasses(t *testing.T) {
	w := newWorld(t)
	requests := w.forward(0, 10)
	p := w.peer(4000)
	for _, flags := range []wire.Flags{wire.ACK, wire.SYN | wire.ACK, wire.FIN | wire.ACK} {
		p.seg(flags, "")
		p.want(wire.RST)
	}
	p.seg(wire.RST, "")
	p.spoil = 1
	p.seg(wire.SYN, "")
	w.wantNone()
	if len(requests) != 0 {
		t.Errorf("%d requests", len(requests))
	}
}

// TestForwarderOtherTCP checks that a forwarder is not made for another TCP.
func TestForwarderOtherTCP(t *testing.T) {
	s := stack.New(stack.Options{TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol}})
	defer func() {
		if recover() == nil {
			t.Error("a forwarder was made for netstack's TCP")
		}
		s.Close()
		s.Wait()
	}()
	transport.NewForwarder(s, 0, 1, func(*transport.ForwarderRequest) {})
}
