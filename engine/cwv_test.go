// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"testing"
	"time"

	"tcpcb/engine/seq"
)

// used takes an acknowledgment of a segment in whose round trip n bytes were
// delivered. It opens no window.
func (r *ccRig) used(n int) {
	r.sample(ackSample{rate: rateSample{some: true, priorDelivered: r.delivered - int64(n)}})
}

// unused brings a controller into the non-validated phase: n bytes are used.
func (r *ccRig) unused(n int) {
	r.delivered = 1 << 20
	r.used(n)
}

// TestCWVUndefined: RFC 7661, section 4.2: pipeACK is undefined, and the window
// validated, until a round trip has been measured, and again after recovery
// (section 4.4.1, MUST).
func TestCWVUndefined(t *testing.T) {
	forWindowed(t, 10_000, math.MaxInt, func(t *testing.T, r *ccRig) {
		for range 3 { // the first flight, an acknowledgment each
			r.sample(ackSample{acked: 1000, rate: rateSample{some: true}})
			if !r.w.validated() {
				t.Fatal("not validated in the first round trip")
			}
		}
		r.sample(ackSample{acked: 1000, rate: rateSample{some: true, priorDelivered: 1000}})
		if r.w.validated() {
			t.Fatal("validated by 3000 bytes in a round trip")
		}
		for _, phase := range []recoveryPhase{phaseFast, phaseLoss} {
			r.unused(1000)
			r.sample(ackSample{acked: 1000, phase: phase, rate: rateSample{some: true, priorDelivered: 1}})
			if !r.w.validated() {
				t.Errorf("not validated in phase %d", phase)
			}
			r.sample(ackSample{acked: 1000, rate: rateSample{some: true, priorDelivered: r.delivered}})
			if !r.w.validated() {
				t.Errorf("not validated in the first round trip after phase %d", phase)
			}
		}
	})
}

// TestCWVSampling: RFC 7661, section 4.2: pipeACK is the greatest sample of the
// sampling period: max(3 RTT, 1 second).
func TestCWVSampling(t *testing.T) {
	for _, test := range []struct{ srtt, kept, gone time.Duration }{
		{10 * time.Millisecond, time.Second, 1500 * time.Millisecond},
		{time.Second, 3 * time.Second, 4500 * time.Millisecond},
	} {
		var v cwv
		take := func(now Instant, n int) {
			v.onAck(&ackSample{now: now, srtt: test.srtt, rate: rateSample{some: true, delivered: int64(n) + 1, priorDelivered: 1}})
		}
		start := Instant(time.Hour)
		take(start, 5000)
		take(start, 9000)
		take(start.Add(test.srtt), 2000)
		if v.pipeACK() != 9000 {
			t.Errorf("%v: pipeACK %d of 5000, 9000 and 2000", test.srtt, v.pipeACK())
		}
		v.turn(start.Add(test.kept - 1))
		if v.pipeACK() != 9000 {
			t.Errorf("%v: pipeACK %d within the sampling period", test.srtt, v.pipeACK())
		}
		v.turn(start.Add(test.gone))
		if v.pipeACK() != 0 {
			t.Errorf("%v: pipeACK %d after it", test.srtt, v.pipeACK())
		}
	}
}

// TestCWVValidated: RFC 7661, section 4.3: the window is validated by half of it.
func TestCWVValidated(t *testing.T) {
	for _, test := range []struct {
		used int
		want bool
	}{{1000, false}, {8000, false}, {9000, false}, {10_000, true}, {20_000, true}} {
		forWindowed(t, 20_000, math.MaxInt, func(t *testing.T, r *ccRig) {
			r.unused(test.used)
			if r.w.validated() != test.want {
				t.Errorf("validated: %v with %d of 20000 used", r.w.validated(), test.used)
			}
		})
	}
}

// TestCWVGrowth: RFC 7661, section 4.4: a window that is not validated MUST NOT
// grow, unless it kept text back.
func TestCWVGrowth(t *testing.T) {
	for _, ssthresh := range []int{math.MaxInt, 20_000} {
		for _, test := range []struct {
			used          int
			limited, full bool
			grows         bool
		}{
			{used: 1000, limited: true},
			{used: 1000, limited: true, full: true, grows: true},
			{used: 20_000, limited: true, grows: true},
			{used: 20_000}, // RFC 5681, section 3.1; RFC 9438, section 5.8
		} {
			forWindowed(t, 20_000, ssthresh, func(t *testing.T, r *ccRig) {
				r.unused(test.used)
				for range 30 {
					r.now = r.now.Add(10 * time.Millisecond)
					r.sample(ackSample{acked: 1000, limited: test.limited, full: test.full})
				}
				if grew := r.window() > 20_000; grew != test.grows {
					t.Errorf("%+v: the window is %d of 20000", test, r.window())
				}
			})
		}
	}
}

