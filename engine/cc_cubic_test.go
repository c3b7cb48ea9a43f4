// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"testing"
	"time"
)

// newCubicRig returns a CUBIC past its first slow start, with a window of cwnd
// segments and W_max where the last reduction left them.
func newCubicRig(cwnd int, wMax float64) (*ccRig, *cubic) {
	c := newCubic(ccMSS, 10*ccMSS).(*cubic)
	c.cwnd, c.ssthresh, c.wMax, c.prior = cwnd*ccMSS, cwnd*ccMSS, wMax, wMax
	c.first.done = true
	return &ccRig{controller: c, w: &c.windowed, now: Instant(time.Hour)}, c
}

func near(a, b, by float64) bool { return math.Abs(a-b) <= by }

// TestCubicFunction: W_cubic(t) = C*(t-K)^3 + W_max, with K the time from
// cwnd_epoch to W_max (RFC 9438, section 4.2, figures 1 and 2), and C of 0.4
// (section 5.1). W_est begins with the window (section 4.3).
func TestCubicFunction(t *testing.T) {
	for _, test := range []struct {
		cwnd, wMax   int
		k, max       float64
		at0, at1, k2 float64 // W_cubic after 0 s, 1 s and 2K
	}{
		{100, 0, 0, 100, 100, 100.4, 100},
		{100, 100, 0, 100, 100, 100.4, 100},
		{120, 100, 0, 120, 120, 120.4, 120},
	} {
		r, c := newCubicRig(test.cwnd, float64(test.wMax))
		c.begin(r.now, c.segments())
		if !near(c.k, test.k, 1e-9) || !near(c.wMax, test.max, 1e-9) || c.west != float64(test.cwnd) || c.start != r.now || !c.running {
			t.Errorf("window %d, W_max %d: K %v, W_max %v, W_est %v", test.cwnd, test.wMax, c.k, c.wMax, c.west)
		}
		if a, b, d := c.at(0), c.at(1), c.at(2*c.k); !near(a, test.at0, 1e-9) || !near(b, test.at1, 1e-9) || !near(d, test.k2, 1e-9) {
			t.Errorf("window %d, W_max %d: W_cubic %v, %v, %v", test.cwnd, test.wMax, a, b, d)
		}
	}
	r, c := newCubicRig(100, 125.6) // 0.4*4^3 more
	c.begin(r.now, 100)
	for _, test := range []struct{ t, want float64 }{
		{0, 100}, {1, 114.8}, {3, 125.2}, {4, 125.6}, {5, 126}, {7, 136.4}, {8, 151.2},
	} {
		if got := c.at(test.t); !near(got, test.want, 1e-9) {
			t.Errorf("W_cubic(%v) is %v, want %v", test.t, got, test.want)
		}
	}
	if !near(c.k, 4, 1e-9) {
		t.Errorf("K %v s, want 4", c.k)
	}
}

// TestCubicTarget: outside of the Reno-friendly region each segment that is
// acknowledged adds (target - cwnd)/cwnd, target being W_cubic a smoothed round
// trip from now, no less than cwnd and no more than 1.5 times it (RFC 9438,
// sections 4.2, 4.4 and 4.5, MUST).
func TestCubicTarget(t *testing.T) {
	for _, test := range []struct {
		name  string
		wMax  float64
		k, t  float64
		srtt  time.Duration
		acked int
		want  int // bytes
	}{
		{"convex", 100, 0, 1, time.Second, 1000, 32},                      // W_cubic(2) = 103.2
		{"of two segments", 100, 0, 1, time.Second, 2000, 64},             //
		{"of half a segment", 100, 0, 1, time.Second, 500, 16},            //
		{"of a longer round trip", 100, 0, 1, 2 * time.Second, 1000, 108}, // W_cubic(3) = 110.8
		{"concave", 125.6, 4, 0, time.Second, 1000, 148},                  // W_cubic(1) = 114.8
		{"at W_max", 100, 1, 0, time.Second, 1000, 0},
		{"below the window", 100, 10, 0, time.Second, 1000, 0},
		{"half of the window", 150, 0, 0, time.Microsecond, 1000, 500},
		{"more than that", 100, 0, 9, time.Second, 1000, 500},
		{"a little less", 100, 0, 3, time.Second, 1000, 256}, // W_cubic(4) = 125.6
	} {
		r, c := newCubicRig(100, test.wMax)
		c.cubicEpoch = cubicEpoch{running: true, start: r.now, last: r.now, k: test.k, west: math.Inf(-1)}
		r.now = r.now.Add(time.Duration(test.t * float64(time.Second)))
		r.sample(ackSample{acked: test.acked, limited: true, srtt: test.srtt})
		if got := r.window() - 100_000; got < test.want-1 || got > test.want {
			t.Errorf("%s: %d bytes, want %d", test.name, got, test.want)
		}
	}
	// Parts of a byte are kept: 32/100 of 1 byte a time.
	r, c := newCubicRig(100, 100)
	c.cubicEpoch = cubicEpoch{running: true, start: r.now, last: r.now, west: math.Inf(-1)}
	r.now = r.now.Add(time.Second)
	for range 1000 {
		r.sample(ackSample{acked: 1, limited: true, srtt: time.Second})
	}
	if got := r.window() - 100_000; got < 31 || got > 32 {
		t.Errorf("%d bytes for a segment acknowledged by the byte, want 32", got)
	}
}

