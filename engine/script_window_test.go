// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"testing"
	"time"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
)

// RFC 9293, section 3.8.6.1: a closed window is probed, every time after a
// longer pause, for as long as the peer answers (MUST-35..37), and a lost
// window update does no harm. mirage: zero window never reopens.
func TestZeroWindow(t *testing.T) {
	s := Established(t, plain(nil), 0, "<mss 1460>")
	s.Write(100)
	for d := engine.DefaultMinRTO; d < engine.DefaultMaxRTO; d *= 2 {
		s.Expires(d, ". 0 ack 1")
		s.In(". 1 ack 1 win 0")
	}
	for range 100 {
		s.Expires(engine.DefaultMaxRTO, ". 0 ack 1")
		s.In(". 1 ack 1 win 0")
	}
	s.In(". 1 ack 1 win 50")
	s.Out(". 1:51 ack 1")
	s.In(". 1 ack 51 win 50")
	s.Out("P. 51:101 ack 1")
	s.In(". 1 ack 101 win 50")
}

// A peer that does not answer probes is given up.
func TestZeroWindowDeadPeer(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.MaxRetries = 3 }), 0, "<mss 1460>")
	s.Write(100)
	for _, d := range []time.Duration{1, 2, 4} {
		s.Expires(d*engine.DefaultMinRTO, ". 0 ack 1")
	}
	s.Advance(8*engine.DefaultMinRTO - 1)
	s.State(engine.StateEstablished)
	s.Advance(1)
	s.Closed(engine.ReasonTimedOut)
}

// A window below one MSS is used. mirage: peer window < MSS never sends.
func TestTinyPeerWindow(t *testing.T) {
	s := Established(t, plain(nil), 100, "<mss 1460>")
	s.Write(250)
	s.Out(". 1:101 ack 1")
	s.In(". 1 ack 101 win 100")
	s.Out(". 101:201 ack 1")
	s.In(". 1 ack 201 win 100")
	s.Out("P. 201:251 ack 1")
}

// The sender's silly-window avoidance (RFC 9293, section 3.8.6.2.1, MUST-38):
// less than half of the largest window waits, for the override timeout at most.
func TestSenderSillyWindow(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.Write(3000)
	s.Out(". 1:1001 ack 1")
	s.In(". 1 ack 1001 win 499")
	s.Expires(200*time.Millisecond, ". 1001:1500 ack 1")
	s.In(". 1 ack 1500 win 500")
	s.Out(". 1500:2000 ack 1")
}

// The receiver's (section 3.8.6.2.2, MUST-39): the window opens by a segment or
// half of the buffer, and its edge never moves back (SHLD-14).
func TestReceiverSillyWindow(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.RcvBuf = 4000 }), 1000, "<mss 1460>")
	s.In(". 1:1461 ack 1 win 1000")
	s.Out(". 1 ack 1461 win 2540")
	s.In(". 1461:4001 ack 1 win 1000")
	s.Out(". 1 ack 4001 win 0")
	s.Read(100, 100)
	s.Read(1359, 1359)
	s.In(". 4000 ack 1 win 1000") // a probe
	s.Out(". 1 ack 4001 win 0")
	s.Read(1, 1) // a segment's worth is free
	s.Out(". 1 ack 4001 win 1460")
	s.Read(1000, 1000)
	s.In(". 4001:4002 ack 1 win 1000")
	s.Out(". 1 ack 4002 win 1459") // the edge stays until it may move by 1460
	s.Read(1000, 1000)
	s.Out(". 1 ack 4002 win 3459")
}

// Text beyond the window is cut off (RFC 9293, section 3.10.7.4, seventh), and
// text in a closed window is refused with its ACK still taken.
func TestRightEdge(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.RcvBuf = 100 }), 1000, "<mss 1460>")
	s.Write(10)
	s.Out("P. 1:11 ack 1 win 100")
	s.In(". 1:200 ack 1 win 1000")
	s.Out(". 11 ack 101 win 0")
	s.In("P. 101:102 ack 11 win 1000") // a probe of one byte
	s.Out(". 11 ack 101 win 0")
	if n := s.Conn.Unacked(); n != 0 {
		t.Errorf("the ACK of a refused segment did not count: %d", n)
	}
	s.Read(1000, 100)
	s.Out(". 11 ack 101 win 100")
}

