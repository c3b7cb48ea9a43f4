// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/link/sniffer"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// deliver hands a packet to the receiver's dispatcher, without any lock, and
// releases the link's reference: before netstack parses what the receiver gets,
// as it copies headers that it finds to be shared.
func (d *direction) deliver(t transit) {
	size := t.pkt.Size()
	to := d.to.dispatcher.Load()
	if to == nil {
		t.pkt.DecRef()
		if d.to.closed.Load() {
			d.end(DroppedClosed, size)
		} else {
			d.end(DroppedDetached, size)
		}
		return
	}
	pkt := d.fresh(t)
	t.pkt.DecRef()
	defer pkt.DecRef()
	if t.harmed && d.to.side.RXChecksumOffload && !validChecksum(pkt) {
		d.end(DroppedChecksum, size)
		return
	}
	d.to.capture.packet(sniffer.DirectionRecv, pkt)
	d.end(Delivered, size)
	to.DeliverNetworkPacket(pkt.NetworkProtocolNumber, pkt)
}

// end counts how a packet's way ended.
func (d *direction) end(k Kind, size int) {
	d.ended[k].Add(1)
	if k == Delivered {
		d.deliveredBytes.Add(uint64(size))
	}
	if d.trace != nil {
		d.trace.tell(Event{At: time.Duration(d.sched.now()), From: d.from.side.Name, Kind: k, Bytes: size})
	}
}

// fresh returns a packet for the receiver, without the sender's headers and
// marks. It shares the sender's bytes, which netstack copies before it writes to
// what is shared, unless a checksum has to be filled in.
func (d *direction) fresh(t transit) *stack.PacketBuffer {
	if !t.harmed && !d.to.side.RXChecksumOffload && d.owesChecksum(t.pkt) {
		v := linear(t.pkt)
		completeChecksum(v.AsSlice())
		return wrap(v, t.pkt)
	}
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: t.pkt.ToBuffer()})
	pkt.NetworkProtocolNumber = t.pkt.NetworkProtocolNumber
	return pkt
}

// owesChecksum reports whether the sender may have left the transport checksum
// to the device.
func (d *direction) owesChecksum(pkt *stack.PacketBuffer) bool {
	return d.from.side.TXChecksumOffload || pkt.GSOOptions.Type != stack.GSONone && pkt.GSOOptions.NeedsCsum
}

// validChecksum reports whether the packet has a right transport checksum.
func validChecksum(pkt *stack.PacketBuffer) bool {
	v := linear(pkt)
	defer v.Release()
	return checksumValid(v.AsSlice())
}