// TestCubicRenoFriendly: W_est grows by alpha*segments_acked/cwnd with alpha of
// 3*(1-0.7)/(1+0.7), and of 1 once it has reached cwnd_prior; where W_cubic is
// less, cwnd is W_est (RFC 9438, section 4.3).
func TestCubicRenoFriendly(t *testing.T) {
	const alpha = 9.0 / 17
	for _, test := range []struct {
		name  string
		prior float64
		acked int
		want  float64 // W_est, from 100
	}{
		{"a window", 150, 100_000, 100 + alpha},
		{"half of one", 150, 50_000, 100 + alpha/2},
		{"two", 150, 200_000, 100 + 2*alpha},
		{"just below cwnd_prior", 100.001, 100_000, 100 + alpha},
		{"at cwnd_prior", 100, 100_000, 101},
		{"beyond cwnd_prior", 90, 100_000, 101},
	} {
		r, c := newCubicRig(100, 1000)
		c.prior = test.prior
		c.cubicEpoch = cubicEpoch{running: true, start: r.now, last: r.now, k: 100, west: 100}
		r.ack(test.acked)
		if !near(c.west, test.want, 1e-9) {
			t.Errorf("%s: W_est %v, want %v", test.name, c.west, test.want)
		}
		if got := c.segments(); !near(got, test.want, 0.001) {
			t.Errorf("%s: window %v segments, want %v", test.name, got, test.want)
		}
	}
	// A window beyond W_est is not lowered; and from W_cubic on, W_est is not
	// what counts.
	r, c := newCubicRig(100, 1000)
	c.cubicEpoch = cubicEpoch{running: true, start: r.now, last: r.now, k: 100, west: 50}
	r.ack(100_000)
	if r.window() != 100_000 {
		t.Errorf("window %d of 100000", r.window())
	}
	for _, test := range []struct {
		west float64
		want bool // the Reno-friendly region
	}{{109, false}, {111.3, true}} {
		r, c := newCubicRig(100, 110)
		c.prior = 1e9
		c.cubicEpoch = cubicEpoch{running: true, start: r.now, last: r.now, west: test.west}
		r.now = r.now.Add(time.Second) // W_cubic 110.4, and 110.53 a round trip from now
		r.ack(1000)
		if got := r.window() > 101_000; got != test.want {
			t.Errorf("W_est %v, W_cubic 110.4: window %d", test.west, r.window())
		}
	}
}

