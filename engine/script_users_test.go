// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"
	"time"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
)

// This file is about what the users of netstack see, where the RFCs leave it
// open.

// A FIN takes no room in the peer's buffer: it goes though the window is closed.
func TestFinIntoClosedWindow(t *testing.T) {
	s := Established(t, plain(nil), 0, "<mss 1000>")
	s.Do("close", func(c *engine.Conn, now engine.Instant) { c.CloseWrite(now) })
	s.Out("F. 1 ack 1")
	s.In(". 1 ack 2 win 0")
	s.State(engine.StateFinWait2)

	s = Established(t, plain(nil), 0, "<mss 1000>")
	s.Write(10) // text goes first, and waits
	s.Do("close", func(c *engine.Conn, now engine.Instant) { c.CloseWrite(now) })
	s.In(". 1 ack 1 win 10")
	s.Out("P. 1:11 ack 1")
	s.Out("F. 11 ack 1")
	s.In(". 1 ack 12 win 10")
}

// Small segments count as segments of the window: ten of them fill an initial
// window of ten, whatever their size, and what comes then is sent together.
func TestSmallSegmentsFillTheWindow(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.NoDelay = true }), 60000, "<mss 1000>")
	for i := range 10 {
		s.Write(10)
		s.Out("P. " + span(1+10*i, 11+10*i))
	}
	s.Write(10)
	s.Write(10)
	s.Do("close", func(c *engine.Conn, now engine.Instant) { c.CloseWrite(now) })
	s.In(". 1 ack 11 win 60000")
	s.Out("FP. 101:121 ack 1")
	s.In(". 1 ack 122 win 60000")
}

// A window probe may carry a byte that the peer has; a keep-alive should carry
// nothing (RFC 9293, section 3.8.4, SHLD-12).
func TestProbeOctet(t *testing.T) {
	set := func(set *engine.Settings) { set.KeepAlive, set.ProbeOctet = true, true }
	s := Established(t, plain(set), 1000, "<mss 1000>")
	s.Expires(2*time.Hour, ". 0 ack 1")
	s.In(". 1 ack 1 win 0")
	s.Write(100)
	s.Advance(time.Second)
	if got := s.Out(". 0:1 ack 1"); got.Payload.Size() != 1 {
		t.Errorf("a probe of %d bytes", got.Payload.Size())
	}
	s.In(". 1 ack 1 win 1000")
	s.Out("P. 1:101 ack 1")
	s.In(". 1 ack 101 win 1000")
}

// A keep-alive that was answered is followed by the next after the idle time,
// though the interval between unanswered ones is longer.
func TestKeepAliveAnswered(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) {
		set.KeepAlive, set.KeepAliveIdle, set.KeepAliveInterval = true, time.Second, time.Minute
	}), 1000, "<mss 1000>")
	for range 3 {
		s.Expires(time.Second, ". 0 ack 1")
		s.In(". 1 ack 1 win 1000")
	}
	s.Expires(time.Second, ". 0 ack 1")
	s.Expires(time.Minute, ". 0 ack 1")
}

// With a user timeout (RFC 5482), a peer that is silent for that long is given up
// at the next probe, however few there were, and not before one.
func TestKeepAliveUserTimeout(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) {
		set.KeepAlive, set.KeepAliveIdle, set.KeepAliveInterval = true, time.Hour, time.Second
		set.UserTimeout = 3 * time.Second
	}), 1000, "<mss 1000>")
	s.Expires(time.Hour, ". 0 ack 1")
	s.Advance(time.Second - 1)
	s.State(engine.StateEstablished)
	s.Advance(1)
	s.Closed(engine.ReasonTimedOut)
}

// A SYN in TIME-WAIT that opens nothing is not answered: the acknowledgment would
// bring but a reset, which TIME-WAIT does not heed (RFC 1337, section 3).
func TestSynInTimeWait(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1000>")
	s.Do("close", func(c *engine.Conn, now engine.Instant) { c.CloseWrite(now) })
	s.Out("F. 1 ack 1")
	s.In("F. 1 ack 2 win 1000")
	s.Out(". 2 ack 2")
	s.State(engine.StateTimeWait)
	s.In("S 0 win 1000")
	s.In("S 2 win 1000")
	s.In("F. 1 ack 2 win 1000") // but the FIN is (RFC 9293, section 3.10.7.4, eighth)
	s.Out(". 2 ack 2")
	s.State(engine.StateTimeWait)
}

