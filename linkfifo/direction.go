// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import (
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/internal/ring"
)

// direction is the way from one end to the other: a queue, a transmitter, a wire
// and the receiving device. The scheduler's lock guards all that changes, but
// for what says otherwise.
type direction struct {
	from, to *Endpoint
	sched    *scheduler
	trace    *tracer // nil for none
	dice     dice
	count    [numKinds]uint64 // what happens before a packet is delivered
	bytes    uint64           // sent

	asked   Path // as it was set
	path    Path // with its zeros replaced
	touched bool // the wire does something to packets
	refused bool // the sender is closed
	closed  bool // the receiver is closed

	// The queue, and the packet in the transmitter.
	queue         ring.Ring[waiting]
	queueBytes    int
	serving       waiting
	departs       instant // when it is out; never when there is none
	departSeq     uint64
	carry         int64 // rest of the last division by Rate, in bit·ns
	delayTotal    instant
	delayMax      instant
	peak, peakLen int // bytes, packets

	// The wire.
	flight     int     // packets past the transmitter and not yet delivered
	readyLen   int     // those of them that have arrived, and wait
	readyBytes int     // likewise
	lastDue    instant // the latest arrival that was not made late

	// Counted by the receiving end without the lock, on cache lines of its own.
	_              [64]byte
	ended          [numKinds]atomic.Uint64
	deliveredBytes atomic.Uint64
}

// newDirection returns the direction that the side's packets take.
func newDirection(from, to *Endpoint, s Side, seed, number uint64, t *tracer) *direction {
	d := &direction{from: from, to: to, trace: t, dice: newDice(seed, number), departs: never}
	d.usePath(s.Path)
	from.out, to.in = d, d
	return d
}

func (d *direction) usePath(p Path) {
	d.asked, d.path, d.touched = p, p.limits(), p.touches()
}

// send puts packets on the path, at the clock's time, and returns how many of them:
// all, but where the queue refuses one, and with it those behind it.
func (d *direction) send(pkts []*stack.PacketBuffer) int {
	s := d.sched
	s.mu.Lock()
	// With nothing scheduled and nothing to delay the time makes no difference,
	// as long as it is not before an arrival: the clock need not be read.
	now := d.lastDue
	if d.touched || d.path.Rate > 0 || d.trace != nil || !s.pumped || !s.idle() {
		now = s.now()
		s.advance(now)
	}
	n := 0
	for n < len(pkts) && !d.enter(now, pkts[n]) {
		n++
	}
	s.finish()
	return n
}

// enter takes one packet from the sender, who keeps a reference of its own. It
// reports whether it is refused.
func (d *direction) enter(now instant, pkt *stack.PacketBuffer) (refused bool) {
	size := pkt.Size()
	d.bytes += uint64(size)
	d.note(now, Sent, size)
	switch {
	case d.refused || d.closed:
		d.note(now, DroppedClosed, size)
	case size > int(d.from.MTU()) && pkt.GSOOptions.Type == stack.GSONone:
		d.note(now, DroppedMTU, size)
	case d.path.Down:
		d.note(now, DroppedCut, size)
	default:
		return d.join(now, pkt, size)
	}
	return false
}

// note counts what happens to a packet before it is delivered.
func (d *direction) note(at instant, k Kind, size int) {
	d.count[k]++
	if d.trace != nil {
		packets, bytes := d.backlog()
		d.trace.tell(Event{At: time.Duration(at), From: d.from.side.Name, Kind: k, Bytes: size,
			QueuePackets: packets, QueueBytes: bytes})
	}
}

// refuse lets nothing more be sent.
func (d *direction) refuse() {
	d.sched.mu.Lock()
	d.refused = true
	d.sched.unlock()
}

// shut drops everything under way and stops what served it.
func (d *direction) shut() {
	s := d.sched
	s.mu.Lock()
	d.closed = true
	now := s.now()
	drop := func(pkt *stack.PacketBuffer) {
		d.note(now, DroppedClosed, pkt.Size())
		s.discard(pkt)
	}
	if d.departs != never {
		drop(d.serving.pkt)
		d.serving, d.departs = waiting{}, never
	}
	for d.queue.Len() > 0 {
		w := d.queue.Pop()
		d.queueBytes -= w.size
		drop(w.pkt)
	}
	s.arrivals.takeAll(d, func(t transit) { d.flight--; drop(t.pkt) })
	for range s.ready.Len() {
		t := s.ready.Pop()
		if t.dir == d {
			d.leaves(t.pkt)
			drop(t.pkt)
		} else {
			s.ready.Push(t)
		}
	}
	if s.ready.Len() == 0 && s.idle() {
		s.disarm()
	}
	s.stopped = s.pumped
	s.rest()
	s.unlock()
}

// setPath changes the path.
func (d *direction) setPath(change func(*Path)) {
	s := d.sched
	s.mu.Lock()
	now := s.now()
	s.advance(now)
	p, oldRate := d.asked, d.path.Rate
	change(&p)
	d.usePath(p)
	d.rescale(now, oldRate)
	s.finish()
}

func (d *direction) currentPath() Path {
	d.sched.mu.Lock()
	defer d.sched.mu.Unlock()
	return d.asked
}

// snapshot returns the statistics.
func (d *direction) snapshot() Stats {
	var s Stats
	d.sched.mu.Lock()
	defer d.sched.mu.Unlock()
	for k, to := range s.counters() {
		*to = d.count[k] + d.ended[k].Load()
	}
	s.SentBytes, s.DeliveredBytes = d.bytes, d.deliveredBytes.Load()
	s.QueueDelayTotal, s.QueueDelayMax = time.Duration(d.delayTotal), time.Duration(d.delayMax)
	s.QueuePackets, s.QueueBytes = d.backlog()
	s.QueuePeakPackets, s.QueuePeakBytes = d.peakLen, d.peak
	return s
}
