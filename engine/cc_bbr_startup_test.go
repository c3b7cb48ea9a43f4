// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "testing"

// TestBBRGains holds the gains of each state to the draft's table (section
// 5.6.1).
func TestBBRGains(t *testing.T) {
	for s, want := range map[bbrState][2]float64{
		bbrStartup: {2.77, 2}, bbrDrain: {0.5, 2}, bbrDown: {0.9, 2}, bbrCruise: {1, 2},
		bbrRefill: {1, 2}, bbrUp: {1.25, 2.25}, bbrProbeRTT: {1, 0.5},
	} {
		r := newBBRRig(t)
		r.b.enter(s)
		if got := [2]float64{r.b.pacingGain, r.b.cwndGain}; got != want {
			t.Errorf("state %d: gains %v, want %v", s, got, want)
		}
	}
}

// TestBBRStartupPlateau: three rounds without a quarter more of bandwidth end
// Startup (section 5.3.1.2); rounds that the application limited do not count.
func TestBBRStartupPlateau(t *testing.T) {
	type step struct {
		rate    int64
		limited bool
		same    bool // within the round
	}
	for _, test := range []struct {
		name  string
		steps []step
		want  bbrState
	}{
		{"two rounds", []step{{rate: 100}, {rate: 100}, {rate: 100}}, bbrStartup},
		{"three rounds", []step{{rate: 100}, {rate: 100}, {rate: 124}, {rate: 124}}, bbrDrain},
		{"growth by a quarter", []step{{rate: 100}, {rate: 100}, {rate: 100}, {rate: 125}}, bbrStartup},
		{"growth, then a plateau", []step{{rate: 100}, {rate: 110}, {rate: 125}, {rate: 125}, {rate: 150}, {rate: 156}}, bbrDrain},
		{"limited by the application", []step{{rate: 100}, {100, true, false}, {100, true, false}, {100, true, false}, {100, true, false}}, bbrStartup},
		{"one of three limited", []step{{rate: 100}, {rate: 100}, {rate: 100}, {100, true, false}, {rate: 100}}, bbrDrain},
		{"acknowledgments of one round", []step{{rate: 100}, {100, false, true}, {100, false, true}, {100, false, true}, {100, false, true}}, bbrStartup},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newBBRRig(t)
			for _, s := range test.steps {
				r.now = r.now.Add(rigRTT)
				r.ack(bbrAck{rate: s.rate * 10_000, appLimited: s.limited, sameRound: s.same, flight: 2 * rigBDP})
			}
			r.want(test.want)
			if got, want := r.b.fullBWReached, test.want == bbrDrain; got != want {
				t.Errorf("full_bw_reached %v, want %v", got, want)
			}
		})
	}
}

// TestBBRStartupLoss: Startup ends when, in a round of fast recovery, more was
// lost than is borne, in at least six places (section 5.3.1.3).
func TestBBRStartupLoss(t *testing.T) {
	for _, test := range []struct {
		name       string
		places     int
		lost       int64
		sack, fast bool
		want       bbrState
	}{
		{"all", 6, 20 * rigMSS, true, true, bbrDrain},
		{"five places", 5, 20 * rigMSS, true, true, bbrStartup},
		{"little of what was sent", 6, 2 * rigMSS, true, true, bbrStartup},
		{"not in recovery", 6, 20 * rigMSS, true, false, bbrStartup},
		{"one loss without SACK", 1, rigMSS, false, true, bbrDrain},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newBBRRig(t)
			r.b.sack = test.sack
			r.round(bbrAck{acked: rigBDP})
			r.round(bbrAck{rate: 2 * rigBW, acked: rigBDP})
			for i := range test.places {
				r.lose(2*i, rigBDP)
			}
			if test.fast {
				r.b.onRecovery(r.now, rigBDP)
			}
			r.ack(bbrAck{sameRound: true, rate: 2 * rigBW, inFlight: rigBDP, lost: test.lost, phase: phaseFast, flight: 4 * rigBDP})
			r.want(bbrStartup) // not before the round is over
			r.round(bbrAck{rate: 4 * rigBW, inFlight: rigBDP, lost: test.lost, phase: phaseFast, flight: 4 * rigBDP})
			r.want(test.want)
			if test.want != bbrDrain {
				return
			}
			if got, want := r.b.inflightLongterm, int64(2*rigBDP); got != want {
				t.Errorf("inflight_longterm %d, want %d: the bandwidth-delay product that was known", got, want)
			}
			if r.b.undoState != bbrStartup {
				t.Errorf("undo_state %d, want Startup", r.b.undoState)
			}
		})
	}
}

// TestBBRStartupLossPlaces: ranges that touch are one place.
func TestBBRStartupLossPlaces(t *testing.T) {
	r := newBBRRig(t)
	for _, i := range []int{3, 4, 5, 9, 10, 20} {
		r.lose(i, rigBDP)
	}
	if r.b.lossEvents != 3 {
		t.Errorf("%d places, want 3", r.b.lossEvents)
	}
}

// TestBBRStartupMarks: marks in two rounds in a row end Startup.
func TestBBRStartupMarks(t *testing.T) {
	for _, test := range []struct {
		marks string // a round each; x is marked
		want  bbrState
	}{{"xx", bbrDrain}, {"x.x", bbrStartup}, {"..", bbrStartup}, {".xx", bbrDrain}} {
		r := newBBRRig(t)
		rate := int64(rigBW)
		for _, m := range test.marks {
			if m == 'x' {
				r.b.onCongestion(r.now, rigBDP)
			}
			rate *= 2
			r.round(bbrAck{rate: rate, flight: 100 * rigBDP})
		}
		if r.b.state != test.want {
			t.Errorf("%s: state %d, want %d", test.marks, r.b.state, test.want)
		}
	}
}

// TestBBRDrain: Drain ends when no more is in the network than the
// bandwidth-delay product, or after three round trips (section 5.3.2).
func TestBBRDrain(t *testing.T) {
	r := newBBRRig(t).drain()
	r.round(bbrAck{flight: rigBDP + rigMSS})
	r.want(bbrDrain)
	r.round(bbrAck{flight: rigBDP})
	if !r.b.inProbeBW() {
		t.Errorf("state %d with the queue gone, want one of ProbeBW", r.b.state)
	}

	r = newBBRRig(t).drain()
	for range 3 {
		r.round(bbrAck{flight: 2 * rigBDP})
		r.want(bbrDrain)
	}
	r.round(bbrAck{flight: 2 * rigBDP})
	r.want(bbrDown)
}

// TestBBRInitialPace: the initial window in a round trip, times the gain; before
// a measurement, in a millisecond (section 5.6.2). In Startup the rate never
// falls, and once the pipe was full it follows the bandwidth, less 1%.
func TestBBRInitialPace(t *testing.T) {
	if got := newBBR(ccStart{mss: rigMSS, initial: rigIW}).pacingRate(); got != 27_700_000 {
		t.Errorf("%d bytes a second without a measurement, want 27700000", got)
	}
	r := newBBRRig(t)
	if got := r.b.pacingRate(); got != 277_000 {
		t.Errorf("%d bytes a second, want 277000", got)
	}
	r.round(bbrAck{rate: 1000, appLimited: true})
	if got := r.b.pacingRate(); got != 277_000 {
		t.Errorf("%d bytes a second after a slow round, want 277000 still", got)
	}
	r.drain()
	if got := r.b.pacingRate(); got != rigBW*99/200 {
		t.Errorf("%d bytes a second in Drain, want half of 99%% of %d", got, rigBW)
	}
}
