// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
)

// TestBBRShortterm: a round trip that loses too much, and in which no probe is
// on, lowers the short-term bounds to what was delivered in it, and to 0.7 of
// what they were at least (section 5.5.10.3).
func TestBBRShortterm(t *testing.T) {
	for _, test := range []struct {
		name     string
		state    bbrState
		losses   int
		bw       int64 // the rate of the round
		inflight int64 // delivered in it
		wantBW   int64
		wantMost int64
	}{
		{"none lost", bbrCruise, 0, rigBW / 2, rigFull, bbrNoBound, bbrNoBound},
		{"as many as chance takes", bbrCruise, 3, rigBW / 2, rigFull, bbrNoBound, bbrNoBound},
		{"lost, and slower", bbrCruise, 8, rigBW * 9 / 10, rigFull, rigBW * 9 / 10, 143_070},
		{"lost, and much slower", bbrCruise, 8, rigBW / 2, rigFull, rigBW * 7 / 10, 143_070},
		{"lost in DOWN", bbrDown, 8, rigBW * 9 / 10, rigFull, rigBW * 9 / 10, 143_070},
		{"lost in a probe", bbrUp, 8, rigBW * 9 / 10, rigFull, bbrNoBound, bbrNoBound},
		{"lost in REFILL", bbrRefill, 8, rigBW * 9 / 10, rigFull, bbrNoBound, bbrNoBound},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newBBRRig(t).cruise()
			b := r.b
			b.enter(test.state)
			b.cwnd = 204_386
			b.bwLatest, b.inflightLatest = test.bw, test.inflight
			for i := range test.losses {
				r.lose(i, rigBDP)
			}
			b.adaptLowerBoundsFromCongestion()
			if b.bwShortterm != test.wantBW || b.inflightShortterm != test.wantMost {
				t.Errorf("bounds %d and %d, want %d and %d", b.bwShortterm, b.inflightShortterm, test.wantBW, test.wantMost)
			}
			b.boundBWForModel()
			if b.bw != min(rigBW, test.wantBW) {
				t.Errorf("bw %d, want the lesser of %d and %d", b.bw, rigBW, test.wantBW)
			}
		})
	}
}

// TestBBRShorttermOnce: the bounds move once a round trip, at its end.
func TestBBRShorttermOnce(t *testing.T) {
	r := newBBRRig(t).cruise()
	for i := range 10 {
		r.lose(i, rigBDP)
	}
	r.ack(bbrAck{rate: rigBW * 9 / 10, sameRound: true, flight: rigFull})
	if r.b.bwShortterm != bbrNoBound {
		t.Errorf("bound %d before the round trip is over", r.b.bwShortterm)
	}
	r.round(bbrAck{rate: rigBW * 9 / 10, flight: rigFull})
	first := r.b.bwShortterm
	if first == bbrNoBound {
		t.Fatal("no bound after a round trip with losses")
	}
	r.round(bbrAck{rate: rigBW / 2, flight: rigFull})
	if r.b.bwShortterm != first {
		t.Errorf("bound %d after a round trip without losses, want %d still", r.b.bwShortterm, first)
	}
}

// TestBBRLossRound: the round trip in which a loss counts begins with it, so that
// what the path delivers after it is in it.
func TestBBRLossRound(t *testing.T) {
	r := newBBRRig(t).cruise()
	r.ack(bbrAck{sameRound: true, flight: rigFull})
	at := r.delivered
	r.lose(0, rigBDP)
	if r.b.lossRoundDelivered != at {
		t.Errorf("the round of the loss begins at %d, want %d", r.b.lossRoundDelivered, at)
	}
	r.ack(bbrAck{sameRound: true, flight: rigFull})
	r.lose(1, rigBDP)
	if r.b.lossRoundDelivered != at {
		t.Errorf("another loss moved the round to %d, want %d still", r.b.lossRoundDelivered, at)
	}
}

