// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// scaleCases are about window scaling: RFC 7323, section 2.
var scaleCases = []Case{
	{Name: "RFC7323/2.2/SHLD-offer", About: "a SYN offers window scaling", play: func(w *world) {
		w.Connector()
		a := w.Out("S 0")
		w.Expect(a.option("ws") != nil, "the SYN has no window scale option")
		w.In("R. 0 ack 1")
	}},
	{Name: "RFC7323/2.2/MUST-both", About: "windows are not scaled unless both ends offered it", play: func(w *world) {
		s := w.active(1000, mss)
		w.Expect(w.flow.wscale >= 0, "the SYN has no window scale option")
		s.Write(3000)
		w.Within(time.Second, ". 1:1001 ack 1")
		w.Silent()
		w.In(". 1 ack 1001 win 40000")
		w.Ignore()
		w.In(". 1 ack 3001 win 40000")
		w.In("P. 1:101 ack 3001 win 40000")
		for _, a := range w.Run(time.Second) {
			w.Expect(a.win > 2000, "the window is %d, and was not to be scaled", a.win)
		}
	}},
	{Name: "RFC7323/2.2/MUST-non-syn", About: "a window scale option without SYN is passed over", play: func(w *world) {
		s := w.passive(1000, "<mss 1460,ws 0>")
		w.In(". 1 ack 1 win 1000 <ws 5>")
		s.Write(3000)
		w.Within(time.Second, ". 1:1001 ack 1")
		w.Silent()
		w.In(". 1 ack 1001 win 40000 <ws 5>")
		w.Ignore()
		w.In(". 1 ack 3001 win 40000")
	}},
	{Name: "RFC7323/2.2/MUST-syn-unscaled", About: "the window of a SYN is not scaled", play: func(w *world) {
		s := w.Connector()
		w.Out("S 0")
		w.In("S. 0 ack 1 win 1000 <mss 1460,ws 7>")
		w.Out(". 1 ack 1")
		s.Write(3000)
		w.Within(time.Second, ". 1:1001 ack 1")
		w.Silent()
		w.In(". 1 ack 1001 win 100")
		w.Ignore()
		w.In(". 1 ack 3001 win 100")
	}},
	{Name: "RFC7323/2.3/SHLD-answer", About: "a SYN with window scaling is answered by a SYN-ACK with it, one without by one without", play: func(w *world) {
		w.Listener()
		w.In("S 0 win 1000 <mss 1460,ws 3>")
		w.Out("S. 0 ack 1 <mss *,ws *>")
		w.In("R 1")
		w.use(peerPort + 1)
		w.In("S 0 win 1000 " + mss)
		w.Out("S. 0 ack 1 <mss *>")
		w.In("R 1")
	}},
	{Name: "RFC7323/2.3/MUST-shift", About: "the peer's windows are shifted by what it offered", play: func(w *world) {
		s := w.passive(1000, "<mss 1460,ws 3>") // 8,000 bytes
		s.Write(9000)
		sent := 1
		for _, a := range w.Run(10 * time.Millisecond) {
			sent = max(sent, a.end)
		}
		w.Expect(sent-1 > 8000-1460 && sent-1 <= 8000, "%d bytes were sent into a window of 8,000", sent-1)
		w.in(". 1 ack "+itoa(sent)+" win 1000", nil)
		w.finish(s, sent)
	}},
	{Name: "RFC7323/2.3/MUST-14", About: "a shift above 14 counts as 14", play: func(w *world) {
		s := w.passive(1, "<mss 1460,ws 15>") // 16,384 bytes, not 32,768
		for _, end := range []int{1461, 14601} {
			n := end - 1 - s.wrote
			s.Write(n)
			w.Ignore()
			w.In(". 1 ack " + itoa(end) + " win 1")
		}
		s.Write(30000)
		sent := 0
		for _, a := range w.Run(10 * time.Millisecond) {
			sent += a.end - a.seq
		}
		w.Expect(sent > 16384-1460 && sent <= 16384, "%d bytes were sent into a window of 16,384", sent)
		w.in(". 1 ack "+itoa(14601+sent)+" win 0", nil)
	}},
	{Name: "RFC7323/2.3/MUST-limit", About: "no shift above 14 is offered, however large the buffer", play: func(w *world) {
		w.Connector(receiveBuffer(1 << 30))
		w.Out("S 0") // decode fails on a shift above 14
		w.In("R. 0 ack 1")
	}},
	{Name: "RFC7323/2.3/MUST-own-shift", About: "what the stack advertises is its window shifted by what it offered", play: func(w *world) {
		s := w.active(40000, "<mss 1460,ws 0>")
		shift := w.flow.wscale
		w.Expect(shift >= 0, "the SYN has no window scale option")
		w.In("P. 1:1461 ack 1 win 40000")
		got := w.Run(time.Second / 2)
		w.Expect(len(got) > 0, "no acknowledgment")
		win := got[len(got)-1].win << shift
		w.Expect(win >= 4*1460 && win <= 1<<30, "the window is %d<<%d", win>>shift, shift)
		// All of that window is taken.
		at := 1461
		for range 4 {
			w.In(". " + span(at, at+1460) + " ack 1 win 40000")
			at += 1460
			w.Ignore()
		}
		w.Run(time.Second / 2)
		s.Read(at - 1)
		w.Run(time.Second / 2)
	}},
	{Name: "RFC7323/2.4/MUST-in-window", About: "text is taken that fits a window that was once advertised", play: func(w *world) {
		s := w.passive(40000, "<mss 1460,ws 0>", receiveBuffer(16384))
		w.In("P. 1:101 ack 1 win 40000")
		got := w.Run(time.Second / 2)
		w.Expect(len(got) > 0, "no acknowledgment")
		edge := got[len(got)-1].ack + got[len(got)-1].win<<max(w.flow.wscale, 0)
		n := min(edge-101, 4000)
		for at := 101; at < 101+n; {
			k := min(1000, 101+n-at)
			w.In("P. " + span(at, at+k) + " ack 1 win 40000")
			w.Ignore()
			at += k
		}
		w.Run(time.Second / 2)
		s.Read(100 + n)
		w.Run(time.Second / 2)
	}},
}

