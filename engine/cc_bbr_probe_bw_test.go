// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
)

// TestBBRDown: DOWN ends in CRUISE when what is in the network is at most the
// bandwidth-delay product, and leaves headroom below the long-term bound
// (section 5.3.3.1).
func TestBBRDown(t *testing.T) {
	for _, test := range []struct {
		name     string
		longterm int64
		flight   int
		want     bbrState
	}{
		{"a queue", bbrNoBound, rigBDP + 1, bbrDown},
		{"none", bbrNoBound, rigBDP, bbrCruise},
		{"no headroom", rigBDP, rigBDP * 86 / 100, bbrDown},
		{"headroom", rigBDP, rigBDP * 85 / 100, bbrCruise},
	} {
		r := newBBRRig(t).cruise()
		r.b.startProbeBWDown(r.now)
		r.b.inflightLongterm = test.longterm
		r.round(bbrAck{flight: test.flight})
		if r.b.state != test.want {
			t.Errorf("%s: state %d, want %d", test.name, r.b.state, test.want)
		}
	}
}

// TestBBRProbeTime: the next probe is due two to three seconds after the last,
// or after as many round trips as the window has segments, and 63 at most
// (section 5.3.3.8.3), whether the queue of DOWN is gone or not.
func TestBBRProbeTime(t *testing.T) {
	for _, state := range []bbrState{bbrDown, bbrCruise} {
		flight := rigFull
		if state == bbrDown {
			flight = 2 * rigBDP
		}
		r := newBBRRig(t).cruise()
		r.b.startProbeBWDown(r.now)
		r.b.enter(state)
		wait := r.b.bwProbeWait
		r.now = r.now.Add(wait)
		r.ack(bbrAck{flight: flight, sameRound: true})
		r.want(state)
		r.now = r.now.Add(time.Nanosecond)
		r.ack(bbrAck{flight: flight, sameRound: true})
		r.want(bbrRefill)
	}

	for _, test := range []struct {
		name string
		cwnd int
		want int // rounds
	}{{"small window", 8 * rigMSS, 8}, {"large window", 2 * rigBDP, 63}} {
		r := newBBRRig(t).cruise()
		r.b.startProbeBWDown(r.now)
		r.b.enter(bbrCruise)
		first := r.b.roundsSinceProbeUp
		n := 0
		for ; r.b.state == bbrCruise && n < 100; n++ {
			r.b.cwnd = test.cwnd
			r.ack(bbrAck{flight: rigFull})
		}
		if n+first != test.want {
			t.Errorf("%s: a probe after %d+%d rounds, want %d", test.name, first, n, test.want)
		}
	}
}

// TestBBRProbeWait: the wait is spread over two to three seconds, and not the
// same for two connections.
func TestBBRProbeWait(t *testing.T) {
	waits := map[time.Duration]bool{}
	rounds := [2]int{}
	for seed := range uint64(100) {
		b := newBBR(ccStart{mss: rigMSS, initial: rigIW, seed: seed}).(*bbr)
		b.startProbeBWDown(1)
		if b.bwProbeWait < 2*time.Second || b.bwProbeWait >= 3*time.Second {
			t.Errorf("wait %v, want 2 s to 3 s", b.bwProbeWait)
		}
		waits[b.bwProbeWait.Round(100*time.Millisecond)] = true
		rounds[b.roundsSinceProbeUp]++
	}
	if len(waits) < 9 {
		t.Errorf("%d tenths of a second among 100 seeds, want nearly all", len(waits))
	}
	if rounds[0] < 30 || rounds[1] < 30 {
		t.Errorf("%v begin with 0 and 1 rounds, want about half", rounds)
	}
}

// TestBBRRefill: REFILL forgets the short-term bounds, and lasts a round trip
// (section 5.3.3.3).
func TestBBRRefill(t *testing.T) {
	r := newBBRRig(t).cruise()
	r.b.bwShortterm, r.b.inflightShortterm = rigBW/2, rigFull
	r.b.startProbeBWRefill()
	if r.b.bwShortterm != bbrNoBound || r.b.inflightShortterm != bbrNoBound {
		t.Errorf("short-term bounds %d and %d, want none", r.b.bwShortterm, r.b.inflightShortterm)
	}
	r.ack(bbrAck{sameRound: true, flight: rigFull})
	r.want(bbrRefill)
	r.round(bbrAck{flight: rigFull})
	r.want(bbrUp)
	if !r.b.isBWProbeSample {
		t.Error("what was sent in REFILL and UP is not taken for samples of a probe")
	}
}

// TestBBRUpPlateau: UP ends with three rounds that bring no more bandwidth
// (section 5.3.3.7), but not while the application limits them, nor while the
// long-term bound does.
func TestBBRUpPlateau(t *testing.T) {
	r := newBBRRig(t).up()
	for range bbrFullBWRounds {
		r.want(bbrUp)
		r.round(bbrAck{flight: rigBDP})
	}
	r.want(bbrDown)

	r = newBBRRig(t).up()
	for range 10 {
		r.round(bbrAck{flight: rigFull, appLimited: true})
	}
	r.want(bbrUp)

	r = newBBRRig(t).up()
	r.b.inflightLongterm = rigBDP
	for range 5 {
		r.b.cwnd = int(r.b.inflightLongterm)
		r.send(r.b.cwnd, false)
		r.round(bbrAck{flight: rigFull})
	}
	r.want(bbrUp)
}

