// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// recoveryCases are about RACK and its tail probe, seen from outside: RFC 8985.
var recoveryCases = []Case{
	{Name: "RFC8985/7.2/SHLD-PTO", About: "a tail that is not acknowledged is probed after two round trips", play: func(w *world) {
		s := warm(w)
		s.Write(2500)
		end := flightEnd(w)
		w.Between(2*roundTrip-1, 3*roundTrip, ". "+tailOf(w, end)+" ack 1")
		w.in(". 1 ack "+itoa(end)+" win 60000", nil)
	}},
	{Name: "RFC8985/7.3/SHLD-new", About: "the probe is new text where there is some", play: func(w *world) {
		s := warm(w)
		s.Write(60000)
		end := flightEnd(w)
		w.Wait(3 * roundTrip)
		a := w.next()
		w.Expect(a.seq == end && a.end > end, "sent %s, want new text at %d", a, end)
		w.in(". 1 ack "+itoa(a.end)+" win 0", nil)
		w.Ignore()
	}},
	{Name: "RFC8985/7.3/SHLD-old", About: "or else the last segment again", play: func(w *world) {
		s := warm(w)
		s.Write(7000)
		end := flightEnd(w)
		w.Within(3*roundTrip, ". "+tailOf(w, end)+" ack 1")
		w.in(". 1 ack "+itoa(end)+" win 60000", nil)
		w.Quiet(time.Second)
	}},
	{Name: "RFC8985/7.3/MUST-rto", About: "after the probe the retransmission timer runs, and sends the first segment", play: func(w *world) {
		s := warm(w)
		s.Write(4000)
		first := w.pending[0]
		end := flightEnd(w)
		w.Within(3*roundTrip, ". "+tailOf(w, end)+" ack 1")
		w.Wait(3 * time.Second)
		a := w.next()
		w.Expect(a.seq == first.seq, "sent %s, want the first segment, at %d", a, first.seq)
		w.in(". 1 ack "+itoa(end)+" win 60000", nil)
		w.Ignore()
	}},
	{Name: "RFC8985/7.3/MUST-measured", About: "no probe is sent unless a round trip was measured since the last", play: func(w *world) {
		s := warm(w)
		s.Write(1000)
		end := flightEnd(w)
		w.Wait(3 * time.Second) // a probe, or the timer
		w.next()
		w.Quiet(roundTrip)
		w.in(". 1 ack "+itoa(end)+" win 60000", nil) // of which copy, nobody can tell
		s.Write(2500)
		first := w.pending[0]
		end = flightEnd(w)
		w.Wait(3 * time.Second)
		a := w.next()
		w.Expect(a.seq == first.seq, "sent %s, want the first segment, at %d, by the timer", a, first.seq)
		w.in(". 1 ack "+itoa(end)+" win 60000", nil)
		w.Ignore()
	}},
	{Name: "RFC8985/7.4.2/MUST-repaired", About: "a loss that the probe repaired reduces the window", play: func(w *world) {
		s := warm(w)
		s.Write(14000)
		end := flightEnd(w)
		w.Quiet(roundTrip)
		last := tailStart(w, end)
		w.in(". 1 ack "+itoa(last)+" win 60000", nil)
		w.Wait(3 * time.Second)
		w.next()
		w.Quiet(roundTrip)
		w.in(". 1 ack "+itoa(end)+" win 60000", nil)
		w.Quiet(roundTrip)
		s.Write(60000)
		sent := flightEnd(w) - end
		w.Expect(sent <= 12*1460, "%d bytes are sent at once after a loss in a flight of 14,000", sent)
		w.in(". 1 ack "+itoa(end+sent)+" win 0", nil)
		w.Ignore()
	}},
	{Name: "RFC8985/6.2/late", About: "a segment that was only a little late is not sent again", play: func(w *world) {
		s := warm(w)
		s.Write(4000)
		f := append([]arrival(nil), w.pending...)
		end := flightEnd(w)
		w.Quiet(roundTrip)
		w.In(". 1 ack " + itoa(f[0].seq) + " win 60000 <sack " + itoa(f[1].seq) + "-" + itoa(f[1].end) + ">")
		w.Quiet(roundTrip / 8)
		w.In(". 1 ack " + itoa(f[1].end) + " win 60000")
		w.Quiet(roundTrip / 8)
		w.In(". 1 ack " + itoa(end) + " win 60000")
		w.Quiet(time.Second)
	}},
	{Name: "RFC8985/6.2/REC-timer", About: "a segment that is missing when the reordering window is over is sent again, after one duplicate", play: func(w *world) {
		s := warm(w)
		s.Write(2500)
		f := append([]arrival(nil), w.pending...)
		end := flightEnd(w)
		w.Quiet(roundTrip)
		w.In(". 1 ack " + itoa(f[0].seq) + " win 60000 <sack " + itoa(f[1].seq) + "-" + itoa(end) + ">")
		w.Wait(roundTrip)
		a := w.next()
		w.Expect(a.seq == f[0].seq, "sent %s, want the segment at %d", a, f[0].seq)
		w.in(". 1 ack "+itoa(end)+" win 60000", nil)
	}},
	{Name: "RFC8985/6.2/lost-retransmission", About: "a retransmission that was lost is found by what was sent after it", play: func(w *world) {
		s := warm(w)
		s.Write(60000)
		f := append([]arrival(nil), w.pending...)
		end := flightEnd(w)
		w.Quiet(roundTrip)
		// The first is lost, and when it is sent again, so is that.
		w.in(". 1 ack "+itoa(f[0].seq)+" win 60000 <sack "+itoa(f[1].seq)+"-"+itoa(f[7].end)+">", nil)
		again := 0
		for _, a := range w.Run(roundTrip / 2) {
			if a.seq == f[0].seq {
				again++
			}
			end = max(end, a.end)
		}
		w.Expect(again == 1, "the first segment was sent again %d times", again)
		w.in(". 1 ack "+itoa(f[0].seq)+" win 60000 <sack "+itoa(f[1].seq)+"-"+itoa(f[len(f)-1].end)+">", nil)
		for _, a := range w.Run(roundTrip / 2) {
			end = max(end, a.end)
		}
		w.Quiet(roundTrip / 4)
		w.in(". 1 ack "+itoa(f[0].seq)+" win 60000 <sack "+itoa(f[1].seq)+"-"+itoa(end)+">", nil)
		for _, a := range w.Run(2 * roundTrip) {
			if a.seq == f[0].seq {
				w.in(". 1 ack "+itoa(end)+" win 0", nil)
				w.Ignore()
				return
			}
		}
		w.fail("the retransmission that was lost is not sent again")
	}},
}

