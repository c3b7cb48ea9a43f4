// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// reassembly holds text that came out of order, as blocks in order of sequence
// which neither overlap nor touch: they are also what SACK reports. A nil one is
// empty.
type reassembly struct {
	blocks ring[oooBlock]
	// recent are the blocks in the order in which they last grew, each by a
	// position in it (RFC 2018, section 4).
	recent  [wire.MaxSACKBlocks]seq.Num
	nrecent int
	// pieces counts the parts held, and held the bytes of memory behind them, of
	// which bytes are text: for the bound on memory.
	pieces      int
	held, bytes int
	// fin is the sequence number of the peer's FIN, once it is known.
	fin    seq.Num
	hasFin bool
}

type oooBlock struct {
	r      seq.Range
	text   buffer.Buffer
	pieces int
	held   int
}

// Bounds on the memory of text out of order. Its bytes lie within the receive
// window, so that the receive buffer bounds them; the parts are bounded too, by
// one for every pieceSpace bytes of receive buffer, and so is the memory beside
// the text (see spareMost). A part below tightBelow bytes is copied so as not to
// hold the packet that it came in.
const (
	pieceSpace = 256
	minPieces  = 64
	tightBelow = 512
)

// empty reports whether nothing is held, nor a FIN known.
func (q *reassembly) empty() bool { return q == nil || q.blocks.n == 0 && !q.hasFin }

// finKnown reports whether the peer's FIN is known.
func (q *reassembly) finKnown() bool { return q != nil && q.hasFin }

// insert takes the part of text, which begins at start, that is not held
// already. limit is the size of the receive buffer. What is held stays: the
// first copy of a byte wins. It returns the first part that was held already.
func (q *reassembly) insert(start seq.Num, text *buffer.Buffer, limit int) (twice seq.Range) {
	r := seq.MakeRange(start, int(text.Size()))
	taken := false
	i := q.blocks.search(func(b *oooBlock) bool { return r.Start.LessEq(b.r.End) })
	for at := r.Start; at.Less(r.End); {
		if i == q.blocks.n || at.Less(q.blocks.at(i).r.Start) {
			q.blocks.insert(i, oooBlock{r: seq.Range{Start: at, End: at}})
		}
		held := seq.Min(q.blocks.at(i).r.End, r.End).Sub(at)
		if held > 0 && twice.Empty() {
			twice = seq.MakeRange(at, held)
		}
		text.TrimFront(int64(held))
		if at = at.Add(held); at == r.End {
			break
		}
		end := r.End
		if i+1 < q.blocks.n {
			end = seq.Min(end, q.blocks.at(i+1).r.Start)
		}
		if !q.put(i, at, end, text, limit) {
			break
		}
		taken = true
		at = end
		q.join(i)
	}
	text.Release()
	if taken || !twice.Empty() {
		q.touch(r.Start)
	}
	return twice
}

// put moves the text of [at, end) from the front of text to the end of block i,
// and reports whether there was room; a block that stays empty goes.
func (q *reassembly) put(i int, at, end seq.Num, text *buffer.Buffer, limit int) bool {
	if q.full(i, limit) {
		if q.blocks.at(i).r.Empty() {
			q.blocks.remove(i)
		}
		return false
	}
	n := end.Sub(at)
	var part buffer.Buffer
	if n == int(text.Size()) {
		part, *text = *text, buffer.Buffer{}
	} else {
		part = splitFront(text, n)
	}
	if n < tightBelow {
		part = packBuffer(&part)
	}
	b := q.blocks.at(i)
	b.r.End = end
	b.pieces++
	q.pieces++
	q.bytes += n
	q.hold(b, footprint(&part))
	b.text.Merge(&part)
	return true
}

// full reports whether there is no room for more between the start of block i and
// the next, after it has copied together what of the two holds much more memory
// than text.
func (q *reassembly) full(i, limit int) bool {
	if q.pieces >= max(minPieces, limit/pieceSpace) {
		return true
	}
	most := max(holdFloor, spareMost(limit))
	for end := min(i+2, q.blocks.n); i < end && q.spare() > most; i++ {
		if b := q.blocks.at(i); b.held > MemoryOf(b.r.Len())+holdFloor {
			b.text = packBuffer(&b.text)
			q.hold(b, footprint(&b.text)-b.held)
		}
	}
	return q.spare() > most
}

// hold notes that block b holds n bytes of memory more.
func (q *reassembly) hold(b *oooBlock, n int) {
	b.held += n
	q.held += n
}

// spare returns the memory held beside the text, in bytes.
func (q *reassembly) spare() int {
	if q == nil {
		return 0
	}
	return q.held - q.bytes
}

