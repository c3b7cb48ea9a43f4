// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"runtime"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/linkfifo"
)

// MirageOS's pcb.ml keeps three tables: channels (connections established),
// connects (being opened) and listens (being accepted). Each must be empty after
// every way in which a connection can end. Here the tables are the stack's:
// endpoints registered, timers, and the gauges of its statistics.

// TestMirageTables: established connections, ended in every way.
func TestMirageTables(t *testing.T) {
	tests := []struct {
		name string
		end  func(v *virtual, client, server end)
	}{
		{"close", func(v *virtual, client, server end) {
			client.Close()
			v.clock.Advance(time.Second)
			server.Close()
		}},
		{"close by the accepting end", func(v *virtual, client, server end) {
			server.Close()
			v.clock.Advance(time.Second)
			client.Close()
		}},
		{"abort", func(v *virtual, client, server end) {
			client.Abort()
			v.clock.Advance(time.Second)
			server.Close()
		}},
		{"close with text unread", func(v *virtual, client, server end) {
			f := newFlow(client, server, 1, 1000)
			f.write()
			v.clock.Advance(time.Second)
			server.Close() // a reset: the text is lost, and the peer should know
			v.clock.Advance(time.Second)
			client.Close()
		}},
		{"timeout", func(v *virtual, client, server end) {
			v.link.SetDown(true)
			newFlow(client, server, 1, 1000).write()
			v.clock.Advance(time.Hour)
			for _, e := range []end{client, server} {
				e.Close()
			}
			v.clock.Advance(time.Hour)
		}},
		{"a peer that is gone", func(v *virtual, client, server end) {
			v.link.SetDown(true)
			server.Abort()
			v.clock.Advance(time.Second)
			v.link.SetDown(false)
			newFlow(client, server, 1, 1000).write() // meets nobody: a reset
			v.clock.Advance(time.Second)
			client.Close()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := newVirtual(t, 21, linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Delay: 5 * time.Millisecond}})
			client, server := v.connect(80)
			if n := v.a.Stats().TCP.CurrentEstablished.Value(); n != 1 {
				t.Fatalf("%d connections are counted, want 1", n)
			}
			tt.end(v, client, server)
			v.wantEmpty()
		})
	}
}

// TestMirageConnects: connections that are being opened, ended in every way.
func TestMirageConnects(t *testing.T) {
	tests := []struct {
		name string
		port uint16
		down bool
		wait time.Duration
		stop func(end)
	}{
		{"refused", 1, false, time.Second, func(e end) { e.Close() }},
		{"timeout", 80, true, 10 * time.Minute, func(e end) { e.Close() }},
		{"close", 80, true, time.Second, func(e end) { e.Close() }},
		{"abort", 80, true, time.Second, func(e end) { e.Abort() }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := newVirtual(t, 23, linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Delay: 5 * time.Millisecond}})
			v.link.SetDown(tt.down)
			for range 10 {
				c := v.socket(v.a)
				if _, ok := c.Connect(tcpip.FullAddress{Addr: addrB, Port: tt.port}).(*tcpip.ErrConnectStarted); !ok {
					t.Fatal("Connect did not start")
				}
				v.clock.Advance(tt.wait)
				tt.stop(c)
			}
			v.wantEmpty()
		})
	}
}

// TestMirageListens: connections that are being accepted, ended in every way.
func TestMirageListens(t *testing.T) {
	tests := []struct {
		name string
		stop func(v *virtual, client, l end)
	}{
		{"the peer is silent", func(v *virtual, client, l end) { v.clock.Advance(10 * time.Minute) }},
		{"the listener closes", func(v *virtual, client, l end) { l.Close() }},
		{"the peer resets", func(v *virtual, client, l end) {
			client.Abort() // it knows of no connection: the next SYN-ACK meets a reset
			v.link.SetDown(false)
			v.clock.Advance(time.Minute)
		}},
		{"accepted by nobody", func(v *virtual, client, l end) {
			v.link.SetDown(false)
			v.clock.Advance(time.Minute)
			l.Close()
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := newVirtual(t, 25, linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Delay: 5 * time.Millisecond}})
			l, client := v.listen(80), v.socket(v.a)
			client.Connect(tcpip.FullAddress{Addr: addrB, Port: 80})
			v.clock.Advance(6 * time.Millisecond) // the SYN is there
			v.link.SetDown(true)
			tt.stop(v, client, l)
			client.Close()
			l.Close()
			v.link.SetDown(false)
			v.wantEmpty()
		})
	}
}

// TestMirageResetFlood: resets in their thousands, for connections there are and
// for some there are not, leave nothing behind and nobody waiting.
func TestMirageResetFlood(t *testing.T) {
	v := newVirtual(t, 27, linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Delay: time.Millisecond}})
	l := v.listen(80)
	defer l.Close()
	flood := func(n int) {
		for i := range n {
			v.inject(i, header.TCPFlagRst, uint32(i)*7919)
			if i%64 == 0 {
				v.clock.Advance(time.Millisecond)
			}
		}
		v.clock.Advance(time.Second)
	}
	flood(1000)
	before := heapInUse()
	flood(50_000)
	if grew := heapInUse() - before; grew > 1<<20 {
		t.Errorf("50,000 resets left %d bytes", grew)
	}
	if n := len(v.b.RegisteredEndpoints()); n != 1 {
		t.Errorf("%d endpoints are registered, want the listener", n)
	}
	if n := v.b.Stats().TCP.ResetsReceived.Value(); n != 51_000 {
		t.Errorf("%d resets were received, want all 51,000", n)
	}
	if n := v.b.Stats().TCP.ResetsSent.Value(); n != 0 {
		t.Errorf("%d resets were answered by resets", n)
	}
}

func heapInUse() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// inject delivers a segment of addrA's to stack b: from port 1024+i%1000 to port
// 80, with the given flags and sequence number.
func (v *virtual) inject(i int, flags header.TCPFlags, seq uint32) {
	const size = header.IPv4MinimumSize + header.TCPMinimumSize
	b := make([]byte, size)
	ip := header.IPv4(b)
	ip.Encode(&header.IPv4Fields{TotalLength: size, TTL: 64, Protocol: uint8(header.TCPProtocolNumber), SrcAddr: addrA, DstAddr: addrB})
	ip.SetChecksum(^ip.CalculateChecksum())
	h := header.TCP(b[header.IPv4MinimumSize:])
	h.Encode(&header.TCPFields{SrcPort: uint16(1024 + i%1000), DstPort: 80, SeqNum: seq, DataOffset: header.TCPMinimumSize, Flags: flags, WindowSize: 1000})
	sum := header.PseudoHeaderChecksum(header.TCPProtocolNumber, addrA, addrB, header.TCPMinimumSize)
	h.SetChecksum(^h.CalculateChecksum(checksum.Checksum(nil, sum)))
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(b)})
	pkt.NetworkProtocolNumber = header.IPv4ProtocolNumber
	var list stack.PacketBufferList
	list.PushBack(pkt)
	v.link.A.WritePackets(list)
	list.DecRef()
}