// TestBBRMark: a mark does what too many losses do (section 3.7, MUST).
func TestBBRMark(t *testing.T) {
	r := newBBRRig(t).cruise()
	r.round(bbrAck{rate: rigBW * 9 / 10, flight: rigFull})
	r.b.onCongestion(r.now, rigBDP)
	r.round(bbrAck{rate: rigBW * 9 / 10, flight: rigFull})
	if r.b.bwShortterm >= rigBW {
		t.Errorf("bound %d after a round trip with a mark, want less than %d", r.b.bwShortterm, rigBW)
	}

	r = newBBRRig(t).up()
	r.b.onCongestion(r.now, rigBDP*11/10)
	r.want(bbrDown)
	if r.b.inflightLongterm != rigBDP*11/10 {
		t.Errorf("bound %d after a mark in UP, want the flight of %d", r.b.inflightLongterm, rigBDP*11/10)
	}

	// What the application limited ends the probe, and sets no bound (section
	// 5.5.10.2).
	r = newBBRRig(t).up()
	r.ack(bbrAck{rate: rigBW, flight: rigBDP, appLimited: true, sameRound: true})
	r.want(bbrUp)
	before := r.b.inflightLongterm
	r.b.onCongestion(r.now, rigBDP/10)
	r.want(bbrDown)
	if r.b.inflightLongterm != before {
		t.Errorf("bound %d from what the application limited, want that of before, %d", r.b.inflightLongterm, before)
	}
}

// TestBBRBearable: what chance may take of a flight beyond the threshold matters
// for small flights, and not for large ones.
func TestBBRBearable(t *testing.T) {
	b := newBBRRig(t).b
	for _, test := range []struct {
		segments, lost int64
		want           bool
	}{
		{100, 4, false}, {100, 5, true}, {1000, 28, false}, {1000, 29, true}, {100_000, 2089, false}, {100_000, 2090, true},
	} {
		if got := b.isInflightTooHigh(test.lost*rigMSS, int(test.segments)*rigMSS); got != test.want {
			t.Errorf("%d of %d segments: %v, want %v", test.lost, test.segments, got, test.want)
		}
	}
	b.sack = false
	if !b.isInflightTooHigh(rigMSS, 1000*rigMSS) || b.isInflightTooHigh(0, rigMSS) {
		t.Error("without SACK, one loss is what can be seen of many, and none is none")
	}
}

// TestBBRBearableInQueue: where a queue stands, a quarter of a hundredth is what a probe
// bears, with what chance explains; the short-term bounds go by the draft's threshold.
func TestBBRBearableInQueue(t *testing.T) {
	for _, test := range []struct {
		rtt  time.Duration
		lost int64
		want bool
	}{
		{rigRTT * 149 / 100, 28, false},
		{rigRTT * 149 / 100, 29, true},
		{rigRTT * 150 / 100, 5, false},
		{rigRTT * 150 / 100, 6, true},
	} {
		r := newBBRRig(t).cruise().queue(test.rtt)
		if got := r.b.isInflightTooHigh(test.lost*rigMSS, 1000*rigMSS); got != test.want {
			t.Errorf("%d of 1000 segments lost, round trip %v of %v: %v, want %v", test.lost, test.rtt, rigRTT, got, test.want)
		}
	}

	// A probe into a queue ends at the segment that crosses that threshold.
	r := newBBRRig(t).up()
	r.b.leastRTT[1] = 2 * rigRTT
	for i := range 2 {
		r.lose(i, 300*rigMSS)
		r.want(bbrUp)
	}
	r.lose(2, 300*rigMSS)
	r.want(bbrDown)
	// 299 segments bear 2476 bytes, 476 more than were lost before: over 0.9975.
	if got := r.b.inflightLongterm; got != 299*rigMSS+477 {
		t.Errorf("bound %d, want %d", got, 299*rigMSS+477)
	}

	r = newBBRRig(t).cruise().queue(2 * rigRTT)
	r.b.inflightLatest = rigBDP
	for i := range 4 { // of 100 segments, one fewer than is too much without a queue
		r.lose(i, rigBDP)
	}
	r.b.adaptLowerBoundsFromCongestion()
	if r.b.bwShortterm != bbrNoBound {
		t.Errorf("bound %d on the rate, want none", r.b.bwShortterm)
	}
}