// TestCubicStage: over a stage of congestion avoidance the window follows W_cubic:
// concave up to W_max, which it reaches after K, and convex beyond it (RFC 9438,
// sections 4.4 and 4.5).
func TestCubicStage(t *testing.T) {
	r, c := newCubicRig(1000, 0)
	c.wMax = 0
	r.onRecovery(r.now, 1000*ccMSS)
	r.onRecovered(r.now)
	if c.cwnd != 700*ccMSS || c.wMax != 1000 {
		t.Fatalf("window %d, W_max %v", c.cwnd, c.wMax)
	}
	const rtt = ccRTT
	k := math.Cbrt(300 / 0.4)
	start, last, gain := r.now, c.segments(), math.Inf(1)
	for at := 0.0; at < 2*k; at = r.now.Sub(start).Seconds() {
		r.sample(ackSample{acked: c.cwnd, limited: true, srtt: rtt})
		want := 0.4*math.Pow(at+rtt.Seconds()-k, 3) + 1000
		if got := c.segments(); at > 0 && !near(got, want, 0.01) {
			t.Fatalf("after %v s: %v segments, want %v", at, got, want)
		}
		next := c.segments() - last
		if at > 1 && at < k-1 && next > gain+0.01 || at > k+1 && next < gain-0.01 {
			t.Fatalf("after %v s of %v: %v segments a round trip after %v", at, k, next, gain)
		}
		last, gain = c.segments(), next
		r.now = r.now.Add(rtt)
	}
}

// TestCubicDecrease: RFC 9438, section 4.6, figure 5: ssthresh and cwnd are 0.7 of
// the flight, and two segments at least; for a mark cwnd may be one (MUST). What
// the window was is cwnd_prior, and a new stage begins.
func TestCubicDecrease(t *testing.T) {
	for _, test := range []struct {
		flight               int
		cwnd, marked, thresh int
	}{
		{100_000, 70_000, 70_000, 70_000},
		{50_000, 35_000, 35_000, 35_000},
		{2858, 2000, 2000, 2000},
		{2856, 2000, 1999, 2000},
		{1500, 2000, 1050, 2000},
		{1000, 2000, 1000, 2000},
		{0, 2000, 1000, 2000},
	} {
		for _, mark := range []bool{false, true} {
			r, c := newCubicRig(100, 80)
			c.prior, c.running, c.first.done = 1, true, false
			want := test.cwnd
			if mark {
				want = test.marked
				r.onCongestion(r.now, test.flight)
			} else {
				r.onRecovery(r.now, test.flight)
			}
			r.wantWindow(t, want, test.thresh)
			if c.prior != 100 || c.running || !c.first.done {
				t.Errorf("flight %d: cwnd_prior %v, the stage goes on: %v", test.flight, c.prior, c.running)
			}
		}
	}
}

// TestCubicFastConvergence: W_max is the window before the reduction, and 0.85 of
// it where that had not come up to the last W_max (RFC 9438, section 4.7).
func TestCubicFastConvergence(t *testing.T) {
	for _, test := range []struct{ cwnd, wMax, want float64 }{
		{100, 0, 100}, {100, 99.9, 100}, {100, 100, 100}, {100, 100.1, 85}, {100, 200, 85},
	} {
		r, c := newCubicRig(int(test.cwnd), test.wMax)
		r.onRecovery(r.now, 50_000)
		if !near(c.wMax, test.want, 1e-9) {
			t.Errorf("window %v, W_max %v: %v, want %v", test.cwnd, test.wMax, c.wMax, test.want)
		}
	}
}

// TestCubicTimeout: cwnd is one segment, ssthresh 0.7 of the flight, held where
// what was lost had been sent again for a timeout before (RFC 5681, section 3.1).
// The stage after slow start begins with K of 0 and the window for W_max and
// W_est (RFC 9438, section 4.8).
func TestCubicTimeout(t *testing.T) {
	for _, test := range []struct {
		flight   int
		first    bool
		ssthresh int
		prior    float64
	}{
		{50_000, true, 35_000, 100}, {1000, true, 2000, 100}, {50_000, false, 100_000, 300},
	} {
		r, c := newCubicRig(100, 300)
		c.running, c.first.done = true, false
		r.onTimeout(r.now, test.flight, test.first)
		r.wantWindow(t, 1000, test.ssthresh)
		if c.prior != test.prior || c.running || !c.first.done {
			t.Errorf("cwnd_prior %v, want %v; the stage goes on: %v; slow start: %v", c.prior, test.prior, c.running, !c.first.done)
		}
		for !c.running {
			r.now = r.now.Add(ccRTT)
			r.sample(ackSample{acked: 1000, limited: true, phase: phaseLoss})
		}
		if cwnd := float64(test.ssthresh) / ccMSS; c.k != 0 || c.wMax != cwnd || c.start != r.now || !near(c.west, cwnd, 1.01/cwnd) {
			t.Errorf("K %v and W_max %v, want 0 and %v", c.k, c.wMax, cwnd)
		}
	}
}