// The Nagle algorithm (RFC 9293, section 3.7.4) and no-delay.
func TestNagle(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.NoDelay = false }), 9000, "<mss 1000>")
	s.Write(10)
	s.Out("P. 1:11 ack 1")
	s.Write(10)
	s.Write(500)
	s.Write(600)
	s.Out(". 11:1011 ack 1")
	s.In(". 1 ack 1011 win 9000")
	s.Out("P. 1011:1121 ack 1")
	s.Write(10)
	s.Do("close", closeWrite) // the end of the stream does not wait
	s.Out("FP. 1121:1131 ack 1")

	s = Established(t, plain(nil), 9000, "<mss 1000>")
	s.Write(10)
	s.Out("P. 1:11 ack 1")
	s.Write(10)
	s.Out("P. 11:21 ack 1")
}

// Cork holds back what is not a full segment, until a write comes that does not
// fit into it: then what was held goes first.
func TestCork(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.Cork = true }), 9000, "<mss 1000>")
	s.Write(600)
	s.Write(300)
	s.Write(100) // together they are a full one
	s.Out("P. 1:1001 ack 1")
	s.In(". 1 ack 1001 win 9000")
	s.Write(900)
	s.Write(1900)
	s.Out(". 1001:1901 ack 1")
	s.Out(". 1901:2901 ack 1")
	s.In(". 1 ack 2901 win 9000")
	s.Do("uncork", func(c *engine.Conn, now engine.Instant) {
		set := *c.Settings()
		set.Cork = false
		c.Apply(now, &set)
	})
	s.Out("P. 2901:3801 ack 1")
	s.In(". 1 ack 3801 win 9000")
}

// However little it holds, the cork lets it go by itself.
func TestCorkOfOneByte(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.Cork = true }), 9000, "<mss 1000>")
	s.Write(1)
	s.Write(1000)
	s.Out(". 1:2 ack 1")
	s.Out("P. 2:1002 ack 1")
	s.In(". 1 ack 1002 win 9000")
}

// What the cork lets go is cut where the path carries less than it did, and never
// held back for being more than one segment.
func TestCorkOnNarrowerPath(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.Cork = true }), 1000, "<mss 1000>")
	s.Write(1000)
	first := s.Out("P. 1:1001 ack 1")
	s.Write(900)
	s.Write(900) // the first 900 are let go, and have no room
	s.Do("news", func(c *engine.Conn, now engine.Instant) { c.HandlePathMTU(now, 500, first.Seq) })
	s.Out(". 1:501 ack 1")
	s.Out(". 501:1001 ack 1")
	s.In(". 1 ack 1001 win 600") // a full segment of the path, and less than the 900
	s.Out(". 1001:1501 ack 1")
	s.In(". 1 ack 1501 win 1000")
	s.Out(". 1501:1901 ack 1")
	s.Out(". 1901:2401 ack 1")
	s.In(". 1 ack 2401 win 1000")
}

// What an acknowledgment has ridden on is not acknowledged once more when the delay
// is over.
func TestDelayedAckRidesOnText(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.AckDelay = 40 * time.Millisecond }), 1000, "<mss 1460>")
	s.In("P. 1:11 ack 1 win 1000")
	s.Advance(10 * time.Millisecond)
	s.Write(5)
	s.Out("P. 1:6 ack 11")
	s.In(". 11 ack 6 win 1000")
	s.Advance(time.Minute)
}

