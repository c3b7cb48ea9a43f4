// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"tcpcb/linkfifo"
)

// The scenarios of MirageOS's TCP tests, by their names there, in virtual time
// and with both ends' tables counted afterwards.

// TestMirageConnect: connections that carry a string and close, in order and
// with loss, a hundred times each.
func TestMirageConnect(t *testing.T) {
	for _, loss := range []float64{0, 0.1} {
		t.Run(fmt.Sprintf("loss-%v", loss), func(t *testing.T) {
			for seed := range uint64(100) {
				v := newVirtual(t, seed, linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Loss: loss, Delay: time.Millisecond}})
				client, server := v.connect(80)
				v.run(10*time.Minute, newFlow(client, server, seed, 20), newFlow(server, client, seed+1, 0))
				client.Close()
				server.Close()
				v.wantEmpty()
			}
		})
	}
}

// TestMirageIperf: bulk over a good link, one that loses, one that loses small
// packets, and links of every MTU.
func TestMirageIperf(t *testing.T) {
	tests := []struct {
		name string
		side linkfifo.Side
		n    int
	}{
		{"basic", linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Delay: time.Millisecond}}, 10 << 20},
		{"loss-1%", linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Delay: time.Millisecond, Loss: 0.01}}, 10 << 20},
		{"loss-20%", linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Delay: time.Millisecond, Loss: 0.2}}, 1 << 20},
		{"bursts", linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Delay: time.Millisecond, Burst: linkfifo.Bursts(0.02, 5)}}, 4 << 20},
		{"reordered", linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Delay: time.Millisecond, Reorder: 0.05, ReorderBy: 5 * time.Millisecond}}, 4 << 20},
		{"duplicated", linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Delay: time.Millisecond, Duplicate: 0.2}}, 4 << 20},
		// One bit a packet: two may cancel out in TCP's checksum.
		{"corrupt", linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Delay: time.Millisecond, Corrupt: 0.02, CorruptBits: 1}}, 4 << 20},
		{"slow line", linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Rate: 10e6, Delay: 20 * time.Millisecond, QueuePackets: 40}}, 4 << 20},
		{"mtu-1280", linkfifo.Side{MTU: 1280, Path: linkfifo.Path{Loss: 0.01}}, 1 << 20},
		{"mtu-9000", linkfifo.Side{MTU: 9000, Path: linkfifo.Path{Loss: 0.01}}, 4 << 20},
		{"mtu-65535", linkfifo.Side{MTU: 65535, Path: linkfifo.Path{Loss: 0.01}}, 16 << 20},
	}
	for i, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v := newVirtual(t, uint64(100+i), tt.side)
			client, server := v.connect(5001)
			v.run(2*time.Hour, newFlow(client, server, 1, tt.n), newFlow(server, client, 2, tt.n/4))
			client.Close()
			server.Close()
			v.wantEmpty()
		})
	}
}

var long = flag.Bool("long", false, "run the transfers of a gigabyte, which take a while")

// TestMirageIperfLong: a gigabyte over a good link, and over one that loses.
func TestMirageIperfLong(t *testing.T) {
	if !*long {
		t.Skip("a gigabyte takes a while: go test ./conformance -run Long -args -long")
	}
	for _, loss := range []float64{0, 0.01} {
		t.Run(fmt.Sprintf("loss-%v", loss), func(t *testing.T) {
			v := newVirtual(t, 31, linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Delay: time.Millisecond, Loss: loss}})
			client, server := v.connect(5001)
			v.run(24*time.Hour, newFlow(client, server, 1, 1<<30), newFlow(server, client, 2, 0))
			client.Close()
			server.Close()
			v.wantEmpty()
		})
	}
}

// TestMirageBlackout cuts the link for a second, and for five, after a
// megabyte: the transfer goes on within the RTO's backoff of its return.
func TestMirageBlackout(t *testing.T) {
	for _, cut := range []time.Duration{time.Second, 5 * time.Second} {
		t.Run(cut.String(), func(t *testing.T) {
			v := newVirtual(t, 7, linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Rate: 100e6, Delay: 10 * time.Millisecond}})
			client, server := v.connect(5001)
			f, back := newFlow(client, server, 1, 4<<20), newFlow(server, client, 2, 0)
			v.until("a megabyte", time.Minute, func() bool { f.step(); back.step(); return f.got > 1<<20 })
			v.link.SetDown(true)
			v.clock.Advance(cut)
			v.link.SetDown(false)
			got := f.got
			v.until("more text", 2*cut, func() bool { f.step(); back.step(); return f.got > got })
			v.run(10*time.Minute, f, back)
			client.Close()
			server.Close()
			v.wantEmpty()
		})
	}
}

