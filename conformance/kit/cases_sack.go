// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"time"
)

const withSACK = "<mss 1460,sackOK>"

// sackCases are about selective acknowledgments: RFC 2018, 2883 and 6675.
var sackCases = []Case{
	{Name: "RFC2018/2/MUST-syn", About: "SACK-permitted is on SYNs, and where it was offered on the SYN-ACK", play: func(w *world) {
		w.Listener()
		w.In("S 0 win 40000 " + withSACK)
		w.Out("S. 0 ack 1 <mss *,sackOK>") // decode fails where it is on another segment
		w.In(". 1 ack 1 win 40000")
		w.In("P. 1:101 ack 1 win 40000")
		w.Acked(101, time.Second/2)
	}},
	{Name: "RFC2018/4/MUST-not-permitted", About: "no SACK is sent to who did not permit it", play: func(w *world) {
		w.passive(40000, mss)
		w.In("P. 101:201 ack 1 win 40000")
		w.Within(time.Second/2, ". 1 ack 1 <>")
	}},
	{Name: "RFC2018/4/SHLD-every", About: "each segment behind a gap is acknowledged, with SACK", play: func(w *world) {
		w.passive(40000, withSACK)
		for at := 101; at < 501; at += 100 {
			w.In("P. " + span(at, at+100) + " ack 1 win 40000")
			w.Within(time.Second/2, ". 1 ack 1 <sack 101-"+itoa(at+100)+">")
		}
	}},
	{Name: "RFC2018/4/MUST-first", About: "the first block holds the segment that came last, and earlier ones follow", play: func(w *world) {
		w.passive(40000, withSACK)
		w.In("P. 101:201 ack 1 win 40000")
		w.Within(time.Second/2, ". 1 ack 1 <sack 101-201>")
		w.In("P. 301:401 ack 1 win 40000")
		w.Within(time.Second/2, ". 1 ack 1 <sack 301-401 101-201>")
		w.In("P. 501:601 ack 1 win 40000")
		w.Within(time.Second/2, ". 1 ack 1 <sack 501-601 301-401 101-201>")
		w.In("P. 201:301 ack 1 win 40000")
		w.Within(time.Second/2, ". 1 ack 1 <sack 101-401 501-601>")
		w.In("P. 1:101 ack 1 win 40000")
		w.Within(time.Second/2, ". 1 ack 401 <sack 501-601>")
	}},
	{Name: "RFC2018/4/SHLD-many", About: "as many blocks as there is room for", play: func(w *world) {
		w.passive(40000, withSACK)
		for i := range 4 {
			at := 101 + 200*i
			w.In("P. " + span(at, at+100) + " ack 1 win 40000")
			if i < 3 {
				w.Acked(1, time.Second/2)
			}
		}
		w.Within(time.Second/2, ". 1 ack 1 <sack 701-801 501-601 301-401 101-201>")
	}},
	{Name: "RFC2018/5/SHLD-record", About: "what was selectively acknowledged is not sent again", play: func(w *world) {
		s := w.passive(60000, withSACK)
		s.Write(14600)
		f := flightOf(w)
		end := f[len(f)-1].end
		w.Quiet(20 * time.Millisecond)
		for _, a := range f[1:] {
			w.in(". 1 ack 1 win 60000 <sack "+itoa(f[1].seq)+"-"+itoa(a.end)+">", nil)
			for _, a := range w.Run(time.Millisecond) {
				w.Expect(a.end <= f[0].end || a.seq >= end, "sent %s, which the peer has", a)
				end = max(end, a.end)
			}
		}
		w.in(". 1 ack "+itoa(end)+" win 60000", nil)
		w.finish(s, end)
	}},
	{Name: "RFC2018/5/MUST-left-edge", About: "after a timeout, the first segment is sent again, though it was selectively acknowledged", play: func(w *world) {
		s := w.passive(40000, withSACK)
		s.Write(14600)
		f := flightOf(w)
		at, end := f[1].seq, f[len(f)-1].end
		w.Quiet(20 * time.Millisecond)
		w.in(". 1 ack 1 win 40000 <sack "+itoa(at)+"-"+itoa(end)+">", nil)
		w.Run(time.Second)
		w.in(". 1 ack "+itoa(at)+" win 40000", nil) // the peer has reneged
		for _, a := range w.Run(10 * time.Second) {
			if a.seq == at && a.end > at {
				w.in(". 1 ack "+itoa(end)+" win 40000", nil)
				w.Ignore()
				return
			}
		}
		w.fail("the segment at the left edge is not sent again")
	}},
	{Name: "RFC2018/8/MUST-keep", About: "what was only selectively acknowledged can still be sent", play: func(w *world) {
		s := w.passive(40000, withSACK)
		s.Write(14000)
		f := flightOf(w)
		w.Quiet(20 * time.Millisecond)
		w.in(". 1 ack 1 win 40000 <sack "+itoa(f[1].seq)+"-"+itoa(f[len(f)-1].end)+">", nil)
		end := f[0].end
		for i := 0; end < 14001 && i < 30; i++ {
			w.Run(time.Second)
			w.in(". 1 ack "+itoa(end)+" win 40000", nil) // nothing of what was SACKed is there
			for _, a := range w.Run(5 * time.Second) {   // decode compares the text
				if a.seq <= end {
					end = max(end, a.end)
				}
			}
		}
		w.Expect(end == 14001, "the text was sent again up to %d", end)
		w.in(". 1 ack 14001 win 40000", nil)
	}},
	{Name: "RFC2883/4/duplicate", About: "a segment that came twice is told by a first block of what came twice", play: func(w *world) {
		w.passive(40000, withSACK)
		w.In("P. 1:101 ack 1 win 40000")
		w.Acked(101, time.Second/2)
		w.Quiet(time.Second)
		w.In("P. 1:101 ack 1 win 40000")
		w.Within(time.Second/2, ". 1 ack 101 <sack 1-101>")
	}},
	{Name: "RFC2883/4/duplicate-above", About: "a duplicate of what lies behind a gap is told by a first block, and the second is what holds it", play: func(w *world) {
		w.passive(40000, withSACK)
		w.In("P. 101:301 ack 1 win 40000")
		w.Within(time.Second/2, ". 1 ack 1 <sack 101-301>")
		w.In("P. 101:201 ack 1 win 40000")
		w.Within(time.Second/2, ". 1 ack 1 <sack 101-201 101-301>")
	}},
	{Name: "RFC2883/4/once", About: "a duplicate is told once", play: func(w *world) {
		w.passive(40000, withSACK)
		w.In("P. 1:101 ack 1 win 40000")
		w.Acked(101, time.Second/2)
		w.In("P. 1:101 ack 1 win 40000")
		w.Within(time.Second/2, ". 1 ack 101 <sack 1-101>")
		w.In("P. 101:201 ack 1 win 40000")
		w.Within(time.Second/2, ". 1 ack 201 <>")
	}},
	{Name: "RFC6675/5/MUST-recover", About: "with SACK, holes are filled, in order, and nothing else is sent again", play: func(w *world) {
		s := w.passive(60000, withSACK)
		s.Write(14600)
		f := flightOf(w)
		end := f[len(f)-1].end
		w.Quiet(20 * time.Millisecond)
		// The first segment and the third are lost.
		second := itoa(f[1].seq) + "-" + itoa(f[1].end)
		w.in(". 1 ack 1 win 60000 <sack "+second+">", nil)
		var got []arrival
		for _, a := range f[3:] {
			got = append(got, w.Run(time.Millisecond)...)
			w.in(". 1 ack 1 win 60000 <sack "+itoa(f[3].seq)+"-"+itoa(a.end)+" "+second+">", nil)
		}
		got = append(got, w.Run(15*time.Millisecond)...)
		var again []int
		for _, a := range got {
			if a.seq < end {
				again = append(again, a.seq)
			}
			end = max(end, a.end)
		}
		w.Expect(len(again) == 2 && again[0] == f[0].seq && again[1] == f[2].seq, "sent again: what begins at %v", again)
		w.in(". 1 ack "+itoa(end)+" win 60000", nil)
		w.finish(s, end)
	}},
	{Name: "RFC6675/5.1/MUST-timeout", About: "a timeout sends again from the left edge", play: func(w *world) {
		s := w.passive(60000, withSACK)
		s.Write(1000)
		w.Out(". 1:1001 ack 1")
		w.Within(3*time.Second, ". 1:1001 ack 1")
		w.In(". 1 ack 1001 win 60000")
		w.Quiet(2 * time.Second)
	}},
}

// flightOf takes what was sent at once.
func flightOf(w *world) []arrival {
	var f []arrival
	for len(w.pending) > 0 {
		f = append(f, w.next())
	}
	w.Expect(len(f) > 4, "%d segments were sent", len(f))
	return f
}

// finish acknowledges all that s wrote, from end on.
func (w *world) finish(s *socket, end int) {
	for i := 0; i < 100; i++ {
		for len(w.pending) > 0 {
			end = max(end, w.next().end)
		}
		if end == 1+s.wrote {
			w.in(". 1 ack "+itoa(end)+" win 60000", nil)
			w.Quiet(2 * time.Second)
			return
		}
		w.Wait(2 * time.Second)
	}
	w.fail("the text was sent up to %d of %d", end, 1+s.wrote)
}