// The first read opens the window beyond what the SYN-ACK could tell. The news wait
// for an acknowledgment that is owed already, unless the peer could use up its
// window before that goes.
func TestOpenedWindowRidesOnAck(t *testing.T) {
	asked := func(every int) *Script {
		o := plain(func(set *engine.Settings) {
			set.RcvBuf, set.AckDelay, set.AckEvery = 1<<20, time.Millisecond, every
		})
		o.Params.NoWindowScale, o.Params.RcvBufMax = false, 1<<20
		s := Passive(t, o, "S 0 win 1000 <mss 1460,ws 0>")
		s.Out("S. 0 ack 1 win 65535")
		s.In(". 1 ack 1 win 1000")
		s.In("P. 1:11 ack 1 win 1000")
		s.Read(100, 10)
		return s
	}
	s := asked(32)
	s.Write(5)
	s.Out("P. 1:6 ack 11 win 32768")
	s.In(". 11 ack 6 win 1000")
	s.Advance(time.Minute)

	s = asked(32)
	s.Expires(time.Millisecond, ". 1 ack 11 win 32768")

	s = asked(64) // as many full segments do not fit in what was offered
	s.Out(". 1 ack 11 win 32768")
}

// Segments that offer a closed window are counted, and those that would have.
func TestZeroWindowCounters(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.RcvBuf = 100 }), 1000, "<mss 100>")
	s.In("P. 1:51 ack 1 win 1000")
	s.Out(". 1 ack 51 win 50")
	if c := s.Conn.Counters(); c.ZeroWindows != 0 || c.WantZeroWindows != 0 {
		t.Errorf("%d and %d before", c.ZeroWindows, c.WantZeroWindows)
	}
	s.In("P. 51:101 ack 1 win 1000")
	s.Out(". 1 ack 101 win 0")
	if c := s.Conn.Counters(); c.ZeroWindows != 1 || c.WantZeroWindows != 0 {
		t.Errorf("%d and %d, want 1 and 0", c.ZeroWindows, c.WantZeroWindows)
	}
	s.Read(100, 100)
	s.Out(". 1 ack 101 win 100")
	s.In("P. 101:151 ack 1 win 1000")
	s.Out(". 1 ack 151 win 50")
	s.Do("resize", func(c *engine.Conn, now engine.Instant) { c.Resize(now, 10, 100) })
	s.In("P. 151:161 ack 1 win 1000") // it is held, and the edge must not move back
	s.Out(". 1 ack 161 win 40")
	if c := s.Conn.Counters(); c.ZeroWindows != 1 || c.WantZeroWindows != 1 {
		t.Errorf("%d and %d, want 1 and 1", c.ZeroWindows, c.WantZeroWindows)
	}
}

// An acknowledgment that is owed does not ride on a window probe, which the peer
// refuses with all that it says (RFC 9293, section 3.10.7.4, first): it follows.
func TestAckBesideProbe(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.AckDelay = 500 * time.Millisecond }), 0, "<mss 1460>")
	s.Write(100)
	s.Expires(200*time.Millisecond, ". 0 ack 1")
	s.Advance(300 * time.Millisecond)
	s.In("P. 1:11 ack 1 win 0")
	s.Advance(100 * time.Millisecond)
	s.Out(". 0 ack 11")
	s.Out(". 1 ack 11")
	s.Expires(800*time.Millisecond, ". 0 ack 11") // and nothing else meanwhile
	s.In("R 11 win 0")
}

// What a SYN-ACK offered, one that is sent again offers too (RFC 9293, section
// 3.8.6, SHLD-14).
func TestSynAckKeepsItsWindow(t *testing.T) {
	s := Passive(t, plain(func(set *engine.Settings) { set.RcvBuf = 9000 }), "S 0 win 1000 <mss 1000>")
	s.Out("S. 0 ack 1 win 9000")
	s.Do("clamp", func(c *engine.Conn, now engine.Instant) {
		set := *c.Settings()
		set.WindowClamp = 1000
		c.Apply(now, &set)
	})
	s.In("S 0 win 1000 <mss 1000>")
	s.Out("S. 0 ack 1 win 9000")
}

