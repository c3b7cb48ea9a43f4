// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"errors"
	"fmt"
	"math"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine/seq"
)

// Restore makes the connection, which must be new, the one that k was taken of.
// It is as if now were the instant of the checkpoint: nothing has timed out in
// between, and timestamps go on from where they were (RFC 7323, section 5.4). The
// checkpoint is not changed.
//
// What was outstanding may be lost, and the path may be another: it is sent again
// as after a timeout, and congestion control starts as after a pause, with no
// more than the initial window and the threshold that it knew (RFC 5681, section
// 4.1).
//
// A checkpoint that contradicts itself is an error, and the connection is then
// CLOSED.
func (c *Conn) Restore(now Instant, k *Checkpoint, s *Settings) error {
	*c = Conn{}
	if err := k.Check(); err != nil {
		return fmt.Errorf("engine: a checkpoint that cannot be: %w", err)
	}
	controller, _ := findController(k.CongestionControl)
	c.state, c.reason, c.soft, c.events, c.ecn = k.State, k.Reason, k.SoftError, k.Events, ecn(k.ECN)
	c.set = s.inRange()
	c.par = params{
		gsoMaxSize: int32(k.GSOMaxSize), mss: k.MSS, peerMSS: k.PeerMSS, controller: controller,
		noWindowScale: k.NoWindowScale, noTimestamps: k.NoTimestamps, noSACK: k.NoSACK,
		tsOffset: k.Clock.Sent - timestamp(now, 0),
	}
	c.buf = bufferSizes{rcv: k.RcvBuf, snd: k.SndBuf}
	c.shake = handshake{
		sentAt: before(now, k.SynAgo), retries: k.SynRetries, passive: k.Passive, due: k.SynDue,
		scale: k.WindowScale, stamps: k.Timestamps, sack: k.SACK,
	}
	c.ts = timestamps{
		on: k.Clock.On, recent: k.Clock.Recent, recentAt: now.Add(-k.Clock.RecentAgo), lastAck: seq.New(k.Clock.LastAck),
	}
	c.rtt = rttEstimator{
		valid: k.Path.Measured, srtt: k.Path.SRTT, rttvar: k.Path.RTTVar, min: k.Path.Min, latest: k.Path.Latest,
	}
	c.rto = rtoState{backoff: k.Backoff, retries: k.Retries, lostSyn: k.LostSyn}
	c.persist = persist{backoff: k.PersistBackoff, unanswered: k.PersistProbes}
	c.alive = keepAlive{heardAt: now.Add(-k.HeardAgo), probes: k.KeepAliveProbes}
	c.closing = closeState{queued: k.CloseQueued, finSent: k.FinSent, reset: k.ResetDue, refuse: k.RefusalDue, closed: k.Closed}
	switch {
	case k.Closed:
		c.closing.read = readClosed
	case k.ReadShut:
		c.closing.read = readShut
	}
	c.counters = k.Counters
	c.restoreReceive(&k.Receive)
	c.restoreSend(now, k)
	c.restoreTimers(now, k)
	return nil
}

// before returns the instant that far before now, never 0, which would stand for
// none; 0 where ago is not set.
func before(now Instant, ago time.Duration) Instant {
	if ago == NotSet {
		return 0
	}
	if t := now.Add(-ago); t != 0 {
		return t
	}
	return -1
}

func (c *Conn) restoreReceive(r *ReceiveCheckpoint) {
	c.rx = recvVars{
		irs: seq.New(r.IRS), nxt: seq.New(r.Nxt), adv: seq.New(r.Adv),
		wndScale: r.Scale, mss: r.MSS, rtt: r.RTT, echo: r.Echo, drained: r.Drained,
		heardText: makeCoarse(c.alive.heardAt),
	}
	c.ack.now = r.AckDue
	if len(r.Text) > 0 {
		text := textOf(r.Text)
		c.recvBuf().append(&text)
	}
	for _, t := range r.OutOfOrder {
		c.reassemble().restore(seq.New(t.Seq), textOf(t.Text))
	}
	if q := c.ooo; q != nil {
		for _, p := range r.Recent[:min(len(r.Recent), len(q.recent))] {
			q.recent[q.nrecent] = seq.New(p)
			q.nrecent++
		}
	}
	if r.HasFin {
		q := c.reassemble()
		q.hasFin, q.fin = true, seq.New(r.Fin)
	}
}