// TestBBRInflightAtLoss: the part of a run at which losses crossed the threshold
// (section 5.5.10.2).
func TestBBRInflightAtLoss(t *testing.T) {
	b := newBBRRig(t).b
	const prev, size = 100 * rigMSS, 40 * rigMSS
	for _, test := range []struct{ lostPrev, want int64 }{
		{0, prev + 4926}, // 2% and two deviations of 100 segments: 4.83, over 0.98
		{3 * rigMSS, prev + 1865},
		{10 * rigMSS, prev},
	} {
		l := lostSample{bytes: size, sent: rateStamp{inFlight: prev + size}}
		if got := b.inflightAtLoss(&l, test.lostPrev+size); got != test.want {
			t.Errorf("%d lost before: %d, want %d", test.lostPrev, got, test.want)
		}
	}
}

// TestBBRTimeout: a timeout leaves a window for one segment beyond what is in the
// network still, and the end of its recovery gives the old one back (section
// 5.6.4.4).
func TestBBRTimeout(t *testing.T) {
	r := newBBRRig(t).cruise()
	window := r.b.cwnd
	r.b.onTimeout(r.now, 3*rigMSS, true)
	r.lose(0, rigBDP)
	r.lose(1, rigBDP)
	if r.b.cwnd != 2*rigMSS {
		t.Errorf("window %d with a segment in the network, want %d", r.b.cwnd, 2*rigMSS)
	}
	r.lose(2, rigBDP)
	if r.b.cwnd != rigMSS {
		t.Errorf("window %d with nothing in the network, want a segment", r.b.cwnd)
	}
	r.send(0, false)
	r.b.cwnd = 3 * rigMSS
	r.lose(3, rigBDP)
	if r.b.cwnd != 3*rigMSS {
		t.Errorf("window %d after a loss that is not the timeout's, want %d still", r.b.cwnd, 3*rigMSS)
	}
	r.b.cwnd = rigMSS
	r.round(bbrAck{phase: phaseLoss})
	if r.b.cwnd != bbrMinPipe*rigMSS {
		t.Errorf("window %d after an acknowledgment, want %d", r.b.cwnd, bbrMinPipe*rigMSS)
	}
	r.round(bbrAck{phase: phaseOpen, flight: rigFull})
	if r.b.cwnd < window || r.b.recovering {
		t.Errorf("window %d after recovery, want %d at least", r.b.cwnd, window)
	}
}

// TestBBRFastRecovery: fast recovery itself leaves the window to the model, and
// its end restores the last good one.
func TestBBRFastRecovery(t *testing.T) {
	r := newBBRRig(t).cruise()
	window := r.b.cwnd
	r.lose(0, rigBDP)
	r.b.onRecovery(r.now, rigBDP)
	if r.b.cwnd != window {
		t.Errorf("window %d in recovery, want %d", r.b.cwnd, window)
	}
	r.b.cwnd = rigFull
	r.b.onRecovered(r.now)
	if r.b.cwnd != window {
		t.Errorf("window %d after it, want %d", r.b.cwnd, window)
	}
}

