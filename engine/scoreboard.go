// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "tcpcb/engine/seq"

// scoreboard knows, for everything sent and not acknowledged, when it was sent
// and what became of it: SACKed, lost, sent again (RFC 6675, section 4). It
// keeps the sums that the pipe is made of, so that reading it costs nothing. A
// nil one is empty.
type scoreboard struct {
	sent ring[sentRange]
	// sacked, lost and resent are sums of bytes: SACKed; deemed lost; deemed
	// lost and sent again since.
	sacked, lost, resent int
	// highSacked is the end of the highest SACKed range.
	highSacked seq.Num
	// firstLost is at or before the first range that is lost and not resent.
	firstLost seq.Num
	// marked is where the last search for losses ended: what lies before is
	// SACKed or known to be lost.
	marked seq.Num
	// known are the blocks of the last SACK option: what they cover was dealt
	// with.
	known  [4]seq.Range
	nknown int
	// maxUnit is the largest unit of any range so far.
	maxUnit int
}

// sentRange is a run of sequence numbers sent in one go: a segment, or what the
// link cut into segments.
type sentRange struct {
	r      seq.Range
	sentAt Instant // when last sent
	unit   int     // the payload of each packet that it was sent in
	sacked bool
	lost   bool
	resent bool // sent again since it was deemed lost
	// retransmitted says that it was ever sent again, so that an
	// acknowledgment tells no RTT (Karn's algorithm, RFC 6298, section 3).
	retransmitted bool
}

// ackResult is what an acknowledgment, cumulative or selective, told.
type ackResult struct {
	delivered int     // bytes newly known to have arrived
	sentAt    Instant // of the latest range that was sent once; Never when none
	resent    bool    // some of it was sent again
}

func (a *ackResult) add(s *sentRange) {
	a.delivered += s.r.Len()
	a.resent = a.resent || s.retransmitted
	if !s.retransmitted && (a.sentAt == Never || s.sentAt > a.sentAt) {
		a.sentAt = s.sentAt
	}
}

// newScoreboard returns an empty scoreboard at una.
func newScoreboard(una seq.Num) *scoreboard {
	return &scoreboard{highSacked: una, firstLost: una, marked: una}
}

// empty reports whether nothing is outstanding.
func (b *scoreboard) empty() bool { return b == nil || b.sent.n == 0 }

// outstanding returns the range sent and not cumulatively acknowledged.
func (b *scoreboard) outstanding() int {
	if b.empty() {
		return 0
	}
	return b.sent.at(b.sent.n - 1).r.End.Sub(b.sent.at(0).r.Start)
}

// pipe estimates how many bytes are in the network (RFC 6675, section 4).
func (b *scoreboard) pipe() int {
	if b == nil {
		return 0
	}
	return b.outstanding() - b.sacked - b.lost + b.resent
}

// push notes that r, which follows what was sent before, was sent in packets of
// unit bytes.
func (b *scoreboard) push(r seq.Range, unit int, now Instant) {
	b.maxUnit = max(b.maxUnit, unit)
	b.sent.pushBack(sentRange{r: r, unit: unit, sentAt: now})
}

// ack drops what lies before una.
func (b *scoreboard) ack(una seq.Num) ackResult {
	res := ackResult{sentAt: Never}
	if b == nil {
		return res
	}
	for b.sent.n > 0 {
		s := b.sent.at(0)
		if una.LessEq(s.r.Start) {
			break
		}
		part := *s
		part.r.End = seq.Min(una, s.r.End)
		b.forget(&part)
		if !part.sacked {
			res.add(&part)
		}
		if una.Less(s.r.End) {
			s.r.Start = una
			break
		}
		b.sent.popFront()
	}
	b.highSacked = seq.Max(b.highSacked, una)
	b.firstLost = seq.Max(b.firstLost, una)
	b.marked = seq.Max(b.marked, una)
	return res
}

// forget takes s out of the sums.
func (b *scoreboard) forget(s *sentRange) {
	n := s.r.Len()
	if s.sacked {
		b.sacked -= n
	}
	if s.lost {
		b.lost -= n
	}
	if s.resent {
		b.resent -= n
	}
}

// sack takes the blocks of a SACK option; those outside of what is outstanding
// are passed over. It looks only at what the blocks of the option before did
// not cover, so that its cost is that of the news.
func (b *scoreboard) sack(blocks []seq.Range) ackResult {
	res := ackResult{sentAt: Never}
	if b.empty() {
		return res
	}
	all := seq.Range{Start: b.sent.at(0).r.Start, End: b.sent.at(b.sent.n - 1).r.End}
	n := 0
	var valid [4]seq.Range
	for _, r := range blocks {
		if r.Empty() || !all.Covers(r) {
			continue
		}
		valid[n] = r
		n++
		b.sackNews(r, &res)
	}
	b.known, b.nknown = valid, n
	return res
}

// sackNews takes the parts of r that no known block covers.
func (b *scoreboard) sackNews(r seq.Range, res *ackResult) {
	for _, k := range b.known[:b.nknown] {
		if !k.Overlaps(r) {
			continue
		}
		// The range that holds a known block's edge may have been SACKed in
		// part only: go back to its start.
		if r.Start.Less(k.Start) {
			b.sackRange(seq.Range{Start: r.Start, End: seq.Min(r.End, k.Start.Add(b.maxUnit))}, r, res)
		}
		if k.End.Less(r.End) {
			b.sackRange(seq.Range{Start: seq.Max(r.Start, k.End.Add(-b.maxUnit)), End: r.End}, r, res)
		}
		return
	}
	b.sackRange(r, r, res)
}

