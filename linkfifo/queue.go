// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import "gvisor.dev/gvisor/pkg/tcpip/stack"

// waiting is a packet in the queue or in the transmitter.
type waiting struct {
	pkt   *stack.PacketBuffer
	size  int
	since instant // when it joined the queue
}

// backlog returns the packets and bytes that wait: for the transmitter, and
// when there is no rate for the receiver.
func (d *direction) backlog() (packets, bytes int) {
	packets, bytes = d.queue.Len(), d.queueBytes
	if d.path.Rate == 0 {
		packets, bytes = packets+d.readyLen, bytes+d.readyBytes
	}
	return packets, bytes
}

// join takes a packet into the queue, or straight past it, or drops it. It reports
// whether the sender is to be told that it did not fit.
func (d *direction) join(now instant, pkt *stack.PacketBuffer, size int) (refused bool) {
	busy := d.departs != never
	packets, bytes := d.backlog()
	// A free transmitter takes the packet at once, so that it never waits.
	if busy || d.path.Rate == 0 {
		if packets >= d.path.QueuePackets || bytes+size > d.path.QueueBytes {
			d.note(now, DroppedQueue, size)
			return d.path.QueueRefuses
		}
	}
	if packets >= d.path.MarkPackets || bytes >= d.path.MarkBytes {
		if m := marked(pkt); m != nil {
			d.note(now, Marked, size)
			d.pass(now, m, size)
			return false
		}
	}
	if d.path.Away {
		d.pass(now, pkt.Clone(), size)
	} else {
		d.pass(now, pkt.IncRef(), size)
	}
	return false
}

// pass moves an admitted packet on, with the reference it is given.
func (d *direction) pass(now instant, pkt *stack.PacketBuffer, size int) {
	switch {
	case d.departs != never:
		d.queue.Push(waiting{pkt, size, now})
		d.queueBytes += size
	case d.path.Rate > 0:
		d.serve(now, waiting{pkt, size, now})
	default:
		d.wire(now, pkt, size)
	}
	packets, bytes := d.backlog()
	d.peakLen, d.peak = max(d.peakLen, packets), max(d.peak, bytes)
}

// serve begins to transmit a packet. The rest of each division is carried over
// to the next, so that the rate holds exactly over any number of packets.
func (d *direction) serve(now instant, w waiting) {
	wait := now - w.since
	d.delayTotal += wait
	d.delayMax = max(d.delayMax, wait)
	d.serving, d.departs, d.departSeq = w, now, d.sched.nextSeq()
	if rate := d.path.Rate; rate > 0 {
		work := int64(w.size)*8*1e9 + d.carry
		d.departs += instant(work / rate)
		d.carry = work % rate
	}
}

// depart ends a transmission and begins the next.
func (d *direction) depart(at instant) {
	w := d.serving
	d.serving, d.departs = waiting{}, never
	d.note(at, Transmitted, w.size)
	if d.queue.Len() > 0 {
		next := d.queue.Pop()
		d.queueBytes -= next.size
		d.serve(at, next)
	} else {
		d.carry = 0
	}
	if d.path.Down {
		d.note(at, DroppedCut, w.size)
		d.sched.discard(w.pkt)
		return
	}
	d.wire(at, w.pkt, w.size)
}

// rescale lets what is left of the current transmission go on at the new rate.
func (d *direction) rescale(now instant, oldRate int64) {
	rate := d.path.Rate
	if d.departs == never || rate == oldRate {
		return
	}
	left := int64(0) // in bit·ns; with no old rate there was nothing left
	if oldRate > 0 {
		left = int64(d.departs-now) * oldRate
	}
	d.carry = 0
	d.departs, d.departSeq = now, d.sched.nextSeq()
	if rate > 0 {
		d.departs += instant(left / rate)
	}
}