// TestBBRUndo: a recovery that was for nothing gives back the bounds and the
// state that its first loss found (section 5.5.11.2).
func TestBBRUndo(t *testing.T) {
	r := newBBRRig(t).cruise()
	b, window := r.b, r.b.cwnd
	b.bwShortterm, b.inflightShortterm, b.inflightLongterm = rigBW, 3*rigBDP, 4*rigBDP
	b.fullBW, b.fullBWCount = rigBW, 2
	r.lose(0, rigBDP)
	b.onRecovery(r.now, rigBDP)
	for range 3 { // the rounds of a long recovery, each with losses
		for i := range 10 {
			r.lose(i, rigBDP)
		}
		r.round(bbrAck{rate: rigBW / 4, flight: rigFull, phase: phaseFast, lost: 10 * rigMSS})
	}
	b.inflightLongterm = rigBDP
	if b.bwShortterm > rigBW/2 {
		t.Fatalf("bound %d: the losses did nothing to be undone", b.bwShortterm)
	}
	b.onUndo(r.now)
	if b.bwShortterm != rigBW || b.inflightShortterm != 3*rigBDP || b.inflightLongterm != 4*rigBDP {
		t.Errorf("bounds %d, %d and %d, want %d, %d and %d", b.bwShortterm, b.inflightShortterm, b.inflightLongterm, rigBW, 3*rigBDP, 4*rigBDP)
	}
	if b.cwnd != window || b.recovering || b.isLossInRound || b.fullBW != 0 || b.fullBWCount != 0 {
		t.Errorf("window %d of %d, recovering %v, loss in the round %v, full_bw %d", b.cwnd, window, b.recovering, b.isLossInRound, b.fullBW)
	}
	r.want(bbrCruise)
}

// TestBBRUndoState: where losses ended Startup or UP, the undo of their recovery
// goes back, unless ProbeRTT is on.
func TestBBRUndoState(t *testing.T) {
	for _, test := range []struct {
		name            string
		undo, now, want bbrState
	}{
		{"Startup", bbrStartup, bbrDrain, bbrStartup},
		{"Startup, already again", bbrStartup, bbrStartup, bbrStartup},
		{"Startup, in ProbeRTT", bbrStartup, bbrProbeRTT, bbrProbeRTT},
		{"UP", bbrUp, bbrDown, bbrRefill},
		{"UP, in ProbeRTT", bbrUp, bbrProbeRTT, bbrProbeRTT},
		{"none", bbrNone, bbrCruise, bbrCruise},
	} {
		r := newBBRRig(t).cruise()
		r.b.enter(test.now)
		r.b.undoState = test.undo
		r.b.onUndo(r.now)
		if r.b.state != test.want {
			t.Errorf("%s: state %d, want %d", test.name, r.b.state, test.want)
		}
		if full := test.undo != bbrStartup || test.now == bbrStartup; r.b.fullBWReached != full {
			t.Errorf("%s: full_bw_reached %v, want %v", test.name, r.b.fullBWReached, full)
		}
	}
}

// TestBBRUndoStartup: the whole way: losses end Startup, and turn out to have
// been none.
func TestBBRUndoStartup(t *testing.T) {
	r := newBBRRig(t)
	r.round(bbrAck{acked: rigBDP})
	for i := range 6 {
		r.lose(2*i, rigBDP)
	}
	r.b.onRecovery(r.now, rigBDP)
	r.round(bbrAck{rate: 2 * rigBW, inFlight: rigBDP, lost: 20 * rigMSS, phase: phaseFast, flight: 4 * rigBDP})
	r.want(bbrDrain)
	r.b.onRecovered(r.now)
	r.b.onUndo(r.now)
	r.want(bbrStartup)
	if r.b.inflightLongterm != bbrNoBound {
		t.Errorf("long-term bound %d, want none", r.b.inflightLongterm)
	}
}

// A round trip with a loss lasts until what was outstanding at the loss has
// arrived: it begins at what had arrived by then (section 5.5.10.2,
// BBRNoteLoss).
func TestBBRLossRoundBegins(t *testing.T) {
	r := newBBRRig(t).cruise()
	r.b.isLossInRound = false
	had := r.b.delivered
	r.b.onLost(lostSample{bytes: 1000, delivered: had + 5000, lost: 1000})
	if got := r.b.lossRoundDelivered; got != had+5000 {
		t.Errorf("the round begins at %d, want %d", got, had+5000)
	}
}
