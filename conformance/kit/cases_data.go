// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// dataCases are about text and its acknowledgment: RFC 9293, sections 3.7.4, 3.8.5,
// 3.8.6.3, 3.9.1.2 and 3.10.7.4.
var dataCases = []Case{
	{Name: "RFC9293/3.7.4/SHLD-7", About: "with Nagle's algorithm, a small segment waits for what is outstanding", play: func(w *world) {
		s := w.passive(40000, mss, noDelay(false))
		s.Write(10)
		w.Out(". 1:11 ack 1")
		s.Write(10)
		s.Write(10)
		w.Silent()
		w.In(". 1 ack 11 win 40000")
		w.Out(". 11:31 ack 1")
		w.In(". 1 ack 31 win 40000")
	}},
	{Name: "RFC9293/3.7.4/MUST-17", About: "an application can turn Nagle's algorithm off, for one connection", play: func(w *world) {
		s := w.passive(40000, mss, noDelay(true))
		for at := 1; at < 31; at += 10 {
			s.Write(10)
			w.Out(". " + span(at, at+10) + " ack 1")
		}
		w.In(". 1 ack 31 win 40000")
	}},
	{Name: "RFC9293/3.8.5/MUST-31", About: "text that is urgent, of any length, is delivered", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("PU. 1:101 ack 1 win 40000 urg 50")
		w.Acked(101, time.Second/2)
		for at := 101; at < 4481; at += 1460 {
			w.In("U. " + span(at, at+1460) + " ack 1 win 40000 urg 5000")
			w.Ignore()
		}
		w.Wait(time.Second / 2)
		w.Ignore()
		s.Read(4480)
		w.Ignore()
		s.Live(4481, 40000)
	}},
	{Name: "RFC9293/3.8.6.3/MUST-40", About: "text is acknowledged within half a second", play: func(w *world) {
		w.passive(40000, mss)
		for at := 1; at < 5001; at += 1000 {
			w.In("P. " + span(at, at+1000) + " ack 1 win 40000")
			w.Acked(at+1000, time.Second/2-1)
		}
	}},
	{Name: "RFC9293/3.8.6.3/SHLD-18", About: "an acknowledgment waits a little for another segment, or for text to go with", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("P. 1:101 ack 1 win 40000")
		if len(w.pending) > 0 {
			w.fail("acknowledged at once: %s", w.pending[0])
		}
		s.Read(100)
		if len(w.pending) > 0 {
			w.Acked(101, 0) // the reader had all
			return
		}
		s.Write(50)
		w.Out(". 1:51 ack 101")
		w.In(". 101 ack 51 win 40000")
	}},
	{Name: "RFC9293/3.8.6.3/SHLD-19", About: "of full-sized segments that come one by one, every second is acknowledged at the latest", play: func(w *world) {
		s := w.passive(40000, mss)
		at, acked := 1, 1
		for range 10 {
			w.In(". " + span(at, at+1460) + " ack 1 win 40000")
			at += 1460
			for _, a := range w.Run(2 * time.Millisecond) {
				acked = a.ack
			}
			w.Expect(at-acked < 2*1460, "%d bytes are not acknowledged", at-acked)
		}
		w.Wait(time.Second / 2)
		w.Ignore()
		s.Read(14600)
	}},
	{Name: "RFC9293/3.9.1.2/MUST-60", About: "text that was written is sent, however small", play: func(w *world) {
		s := w.passive(40000, mss, noDelay(false))
		s.Write(1)
		w.Within(time.Second/2, ". 1:2 ack 1")
		w.In(". 1 ack 2 win 40000")
	}},
	{Name: "RFC9293/3.9.1.2/MUST-61", About: "PSH is on the last of what was written", play: func(w *world) {
		s := w.passive(40000, mss)
		s.Write(100)
		w.Out("P. 1:101 ack 1")
		w.In(". 1 ack 101 win 40000")
		s.Write(3000)
		w.Out(". 101:1561 ack 1")
		w.Out(". 1561:3021 ack 1")
		w.Out("P. 3021:3101 ack 1")
		w.In(". 1 ack 3101 win 40000")
	}},
	{Name: "RFC9293/3.9.1.2/SHLD-28", About: "segments are as large as they may be", play: func(w *world) {
		s := w.passive(40000, mss)
		s.Write(1460 * 3)
		for at := 1; at < 4381; at += 1460 {
			w.Out(". " + span(at, at+1460) + " ack 1")
		}
		w.In(". 1 ack 4381 win 40000")
	}},
	{Name: "RFC9293/3.9.1.2/MAY-16", About: "what is written while the window is closed goes together", play: func(w *world) {
		s := w.passive(0, mss, noDelay(false))
		for range 10 {
			s.Write(100)
		}
		w.Silent()
		w.In(". 1 ack 1 win 40000")
		w.Out(". 1:1001 ack 1")
		w.In(". 1 ack 1001 win 40000")
	}},
	{Name: "RFC9293/3.10.7.4/MUST-58", About: "segments that come together are acknowledged together", play: func(w *world) {
		w.passive(40000, mss)
		// A TCP that processes on goroutines of its own may be done with each before
		// the next comes, by chance: once is enough.
		for at := 1; at < 4*100*50; at += 400 {
			w.Together("P. "+span(at, at+100)+" ack 1 win 40000", "P. "+span(at+100, at+200)+" ack 1 win 40000",
				"P. "+span(at+200, at+300)+" ack 1 win 40000", "P. "+span(at+300, at+400)+" ack 1 win 40000")
			got := w.Run(time.Second / 2)
			w.Expect(len(got) > 0 && got[len(got)-1].ack == at+400, "not all is acknowledged: %v", got)
			if len(got) < 4 {
				return
			}
		}
		w.fail("4 segments that come together have 4 acknowledgments each time")
	}},
	{Name: "RFC9293/3.10.7.4/MUST-59", About: "a queue of segments is worked off before any acknowledgment is sent", play: func(w *world) {
		w.passive(40000, mss)
		w.Together("P. 1:101 ack 1 win 40000", "P. 101:201 ack 1 win 40000", "P. 201:301 ack 1 win 40000")
		w.Acked(301, time.Second/2)
	}},
	{Name: "RFC9293/3.10.7.4/SHLD-31", About: "text that comes out of order is kept", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("P. 101:201 ack 1 win 40000")
		w.Acked(1, time.Second/2)
		s.Read(0)
		w.In("P. 1:101 ack 1 win 40000")
		w.Acked(201, time.Second/2)
		s.Read(200)
	}},
	{Name: "RFC9293/3.10.7.4/overlap", About: "text that came already is cut off what comes with it", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("P. 1:101 ack 1 win 40000")
		w.Acked(101, time.Second/2)
		w.In("P. 51:151 ack 1 win 40000")
		w.Acked(151, time.Second/2)
		s.Read(150)
	}},
	{Name: "RFC9293/3.10.7.4/old-text", About: "text that came already is acknowledged again", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("P. 1:101 ack 1 win 40000")
		w.Acked(101, time.Second/2)
		w.Quiet(time.Second)
		w.In("P. 1:101 ack 1 win 40000")
		w.Acked(101, time.Second/2)
		s.Read(100)
	}},
	{Name: "RFC9293/3.10.7.4/outside", About: "a segment outside the window is acknowledged, not taken", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("P. 5000000:5000100 ack 1 win 40000")
		w.Acked(1, time.Second/2)
		s.Read(0)
		s.Live(1, 40000)
	}},
	{Name: "RFC9293/3.10.7.4/no-ack", About: "a segment without ACK is dropped", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("P 1:101 win 40000")
		w.Quiet(time.Second)
		s.Read(0)
		s.Live(1, 40000)
	}},
	{Name: "RFC9293/3.10.7.4/ack-of-unsent", About: "an acknowledgment of what was not sent is answered, and not taken", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In(". 1 ack 1000 win 40000")
		w.Out(". 1 ack 1")
		s.Write(100)
		w.Out(". 1:101 ack 1")
		w.In(". 1 ack 101 win 40000")
	}},
	{Name: "RFC9293/3.10.7.4/bare-ack", About: "an acknowledgment is not acknowledged", play: func(w *world) {
		w.passive(40000, mss)
		for range 5 {
			w.In(". 1 ack 1 win 40000")
			w.Quiet(time.Second)
		}
	}},
	{Name: "RFC9293/3.10.7.4/text-with-fin", About: "FIN and text before it, which came out of order, end the stream at the right place", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("F. 101:201 ack 1 win 40000")
		w.Acked(1, time.Second/2)
		w.In("P. 1:101 ack 1 win 40000")
		w.Acked(202, time.Second/2)
		s.Read(200)
		s.EOF()
	}},
}

