// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"sync"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/link/nested"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/linkfifo"
)

// trailing is MirageOS's backend Trailing_bytes: frames end in 0 to 9 bytes that
// belong to no packet.
type trailing struct {
	nested.Endpoint
	n int
}

// MTU leaves room for the tail, of which the stack knows nothing.
func (e *trailing) MTU() uint32 { return e.Endpoint.MTU() - 9 }

func (e *trailing) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	var padded stack.PacketBufferList
	defer func() { padded.DecRef() }()
	for _, pkt := range pkts.AsSlice() {
		b := pkt.ToBuffer()
		tail := buffer.MakeWithData(make([]byte, e.n%10))
		e.n++
		b.Merge(&tail)
		out := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: b})
		out.NetworkProtocolNumber = pkt.NetworkProtocolNumber
		padded.PushBack(out)
	}
	return e.Endpoint.WritePackets(padded)
}

// TestMirageTrailingBytes: what follows a packet in its frame is none of TCP's.
func TestMirageTrailingBytes(t *testing.T) {
	v := &virtual{t: t, clock: linkfifo.NewVirtualClock()}
	link, err := linkfifo.New(linkfifo.Options{A: linkfifo.Side{MTU: 1509}, B: linkfifo.Side{MTU: 1509}, Clock: v.clock})
	if err != nil {
		t.Fatal(err)
	}
	defer link.Close()
	wrap := func(l stack.LinkEndpoint) stack.LinkEndpoint {
		e := &trailing{}
		e.Init(l, e)
		return e
	}
	v.link, v.a, v.b = link, v.stack(1, wrap(link.A), addrA), v.stack(2, wrap(link.B), addrB)
	client, server := v.connect(80)
	v.run(time.Minute, newFlow(client, server, 1, 1<<20), newFlow(server, client, 2, 1<<20))
	client.Close()
	server.Close()
	v.wantEmpty()
}

// TestMirageNoRoute: a packet that the network layer cannot send is a lost
// packet (CHANGES 3.0.0).
func TestMirageNoRoute(t *testing.T) {
	v := newVirtual(t, 33, linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Rate: 100e6, Delay: 5 * time.Millisecond}})
	client, server := v.connect(80)
	f, back := newFlow(client, server, 1, 4<<20), newFlow(server, client, 2, 0)
	v.until("a megabyte", time.Minute, func() bool { f.step(); back.step(); return f.got > 1<<20 })
	if err := v.a.DisableNIC(nic); err != nil {
		t.Fatal(err)
	}
	v.clock.Advance(time.Second)
	if err := v.a.EnableNIC(nic); err != nil {
		t.Fatal(err)
	}
	v.run(time.Minute, f, back)
	client.Close()
	server.Close()
	v.wantEmpty()
}

// TestMirageEOF: the end of the stream is told to every read, not to the first
// only.
func TestMirageEOF(t *testing.T) {
	v := newVirtual(t, 35, linkfifo.Side{MTU: 1500})
	client, server := v.connect(80)
	client.Close()
	v.clock.Advance(time.Second)
	for i := range 3 {
		if _, err := server.Read(discard{}, tcpip.ReadOptions{}); err == nil || err.String() != (&tcpip.ErrClosedForReceive{}).String() {
			t.Errorf("read %d: %v, want the end", i, err)
		}
	}
	server.Close()
	v.wantEmpty()
}

// TestMirageResetWakesAll: many readers and writers wait on one connection when
// it is reset, and none goes on waiting.
func TestMirageResetWakesAll(t *testing.T) {
	a, b := newPair(t, pairings[0], linkfifo.Side{MTU: 1500}, linkfifo.Side{MTU: 1500})
	client, server, err := connect(a, b, addrB, port)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for {
				if _, err := client.Write(make([]byte, 1<<20)); err != nil {
					return
				}
			}
		})
		all.Go(func() {
			// The first hears of the reset, the others of the end.
			if n, err := client.Read(make([]byte, 10)); err == nil {
				t.Errorf("a reader got %d bytes, want an error", n)
			}
		})
	}
	if _, err := io.ReadFull(server, make([]byte, 4<<20)); err != nil {
		t.Fatal(err)
	}
	server.Close() // with text unread: a reset
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("somebody still waits")
	}
}
