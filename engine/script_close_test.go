// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"
	"time"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
)

func closeWrite(c *engine.Conn, now engine.Instant) { c.CloseWrite(now) }
func closeBoth(c *engine.Conn, now engine.Instant)  { c.Close(now) }

// RFC 9293, section 3.6, figure 12: the active closer ends in TIME-WAIT for 2
// MSL, and acknowledges the FIN again if it comes again (mirage section 3).
func TestActiveClose(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.Write(10)
	s.Out("P. 1:11 ack 1")
	s.Do("close", closeWrite)
	s.Out("F. 11 ack 1")
	s.State(engine.StateFinWait1)
	s.In(". 1 ack 12 win 1000")
	s.State(engine.StateFinWait2)
	s.In("P. 1:6 ack 12 win 1000") // the other direction lives on
	s.Out(". 12 ack 6")
	s.Read(10, 5)
	s.In("F. 6 ack 12 win 1000")
	s.Out(". 12 ack 7")
	s.State(engine.StateTimeWait)
	s.Advance(59 * time.Second)
	s.In("F. 6 ack 12 win 1000")
	s.Out(". 12 ack 7")
	s.In("R 7 win 0") // RFC 1337, section 3
	s.Advance(60*time.Second - 1)
	s.State(engine.StateTimeWait)
	s.Advance(1)
	s.Closed(engine.ReasonNone)
}

// The passive closer: CLOSE-WAIT, LAST-ACK; the FIN is acknowledged again in
// CLOSE-WAIT (mirage section 3), and sent again until acknowledged.
func TestPassiveClose(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.In("FP. 1:11 ack 1 win 1000")
	s.Out(". 1 ack 12")
	s.State(engine.StateCloseWait)
	s.In("FP. 1:11 ack 1 win 1000")
	s.Out(". 1 ack 12")
	s.Read(100, 10)
	for range 2 { // the end of the stream stays
		if !s.Conn.EOF() {
			t.Error("no end of stream")
		}
	}
	s.Write(5)
	s.Out("P. 1:6 ack 12")
	s.Do("close", closeBoth)
	s.Out("F. 6 ack 12")
	s.State(engine.StateLastAck)
	s.In(". 12 ack 6 win 1000")
	s.Expires(engine.DefaultMinRTO, "F. 6 ack 12")
	s.In(". 12 ack 7 win 1000")
	s.Closed(engine.ReasonNone)
}

// RFC 9293, section 3.6, figure 13: both close at once. mirage's
// simultaneous_close.
func TestSimultaneousClose(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.Do("close", closeWrite)
	s.Out("F. 1 ack 1")
	s.In("F. 1 ack 1 win 1000")
	s.Out(". 2 ack 2")
	s.State(engine.StateClosing)
	s.In(". 2 ack 2 win 1000")
	s.State(engine.StateTimeWait)
	s.Advance(time.Minute)
	s.Closed(engine.ReasonNone)
}

// Crossed FINs, then a reset: one at an old number is no reset, the exact one
// is. mirage's simultaneous_close.
func TestSimultaneousCloseReset(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.Do("close", closeWrite)
	s.Out("F. 1 ack 1")
	s.In("F. 1 ack 1 win 1000")
	s.Out(". 2 ack 2")
	s.In("R 1 win 0")
	s.State(engine.StateClosing)
	s.In("R 3 win 0")
	s.Out(". 2 ack 2")
	s.In("R 2 win 0")
	s.Closed(engine.ReasonNone)
}

// The FIN and its acknowledgment in one segment: FIN-WAIT-1 to TIME-WAIT.
func TestFinWithAck(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.Do("close", closeWrite)
	s.Out("F. 1 ack 1")
	s.In("F. 1 ack 2 win 1000")
	s.Out(". 2 ack 2")
	s.State(engine.StateTimeWait)
	s.Advance(time.Minute)
}

