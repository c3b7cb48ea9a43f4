// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "gvisor.dev/gvisor/pkg/buffer"

// recvBuffer holds the text that came in order and that the application has not
// read. A nil one is empty.
type recvBuffer struct {
	parts ring[buffer.Buffer]
	bytes int
}

// size returns how many bytes are held.
func (r *recvBuffer) size() int {
	if r == nil {
		return 0
	}
	return r.bytes
}

// A stream of tiny segments would hold a view, and the packet behind it, for a
// byte each. Once more than packAbove parts are held that are shorter than
// packBelow bytes on average, all are copied together: the memory held stays
// within a small multiple of the text.
const (
	packAbove = 64
	packBelow = 256
)

// append takes the text of b.
func (r *recvBuffer) append(b *buffer.Buffer) {
	n := int(b.Size())
	if n == 0 {
		return
	}
	r.parts.pushBack(*b)
	*b = buffer.Buffer{}
	r.bytes += n
	if r.parts.n > packAbove+2*r.bytes/packBelow {
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

// read moves up to limit bytes to the end of dst and returns how many.
func (r *recvBuffer) read(dst *buffer.Buffer, limit int) int {
	n := 0
	if r == nil {
		return n
	}
	for r.parts.n > 0 && n < limit {
		front := r.parts.at(0)
		size := int(front.Size())
		if left := limit - n; size > left {
			head := splitFront(front, left)
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
	r.bytes = 0
}

// splitFront takes the first n bytes out of b, by reference.
func splitFront(b *buffer.Buffer, n int) buffer.Buffer {
	head := b.Clone()
	head.Truncate(int64(n))
	b.TrimFront(int64(n))
	return head
}
