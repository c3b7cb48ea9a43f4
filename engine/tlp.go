// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"tcpcb/engine/seq"
)

// tailProbe is the tail loss probe of RFC 8985, section 7: where the last
// segments of a flight are lost, nothing comes back to tell; a probe after two
// round trips does, long before the retransmission timer.
type tailProbe struct {
	out    bool    // a probe is outstanding, up to end
	resent bool    // it was text that had been sent before (TLP.is_retrans)
	due    bool    // one is to be sent at the next poll
	end    seq.Num // TLP.end_seq
	// sent is the text of one that was sent before, and first when that was.
	sent  seq.Range
	first Instant
	// counted says that a loss was counted, and an acknowledgment may yet show
	// that there was none.
	counted bool
}

// maxAckDelay of the peer, for a flight of one segment: it may wait for a second
// (RFC 8985, section 7.2, TLP.max_ack_delay).
const peerAckDelay = 200 * time.Millisecond

// armProbe sets the probe timer (RFC 8985, section 7.2), where the conditions
// hold and the retransmission timer is not earlier.
func (c *Conn) armProbe(now Instant) {
	c.timers.stop(timerProbe)
	if c.loss == nil || !c.shake.sack || c.set.NoRACK || c.board.empty() || c.tx.wnd == 0 {
		return
	}
	if c.recovery.phase != phaseOpen {
		c.armRepair(now)
		return
	}
	if c.board.anySacked() || c.loss.tlp.out {
		return
	}
	at := now.Add(c.probeWait())
	if c.timers.armed(timerRetransmit) && at >= c.timers.at[timerRetransmit] {
		if !c.set.ProbeAtTimeout || c.rtt.probed || !c.rtt.valid {
			return
		}
		at = c.timers.at[timerRetransmit]
	}
	c.timers.arm(timerProbe, at)
}

// probeWait is PTO (RFC 8985, section 7.2).
func (c *Conn) probeWait() time.Duration {
	if !c.rtt.valid {
		return time.Second // without a measurement
	}
	wait := 2*c.rtt.srtt + 2*clockGranularity
	if c.board.order.n == 1 {
		wait += peerAckDelay
	}
	return wait
}

// onProbeTimer asks for a probe (RFC 8985, section 7.3, MUST: where none is
// outstanding, and a round trip was measured since the last one).
func (c *Conn) onProbeTimer(now Instant) {
	if c.board.empty() || c.recovery.phase != phaseOpen && !c.mayRepair() {
		return
	}
	c.loss.tlp.due = !c.loss.tlp.out && c.rtt.valid && !c.rtt.probed
	// The retransmission timer starts anew when the probe goes out.
	c.timers.arm(timerRetransmit, now.Add(c.timeout()))
}

// pollTailProbe builds the probe: the next text that was never sent, where the
// peer's window lets it go, or else the last segment once more.
func (c *Conn) pollTailProbe(now Instant, out *Segment) bool {
	if c.loss == nil || !c.loss.tlp.due {
		return false
	}
	t := &c.loss.tlp
	t.due = false
	if !c.state.sends() || c.board.empty() {
		return false
	}
	if c.recovery.phase != phaseOpen {
		return c.pollRepair(now, out)
	}
	if n := min(c.Unsent(), c.segmentRoom()); n > 0 && n <= c.usable() {
		*t = tailProbe{out: true, end: c.tx.nxt.Add(n)}
		c.sendText(now, out, n, c.segmentRoom())
		t.end = c.tx.nxt
		c.rtt.probed = true
		c.counters.TailProbes++
		return true
	}
	last := c.board.order.n - 1
	mss := c.segmentRoom()
	if s := c.board.at(last); s.fate == sacked {
		return false
	} else if n := s.r.Len(); n > mss && !(n == mss+1 && c.endsInFin(s.r)) {
		c.board.split(last, n-mss)
		last++
	}
	s := c.board.at(last)
	*t = tailProbe{out: true, resent: true, end: c.tx.nxt, sent: s.r, first: s.stamp.sentAt}
	c.resend(now, out, *c.board.order.at(last), mss)
	c.rtt.probed = true
	c.counters.TailProbes++
	return true
}

// onAck looks at an acknowledgment for news of the probe, and reports whether it
// made good a loss. n and d are what the acknowledgment brought.
func (t *tailProbe) onAck(ack seq.Num, n *ackNews, d *delivery) (lost bool) {
	if !t.out || ack.Less(t.end) {
		return false
	}
	first := d.original && !d.narrowly // the first copy has arrived
	twice := n.dsacked > 0 || n.duplicate && !d.sackNews
	lost = t.resent && !first && !twice
	*t = tailProbe{end: t.end, sent: t.sent, counted: lost && !d.again && ack == t.end}
	return lost
}

// spared reports whether a duplicate acknowledgment of ack, without SACK, shows
// that there was no loss: both copies have arrived, and the peer has no DSACK to
// say so.
func (t *tailProbe) spared(ack seq.Num) bool {
	was := t.counted
	t.counted = was && ack == t.end
	return t.counted
}

// judgeProbe does what RFC 8985, section 7.4.2, asks for: the loss that a probe
// repaired counts as any other. It counts as soon as the probe's text is
// acknowledged, and not with the next: a connection that is about to pause would
// never count it. Where the acknowledgment was that of the first copy after all,
// that of the probe says so, and the verdict is taken back.
func (c *Conn) judgeProbe(now Instant, n *ackNews, d *delivery) {
	t := &c.loss.tlp
	if n.duplicate && !d.sackNews && n.dsacked == 0 && t.spared(c.tx.una) {
		c.undoRecovery(now)
	}
	if !t.onAck(c.tx.una, n, d) || c.recovery.phase != phaseOpen {
		return
	}
	c.reduceForLoss(now, c.reduceFrom(n.flight))
	c.cc.onRecovered(now)
	c.counters.FastRecoveries++
	c.loss.spell = spell{began: now, some: true}
	c.loss.undo.begin()
	c.loss.undo.onResent(t.sent, 1)
	c.loss.undo.needed = d.again
}