// The acknowledgment of a FIN waits as that of text does: our own FIN carries it
// where the application closes meanwhile. Out of order, and where we have closed
// already, it goes at once.
func TestDelayedAckOfFin(t *testing.T) {
	delayed := plain(func(set *engine.Settings) { set.AckDelay, set.AckEvery = time.Millisecond, 32 })
	s := Established(t, delayed, 1000, "<mss 1460>")
	s.In("F. 1 ack 1 win 1000")
	s.Advance(999 * time.Microsecond)
	s.Do("close", closeBoth)
	s.Out("F. 1 ack 2")
	s.State(engine.StateLastAck)
	s.In(". 2 ack 2 win 1000")
	s.Closed(engine.ReasonNone)

	s = Established(t, delayed, 1000, "<mss 1460>")
	s.In("FP. 1:11 ack 1 win 1000")
	s.Expires(time.Millisecond, ". 1 ack 12")
	s.In("FP. 1:11 ack 1 win 1000") // again: at once
	s.Out(". 1 ack 12")

	s = Established(t, delayed, 1000, "<mss 1460>")
	s.In("F. 11 ack 1 win 1000")
	s.Out(". 1 ack 1")
	s.In("P. 1:11 ack 1 win 1000") // fills the gap
	s.Out(". 1 ack 12")

	s = Established(t, delayed, 1000, "<mss 1460>")
	s.Do("close", closeWrite)
	s.Out("F. 1 ack 1")
	s.In("F. 1 ack 2 win 1000")
	s.Out(". 2 ack 2")
	s.State(engine.StateTimeWait)
}

// FIN-WAIT-2 of a connection that nobody holds ends by itself; one that is half
// closed waits for ever.
func TestFinWait2Timeout(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.Do("close", closeWrite)
	s.Out("F. 1 ack 1")
	s.In(". 1 ack 2 win 1000")
	s.Advance(24 * time.Hour)
	s.State(engine.StateFinWait2)
	s.Do("close", closeBoth)
	s.Advance(59 * time.Second)
	s.State(engine.StateFinWait2)
	s.Advance(time.Second)
	s.Closed(engine.ReasonNone)
}

// RFC 9293, section 3.6.1, SHLD-3: closing with unread text, or text that comes
// after Close, is answered with a reset.
func TestCloseLosesText(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.In("P. 1:11 ack 1 win 1000")
	s.Out(". 1 ack 11")
	s.Do("close", closeBoth)
	s.Out("R. 1 ack 11")
	s.Closed(engine.ReasonAborted)

	s = Established(t, plain(nil), 1000, "<mss 1460>")
	s.Do("close", closeBoth)
	s.Out("F. 1 ack 1")
	s.In("P. 1:11 ack 2 win 1000")
	s.Out("R. 2 ack 1")
	s.Closed(engine.ReasonAborted)
}

// After CloseRead the stream ends where nothing is left to read; what comes
// afterwards, in order or not, can be read, and holds its room until it is. So it is
// with netstack and Linux.
func TestCloseRead(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.In("P. 1:6 ack 1 win 1000")
	s.Out(". 1 ack 6")
	s.Do("shut", func(c *engine.Conn, now engine.Instant) { c.CloseRead(now) })
	s.In("P. 6:11 ack 1 win 1000")
	s.Out(". 1 ack 11 win 65525")
	s.In("P. 21:31 ack 1 win 1000")
	s.Out(". 1 ack 11")
	s.In("P. 11:21 ack 1 win 1000")
	s.Out(". 1 ack 31 win 65505")
	s.Read(100, 30)
	if !s.Conn.EOF() {
		t.Error("no end of stream")
	}
}

// Text behind the FIN is not taken, and a FIN out of order waits for the text
// before it. mirage: data after FIN.
func TestFinOutOfOrder(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.In("F. 11:21 ack 1 win 1000") // FIN at 21
	s.Out(". 1 ack 1")
	s.In("P. 15:40 ack 1 win 1000")
	s.Out(". 1 ack 1")
	s.State(engine.StateEstablished)
	s.In("P. 1:11 ack 1 win 1000")
	s.Out(". 1 ack 22")
	s.State(engine.StateCloseWait)
	s.Read(100, 20)
}

// A reset with text queued: nothing of it, and no FIN, is sent. mirage: RST
// during close's flush wait.
func TestResetWhileFlushing(t *testing.T) {
	s := Established(t, plain(nil), 100, "<mss 1460>")
	s.Write(1000)
	s.Out(". 1:101 ack 1")
	s.Do("close", closeWrite)
	s.In("R 1 win 0")
	s.Closed(engine.ReasonReset)
	s.Advance(time.Hour)
}

