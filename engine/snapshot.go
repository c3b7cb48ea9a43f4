// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"tcpcb/engine/seq"
)

// Snapshot is what a connection knows, in more detail than Info: for those who
// study loss recovery and congestion control segment by segment. Sizes are in
// bytes, and an Instant that is Never stands for what has not happened. It is
// made for looking, and not for speed.
type Snapshot struct {
	Info
	SndUna, SndNxt seq.Num
	// LastSent is when text was last sent; FinQueued says that no text will
	// follow what was written.
	LastSent  Instant
	FinQueued bool
	DupAcks   int
	// SMSS is the text of a full segment, by which congestion control counts (RFC
	// 5681, section 2).
	SMSS int
	// SackedSegments counts what is outstanding and SACKed, in packets.
	SackedSegments int
	// AvoidanceAcked is how much of the window's next growth by a segment was
	// acknowledged, in congestion avoidance by RFC 5681; 0 for others.
	AvoidanceAcked int
	// TimedSeq is the first text that was sent only once, and whose
	// acknowledgment gives a round-trip time; TimedAt is when it was sent.
	TimedSeq seq.Num
	TimedAt  Instant
	HasRTT   bool

	// TextAgo is how long ago text came, or where none did the connection was
	// established, to about a millisecond; LongestText is the most that a segment
	// brought.
	TextAgo     time.Duration
	LongestText int

	RcvNxt, RcvAdv seq.Num
	LastAckSent    seq.Num
	OutOfOrder     int // bytes held

	TSOffset uint32 // milliseconds
	TSRecent uint32

	// Held are the ranges that came out of order, in the order in which SACK
	// reports them; Sacked are those that the peer has reported, in order of
	// sequence, and HighSacked is the end of the highest that it ever did.
	Held, Sacked []seq.Range
	HighSacked   seq.Num

	// Backoff is how often the timer that runs was doubled, that of retransmissions
	// or that of window probes, and Probes how many probes of the window, or of an
	// idle peer, wait for an answer.
	Backoff, Probes int

	Packets  PacketsSnapshot
	Recovery RecoverySnapshot
	RACK     RACKSnapshot
	Cubic    CubicSnapshot
}

// PacketsSnapshot is what is outstanding, counted in the packets that it was last
// sent in: all of it; what is deemed lost and was not sent again; and what was
// sent again, for whatever reason, and is in the network.
type PacketsSnapshot struct {
	Outstanding, Lost, Resent int
}

// RecoverySnapshot is what a Snapshot tells of loss recovery.
type RecoverySnapshot struct {
	Fast bool // fast recovery is on
	// Marked says that the window was reduced for a mark, and that nothing sent
	// after is acknowledged yet (RFC 3168, section 6.1.2).
	Marked bool
	End    seq.Num // RecoveryPoint: it ends when this is acknowledged
	// HighRxt is the end of the highest range that this recovery has sent again
	// (RFC 6675, section 2); SndUna while there is none.
	HighRxt seq.Num
	// Began is the timestamp, on the clock of the timestamps option, at which the
	// last recovery began, that after a timeout included; 0 when there was none.
	// Spurious says that it was taken back.
	Began    uint32
	Spurious bool
}

// RACKSnapshot is what a Snapshot tells of RACK, by the names of RFC 8985,
// section 5.3. The zero value is that of a connection that has nothing
// outstanding and had nothing for a while.
type RACKSnapshot struct {
	XmitAt     Instant
	EndSeq     seq.Num
	RTT        time.Duration
	FACK       seq.Num
	Reordering bool
	// Extent is by how many bytes at most something was overtaken that arrived
	// late: from its start to the end of the highest that had arrived.
	Extent     int
	DSACKSeen  bool
	ReoWnd     time.Duration
	ReoWndMult int
	Persist    int     // recoveries until ReoWndMult is 1 again
	Round      seq.Num // the round trip in which ReoWndMult grew ends here
}

// CubicSnapshot is what a Snapshot tells of CUBIC (RFC 9438) and its slow start
// (RFC 9406); windows are in segments. The zero value is that of a connection
// with another congestion control, or that has sent nothing yet.
type CubicSnapshot struct {
	On                        bool
	WMax, LastWMax            float64
	K                         float64 // in seconds
	Start                     Instant // of congestion avoidance; Never before it
	Window, Estimate          float64 // W_cubic and W_est, now
	C, Beta                   float64
	RoundEnd                  seq.Num // what ends the round when it is acknowledged
	RoundStart                Instant
	LastAck                   Instant // when an acknowledgment last told something
	RoundMinRTT, LastRoundRTT time.Duration
	RoundSamples              int
}

