// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"testing"
	"time"

	"tcpcb/engine/seq"
)

// ccRig feeds a controller that has a window, an acknowledgment at a time, on a
// path of ccRTT.
type ccRig struct {
	controller
	w         *windowed
	now       Instant
	delivered int64
}

const (
	ccMSS = 1000
	ccRTT = 100 * time.Millisecond
)

func newRenoRig(cwnd, ssthresh int) (*ccRig, *reno) {
	r := newReno(ccMSS, 10*ccMSS).(*reno)
	r.cwnd, r.ssthresh = cwnd, ssthresh
	return &ccRig{controller: r, w: &r.windowed, now: Instant(time.Hour)}, r
}

// ack takes an acknowledgment of n bytes that the window had kept text back
// before, within a round of HyStart++'s.
func (r *ccRig) ack(n int) { r.sample(ackSample{acked: n, limited: true, full: true}) }

// sample takes an acknowledgment; what is 0 stands for a round-trip time of
// ccRTT, no limit and the round that is on.
func (r *ccRig) sample(s ackSample) {
	if s.rtt == 0 {
		s.rtt = ccRTT
	}
	if s.srtt == 0 {
		s.srtt = ccRTT
	}
	s.opens = s.acked
	r.delivered += int64(s.acked)
	s.now, s.rate.delivered = r.now, r.delivered
	r.onAck(s)
}

// windowedMakers are the controllers that share windowed.
var windowedMakers = []struct {
	name string
	make func() (controller, *windowed)
}{
	{ccReno, func() (controller, *windowed) {
		r := newReno(ccMSS, 10*ccMSS).(*reno)
		return r, &r.windowed
	}},
	{ccCubic, func() (controller, *windowed) {
		c := newCubic(ccMSS, 10*ccMSS).(*cubic)
		return c, &c.windowed
	}},
}

// forWindowed runs a test with each controller that shares windowed, with that
// window and threshold, its first slow start over.
func forWindowed(t *testing.T, cwnd, ssthresh int, f func(t *testing.T, r *ccRig)) {
	for _, m := range windowedMakers {
		t.Run(m.name, func(t *testing.T) {
			c, w := m.make()
			w.cwnd, w.ssthresh, w.first.done = cwnd, ssthresh, true
			f(t, &ccRig{controller: c, w: w, now: Instant(time.Hour)})
		})
	}
}

// wantWindow fails where window or threshold are others.
func (r *ccRig) wantWindow(t *testing.T, cwnd, ssthresh int) {
	t.Helper()
	if r.window() != cwnd || r.threshold() != ssthresh {
		t.Errorf("cwnd %d and ssthresh %d, want %d and %d", r.window(), r.threshold(), cwnd, ssthresh)
	}
}

// TestInitialWindow: RFC 6928, section 2: ten segments, but no more than 14600
// bytes or two segments; after a lost SYN one segment (RFC 5681, section 3.1,
// MUST).
func TestInitialWindow(t *testing.T) {
	for _, test := range []struct {
		mss  int
		lost bool
		want int
	}{
		{536, false, 5360},
		{1459, false, 14590},
		{1460, false, 14600},
		{1461, false, 14600},
		{7300, false, 14600},
		{8960, false, 17920},
		{1460, true, 1460},
		{8960, true, 8960},
	} {
		if got := initialWindow(test.mss, test.lost); got != test.want {
			t.Errorf("segments of %d bytes, SYN lost %v: %d, want %d", test.mss, test.lost, got, test.want)
		}
	}
	for _, m := range windowedMakers {
		c, _ := m.make()
		// RFC 5681, section 3.1: ssthresh SHOULD be arbitrarily high at first.
		if c.window() != 10*ccMSS || c.threshold() != math.MaxInt || c.name() != m.name {
			t.Errorf("%s begins with a window of %d and a threshold of %d", c.name(), c.window(), c.threshold())
		}
		if c.pacingRate() != 0 || c.understates() || !c.reduces() {
			t.Errorf("%s paces, understates what the path can do, or leaves recovery its window", m.name)
		}
	}
}

// TestSlowStartBytes: below ssthresh the window grows by what is acknowledged,
// however much (RFC 3465, section 2.2, without the L of section 2.3), and no
// further than to ssthresh: the rest counts for congestion avoidance.
func TestSlowStartBytes(t *testing.T) {
	for _, test := range []struct {
		name                  string
		cwnd, ssthresh, acked int
		want                  int
	}{
		{"less than a segment", 10_000, 50_000, 10, 10_010},
		{"a segment", 10_000, 50_000, 1000, 11_000},
		{"many", 10_000, 50_000, 9500, 19_500},
		{"up to ssthresh", 10_000, 10_500, 2000, 10_500},
		{"at ssthresh", 10_000, 10_000, 2000, 10_000},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, _ := newRenoRig(test.cwnd, test.ssthresh)
			r.w.first.done = true
			r.sample(ackSample{acked: test.acked, limited: true})
			r.wantWindow(t, test.want, test.ssthresh)
		})
	}
}

