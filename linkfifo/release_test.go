// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo_test

import (
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/linkfifo"
)

// A packet is released when it leaves the sender's host: when the device has transmitted
// it, or at once where the queue is away.
func TestRelease(t *testing.T) {
	const size, ms = 1000, time.Millisecond // 1 ms at 8 Mbit/s
	for _, c := range []struct {
		name string
		path linkfifo.Path
		want time.Duration // of the second of two packets
	}{
		{"cable", linkfifo.Path{}, 0},
		{"rate", linkfifo.Path{Rate: 8e6}, 2 * ms},
		{"delay", linkfifo.Path{Delay: 50 * ms}, 0},
		{"rate, delay", linkfifo.Path{Rate: 8e6, Delay: 50 * ms}, 2 * ms},
		{"twice", linkfifo.Path{Rate: 8e6, Delay: 50 * ms, Duplicate: 1}, 2 * ms},
		{"lost", linkfifo.Path{Rate: 8e6, Delay: 50 * ms, Loss: 1}, 2 * ms},
		{"dropped", linkfifo.Path{Rate: 8e6, Delay: 50 * ms, QueueBytes: 1}, 0},
		{"away", linkfifo.Path{Rate: 8e6, Delay: 50 * ms, Away: true}, 0},
	} {
		link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{Path: c.path}})
		var at [2]time.Duration
		for i := range at {
			at[i] = -1
			pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{
				Payload:   buffer.MakeWithData(datagram(uint32(i), size)),
				OnRelease: func() { at[i] = clock.Elapsed() },
			})
			pkt.NetworkProtocolNumber = header.IPv4ProtocolNumber
			var list stack.PacketBufferList
			list.PushBack(pkt)
			if n, err := link.A.WritePackets(list); n != 1 || err != nil {
				t.Fatalf("WritePackets = %d, %v", n, err)
			}
			pkt.DecRef()
		}
		clock.Advance(time.Second)
		if at[1] != c.want {
			t.Errorf("%s: released after %v, want %v", c.name, at[1], c.want)
		}
		if n := got.len(); n == 0 && c.path.Loss == 0 {
			t.Errorf("%s: nothing arrived", c.name)
		}
	}
}