// TestCubicUndo: a reduction for nothing is taken back with all that shapes the
// window (RFC 9438, section 4.9.2), but not where the window is as large again.
func TestCubicUndo(t *testing.T) {
	for name, event := range map[string]func(c controller){
		"loss":    func(c controller) { c.onRecovery(0, 100_000) },
		"mark":    func(c controller) { c.onCongestion(0, 100_000) },
		"timeout": func(c controller) { c.onTimeout(0, 100_000, true) },
	} {
		r, c := newCubicRig(100, 120)
		c.ssthresh = 60_000
		c.prior, c.cubicEpoch = 130, cubicEpoch{running: true, start: 5, k: 3, west: 90, last: 7, part: 0.5}
		before := *c
		event(r)
		r.onUndo(0)
		before.undo = cubicUndo{}
		if *c != before {
			t.Errorf("%s: %+v, want %+v", name, *c, before)
		}

		r, c = newCubicRig(100, 120)
		event(r)
		c.cwnd = 100_000
		ssthresh, wMax := c.ssthresh, c.wMax
		r.onUndo(0)
		if c.cwnd != 100_000 || c.ssthresh != ssthresh || c.wMax != wMax {
			t.Errorf("%s: undone with a window as large again", name)
		}
	}
}

// TestCubicAfterHystart: where slow start ended without a loss, K is 0, W_max is
// the window, and cwnd_prior, too: alpha is 1 (RFC 9438, section 4.10).
func TestCubicAfterHystart(t *testing.T) {
	r, c := newCubicRig(100, 0)
	c.prior = 0
	r.ack(100_000)
	if c.k != 0 || c.wMax != 100 || !near(c.west, 101, 1e-9) {
		t.Errorf("K %v, W_max %v, W_est %v, want 0, 100 and 101", c.k, c.wMax, c.west)
	}
}

// TestCubicSlowStart: below ssthresh the window grows by what is acknowledged (RFC
// 9438, section 4.10); congestion avoidance begins with the first acknowledgment
// when slow start has ended (section 4.2), and grows the window with the second.
func TestCubicSlowStart(t *testing.T) {
	r, c := newCubicRig(100, 200)
	c.cwnd = 50_000
	r.ack(49_000)
	if c.cwnd != 99_000 || c.running {
		t.Errorf("window %d, congestion avoidance %v", c.cwnd, c.running)
	}
	r.ack(1000)
	if c.cwnd != 100_000 || c.running {
		t.Errorf("window %d, congestion avoidance %v", c.cwnd, c.running)
	}
	r, c = newCubicRig(100, 200)
	c.cwnd = 99_000
	for _, want := range []float64{0, 100, 100 + 9.0/17} {
		r.ack(100_000)
		if c.running != (want > 0) || !near(c.west, want, 1e-9) {
			t.Errorf("congestion avoidance %v, W_est %v, want %v", c.running, c.west, want)
		}
	}
	// After a long pause slow start goes up to ssthresh, and a stage begins anew.
	r, c = newCubicRig(100, 200)
	r.ack(1000)
	start := c.start
	r.now = r.now.Add(6 * time.Minute)
	r.onIdle(r.now, false)
	r.ack(1000)
	if c.running {
		t.Error("a stage of congestion avoidance lasts through slow start")
	}
	r.ack(100_000)
	r.now = r.now.Add(time.Minute)
	r.ack(1000)
	if !c.running || c.start != r.now || c.start == start {
		t.Error("it does not begin when slow start has ended")
	}
}

