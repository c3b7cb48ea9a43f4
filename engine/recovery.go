// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "tcpcb/engine/seq"

// recovery is the state of loss recovery: RACK's (RFC 8985) with SACK, or that
// of RFC 6675 where RACK is off, and NewReno's (RFC 6582) without SACK. All send
// by the pipe; without SACK, a duplicate acknowledgment stands for one segment
// that arrived.
type recovery struct {
	phase recoveryPhase
	// first says that the first lost segment is to be sent whatever the window:
	// the fast retransmit itself (RFC 6675, section 5, step 4.3; RFC 6582,
	// section 3.2, steps 2 and 3).
	first bool
	// point is RecoveryPoint: what was sent when the loss was seen. Recovery
	// ends when it is acknowledged (RFC 6675, section 5; RFC 6582's recover).
	point seq.Num
	// dups counts duplicate acknowledgments in a row.
	dups    int32
	reorder reordering
}

type recoveryPhase uint8

const (
	phaseOpen recoveryPhase = iota
	phaseFast               // fast recovery
	phaseLoss               // after a timeout
)

// lossState is what recovery needs only while text is outstanding.
type lossState struct {
	rack rack
	prr  prr
	tlp  tailProbe
	undo undo
	frto frto
	// eifel is what a spurious timeout asks of the round-trip times yet.
	eifel eifelRTT
	run   lossRun
	// lost is how many bytes were deemed lost since the last acknowledgment.
	lost int
	// refusal is about losses that are none.
	refusal refusal
	room    noRoom
	// burst is how many bytes were sent since something was last acknowledged.
	burst   int
	spell   spell
	reduced reduction
}

// spell is what is remembered of the last recovery.
type spell struct {
	began                   Instant
	some, timeout, spurious bool
}

// lossRun counts losses as events: of segments lost one after the other, the
// first counts, and then every lossRunLength-th. A queue that overflows drops
// here and there, as it has room again for each packet that leaves; a run of
// losses is one misfortune (RFC 5348, section 5.2, counts them so as well).
type lossRun struct {
	end seq.Num // of the last loss
	n   int     // segments lost in a row
}

const lossRunLength = 8

// count returns how many bytes of s count.
func (l *lossRun) count(s *record) int {
	if s.r.Start != l.end || l.n == 0 {
		l.n = 0
	}
	l.end = s.r.End
	counted := 0
	for at := 0; at < s.r.Len(); at += int(s.unit) {
		if l.n%lossRunLength == 0 {
			counted += min(int(s.unit), s.r.Len()-at)
		}
		l.n++
	}
	return counted
}

// pipe estimates how many bytes are in the network. Without SACK each
// duplicate acknowledgment tells that a segment left it (RFC 5681, section
// 3.2); the one after the gap did not. Before recovery they are too few to be
// believed, so that limited transmit (RFC 3042) takes SACK, as in netstack, unless
// Choices.LimitedTransmit asks for it.
func (c *Conn) pipe() int {
	p := c.board.pipe()
	if !c.shake.sack {
		p -= min(c.leftByDups()*c.smss(), max(p-c.smss(), 0))
	}
	return p
}

// flightSize is FlightSize of RFC 5681, section 2.
func (c *Conn) flightSize() int { return c.tx.nxt.Sub(c.tx.una) }

// reduceFrom is what a congestion window is reduced from, where flight bytes were
// outstanding: FlightSize, without what limited transmit sent (RFC 5681, section
// 3.2, step 2, MUST NOT), and without what was SACKed behind a hole, which is
// outstanding and not in the network. The window is the most that was.
func (c *Conn) reduceFrom(flight int) int { return min(flight, c.cc.window()) }

// cwnd is the congestion window in force.
func (c *Conn) cwnd() int {
	switch {
	case !c.proportional():
		return c.cc.window()
	case c.set.NoRACK:
		// As in netstack, where loss is found by counting: the window of RFC 5681,
		// section 3.2, step 3, all at once.
		return c.cc.threshold() + dupThresh*c.smss()
	}
	return c.loss.prr.cwnd
}