// Snapshot returns what the connection knows at now.
func (c *Conn) Snapshot(now Instant) Snapshot {
	s := Snapshot{
		Info:   c.Info(),
		SndUna: c.tx.una, SndNxt: c.tx.nxt,
		LastSent: Never, FinQueued: c.closing.queued || c.state.sentFin(),
		DupAcks: int(c.recovery.dups), SMSS: int(c.tx.smss),
		TimedSeq: c.tx.nxt, TimedAt: Never, HasRTT: c.rtt.valid,
		TextAgo: c.rx.heardText.ago(now), LongestText: int(c.longest),
		RcvNxt: c.rx.nxt, RcvAdv: c.rx.adv, LastAckSent: c.ts.lastAck,
		TSOffset: c.par.tsOffset, TSRecent: c.ts.recent,
		HighSacked: c.tx.una,
		Backoff:    int(max(c.rto.backoff, c.persist.backoff)),
		Probes:     max(int(c.persist.unanswered), c.alive.probes),
	}
	if c.txc.lastSent != 0 {
		s.LastSent = c.txc.lastSent
	}
	if r, ok := c.cc.(*reno); ok {
		s.AvoidanceAcked = r.acked
	}
	c.snapReceived(&s)
	c.snapBoard(&s)
	c.snapRecovery(&s)
	c.snapRACK(&s.RACK)
	c.snapCubic(now, &s.Cubic)
	return s
}

// snapReceived fills in what came out of order.
func (c *Conn) snapReceived(s *Snapshot) {
	if c.ooo == nil {
		return
	}
	for i := range c.ooo.blocks.n {
		s.OutOfOrder += c.ooo.blocks.at(i).r.Len()
	}
	s.Held = make([]seq.Range, len(c.ooo.recent))
	s.Held = s.Held[:c.ooo.sackBlocks(s.Held)]
}

// snapBoard fills in what is outstanding.
func (c *Conn) snapBoard(s *Snapshot) {
	b := c.board
	if b == nil {
		return
	}
	s.SackedSegments, s.HighSacked = b.sackedSegments, b.highSacked
	for i := range b.order.n {
		rec := b.at(i)
		n := rec.segments()
		if s.FinQueued && n > 1 && rec.r.End == c.tx.nxt {
			n = ceilDiv(rec.r.Len()-1, int(rec.unit)) // a FIN rides with the last text
		}
		s.Packets.Outstanding += n
		switch {
		case rec.fate == deemedLost:
			s.Packets.Lost += n
		case rec.fate == inFlight && rec.retransmitted:
			s.Packets.Resent += n
		}
		switch {
		case rec.fate == sacked:
			if n := len(s.Sacked); n > 0 && s.Sacked[n-1].End == rec.r.Start {
				s.Sacked[n-1].End = rec.r.End
			} else {
				s.Sacked = append(s.Sacked, rec.r)
			}
		case s.TimedAt == Never && !rec.retransmitted:
			s.TimedSeq, s.TimedAt = rec.r.Start, rec.stamp.sentAt
		}
	}
}

// snapRecovery fills in what recovery is about.
func (c *Conn) snapRecovery(s *Snapshot) {
	r := &s.Recovery
	r.Fast, r.End, r.HighRxt = c.recovery.phase == phaseFast, c.recovery.point, c.tx.una
	if c.loss == nil {
		return
	}
	r.Marked = c.loss.reduced.open && c.loss.reduced.mark
	if !c.loss.spell.some {
		return
	}
	spell := &c.loss.spell
	r.Began, r.Spurious = timestamp(spell.began, c.par.tsOffset), spell.spurious
	if c.recovery.phase == phaseOpen || c.board == nil {
		return
	}
	for i := c.board.order.n - 1; i >= 0; i-- {
		if rec := c.board.at(i); rec.retransmitted && rec.stamp.sentAt >= spell.began {
			r.HighRxt = rec.r.End
			return
		}
	}
}

// snapRACK fills in RACK's variables.
func (c *Conn) snapRACK(k *RACKSnapshot) {
	o := &c.recovery.reorder
	*k = RACKSnapshot{
		XmitAt: Never, FACK: o.fack, Reordering: o.seen, Extent: int(o.extent), DSACKSeen: c.counters.DSACKsIn > 0,
		ReoWndMult: 1 + int(o.mult), Persist: int(o.persist), Round: o.round,
	}
	if c.board != nil {
		k.ReoWnd, _ = c.rackReoWnd()
	}
	if c.loss != nil && c.loss.rack.valid {
		k.XmitAt, k.EndSeq, k.RTT = c.loss.rack.sentAt, c.loss.rack.end, c.loss.rack.rtt
	}
}

// snapCubic fills in CUBIC's variables.
func (c *Conn) snapCubic(now Instant, s *CubicSnapshot) {
	cc, ok := c.cc.(*cubic)
	if !ok {
		return
	}
	h := &cc.first
	*s = CubicSnapshot{
		On: true, WMax: cc.wMax, LastWMax: cc.undo.wMax, Start: Never, C: cubicC, Beta: cubicBeta,
		RoundMinRTT: h.least, LastRoundRTT: h.last, RoundSamples: int(h.samples),
		RoundEnd: c.tx.nxt, RoundStart: c.rate.deliveredAt, LastAck: c.rate.deliveredAt,
	}
	if cc.running {
		s.Start, s.K = cc.start, cc.k
		s.Window, s.Estimate = cc.at(now.Sub(cc.start).Seconds()), cc.west
	}
	if c.board == nil {
		return
	}
	// The round ends with what was sent after it had begun, when as much had been
	// delivered as at its beginning.
	for i := range c.board.order.n {
		if rec := c.board.at(i); rec.stamp.delivered >= h.roundEnd {
			s.RoundEnd, s.RoundStart = rec.r.Start, rec.stamp.from.at
			return
		}
	}
}
