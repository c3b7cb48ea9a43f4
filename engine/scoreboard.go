// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "tcpcb/engine/seq"

// scoreboard knows, for everything sent and not acknowledged, when it was sent
// and what became of it: in the network, SACKed, or deemed lost (RFC 6675,
// section 4; RFC 8985, section 5.2). A nil one is empty.
//
// A record is found by its sequence numbers, in order; by the time it was last
// sent, among those in the network; and by its place among the lost. No step of
// processing an acknowledgment looks at more records than the acknowledgment
// brings news of, but for a search, so that a window full of holes costs no more
// for each segment than a small one.
type scoreboard struct {
	// order are the records in order of sequence, by their place in recs.
	order ring[recordID]
	recs  []record // the first is never used
	free  recordID // the first of those that are not in use
	// flight are the records in the network in order of their sending, lost
	// those deemed lost in order of sequence.
	flight, lost recordList
	// The sums of bytes in the network, lost, and SACKed.
	flightBytes, lostBytes, sackedBytes int
	// flightSegments is how many packets those in the network were sent in.
	flightSegments int
	// resentBytes are those in the network that were sent before.
	resentBytes int
	// sackedSegments is how many packets the SACKed ranges were sent in.
	sackedSegments int
	// highSacked is the end of the highest SACKed range.
	highSacked seq.Num
	// marked is where the last search by count of segments ended: what lies
	// before is SACKed or known to be lost.
	marked seq.Num
	// known are the blocks of the last SACK option: what they cover was dealt
	// with.
	known  [4]seq.Range
	nknown int32
	// maxUnit is the largest unit of any range so far.
	maxUnit int32
	// firstRecs and firstOrder are where recs and order begin: a request, or its
	// answer, needs no more.
	firstRecs  [2]record
	firstOrder [ringMin]recordID
}

// recordID is a place in scoreboard.recs; 0 is none.
type recordID int32

// record is a run of sequence numbers sent in one go: a segment, or what the link
// cut into segments.
type record struct {
	r          seq.Range
	unit       int32 // the payload of each packet that it was last sent in
	prev, next recordID
	fate       fate
	// retransmitted says that it was ever sent again, so that an
	// acknowledgment tells no RTT (Karn's algorithm, RFC 6298, section 3).
	retransmitted bool
	bound         bool      // to be refused by the peer, should it arrive (see refusal)
	stamp         rateStamp // of when it was last sent
}

// fate is what became of a record.
type fate uint8

const (
	inFlight fate = iota
	deemedLost
	sacked
)

// begin makes b, the zero value, an empty scoreboard at una.
func (b *scoreboard) begin(una seq.Num) {
	b.highSacked, b.marked = una, una
	b.recs, b.order.items = b.firstRecs[:1], b.firstOrder[:]
}

// empty reports whether nothing is outstanding.
func (b *scoreboard) empty() bool { return b == nil || b.order.n == 0 }

// pipe estimates how many bytes are in the network (RFC 6675, section 4).
func (b *scoreboard) pipe() int {
	if b == nil {
		return 0
	}
	return b.flightBytes
}

// sackedOut returns how many bytes of what is outstanding are SACKed.
func (b *scoreboard) sackedOut() int {
	if b == nil {
		return 0
	}
	return b.sackedBytes
}

// anySacked reports whether something outstanding is SACKed.
func (b *scoreboard) anySacked() bool { return b != nil && b.sackedBytes > 0 }

// anyLost reports whether something is deemed lost and was not sent again.
func (b *scoreboard) anyLost() bool { return b != nil && b.lost.head != 0 }

// at returns the i-th record in order of sequence.
func (b *scoreboard) at(i int) *record { return &b.recs[*b.order.at(i)] }

// span returns the range from the first record to the last; there is one.
func (b *scoreboard) span() seq.Range {
	return seq.Range{Start: b.at(0).r.Start, End: b.at(b.order.n - 1).r.End}
}

// find returns the index of the first record that ends after p.
func (b *scoreboard) find(p seq.Num) int {
	lo, hi := 0, b.order.n
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		if p.Less(b.at(mid).r.End) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	return lo
}

// push notes that r, which follows what was sent before, goes out in packets of
// unit bytes.
func (b *scoreboard) push(r seq.Range, unit int, st rateStamp) {
	b.maxUnit = max(b.maxUnit, int32(unit))
	id := b.alloc(record{r: r, unit: int32(unit), stamp: st})
	b.order.pushBack(id)
	b.join(id)
	b.flight.insertAfter(b.recs, b.flight.tail, id)
}

// unsend drops what lies at or behind from, which was not sent after all, and returns
// how many packets that were. Where something of it was sent before, or has arrived,
// it drops nothing, and says so.
func (b *scoreboard) unsend(from seq.Num) (segments int, ok bool) {
	first := b.find(from)
	for i := first; i < b.order.n; i++ {
		if s := b.at(i); s.retransmitted || s.fate != inFlight {
			return 0, false
		}
	}
	for b.order.n > first {
		i := b.order.n - 1
		id := *b.order.at(i)
		s := &b.recs[id]
		segments += s.segments()
		if s.r.Start.Less(from) { // the link has cut it, and sent a part
			b.resize(s, seq.Range{Start: s.r.Start, End: from})
			segments -= s.segments()
			break
		}
		b.leave(id)
		b.order.remove(i)
		b.release(id)
	}
	return segments, true
}

