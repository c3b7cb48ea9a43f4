// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// outputState is what sending remembers from one poll to the next.
type outputState struct {
	lastSent  Instant // when text was last sent
	maxFlight int32   // the largest pipe of this round trip
	roundEnd  seq.Num // what ends it, acknowledged
	replySeq  seq.Num // of a reset owed for an acknowledgment of something never sent
	corkEnd   seq.Num // what stands before it is not held back, where corkEnds

	replyDue    bool // the reset at replySeq is owed; the connection lives on
	corkEnds    bool
	cwndLimited bool // the congestion window kept text back
	force       bool // silly-window avoidance's override is due
	narrow      bool // it was due before: the peer's buffer is not what it was
	more        bool // the application is about to write more
	probe       bool // a window or keep-alive probe is due
	paceHeld    bool // when last there was nothing to send, the pace kept text back
}

// used notes the pipe, and where the round trip ends that it is the largest of.
func (o *outputState) used(pipe int, end seq.Num) {
	o.maxFlight, o.roundEnd = int32(min(pipe, math.MaxInt32)), end
}

// PollSegment fills out with the next segment to send, and reports whether
// there is one. What is due first: resets, the handshake, retransmissions,
// text and FIN, probes, and an acknowledgment where nothing carried it.
func (c *Conn) PollSegment(now Instant, out *Segment) bool { return c.poll(now, out, true) }

// PollWithoutNew is PollSegment for who must send no new text now. It gives out the rest:
// what is sent again, a FIN that no text comes before, acknowledgments and probes, those
// of RFC 8985 and RFC 5682 with new text among them. Nothing is armed for the text that
// waits.
func (c *Conn) PollWithoutNew(now Instant, out *Segment) bool { return c.poll(now, out, false) }

// poll is PollSegment or, where there is to be no new text, PollWithoutNew.
func (c *Conn) poll(now Instant, out *Segment, fresh bool) bool {
	out.reset()
	switch {
	case c.pollReset(now, out):
	case c.state == StateClosed:
		return false
	case c.opening():
		if !c.pollHandshake(now, out) {
			return false
		}
	case c.pollData(now, out, fresh), c.pollProbe(now, out), c.pollAck(now, out):
	case !fresh:
		return false
	default:
		c.txc.paceHeld = c.timers.armed(timerPace) && !c.awaitsRoom(now)
		c.watchWindow(now)
		c.watchSupply()
		c.noteSupply()
		return false
	}
	c.counters.SegsOut++
	return true
}

// NothingOut reports whether nothing that was sent is in the network.
func (c *Conn) NothingOut() bool { return c.board.empty() || c.pipe() == 0 }

// pollData builds the next segment with text, or with a FIN, whether it was sent
// before or not. Without fresh text there is none that was never sent, but in a probe of
// the tail (RFC 8985) or after a timeout (RFC 5682).
func (c *Conn) pollData(now Instant, out *Segment, fresh bool) bool {
	return !c.awaitsRoom(now) &&
		(c.pollTailProbe(now, out) || c.pollForward(now, out) || c.pollLost(now, out) ||
			(fresh || c.Unsent() == 0) && c.pollText(now, out))
}

// pollReset builds a reset that is owed.
func (c *Conn) pollReset(now Instant, out *Segment) bool {
	switch {
	case c.closing.refuse:
		c.closing.refuse = false
		out.Ack, out.Flags = c.rx.nxt, wire.RST|wire.ACK // RFC 9293, section 3.5.2, group 1
	case c.closing.reset:
		c.closing.reset = false
		out.Seq, out.Ack, out.Flags = c.tx.nxt, c.rx.nxt, wire.RST|wire.ACK
		c.stampOptions(now, &out.Options) // RFC 7323, section 5.2, SHOULD
	case c.txc.replyDue:
		out.Seq, out.Flags = c.txc.replySeq, wire.RST
		c.txc.replyDue = false
	default:
		return false
	}
	return true
}

// fill makes out a segment at s with an acknowledgment and the options of an
// established connection.
func (c *Conn) fill(now Instant, out *Segment, s seq.Num) {
	out.Seq, out.Ack, out.Flags = s, c.rx.nxt, wire.ACK|c.ecn.ackFlags()
	out.Window = c.advertise()
	c.stampOptions(now, &out.Options)
	c.fillSACK(&out.Options)
	c.acked()
}

