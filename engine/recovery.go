// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "tcpcb/engine/seq"

// recovery is the state of loss recovery: NewReno's (RFC 6582) without SACK,
// that of RFC 6675 with it. Both send by the pipe; without SACK, a duplicate
// acknowledgment stands for one segment that arrived.
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
	dups int
}

type recoveryPhase uint8

const (
	phaseOpen recoveryPhase = iota
	phaseFast               // fast recovery
	phaseLoss               // after a timeout
)

func (r *recovery) onTimeout(nxt seq.Num) {
	r.phase, r.point, r.dups, r.first = phaseLoss, nxt, 0, true
}

// pipe estimates how many bytes are in the network. Without SACK each
// duplicate acknowledgment tells that a segment left it (RFC 5681, section
// 3.2); the one after the gap did not.
func (c *Conn) pipe() int {
	p := c.board.pipe()
	if !c.shake.sack && c.recovery.dups > 0 {
		p -= min(c.recovery.dups*c.tx.mss, max(p-c.tx.mss, 0))
	}
	return p
}

// ackNews is what an acceptable acknowledgment brought.
type ackNews struct {
	acked     int  // bytes by which SND.UNA moved
	delivered int  // bytes newly known to have arrived
	duplicate bool // RFC 5681, section 2, DUPLICATE ACKNOWLEDGMENT
	sackNews  bool // SACK told something new
}

// updateRecovery updates loss recovery and the congestion window.
func (c *Conn) updateRecovery(now Instant, n ackNews) {
	r := &c.recovery
	switch {
	case n.acked > 0:
		r.dups = max(0, r.dups-max(1, n.acked/c.tx.mss))
		if r.phase == phaseOpen {
			r.dups = 0
		}
	case n.duplicate && !c.shake.sack:
		r.dups++
	}
	was := r.phase
	if was != phaseOpen && r.point.LessEq(c.tx.una) {
		c.endRecovery(now)
	}
	lost := c.detectLoss(n)
	switch {
	case r.phase == phaseOpen && lost:
		c.beginRecovery(now)
	case was != phaseFast && n.delivered > 0:
		c.cc.onAck(ackSample{now: now, acked: n.delivered, flight: c.pipe(), rtt: -1, phase: r.phase, limited: c.limited()})
	}
}

// detectLoss marks what the acknowledgment shows to be lost, and reports
// whether that asks for fast retransmit.
func (c *Conn) detectLoss(n ackNews) bool {
	r := &c.recovery
	if c.shake.sack {
		return n.sackNews && c.board.detect(c.tx.mss)
	}
	switch {
	case r.phase == phaseFast && n.acked > 0:
		// RFC 6582, section 3.2, step 3, partial acknowledgment: the next
		// segment is missing too.
		c.board.loseHead(c.tx.mss)
		r.first = true
	case r.phase == phaseOpen && r.dups >= dupThresh && r.point.LessEq(c.tx.una):
		// RFC 6582, section 3.2, step 2: only when what is acknowledged covers
		// the last recovery, so that its retransmissions start none.
		c.board.loseHead(c.tx.mss)
		return true
	}
	return false
}

func (c *Conn) beginRecovery(now Instant) {
	flight := c.tx.nxt.Sub(c.tx.una)
	c.recovery.phase, c.recovery.point, c.recovery.first = phaseFast, c.tx.nxt, true
	c.cc.onRecovery(now, flight)
	c.counters.FastRecoveries++
	c.trace(now, TraceRecovery)
}

func (c *Conn) endRecovery(now Instant) {
	if c.recovery.phase == phaseFast {
		c.cc.onRecovered(now)
	}
	c.recovery.phase, c.recovery.dups, c.recovery.first = phaseOpen, 0, false
	c.trace(now, TraceRecovered)
}

// limited reports whether the congestion window was used in full since the
// last acknowledgment, or nearly so in slow start, where it may double.
func (c *Conn) limited() bool {
	if c.txc.cwndLimited {
		return true
	}
	return c.cc.window() < c.cc.threshold() && c.cc.window() < 2*c.txc.maxFlight
}
