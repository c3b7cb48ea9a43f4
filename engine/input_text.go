// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"time"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// takeText is the seventh step (RFC 9293, section 3.10.7.4, seventh): text in
// the window goes to the application, or waits for what comes before it.
func (c *Conn) takeText(now Instant, in *Segment) {
	if in.Payload.Size() == 0 || !c.state.receives() {
		return
	}
	paused := c.rx.heardText.ago(now) >= ackPause
	c.rx.heardText = makeCoarse(now)
	c.longest = max(c.longest, uint16(min(in.Payload.Size(), math.MaxUint16)))
	start := c.trimToWindow(in)
	if in.Payload.Size() == 0 {
		return
	}
	if c.closing.read == readClosed || c.closing.read == readShut && c.state != StateEstablished {
		// RFC 9293, section 3.6.1, SHLD-3: nobody will read it, and where nothing
		// more is written either, that is as good as CLOSE; the peer should know.
		c.Abort(now)
		return
	}
	// RFC 5681, section 4.2 (RFC 9293, MAY-13): text out of order, and what fills a
	// gap, is acknowledged at once.
	if start != c.rx.nxt || !c.ooo.empty() || paused {
		c.ack.now = true
	}
	if start != c.rx.nxt {
		twice := c.reassemble().insert(start, &in.Payload, c.buf.rcv)
		c.cameTwice(twice)
		return
	}
	c.sampleRcvRTT(now, in)
	// Text in order is always taken, however much waits behind it.
	n := int(in.Payload.Size())
	c.cameTwice(c.ooo.overlap(seq.MakeRange(start, n)))
	dst := c.recvBuf()
	dst.append(&in.Payload)
	n += c.ooo.take(c.rx.nxt.Add(n), dst)
	c.rcv.tighten(spareMost(c.buf.rcv) - c.ooo.spare())
	if c.ack.unacked > 0 {
		c.ack.pushes.wentOn()
	}
	c.ack.pushes.note(in.Flags.Has(wire.PSH))
	c.advance(now, n)
}

// sampleRcvRTT takes the time since what the peer's text is an answer to. That is
// a round trip while the peer has text to send, and more where it had none: the
// least counts at once, and what is more little by little.
func (c *Conn) sampleRcvRTT(now Instant, in *Segment) {
	if !c.ts.on || !in.Options.HasTimestamps || in.Options.TSEcr == 0 || in.Options.TSEcr == c.rx.echo {
		return // what comes later with the same echo tells less
	}
	c.rx.echo = in.Options.TSEcr
	ms := int32(timestamp(now, c.par.tsOffset) - in.Options.TSEcr)
	rtt := time.Duration(ms) * time.Millisecond
	switch {
	case ms < 0 || rtt > c.set.MaxRTO:
	case c.rx.rtt == 0 || rtt < c.rx.rtt:
		c.rx.rtt = rtt
	default:
		c.rx.rtt += (rtt - c.rx.rtt) / 8
	}
}

// trimToWindow cuts off what the application has already got and what lies
// beyond the window or the FIN, and returns where the rest begins.
func (c *Conn) trimToWindow(in *Segment) seq.Num {
	start := in.textStart()
	if old := c.rx.nxt.Sub(start); old > 0 {
		c.cameTwice(seq.Range{Start: start, End: seq.Min(c.rx.nxt, start.Add(int(in.Payload.Size())))})
		in.Payload.TrimFront(int64(old))
		start = c.rx.nxt
		c.ack.now = true // a retransmission: our acknowledgment was lost
	}
	edge := c.rx.adv
	if c.set.RcvBeyond && start == c.rx.nxt && start.Less(edge) {
		edge = seq.Max(edge, start.Add(2*c.buf.rcv-c.rcv.size()))
	}
	if c.ooo.finKnown() {
		edge = seq.Min(edge, c.ooo.fin)
	}
	in.Payload.Truncate(int64(max(0, edge.Sub(start))))
	return start
}

// cameTwice notes text that was here already, for the sender to learn that it
// sent it for nothing (RFC 2883, section 4). Of several pieces since the last
// acknowledgment, the first is told.
func (c *Conn) cameTwice(r seq.Range) {
	if c.shake.sack && !r.Empty() && c.ack.twice.Empty() {
		c.ack.twice = r
		c.counters.DSACKsOut++
	}
}

// advance moves RCV.NXT over n bytes that are in order.
func (c *Conn) advance(now Instant, n int) {
	c.rx.nxt = c.rx.nxt.Add(n)
	c.rx.adv = seq.Max(c.rx.adv, c.rx.nxt)
	c.events |= EventReadable
	c.oweAck(now, n)
}

// noteFin remembers the peer's FIN, which may come before the text in front of
// it. The first one counts; what was received beyond it is dropped. A FIN just
// behind the window is taken: it needs no room. It reports whether the FIN follows
// the text that is in order with this segment's, so that there is nothing to
// remember.
func (c *Conn) noteFin(in *Segment) (follows bool) {
	if !in.Flags.Has(wire.FIN) || c.ooo.finKnown() || !c.state.receives() {
		return false
	}
	fin := in.End().Add(-1)
	if fin.Less(c.rx.nxt) || c.rx.adv.Less(fin) {
		return false
	}
	if c.ooo.empty() && in.textStart().LessEq(c.rx.nxt) {
		return true
	}
	c.ack.now = true
	q := c.reassemble()
	q.fin, q.hasFin = fin, true
	q.trimFrom(fin)
	q.touch(fin)
	return false
}

// takeFin is the eighth step (RFC 9293, section 3.10.7.4, eighth): the FIN
// counts once all text before it is there. follows is what noteFin said.
func (c *Conn) takeFin(now Instant, follows bool) {
	if (follows || c.ooo.finKnown() && c.rx.nxt == c.ooo.fin) && c.state.receives() {
		c.peerClosed(now)
	}
}

// peerClosed moves RCV.NXT over the FIN and changes the state. The first to close
// is acknowledged as text is: with AckDelay, the application may be about to close
// as well, and then our FIN carries it (RFC 9293, section 3.8.6.3).
func (c *Conn) peerClosed(now Instant) {
	c.rx.nxt = c.rx.nxt.Add(1)
	c.rx.adv = seq.Max(c.rx.adv, c.rx.nxt)
	c.dropOutOfOrder()
	c.events |= EventPeerClosed | EventReadable
	if c.state == StateEstablished {
		c.setState(now, StateCloseWait)
		c.oweAck(now, 1)
		return
	}
	c.ack.now = true
	switch c.state {
	case StateFinWait1:
		c.setState(now, StateClosing)
	case StateFinWait2:
		c.enterTimeWait(now)
	}
}