// stampOptions adds timestamps where they were agreed on (RFC 7323, section 3.2,
// MUST: to every segment that is no reset).
func (c *Conn) stampOptions(now Instant, o *wire.Options) {
	if c.ts.on {
		o.HasTimestamps, o.TSVal, o.TSEcr = true, timestamp(now, c.par.tsOffset), c.ts.recent
	}
}

// fillSACK reports what came out of order (RFC 2018, section 4): as many blocks
// as there is room for beside the timestamps. What came twice is the first (RFC
// 2883, section 4).
func (c *Conn) fillSACK(o *wire.Options) {
	if !c.shake.sack || c.ooo.empty() && c.ack.twice.Empty() {
		return
	}
	room := c.maxSACKBlocks(o)
	if c.ack.twice.Empty() {
		o.NumSACK = uint8(c.ooo.sackBlocks(o.SACK[:room]))
		return
	}
	n := c.ooo.sackBlocks(o.SACK[1:room])
	if twice := c.ack.twice; twice.End.LessEq(c.rx.nxt) || bringForward(o.SACK[1:1+n], twice) {
		o.SACK[0] = twice
		o.NumSACK = uint8(1 + n)
		return
	}
	o.NumSACK = uint8(copy(o.SACK[:], o.SACK[1:1+n]))
}

// bringForward makes the block that r is part of the first, and reports whether
// there is one (RFC 2883, section 4.2).
func bringForward(blocks []seq.Range, r seq.Range) bool {
	for i, b := range blocks {
		if b.Covers(r) {
			blocks[0], blocks[i] = b, blocks[0]
			return true
		}
	}
	return false
}

// segmentRoom returns how much text a packet carries beside the options that
// would go with it now (RFC 9293, section 3.7.1, MUST-16: Eff.snd.MSS).
func (c *Conn) segmentRoom() int {
	var o wire.Options
	o.HasTimestamps = c.ts.on
	c.fillSACK(&o)
	return max(min(c.tx.mss-o.Len(), c.smss()), 1)
}

// sackRoomBelow is the MSS below which every segment keeps room for SACK blocks:
// they would take a good part of it, and the size of segments, and so how many
// of them a window is, would depend on what the peer has lost.
const sackRoomBelow = defaultPeerMSS

// setMSS sets the largest payload of a packet without options, and what RFC 5681
// calls SMSS: the text of a full segment, beside the options of each.
func (c *Conn) setMSS(mss int) {
	var o wire.Options
	o.HasTimestamps = c.ts.on
	if c.shake.sack && mss < sackRoomBelow {
		o.NumSACK = uint8(c.maxSACKBlocks(&o))
	}
	c.tx.mss, c.tx.smss = mss, uint16(max(mss-o.Len(), 1))
}

// smss is SMSS: how much text a full segment carries, in bytes (RFC 5681,
// section 2).
func (c *Conn) smss() int { return int(c.tx.smss) }

// maxSACKBlocks returns how many blocks there is room for beside the timestamps
// (RFC 2018, section 3).
func (c *Conn) maxSACKBlocks(o *wire.Options) int {
	if o.HasTimestamps {
		return wire.MaxSACKBlocks - 1
	}
	return wire.MaxSACKBlocks
}

// pollLost builds the first segment that is lost, as far as the congestion
// window lets it go (RFC 6675, section 5, step C).
func (c *Conn) pollLost(now Instant, out *Segment) bool {
	id := c.board.nextLost()
	if id == 0 || !c.state.sends() || c.loss.frto.holds() && !c.recovery.first {
		return false
	}
	r := c.board.recs[id].r
	mss := c.segmentRoom()
	if pipe := c.pipe(); !c.recovery.first && pipe > 0 && (pipe+min(r.Len(), mss) > c.cwnd() || c.segmentsOut()) {
		c.txc.cwndLimited = true
		return false
	}
	// The receiver may have taken back window (RFC 9293, section 3.8.6,
	// SHLD-17): beyond the first segment, wait for it to open. That one is the
	// probe of a closed window, and goes when the timer says so (section 3.8.6.1).
	closed := c.tx.wnd == 0 && c.recovery.phase == phaseFast
	if edge := c.tx.una.Add(c.tx.wnd); (r.Start != c.tx.una || closed) && edge.Less(r.End) && !c.txc.force {
		return false
	}
	if !c.recovery.first && !c.paced(now) { // the fast retransmit does not wait
		return false
	}
	if r.Len() > mss && !(r.Len() == mss+1 && c.endsInFin(r)) {
		c.board.split(c.board.find(r.Start), mss)
	}
	if c.recovery.phase == phaseFast && c.recovery.first {
		c.counters.FastRetransmits++
	}
	c.resend(now, out, id, mss)
	return true
}

