// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/refs"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/faketime"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"tcpcb/linkfifo"
)

// counted sends packets whose release is counted.
func counted(t *testing.T, e *linkfifo.Endpoint, n int, live *atomic.Int64) {
	t.Helper()
	for i := range n {
		live.Add(1)
		pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{
			Payload:   buffer.MakeWithData(datagram(uint32(i), 1000)),
			OnRelease: func() { live.Add(-1) },
		})
		pkt.NetworkProtocolNumber = header.IPv4ProtocolNumber
		var list stack.PacketBufferList
		list.PushBack(pkt)
		if _, err := e.WritePackets(list); err != nil {
			t.Error(err)
		}
		list.DecRef()
	}
}

// Each place a packet can be in gives it back on Close: ready, on the wire, in
// the transmitter, in the queue, and made anew by corruption, marking and
// duplication.
var places = map[string]linkfifo.Path{
	"ready":     {},
	"wire":      {Delay: time.Hour},
	"queue":     {Rate: 1000},
	"both":      {Rate: 8e8, Delay: time.Hour, QueuePackets: 5},
	"corrupt":   {Corrupt: 1, Delay: time.Hour},
	"duplicate": {Duplicate: 1, Delay: time.Hour},
	"lost":      {Loss: 0.5, Rate: 8e6},
	"full":      {FlightPackets: 3, Delay: time.Hour},
}

func TestCloseReleasesPackets(t *testing.T) {
	old := refs.GetLeakMode()
	refs.SetLeakMode(refs.LeaksPanic)
	defer refs.SetLeakMode(old)
	for name, path := range places {
		for _, real := range []bool{false, true} {
			var clock tcpip.Clock
			virtual := linkfifo.NewVirtualClock()
			if !real {
				clock = virtual
			}
			link, err := linkfifo.New(linkfifo.Options{Clock: clock, A: linkfifo.Side{Path: path}, B: linkfifo.Side{Path: path}})
			if err != nil {
				t.Fatal(err)
			}
			var live atomic.Int64
			got := &sink{}
			link.B.Attach(got)
			counted(t, link.A, 20, &live)
			counted(t, link.B, 20, &live)
			virtual.Advance(3 * ms)
			counted(t, link.A, 1, &live)
			closes := 0
			link.A.SetOnCloseAction(func() { closes++ })
			link.Close()
			link.Close()
			link.Wait()
			checkClosed(t, link)
			if n := live.Load(); n != 0 {
				t.Errorf("%s, real clock %v: %d packets not released", name, real, n)
			}
			if closes != 1 || virtual.Pending() != 0 || link.A.IsAttached() || link.B.IsAttached() {
				t.Errorf("%s, real clock %v: %d close actions, %d timers", name, real, closes, virtual.Pending())
			}
			n := got.len()
			virtual.Advance(2 * time.Hour)
			if got.len() != n {
				t.Errorf("%s: delivered after Close", name)
			}
		}
	}
	refs.DoRepeatedLeakCheck() // panics on a packet buffer with a reference left
}

func TestClosedEnd(t *testing.T) {
	link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{Path: linkfifo.Path{Delay: ms}}, B: linkfifo.Side{Path: linkfifo.Path{Delay: ms}}})
	back := &sink{}
	link.A.Attach(back)
	send(t, link.A, 0, 2)
	send(t, link.B, 0, 3)
	link.A.Close()
	clock.Advance(ms)
	if got.len() != 2 || back.len() != 0 {
		t.Errorf("after A closed: %d at B, want 2; %d at A, want 0", got.len(), back.len())
	}
	link.A.Attach(back)
	if link.A.IsAttached() {
		t.Error("attached after Close")
	}
	send(t, link.B, 3, 4)
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(datagram(0, 100))})
	defer pkt.DecRef()
	var list stack.PacketBufferList
	list.PushBack(pkt)
	if n, err := link.A.WritePackets(list); n != 0 || err == nil {
		t.Errorf("WritePackets on a closed end: %d, %v", n, err)
	}
	if a, b := link.A.Stats(), link.B.Stats(); a.DroppedClosed != 1 || a.Delivered != 2 || b.DroppedClosed != 4 {
		t.Errorf("a %+v\nb %+v", a, b)
	}
}

func TestDetached(t *testing.T) {
	link, clock, got := virtualLink(t, linkfifo.Options{})
	send(t, link.A, 0, 1)
	clock.Advance(0)
	link.B.Attach(nil)
	if link.B.IsAttached() {
		t.Error("attached")
	}
	send(t, link.A, 1, 3)
	clock.Advance(0)
	link.B.Attach(got)
	send(t, link.A, 3, 4)
	clock.Advance(0)
	if s := link.A.Stats(); got.len() != 2 || s.DroppedDetached != 2 || s.Delivered != 2 {
		t.Errorf("%d arrived: %+v", got.len(), s)
	}
}

