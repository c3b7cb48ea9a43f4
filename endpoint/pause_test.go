// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"

	"tcpcb/endpoint"
	"tcpcb/linkfifo"
)

// While a stack is paused, segments wait for its connections and its listeners;
// then they are processed, as if they had come at once.
func TestPause(t *testing.T) {
	w := newFifo(t, linkfifo.Options{})
	c, s := w.pair()
	l := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
	w.b.Pause()
	c.send(text(1000))
	d := w.socket(w.a, ipv4.ProtocolNumber)
	wantErr(t, "Connect", d.Connect(tcpip.FullAddress{Addr: addrB, Port: port}), &tcpip.ErrConnectStarted{})
	w.clock.Advance(100 * time.Millisecond)
	queued := func() int {
		n, err := s.GetSockOptInt(tcpip.ReceiveQueueSizeOption)
		wantErr(t, "GetSockOptInt", err, nil)
		return n
	}
	if n := queued(); n != 0 { // the call has had the endpoint's lock, too
		t.Errorf("%d bytes came while the stack was paused", n)
	}
	d.wantState(endpoint.StateSynSent)
	if n := w.b.Stats().TCP.PassiveConnectionOpenings.Value(); n != 1 {
		t.Errorf("%d connections were opened, want the first only", n)
	}
	start := w.clock.Elapsed()
	w.b.Resume()
	if n := queued(); n != 1000 {
		t.Errorf("%d bytes came when the pause was over", n)
	}
	l.accept().Close()
	if took := w.clock.Elapsed() - start; took > time.Millisecond {
		t.Errorf("the handshake took %v: its SYN was lost", took)
	}
	w.b.Resume() // nothing
	c.Close()
	s.recv(1000)
	s.Close()
	d.Close()
	l.Close()
	w.wantNothingLeft()
}

// What waits for an endpoint that is closed during a pause is not kept.
func TestPauseAndClose(t *testing.T) {
	w := newFifo(t, linkfifo.Options{})
	c, s := w.pair()
	l := w.listen(ipv4.ProtocolNumber, tcpip.Address{})
	w.b.Pause()
	c.send(text(1000))
	d := w.socket(w.a, ipv4.ProtocolNumber)
	wantErr(t, "Connect", d.Connect(tcpip.FullAddress{Addr: addrB, Port: port}), &tcpip.ErrConnectStarted{})
	w.clock.Advance(100 * time.Millisecond)
	l.Close()
	s.Abort()
	w.clock.Advance(100 * time.Millisecond)
	w.b.Resume()
	c.wantState(endpoint.StateError)
	d.wantState(endpoint.StateError)
	c.Close()
	d.Close()
	w.wantNothingLeft()
}

// A queue of waiting segments is bounded by the receive buffer.
func TestPauseIsBounded(t *testing.T) {
	w := newFifo(t, linkfifo.Options{})
	c, s := w.pair()
	s.SocketOptions().SetReceiveBufferSize(8<<10, true /* notify */)
	w.b.Pause()
	c.send(text(100 << 10))
	w.clock.Advance(100 * time.Millisecond)
	if n := s.Stats().(*endpoint.Stats).ReceiveErrors.SegmentQueueDropped.Value(); n == 0 {
		t.Error("nothing was dropped")
	}
	w.b.Resume()
	if got := s.recv(100 << 10); string(got) != string(text(100<<10)) {
		t.Error("the text is not what was sent")
	}
	c.Close()
	s.Close()
	w.wantNothingLeft()
}