// resend builds the record's segment once more.
func (c *Conn) resend(now Instant, out *Segment, id recordID, mss int) {
	r := c.board.recs[id].r
	c.fill(now, out, r.Start)
	c.fillText(out, r)
	c.board.sentAgain(id, mss, c.stamp(now, r.Len()))
	c.recovery.first = false
	c.loss.undo.onResent(r, ceilDiv(r.Len(), mss))
	c.loss.frto.onResent(r)
	out.Retransmission = true
	c.txc.lastSent = now
	c.counters.Retransmits++
	if c.cc.window() < c.cc.threshold() {
		c.counters.SlowStartRetransmits++
	}
	if r.Start == c.tx.una {
		// What the timer guards goes out anew: its time counts from now.
		c.timers.arm(timerRetransmit, now.Add(c.timeout()))
	}
	c.armRetransmit(now)
	if c.recovery.phase != phaseOpen {
		c.armProbe(now)
	}
}

// stamp notes that n bytes of sequence space go out, and returns what their
// record keeps of the moment.
func (c *Conn) stamp(now Instant, n int) rateStamp {
	flight := c.pipe()
	c.cc.onSent(sendSample{now: now, bytes: n, flight: flight, idle: flight == 0 && c.rate.limitedUntil != 0})
	c.loss.prr.onSent(n)
	c.pace.onSent(now, n, c.paceRate(), c.txc.paceHeld)
	st := c.rate.onSent(now, n, flight)
	if flight == 0 {
		c.out.envelope.reset(st.from)
	}
	st.from = c.out.envelope.least()
	return st
}

// endsInFin reports whether r ends with our FIN.
func (c *Conn) endsInFin(r seq.Range) bool {
	return c.closing.finSent && c.textEnd().Less(r.End)
}

// fillText puts the text of r into out, and the FIN where r has it.
func (c *Conn) fillText(out *Segment, r seq.Range) {
	if c.endsInFin(r) {
		out.Flags |= wire.FIN
		r.End = r.End.Add(-1)
	}
	c.snd.payload(r, &out.Payload)
	if !r.Empty() && r.End == c.textEnd() {
		out.Flags |= wire.PSH // RFC 9293, section 3.9.1.2, MUST-61, SHLD-27
	}
}

// pollText builds the next segment of text that was never sent, with the FIN
// where it is the last.
func (c *Conn) pollText(now Instant, out *Segment) bool {
	if !c.state.sends() || (c.Unsent() == 0 && !c.finDue()) {
		return false
	}
	c.control()
	if c.loss.frto.holds() {
		return false
	}
	c.restartIdle(now)
	mss := c.segmentRoom()
	n, ok := c.allowed(mss)
	if !ok || c.held(now) || !c.paced(now) {
		return false
	}
	if c.ecn.has(ecnCWR) {
		n = min(n, mss) // or the link might put CWR on each packet of a run
	}
	if most := c.boundBurst(now, n, mss); most < n {
		if most == 0 {
			return false
		}
		n = most
	}
	c.sendText(now, out, n, mss)
	c.txc.force = false
	c.armProbe(now)
	return true
}

// sendText builds a segment, or a run for the link to cut, of the next n bytes
// that were never sent.
func (c *Conn) sendText(now Instant, out *Segment, n, mss int) {
	r := seq.MakeRange(c.tx.nxt, n)
	if n == c.Unsent() && c.finDue() && (n == 0 || n < c.usable()) {
		r.End = r.End.Add(1)
		c.closing.finSent = true
	}
	c.fill(now, out, r.Start)
	c.fillText(out, r)
	if n > mss {
		out.GSOSize = mss
	}
	if n > 0 {
		ecn, cwr := c.ecn.newText()
		out.ECN = ecn
		out.Flags |= cwr
	}
	c.tx.nxt = r.End
	c.scores().push(r, mss, c.stamp(now, r.Len()))
	c.txc.lastSent = now
	c.answered(now)
	c.loss.burst += n
	if pipe := c.pipe(); pipe > int(c.txc.maxFlight) {
		c.txc.used(pipe, c.tx.nxt)
	}
	c.timers.stop(timerPersist)
	c.persist = persist{}
	c.armRetransmit(now)
}

// usable is the usable window: how far beyond SND.NXT the peer lets us send
// (RFC 9293, section 3.8.6.2.1, U).
func (c *Conn) usable() int { return c.tx.una.Add(c.tx.wnd).Sub(c.tx.nxt) }

