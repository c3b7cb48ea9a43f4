// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// defaultPeerMSS is the MSS to assume where the peer offers none (RFC 9293,
// section 3.7.1, MUST-15).
const defaultPeerMSS = 536

// minMSS is the least MSS taken from a peer or from news of the path: a smaller
// one would make each byte cost a packet. The link's own MTU is always believed.
const minMSS = 48

// handshake is the state of the opening.
type handshake struct {
	sentAt  Instant
	retries uint8
	passive bool
	due     bool // a SYN or SYN-ACK is to be sent
	// scale, stamps and sack are the options that our SYN offers, and once the
	// peer's SYN is there, those that both sides want.
	scale, stamps, sack bool
}

// OpenActive opens the connection by sending a SYN (RFC 9293, section
// 3.10.1).
func (c *Conn) OpenActive(now Instant, p Params, s *Settings) {
	c.open(p, s)
	c.shake.scale = !p.NoWindowScale
	c.shake.stamps = !p.NoTimestamps
	c.shake.sack = !p.NoSACK
	c.shake.due = true
	c.setState(now, StateSynSent)
}

// OpenPassive answers syn, for which ClassifyListen returned ListenSyn (RFC
// 9293, section 3.10.7.2, third). Text on the SYN is left to be sent again.
func (c *Conn) OpenPassive(now Instant, p Params, s *Settings, syn *Segment) {
	c.open(p, s)
	c.shake.passive = true
	c.takeSyn(now, syn)
	c.shake.due = true
	c.setState(now, StateSynRcvd)
	syn.Payload.Release()
}

// OpenCookie opens the connection from the acknowledgment of a SYN-ACK that
// left no state (RFC 4987, section 3.6): p.ISS is the cookie, and peerMSS what
// it remembers. The caller then hands the same segment to HandleSegment.
func (c *Conn) OpenCookie(now Instant, p Params, s *Settings, peerMSS uint16, ack *Segment) {
	c.open(p, s)
	c.shake.passive = true
	syn := Segment{Header: wire.Header{
		Seq: ack.Seq.Add(-1), Flags: wire.SYN, Window: ack.Window,
		Options: wire.Options{
			MSS:           peerMSS,
			HasTimestamps: ack.Options.HasTimestamps,
			TSVal:         ack.Options.TSVal,
		},
	}}
	c.takeSyn(now, &syn)
	c.tx.nxt = c.tx.iss.Add(1)
	c.rx.adv = c.rx.nxt.Add(int(c.synWindow()))
	c.ts.lastAck = c.rx.nxt
	c.setState(now, StateSynRcvd)
}

func (c *Conn) open(p Params, s *Settings) {
	c.par = makeParams(&p)
	c.set = s.inRange()
	c.buf = bufferSizes{rcv: c.set.RcvBuf, snd: c.set.SndBuf}
	if p.ECN {
		c.ecn = ecnWanted
	}
	c.tx.iss = seq.New(p.ISS)
	c.tx.una, c.tx.nxt = c.tx.iss, c.tx.iss
	c.recovery.point = c.tx.iss
	c.rx.mss = c.par.mss
	if !p.NoWindowScale {
		c.rx.wndScale = windowScale(max(p.RcvBufMax, c.buf.rcv), c.windowLimit())
	}
}

// takeSyn takes what the peer's SYN offers.
func (c *Conn) takeSyn(now Instant, syn *Segment) {
	o := &syn.Options
	c.rx.irs = syn.Seq
	c.ecn.onPeerSyn(syn.Flags)
	c.rx.nxt, c.rx.adv = syn.Seq.Add(1), syn.Seq.Add(1)
	c.shake.stamps = o.HasTimestamps && !c.par.noTimestamps
	if c.shake.stamps {
		c.ts.init(now, o)
	}
	c.shake.sack = o.SACKPermitted && !c.par.noSACK
	// RFC 7323, section 2.3: scaling is on only when both SYNs offer it, and a
	// shift above 14 counts as 14 (MUST).
	c.shake.scale = o.HasWindowScale && !c.par.noWindowScale
	if c.shake.scale {
		c.tx.wndScale = min(o.WindowScale, maxWindowScale)
	} else {
		c.rx.wndScale, c.tx.wndScale = 0, 0
	}
	peer := int(o.MSS)
	if peer == 0 {
		peer = max(int(c.par.peerMSS), defaultPeerMSS)
	}
	c.setMSS(min(max(peer, minMSS), int(c.par.mss)))
	c.setWindow(syn, syn.Window.Scaled(0)) // the window of a SYN is not scaled
}