// TestCWVLoss: RFC 7661, section 4.4.1 (MUST): a loss in the non-validated phase
// leaves the share of what was used, pipeACK or LossFlightSize, and in the end
// less by what recovery had to send again, R.
func TestCWVLoss(t *testing.T) {
	share := map[string]float64{ccReno: 0.5, ccCubic: cubicBeta}
	for _, test := range []struct {
		name         string
		used, flight int
		lost         int
		base, end    int
	}{
		{"pipeACK", 40_000, 10_000, 5000, 40_000, 35_000},
		{"LossFlightSize", 10_000, 30_000, 5000, 30_000, 25_000},
		{"a window that is full", 10_000, 100_000, 5000, 100_000, 100_000},
		{"validated", 60_000, 70_000, 5000, 70_000, 70_000},
		{"a segment at least", 4000, 4000, 4000, 4000, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			forWindowed(t, 100_000, 100_000, func(t *testing.T, r *ccRig) {
				r.unused(test.used)
				for range test.lost / 1000 {
					r.onLost(lostSample{now: r.now, at: seq.MakeRange(seq.New(0), 1000)})
				}
				r.onRecovery(r.now, test.flight)
				beta := share[r.name()]
				if want := max(int(beta*float64(test.base)), 2000); r.threshold() != want {
					t.Errorf("ssthresh %d in recovery, want %d", r.threshold(), want)
				}
				r.onRecovered(r.now)
				if want := max(int(beta*float64(test.end)), 1000); r.window() != want || r.threshold() != want {
					t.Errorf("window %d and ssthresh %d in the end, want %d", r.window(), r.threshold(), want)
				}
			})
		})
	}
}

// TestCWVLossForgotten: what one recovery lost does not count for the next: R is
// of the recovery that it ends.
func TestCWVLossForgotten(t *testing.T) {
	for name, end := range map[string]func(r *ccRig){
		"undone":           func(r *ccRig) { r.onRecovery(r.now, 20_000); r.onUndo(r.now) },
		"recovered":        func(r *ccRig) { r.onRecovery(r.now, 20_000); r.onRecovered(r.now) },
		"timed out":        func(r *ccRig) { r.onTimeout(r.now, 20_000, true); r.w.cwnd = 100_000 },
		"no recovery, too": func(r *ccRig) { r.unused(20_000) },
	} {
		t.Run(name, func(t *testing.T) {
			forWindowed(t, 100_000, 100_000, func(t *testing.T, r *ccRig) {
				r.unused(20_000)
				r.onLost(lostSample{now: r.now, at: seq.MakeRange(seq.New(0), 10_000)})
				end(r)
				r.w.cwnd = 100_000
				r.unused(20_000)
				r.onRecovery(r.now, 20_000)
				before := r.threshold()
				r.onRecovered(r.now)
				if r.window() != before {
					t.Errorf("window %d, want %d", r.window(), before)
				}
			})
		})
	}
}

// TestCWVTimeout: RFC 7661, section 4.4: a timeout does in the non-validated phase
// what it always does.
func TestCWVTimeout(t *testing.T) {
	forWindowed(t, 100_000, 100_000, func(t *testing.T, r *ccRig) {
		r.unused(10_000)
		r.onTimeout(r.now, 20_000, true)
		want := map[string]int{ccReno: 10_000, ccCubic: 14_000}[r.name()]
		r.wantWindow(t, 1000, want)
	})
}

// TestCWVBurst: RFC 7661, section 4.4.2 (SHOULD): a burst into a window that is not
// validated is bounded.
func TestCWVBurst(t *testing.T) {
	for _, test := range []struct{ used, want int }{{1000, 10_000}, {30_000, 60_000}, {60_000, 0}} {
		forWindowed(t, 100_000, 100_000, func(t *testing.T, r *ccRig) {
			r.unused(test.used)
			if got := r.burst(r.now); got != test.want {
				t.Errorf("bound %d with %d used, want %d", got, test.used, test.want)
			}
		})
	}
	if got := newBBR(ccStart{mss: ccMSS, initial: 10 * ccMSS}).burst(0); got != 0 {
		t.Errorf("BBR, which paces, is bound to %d", got)
	}
}

// TestCWVPeriod: RFC 7661, section 4.4.3 (MUST): after five minutes in the
// non-validated phase the window is halved, down to the initial window, and
// ssthresh is three quarters of it at least; so again after five more. It is what
// it was until then (section 4.4), where RFC 5681, section 4.1, would restart with
// the initial window.
func TestCWVPeriod(t *testing.T) {
	for _, test := range []struct {
		pause          time.Duration
		cwnd, ssthresh int
		want, then     int
	}{
		{time.Second, 80_000, 50_000, 80_000, 50_000},
		{5*time.Minute - 1, 80_000, 50_000, 80_000, 50_000},
		{5 * time.Minute, 80_000, 50_000, 40_000, 60_000},
		{5 * time.Minute, 80_000, 70_000, 40_000, 70_000},
		{10 * time.Minute, 80_000, 20_000, 20_000, 60_000},
		{time.Hour, 80_000, 20_000, 10_000, 60_000},
		{1 << 62, 80_000, 20_000, 10_000, 60_000},
		{time.Hour, 4000, 20_000, 4000, 20_000},
	} {
		forWindowed(t, test.cwnd, test.ssthresh, func(t *testing.T, r *ccRig) {
			r.unused(test.cwnd) // used in full, for the last time
			r.now = r.now.Add(test.pause)
			r.onIdle(r.now, false)
			r.wantWindow(t, test.want, test.then)
		})
		if test.pause < 2*time.Second {
			continue
		}
		forWindowed(t, test.cwnd, test.ssthresh, func(t *testing.T, r *ccRig) { // used a little
			r.unused(test.cwnd)
			r.now = r.now.Add(2 * time.Second)
			r.used(100)
			r.now = r.now.Add(test.pause - 2*time.Second)
			r.used(100)
			r.wantWindow(t, test.want, test.then)
		})
	}
}