// lossCases are about what a loss does to the congestion window, over some
// round trips: RFC 5681, RFC 6298 and RFC 9438.
var lossCases = []Case{
	{Name: "RFC5681/3.1/MUST-NOT-avoidance", About: "in congestion avoidance, the window grows by a segment in a round trip at most", play: func(w *world) {
		s := fastRetransmit(w)
		s.Write(120000)
		w.Ignore()
		w.Quiet(roundTrip / 2)
		w.in(". 1 ack 16061 win 65000", nil) // recovery is over
		r := &receiver{next: 16061}
		last := 0
		for i := range 8 {
			n := r.round(w)
			w.Expect(n > 0 && (i < 2 || n <= last+1460), "%d bytes are sent in a round trip after one with %d", n, last)
			last = n
		}
		w.pending = nil
	}},
	{Name: "RFC5681/3.1/MUST-ssthresh", About: "after a timeout, slow start ends at half of what was outstanding", play: func(w *world) {
		s := w.passive(65000, mss)
		s.Write(120000)
		flightEnd(w) // is lost
		w.Wait(3 * time.Second)
		r := &receiver{next: 1}
		for i, most := range []int{2, 3, 5, 6} { // without a threshold, the fourth would have 8
			n := r.round(w)
			w.Expect(n > 0 && n <= most*1460, "%d bytes are sent in round trip %d after a timeout with 10 segments outstanding", n, i+1)
		}
		w.pending = nil
	}},
	{Name: "RFC6298/5.7/MUST-syn", About: "after a handshake whose SYN was lost, the timeout is three seconds", play: func(w *world) {
		s := w.Connector()
		w.Out("S 0")
		w.Within(2*time.Second, "S 0")
		w.In("S. 0 ack 1 win 65000 " + mss)
		w.Out(". 1 ack 1")
		s.Write(100)
		w.Out(". 1:101 ack 1")
		w.Between(2900*time.Millisecond, 3500*time.Millisecond, ". 1:101 ack 1")
		w.In(". 1 ack 101 win 65000")
	}},
	{Name: "RFC9438/4.6/SHLD-beta", About: "CUBIC's window after a loss is 0.7 of what it was", play: func(w *world) {
		s := fastRetransmit(w, cubic)
		s.Write(60000)
		w.Ignore()
		w.Quiet(10 * time.Millisecond)
		w.in(". 1 ack 16061 win 65000", nil)
		n := 0
		for _, a := range w.Run(roundTrip / 2) { // it may be paced
			n += a.end - a.seq
		}
		w.Expect(n >= 6*1460 && n <= 8*1460, "%d bytes are sent after a loss in a flight of 14,600", n)
		w.in(". 1 ack "+itoa(16061+n)+" win 0", nil)
		w.Ignore()
	}},
	{Name: "RFC9438/4.10/MUST-slow-start", About: "CUBIC begins with slow start", play: func(w *world) {
		s := w.passive(65000, mss, cubic)
		s.Write(120000)
		r := &receiver{next: 1}
		first := r.round(w)
		n := r.round(w)
		w.Expect(n > first+first/2, "%d bytes are sent in a round trip after one with %d", n, first)
		w.pending = nil
	}},
}

