// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	mrand "math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// TestFloodTogether has peers that open, finish, repeat and reset handshakes
// from many goroutines, while others accept, and while the listener is shut,
// opened again, resized and in the end closed. Nothing is left of it. The race
// detector looks on.
func TestFloodTogether(t *testing.T) {
	w := newWorld(t)
	l, _ := w.socket(ipv4.ProtocolNumber)
	if err := l.Bind(tcpip.FullAddress{Port: port}); err != nil {
		t.Fatal(err)
	}
	if err := l.Listen(20); err != nil {
		t.Fatal(err)
	}
	var peers, others sync.WaitGroup
	stop := make(chan struct{})
	loop := func(f func()) {
		others.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					f()
				}
			}
		})
	}
	answers := make(chan *segment, 4096)
	loop(func() {
		if s := w.recv(); s != nil && s.Flags.Has(wire.SYN|wire.ACK) {
			select {
			case answers <- s:
			default:
			}
		}
		runtime.Gosched()
	})
	var accepted atomic.Int32
	loop(func() {
		if c, _, err := l.Accept(nil); err == nil {
			accepted.Add(1)
			c.Close()
		}
		runtime.Gosched()
	})
	loop(func() {
		_ = l.Shutdown(tcpip.ShutdownRead)
		_ = l.Listen(20)
		_ = l.Listen(30)
		l.Readiness(0xff)
		time.Sleep(time.Millisecond)
	})
	for g := range uint16(4) {
		rng := mrand.New(mrand.NewPCG(1, uint64(g)))
		peers.Go(func() {
			// At least that many rounds, and until enough got through.
			for i := 0; i < 500 || accepted.Load() < 50; i++ {
				p := w.peer(10000*(g+1) + uint16(rng.IntN(100)))
				switch rng.IntN(4) {
				case 0:
					p.syn(usual)
				case 1:
					p.nxt = p.nxt.Add(1)
					p.seg(wire.RST, "")
				default:
					select {
					case s := <-answers:
						p.port, p.nxt, p.rcv = s.DstPort, s.Ack, s.Seq.Add(1)
						o := wire.Options{HasTimestamps: true, TSVal: usual.TSVal, TSEcr: s.Options.TSVal}
						p.send(segment{Header: wire.Header{Seq: p.nxt, Ack: p.rcv, Flags: wire.ACK, Window: 1000, Options: o}, text: "x"})
					default:
						p.syn(usual)
					}
				}
			}
		})
	}
	peers.Wait()
	close(stop)
	others.Wait()
	l.Close()
	for range 40 { // the connections accepted wait for a peer that never closes
		w.wait(time.Minute)
		w.link.Drain()
	}
	if n := len(w.s.RegisteredEndpoints()) + len(w.s.CleanupEndpoints()); n != 0 {
		t.Errorf("%d endpoints are left", n)
	}
	w.wantCount("CurrentConnected", w.stats().CurrentConnected, 0)
	w.wantCount("CurrentEstablished", w.stats().CurrentEstablished, 0)
	w.listen(1) // the port is free
}

// TestSynQueueBound checks that a flood from ever new peers keeps no more than
// the backlog says, whatever comes first.
func TestSynQueueBound(t *testing.T) {
	for _, backlog := range []int{1, 2, 16} {
		w := newWorld(t)
		w.listen(backlog)
		for i := range 500 {
			p := w.peer(uint16(2000 + i))
			p.nxt = seq.New(uint32(i) * 7919)
			p.syn(usual)
			p.want(wire.SYN | wire.ACK)
			if n := len(w.s.RegisteredEndpoints()); n > backlog {
				t.Fatalf("backlog %d: %d endpoints after %d SYNs", backlog, n, i+1)
			}
		}
		w.wantCount("cookies", w.stats().ListenOverflowSynCookieSent, uint64(500-(backlog-1)))
	}
}
