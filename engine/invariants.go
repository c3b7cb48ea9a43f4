// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "fmt"

// CheckInvariants panics with "BUG: " where the connection contradicts itself.
// Tests and fuzzing call it after every input; its cost grows with what is
// outstanding.
func (c *Conn) CheckInvariants() {
	if c.state == StateClosed {
		require(c.timers.set == 0, "a CLOSED connection has a timer")
		require(c.board.empty() && c.snd.size() == 0, "a CLOSED connection holds text to send")
		return
	}
	require(c.tx.una.LessEq(c.tx.nxt), "SND.UNA %v is beyond SND.NXT %v", c.tx.una, c.tx.nxt)
	require(c.rx.nxt.LessEq(c.rx.adv), "RCV.NXT %v is beyond the window's edge %v", c.rx.nxt, c.rx.adv)
	c.checkSend()
	c.checkReceive()
}

func (c *Conn) checkSend() {
	if b := c.snd; b != nil {
		held := 0
		for i := range b.chunks.n {
			ch := b.chunks.at(i)
			require(ch.start == b.start.Add(held), "send buffer: chunk %d begins at %v", i, ch.start)
			held += ch.view.Size()
		}
		require(held == b.size(), "send buffer holds %d bytes, and says %d", held, b.size())
		require(b.kept || c.room() > 0, "the send buffer is full, and who waits would not be told")
	}
	if c.board != nil {
		c.checkScoreboard(c.board)
	}
}

func (c *Conn) checkScoreboard(b *scoreboard) {
	var bytes [3]int
	for i := range b.order.n {
		s := b.at(i)
		if s.r.Len() <= 0 || i > 0 && b.at(i-1).r.End != s.r.Start { // what is said costs more than the check
			require(false, "scoreboard: record %d is empty, or behind a gap", i)
		}
		bytes[s.fate] += s.r.Len()
	}
	require(bytes == [3]int{b.flightBytes, b.lostBytes, b.sackedBytes},
		"scoreboard sums %v, and says %d/%d/%d", bytes, b.flightBytes, b.lostBytes, b.sackedBytes)
	listed := [3]int{sacked: bytes[sacked]}
	segments := 0
	for id, last := b.flight.head, Instant(0); id != 0; id = b.recs[id].next {
		s := &b.recs[id]
		if s.fate != inFlight || s.stamp.sentAt < last {
			require(false, "scoreboard: %v is out of place among what is in flight", s.r)
		}
		listed[inFlight] += s.r.Len()
		segments += s.segments()
		last = s.stamp.sentAt
	}
	require(segments == b.flightSegments, "scoreboard: %d packets are in flight, and it says %d", segments, b.flightSegments)
	for id := b.lost.head; id != 0; id = b.recs[id].next {
		s := &b.recs[id]
		require(s.fate == deemedLost && (s.prev == 0 || b.recs[s.prev].r.Start.Less(s.r.Start)), "scoreboard: %v is out of place among the lost", s.r)
		listed[deemedLost] += s.r.Len()
	}
	require(listed == bytes, "scoreboard lists %v of %v", listed, bytes)
	if c.state.sends() && !b.empty() {
		require(b.span().Start == c.tx.una, "scoreboard begins at %v, SND.UNA is %v", b.span().Start, c.tx.una)
		require(b.span().End == c.tx.nxt, "scoreboard ends before SND.NXT")
		require(c.timers.armed(timerRetransmit), "text is outstanding and no timer runs")
	}
	require(c.pipe() >= 0, "the pipe is negative: %d", c.pipe())
}

func (c *Conn) checkReceive() {
	if r := c.rcv; r != nil {
		size, held := 0, 0
		for i := range r.parts.n {
			size += int(r.parts.at(i).Size())
			held += footprint(r.parts.at(i))
		}
		require(size == r.bytes && held == r.held, "receive buffer holds %d bytes in %d, and says %d in %d", size, held, r.bytes, r.held)
	}
	if c.ooo != nil {
		c.checkReassembly(c.ooo)
	}
}

func (c *Conn) checkReassembly(q *reassembly) {
	pieces, bytes, held := 0, 0, 0
	for i := range q.blocks.n {
		b := q.blocks.at(i)
		require(b.r.Len() == int(b.text.Size()) && b.r.Len() > 0, "block %d of %d bytes holds %d", i, b.r.Len(), b.text.Size())
		require(c.rx.nxt.Less(b.r.Start), "block %d at %v is in order", i, b.r.Start)
		require(b.r.End.LessEq(c.rx.adv), "block %d lies beyond the window", i)
		require(i == 0 || q.blocks.at(i-1).r.End.Less(b.r.Start), "block %d touches the one before", i)
		require(b.held == footprint(&b.text), "block %d holds %d bytes of memory, and says %d", i, footprint(&b.text), b.held)
		pieces += b.pieces
		bytes += b.r.Len()
		held += b.held
	}
	require(pieces == q.pieces && bytes == q.bytes && held == q.held, "reassembly holds %d pieces of %d bytes in %d, and says %d of %d in %d",
		pieces, bytes, held, q.pieces, q.bytes, q.held)
}

func require(ok bool, format string, args ...any) {
	if !ok {
		panic("BUG: " + fmt.Sprintf(format, args...))
	}
}