// proportional reports whether the window is recovery's.
func (c *Conn) proportional() bool {
	return c.recovery.phase == phaseFast && c.shake.sack && c.cc.reduces()
}

// ackNews is what an acceptable acknowledgment brought.
type ackNews struct {
	acked     int  // bytes by which SND.UNA moved
	flight    int  // FlightSize before
	pipe      int  // the pipe before
	duplicate bool // RFC 5681, section 2, DUPLICATE ACKNOWLEDGMENT
	dsacked   int  // segments that the peer got twice
	counted   int  // bytes of acked that duplicates stood for, without SACK
	echo      bool // of a mark: ECE, where ECN is on
	hold      bool // new text has to wait for the retransmission timer
}

// updateRecovery updates loss recovery and the congestion window.
func (c *Conn) updateRecovery(now Instant, n *ackNews, d *delivery) {
	r := &c.recovery
	switch {
	case n.acked > 0:
		// In recovery, those that were counted stay so after a partial
		// acknowledgment: as in netstack, the window stays inflated by them, where
		// RFC 6582, section 3.2, step 3, deflates it. Segments that came late since
		// are what a peer without SACK cannot tell of.
		if r.phase == phaseOpen {
			if c.set.OpenOnce {
				n.counted = min(int(r.dups)*c.smss(), n.acked)
			}
			r.dups = 0
			// Left behind by 2 GiB, the point would seem to be ahead. But it is not
			// reached until more is acknowledged.
			r.point = seq.Max(r.point, c.tx.una.Add(-1))
		}
	case n.duplicate && !c.shake.sack:
		r.dups++
	}
	c.loss.reduced.onAck(c.tx.una, n.echo)
	c.checkSpurious(now, n, d)
	was := r.phase
	if was != phaseOpen && r.point.LessEq(c.tx.una) {
		c.endRecovery(now)
	}
	lost := c.detectLoss(now, n, d)
	c.judgeProbe(now, n, d)
	c.noteRefused(n, d)
	c.reduceForMark(now, n)
	if d.again || d.last && !c.ts.on || c.board.resentBytes == 0 {
		c.loss.prr.cautious = false
	}
	if r.phase == phaseOpen && lost && !c.wereRefused() {
		c.beginRecovery(now, n.flight, d.bytes)
	}
	if c.proportional() {
		safe := n.acked > 0 && !lost
		c.loss.prr.onAck(d.bytes, c.pipe(), c.cc.threshold(), c.smss(), safe)
	}
	if d.bytes > 0 || lost {
		if !c.shake.sack && r.phase == phaseOpen {
			was = phaseOpen // what ends recovery counts for congestion avoidance
		}
		c.feed(now, was, n, d)
	}
}

// feed tells the controller of an acknowledgment. phase is that which it came in.
func (c *Conn) feed(now Instant, phase recoveryPhase, n *ackNews, d *delivery) {
	s := ackSample{
		now: now, acked: d.bytes, opens: c.opens(phase, n, d), lost: c.loss.lost,
		priorFlight: n.pipe, flight: c.pipe(),
		rtt: -1, srtt: c.rtt.srtt, minRTT: c.rtt.min,
		phase: phase, limited: c.limited(), full: c.txc.cwndLimited, echo: n.echo, rate: d.sample,
		trusted: c.set.NoValidation, fromWindow: c.set.FromWindow,
	}
	if d.sentAt != Never && !d.resent {
		s.rtt = max(d.now.Sub(d.sentAt), 0)
	}
	if s.rate.some { // what this acknowledgment showed to be lost counts too
		s.rate.lost = c.rate.lost - s.rate.stamp.lost
	}
	c.loss.lost, c.loss.refusal.lost = 0, 0
	c.cc.onAck(s)
	if c.cc.understates() {
		c.rate.onLimited(c.pipe())
	}
}