// TestRenoAvoidance: RFC 3465, section 2.1 (RFC 5681, section 3.1; RFC 9293, section
// 3.8.2, MUST-19): a segment for each window that is acknowledged, whatever the
// number of acknowledgments.
func TestRenoAvoidance(t *testing.T) {
	for _, test := range []struct {
		name string
		acks []int
		want int
	}{
		{"less than a window", []int{9999}, 10_000},
		{"a window at once", []int{10_000}, 11_000},
		{"a window in parts", []int{4000, 4000, 2000}, 11_000},
		{"what is over counts for the next", []int{15_000, 6000}, 12_000},
		{"and no more", []int{15_000, 5999}, 11_000},
		{"several windows at once", []int{10_000 + 11_000}, 12_000},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, _ := newRenoRig(10_000, 10_000)
			for _, n := range test.acks {
				r.ack(n)
			}
			r.wantWindow(t, test.want, 10_000)
		})
	}
	t.Run("what slow start leaves over counts", func(t *testing.T) {
		r, _ := newRenoRig(9_000, 10_000)
		r.w.first.done = true
		r.ack(10_999)
		r.wantWindow(t, 10_000, 10_000)
		r.ack(1)
		r.wantWindow(t, 11_000, 10_000)
	})
	t.Run("what was counted before slow start does not", func(t *testing.T) {
		r, c := newRenoRig(9_000, 10_000)
		r.w.first.done, c.acked = true, 9_999
		r.ack(1001)
		r.wantWindow(t, 10_000, 10_000)
	})
}

// TestWindowUnused: the window does not grow where it was not used (RFC 7661,
// section 4.3; RFC 9438, section 5.8), nor in fast recovery; after a timeout it
// does.
func TestWindowUnused(t *testing.T) {
	for _, test := range []struct {
		name    string
		limited bool
		phase   recoveryPhase
		grows   bool
	}{
		{"used", true, phaseOpen, true},
		{"not used", false, phaseOpen, false},
		{"in fast recovery", true, phaseFast, false},
		{"after a timeout", true, phaseLoss, true},
	} {
		for _, ssthresh := range []int{20_000, 10_000} { // slow start, and after it
			t.Run(test.name, func(t *testing.T) {
				forWindowed(t, 10_000, ssthresh, func(t *testing.T, r *ccRig) {
					for range 20 {
						r.sample(ackSample{acked: 1000, limited: test.limited, phase: test.phase})
					}
					if grew := r.window() > 10_000; grew != test.grows {
						t.Errorf("window %d of 10000", r.window())
					}
				})
			})
		}
	}
}

// TestRenoReduces: RFC 5681, section 3.1, equation 4: half of the flight, and two
// segments at least, for a loss as for a mark, but that the window goes down to one
// for a mark (RFC 3168, section 6.1.2); it ends the first slow start (RFC 9406,
// section 4.2).
func TestRenoReduces(t *testing.T) {
	for _, test := range []struct {
		flight, want, marked int
	}{
		{40_000, 20_000, 20_000}, {30_001, 15_000, 15_000}, {4002, 2001, 2001}, {4000, 2000, 2000},
		{3999, 2000, 1999}, {2001, 2000, 1000}, {0, 2000, 1000},
	} {
		for name, event := range map[string]func(c controller){
			"loss": func(c controller) { c.onRecovery(0, test.flight) },
			"mark": func(c controller) { c.onCongestion(0, test.flight) },
		} {
			r, c := newRenoRig(40_000, math.MaxInt)
			c.acked = 7
			event(r)
			cwnd := test.want
			if name == "mark" {
				cwnd = test.marked
			}
			r.wantWindow(t, cwnd, test.want)
			if !c.first.done || c.acked != 0 {
				t.Errorf("%s: slow start goes on: %v; %d bytes counted", name, !c.first.done, c.acked)
			}
		}
	}
}

// TestRenoRecovered: RFC 5681, section 3.2, step 6: after recovery cwnd is
// ssthresh.
func TestRenoRecovered(t *testing.T) {
	forWindowed(t, 40_000, math.MaxInt, func(t *testing.T, r *ccRig) {
		r.onRecovery(0, 40_000)
		ssthresh := r.threshold()
		r.w.cwnd = 3 * ccMSS // as recovery left it
		r.onRecovered(0)
		r.wantWindow(t, ssthresh, ssthresh)
	})
	r, c := newRenoRig(40_000, 20_000)
	r.onRecovery(0, 40_000)
	c.acked = 500
	r.onRecovered(0)
	if c.acked != 0 {
		t.Errorf("%d bytes are counted that recovery's window let out", c.acked)
	}
}