// RFC 9293, section 3.6.1, MAY-2, and RFC 6191: which SYN may follow TIME-WAIT.
func TestReuse(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.Do("close", closeWrite)
	s.Out("F. 1 ack 1")
	s.In("F. 1 ack 2 win 1000")
	s.Out(". 2 ack 2")
	for at, want := range map[int]bool{0: false, 2: false, 3: true, 1000: true, -1000: false} {
		var syn engine.Segment
		syn.Seq = s.Peer(at)
		syn.Flags = 2
		if got := s.Conn.ReusableBy(&syn); got != want {
			t.Errorf("SYN at %d: %v, want %v", at, got, want)
		}
	}
	s.Advance(time.Minute)
}

// RFC 6191, section 2: with timestamps, a later one opens a new incarnation,
// wherever its sequence number is; where it is the same, the sequence number tells.
func TestReuseByTimestamp(t *testing.T) {
	s := Established(t, Options{Params: engine.Params{NoSACK: true, NoWindowScale: true}}, 1000, "<mss 1460,ts 5000 0>")
	s.Do("close", closeWrite)
	s.Out("F. 1 ack 1")
	s.In("F. 1 ack 2 win 1000 <ts 6000 0>")
	s.Out(". 2 ack 2")
	for _, test := range []struct {
		at   int
		ts   uint32
		want bool
	}{{1000, 5999, false}, {-1000, 6001, true}, {3, 6000, true}, {2, 6000, false}, {1000, 1<<31 + 6001, false}} {
		var syn engine.Segment
		syn.Seq, syn.Flags = s.Peer(test.at), 2
		syn.Options.HasTimestamps, syn.Options.TSVal = true, test.ts
		if got := s.Conn.ReusableBy(&syn); got != test.want {
			t.Errorf("SYN at %d, timestamp %d: %v, want %v", test.at, test.ts, got, test.want)
		}
	}
	s.Advance(time.Minute)
}

// The first FIN counts, wherever a second one says that the end is.
func TestFirstFinCounts(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.In("F. 11:21 ack 1 win 1000") // the end is at 21
	s.Out(". 1 ack 1")
	s.In("F. 31 ack 1 win 1000")
	s.In("P. 1:11 ack 1 win 1000")
	s.Out(". 1 ack 22")
	s.State(engine.StateCloseWait)
	s.Read(100, 20)
}

// Text that comes when both directions are shut is reset: nobody will read it, and
// nothing more is written (RFC 9293, section 3.6.1, SHLD-3). So do netstack and
// Linux.
func TestTextWhenBothAreShut(t *testing.T) {
	shut := func() *Script {
		s := Established(t, plain(nil), 1000, "<mss 1460>")
		s.Do("shut", func(c *engine.Conn, now engine.Instant) {
			c.CloseRead(now)
			c.CloseWrite(now)
		})
		s.Out("F. 1 ack 1")
		return s
	}
	for _, acked := range []string{"1", "2"} { // in FIN-WAIT-1, and in FIN-WAIT-2
		s := shut()
		s.In(". 1 ack " + acked + " win 1000")
		s.In("P. 1:11 ack " + acked + " win 1000")
		s.Out("R. 2 ack 1")
		s.Closed(engine.ReasonAborted)
	}
	s := shut() // a FIN is no text
	s.In("F. 1 ack 2 win 1000")
	s.Out(". 2 ack 2")
	s.State(engine.StateTimeWait)
}

// A FIN alone is a segment, and waits until the congestion window has room for one.
func TestFinBeyondCongestionWindow(t *testing.T) {
	s := Established(t, plain(nil), 60000, "<mss 1000>")
	send(s, 1, 10) // the initial window, full
	s.Do("close", closeWrite)
	s.Silent()
	s.In(". 1 ack 1001 win 60000")
	s.Out("F. 10001 ack 1")
	s.In(". 1 ack 10002 win 60000")
	s.State(engine.StateFinWait2)
}

// Text before it does wait, and the FIN with it.
func TestFinBehindText(t *testing.T) {
	s := Established(t, plain(nil), 60000, "<mss 1000>")
	s.Write(10500)
	outs(s, 1, 10, false)
	s.Do("close", closeWrite)
	s.Silent()
	s.In(". 1 ack 2001 win 60000")
	s.Out("FP. 10001:10501")
	s.In("R 1 win 0")
}
