// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// checkAck is the fifth step (RFC 9293, section 3.10.7.4, fifth).
func (c *Conn) checkAck(now Instant, in *Segment) bool {
	if !in.Flags.Has(wire.ACK) {
		return c.drop(now, "no ACK")
	}
	if c.state == StateSynRcvd && !c.checkHandshakeAck(now, in) {
		return false
	}
	// RFC 5961, section 5.2 (MUST; RFC 9293, MAY-12): an acknowledgment older than any window, or
	// of what was never sent, is challenged, and its text not taken.
	if in.Ack.Less(c.tx.una.Add(-c.tx.maxWnd)) || c.tx.nxt.Less(in.Ack) {
		if c.overcounts(in) {
			return true
		}
		c.challenge(now)
		return c.drop(now, "ACK out of range")
	}
	// RFC 7323, section 5.3, R3, takes the timestamp in the first step. A forger
	// who need not guess the acknowledgment as well could set it far ahead there,
	// and PAWS would refuse all that the peer says from then on.
	c.ts.take(now, in)
	c.lastHeard(now)
	if !in.Ack.Less(c.tx.una) {
		c.takeAck(now, in)
	}
	return c.finAcked(now, in)
}

// overcounts reports whether in is no more than a FIN at RCV.NXT, of a peer that
// acknowledges one octet too many, as if it had our FIN already. RFC 9293 has the
// segment dropped; netstack takes the FIN, and what was tested with netstack may
// rest on that. So it is taken here, but not the acknowledgment: to a forger, who
// has to know RCV.NXT, it is one more value of SEG.ACK in 2^32.
func (c *Conn) overcounts(in *Segment) bool {
	return in.Flags.Has(wire.FIN) && in.Len() == 1 && in.Seq == c.rx.nxt &&
		in.Ack == c.tx.nxt.Add(1) && !c.closing.finSent
}

// checkHandshakeAck takes the acknowledgment of our SYN in SYN-RECEIVED; a
// wrong one is answered with a reset.
func (c *Conn) checkHandshakeAck(now Instant, in *Segment) bool {
	if in.Ack.LessEq(c.tx.una) || c.tx.nxt.Less(in.Ack) {
		c.txc.replyDue, c.txc.replySeq = true, in.Ack
		return c.drop(now, "ACK of what was not sent")
	}
	c.tx.una = c.tx.iss.Add(1)
	c.shake.due = false
	c.setWindow(in, c.windowOf(in))
	c.establish(now, in)
	return true
}

// takeAck takes an acknowledgment of SND.UNA or beyond, and the window with it.
func (c *Conn) takeAck(now Instant, in *Segment) {
	wnd := c.windowOf(in)
	if c.board.empty() { // then there is nothing new that it could tell
		duplicate := in.Ack == c.tx.una && in.Len() == 0 && wnd == c.tx.wnd
		c.updateWindow(in, wnd, false)
		c.lateNews(now, in, duplicate)
		return
	}
	news := ackNews{
		acked:     in.Ack.Sub(c.tx.una),
		flight:    c.flightSize(),
		pipe:      c.pipe(),
		duplicate: in.Ack == c.tx.una && in.Len() == 0 && wnd == c.tx.wnd,
		echo:      in.Flags.Has(wire.ECE) && c.ecn.sends(),
	}
	d := c.newDelivery(now, in)
	if news.acked > 0 {
		c.board.ack(in.Ack, &d)
		c.tx.una = in.Ack
		c.snd.trim(in.Ack)
		c.noteSpace()
		c.txc.more = false
	}
	if c.shake.sack && in.Options.NumSACK > 0 {
		var blocks []seq.Range
		news.dsacked, blocks = c.takeDSACK(in)
		c.board.sack(blocks, &d)
	}
	c.sampleRTT(&d, news.acked > 0)
	c.rate.finish(&d.sample, c.rtt.min)
	if d.sample.some {
		c.out.envelope.add(c.rate.point(), c.cc.bandwidth(), c.rtt.min/envelopeShare)
	}
	c.updateWindow(in, wnd, news.acked > 0)
	c.updateRecovery(now, &news, &d)
	if news.acked > 0 {
		c.restartRetransmit(now)
	}
	if d.bytes > 0 {
		c.txc.cwndLimited, c.loss.burst = false, 0
		if c.txc.roundEnd.LessEq(c.tx.una) {
			c.txc.used(c.pipe(), c.tx.nxt)
		}
		c.armProbe(now)
	} else if c.tx.wnd == 0 {
		c.timers.stop(timerProbe) // the peer refuses what comes, and a probe too
	}
	if d.bytes > 0 || news.duplicate {
		c.foundRoom()
	}
	if news.hold {
		c.hold(now)
	}
}