// TestRenoTimeout: the loss window is one segment (RFC 5681, section 3.1, MUST);
// ssthresh is half of the flight, and held where what was lost had been sent
// again for a timeout before.
func TestRenoTimeout(t *testing.T) {
	for _, test := range []struct {
		flight int
		first  bool
		want   int
	}{
		{40_000, true, 20_000}, {3999, true, 2000}, {0, true, 2000}, {40_000, false, 30_000},
	} {
		r, c := newRenoRig(60_000, 30_000)
		c.acked, c.first.done = 7, false
		r.onTimeout(0, test.flight, test.first)
		r.wantWindow(t, 1000, test.want)
		if c.acked != 0 || !c.first.done {
			t.Errorf("%d bytes counted; slow start goes on: %v", c.acked, !c.first.done)
		}
	}
}

// TestRenoUndo: what was done for nothing is taken back (RFC 4015, section 3.4),
// once, unless the window is larger by now.
func TestRenoUndo(t *testing.T) {
	events := map[string]func(c controller){
		"fast recovery": func(c controller) { c.onRecovery(0, 40_000) },
		"mark":          func(c controller) { c.onCongestion(0, 40_000) },
		"timeout":       func(c controller) { c.onTimeout(0, 40_000, true) },
		"timeouts": func(c controller) {
			c.onTimeout(0, 40_000, true)
			c.onTimeout(0, 1000, false)
		},
	}
	for name, event := range events {
		t.Run(name, func(t *testing.T) {
			forWindowed(t, 40_000, 30_000, func(t *testing.T, r *ccRig) {
				r.w.first.done = false
				event(r)
				r.onUndo(0)
				r.wantWindow(t, 40_000, 30_000)
				if r.w.first.done && name != "timeouts" {
					t.Error("the first slow start was ended for nothing")
				}
				r.w.cwnd, r.w.ssthresh = 5000, 4000
				r.onUndo(0)
				r.wantWindow(t, 5000, 4000)
			})
		})
	}
	t.Run("slow start was over", func(t *testing.T) {
		forWindowed(t, 40_000, 30_000, func(t *testing.T, r *ccRig) {
			r.onRecovery(0, 40_000)
			r.onUndo(0)
			if !r.w.first.done {
				t.Error("it is on again")
			}
		})
	})
	t.Run("larger by now", func(t *testing.T) {
		forWindowed(t, 10_000, 10_000, func(t *testing.T, r *ccRig) {
			r.onRecovery(0, 10_000)
			r.w.cwnd = 20_000
			r.onUndo(0)
			if r.window() != 20_000 {
				t.Errorf("window %d of 20000", r.window())
			}
		})
	})
}

// TestSegmentSize: a window is never less than a segment.
func TestSegmentSize(t *testing.T) {
	forWindowed(t, 4000, 4000, func(t *testing.T, r *ccRig) {
		r.setMSS(500)
		r.wantWindow(t, 4000, 4000)
		r.onTimeout(0, 0, true)
		r.wantWindow(t, 500, 1000)
		r.setMSS(1500)
		r.wantWindow(t, 1500, 1000)
	})
}

// TestTakeOver: one controller begins where another left off: in slow start
// where that was, and not with a first one where it was over.
func TestTakeOver(t *testing.T) {
	for _, test := range []struct {
		cwnd, ssthresh int
		over           bool
	}{{20_000, math.MaxInt, false}, {20_000, 20_001, false}, {20_000, 20_000, true}, {20_000, 10_000, true}} {
		for _, m := range windowedMakers {
			c, w := m.make()
			c.takeOver(test.cwnd, test.ssthresh)
			if w.cwnd != test.cwnd || w.ssthresh != test.ssthresh || w.first.done != test.over {
				t.Errorf("%s: from %d and %d to %d and %d, slow start over: %v", m.name, test.cwnd, test.ssthresh, w.cwnd, w.ssthresh, w.first.done)
			}
		}
	}
	r, _ := newRenoRig(10_000, 5000)
	r.w.first.done = true
	r.takeOver(10_000, 20_000)
	if !r.w.first.done {
		t.Error("a first slow start begins again")
	}
}

// TestReduceFrom: FlightSize is what was outstanding before what limited transmit
// sent (RFC 5681, section 3.2, step 2, MUST NOT), and no more than the window.
func TestReduceFrom(t *testing.T) {
	var c Conn
	c.tx.una, c.tx.nxt = seq.New(math.MaxUint32-999), seq.New(4000)
	if got := c.flightSize(); got != 5000 {
		t.Errorf("FlightSize %d, want 5000", got)
	}
	c.cc = newReno(ccMSS, 3*ccMSS)
	for _, test := range []struct{ flight, want int }{{2000, 2000}, {3000, 3000}, {5000, 3000}} {
		if got := c.reduceFrom(test.flight); got != test.want {
			t.Errorf("a flight of %d: %d, want %d", test.flight, got, test.want)
		}
	}
}
