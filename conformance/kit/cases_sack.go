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
		loseFirst(w, func(w *world, a arrival) { w.Expect(a.end <= 1461, "sent %s, which the peer has", a) })
	}},
	{Name: "RFC2018/5/MUST-left-edge", About: "after a timeout, the first segment is sent again, though it was selectively acknowledged", play: func(w *world) {
		s := w.passive(40000, withSACK)
		s.Write(1460 * 4)
		w.Ignore()
		w.In(". 1 ack 1 win 40000 <sack 1461-5841>")
		w.Run(time.Second)
		w.In(". 1 ack 1461 win 40000 <sack 1461-5841>") // the peer has reneged
		for _, a := range w.Run(10 * time.Second) {
			if a.seq == 1461 && a.end > 1461 {
				w.In(". 1 ack 5841 win 40000")
				return
			}
		}
		w.fail("the segment at the left edge is not sent again")
	}},
	{Name: "RFC2018/8/MUST-keep", About: "what was only selectively acknowledged can still be sent", play: func(w *world) {
		s := w.passive(40000, withSACK)
		s.Write(1460 * 4)
		w.Ignore()
		w.In(". 1 ack 1 win 40000 <sack 1461-5841>")
		w.Run(5 * time.Second) // decode compares the text
		end := 1
		for i := 0; end < 5841 && i < 30; i++ {
			w.in(". 1 ack "+itoa(end)+" win 40000", nil)
			for _, a := range w.Run(5 * time.Second) {
				if a.seq <= end {
					end = max(end, a.end)
				}
			}
		}
		w.Expect(end == 5841, "the text was sent again up to %d", end)
		w.In(". 1 ack 5841 win 40000")
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
		w.Ignore()
		// Segments 1 and 3 of 10 are lost.
		w.In(". 1 ack 1 win 60000 <sack 1461-2921>")
		w.Ignore()
		for end := 5841; end <= 14601; end += 1460 {
			w.inject(". 1 ack 1 win 60000 <sack 4381-"+itoa(end)+" 1461-2921>", nil, nil)
			w.settle()
		}
		seen := map[int]int{}
		for _, a := range w.Run(190 * time.Millisecond) {
			seen[a.seq]++
		}
		w.Expect(seen[1] == 1 && seen[2921] == 1 && len(seen) == 2, "sent again: %v", seen)
		w.In(". 1 ack 14601 win 60000")
		w.Quiet(2 * time.Second)
	}},
	{Name: "RFC6675/5.1/MUST-timeout", About: "a timeout sends again from the left edge", play: func(w *world) {
		s := w.passive(60000, withSACK)
		s.Write(1460)
		w.Out(". 1:1461 ack 1")
		a := w.Within(3*time.Second, ". 1:1461 ack 1")
		w.Expect(a.seq == 1, "sent %s", a)
		w.In(". 1 ack 1461 win 60000")
		w.Quiet(2 * time.Second)
	}},
}

// loseFirst has the first of ten segments be lost, and three selective
// acknowledgments tell of it; each packet that follows is given to look.
func loseFirst(w *world, look func(*world, arrival)) {
	s := w.passive(60000, withSACK)
	s.Write(14600)
	w.Ignore()
	for end := 2921; end <= 14601; end += 1460 {
		w.inject(". 1 ack 1 win 60000 <sack 1461-"+itoa(end)+">", nil, nil)
		w.settle()
	}
	got := w.Run(190 * time.Millisecond)
	w.Expect(len(got) > 0, "nothing is sent again")
	for _, a := range got {
		look(w, a)
	}
	w.In(". 1 ack 14601 win 60000")
	w.Quiet(2 * time.Second)
}
