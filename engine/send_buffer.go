// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine/seq"
)

// sendBuffer holds the text that the application wrote and the peer has not
// acknowledged, as views in order of sequence. A nil one is empty.
type sendBuffer struct {
	chunks     ring[sendChunk]
	start, end seq.Num // of the text held
	first      [ringMin]sendChunk
	kept       bool // a writer was kept out, or would have been, and is not told yet
}

type sendChunk struct {
	view  *buffer.View
	start seq.Num
}

// smallWrite is the size in bytes up to which a write is copied behind the one
// before it, where that has room and was not sent yet: many small writes then
// cost neither a view each in memory nor one each in a packet.
const smallWrite = 1024

// begin makes b, the zero value, an empty buffer whose text will begin at start.
func (b *sendBuffer) begin(start seq.Num) {
	b.start, b.end = start, start
	b.chunks.items = b.first[:]
}

// size returns how many bytes are held.
func (b *sendBuffer) size() int {
	if b == nil {
		return 0
	}
	return b.end.Sub(b.start)
}

// write moves up to limit bytes of src to the end and returns how many. Text
// before sent may be shared with packets in flight.
func (b *sendBuffer) write(src *buffer.Buffer, limit int, sent seq.Num) int {
	n := min(limit, int(src.Size()))
	if n <= 0 {
		return 0
	}
	left := n
	views := src.AsViewList()
	for v := views.Front(); v != nil && left > 0; v = v.Next() {
		take := min(left, v.Size())
		b.append(v, take, sent)
		left -= take
	}
	src.TrimFront(int64(n))
	return n
}

func (b *sendBuffer) append(v *buffer.View, n int, sent seq.Num) {
	if n == 0 {
		return
	}
	if b.chunks.n > 0 && n <= smallWrite {
		tail := b.chunks.at(b.chunks.n - 1)
		if sent.LessEq(tail.start) && tail.view.AvailableSize() >= n {
			// Write cannot fail: there is room.
			tail.view.Write(v.AsSlice()[:n])
			b.end = b.end.Add(n)
			return
		}
	}
	own := v.Clone()
	own.CapLength(n)
	b.chunks.pushBack(sendChunk{view: own, start: b.end})
	b.end = b.end.Add(n)
}

// trim drops the text before una, which the peer acknowledged.
func (b *sendBuffer) trim(una seq.Num) {
	if b == nil {
		return
	}
	una = seq.Min(una, b.end)
	for b.start.Less(una) {
		c := b.chunks.at(0)
		size := c.view.Size()
		if n := una.Sub(b.start); n < size {
			c.view.TrimFront(n)
			c.start = una
			b.start = una
			return
		}
		b.start = b.start.Add(size)
		c.view.Release()
		b.chunks.popFront()
	}
}

// payload puts the text of r, which must be held, at the end of out, by
// reference.
func (b *sendBuffer) payload(r seq.Range, out *buffer.Buffer) {
	if r.Empty() {
		return
	}
	i := b.chunks.search(func(c *sendChunk) bool { return r.Start.Less(c.start) }) - 1
	for at, left := r.Start, r.Len(); left > 0; i++ {
		c := b.chunks.at(i)
		v := c.view.Clone()
		v.TrimFront(at.Sub(c.start))
		v.CapLength(left)
		n := v.Size()
		at, left = at.Add(n), left-n
		part := buffer.MakeWithView(v)
		out.Merge(&part)
	}
}

// release drops all text.
func (b *sendBuffer) release() {
	if b == nil {
		return
	}
	for b.chunks.n > 0 {
		b.chunks.popFront().view.Release()
	}
	b.chunks.free()
	b.start = b.end
}
