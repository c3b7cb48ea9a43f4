// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "tcpcb/engine/seq"

// This file is what SACK tells the scoreboard (RFC 2018; RFC 6675, section 4).

// sack takes the blocks of a SACK option, and adds to d what is news; blocks
// outside of what is outstanding are passed over. It looks only at what the
// blocks of the option before did not cover, so that its cost is that of the
// news.
func (b *scoreboard) sack(blocks []seq.Range, d *delivery) {
	if b.empty() {
		return
	}
	all := b.span()
	n := 0
	var valid [4]seq.Range
	for _, r := range blocks {
		if r.Empty() || !all.Covers(r) || n == len(valid) {
			continue
		}
		valid[n] = r
		n++
		b.sackNews(r, r, 0, d)
	}
	b.known, b.nknown = valid, int32(n)
}

// sackNews takes the parts of r, which lies in block, that no known block from
// the k-th on covers.
func (b *scoreboard) sackNews(r, block seq.Range, k int, d *delivery) {
	for ; k < int(b.nknown); k++ {
		known := b.known[k]
		if !known.Overlaps(r) {
			continue
		}
		// The record that holds a known block's edge may have been SACKed in
		// part only: go back to its start.
		if r.Start.Less(known.Start) {
			b.sackNews(seq.Range{Start: r.Start, End: seq.Min(r.End, known.Start.Add(int(b.maxUnit)))}, block, k+1, d)
		}
		if known.End.Less(r.End) {
			b.sackNews(seq.Range{Start: seq.Max(r.Start, known.End.Add(-int(b.maxUnit))), End: r.End}, block, k+1, d)
		}
		return
	}
	b.sackRange(r, block, d)
}

// sackRange marks what overlaps news and lies in block. A record that block
// covers in part is cut at a multiple of its unit from its start, as the link cut
// it: a peer that SACKs single bytes cannot make the scoreboard grow.
func (b *scoreboard) sackRange(news, block seq.Range, d *delivery) {
	for i := b.find(news.Start); i < b.order.n; i++ {
		s := b.at(i)
		if !s.r.Start.Less(news.End) {
			return
		}
		if s.fate == sacked {
			continue
		}
		unit := int(s.unit)
		if n := block.Start.Sub(s.r.Start); n > 0 {
			if cut := (n + unit - 1) / unit * unit; cut < s.r.Len() {
				b.split(i, cut)
			}
			continue
		}
		if !block.Covers(s.r) {
			cut := block.End.Sub(s.r.Start) / unit * unit
			if cut == 0 {
				continue
			}
			b.split(i, cut)
		}
		id := *b.order.at(i)
		s = &b.recs[id]
		d.add(s, false)
		b.leave(id)
		s.fate = sacked
		b.join(id)
		b.highSacked = seq.Max(b.highSacked, s.r.End)
		d.sackNews = true
	}
}

// dupThresh is how many segments must arrive behind a gap for it to count as a
// loss (RFC 5681, section 3.2; RFC 6675, section 2).
const dupThresh = 3

// detect deems lost what IsLost of RFC 6675, section 4, does: behind it,
// dupThresh segments or more than dupThresh-1 MSS of bytes were SACKed. Each
// record is told to f.
func (b *scoreboard) detect(mss int, f func(*record)) {
	if b == nil || b.sackedBytes == 0 {
		return
	}
	segments, bytes := 0, 0
	for i := b.find(b.highSacked.Add(-1)); i >= 0; i-- {
		s := b.at(i)
		if !b.marked.Less(s.r.End) {
			return
		}
		if s.fate == sacked {
			segments++
			bytes += s.r.Len()
		}
		if segments >= dupThresh || bytes > (dupThresh-1)*mss {
			b.markLost(s.r.Start, f)
			return
		}
	}
}

// markLost deems everything before end lost that is neither SACKed nor lost
// already, and was sent only once.
func (b *scoreboard) markLost(end seq.Num, f func(*record)) {
	for i := b.find(b.marked); i < b.order.n; i++ {
		s := b.at(i)
		if !s.r.Start.Less(end) {
			break
		}
		if s.fate == inFlight && !s.retransmitted {
			b.loseAt(i, f)
		}
	}
	b.marked = seq.Max(b.marked, end)
}

// loseAt deems the record at index i lost and tells it to f.
func (b *scoreboard) loseAt(i int, f func(*record)) {
	id := *b.order.at(i)
	f(&b.recs[id])
	b.lose(id)
}

// loseHead deems the first segment lost.
func (b *scoreboard) loseHead(mss int, f func(*record)) {
	if b.empty() || b.at(0).fate != inFlight {
		return
	}
	if b.at(0).r.Len() > mss {
		b.split(0, mss)
	}
	b.loseAt(0, f)
}

// renege takes all SACKs back where the first record is SACKed: the peer has
// discarded what it had reported (RFC 2018, section 8). It reports whether it
// did.
func (b *scoreboard) renege(f func(*record)) bool {
	if b.empty() || b.at(0).fate != sacked {
		return false
	}
	for i := range b.order.n {
		if b.at(i).fate == sacked {
			b.loseAt(i, f)
		}
	}
	b.nknown = 0
	b.highSacked = b.at(0).r.Start
	return true
}

// loseAll deems everything lost that is not SACKed.
func (b *scoreboard) loseAll(f func(*record)) {
	if b.empty() {
		return
	}
	for i := range b.order.n {
		if b.at(i).fate == inFlight {
			b.loseAt(i, f)
		}
	}
	b.marked = b.span().End
}

// loseLonger deems records lost whose payload no longer fits into a packet of
// mss: the path's MTU shrank.
func (b *scoreboard) loseLonger(mss int, f func(*record)) {
	if b == nil {
		return
	}
	for i := range b.order.n {
		if s := b.at(i); min(s.r.Len(), int(s.unit)) > mss && s.fate == inFlight {
			b.loseAt(i, f)
		}
	}
}