// Text that begins in the window and ends beyond it is taken where the buffer has
// room for twice the window, and only then.
func TestTextBeyondTheWindow(t *testing.T) {
	for _, beyond := range []bool{false, true} {
		s := Established(t, plain(func(set *engine.Settings) { set.RcvBuf, set.RcvBeyond = 100, beyond }), 1000, "<mss 1000>")
		s.In("P. 1:251 ack 1 win 1000")
		if beyond {
			s.Out(". 1 ack 201 win 0")
			s.In("P. 201:211 ack 1 win 1000") // the window is closed
			s.Out(". 1 ack 201 win 0")
		} else {
			s.Out(". 1 ack 101 win 0")
		}
	}
}

// Where acknowledgments wait, so does that of text for a closed window: the
// application may be about to read, and the answer says so then.
func TestClosedWindowAnswerWaits(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.RcvBuf, set.AckDelay, set.AckEvery = 2000, time.Millisecond, 1 }), 1000, "<mss 1000>")
	s.In(". 1:2001 ack 1 win 1000")
	s.Expires(time.Millisecond, ". 1 ack 2001 win 0")
	s.In(". 2001:3001 ack 1 win 1000")
	s.Read(2000, 2000)
	s.Out(". 1 ack 2001 win 2000")
}

// Once the application has read all, the next acknowledgment tells the whole
// window, though it opens by less than a segment; before, it does not.
func TestDrainedWindow(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.RcvBuf = 5000 }), 1000, "<mss 1000>")
	s.In("P. 1:11 ack 1 win 1000")
	s.Out(". 1 ack 11 win 4990")
	s.Read(5, 5)
	s.In("P. 11:21 ack 1 win 1000")
	s.Out(". 1 ack 21 win 4980")
	s.Read(100, 15)
	s.In("P. 21:31 ack 1 win 1000")
	s.Out(". 1 ack 31 win 4990")
}

// Silly-window avoidance (RFC 9293, section 3.8.6.2.1) waits for half of the
// largest window there was. Where the peer's buffer has shrunk, it does so once.
func TestNarrowWindow(t *testing.T) {
	s := Established(t, plain(nil), 60000, "<mss 1000>")
	s.In(". 1 ack 1 win 500")
	s.Write(3000)
	s.Expires(200*time.Millisecond, ". 1:501 ack 1")
	for i := range 4 {
		s.In(". 1 ack " + span(501+500*i, 0)[:len(span(501+500*i, 0))-2] + " win 500")
		s.Out(". " + span(501+500*i, 1001+500*i))
	}
}

// Setting a size of the buffer tells the peer nothing, unless its window was
// closed.
func TestResizeIsQuiet(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.RcvBuf = 2000 }), 1000, "<mss 1000>")
	s.Do("grow", func(c *engine.Conn, now engine.Instant) { c.Resize(now, 60000, 1000) })
	s.In(". 1:2001 ack 1 win 1000")
	s.Out(". 1 ack 2001 win 58000")

	s = Established(t, plain(func(set *engine.Settings) { set.RcvBuf = 2000 }), 1000, "<mss 1000>")
	s.In(". 1:2001 ack 1 win 1000")
	s.Out(". 1 ack 2001 win 0")
	s.Do("grow", func(c *engine.Conn, now engine.Instant) { c.Resize(now, 60000, 1000) })
	s.Out(". 1 ack 2001 win 58000")
}

// Without SACK the peer may have dropped what came behind text that the path could
// not carry: all of it is sent again (RFC 1191, section 6.5).
func TestPathMTUWithoutSACK(t *testing.T) {
	s := Established(t, plain(nil), 60000, "<mss 1000>")
	s.Write(1500)
	s.Out(". 1:1001 ack 1")
	s.Out("P. 1001:1501 ack 1")
	s.Do("news", func(c *engine.Conn, now engine.Instant) { c.HandlePathMTU(now, 800, c.Snapshot(now).SndUna) })
	s.Out(". 1:801 ack 1")
	s.Out(". 801:1001 ack 1")
	s.Out("P. 1001:1501 ack 1")
	s.In(". 1 ack 1501 win 60000")
}