// By default a batch of arrivals is acknowledged at once, by one segment.
func TestAckPerBatch(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1460>")
	s.Batch("P. 1:11 ack 1 win 1000", "P. 11:21 ack 1 win 1000", "P. 21:31 ack 1 win 1000")
	s.Out(". 1 ack 31")
}

// Delayed acknowledgments (RFC 9293, section 3.8.6.3): after the delay, or for
// every second full segment.
func TestDelayedAck(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.AckDelay = 40 * time.Millisecond }), 1000, "<mss 1460>")
	s.In("P. 1:11 ack 1 win 1000")
	s.Expires(40*time.Millisecond, ". 1 ack 11")
	s.In(". 11:1471 ack 1 win 1000")
	s.In(". 1471:2931 ack 1 win 1000")
	s.Out(". 1 ack 2931")
	s.In("P. 2931:2941 ack 1 win 1000")
	s.Write(1)
	s.Out("P. 1:2 ack 2941") // text carries it
	s.In(". 2941 ack 2 win 1000")
	s.In("P. 2951:2961 ack 2 win 1000") // out of order: at once (RFC 5681, 4.2)
	s.Out(". 2 ack 2941")
	s.In("P. 2941:2951 ack 2 win 1000") // fills the gap: at once
	s.Out(". 2 ack 2961")
}

// An application that has caught up ends the wait, for text worth a segment.
func TestDelayedAckOnRead(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.AckDelay, set.AckEvery = time.Millisecond, 4 }), 1000, "<mss 1460>")
	s.In(". 1:1461 ack 1 win 1000")
	s.In(". 1461:2921 ack 1 win 1000")
	s.In(". 2921:4381 ack 1 win 1000")
	s.Read(1000, 1000)
	s.Read(9000, 3380)
	s.Out(". 1 ack 4381")
	for at := 4381; at < 4381+4*1460; at += 1460 {
		s.In(". " + span(at, at+1460) + " ack 1 win 1000")
	}
	s.Out(". 1 ack 10221")
	s.In("P. 10221:10222 ack 1 win 1000")
	s.Read(9000, 5841)
	s.Expires(time.Millisecond, ". 1 ack 10222")
}

// Where many segments come at once, batch after batch, more of them are waited
// for, but not after a PSH. A wait in vain makes the batch smaller.
func TestDelayedAckGrows(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.AckDelay, set.AckEvery = time.Millisecond, 4 }), 1000, "<mss 1460>")
	at := 1
	come := func(flags string) {
		s.In(flags + " " + span(at, at+1460) + " ack 1 win 1000")
		at += 1460
	}
	ack := func() string { return fmt.Sprintf(". 1 ack %d", at) }
	for range 33 { // two at once
		come(".")
		come(".")
		s.Read(9000, 2920)
		s.Out(ack())
	}
	come(".")
	s.Read(9000, 1460) // one is not enough now
	come(".")
	s.Read(9000, 1460)
	s.Out(ack())
	come("P.")
	s.Read(9000, 1460)
	s.Out(ack())
	come(".")
	s.Read(9000, 1460)
	s.Expires(time.Millisecond, ack())
	come(".")
	s.Read(9000, 1460) // one is enough again
	s.Out(ack())
}

// A sender that pushes every segment, and goes on before they are acknowledged, waits
// for no answer; after a wait in vain a PSH counts again.
func TestDelayedAckOfPushes(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.AckDelay, set.AckEvery = time.Millisecond, 4 }), 1000, "<mss 1460>")
	at := 1
	come := func(n int) {
		for range n {
			s.In("P. " + span(at, at+1460) + " ack 1 win 1000")
			at += 1460
		}
		s.Read(9000, n*1460)
	}
	ack := func() string { return fmt.Sprintf(". 1 ack %d", at) }
	for range 33 {
		come(2)
		s.Out(ack())
	}
	come(1) // two are waited for now
	come(1)
	s.Out(ack())
	come(1)
	s.Expires(time.Millisecond, ack())
	come(1)
	s.Out(ack())
}

