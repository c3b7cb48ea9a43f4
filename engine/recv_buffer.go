// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math/bits"

	"gvisor.dev/gvisor/pkg/buffer"
)

// recvBuffer holds the text that came in order and that the application has not
// read. A nil one is empty.
type recvBuffer struct {
	parts ring[buffer.Buffer]
	bytes int
	held  int // the memory behind them, in bytes
	first [ringMin]buffer.Buffer
}

// newRecvBuffer returns an empty buffer.
func newRecvBuffer() *recvBuffer {
	r := new(recvBuffer)
	r.parts.items = r.first[:]
	return r
}

// size returns how many bytes are held.
func (r *recvBuffer) size() int {
	if r == nil {
		return 0
	}
	return r.bytes
}

// Text comes in packets, whose memory is more than its bytes: by 40% where they
// are full and a power of two is set aside for each, by a hundred times in a
// stream of tiny ones. So that the memory of a connection is bounded by its
// window, what would be more than holdShare allows is copied together.
const (
	holdShare = 0.6      // of the bytes of the window, beside them
	holdFloor = 64 << 10 // spare bytes which it does not pay to save
)

// MemoryOf returns how much memory the text of a window of that many bytes may
// hold at most, in bytes; the text of one packet, and 64 KiB, come on top.
func MemoryOf(window int) int { return window + spareMost(window) }

// WindowOf returns the largest window, in bytes, whose text holds so many bytes of
// memory at most.
func WindowOf(memory int) int { return int(float64(memory) / (1 + holdShare)) }

// spareMost is how much of the memory of a window may be beside its text.
func spareMost(window int) int { return int(holdShare * float64(window)) }

// footprint returns the memory behind b, in bytes: that of each view, or where it
// is smaller, what is set aside for a packet with that text, since a link that
// hands over what was sent shares the memory of the writer among many.
func footprint(b *buffer.Buffer) int {
	n := 0
	views := b.AsViewList()
	for v := views.Front(); v != nil; v = v.Next() {
		n += min(v.Capacity(), 1<<bits.Len(uint(v.Size()+packetHeaders)))
	}
	return n
}

// packetHeaders is room for the headers of a packet, in bytes.
const packetHeaders = 127

// append takes the text of b.
func (r *recvBuffer) append(b *buffer.Buffer) {
	n := int(b.Size())
	if n == 0 {
		return
	}
	r.held += footprint(b)
	r.parts.pushBack(*b)
	*b = buffer.Buffer{}
	r.bytes += n
}

// tighten copies all text together where it holds more memory than most beside
// it, and that pays.
func (r *recvBuffer) tighten(most int) {
	if n := r.spare(); n > most && n > holdFloor {
		r.pack()
	}
}

// pack copies all text into as few views as it needs.
func (r *recvBuffer) pack() {
	var all buffer.Buffer
	for r.parts.n > 0 {
		part := r.parts.popFront()
		all.Merge(&part)
	}
	packed := packBuffer(&all)
	r.held = footprint(&packed)
	r.parts.pushBack(packed)
}

// packBuffer copies b into views of its own, and releases b.
func packBuffer(b *buffer.Buffer) buffer.Buffer {
	var packed buffer.Buffer
	for b.Size() > 0 {
		v := buffer.NewViewSize(min(int(b.Size()), buffer.MaxChunkSize))
		// The text is there: ReadAt fills all of v. Its error only tells that
		// the end was reached.
		b.ReadAt(v.AsSlice(), 0)
		b.TrimFront(int64(v.Size()))
		part := buffer.MakeWithView(v)
		packed.Merge(&part)
	}
	return packed
}

// spare returns the memory held beside the text, in bytes.
func (r *recvBuffer) spare() int {
	if r == nil {
		return 0
	}
	return r.held - r.bytes
}

// read moves up to limit bytes to the end of dst and returns how many.
func (r *recvBuffer) read(dst *buffer.Buffer, limit int) int {
	n := 0
	if r == nil {
		return n
	}
	for r.parts.n > 0 && n < limit {
		front := r.parts.at(0)
		size := int(front.Size())
		r.held -= footprint(front)
		if left := limit - n; size > left {
			head := splitFront(front, left)
			r.held += footprint(front)
			dst.Merge(&head)
			n += left
			break
		}
		part := r.parts.popFront()
		dst.Merge(&part)
		n += size
	}
	r.bytes -= n
	return n
}

// peek puts up to limit bytes at the end of dst by reference, leaves them, and
// returns how many.
func (r *recvBuffer) peek(dst *buffer.Buffer, limit int) int {
	n := 0
	if r == nil {
		return n
	}
	for i := 0; i < r.parts.n && n < limit; i++ {
		part := r.parts.at(i).Clone()
		part.Truncate(int64(limit - n))
		n += int(part.Size())
		dst.Merge(&part)
	}
	return n
}

// unread gives src back to the front.
func (r *recvBuffer) unread(src *buffer.Buffer) {
	if n := int(src.Size()); n > 0 {
		r.held += footprint(src)
		r.parts.pushFront(*src)
		*src = buffer.Buffer{}
		r.bytes += n
	}
}

// release drops all text.
func (r *recvBuffer) release() {
	if r == nil {
		return
	}
	for r.parts.n > 0 {
		part := r.parts.popFront()
		part.Release()
	}
	r.parts.free()
	r.bytes, r.held = 0, 0
}

// splitFront takes the first n bytes out of b, by reference.
func splitFront(b *buffer.Buffer, n int) buffer.Buffer {
	head := b.Clone()
	head.Truncate(int64(n))
	b.TrimFront(int64(n))
	return head
}