// ack drops what lies before una, and adds to d what is news.
func (b *scoreboard) ack(una seq.Num, d *delivery) {
	if b == nil {
		return
	}
	for b.order.n > 0 {
		id := *b.order.at(0)
		s := &b.recs[id]
		if una.LessEq(s.r.Start) {
			break
		}
		part := *s
		part.r.End = seq.Min(una, s.r.End)
		if part.fate != sacked {
			d.add(&part, true)
		}
		if una.Less(s.r.End) {
			b.resize(s, seq.Range{Start: una, End: s.r.End})
			break
		}
		b.leave(id)
		b.order.popFront()
		b.release(id)
	}
	b.highSacked = seq.Max(b.highSacked, una)
	b.marked = seq.Max(b.marked, una)
}

// split cuts the record at index i after n bytes.
func (b *scoreboard) split(i, n int) {
	id := *b.order.at(i)
	rest := b.recs[id]
	cut := rest.r.Start.Add(n)
	b.resize(&b.recs[id], seq.Range{Start: rest.r.Start, End: cut})
	rest.r.Start = cut
	to := b.alloc(rest)
	b.join(to)
	b.order.insert(i+1, to)
	switch rest.fate { // the rest comes right behind, in each order
	case inFlight:
		b.flight.insertAfter(b.recs, id, to)
	case deemedLost:
		b.lost.insertAfter(b.recs, id, to)
	}
}

// lose deems the record lost.
func (b *scoreboard) lose(id recordID) {
	b.leave(id)
	b.recs[id].fate = deemedLost
	b.join(id)
	// Losses are found from the front to the back, but for what was sent again
	// and lost again, which as a rule lies before all others.
	after := b.lost.tail
	if head := b.lost.head; head != 0 && b.recs[id].r.Start.Less(b.recs[head].r.Start) {
		after = 0
	}
	for after != 0 && b.recs[id].r.Start.Less(b.recs[after].r.Start) {
		after = b.recs[after].prev
	}
	b.lost.insertAfter(b.recs, after, id)
}

// unlose takes all verdicts of loss back: they were wrong.
func (b *scoreboard) unlose() {
	for b.lost.head != 0 {
		id := b.lost.head
		b.leave(id)
		b.recs[id].fate = inFlight
		b.join(id)
		at := b.recs[id].stamp.sentAt
		after := b.flight.tail
		for after != 0 && at < b.recs[after].stamp.sentAt {
			after = b.recs[after].prev
		}
		b.flight.insertAfter(b.recs, after, id)
	}
	if !b.empty() {
		b.marked = b.span().Start // look for losses anew
	}
}

// sentAgain notes that the record goes out again, in packets of unit bytes.
func (b *scoreboard) sentAgain(id recordID, unit int, st rateStamp) {
	b.leave(id)
	s := &b.recs[id]
	s.fate, s.retransmitted, s.bound, s.unit, s.stamp = inFlight, true, false, int32(unit), st
	b.maxUnit = max(b.maxUnit, int32(unit))
	b.join(id)
	b.flight.insertAfter(b.recs, b.flight.tail, id)
}

// nextLost returns the first record that is lost and was not sent again; 0 when
// there is none.
func (b *scoreboard) nextLost() recordID {
	if b == nil {
		return 0
	}
	return b.lost.head
}

// resize makes s, in its place, the record of a part of what it was. The parts of one
// may have more packets than it had: each may end with one that is not full.
func (b *scoreboard) resize(s *record, r seq.Range) {
	b.count(s, -1)
	s.r = r
	b.count(s, 1)
}

// join and leave keep the sums, and leave the lists as well.
func (b *scoreboard) join(id recordID) { b.count(&b.recs[id], 1) }

func (b *scoreboard) leave(id recordID) {
	s := &b.recs[id]
	b.count(s, -1)
	switch s.fate {
	case inFlight:
		b.flight.remove(b.recs, id)
	case deemedLost:
		b.lost.remove(b.recs, id)
	}
}

// segments returns how many packets a record was last sent in.
func (s *record) segments() int { return ceilDiv(s.r.Len(), int(s.unit)) }

// count adds a record to the sums, or takes it out of them.
func (b *scoreboard) count(s *record, sign int) {
	n := s.r.Len()
	switch s.fate {
	case inFlight:
		b.flightBytes += sign * n
		b.flightSegments += sign * s.segments()
		if s.retransmitted {
			b.resentBytes += sign * n
		}
	case deemedLost:
		b.lostBytes += sign * n
	case sacked:
		b.sackedBytes += sign * n
		b.sackedSegments += sign * s.segments()
	}
}

// alloc gives s a place.
func (b *scoreboard) alloc(s record) recordID {
	s.prev, s.next = 0, 0
	if id := b.free; id != 0 {
		b.free = b.recs[id].next
		b.recs[id] = s
		return id
	}
	b.recs = append(b.recs, s)
	return recordID(len(b.recs) - 1)
}

func (b *scoreboard) release(id recordID) {
	b.recs[id] = record{next: b.free}
	b.free = id
}

// recordList is a doubly linked list of records.
type recordList struct{ head, tail recordID }

// insertAfter puts id behind after, or first where that is 0.
func (l *recordList) insertAfter(recs []record, after, id recordID) {
	next := l.head
	if after != 0 {
		next = recs[after].next
		recs[after].next = id
	} else {
		l.head = id
	}
	recs[id].prev, recs[id].next = after, next
	if next != 0 {
		recs[next].prev = id
	} else {
		l.tail = id
	}
}

func (l *recordList) remove(recs []record, id recordID) {
	s := &recs[id]
	if s.prev != 0 {
		recs[s.prev].next = s.next
	} else {
		l.head = s.next
	}
	if s.next != 0 {
		recs[s.next].prev = s.prev
	} else {
		l.tail = s.prev
	}
	s.prev, s.next = 0, 0
}