// TestMaxRTO: a stack's TCPMaxRTOOption of a second has a connection go on within
// a second of the return of a path that was cut for 5 s; by default it takes as
// long as the doubled timeouts do (RFC 6298, section 5.5).
func TestMaxRTO(t *testing.T) {
	for _, cc := range []string{"reno", "cubic"} {
		for _, bounded := range []bool{true, false} {
			v := newVirtual(t, 7, linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Rate: 100e6, Delay: 10 * time.Millisecond}})
			if bounded {
				opt := tcpip.TCPMaxRTOOption(time.Second)
				if err := v.a.SetTransportProtocolOption(header.TCPProtocolNumber, &opt); err != nil {
					t.Fatal(err)
				}
			}
			name := tcpip.CongestionControlOption(cc)
			if err := v.a.SetTransportProtocolOption(header.TCPProtocolNumber, &name); err != nil {
				t.Fatal(err)
			}
			client, server := v.connect(5001)
			f, back := newFlow(client, server, 1, 4<<20), newFlow(server, client, 2, 0)
			v.until("a megabyte", time.Minute, func() bool { f.step(); back.step(); return f.got > 1<<20 })
			v.link.SetDown(true)
			v.clock.Advance(5 * time.Second)
			f.step() // what was past the cut
			v.link.SetDown(false)
			got, start := f.got, v.clock.Elapsed()
			v.until("more text", 10*time.Second, func() bool { f.step(); back.step(); return f.got > got })
			took := v.clock.Elapsed() - start
			if within := took <= time.Second; within != bounded {
				t.Errorf("%s, bounded %v: goes on after %v", cc, bounded, took)
			}
			v.run(10*time.Minute, f, back)
			client.Close()
			server.Close()
			v.wantEmpty()
		}
	}
}

// TestMirageDeadlock: a reader that sleeps; the writer never waits for long.
func TestMirageDeadlock(t *testing.T) {
	v := newVirtual(t, 9, linkfifo.Side{MTU: 4000, Path: linkfifo.Path{Rate: 1e9, Delay: time.Millisecond}})
	client, server := v.connect(5001)
	f, back := newFlow(client, server, 1, 32<<20), newFlow(server, client, 2, 0)
	wake, next := time.Duration(0), 1<<20
	f.pause = func(got int) bool {
		if got >= next { // a nap after each megabyte
			next, wake = got+1<<20, v.clock.Elapsed()+10*time.Millisecond
			v.clock.AfterFunc(10*time.Millisecond, func() {})
		}
		return v.clock.Elapsed() < wake
	}
	v.run(time.Minute, f, back)
	client.Close()
	server.Close()
	v.wantEmpty()
}

// TestMirageKeepalive: after=0, one second, three probes; the network goes off,
// and both ends learn of it.
func TestMirageKeepalive(t *testing.T) {
	v := newVirtual(t, 11, linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Delay: time.Millisecond}})
	client, server := v.connect(5001)
	for _, e := range []end{client, server} {
		idle, every := tcpip.KeepaliveIdleOption(time.Second), tcpip.KeepaliveIntervalOption(time.Second)
		for _, err := range []tcpip.Error{e.SetSockOpt(&idle), e.SetSockOpt(&every), e.SetSockOptInt(tcpip.KeepaliveCountOption, 3)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		e.SocketOptions().SetKeepAlive(true)
	}
	v.clock.Advance(time.Minute) // probes are answered
	v.link.SetDown(true)
	v.clock.Advance(6 * time.Second)
	for i, e := range []end{client, server} {
		if _, err := e.Read(discard{}, tcpip.ReadOptions{}); err == nil || err.String() != (&tcpip.ErrTimeout{}).String() {
			t.Errorf("end %d: Read gave %v, want a timeout", i, err)
		}
		e.Close()
	}
	v.wantEmpty()
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

// TestMirageSimultaneousClose: both ends close in the same instant.
func TestMirageSimultaneousClose(t *testing.T) {
	v := newVirtual(t, 13, linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Delay: 5 * time.Millisecond}})
	client, server := v.connect(5001)
	client.Close()
	server.Close()
	v.wantEmpty()
}

// TestMirageRefused: a closed port answers with a reset, not with silence.
func TestMirageRefused(t *testing.T) {
	v := newVirtual(t, 15, linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Delay: 5 * time.Millisecond}})
	c := v.socket(v.a)
	c.Connect(tcpip.FullAddress{Addr: addrB, Port: 1})
	v.clock.Advance(11 * time.Millisecond)
	if err := c.LastError(); err == nil || err.String() != (&tcpip.ErrConnectionRefused{}).String() {
		t.Errorf("the outcome is %v, want refused", err)
	}
	c.Close()
	v.wantEmpty()
}

// TestMirageMTU: hosts with different MTUs talk at the smaller (mirage's mtu).
func TestMirageMTU(t *testing.T) {
	for _, mtus := range [][2]uint32{{1500, 9000}, {9000, 1500}, {9000, 9000}} {
		t.Run(fmt.Sprint(mtus), func(t *testing.T) {
			v := &virtual{t: t, clock: linkfifo.NewVirtualClock()}
			link, err := linkfifo.New(linkfifo.Options{A: linkfifo.Side{MTU: mtus[0]}, B: linkfifo.Side{MTU: mtus[1]}, Clock: v.clock})
			if err != nil {
				t.Fatal(err)
			}
			defer link.Close()
			v.link, v.a, v.b = link, v.stack(1, link.A, addrA), v.stack(2, link.B, addrB)
			client, server := v.connect(80)
			v.run(time.Minute, newFlow(client, server, 1, 3750), newFlow(server, client, 2, 7000))
			client.Close()
			server.Close()
			v.wantEmpty()
		})
	}
}
