// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"time"
)

// congestionCases are about congestion control as the peer sees it: RFC 5681,
// RFC 6582 and RFC 3042, with the initial window of RFC 6928.
var congestionCases = []Case{
	{Name: "RFC5681/3.1/MUST-IW", About: "no more than the initial window is sent at first: ten segments (RFC 6928)", play: func(w *world) {
		s := w.passive(65000, mss)
		s.Write(30000)
		n := 0
		for _, a := range w.Run(100 * time.Millisecond) {
			n += a.end - a.seq
		}
		w.Expect(n > 0 && n <= 14600, "%d bytes are sent at first", n)
		w.In(". 1 ack " + itoa(1+n) + " win 0")
	}},
	{Name: "RFC5681/3.1/MUST-slow-start", About: "in slow start, an acknowledgment opens the window by no more than what it acknowledges", play: func(w *world) {
		s := w.passive(65000, mss)
		s.Write(60000)
		sent := 0
		for _, a := range w.Run(time.Millisecond) {
			sent = max(sent, a.end)
		}
		first := sent - 1
		for acked := 1461; acked <= first+1; acked += 1460 {
			w.in(". 1 ack "+itoa(acked)+" win 65000", nil)
			for len(w.pending) > 0 {
				sent = max(sent, w.next().end)
			}
			w.Expect(sent-acked <= first+acked-1, "%d bytes are outstanding after %d of %d were acknowledged", sent-acked, acked-1, first)
		}
		w.Expect(sent-1 > first+first/2, "the window does not open: %d bytes were sent", sent-1)
		w.In(". 1 ack " + itoa(sent) + " win 0")
		w.Ignore()
	}},
	{Name: "RFC5681/3.1/MUST-syn-lost", About: "after a SYN that was lost, the initial window is one segment", play: func(w *world) {
		s := w.Connector()
		w.Out("S 0")
		w.Within(2*time.Second, "S 0")
		w.In("S. 0 ack 1 win 65000 " + mss)
		w.Out(". 1 ack 1")
		s.Write(30000)
		n := 0
		for _, a := range w.Run(100 * time.Millisecond) {
			n += a.end - a.seq
		}
		w.Expect(n > 0 && n <= 1460, "%d bytes are sent at first", n)
		w.In(". 1 ack " + itoa(1+n) + " win 0")
	}},
	{Name: "RFC5681/3.1/MUST-LW", About: "after a timeout, the window is one segment", play: func(w *world) {
		s := w.passive(65000, mss)
		s.Write(14600)
		w.Ignore()
		w.Wait(5 * time.Second)
		end, n := 0, 0
		for _, a := range w.Run(100 * time.Millisecond) {
			end, n = max(end, a.end), n+a.end-a.seq
		}
		w.Expect(n <= 1460, "%d bytes are sent after a timeout", n)
		w.In(". 1 ack 1461 win 65000")
		n = 0
		for _, a := range w.Run(50 * time.Millisecond) {
			n += a.end - a.seq
		}
		w.Expect(n > 0 && n <= 2*1460, "%d bytes are sent after the first acknowledgment that follows", n)
		w.In(". 1 ack 14601 win 65000")
		w.Ignore()
	}},
	{Name: "RFC5681/3.2/SHLD-duplicate", About: "a segment out of order is acknowledged at once", play: func(w *world) {
		w.passive(40000, mss)
		for range 3 {
			w.In("P. 1461:2921 ack 1 win 40000")
			w.Out(". 1 ack 1")
		}
	}},
	{Name: "RFC5681/3.2/SHLD-gap", About: "a segment that fills a gap is acknowledged at once", play: func(w *world) {
		w.passive(40000, mss)
		w.In("P. 1461:2921 ack 1 win 40000")
		w.Out(". 1 ack 1")
		w.In("P. 1:1461 ack 1 win 40000")
		w.Out(". 1 ack 2921")
	}},
	{Name: "RFC5681/3.2/SHLD-fast-retransmit", About: "three duplicate acknowledgments have the first segment sent again", play: func(w *world) {
		fastRetransmit(w)
	}},
	{Name: "RFC5681/3.2/MUST-half", About: "in recovery, no more is outstanding than before it, and half of it afterwards", play: func(w *world) {
		s := fastRetransmit(w)
		s.Write(30000)
		w.Ignore()
		w.Quiet(10 * time.Millisecond)
		w.in(". 1 ack 16061 win 65000", nil)
		n := 0
		for _, a := range w.Run(10 * time.Millisecond) {
			n += a.end - a.seq
		}
		w.Expect(n > 0 && n <= 7300+3*1460, "%d bytes are sent at the end of a recovery that began with 14,600", n)
		w.in(". 1 ack "+itoa(16061+n)+" win 0", nil)
		w.Ignore()
	}},
	{Name: "RFC5681/4.3/MUST-twice", About: "losses in two windows that follow one another reduce the window twice", play: func(w *world) {
		s := fastRetransmit(w)
		s.Write(60000)
		w.Ignore()
		end := 16061
		var flights [2]int
		for i := range flights {
			w.Quiet(10 * time.Millisecond)
			w.in(". 1 ack "+itoa(end)+" win 65000", nil)
			sent := 0
			for _, a := range w.Run(10 * time.Millisecond) {
				sent = max(sent, a.end)
			}
			flights[i] = sent - end
			w.Expect(flights[i] > 2*1460, "%d bytes are sent after recovery %d", flights[i], i+1)
			for range 4 { // the second of them is lost
				w.inject(". 1 ack "+itoa(end+1460)+" win 65000", nil, nil)
				w.settle()
			}
			for _, a := range w.Run(20 * time.Millisecond) {
				sent = max(sent, a.end)
			}
			end = sent
		}
		w.Expect(flights[1] < flights[0], "%d bytes are sent after the first recovery, and %d after the second", flights[0], flights[1])
		w.in(". 1 ack "+itoa(end)+" win 0", nil)
		w.Ignore()
	}},
	{Name: "RFC5681/4.2/MUST-NOT-many", About: "a segment has no more than one acknowledgment", play: func(w *world) {
		w.passive(40000, mss)
		for at := 1; at < 5001; at += 500 {
			w.In("P. " + span(at, at+500) + " ack 1 win 40000")
			w.Expect(len(w.Run(time.Second/2)) == 1, "a segment has more or less than one acknowledgment")
		}
	}},
	{Name: "RFC3042/2/limited", About: "the first two duplicate acknowledgments let out a new segment each", play: func(w *world) {
		s := w.passive(65000, withSACK)
		s.Write(20000)
		flight := flightOf(w)
		end := flight[len(flight)-1].end
		w.Quiet(10 * time.Millisecond)
		for i := range 2 {
			w.In(". 1 ack 1 win 65000 <sack " + itoa(flight[1].seq) + "-" + itoa(flight[1+i].end) + ">")
			a := w.next()
			w.Expect(a.seq == end && a.end > end, "sent %s, want new text at %d", a, end)
			end = a.end
		}
		w.in(". 1 ack "+itoa(end)+" win 65000", nil)
		for end < 20001 {
			end = w.next().end
		}
		w.in(". 1 ack 20001 win 65000", nil)
	}},
	{Name: "RFC6582/3.2/partial", About: "without SACK, an acknowledgment of a part has the next segment sent again", play: func(w *world) {
		fastRetransmit(w)
		w.Quiet(10 * time.Millisecond)
		w.In(". 1 ack 5841 win 65000")
		for _, a := range w.Run(150 * time.Millisecond) {
			if a.seq == 5841 {
				w.in(". 1 ack 16061 win 65000", nil)
				w.Ignore()
				return
			}
		}
		w.fail("the segment that the partial acknowledgment asks for is not sent again")
	}},
}