// Writers on the real clock, each in order, while others look and change.
func TestConcurrentWriters(t *testing.T) {
	const writers, each = 4, 2000
	for name, path := range map[string]linkfifo.Path{
		"perfect": {QueuePackets: writers * each},
		"path":    {Rate: 1e9, Delay: ms, Jitter: ms, QueuePackets: writers * each},
	} {
		t.Run(name, func(t *testing.T) {
			link, err := linkfifo.New(linkfifo.Options{A: linkfifo.Side{Path: path}})
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			var last [writers]int
			n := 0
			got := &sink{then: func(b []byte) {
				w, i := number(b)/each, number(b)%each
				if i+1 != last[w]+1 {
					t.Errorf("writer %d: packet %d after %d", w, i, last[w]-1)
				}
				last[w] = i + 1
				if n++; n == writers*each {
					close(done)
				}
			}}
			link.B.Attach(got)
			var wg sync.WaitGroup
			for w := range writers {
				wg.Go(func() {
					for i := range each {
						write(t, link.A, datagram(uint32(w*each+i), 100))
						if i%100 == 0 {
							_ = link.A.Stats()
							if err := link.A.SetPath(path); err != nil {
								t.Error(err)
							}
						}
					}
				})
			}
			wg.Wait()
			select {
			case <-done:
			case <-time.After(30 * time.Second):
				t.Errorf("%+v", link.A.Stats())
			}
			link.Close()
			link.Wait()
			checkClosed(t, link)
		})
	}
}

// Closing while writers write stops everything and loses count of nothing.
func TestCloseUnderLoad(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 50 {
		link, err := linkfifo.New(linkfifo.Options{A: linkfifo.Side{Path: linkfifo.Path{Jitter: 10 * time.Microsecond}}})
		if err != nil {
			t.Fatal(err)
		}
		got := &sink{}
		link.A.Attach(got)
		link.B.Attach(got)
		var live atomic.Int64
		var wg sync.WaitGroup
		for _, e := range []*linkfifo.Endpoint{link.A, link.B} {
			wg.Go(func() {
				for {
					live.Add(1)
					pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{
						Payload: buffer.MakeWithData(datagram(0, 64)), OnRelease: func() { live.Add(-1) }})
					var list stack.PacketBufferList
					list.PushBack(pkt)
					_, err := e.WritePackets(list)
					pkt.DecRef()
					if err != nil {
						return
					}
				}
			})
		}
		for got.len() < 10 {
			runtime.Gosched()
		}
		link.Close()
		link.Wait()
		wg.Wait()
		checkClosed(t, link)
		if n := live.Load(); n != 0 {
			t.Fatalf("%d packets not released", n)
		}
	}
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}

// netstack's own manual clock serves as well.
func TestManualClock(t *testing.T) {
	clock := faketime.NewManualClock()
	link, err := linkfifo.New(linkfifo.Options{Clock: clock, A: linkfifo.Side{Path: linkfifo.Path{Rate: 8e6, Delay: 10 * ms}}})
	if err != nil {
		t.Fatal(err)
	}
	atA, atB := &sink{clock: clock}, &sink{clock: clock}
	link.A.Attach(atA)
	link.B.Attach(atB)
	send(t, link.A, 0, 3)
	send(t, link.B, 0, 3) // due at once
	clock.Advance(time.Second)
	wantTimes(t, atB, 11*ms, 12*ms, 13*ms)
	if n := atA.len(); n != 3 {
		t.Errorf("%d at A", n)
	}
	link.Close()
	clock.Advance(time.Second)
	checkClosed(t, link)
}

// On the real clock a rate holds although its goroutine wakes late.
func TestRealClockRate(t *testing.T) {
	clock := tcpip.NewStdClock()
	// 200 packets of 1000 bytes at 80 Mbit/s: 20 ms, and 5 ms of delay.
	link, err := linkfifo.New(linkfifo.Options{Clock: clock, A: linkfifo.Side{Path: linkfifo.Path{Rate: 80e6, Delay: 5 * ms}}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	n := 0
	got := &sink{clock: clock, then: func([]byte) {
		if n++; n == 200 {
			close(done)
		}
	}}
	link.B.Attach(got)
	start := clock.NowMonotonic().Sub(tcpip.MonotonicTime{})
	send(t, link.A, 0, 200)
	<-done
	link.Close()
	link.Wait()
	if first, last := got.times[0]-start, got.times[199]-start; first < 5*ms || last < 25*ms {
		t.Errorf("first after %v, last after %v: too early", first, last)
	}
}