// restore puts a block behind those that are held.
func (q *reassembly) restore(start seq.Num, text buffer.Buffer) {
	n := int(text.Size())
	q.blocks.pushBack(oooBlock{r: seq.MakeRange(start, n), text: text, pieces: 1})
	b := q.blocks.at(q.blocks.n - 1)
	q.pieces++
	q.bytes += n
	q.hold(b, footprint(&b.text))
}

// textOf returns a copy of b, in views as long as it needs.
func textOf(b []byte) buffer.Buffer {
	var text buffer.Buffer
	for len(b) > 0 {
		n := min(len(b), buffer.MaxChunkSize)
		part := buffer.MakeWithView(buffer.NewViewWithData(b[:n]))
		text.Merge(&part)
		b = b[n:]
	}
	return text
}

func (c *Conn) restoreSend(now Instant, k *Checkpoint) {
	s := &k.Send
	c.tx = sendVars{
		iss: seq.New(s.ISS), una: seq.New(s.Una), nxt: seq.New(s.Nxt),
		wl1: seq.New(s.WL1), wl2: seq.New(s.WL2),
		wndScale: s.Scale, wnd: s.Wnd, maxWnd: s.MaxWnd,
	}
	c.txc.lastSent = before(now, s.SentAgo)
	c.txc.corkEnds, c.txc.corkEnd, c.txc.narrow = s.CorkEnds, seq.New(s.CorkEnd), s.Narrow
	c.recovery.point = seq.New(s.RecoveryPoint)
	c.recovery.reorder.fack = c.tx.una
	if s.MSS > 0 {
		c.setMSS(min(s.MSS, int(k.MSS)))
	}
	if len(s.Text) > 0 {
		c.beginText(k.textStart())
		text := textOf(s.Text)
		c.snd.write(&text, len(s.Text), c.tx.nxt)
	}
	if k.Path.Controlled && k.State.Synchronized() {
		cc := c.control()
		cc.takeOver(min(k.Path.CongestionWindow, c.initialWindow()), k.Path.Ssthresh)
	}
	if k.State.sends() && c.tx.una.Less(c.tx.nxt) {
		c.resendAll(now)
	}
	// Who was kept out is not known: it tries again, or is told when there is room.
	if c.snd != nil && c.WriteSpace() < c.writableSpace() {
		c.snd.kept = true
	} else {
		c.events |= EventWritable
	}
}

// resendAll deems lost what is outstanding, of which nothing more is known.
func (c *Conn) resendAll(now Instant) {
	c.control()
	text := seq.Range{Start: c.tx.una, End: c.tx.nxt}
	if c.closing.finSent && c.usable() < 0 {
		text.End = c.textEnd() // a FIN that needed no room does not ride on text
	}
	b := c.scores()
	for _, r := range [...]seq.Range{text, {Start: text.End, End: c.tx.nxt}} {
		if r.Empty() {
			continue
		}
		st := rateStamp{from: deliveryPoint{at: now, sentAt: now}, sentAt: now}
		b.push(r, c.smss(), st)
		b.sentAgain(*b.order.at(b.order.n - 1), c.smss(), st) // its acknowledgment tells no RTT
	}
	b.loseAll(func(*record) {})
	c.recovery.phase, c.recovery.point, c.recovery.first = phaseLoss, c.tx.nxt, true
	c.armRetransmit(now)
}

// restoreTimers sets the deadlines, but for those that what comes next sets.
func (c *Conn) restoreTimers(now Instant, k *Checkpoint) {
	if k.State == StateClosed {
		return
	}
	set := func(id timerID, left time.Duration) {
		if left != NotSet {
			c.timers.arm(id, now.Add(left))
		}
	}
	if !k.State.Synchronized() { // else resendAll has set it
		set(timerRetransmit, k.RetransmitIn)
	}
	set(timerPersist, k.PersistIn)
	set(timerKeepAlive, k.KeepAliveIn)
	set(timerUser, k.UserTimeoutIn)
	set(timerLinger, k.LingerIn)
}

// textStart returns where the text that was not acknowledged begins: at SND.UNA,
// or behind the SYN.
func (k *Checkpoint) textStart() seq.Num {
	if k.State.Synchronized() {
		return seq.New(k.Send.Una)
	}
	return seq.New(k.Send.ISS).Add(1)
}