// opens returns for how many bytes an acknowledgment opens the window of Reno or
// CUBIC. They are those that it acknowledges cumulatively (RFC 5681, section 3.1):
// a duplicate MUST NOT change the window, by which limited transmit lets a segment
// go (RFC 3042, section 2). After a timeout, text does not count either that had
// been SACKed or deemed lost: it was not in the network, and its arrival makes no
// room.
func (c *Conn) opens(phase recoveryPhase, n *ackNews, d *delivery) int {
	switch {
	case phase == phaseOpen && c.set.OpenOnce:
		return min(n.acked, d.bytes) - n.counted
	case phase == phaseOpen:
		return n.acked
	case n.acked > 0:
		return d.bytes - d.late
	}
	return 0
}

// checkSpurious takes a recovery back for which there was no reason. What a
// recovery that has ended sent again may yet prove spurious, as long as no new
// one has begun.
func (c *Conn) checkSpurious(now Instant, n *ackNews, d *delivery) {
	u := &c.loss.undo
	u.onDelivered(d)
	if u.byOriginals() {
		c.noteSpurious()
	}
	// After a timeout, the verdict on all that was outstanding was one: it falls
	// with its first part. In fast recovery, each was judged by itself.
	open := c.board.anyLost() || c.board.resentBytes > 0
	spurious := c.checkForward(n, d)
	if spurious || u.byDSACK() || u.byOriginals() && (c.recovery.phase == phaseLoss || !open) {
		c.undoRecovery(now)
	}
}

// detectLoss marks what the acknowledgment shows to be lost, and reports
// whether it does.
func (c *Conn) detectLoss(now Instant, n *ackNews, d *delivery) bool {
	r := &c.recovery
	before := c.loss.lost
	switch {
	case c.shake.sack && !c.set.NoRACK:
		if d.bytes > 0 {
			c.detectByTime(now, d.now)
		}
	case c.shake.sack:
		// A recovery begins only when more is acknowledged than was sent before
		// the last one (RFC 6582, section 3.2, step 2), as in netstack.
		if d.sackNews && (r.phase != phaseOpen || r.point.Less(c.tx.una)) {
			c.board.detect(c.smss(), c.tell(now))
		}
	case r.phase == phaseFast && n.acked > 0:
		// RFC 6582, section 3.2, step 3, partial acknowledgment: the next
		// segment is missing too.
		c.board.loseHead(c.smss(), c.tell(now))
		r.first = true
	case r.phase == phaseOpen && r.dups >= dupThresh && r.point.LessEq(c.tx.una):
		// RFC 6582, section 3.2, step 2: only when what is acknowledged covers
		// the last recovery, so that its retransmissions start none.
		c.board.loseHead(c.smss(), c.tell(now))
	}
	return c.loss.lost > before
}

// tell returns a function that notes records as lost.
func (c *Conn) tell(now Instant) func(*record) { return func(s *record) { c.onLost(now, s) } }

// onLost notes that s is about to be deemed lost.
func (c *Conn) onLost(now Instant, s *record) {
	n := s.r.Len()
	c.loss.lost += n
	c.loss.refusal.onLost(s)
	c.loss.reduced.onLost(s)
	counted := c.loss.run.count(s)
	c.rate.lost += int64(counted)
	c.cc.onLost(lostSample{
		now: now, at: s.r, bytes: counted, sent: s.stamp, lost: c.rate.lost, delivered: c.rate.delivered,
	})
}