// allowed returns how many bytes may be sent now in one segment of up to mss, or
// in one run that the link cuts, and whether sending is allowed at all: a lone
// FIN is 0 bytes.
func (c *Conn) allowed(mss int) (int, bool) {
	unsent, usable := c.Unsent(), c.usable()
	if unsent == 0 {
		// A FIN needs no room in the peer's buffer. It is a segment, and waits until
		// the congestion window has room for one, as netstack's does.
		return 0, c.set.LoneFIN || !c.segmentsOut()
	}
	if held := c.corked(); held > 0 {
		n := min(held, usable, mss)
		full := n == held || n == mss // the path may carry less than it did when the cork let go
		return n, n > 0 && (full || c.txc.force) && !c.segmentsOut()
	}
	n := c.runLimit(min(unsent, usable, max(mss, int(c.par.gsoMaxSize))), mss)
	if n <= 0 {
		return 0, false
	}
	if c.segmentsOut() {
		c.txc.cwndLimited = true
		return 0, false
	}
	pipe := c.pipe()
	if c.set.NoRACK && c.recovery.phase == phaseOpen && c.shake.sack {
		// Without RACK, what is SACKed makes room only in recovery, as in
		// netstack: limited transmit (RFC 3042) is a SHOULD.
		pipe += c.board.sackedOut()
	}
	if room := c.cwnd() - pipe; room < n {
		if pipe > 0 && room < min(n, mss) {
			c.txc.cwndLimited = true
			return 0, false
		}
		n = min(n, max(room, mss))
	}
	if n > mss {
		if full := n / mss * mss; full < n && !(n == unsent && c.mayBePartial(unsent, usable, mss)) {
			n = full
		}
		return n, true
	}
	return n, n == mss || c.mayBePartial(n, usable, mss)
}

// segmentsOut reports whether as many segments are outstanding as there are full
// ones in the congestion window. Small segments would otherwise be many: a queue
// has room for packets, not for bytes.
func (c *Conn) segmentsOut() bool {
	if c.board.empty() {
		return false
	}
	n := c.board.flightSegments
	if !c.shake.sack {
		n -= c.leftByDups()
	}
	return n > 0 && n >= c.cwnd()/c.smss()
}

// pollProbe builds a probe: a segment just before the window, which the peer
// answers whatever its state (RFC 9293, sections 3.8.4 and 3.8.6.1). It is empty,
// as a keep-alive should be (SHLD-12), or, where it probes a window, has one byte
// that the peer has.
func (c *Conn) pollProbe(now Instant, out *Segment) bool {
	if !c.txc.probe {
		return false
	}
	c.txc.probe = false
	owed := c.ack
	c.fill(now, out, c.tx.una.Add(-1))
	if owed.now || owed.unacked > 0 {
		// The peer refuses a probe, and does not look at its acknowledgment (RFC
		// 9293, section 3.10.7.4, first): what was owed is owed still.
		c.ack, c.ack.now = owed, true
	}
	if c.set.ProbeOctet && c.windowBlocked() {
		out.Payload = buffer.MakeWithData([]byte{0})
	}
	return true
}

// pollAck builds the acknowledgment that is owed.
func (c *Conn) pollAck(now Instant, out *Segment) bool {
	if !c.ack.now {
		return false
	}
	c.fill(now, out, c.tx.nxt)
	return true
}

// restartIdle tells congestion control of a pause before it ends (RFC 5681, section
// 4.1).
func (c *Conn) restartIdle(now Instant) {
	if c.board.empty() && c.txc.lastSent != 0 && now.Sub(c.txc.lastSent) > c.timeout() &&
		!(c.set.RestartIdle && c.windowBlocked()) { // the pause goes on
		c.cc.onIdle(now, c.set.RestartIdle)
		c.txc.lastSent = now
	}
}

// watchSupply is called when there is nothing to send, and notes where that is
// for want of text: what was sent so far tells less than the path can do
// (draft-ietf-ccwg-bbr, section 4.1.2.4).
//
// Where half of the send buffer waits for its acknowledgment it is the buffer that
// bounds what is in the network, and not the application, which writes when it is told
// of room. What such a window delivers is all there will be, once the buffer has grown
// as far as it may, and a search for more has to end (section 5.3.1.2).
func (c *Conn) watchSupply() {
	if c.cc != nil && c.state.sends() && c.Unsent() < c.smss() && !c.board.anyLost() && c.pipe() < c.cwnd() &&
		c.Unacked() < c.buf.snd/2 {
		c.rate.onLimited(c.pipe())
	}
}