// windowCases are about flow control: RFC 9293, section 3.8.6.
var windowCases = []Case{
	{Name: "RFC9293/3.8.6/SHLD-14", About: "the right edge of the window does not move left", play: func(w *world) {
		w.passive(40000, mss, receiveBuffer(8192))
		at, edge := 1, 0
		for range 100 {
			if n := min(700, edge-at); edge > 0 && n <= 0 {
				break
			}
			n := 700
			if edge > 0 {
				n = min(n, edge-at)
			}
			w.In("P. " + span(at, at+n) + " ack 1 win 40000")
			got := w.Run(time.Second / 2)
			w.Expect(len(got) > 0, "text at %d is not acknowledged", at)
			for _, a := range got {
				w.Expect(a.ack+a.win >= edge, "the edge moves from %d to %d", edge, a.ack+a.win)
				edge = a.ack + a.win
				at = a.ack
			}
		}
	}},
	{Name: "RFC9293/3.8.6/MUST-34", About: "a window that shrinks below what was sent does no harm", play: func(w *world) {
		s := w.passive(14600, mss)
		s.Write(8760)
		for at := 1; at < 8761; at += 1460 {
			w.Out(". " + span(at, at+1460) + " ack 1")
		}
		w.In(". 1 ack 1461 win 1460") // the usable window is negative
		w.Silent()
		w.In(". 1 ack 8761 win 40000")
		s.Write(100)
		w.Out(". 8761:8861 ack 1")
		w.In(". 1 ack 8861 win 40000")
	}},
	{Name: "RFC9293/3.8.6/SHLD-15", About: "no new text is sent into a window that shrank", play: func(w *world) {
		s := w.passive(4380, mss)
		s.Write(4380)
		w.Ignore()
		w.In(". 1 ack 1461 win 1460")
		s.Write(2920)
		w.Silent()
		w.In(". 1 ack 4381 win 2920")
		w.Out(". 4381:5841 ack 1")
		w.Out(". 5841:7301 ack 1")
		w.In(". 1 ack 7301 win 2920")
	}},
	{Name: "RFC9293/3.8.6/SHLD-16", About: "what is outstanding within a window that shrank is sent again", play: func(w *world) {
		s := w.passive(4380, mss)
		s.Write(4380)
		w.Ignore()
		w.In(". 1 ack 1 win 1460")
		for _, a := range w.Run(3 * time.Second) {
			if a.seq == 1 && a.end == 1461 {
				w.In(". 1 ack 4381 win 4380")
				return
			}
		}
		w.fail("the segment within the window is not sent again")
	}},
	{Name: "RFC9293/3.8.6.1/MUST-36", About: "a closed window is probed", play: func(w *world) {
		s := w.passive(1000, mss)
		s.Write(1500)
		w.Within(time.Second, ". 1:1001 ack 1")
		w.In(". 1 ack 1001 win 0")
		w.Silent()
		w.Wait(5 * time.Second)
		probe(w, 1001)
		w.In(". 1 ack 1001 win 0")
		w.Wait(5 * time.Second)
		probe(w, 1001)
		w.In(". 1 ack 1001 win 1000")
		w.Within(time.Second, ". 1001:1501 ack 1")
		w.In(". 1 ack 1501 win 1000")
	}},
	{Name: "RFC9293/3.8.6/MUST-35", About: "a window that shrinks to zero over what is outstanding is probed", play: func(w *world) {
		s := w.passive(4380, mss)
		s.Write(4380)
		w.Ignore()
		w.In(". 1 ack 1461 win 0")
		for range 3 {
			w.Wait(10 * time.Second)
			w.Expect(len(w.pending) > 0, "a window that was closed over text in flight is not probed")
			w.Ignore()
			w.In(". 1 ack 1461 win 0")
		}
		w.In(". 1 ack 1461 win 4380")
		for range 100 {
			got := w.Run(3 * time.Second)
			end := 1461
			for _, a := range got {
				end = max(end, a.end)
			}
			if end == 4381 {
				w.In(". 1 ack 4381 win 4380")
				return
			}
			w.In(". 1 ack " + itoa(end) + " win 4380")
		}
		w.fail("the text is not sent after the window opened")
	}},
	{Name: "RFC9293/3.8.6.1/SHLD-29", About: "the first probe comes after a retransmission timeout", play: func(w *world) {
		s := w.passive(1000, mss)
		s.Write(1500)
		w.Within(time.Second, ". 1:1001 ack 1")
		w.In(". 1 ack 1001 win 0")
		began := w.elapsed()
		w.Wait(5 * time.Second)
		probe(w, 1001)
		took := w.elapsed() - began
		w.Expect(took >= 190*time.Millisecond && took <= 1100*time.Millisecond, "the first probe comes after %v", took)
		w.In(". 1 ack 1001 win 1000")
		w.Within(time.Second, ". 1001:1501 ack 1")
		w.In(". 1 ack 1501 win 1000")
	}},
	{Name: "RFC9293/3.8.6.1/SHLD-30", About: "the time between probes grows exponentially", play: func(w *world) {
		s := w.passive(1000, mss)
		s.Write(1500)
		w.Within(time.Second, ". 1:1001 ack 1")
		w.In(". 1 ack 1001 win 0")
		var last time.Duration
		for i := range 5 {
			began := w.elapsed()
			w.Wait(time.Minute)
			probe(w, 1001)
			took := w.elapsed() - began
			if i > 0 {
				w.Expect(took*10 >= last*18 && took*10 <= last*22, "a probe comes after %v, and the next after %v", last, took)
			}
			last = took
			w.In(". 1 ack 1001 win 0")
		}
	}},
	{Name: "RFC9293/3.8.6.1/MUST-37", About: "a peer that answers may keep its window closed for hours", play: func(w *world) {
		s := w.passive(1000, mss)
		s.Write(1500)
		w.Within(time.Second, ". 1:1001 ack 1")
		w.In(". 1 ack 1001 win 0")
		for end := w.elapsed() + 12*time.Hour; w.elapsed() < end; {
			w.Wait(10 * time.Minute)
			probe(w, 1001)
			w.In(". 1 ack 1001 win 0")
		}
		w.In(". 1 ack 1001 win 1000")
		w.Within(time.Second, ". 1001:1501 ack 1")
		w.In(". 1 ack 1501 win 1000")
	}},
	{Name: "RFC9293/3.8.6.1/MAY-8", About: "a receive window stays closed while nobody reads, and probes are answered", play: func(w *world) {
		w.passive(40000, mss, receiveBuffer(4096))
		at := fillWindow(w)
		for range 20 {
			w.In("P. " + span(at, at+1) + " ack 1 win 40000")
			w.Wait(time.Second)
			a := w.next()
			w.Expect(a.ack == at || a.ack == at+1, "sent %s", a)
			w.Expect(a.win == 0, "the window opens: %s", a)
			at = a.ack
			w.Quiet(time.Minute)
		}
	}},
	{Name: "RFC9293/3.8.6.2.1/MUST-38", About: "a sender sends no small segment into a window that opens little by little", play: func(w *world) {
		s := w.passive(14600, mss)
		s.Write(14600)
		for at := 1; at < 14601; at += 1460 {
			w.Out(". " + span(at, at+1460) + " ack 1")
		}
		s.Write(14600)
		for acked := 1461; acked < 14601; acked += 1460 {
			w.In(". 1 ack " + itoa(acked) + " win " + itoa(14701-acked)) // 100 bytes are usable
			w.Silent()
		}
		w.In(". 1 ack 14601 win 14600")
		for at := 14601; at < 29201; at += 1460 {
			w.Out(". " + span(at, at+1460) + " ack 1")
		}
		w.In(". 1 ack 29201 win 14600")
	}},
	{Name: "RFC9293/3.8.6.2.2/MUST-39", About: "a receiver opens its window by much or not at all", play: func(w *world) {
		s := w.passive(40000, mss, receiveBuffer(16384))
		fillWindow(w)
		left := s.read
		for range 4 { // little by little
			left += s.readSome(64)
			for _, a := range w.Run(100 * time.Millisecond) {
				w.Expect(a.win == 0 || a.win >= 536, "after %d bytes were read, the window is %d", left, a.win)
			}
		}
	}},
	{Name: "RFC9293/3.8.6.2.2/window-update", About: "who read much tells a peer that waits for it", play: func(w *world) {
		s := w.passive(40000, mss, receiveBuffer(16384))
		at := fillWindow(w)
		s.Read(at - 1)
		w.Expect(len(w.pending) > 0, "the window opened, and the peer is not told")
		a := w.next()
		w.Expect(a.ack == at && a.win > 2000, "sent %s", a)
		w.Run(time.Second)
	}},
}

// probe takes a window probe: of an octet that the window does not take, or of
// none, at or before at.
func probe(w *world, at int) {
	w.Expect(len(w.pending) > 0, "the window is not probed")
	a := w.next()
	ok := a.flags&^header.TCPFlagPsh == header.TCPFlagAck && (a.seq == at && a.end > at && a.end <= at+1460 || a.seq == at-1 && a.end <= at)
	w.Expect(ok, "sent %s, want a window probe at %d", a, at)
	w.Silent()
}
