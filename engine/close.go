// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// closeState is what closing remembers.
type closeState struct {
	queued  bool // CloseWrite came before the handshake was done
	finSent bool
	reset   bool // a reset is to be sent
	refuse  bool // before it, one that refuses the peer's SYN
	closed  bool // Close was called: nobody holds the connection any more
	read    readState
}

type readState uint8

const (
	readOpen   readState = iota
	readShut             // CloseRead: text is taken, or reset after CloseWrite
	readClosed           // Close: text is answered with a reset (MAY-1, SHLD-3)
)

// CloseWrite sends a FIN after all text that was written: no more will be (RFC
// 9293, section 3.10.4, CLOSE).
func (c *Conn) CloseWrite(now Instant) {
	switch c.state {
	case StateSynSent, StateSynRcvd:
		c.closing.queued = true
	case StateEstablished:
		c.setState(now, StateFinWait1)
	case StateCloseWait:
		c.setState(now, StateLastAck)
	}
}

// CloseRead has Read report the end of the stream where nothing is left to read. What
// comes later can still be read, as far as there is room, until CloseWrite: then it
// is reset, as after Close.
func (c *Conn) CloseRead(now Instant) {
	if c.closing.read == readOpen {
		c.closing.read = readShut
	}
	c.events |= EventReadable
}

// Close gives the connection up: it sends what was written and a FIN, and lives
// on until the peer has closed as well. Where text is unread, or comes later,
// it is reset, so that the peer knows that text was lost (RFC 9293, section
// 3.6.1, SHLD-3). In SYN-SENT it ends the connection at once (section 3.10.4).
func (c *Conn) Close(now Instant) {
	c.closing.closed = true
	switch {
	case c.state == StateSynSent:
		c.finish(now, ReasonAborted)
	case c.rcv.size() > 0 && c.state != StateClosed && c.state != StateTimeWait:
		c.Abort(now)
	default:
		c.closing.read = readClosed
		c.dropRead()
		c.CloseWrite(now)
		if c.state == StateFinWait2 {
			c.armFinWait2(now)
		}
	}
}

// Abort ends the connection at once, with a reset where the peer knows of it
// (RFC 9293, section 3.10.5, ABORT).
func (c *Conn) Abort(now Instant) {
	switch c.state {
	case StateClosed:
		return
	case StateSynRcvd:
		// In a simultaneous open the peer may be in SYN-SENT, which takes a reset only
		// as the answer to its SYN (section 3.10.7.3), or in SYN-RECEIVED, which takes
		// one only in its window (section 3.10.7.4): it gets both.
		c.closing.reset, c.closing.refuse = true, !c.shake.passive
	case StateEstablished, StateFinWait1, StateFinWait2, StateCloseWait:
		c.closing.reset = true
	}
	c.finish(now, ReasonAborted)
}

// fail ends a connection that timed out. The peer, which does not answer, is not
// told (RFC 9293, section 3.10.8, user timeout); what it sends later is answered
// with a reset.
func (c *Conn) fail(now Instant, r Reason) {
	if c.soft != ReasonNone && r == ReasonTimedOut {
		r = c.soft // RFC 5461, section 4: a soft error explains the silence
	}
	c.finish(now, r)
}

// Forget ends the connection at once, and tells the peer nothing: it is to be
// opened anew.
func (c *Conn) Forget(now Instant) {
	if c.state != StateClosed {
		c.finish(now, ReasonAborted)
	}
}

// finish makes the connection CLOSED. What was received stays readable unless
// the connection was given up.
func (c *Conn) finish(now Instant, r Reason) {
	c.reason = r
	c.timers.stopAll()
	c.dropSend()
	c.dropOutOfOrder()
	if c.closing.closed {
		c.dropRead()
	}
	c.ack, c.txc.probe, c.txc.replyDue = ackState{}, false, false
	c.setState(now, StateClosed)
	c.events |= EventClosed | EventReadable | EventWritable
}

// enterTimeWait starts, or starts anew, the wait of 2 MSL (RFC 9293, section
// 3.10.7.4, MUST-13).
func (c *Conn) enterTimeWait(now Instant) {
	if c.state != StateTimeWait {
		c.timers.stopAll()
		c.dropSend()
		c.setState(now, StateTimeWait)
		c.events |= EventTimeWait
	}
	c.armLinger(now, c.set.TimeWait)
}

// armFinWait2 bounds FIN-WAIT-2 for a connection that was given up: its peer
// may never close (RFC 9293, section 3.6.1).
func (c *Conn) armFinWait2(now Instant) {
	if !c.closing.closed {
		return
	}
	c.armLinger(now, c.set.FinWait2Timeout)
}

// armLinger ends the connection after d, but not before what is owed to the
// peer now was polled.
func (c *Conn) armLinger(now Instant, d time.Duration) {
	c.timers.arm(timerLinger, now.Add(max(d, 1)))
}

// finDue reports whether a FIN stands at the end of the send buffer.
func (c *Conn) finDue() bool { return c.state.sentFin() && !c.closing.finSent }

// ReusableBy reports whether syn may open a new incarnation of a connection in
// TIME-WAIT: its sequence number, or its timestamp, lies beyond what the old
// one used (RFC 9293, section 3.6.1, MAY-2, SHLD-4; RFC 6191, section 2).
func (c *Conn) ReusableBy(syn *Segment) bool {
	if c.state != StateTimeWait || ClassifyListen(syn) != ListenSyn {
		return false
	}
	if c.ts.on && syn.Options.HasTimestamps {
		if d := int32(syn.Options.TSVal - c.ts.recent); d != 0 {
			return d > 0
		}
	}
	return c.rx.nxt.Less(syn.Seq)
}

// Release frees what the connection holds. Its owner calls it last.
func (c *Conn) Release() {
	c.timers.stopAll()
	c.dropSend()
	c.dropRead()
	c.dropOutOfOrder()
}