// TestCubicUnused: t does not include time in which the window was not used: that
// of acknowledgments for which it was not, and of pauses in which nothing was in
// the network (RFC 9438, section 4.2, MUST, and 5.8).
func TestCubicUnused(t *testing.T) {
	for _, test := range []struct {
		name string
		pass func(r *ccRig)
		want time.Duration // what goes by of t
	}{
		{"used", func(r *ccRig) {
			r.now = r.now.Add(time.Second)
			r.ack(1000)
		}, time.Second},
		{"not used", func(r *ccRig) {
			r.now = r.now.Add(time.Second)
			r.sample(ackSample{acked: 1000})
		}, 0},
		{"not used, and then", func(r *ccRig) {
			r.now = r.now.Add(time.Second)
			r.sample(ackSample{acked: 1000})
			r.now = r.now.Add(time.Second)
			r.sample(ackSample{acked: 1000})
			r.now = r.now.Add(2 * time.Second)
			r.ack(1000)
		}, 2 * time.Second},
		{"a pause", func(r *ccRig) {
			r.now = r.now.Add(time.Minute)
			r.onSent(sendSample{now: r.now, bytes: 1000})
			r.now = r.now.Add(time.Second)
			r.ack(1000)
		}, time.Second},
		{"no pause", func(r *ccRig) {
			r.now = r.now.Add(time.Minute)
			r.onSent(sendSample{now: r.now, bytes: 1000, flight: 1})
			r.now = r.now.Add(time.Second)
			r.ack(1000)
		}, time.Minute + time.Second},
	} {
		r, c := newCubicRig(100, 200)
		r.ack(1000)
		r.now = r.now.Add(3 * time.Second)
		r.ack(1000)
		before := r.now.Sub(c.start)
		test.pass(r)
		if got := r.now.Sub(c.start) - before; before != 3*time.Second || got != test.want {
			t.Errorf("%s: t moved by %v, want %v", test.name, got, test.want)
		}
	}
	// Before a stage has begun there is nothing to move.
	r, c := newCubicRig(100, 200)
	r.onSent(sendSample{now: r.now})
	r.sample(ackSample{acked: 1000})
	if c.cubicEpoch != (cubicEpoch{}) {
		t.Errorf("%+v", c.cubicEpoch)
	}
}

// TestCubicSegmentSize: W_max and cwnd_prior are bytes as much as the window is:
// with segments of half the size they count twice as many.
func TestCubicSegmentSize(t *testing.T) {
	r, c := newCubicRig(100, 120)
	r.ack(1000)
	r.onRecovery(r.now, 100_000) // W_max 85, cwnd_prior 100
	r.ack(1000)
	prior, k := c.prior, 0.0
	r.setMSS(ccMSS / 2)
	if !near(c.prior, 2*prior, 1e-9) || !near(c.wMax, 170, 0.1) || !near(c.undo.wMax, 240, 1e-9) || !near(c.undo.prior, 240, 1e-9) {
		t.Errorf("cwnd_prior %v, W_max %v, and before %v and %v", c.prior, c.wMax, c.undo.prior, c.undo.wMax)
	}
	if c.running || c.undo.epoch.running {
		t.Error("a stage goes on that was counted in other segments")
	}
	r.ack(1000)
	if k = math.Cbrt((c.wMax - 140) / 0.4); !near(c.k, k, 0.01) {
		t.Errorf("K %v s, want %v", c.k, k)
	}
	r.setMSS(100_000)
	if r.window() != 100_000 {
		t.Errorf("window %d, less than a segment", r.window())
	}
}

// TestCubicPaced: where pacing is asked for, CUBIC's window goes out over a round
// trip at 2 windows below half of ssthresh, and at 1.2 beyond it; in recovery it
// is PRR's window that does.
func TestCubicPaced(t *testing.T) {
	for _, test := range []struct {
		name           string
		pacing         bool
		cwnd, ssthresh int
		recovering     bool
		want           int64
	}{
		{"not asked for", false, 100_000, math.MaxInt, false, 0},
		{"slow start", true, 100_000, math.MaxInt, false, 2_000_000},
		{"slow start, below half of ssthresh", true, 100_000, 200_002, false, 2_000_000},
		{"slow start, at half of it", true, 100_000, 200_000, false, 1_200_000},
		{"avoidance", true, 100_000, 70_000, false, 1_200_000},
		{"recovery", true, 70_000, 70_000, true, 600_000},
	} {
		var c Conn
		c.set = &Settings{Pacing: test.pacing}
		_, cc := newCubicRig(100, 0)
		cc.cwnd, cc.ssthresh = test.cwnd, test.ssthresh
		c.cc, c.rtt.srtt = cc, ccRTT
		c.loss, c.shake.sack = new(lossState), true
		if test.recovering {
			c.recovery.phase, c.loss.prr.cwnd = phaseFast, 50_000
		}
		if got := c.paceRate(); got != test.want {
			t.Errorf("%s: %d bytes a second, want %d", test.name, got, test.want)
		}
	}
}