// Check returns an error where the checkpoint contradicts itself, so that Restore
// will not take it.
func (k *Checkpoint) Check() error {
	_, known := findController(k.CongestionControl)
	switch {
	case k.State > StateLastAck || int(k.Reason) >= len(reasonNames) || int(k.SoftError) >= len(reasonNames):
		return errors.New("no such state or reason")
	case !known:
		return fmt.Errorf("no congestion control %q", k.CongestionControl)
	case k.MSS == 0 || k.GSOMaxSize < 0 || k.RcvBuf < 1 || k.SndBuf < 1:
		return errors.New("a size below its least")
	case k.Backoff < 0 || k.Retries < 0 || k.PersistBackoff < 0 || k.PersistProbes < 0 || k.KeepAliveProbes < 0:
		return errors.New("a count below 0")
	case k.Path.SRTT < 0 || k.Path.RTTVar < 0 || k.Path.Min < 0 || k.Path.Latest < 0 || k.Receive.RTT < 0:
		return errors.New("a round trip below 0")
	case k.Path.Controlled && (k.Path.CongestionWindow < 1 || k.Path.Ssthresh < 1):
		return errors.New("a congestion window below 1")
	}
	for _, d := range [...]time.Duration{
		k.SynAgo, k.RetransmitIn, k.PersistIn, k.KeepAliveIn, k.UserTimeoutIn, k.LingerIn, k.Send.SentAgo,
	} {
		if d < NotSet {
			return errors.New("a time below 0")
		}
	}
	if err := k.checkSend(); err != nil {
		return err
	}
	return k.checkReceive()
}

// maxWindow is the largest window that the field can tell (RFC 7323, section
// 2.3).
const maxWindow = math.MaxUint16 << maxWindowScale

func (k *Checkpoint) checkSend() error {
	s := &k.Send
	switch {
	case s.Scale > maxWindowScale || s.Wnd < 0 || s.MaxWnd < s.Wnd || s.MaxWnd > maxWindow:
		return errors.New("the peer's window")
	case s.MSS < 0 || s.MSS > math.MaxUint16 || s.MSS == 0 && k.State != StateClosed && k.State != StateSynSent:
		return errors.New("the peer's MSS")
	case k.State == StateClosed && len(s.Text) > 0:
		return errors.New("a CLOSED connection with text to send")
	case len(s.Text) > maxWindow:
		return errors.New("more text to send than there may be")
	case k.State == StateClosed:
		return nil
	}
	una, nxt := seq.New(s.Una), seq.New(s.Nxt)
	out, text := nxt.Sub(una), nxt.Sub(k.textStart()) // outstanding; of it, text and FIN
	switch {
	case out < 0 || !k.State.Synchronized() && (una != seq.New(s.ISS) || out > 1):
		return errors.New("SND.NXT lies before SND.UNA")
	case k.FinSent && !k.State.sentFin() || !k.FinSent && (k.State == StateFinWait2 || k.State == StateTimeWait):
		return fmt.Errorf("a FIN, or none, in %v", k.State)
	case k.FinSent && text != len(s.Text)+1 && (out > 0 || len(s.Text) > 0):
		return errors.New("a FIN that does not follow the text")
	case !k.FinSent && text > len(s.Text):
		return errors.New("SND.NXT lies beyond the text")
	case out > 0 && !k.State.sends() && k.State.Synchronized():
		return fmt.Errorf("text outstanding in %v", k.State)
	}
	return nil
}

func (k *Checkpoint) checkReceive() error {
	r := &k.Receive
	at, adv := seq.New(r.Nxt), seq.New(r.Adv)
	if r.Scale > maxWindowScale || r.MSS < 1 {
		return errors.New("the window offered, or the MSS")
	}
	if k.State == StateClosed || k.State == StateSynSent {
		if len(r.OutOfOrder) > 0 || r.HasFin {
			return errors.New("text out of order, and no connection")
		}
		return nil
	}
	if n := adv.Sub(at); n < 0 || n > maxWindow {
		return errors.New("RCV.NXT lies beyond the window")
	}
	for i, t := range r.OutOfOrder {
		start := seq.New(t.Seq)
		if len(t.Text) == 0 || len(t.Text) > maxWindow || !at.Less(start) || adv.Less(start.Add(len(t.Text))) {
			return fmt.Errorf("part %d out of order is out of place", i)
		}
		at = start.Add(len(t.Text))
	}
	if fin := seq.New(r.Fin); r.HasFin && (fin.Less(at) || adv.Less(fin)) {
		return errors.New("the peer's FIN is out of place")
	}
	return nil
}