// newDelivery returns what in may tell to have arrived, still empty.
func (c *Conn) newDelivery(now Instant, in *Segment) delivery {
	at := now
	if in.Arrived != 0 {
		at = min(in.Arrived, now)
	}
	// What tells that an acknowledgment is too early for what was sent last is the
	// only sign without options, and not enough of one.
	least := c.rtt.min
	if !c.ts.on && !c.shake.sack {
		least = 0
	}
	return delivery{
		now:    at,
		minRTT: least,
		echo:   in.Options.TSEcr, offset: c.par.tsOffset,
		echoes:  c.ts.on && in.Options.HasTimestamps && in.Options.TSEcr != 0,
		rate:    &c.rate,
		rack:    &c.loss.rack,
		tlp:     &c.loss.tlp,
		reorder: &c.recovery.reorder,
		sentAt:  Never,
	}
}

// sampleRTT takes at most one measurement from an acknowledgment: from when the
// text was sent, if all of it was sent once (RFC 6298, section 3), or else from
// the timestamp that the peer echoes (RFC 7323, section 4.1). What was sent once
// tells nothing beside what was sent again: it may have arrived long ago, and
// have waited for an acknowledgment that was lost.
func (c *Conn) sampleRTT(d *delivery, acked bool) {
	if d.sentAt != Never && !d.resent {
		c.rtt.sample(d.now.Sub(d.sentAt))
		c.loss.eifel.onSample(&c.rtt, c.tx.una)
		return
	}
	if acked && d.echoes {
		if c.sampleEcho(d.now, d.echo) {
			c.loss.eifel.onSample(&c.rtt, c.tx.una)
		}
	}
}

// sampleEcho takes the time since the timestamp echo, and reports whether it can
// be one of ours.
func (c *Conn) sampleEcho(now Instant, echo uint32) bool {
	ms := int32(timestamp(now, c.par.tsOffset) - echo)
	rtt := time.Duration(ms) * time.Millisecond
	ours := ms >= 0 && rtt <= c.set.MaxRTO
	if ours {
		c.rtt.sample(rtt)
	}
	return ours
}

// windowOf returns the window that a segment offers, in bytes; that of a SYN is
// never scaled (RFC 7323, section 2.2).
func (c *Conn) windowOf(in *Segment) int {
	if in.unscaled {
		return in.Window.Scaled(0)
	}
	return in.Window.Scaled(c.tx.wndScale)
}

// updateWindow takes the window of a segment that is not older than the one
// that last updated it (RFC 9293, section 3.10.7.4, fifth, SND.WL1 and
// SND.WL2), or that acknowledges more: its window counts from there, and to keep
// the old one would be to move the edge by what nobody offered.
func (c *Conn) updateWindow(in *Segment, wnd int, advances bool) {
	if advances || c.tx.wl1.Less(in.Seq) || c.tx.wl1 == in.Seq && c.tx.wl2.LessEq(in.Ack) {
		c.setWindow(in, wnd)
	}
}

func (c *Conn) setWindow(in *Segment, wnd int) {
	c.tx.wnd, c.tx.wl1, c.tx.wl2 = wnd, in.Seq, in.Ack
	c.tx.maxWnd = max(c.tx.maxWnd, wnd)
}

// finAcked moves on where the acknowledgment covers our FIN (RFC 9293, section
// 3.10.7.4, fifth), and reports whether the segment's processing goes on.
func (c *Conn) finAcked(now Instant, in *Segment) bool {
	if !c.closing.finSent || c.tx.una != c.tx.nxt {
		return true
	}
	switch c.state {
	case StateFinWait1:
		c.events |= EventFinAcked
		c.setState(now, StateFinWait2)
		c.armFinWait2(now)
	case StateClosing:
		c.events |= EventFinAcked
		c.enterTimeWait(now)
		return false
	case StateLastAck:
		c.events |= EventFinAcked
		c.finish(now, ReasonNone)
		return false
	}
	return true
}