// fastRetransmit sends ten segments, has the first be lost, and three duplicate
// acknowledgments tell of it.
func fastRetransmit(w *world, set ...func(*socket)) *socket {
	s := w.passive(65000, mss, set...)
	s.Write(1460)
	w.Out(". 1:1461 ack 1")
	w.Quiet(10 * time.Millisecond)
	w.In(". 1 ack 1461 win 65000") // RFC 6582 looks at what was acknowledged before
	s.Write(14600)
	for at := 1461; at < 16061; at += 1460 {
		w.Out(". " + span(at, at+1460) + " ack 1")
	}
	w.Quiet(10 * time.Millisecond)
	for range 3 {
		w.In(". 1 ack 1461 win 65000")
	}
	w.Within(100*time.Millisecond, ". 1461:2921 ack 1")
	return s
}

// rtoCases are about the retransmission timer: RFC 6298.
var rtoCases = []Case{
	{Name: "RFC6298/2.1/SHLD-first", About: "before a round trip was measured, the timeout is one second", play: func(w *world) {
		w.Connector()
		w.Out("S 0")
		w.Between(990*time.Millisecond, 1010*time.Millisecond, "S 0")
		w.In("R. 0 ack 1")
	}},
	{Name: "RFC6298/2.4/SHLD-minimum", About: "a timeout is never below a second", play: func(w *world) {
		s := w.passive(40000, mss)
		s.Write(100)
		w.Out(". 1:101 ack 1")
		w.Between(990*time.Millisecond, 10*time.Second, ". 1:101 ack 1")
		w.In(". 1 ack 101 win 40000")
	}},
	{Name: "RFC6298/5/MUST-not-early", About: "nothing is sent again before a round trip and its variation have passed", play: func(w *world) {
		s := measured(w, 300*time.Millisecond)
		s.Write(100)
		at := s.wrote - 99
		w.Out(". " + span(at, at+100) + " ack 1")
		w.Between(300*time.Millisecond, 10*time.Second, ". "+span(at, at+100)+" ack 1")
		w.In(". 1 ack " + itoa(at+100) + " win 40000")
	}},
	{Name: "RFC6298/5.5/MUST-backoff", About: "each timeout doubles the next", play: func(w *world) {
		s := measured(w, 300*time.Millisecond)
		s.Write(100)
		at := s.wrote - 99
		want := ". " + span(at, at+100) + " ack 1"
		w.Out(want)
		w.Within(10*time.Second, want)
		var gaps []time.Duration
		for range 5 {
			began := w.elapsed()
			w.Within(time.Minute, want)
			gaps = append(gaps, w.elapsed()-began)
		}
		for i := 2; i < len(gaps); i++ { // the first is a tail probe's, where there are any
			w.Expect(gaps[i]*10 >= gaps[i-1]*19 && gaps[i]*10 <= gaps[i-1]*21, "the timeouts are %v", gaps)
		}
		w.In(". 1 ack " + itoa(at+100) + " win 40000")
	}},
	{Name: "RFC6298/3/MUST-Karn", About: "the acknowledgment of what was sent twice measures nothing", play: func(w *world) {
		s := measured(w, 300*time.Millisecond)
		s.Write(100)
		at := s.wrote - 99
		w.Out(". " + span(at, at+100) + " ack 1")
		w.Within(5*time.Second, ". "+span(at, at+100)+" ack 1")
		for len(w.Run(20*time.Second)) > 0 {
			break
		}
		w.in(". 1 ack "+itoa(at+100)+" win 40000", nil) // 20 s later: no round trip
		w.Ignore()
		s.Write(100)
		at += 100
		w.Out(". " + span(at, at+100) + " ack 1")
		w.Wait(70 * time.Second)
		w.Expect(len(w.pending) > 0, "nothing is sent again")
		w.Out(". " + span(at, at+100) + " ack 1")
		w.In(". 1 ack " + itoa(at+100) + " win 40000")
	}},
	{Name: "RFC6298/5.3/restart", About: "an acknowledgment of new text restarts the timer", play: func(w *world) {
		s := w.passive(40000, mss)
		s.Write(100)
		w.Out(". 1:101 ack 1")
		w.Quiet(150 * time.Millisecond)
		s.ep.SocketOptions().SetDelayOption(false)
		s.Write(100)
		w.Out(". 101:201 ack 1")
		w.In(". 1 ack 101 win 40000")
		w.Between(190*time.Millisecond, 10*time.Second, ". 101:201 ack 1")
		w.In(". 1 ack 201 win 40000")
		w.Quiet(10 * time.Second)
	}},
	{Name: "RFC6298/5.2/off", About: "once all is acknowledged, no timer runs", play: func(w *world) {
		s := w.passive(40000, mss)
		s.Write(100)
		w.Out(". 1:101 ack 1")
		w.In(". 1 ack 101 win 40000")
		w.Quiet(time.Hour)
	}},
}

// measured opens a connection whose round trips take d, ten times.
func measured(w *world, d time.Duration) *socket {
	s := w.Connector()
	w.Out("S 0")
	w.Quiet(d)
	w.In("S. 0 ack 1 win 40000 " + mss)
	w.Out(". 1 ack 1")
	for i := range 10 {
		s.Write(100)
		w.Out(". " + span(1+100*i, 101+100*i) + " ack 1")
		w.Quiet(d)
		w.In(". 1 ack " + itoa(101+100*i) + " win 40000")
	}
	return s
}