// pollHandshake builds the SYN or SYN-ACK that is due.
func (c *Conn) pollHandshake(now Instant, out *Segment) bool {
	if !c.shake.due {
		return c.pollAck(now, out)
	}
	c.shake.due = false
	out.Seq, out.Flags, out.Window = c.tx.iss, wire.SYN, c.synWindow()
	out.Options = c.synOptions(now)
	if c.state == StateSynRcvd {
		out.Flags |= wire.ACK
		out.Ack = c.rx.nxt
		// RFC 9293, section 3.8.6, SHLD-14: what a SYN-ACK offered, the next does
		// too, whatever the settings say by then.
		out.Window = max(out.Window, wire.Window(min(c.rx.adv.Sub(c.rx.nxt), math.MaxUint16)))
		c.acked()
	}
	out.Flags |= c.ecn.onSyn(c.state == StateSynRcvd, c.shake.retries)
	c.rx.adv = seq.Max(c.rx.adv, c.rx.nxt.Add(int(out.Window)))
	out.Retransmission = c.shake.sentAt != 0 || c.shake.retries > 0
	c.shake.sentAt = now
	c.tx.nxt = c.tx.iss.Add(1)
	c.armRetransmit(now)
	return true
}

// synOptions returns the options of our SYN or SYN-ACK; a SYN-ACK offers what
// the peer's SYN did (RFC 7323, sections 2.2 and 3.2; RFC 2018, section 2).
func (c *Conn) synOptions(now Instant) wire.Options {
	o := wire.Options{
		MSS:            c.par.mss, // RFC 9293, section 3.7.1, SHLD-5
		SACKPermitted:  c.shake.sack,
		HasWindowScale: c.shake.scale,
		HasTimestamps:  c.shake.stamps,
	}
	if o.HasWindowScale {
		o.WindowScale = c.rx.wndScale
	}
	if o.HasTimestamps {
		o.TSVal, o.TSEcr = timestamp(now, c.par.tsOffset), c.ts.recent
	}
	return o
}

// onHandshakeTimer sends the SYN or SYN-ACK again, or gives up (RFC 9293,
// section 3.8.3, MUST-22). R2 for a SYN is to be 3 minutes at least (MUST-23): by
// default, the open is given up after 255 seconds.
func (c *Conn) onHandshakeTimer(now Instant) {
	if int(c.shake.retries) >= c.set.SynRetries {
		c.fail(now, ReasonTimedOut)
		return
	}
	c.counters.Timeouts++
	c.trace(now, TraceTimeout)
	c.shake.retries++
	c.rto.backoff++
	c.shake.due = true
}

// Answered says that the peer has our SYN-ACK, though its acknowledgment counts only
// from until on: the SYN-ACK goes out again where no other has come in a
// retransmission timeout after that, and no sooner.
func (c *Conn) Answered(until Instant) {
	if c.state == StateSynRcvd {
		c.shake.due = false
		c.timers.arm(timerRetransmit, until.Add(c.timeout()))
	}
}

// establish enters ESTABLISHED: our SYN was acknowledged.
func (c *Conn) establish(now Instant, in *Segment) {
	lost := c.shake.retries > 0
	switch {
	case c.shake.sentAt != 0 && !lost:
		c.rtt.sample(now.Sub(c.shake.sentAt))
	case c.ts.on && in.Options.HasTimestamps && in.Options.TSEcr != 0:
		// What came back tells which of our SYNs it answers, even where a cookie
		// was sent and forgotten (RFC 7323, section 4.1).
		c.sampleEcho(now, in.Options.TSEcr)
	}
	c.rto = rtoState{lostSyn: lost}
	c.timers.stop(timerRetransmit)
	c.timers.stop(timerUser)
	c.setState(now, StateEstablished)
	c.events |= EventEstablished | EventWritable
	c.lastHeard(now)
	c.rx.heardText = makeCoarse(now)
	c.armKeepAlive(now)
	if c.closing.queued {
		c.CloseWrite(now)
	}
}

// Answers reports whether in acknowledges our SYN.
func (c *Conn) Answers(in *Segment) bool {
	return in.Flags.Has(wire.ACK) && in.Ack == c.tx.iss.Add(1)
}