// cubic chooses CUBIC.
func cubic(s *socket) {
	o := tcpip.CongestionControlOption("cubic")
	if err := s.ep.SetSockOpt(&o); err != nil {
		s.w.skip("there is no CUBIC")
	}
}

// warm opens a connection with SACK and acknowledges a segment after a round trip.
func warm(w *world) *socket {
	s := w.passive(60000, withSACK, noDelay(true))
	s.Write(1000)
	w.Out(". 1:1001 ack 1")
	w.Quiet(roundTrip)
	w.In(". 1 ack 1001 win 60000")
	return s
}

// flightEnd takes what was sent at once, and returns where it ends.
func flightEnd(w *world) int {
	w.Expect(len(w.pending) > 0, "nothing is sent")
	end := 0
	w.flight = w.flight[:0]
	for len(w.pending) > 0 {
		a := w.next()
		w.flight = append(w.flight, a)
		end = max(end, a.end)
	}
	return end
}

// tailStart is where the last segment of the flight that ended there began.
func tailStart(w *world, end int) int {
	last := w.flight[len(w.flight)-1]
	w.Expect(last.end == end, "the flight ends by %s, not at %d", last, end)
	return last.seq
}

// tailOf is the range of that segment.
func tailOf(w *world, end int) string { return span(tailStart(w, end), end) }

// receiver is what the peer has of the stack's text.
type receiver struct {
	next int // what it waits for
	have []arrival
}

// take takes a segment, and returns what it acknowledges.
func (r *receiver) take(a arrival) int {
	r.have = append(r.have, a)
	for again := true; again; {
		again = false
		for _, b := range r.have {
			if b.seq <= r.next && r.next < b.end {
				r.next, again = b.end, true
			}
		}
	}
	return r.next
}

// round takes what was sent, acknowledges each segment a round trip later, and
// returns how many bytes were sent before that.
func (r *receiver) round(w *world) int {
	n := 0
	var acks []int
	for _, a := range w.Run(roundTrip) {
		n += a.end - a.seq
		acks = append(acks, r.take(a))
	}
	for _, ack := range acks {
		w.inject(". 1 ack "+itoa(ack)+" win 65000", nil, nil)
		w.settle()
	}
	return n
}