const withTS = "<mss 1460,ts 1000 0>"

// timestampCases are about timestamps and PAWS: RFC 7323, sections 3 to 5.
var timestampCases = []Case{
	{Name: "RFC7323/3.2/SHLD-syn-ecr", About: "a SYN echoes nothing", play: func(w *world) {
		w.Connector()
		a := w.Out("S 0")
		ts := a.option("ts")
		w.Expect(ts != nil, "the SYN has no timestamps")
		w.Expect(ts.b == 0, "the SYN echoes %d", ts.b)
		w.In("R. 0 ack 1")
	}},
	{Name: "RFC7323/3.2/MUST-ignore-ecr", About: "what a SYN echoes is passed over", play: func(w *world) {
		s := w.passive(40000, "<mss 1460,ts 1000 3000000000>")
		s.Write(10) // the timeout is that of the handshake's round trip
		w.Out(". 1:11 ack 1 <ts * 1001>")
		w.Between(roundTrip, 3*time.Second, ". 1:11 ack 1 <ts * 1001>")
		w.In(". 1 ack 11 win 40000 <ts 1002 last>")
	}},
	{Name: "RFC7323/3.2/MUST-echo", About: "each segment echoes the peer's last timestamp", play: func(w *world) {
		s := w.passive(40000, withTS)
		s.Write(10)
		w.Out(". 1:11 ack 1 <ts * 1001>")
		w.In(". 1 ack 11 win 40000 <ts 1005 last>")
		w.In("P. 1:11 ack 11 win 40000 <ts 1010 last>")
		w.Within(time.Second/2, ". 11 ack 11 <ts * 1010>")
	}},
	{Name: "RFC7323/3.2/MUST-not-asked", About: "a SYN-ACK has no timestamps that the SYN did not have", play: func(w *world) {
		s := w.passive(40000, mss)
		s.Write(10)
		w.Out(". 1:11 ack 1 <>")
		w.In(". 1 ack 11 win 40000")
	}},
	{Name: "RFC7323/3.2/MUST-always", About: "once agreed, timestamps are on every segment", play: func(w *world) {
		s := w.passive(40000, withTS)
		s.Write(2000)
		w.Out(". 1:1449 ack 1 <ts * 1001>")
		w.Out(". 1449:2001 ack 1 <ts * 1001>")
		w.In(". 1 ack 2001 win 40000 <ts 1002 last>")
		s.Shutdown()
		w.Out("F. 2001 ack 1 <ts * 1002>")
		w.Within(5*time.Second, "F. 2001 ack 1 <ts * 1002>")
		w.In(". 1 ack 2002 win 40000 <ts 1003 last>")
	}},
	{Name: "RFC7323/3.2/SHLD-missing", About: "a segment without the timestamps that were agreed is dropped", play: func(w *world) {
		s := w.passive(40000, withTS)
		w.In("P. 1:11 ack 1 win 40000")
		w.Quiet(time.Second)
		s.Read(0)
	}},
	{Name: "RFC7323/3.2/MUST-no-abort", About: "a segment without the timestamps that were agreed ends nothing", play: func(w *world) {
		s := w.passive(40000, withTS)
		w.In("P. 1:11 ack 1 win 40000")
		w.Run(time.Second)
		w.readAll(s)
		at := 1 + s.read
		w.In("P. " + span(at, at+10) + " ack 1 win 40000 <ts 1010 last>")
		w.Acked(at+10, time.Second/2)
		s.Read(10)
	}},
	{Name: "RFC7323/3.2/MUST-unasked", About: "timestamps that were not agreed are passed over", play: func(w *world) {
		s := w.passive(40000, mss)
		w.In("P. 1:11 ack 1 win 40000 <ts 1000 0>")
		w.Within(time.Second/2, ". 1 ack 11 <>")
		w.In("P. 11:21 ack 1 win 40000 <ts 10 0>")
		w.Within(time.Second/2, ". 1 ack 21 <>")
		s.Read(20)
	}},
	{Name: "RFC7323/4.1/MUST-clock", About: "the timestamp clock runs in proportion to time", play: func(w *world) {
		s := w.passive(40000, withTS)
		var at [3]uint32
		for i := range at {
			s.Write(10)
			w.Out(". " + span(1+10*i, 11+10*i) + " ack 1")
			at[i] = w.flow.lastTS
			w.In(". 1 ack " + itoa(11+10*i) + " win 40000 <ts 1005 last>")
			w.Quiet(10 * time.Second)
		}
		a, b := int(at[1]-at[0]), int(at[2]-at[1])
		w.Expect(a >= 10 && a <= 10e9/1e3, "the clock ticks %d times in 10 s", a)
		w.Expect(b-a <= a/50+1 && a-b <= a/50+1, "it ticks %d times in 10 s, and then %d times", a, b)
	}},
	{Name: "RFC7323/4.3/SHLD-earliest", About: "an acknowledgment of several segments echoes the first of them", play: func(w *world) {
		s := w.passive(40000, withTS)
		w.Together("P. 1:11 ack 1 win 40000 <ts 1010 last>", "P. 11:21 ack 1 win 40000 <ts 1020 last>", "P. 21:31 ack 1 win 40000 <ts 1030 last>")
		w.Wait(time.Second / 2)
		a := w.next()
		// Where each is acknowledged by itself, that is right as well.
		echo, first := a.option("ts"), 1000+(a.ack-1)
		if a.ack == 31 {
			first = 1010
		}
		w.Expect(echo != nil && echo.b == first, "sent %s, want an echo of %d", a, first)
		w.Run(time.Second / 2)
		s.Read(30)
	}},
	{Name: "RFC7323/4.3/SHLD-out-of-order", About: "the acknowledgment of text out of order echoes what came last in order, and once the gap is filled, what filled it", play: func(w *world) {
		s := w.passive(40000, withTS)
		w.In("P. 1:11 ack 1 win 40000 <ts 1010 last>")
		w.Within(time.Second/2, ". 1 ack 11 <ts * 1010>")
		w.In("P. 21:31 ack 1 win 40000 <ts 1020 last>")
		w.Within(time.Second/2, ". 1 ack 11 <ts * 1010>")
		w.In("P. 11:21 ack 1 win 40000 <ts 1030 last>")
		w.Within(time.Second/2, ". 1 ack 31 <ts * 1030>")
		s.Read(30)
	}},
	{Name: "RFC7323/5.3/MUST-PAWS", About: "a segment with an old timestamp is dropped, and acknowledged", play: func(w *world) {
		s := w.passive(40000, "<mss 1460,ts 5000 0>")
		w.In("P. 1:11 ack 1 win 40000 <ts 5001 last>")
		w.Acked(11, time.Second/2)
		w.In("P. 11:21 ack 1 win 40000 <ts 4000 last>")
		w.Within(time.Second/2, ". 1 ack 11 <ts * 5001>")
		s.Read(10)
		w.In("P. 11:21 ack 1 win 40000 <ts 5002 last>")
		w.Acked(21, time.Second/2)
		s.Read(10)
	}},
	{Name: "RFC7323/5.2/MUST-wrap", About: "timestamps wrap", play: func(w *world) {
		s := w.passive(40000, "<mss 1460,ts 4294967290 0>")
		w.In("P. 1:11 ack 1 win 40000 <ts 4294967295 last>")
		w.Acked(11, time.Second/2)
		w.In("P. 11:21 ack 1 win 40000 <ts 5 last>")
		w.Within(time.Second/2, ". 1 ack 21 <ts * 5>")
		s.Read(20)
	}},
	{Name: "RFC7323/5.2/MUST-monotonic", About: "the timestamp that is kept does not go back for a segment from the past", play: func(w *world) {
		s := w.passive(40000, "<mss 1460,ts 5000 0>")
		w.In("P. 1:11 ack 1 win 40000 <ts 5010 last>")
		w.Within(time.Second/2, ". 1 ack 11 <ts * 5010>")
		w.In(". 1 ack 1 win 40000 <ts 4990 last>")
		w.Run(time.Second / 2)
		w.In("P. 11:21 ack 1 win 40000 <ts 5010 last>")
		w.Within(time.Second/2, ". 1 ack 21 <ts * 5010>")
		s.Read(20)
	}},
	{Name: "RFC7323/5.2/MUST-RST", About: "a reset is not subject to PAWS", play: func(w *world) {
		s := w.passive(40000, "<mss 1460,ts 5000 0>")
		w.In("P. 1:11 ack 1 win 40000 <ts 5010 last>")
		w.Acked(11, time.Second/2)
		w.In("R 11 <ts 1 0>")
		w.Silent()
		s.Read(10)
		s.ReadErr(&tcpip.ErrConnectionReset{})
	}},
	{Name: "RFC7323/5.2/SHLD-RST", About: "the reset of a user's abort has timestamps", play: func(w *world) {
		s := w.passive(40000, withTS)
		s.ep.Abort()
		w.settle()
		a := w.next()
		w.Expect(a.flags.Contains(header.TCPFlagRst), "sent %s, want a reset", a)
		w.Expect(a.option("ts") != nil, "the reset has no timestamps")
	}},
	{Name: "RFC7323/5.2/REC-RST-answer", About: "the reset of a segment with timestamps echoes them", play: func(w *world) {
		w.flow.known, w.flow.iss = true, 0
		w.In("P. 1:11 ack 500 win 40000 <ts 1234 99>")
		w.Out("R 500 <ts 0 1234>")
	}},
	{Name: "RFC7323/5.2/MUST-RST-state", About: "the timestamp of a reset that is not taken changes nothing", play: func(w *world) {
		s := w.passive(40000, withTS)
		w.In("R 100 <ts 900000 0>")
		w.Out(". 1 ack 1 <ts * 1001>")
		w.In("P. 1:11 ack 1 win 40000 <ts 1002 last>")
		w.Within(time.Second/2, ". 1 ack 11 <ts * 1002>")
		s.Read(10)
	}},
	{Name: "RFC7323/5.3/MUST-PAWS-queued", About: "text that was kept is not looked at again, when a gap is filled by text with a newer timestamp", play: func(w *world) {
		s := w.passive(40000, withTS)
		w.In("P. 11:21 ack 1 win 40000 <ts 1005 last>")
		w.Acked(1, time.Second/2)
		w.In("P. 1:11 ack 1 win 40000 <ts 1050 last>")
		w.Acked(21, time.Second/2)
		s.Read(20)
	}},
	{Name: "RFC7323/7/REC-offset", About: "timestamps of different connections begin at random", play: func(w *world) {
		var ts [4]uint32
		for i := range ts {
			w.use(peerPort + uint16(i))
			s := w.Connector()
			w.Out("S 0")
			ts[i] = w.flow.lastTS
			w.In("R. 0 ack 1")
			s.Close()
		}
		w.Expect(ts[0] != ts[1] && ts[1] != ts[2] && ts[2] != ts[3], "the first timestamps of 4 connections are %v", ts)
	}},
	{Name: "RFC7323/5.5/MAY-idle", About: "after 24 days without a segment, an old timestamp does not end the connection", play: func(w *world) {
		s := w.passive(40000, withTS)
		w.In("P. 1:11 ack 1 win 40000 <ts 1010 last>")
		w.Acked(11, time.Second/2)
		s.Read(10)
		w.Run(25 * 24 * time.Hour)
		w.In("P. 11:21 ack 1 win 40000 <ts 2200000000 last>") // which is in the past by now
		w.Acked(21, time.Second/2)
		s.Read(10)
	}},
}
