// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"tcpcb/linkfifo"
)

// tally is a dispatcher that only counts.
type tally struct{ n atomic.Int64 }

func (c *tally) DeliverNetworkPacket(tcpip.NetworkProtocolNumber, *stack.PacketBuffer) { c.n.Add(1) }
func (c *tally) DeliverLinkPacket(tcpip.NetworkProtocolNumber, *stack.PacketBuffer)    {}

// BenchmarkPackets sends packets, one or 16 at a time, as fast as they are
// delivered.
func BenchmarkPackets(b *testing.B) {
	for _, path := range []struct {
		name string
		linkfifo.Path
	}{{"perfect", linkfifo.Path{}}, {"path", linkfifo.Path{Rate: linkfifo.MaxRate, Delay: 1000, Loss: 0.001}}} {
		for _, size := range []int{1500, 1 << 16} {
			for _, batch := range []int{1, 16} {
				b.Run(fmt.Sprintf("%s/%d/batch=%d", path.name, size, batch), func(b *testing.B) {
					benchmarkPackets(b, path.Path, size, batch)
				})
			}
		}
	}
}

func benchmarkPackets(b *testing.B, path linkfifo.Path, size, batch int) {
	side := linkfifo.Side{GSO: true, TXChecksumOffload: true, RXChecksumOffload: true, Path: path}
	link, err := linkfifo.New(linkfifo.Options{A: side, B: side})
	if err != nil {
		b.Fatal(err)
	}
	var got tally
	link.B.Attach(&got)
	payload := buffer.MakeWithView(buffer.NewViewSize(size - 40))
	defer payload.Release()
	b.SetBytes(int64(size * batch))
	b.ReportAllocs()
	var pkts stack.PacketBufferList
	for n := 0; b.Loop(); {
		for range batch {
			pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{ReserveHeaderBytes: 40, Payload: payload.Clone()})
			pkt.NetworkHeader().Push(40)[0] = 0x45
			pkt.NetworkProtocolNumber = header.IPv4ProtocolNumber
			pkt.GSOOptions.Type = stack.GSOTCPv4
			pkts.PushBack(pkt)
		}
		if _, err := link.A.WritePackets(pkts); err != nil {
			b.Fatal(err)
		}
		pkts.Reset()
		// As a window would, hold back a sender that is far ahead.
		if n += batch; n%1024 == 0 {
			for s := link.A.Stats(); s.InTransit() > 2048; s = link.A.Stats() {
				_ = s
			}
		}
	}
	if n := link.A.Stats().DroppedQueue; n > 0 {
		b.Errorf("%d packets have found the queue full", n)
	}
	b.ReportMetric(float64(b.N*batch)/b.Elapsed().Seconds(), "packets/s")
	link.Close()
	link.Wait()
}