// TestBBRUpSlope: the long-term bound, where it is used in full, grows by one
// segment in the first round trip, and by twice as many in each that follows
// (section 5.3.3.5).
func TestBBRUpSlope(t *testing.T) {
	r := newBBRRig(t).up()
	r.b.inflightLongterm = rigBDP
	r.b.cwnd = rigBDP
	r.b.bwProbeUpRounds = 0
	r.b.raiseInflightLongtermSlope()
	for round, want := range []int64{1, 2, 4, 8, 16} {
		before := r.b.inflightLongterm
		for i := range 10 { // a window is acknowledged
			r.b.cwnd = int(r.b.inflightLongterm)
			r.send(r.b.cwnd, false)
			r.ack(bbrAck{acked: int(before) / 10, flight: rigFull, sameRound: i < 9, rate: rigBW << (2 * round), inFlight: rigMSS})
		}
		if got := (r.b.inflightLongterm - before) / rigMSS; got < want-1 || got > want+1 {
			t.Errorf("round %d: the bound grew by %d segments, want about %d", round, got, want)
		}
	}

	// One that is not used does not.
	r = newBBRRig(t).up()
	r.b.inflightLongterm = 10 * rigBDP
	r.round(bbrAck{acked: rigBDP, flight: rigFull})
	if r.b.inflightLongterm != 10*rigBDP {
		t.Errorf("the bound moved to %d, and was not used", r.b.inflightLongterm)
	}
}

// TestBBRLongtermRaised: what was in the network without harm raises the bound
// (section 5.3.3.9, AdaptLongTermModel).
func TestBBRLongtermRaised(t *testing.T) {
	r := newBBRRig(t).cruise()
	r.b.inflightLongterm = rigBDP
	r.round(bbrAck{inFlight: rigBDP + rigMSS, lost: 20 * rigMSS, flight: rigFull})
	if r.b.inflightLongterm != rigBDP {
		t.Errorf("bound %d after a flight with losses, want %d still", r.b.inflightLongterm, rigBDP)
	}
	r.round(bbrAck{inFlight: rigBDP + rigMSS, flight: rigFull})
	if r.b.inflightLongterm != rigBDP+rigMSS {
		t.Errorf("bound %d after a flight without, want %d", r.b.inflightLongterm, rigBDP+rigMSS)
	}
}

// TestBBRTooHigh: losses beyond what is borne end UP and set the long-term bound
// to what was in the network when they crossed that, and to 0.7 of the target at
// least; once for each probe (section 5.5.10.2).
func TestBBRTooHigh(t *testing.T) {
	r := newBBRRig(t).up()
	for i := range 4 {
		r.lose(i, 2*rigBDP)
		r.want(bbrUp)
		if r.b.prevProbeTooHigh {
			t.Fatalf("loss %d of 200 segments is too much", i+1)
		}
	}
	for i := 4; !r.b.prevProbeTooHigh && i < 20; i++ {
		r.lose(i, 2*rigBDP)
	}
	r.want(bbrDown)
	if got := r.b.inflightLongterm; got < 19*rigBDP/10 || got > 2*rigBDP {
		t.Errorf("bound %d, want a little less than the %d in the network", got, 2*rigBDP)
	}
	if r.b.undoState != bbrUp {
		t.Errorf("undo_state %d, want UP", r.b.undoState)
	}
	bound := r.b.inflightLongterm
	for i := range 20 {
		r.lose(20+i, rigBDP/10)
	}
	if r.b.inflightLongterm != bound {
		t.Errorf("bound %d after more losses of the same probe, want %d still", r.b.inflightLongterm, bound)
	}

	// A small flight lowers it to 0.7 of the target, and no further.
	r = newBBRRig(t).up()
	for i := range 20 {
		r.lose(i, 20*rigMSS)
	}
	if got := r.b.inflightLongterm; got != rigBDP*7/10 {
		t.Errorf("bound %d, want %d", got, rigBDP*7/10)
	}

	// Losses of what the application limited end the probe, and set no bound.
	r = newBBRRig(t).up()
	r.lost = 20 * rigMSS
	r.b.onLost(lostSample{now: r.now, bytes: rigMSS, lost: r.lost, sent: rateStamp{inFlight: rigBDP, appLimited: true}})
	r.want(bbrDown)
	if r.b.inflightLongterm != bbrNoBound {
		t.Errorf("bound %d from what the application limited, want none", r.b.inflightLongterm)
	}

	// In CRUISE, when no probe is on, neither.
	r = newBBRRig(t).cruise()
	for i := range 20 {
		r.lose(i, rigBDP)
	}
	r.want(bbrCruise)
	if r.b.inflightLongterm != bbrNoBound {
		t.Errorf("bound %d without a probe, want none", r.b.inflightLongterm)
	}
}

// TestBBRPrecaution: after a probe that went too high, the next stops when as
// much is in the network again; where that did no harm, another follows at once
// (section 5.3.3.6).
func TestBBRPrecaution(t *testing.T) {
	for _, harm := range []bool{false, true} {
		r := newBBRRig(t).up()
		r.b.inflightLongterm = rigBDP
		r.ack(bbrAck{sameRound: true, flight: 2 * rigBDP})
		r.want(bbrUp) // the probe before did not go too high
		r.b.prevProbeTooHigh = true
		r.ack(bbrAck{sameRound: true, flight: rigBDP - 1})
		r.want(bbrUp)
		r.ack(bbrAck{sameRound: true, flight: rigBDP})
		r.want(bbrDown)
		if !r.b.prevProbePrecautionary || r.b.prevProbeTooHigh {
			t.Fatal("a probe stopped by precaution is not noted as one")
		}
		want := bbrRefill
		if harm {
			for i := range 20 {
				r.lose(i, rigBDP)
			}
			want = bbrDown
		}
		r.round(bbrAck{flight: rigBDP})
		r.want(want)
	}
}
