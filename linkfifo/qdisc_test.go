// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo_test

import (
	"slices"
	"testing"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"tcpcb/linkfifo"
)

// TestQueueingDiscipline: as a NIC's queueing discipline an end takes packets one
// by one, in the order of those that come by list, and refuses them once closed.
func TestQueueingDiscipline(t *testing.T) {
	link, clock, got := virtualLink(t, linkfifo.Options{})
	var qdisc stack.QueueingDiscipline = link.A
	one := func(n uint32) tcpip.Error {
		pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(datagram(n, 100))})
		defer pkt.DecRef()
		pkt.NetworkProtocolNumber = header.IPv4ProtocolNumber
		return qdisc.WritePacket(pkt)
	}
	for n := range uint32(4) {
		if n%2 == 0 {
			write(t, link.A, datagram(n, 100))
		} else if err := one(n); err != nil {
			t.Fatal(err)
		}
	}
	clock.Advance(ms)
	if n := got.numbers(); !slices.Equal(n, []int{0, 1, 2, 3}) {
		t.Errorf("packets %v came", n)
	}
	qdisc.Close()
	if _, closed := one(4).(*tcpip.ErrClosedForSend); !closed {
		t.Error("a closed end took a packet")
	}
}

// TestQueueRefuses: a full queue of the host's own says so, by list and one by one,
// and takes what comes when there is room again.
func TestQueueRefuses(t *testing.T) {
	link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{
		Path: linkfifo.Path{Rate: 8 * 100 * 1000, QueuePackets: 2, QueueRefuses: true}, // a packet each ms
	}})
	list := func(from, n uint32) (int, tcpip.Error) {
		var pkts stack.PacketBufferList
		defer pkts.Reset()
		for i := range n {
			pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(datagram(from+i, 100))})
			pkt.NetworkProtocolNumber = header.IPv4ProtocolNumber
			pkts.PushBack(pkt)
		}
		return link.A.WritePackets(pkts)
	}
	n, err := list(0, 5)
	if _, full := err.(*tcpip.ErrNoBufferSpace); n != 3 || !full {
		t.Errorf("WritePackets = %d, %v; want 3, one in the transmitter and two in the queue, and no buffer space", n, err)
	}
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(datagram(9, 100))})
	pkt.NetworkProtocolNumber = header.IPv4ProtocolNumber
	if _, full := link.A.WritePacket(pkt).(*tcpip.ErrNoBufferSpace); !full {
		t.Error("WritePacket into a full queue is not refused")
	}
	pkt.DecRef()
	clock.Advance(ms)
	if n, err := list(3, 1); n != 1 || err != nil {
		t.Errorf("WritePackets with room = %d, %v", n, err)
	}
	clock.Advance(4 * ms)
	if n := got.numbers(); !slices.Equal(n, []int{0, 1, 2, 3}) {
		t.Errorf("packets %v came", n)
	}
	if n := link.A.Stats().DroppedQueue; n != 2 {
		t.Errorf("%d packets are counted, want the 2 that were tried", n)
	}
}
