// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"time"

	"tcpcb/engine"
)

// rcvTuner measures how much the application reads in a round trip, so that the
// receive buffer can follow the path's bandwidth-delay product.
type rcvTuner struct {
	since  engine.Instant // when the measurement began
	copied int            // bytes read since then
	best   int            // the most that was read in a round trip
	want   int            // the window that this asks for, in bytes
	window int            // the one that there is, within the limits

	// drainedAt is when all had been read, and nothing has come since; 0 when
	// something waits. idle is how long that was so in the measurement: a sender
	// that pauses does not make the reader slow.
	drainedAt engine.Instant
	idle      time.Duration
}

// leastRound is the shortest round trip that is measured: timestamps tell
// milliseconds, and the application is not woken more exactly either.
const leastRound = time.Millisecond

// readerGrace is how long text may wait without making the reader slow: it has
// other things to do, and a busy machine wakes it late.
const readerGrace = 10 * time.Millisecond

// measure takes copied bytes that were read, on a path whose round-trip time is
// rtt, and reports whether more was read in a round trip than ever. What was read
// in a longer time counts in proportion: an application that is slow, and then
// takes all at once, needs no more than its rate.
func (t *rcvTuner) measure(now engine.Instant, copied int, rtt time.Duration) bool {
	rtt = max(rtt, leastRound)
	t.copied += copied
	passed := now.Sub(t.since)
	if passed < rtt {
		return false
	}
	busy := max(passed-t.idle-readerGrace, rtt)
	read := int(float64(t.copied) * float64(rtt) / float64(busy))
	more := t.since != 0 && read > t.best
	if more {
		t.want = 2 * read
		if t.best > 0 {
			// What is read grows yet: by the time that the sender uses the window,
			// it will have done so twice more.
			t.want += 2 * t.want * min(read-t.best, read) / t.best
		}
		t.best = read
	}
	t.since, t.copied, t.idle = now, 0, 0
	return more
}

// filled notes that text has come.
func (t *rcvTuner) filled(now engine.Instant) {
	if t.drainedAt != 0 {
		t.idle += now.Sub(t.drainedAt)
		t.drainedAt = 0
	}
}

// ModerateRecvBuf implements tcpip.Endpoint: the application has read copied
// bytes. Unless SO_RCVBUF was set, the receive buffer grows so that its window
// is twice what was read in the best round trip, and more while that grows, within
// the protocol's range: a sender in slow start doubles its rate in each.
//
// The window is half of the buffer, as in netstack, until that is the largest
// there may be. Then it is as large as the memory of the buffer allows.
//
// Reads of a small part of the window are measured together, as long as there is more
// to read: a reader of few bytes at a time would pay as much for each again.
func (e *Endpoint) ModerateRecvBuf(copied int) {
	if e.unmeasured.Add(uint32(copied)) < e.smallPart() && e.ready.Load()&readyRead != 0 {
		return
	}
	if copied = int(e.unmeasured.Swap(0)); copied == 0 {
		return // another reader has told of it
	}
	now := e.lock()
	defer e.unlock(now)
	if e.opt.rcvFixed || !e.opened || e.retired {
		return
	}
	if e.receivedLittle() {
		return
	}
	t := &e.need().tune
	if e.conn.Readable() == 0 {
		defer func() { t.drainedAt = now }()
	}
	rtt := e.conn.ReadRTT()
	if rtt == 0 || !t.measure(now, copied, rtt) {
		return
	}
	limit := e.shared.Options().ReceiveBuffer.Max
	if w := min(t.want, engine.WindowOf(limit)); w > t.window {
		t.window = w
		if size := min(w<<windowShift, limit); size > int(e.ops().GetReceiveBufferSize()) {
			e.SocketOptions().SetReceiveBufferSize(int64(size), false /* notify */)
		}
		e.apply(now)
	}
}

// receivedLittle reports whether so little has come that nothing can follow from how
// fast it was read: a small part of the window. Most connections never get more, and
// measure nothing.
func (e *Endpoint) receivedLittle() bool {
	return (e.rare == nil || e.rare.tune.since == 0) && e.conn.Received() < e.smallPart()
}

// smallPart is a small part of the window, in bytes.
func (e *Endpoint) smallPart() uint32 {
	const part = 16
	return uint32(e.ops().GetReceiveBufferSize()) >> windowShift / part
}

// tunedWindow returns the window that tuning asks for; 0 where nothing is tuned.
func (e *Endpoint) tunedWindow() int {
	if e.opt.rcvFixed || e.rare == nil {
		return 0
	}
	return e.rare.tune.window
}

// littleBuffer is a send buffer, in bytes, that is worth no doubt.
const littleBuffer = 64 << 10

// leastSegments is how many segments the congestion window is taken to have at least: it
// may grow to as many in a moment, and where segments are large they are few at first.
const leastSegments = 10

// tuneSendBuffer grows the send buffer to twice the congestion window, within
// the protocol's range: one half is in flight, and the other is at hand when it
// is acknowledged. It is called when the application has more to write than there
// is room for, and when a buffer that was full has room again; where there was
// room for all that the application had, it does nothing. Nor does it where what is
// sent stands in a queue without an end: a path without a rate, such as one between
// two stacks of one process, takes any window, and returns nothing for it but delay.
// Up to littleBuffer it grows all the same: a few late acknowledgments may look like
// such a queue.
func (e *Endpoint) tuneSendBuffer(now engine.Instant) {
	if !e.wantsRoom || e.opt.sndFixed || e.conn.State() != engine.StateEstablished {
		return
	}
	cwnd := max(e.conn.Cwnd(), leastSegments*e.conn.SMSS())
	want := min(2*cwnd, e.shared.Options().SendBuffer.Max)
	if want > littleBuffer && e.conn.Queued() {
		return
	}
	if want > int(e.ops().GetSendBufferSize()) {
		e.SocketOptions().SetSendBufferSize(int64(want), false /* notify */)
		e.apply(now)
	}
}