// One that pushes every segment, and waits for each to be acknowledged, is not kept
// waiting, however quick it is.
func TestDelayedAckOfStopAndWait(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.AckDelay, set.AckEvery = time.Millisecond, 4 }), 1000, "<mss 1460>")
	for at := 1; at < 350*1460; at += 1460 {
		s.In("P. " + span(at, at+1460) + " ack 1 win 1000")
		s.Read(9000, 1460)
		s.Out(fmt.Sprintf(". 1 ack %d", at+1460))
		s.Advance(50 * time.Microsecond)
	}
}

// A segment that comes now and then is acknowledged at once after a first wait in
// vain. Another that comes soon, or an answer, is worth a wait again.
func TestDelayedAckOfSingles(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.AckDelay, set.AckEvery = time.Millisecond, 4 }), 1000, "<mss 1460>")
	at, sent := 1, 1
	come := func() {
		s.In(fmt.Sprintf("P. %s ack %d win 1000", span(at, at+100), sent))
		at += 100
	}
	ack := func() string { return fmt.Sprintf(". %d ack %d", sent, at) }
	answer := func() {
		s.Write(10)
		s.Out(fmt.Sprintf("P. %s ack %d", span(sent, sent+10), at))
		sent += 10
	}
	vain := func() {
		come()
		s.Expires(time.Millisecond, ack())
		for range 3 {
			s.Advance(2 * time.Millisecond)
			come()
			s.Out(ack())
		}
	}
	vain()
	s.Advance(time.Millisecond / 2)
	come() // another soon
	come()
	s.Expires(time.Millisecond, ack())
	s.Advance(2 * time.Millisecond)
	come()
	s.Out(ack())
	answer()
	s.Advance(2 * time.Millisecond)
	come()
	answer() // which carries the acknowledgment
	s.Advance(2 * time.Millisecond)
	vain()
}

// Segments as large as a batch may be are acknowledged one by one: the sender may
// have no more on the way.
func TestDelayedAckOfLargeSegments(t *testing.T) {
	o := plain(func(set *engine.Settings) {
		set.AckDelay, set.AckEvery, set.RcvBuf = time.Millisecond, 32, 1<<20
	})
	o.Params.MSS, o.Params.NoWindowScale = 40000, false
	s := Established(t, o, 1000, "<mss 40000,ws 7>")
	for at := 1; at < 100*40000; at += 40000 {
		s.In(". " + span(at, at+40000) + " ack 1 win 1000")
		s.Read(1<<20, 40000)
		s.Out(fmt.Sprintf(". 1 ack %d", at+40000))
	}
}

// Where the device hands over many segments as one, each such arrival is worth an
// acknowledgment, but a few of them share one while the application is busy and
// they are but a part of the window.
func TestDelayedAckOfCoalesced(t *testing.T) {
	for _, test := range []struct{ rcvBuf, every int }{{1 << 20, 4}, {400_000, 2}, {200_000, 1}} {
		o := plain(func(set *engine.Settings) {
			set.AckDelay, set.AckEvery, set.RcvBuf = time.Millisecond, 16, test.rcvBuf
		})
		o.Params.NoWindowScale = false
		s := Established(t, o, 1000, "<mss 1460,ws 7>")
		at := 1
		come := func() {
			s.In(". " + span(at, at+50_000) + " ack 1 win 1000")
			at += 50_000
		}
		come()
		if test.every > 1 {
			s.Read(1<<20, 50_000) // the application has caught up
		}
		s.Out(fmt.Sprintf(". 1 ack %d", at))
		for range test.every {
			come()
		}
		s.Out(fmt.Sprintf(". 1 ack %d", at))
	}
}

// Cork lets go of a send buffer whose writer is kept out and not told of room yet:
// nothing would ever come to fill the segment.
func TestCorkOfSmallBuffer(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.Cork, set.SndBuf = true, 100 }), 9000, "<mss 1000>")
	s.Write(75)
	s.Write(10)
	s.Silent() // there is room for more
	s.Write(15)
	s.Out("P. 1:101 ack 1")
	s.In(". 1 ack 21 win 9000")
	s.Write(10) // of another writer
	s.Out("P. 101:111 ack 1")
	s.In(". 1 ack 111 win 9000")
	s.Write(20)
	s.Silent()
}

