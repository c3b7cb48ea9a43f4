// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "tcpcb/engine/wire"

// inputSynSent processes a segment in SYN-SENT (RFC 9293, section 3.10.7.3).
func (c *Conn) inputSynSent(now Instant, in *Segment) {
	acks := in.Flags.Has(wire.ACK)
	if acks && (in.Ack.LessEq(c.tx.iss) || c.tx.nxt.Less(in.Ack)) {
		// First: an acknowledgment of something that was never sent.
		if !in.Flags.Has(wire.RST) {
			c.txc.replyDue, c.txc.replySeq = true, in.Ack
		}
		c.drop(now, "ACK of what was not sent")
		return
	}
	if in.Flags.Has(wire.RST) {
		// Second: only a reset that acknowledges our SYN is one (RFC 5961,
		// section 3.2, and the blind attack it closes).
		if !acks {
			c.drop(now, "RST without ACK")
			return
		}
		c.finish(now, ReasonRefused)
		return
	}
	if !in.Flags.Has(wire.SYN) {
		c.drop(now, "neither SYN nor RST")
		return
	}
	c.takeSyn(now, in)
	if !acks {
		// Both sides open at once: answer the SYN with a SYN-ACK.
		c.shake.due = true
		c.setState(now, StateSynRcvd)
		return
	}
	c.rx.adv = c.rx.nxt.Add(int(c.synWindow())) // what our SYN offered
	c.tx.una = in.Ack
	c.establish(now, in)
	c.ack.now = true
	in.Flags &^= wire.SYN
	in.Seq = in.Seq.Add(1)
	c.ts.lastAck = c.rx.nxt
	c.checkUrgent(in)
	fin := c.noteFin(in)
	c.takeText(now, in)
	c.takeFin(now, fin)
}
