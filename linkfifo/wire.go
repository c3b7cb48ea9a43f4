// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import "gvisor.dev/gvisor/pkg/tcpip/stack"

// wire sends a packet on its way to the receiver, with the reference it is
// given, through whatever the path does to it.
func (d *direction) wire(at instant, pkt *stack.PacketBuffer, size int) {
	t := transit{dir: d, pkt: pkt}
	if !d.touched {
		d.launch(at, at, size, t, true)
		return
	}
	if hit(d.dice.loss, d.path.Loss) {
		d.lose(at, DroppedLoss, pkt, size)
		return
	}
	if d.dice.burstLoss(d.path.Burst) {
		d.lose(at, DroppedBurst, pkt, size)
		return
	}
	if hit(d.dice.corrupt, d.path.Corrupt) {
		if c := corrupted(d.dice.corrupt, pkt, d.path.CorruptBits, d.owesChecksum(pkt)); c != nil {
			d.note(at, Corrupted, size)
			d.sched.discard(pkt)
			t.pkt, t.harmed = c, true
		}
	}
	due := at + instant(d.path.Delay) + d.dice.wait(d.path.Jitter)
	inOrder := true
	if hit(d.dice.reorder, d.path.Reorder) {
		d.note(at, Reordered, size)
		due += instant(d.path.ReorderBy)
		inOrder = false
	}
	if hit(d.dice.duplicate, d.path.Duplicate) {
		d.note(at, Duplicated, size)
		t.pkt.IncRef()
		d.launch(at, due, size, t, inOrder)
	}
	d.launch(at, due, size, t, inOrder)
}

// lose drops a packet.
func (d *direction) lose(at instant, k Kind, pkt *stack.PacketBuffer, size int) {
	d.note(at, k, size)
	d.sched.discard(pkt)
}

// launch puts a packet on the wire at the first time, to arrive at the second. A
// packet in order waits for those before it; one that is late by intent neither
// waits nor is waited for.
func (d *direction) launch(at, due instant, size int, t transit, inOrder bool) {
	if d.flight >= d.path.FlightPackets {
		d.lose(at, DroppedFlight, t.pkt, size)
		return
	}
	if inOrder {
		due = max(due, d.lastDue)
		d.lastDue = due
	}
	d.flight++
	if due <= at {
		d.arrives(t)
		return
	}
	if !d.path.Away { // then it leaves the device now
		left := t.pkt
		t.pkt = left.Clone()
		d.sched.discard(left)
	}
	d.sched.arrivals.push(arrival{at: due, seq: d.sched.nextSeq(), transit: t})
}

// arrives puts a packet at the end of those that wait for the receiver.
func (d *direction) arrives(t transit) {
	d.readyLen++
	d.readyBytes += t.pkt.Size()
	d.sched.ready.Push(t)
}

// leaves undoes what arrives and launch have counted.
func (d *direction) leaves(pkt *stack.PacketBuffer) {
	d.flight--
	d.readyLen--
	d.readyBytes -= pkt.Size()
}