// A writer is told of room once it was kept out, and then not for less than a quarter
// of the buffer; one that never was is told of nothing.
func TestTellsOfRoom(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.SndBuf = 4000 }), 9000, "<mss 1000>")
	told := func(want bool) {
		t.Helper()
		if got := s.Conn.TakeEvents().Has(engine.EventWritable); got != want {
			t.Errorf("a writer is told of room: %v, want %v", got, want)
		}
	}
	s.Conn.TakeEvents()
	s.Write(3999)
	outs(s, 1, 3, false)
	s.Out("P. 3001:4000 ack 1")
	s.In(". 1 ack 4000 win 9000")
	told(false)
	s.Write(4000) // all that it takes
	outs(s, 4000, 4, true)
	s.In(". 1 ack 4999 win 9000")
	told(false)
	s.In(". 1 ack 5000 win 9000")
	told(true)
	s.In(". 1 ack 8000 win 9000")
	told(false)
	s.Write(3999)
	outs(s, 8000, 3, false)
	s.Out("P. 11000:11999 ack 1")
	s.Conn.Resize(s.Now, 1<<20, 100) // which makes it full
	s.In(". 1 ack 11923 win 9000")
	told(false)
	s.In(". 1 ack 11924 win 9000")
	told(true)
	s.In(". 1 ack 11999 win 9000")
}

// Reading opens the window by a segment where the peer was told that it is closed; else
// by a quarter of the buffer, and to twice what is left of it, although the peer may
// have used up what it was told of: there is text to read until the next comes.
func TestWindowOpensByQuarters(t *testing.T) {
	const mss, buf = 1460, 8 * 1460
	s := Established(t, plain(func(set *engine.Settings) {
		set.RcvBuf, set.AckDelay, set.AckEvery = buf, 40*time.Millisecond, 2
	}), 9000, "<mss 1000>")
	at := 1
	come := func() {
		s.In(". " + span(at, at+mss) + " ack 1 win 9000")
		at += mss
	}
	for at <= buf {
		come()
		come()
		s.Out(fmt.Sprintf(". 1 ack %d win %d", at, 1+buf-at))
	}
	opens := func(n, wnd int) {
		t.Helper()
		s.Read(n-1, n-1)
		s.Silent()
		s.Read(1, 1)
		s.Out(fmt.Sprintf(". 1 ack %d win %d", at, wnd))
	}
	opens(mss, mss)
	come()
	opens(buf/4, buf/4)
	opens(buf/4, buf/2)
	opens(buf/2-mss+1, buf-mss+1) // less than a segment is left to read
	s.Read(mss-1, mss-1)
}

// Where all was read, a peer that has used up what it was told of is told at once, and
// one that has little left of it, as its field tells it, as well.
func TestWindowOpensWhenDrained(t *testing.T) {
	const mss = 1460
	for _, test := range []struct {
		buf, text, wnd int
		scaled         bool
	}{
		{mss, 260, mss, false},
		{3 * mss, mss, 3 * mss, false}, // two segments are left
		{2048, 548, 8, true},           // 1,500 bytes are, of which the peer sees 1,280
	} {
		o := plain(func(set *engine.Settings) {
			set.RcvBuf, set.AckDelay, set.AckEvery = test.buf, time.Millisecond, 32
		})
		if test.scaled {
			o.Params.NoWindowScale, o.Params.RcvBufMax = false, 8<<20
		}
		s := Established(t, o, 9000, "<mss 1460,ws 7>")
		s.In(". " + span(1, 1+test.text) + " ack 1 win 9000")
		s.Expires(time.Millisecond, fmt.Sprintf(". 1 ack %d", 1+test.text))
		s.Read(test.buf, test.text)
		s.Out(fmt.Sprintf(". 1 ack %d win %d", 1+test.text, test.wnd))
	}
}