// forget notes that block b has gone.
func (q *reassembly) forget(b *oooBlock) {
	q.pieces -= b.pieces
	q.bytes -= b.r.Len()
	q.held -= b.held
}

// join merges block i with the one after it where they touch.
func (q *reassembly) join(i int) {
	if i+1 >= q.blocks.n || q.blocks.at(i).r.End != q.blocks.at(i+1).r.Start {
		return
	}
	next := q.blocks.remove(i + 1)
	b := q.blocks.at(i)
	b.text.Merge(&next.text)
	b.r.End = next.r.End
	b.pieces += next.pieces
	b.held += next.held
}

// overlap returns the first part of r, which begins at RCV.NXT, that is held: all
// that is held lies behind that.
func (q *reassembly) overlap(r seq.Range) seq.Range {
	if q == nil || q.blocks.n == 0 || !q.blocks.at(0).r.Overlaps(r) {
		return seq.Range{}
	}
	first := q.blocks.at(0).r
	return seq.Range{Start: first.Start, End: seq.Min(first.End, r.End)}
}

// take moves the text from nxt on, as far as it is in order now, to dst, and returns
// how many bytes. Text before nxt is dropped.
func (q *reassembly) take(nxt seq.Num, dst *recvBuffer) int {
	n := 0
	if q == nil {
		return n
	}
	for q.blocks.n > 0 && q.blocks.at(0).r.Start.LessEq(nxt) {
		b := q.blocks.popFront()
		q.forget(&b)
		b.text.TrimFront(int64(min(nxt.Sub(b.r.Start), b.r.Len())))
		size := int(b.text.Size())
		dst.append(&b.text)
		n += size
		nxt = nxt.Add(size)
	}
	return n
}

// trimFrom drops what lies at or after end: the peer's FIN comes before it.
func (q *reassembly) trimFrom(end seq.Num) {
	for q.blocks.n > 0 {
		b := q.blocks.at(q.blocks.n - 1)
		if b.r.End.LessEq(end) {
			return
		}
		if b.r.Start.Less(end) {
			q.bytes -= b.r.End.Sub(end)
			b.text.Truncate(int64(end.Sub(b.r.Start)))
			b.r.End = end
			q.hold(b, footprint(&b.text)-b.held)
			return
		}
		last := q.blocks.remove(q.blocks.n - 1)
		q.forget(&last)
		last.text.Release()
	}
}

// touch notes that the block of the text, or of the FIN, at p grew just now.
func (q *reassembly) touch(p seq.Num) {
	kept := [wire.MaxSACKBlocks]seq.Num{p}
	n := 1
	mine, _ := q.sackRange(p)
	for _, other := range q.recent[:q.nrecent] {
		if n == len(kept) {
			break
		}
		if r, ok := q.sackRange(other); ok && r != mine {
			kept[n] = other
			n++
		}
	}
	q.recent, q.nrecent = kept, n
}

// sackRange returns the range to report for position p. The FIN counts, as it
// has a sequence number: at the tail of a stream it may be all that arrived, and
// tells the sender what did not.
func (q *reassembly) sackRange(p seq.Num) (seq.Range, bool) {
	r := seq.Range{Start: p, End: p}
	if i := q.blockOf(p); i >= 0 {
		r = q.blocks.at(i).r
	} else if !q.hasFin || p != q.fin {
		return r, false
	} else if n := q.blocks.n; n > 0 && q.blocks.at(n-1).r.End == q.fin {
		r = q.blocks.at(n - 1).r
	}
	if q.hasFin && r.End == q.fin {
		r.End = q.fin.Add(1)
	}
	return r, true
}

// blockOf returns the index of the block that holds p, or -1.
func (q *reassembly) blockOf(p seq.Num) int {
	i := q.blocks.search(func(b *oooBlock) bool { return p.Less(b.r.End) })
	if i == q.blocks.n || !q.blocks.at(i).r.Contains(p) {
		return -1
	}
	return i
}

// sackBlocks fills dst with the blocks held, the one that grew last first, and
// returns how many it filled (RFC 2018, section 4).
func (q *reassembly) sackBlocks(dst []seq.Range) int {
	n := 0
	if q == nil {
		return n
	}
	for _, p := range q.recent[:q.nrecent] {
		if n == len(dst) {
			break
		}
		r, ok := q.sackRange(p)
		if !ok {
			continue
		}
		known := false
		for _, d := range dst[:n] {
			known = known || d == r
		}
		if !known {
			dst[n] = r
			n++
		}
	}
	return n
}

// release drops all text.
func (q *reassembly) release() {
	if q == nil {
		return
	}
	for q.blocks.n > 0 {
		b := q.blocks.popFront()
		b.text.Release()
	}
	q.blocks.free()
	q.pieces, q.held, q.bytes, q.nrecent = 0, 0, 0, 0
}
