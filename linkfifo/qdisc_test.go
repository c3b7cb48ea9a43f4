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