// sackRange marks what overlaps news and lies in block. A range that block
// covers in part is cut at a multiple of its unit from its start, as the link cut
// it: a peer that SACKs single bytes cannot make the scoreboard grow.
func (b *scoreboard) sackRange(news, block seq.Range, res *ackResult) {
	i := b.sent.search(func(s *sentRange) bool { return news.Start.Less(s.r.End) })
	for ; i < b.sent.n; i++ {
		s := b.sent.at(i)
		if !s.r.Start.Less(news.End) {
			return
		}
		if s.sacked {
			continue
		}
		if d := block.Start.Sub(s.r.Start); d > 0 {
			if cut := (d + s.unit - 1) / s.unit * s.unit; cut < s.r.Len() {
				b.split(i, cut)
			}
			continue
		}
		if !block.Covers(s.r) {
			cut := block.End.Sub(s.r.Start) / s.unit * s.unit
			if cut == 0 {
				continue
			}
			b.split(i, cut)
			s = b.sent.at(i)
		}
		b.forget(s)
		s.sacked, s.lost, s.resent = true, false, false
		b.sacked += s.r.Len()
		b.highSacked = seq.Max(b.highSacked, s.r.End)
		res.add(s)
	}
}

// split cuts range i after n bytes.
func (b *scoreboard) split(i, n int) {
	rest := *b.sent.at(i)
	rest.r.Start = rest.r.Start.Add(n)
	b.sent.at(i).r.End = rest.r.Start
	b.sent.insert(i+1, rest)
}

// dupThresh is how many segments must arrive behind a gap for it to count as a
// loss (RFC 5681, section 3.2; RFC 6675, section 2).
const dupThresh = 3

// detect marks as lost what IsLost of RFC 6675, section 4, deems so: behind it,
// dupThresh segments or more than dupThresh-1 MSS of bytes were SACKed. It
// reports whether anything was marked.
func (b *scoreboard) detect(mss int) bool {
	if b == nil || b.sacked == 0 {
		return false
	}
	segments, bytes := 0, 0
	i := b.sent.search(func(s *sentRange) bool { return !s.r.Start.Less(b.highSacked) }) - 1
	for ; i >= 0; i-- {
		s := b.sent.at(i)
		if !b.marked.Less(s.r.End) {
			return false
		}
		if s.sacked {
			segments++
			bytes += s.r.Len()
		}
		if segments >= dupThresh || bytes > (dupThresh-1)*mss {
			return b.markLost(s.r.Start)
		}
	}
	return false
}

// markLost deems everything before end lost that is neither SACKed nor lost
// already, and reports whether there was any.
func (b *scoreboard) markLost(end seq.Num) bool {
	any := false
	i := b.sent.search(func(s *sentRange) bool { return b.marked.Less(s.r.End) })
	for ; i < b.sent.n; i++ {
		s := b.sent.at(i)
		if !s.r.Start.Less(end) {
			break
		}
		if !s.sacked && !s.lost && !s.retransmitted {
			b.lose(s)
			any = true
		}
	}
	b.marked = seq.Max(b.marked, end)
	return any
}

// lose deems s lost, and if it was sent again, that it was lost again.
func (b *scoreboard) lose(s *sentRange) {
	b.forget(s)
	s.lost, s.resent = true, false
	b.lost += s.r.Len()
	b.firstLost = seq.Min(b.firstLost, s.r.Start)
}

// loseHead deems the first segment lost.
func (b *scoreboard) loseHead(mss int) {
	if b.empty() || b.sent.at(0).sacked {
		return
	}
	if b.sent.at(0).r.Len() > mss {
		b.split(0, mss)
	}
	b.lose(b.sent.at(0))
}

// loseAll deems everything lost that is not SACKed: the retransmission timer
// expired. Where the first range is SACKed the peer has reneged, and no SACK
// counts any more (RFC 2018, section 8).
func (b *scoreboard) loseAll() {
	if b.empty() {
		return
	}
	reneged := b.sent.at(0).sacked
	for i := range b.sent.n {
		s := b.sent.at(i)
		if s.sacked && reneged {
			b.forget(s)
			s.sacked = false
		}
		if !s.sacked {
			b.lose(s)
		}
	}
	if reneged {
		b.nknown = 0
		b.highSacked = b.sent.at(0).r.Start
	}
	b.marked = b.sent.at(b.sent.n - 1).r.End
}

// loseLonger deems ranges lost whose payload no longer fits into a packet of
// mss: the path's MTU shrank.
func (b *scoreboard) loseLonger(mss int) {
	if b == nil {
		return
	}
	for i := range b.sent.n {
		if s := b.sent.at(i); s.r.Len() > mss && !s.sacked {
			b.lose(s)
		}
	}
}

// nextLost returns the index of the first range that is lost and was not sent
// again, or -1.
func (b *scoreboard) nextLost() int {
	if b == nil || b.lost == b.resent {
		return -1
	}
	i := b.sent.search(func(s *sentRange) bool { return b.firstLost.Less(s.r.End) })
	for ; i < b.sent.n; i++ {
		if s := b.sent.at(i); s.lost && !s.resent {
			b.firstLost = s.r.Start
			return i
		}
	}
	panic("BUG: scoreboard counts a lost range that is not there")
}

// resend notes that range i was sent again, in packets of unit bytes.
func (b *scoreboard) resend(i, unit int, now Instant) {
	s := b.sent.at(i)
	s.resent, s.retransmitted, s.sentAt, s.unit = true, true, now, unit
	b.maxUnit = max(b.maxUnit, unit)
	b.resent += s.r.Len()
}
