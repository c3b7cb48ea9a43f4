// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
)

// arrival is a segment on its way to an endpoint. Arrivals are pooled: a
// segment costs no allocation.
type arrival struct {
	engine.Segment

	// pkt is the packet that the segment came in: one that turns out to be for
	// another endpoint is delivered again from it. held says that a holds a
	// reference on it; without, it is there as long as its delivery lasts.
	pkt  *stack.PacketBuffer
	held bool
	seen seen
	next *arrival
}

// seen is what of a packet is in its arrival.
type seen uint8

const (
	seenNothing seen = iota
	seenHeader       // which nothing vouches for
	seenAll
)

// SegmentSize is what a segment takes in memory while it is processed, in bytes.
const SegmentSize = int(unsafe.Sizeof(arrival{}))

var arrivals = sync.Pool{New: func() any { return new(arrival) }}

// newArrival returns an empty arrival.
func newArrival() *arrival { return arrivals.Get().(*arrival) }

// hold takes a reference on the packet, unless there is one, so that a may outlive
// its delivery.
func (a *arrival) hold() {
	if !a.held {
		a.pkt.IncRef()
		a.held = true
	}
}

// text returns how many bytes of text are in a.
func (a *arrival) text() int {
	if a.seen == seenAll {
		return int(a.Payload.Size())
	}
	return a.pkt.Data().Size()
}

// free releases what a holds and gives it back to the pool.
func (a *arrival) free() {
	a.Payload.Release()
	if a.held {
		a.pkt.DecRef()
	}
	*a = arrival{}
	arrivals.Put(a)
}

// segmentOverhead is what a segment without text counts in an inbox, in bytes.
const segmentOverhead = 256

// inbox holds the segments that came while their endpoint was busy, or its application
// behind, in order, until whoever holds the endpoint's lock takes them. It has its own
// lock, held for a few instructions only, and calls nothing.
type inbox struct {
	mu    sync.Mutex
	head  atomic.Pointer[arrival] // written under mu
	tail  *arrival
	bytes uint32
	// next is what text in order would begin with, behind all that is known of.
	next atomic.Uint32
}

// put appends a, unless the inbox would then hold more than limit bytes; the
// first one always fits.
func (b *inbox) put(a *arrival, limit int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.append(a, limit)
}

// join is put for a segment that is next in order, and puts no other.
func (b *inbox) join(a *arrival, limit int) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a.Seq.Value() != b.next.Load() || !b.append(a, limit) {
		return false
	}
	b.next.Store(a.Seq.Add(a.text()).Value())
	return true
}

// append is put.
//
// Precondition: b.mu is held.
func (b *inbox) append(a *arrival, limit int) bool {
	n := uint32(a.text()) + segmentOverhead
	if b.pending() && b.bytes+n > uint32(limit) {
		return false
	}
	b.bytes += n
	if b.tail == nil {
		b.head.Store(a)
	} else {
		b.tail.next = a
	}
	b.tail = a
	return true
}

// take empties the inbox and returns its arrivals, oldest first, linked by
// next.
func (b *inbox) take() *arrival {
	if !b.pending() {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	a := b.head.Load()
	b.head.Store(nil)
	b.tail, b.bytes = nil, 0
	return a
}

// pending reports whether arrivals wait.
func (b *inbox) pending() bool { return b.head.Load() != nil }