// beginRecovery begins fast recovery, for a loss that an acknowledgment of
// delivered bytes showed with flight bytes outstanding before it.
func (c *Conn) beginRecovery(now Instant, flight, delivered int) {
	c.recovery.phase, c.recovery.point, c.recovery.first = phaseFast, c.tx.nxt, true
	c.reduceForLoss(now, c.reduceFrom(flight))
	c.loss.prr.begin(c.flightSize() - c.board.sackedBytes + delivered)
	c.loss.prr.cwnd = c.pipe() + c.smss()
	c.loss.undo.begin()
	c.loss.spell = spell{began: now, some: true}
	c.timers.stop(timerProbe)
	c.counters.FastRecoveries++
	if c.loss.tlp.out && c.loss.tlp.resent {
		c.counters.ProbeRecoveries++
		c.loss.prr.beCautious(c.smss())
	}
	c.loss.tlp = tailProbe{} // RFC 8985, section 7.1
	c.trace(now, TraceRecovery)
}

func (c *Conn) endRecovery(now Instant) {
	if c.recovery.phase == phaseFast {
		c.cc.onRecovered(now)
	}
	c.recovery.phase, c.recovery.dups, c.recovery.first = phaseOpen, 0, false
	c.loss.frto = frto{}
	c.recovery.reorder.onRecovered()
	c.trace(now, TraceRecovered)
}

// onTimeout marks what is lost when the retransmission timer expires. RACK
// leaves alone what was sent too lately to tell (RFC 8985, section 6.3).
func (c *Conn) onTimeout(now Instant) {
	flight := c.board.pipe()
	within := c.withinUnproved()
	if within {
		c.cc.onUndo(now) // and the timeout reduces for both
	}
	// RFC 3168, section 6.1.2: ssthresh is not reduced twice for one window.
	c.cc.onTimeout(now, flight, c.rto.retries == 0 && !c.loss.reduced.covers(c.tx.una))
	c.reduced(false, c.loss.reduced.echoed)
	if c.recovery.phase == phaseOpen || c.rto.retries == 0 {
		if within {
			c.loss.undo.original = false // that was not about the timeout
		} else {
			c.loss.undo.begin()
		}
		c.loss.eifel.begin(&c.rtt)
		c.loss.spell = spell{began: now, some: true, timeout: true}
	}
	r := &c.recovery
	was := r.phase
	r.phase, r.point, r.dups, r.first = phaseLoss, c.tx.nxt, 0, true
	c.loss.tlp = tailProbe{}
	c.loss.room.until = 0
	c.timers.stop(timerProbe)
	c.timers.stop(timerReorder)
	reneged := c.board.renege(c.tell(now))
	c.loss.frto.onTimeout(c.tx.una, was, reneged)
	if !c.shake.sack || c.set.NoRACK {
		c.board.loseAll(c.tell(now))
		return
	}
	c.board.loseHead(c.smss(), c.tell(now))
	wait := max(c.loss.rack.rtt, c.rtt.srtt) + c.reoWnd()
	for id := c.board.flight.head; id != 0; {
		s := &c.board.recs[id]
		if s.stamp.sentAt.Add(wait) > now {
			break
		}
		next := s.next
		c.onLost(now, s)
		c.board.lose(id)
		id = next
	}
}

// withinUnproved reports whether the timer expires in a fast recovery of which
// nothing has told yet that it was needed. Where a host stands still for a while,
// the reordering timer and this one expire together. If they turn out to have been
// for nothing, the window is to be what it was before both (RFC 4015, section 3.2).
func (c *Conn) withinUnproved() bool {
	u := &c.loss.undo
	return c.recovery.phase == phaseFast && c.rto.retries == 0 && u.armed && !u.needed &&
		c.cc.reduces() && !c.loss.reduced.echoed
}

// limited reports whether the congestion window was used in full since the
// last acknowledgment, or in slow start, where it may double, in half at some time
// of this round trip (RFC 7661, section 4.3): what the round trip's first
// acknowledgments leave outstanding tells nothing of what it was used for.
func (c *Conn) limited() bool {
	if c.txc.cwndLimited {
		return true
	}
	return c.cc.window() < c.cc.threshold() && c.cc.window() < 2*int(c.txc.maxFlight)
}
