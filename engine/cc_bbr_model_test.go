// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
)

// TestMaxFilter: the greatest of the last steps, which fall out one by one.
func TestMaxFilter(t *testing.T) {
	var f maxFilter
	for i, test := range []struct {
		at   uint32
		n    int
		v    int64
		want int64
	}{
		{0, 2, 5, 5}, {0, 2, 3, 5}, {1, 2, 2, 5}, {1, 1, 2, 2}, {2, 2, 1, 2}, {3, 2, 1, 1}, {3, 10, 0, 5},
		{9, 10, 4, 5}, {10, 10, 0, 4}, {19, 10, 1, 1}, {18 + 10, 10, 0, 1}, {1 << 20, 10, 7, 7}, {1<<20 + 100, 10, 0, 0},
	} {
		if got := f.update(test.at, test.n, test.v); got != test.want {
			t.Errorf("update %d: %d at %d gives %d of %d steps, want %d", i, test.v, test.at, got, test.n, test.want)
		}
	}
}

// TestBBRMaxBW: the bandwidth is the greatest of this probing cycle and the last
// (section 5.5.3); a rate that the application limited counts only where it is
// greater (section 5.5.4).
func TestBBRMaxBW(t *testing.T) {
	r := newBBRRig(t)
	for i, test := range []struct {
		rate    int64
		limited bool
		cycle   bool // a new one begins
		want    int64
	}{
		{100, false, false, 100},
		{90, false, false, 100},
		{0, false, false, 100},
		{95, false, true, 100},
		{200, true, false, 200},
		{150, true, true, 200}, // ignored, and so not of this cycle
		{120, false, false, 200},
		{110, false, true, 120},
		{110, false, true, 110},
	} {
		if test.cycle {
			r.b.advanceMaxBWFilter()
		}
		r.b.updateMaxBW(&ackSample{rate: rateSample{rate: test.rate, appLimited: test.limited}})
		if r.b.maxBW != test.want {
			t.Errorf("sample %d: bandwidth %d, want %d", i, r.b.maxBW, test.want)
		}
	}
}

// TestBBRCycle: the cycle of that filter ends a round trip after UP (section
// 5.5.6), and not while the application limits the rate.
func TestBBRCycle(t *testing.T) {
	for _, limited := range []bool{false, true} {
		r := newBBRRig(t).up()
		cycle := r.b.cycleCount
		r.b.startProbeBWDown(r.now)
		r.ack(bbrAck{sameRound: true, flight: 2 * rigBDP})
		if r.b.cycleCount != cycle {
			t.Error("the cycle ends with UP")
		}
		r.round(bbrAck{flight: 2 * rigBDP, appLimited: limited})
		if got := r.b.cycleCount > cycle; got == limited {
			t.Errorf("limited %v: the cycle ended: %v", limited, got)
		}
		r.round(bbrAck{flight: 2 * rigBDP})
		if r.b.cycleCount > cycle+1 {
			t.Error("the cycle ended twice")
		}
	}
}

// TestBBRRounds: a round trip is over when something arrives that was sent after
// its start (section 5.5.1).
func TestBBRRounds(t *testing.T) {
	b := newBBRRig(t).b
	for i, test := range []struct {
		prior, delivered int64
		start            bool
	}{
		{0, 10, true}, {0, 20, false}, {9, 30, false}, {10, 40, true}, {30, 50, false}, {40, 60, true},
	} {
		b.delivered = test.delivered
		b.updateRound(&ackSample{rate: rateSample{priorDelivered: test.prior}})
		if b.roundStart != test.start {
			t.Errorf("acknowledgment %d: a new round: %v, want %v", i, b.roundStart, test.start)
		}
	}
	if b.roundCount != 3 {
		t.Errorf("%d rounds, want 3", b.roundCount)
	}
}

// TestBBRExtraAcked: what is acknowledged beyond what the bandwidth explains is
// remembered for ten round trips, and for one in Startup; the window makes up
// for it (section 5.5.9).
func TestBBRExtraAcked(t *testing.T) {
	r := newBBRRig(t).cruise()
	b := r.b
	feed := func(after time.Duration, acked int) {
		r.now = r.now.Add(after)
		b.updateACKAggregation(&ackSample{now: r.now, acked: acked})
	}
	b.extraAckedFilter, b.extraAckedDelivered, b.extraAckedStart = maxFilter{}, 0, r.now
	feed(10*time.Millisecond, 10_000) // as expected
	feed(0, 20_000)
	if b.extraAcked != 30_000 {
		t.Errorf("30000 bytes at once are %d extra", b.extraAcked)
	}
	feed(10*time.Millisecond, 5_000) // 10000 were expected by now
	if b.extraAcked != 30_000 {
		t.Errorf("the greatest is %d, want 30000", b.extraAcked)
	}
	if got := b.extraAckedDelivered; got != 35_000 {
		t.Errorf("%d bytes since the interval began, want 35000", got)
	}
	if most := b.maxInflight(); most != 2*rigBDP+30_000 {
		t.Errorf("%d bytes may be in the network, want %d", most, 2*rigBDP+30_000)
	}
	feed(100*time.Millisecond, 1_000) // slower than the bandwidth: a new interval
	if b.extraAckedDelivered != 1_000 || b.extraAckedStart != r.now {
		t.Errorf("%d bytes in the new interval, want 1000", b.extraAckedDelivered)
	}
	b.roundCount += 9
	feed(time.Second, 1_000)
	if b.extraAcked != 30_000 {
		t.Errorf("extra %d after 9 rounds, want 30000 still", b.extraAcked)
	}
	b.roundCount++
	feed(time.Second, 1_000)
	if b.extraAcked != 1_000 {
		t.Errorf("extra %d after 10 rounds, want 1000", b.extraAcked)
	}
	feed(time.Second, 10*rigBDP)
	if b.extraAcked != int64(b.cwnd) {
		t.Errorf("extra %d, want the window of %d at most", b.extraAcked, b.cwnd)
	}

	b.fullBWReached = false
	b.roundCount++
	feed(time.Second, 1_000)
	if b.extraAcked != 1_000 {
		t.Errorf("extra %d in Startup, want that of this round", b.extraAcked)
	}
}

// A path that carries less makes segments smaller, and with them the least window
// (section 2.7, BBR.MinPipeCwnd).
func TestBBRSmallerSegments(t *testing.T) {
	r := newBBRRig(t)
	r.b.setMSS(rigMSS / 2)
	if got, want := r.b.minPipe(), int64(bbrMinPipe*rigMSS/2); got != want {
		t.Errorf("the least window is %d, want %d", got, want)
	}
}

// IsInAProbeBWState (section 5.3.3.9).
func TestBBRInProbeBW(t *testing.T) {
	r := newBBRRig(t)
	for state, want := range map[bbrState]bool{
		bbrStartup: false, bbrDrain: false, bbrDown: true, bbrCruise: true, bbrRefill: true, bbrUp: true, bbrProbeRTT: false,
	} {
		if r.b.state = state; r.b.inProbeBW() != want {
			t.Errorf("state %d: %v, want %v", state, !want, want)
		}
	}
}

// IsTimeToGoDown (section 5.3.3.9): a bound that limits the rate is no sign that
// the path is full, but only where it does.
func TestBBRTimeToGoDown(t *testing.T) {
	for _, test := range []struct {
		name    string
		limited bool
		cwnd    int
		want    bool
	}{
		{"limited by the bound", true, 50_000, false},
		{"limited below the bound", true, 49_999, true},
		{"not limited", false, 50_000, true},
	} {
		r := newBBRRig(t).cruise()
		r.b.enter(bbrUp)
		r.b.fullBWNow, r.b.inflightLongterm, r.b.cwnd = true, 50_000, test.cwnd
		r.b.cwndUsed = [2]bool{test.limited, false}
		if got := r.b.isTimeToGoDown(&ackSample{}); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}

// TestBBRQueue: a queue stands where the least round-trip time of the last whole round
// says so; a round in which none was measured says nothing.
func TestBBRQueue(t *testing.T) {
	const long = rigRTT * 3 / 2
	r := newBBRRig(t).cruise().queue(long)
	want := func(share float64, want bool) {
		t.Helper()
		if got := r.b.queueOf(share); got != want {
			t.Errorf("least round-trip times %v: a queue of %v: %v, want %v", r.b.leastRTT, share, got, want)
		}
	}
	want(0.5, true)
	want(0.51, false)
	r.ack(bbrAck{rtt: rigRTT, sameRound: true, flight: rigFull})
	want(0.5, true) // the round is not over
	r.round(bbrAck{rtt: -1, flight: rigFull})
	want(0.01, false)
	r.queue(long)
	r.round(bbrAck{rtt: -1, flight: rigFull})
	r.round(bbrAck{rtt: -1, flight: rigFull})
	want(0.5, true)

	// The first round that is measured counts for the next.
	b := newBBR(ccStart{mss: rigMSS, initial: rigIW, sack: true, seed: 1}).(*bbr)
	if b.leastRTT[1] = rigRTT; b.queueOf(0.5) {
		t.Error("a queue before the least round-trip time is known")
	}
	b.leastRTT[1] = 0
	r = &bbrRig{t: t, b: b, now: Instant(time.Hour)}
	r.send(0, false)
	r.round(bbrAck{rtt: rigRTT, flight: rigFull})
	r.b.minRTT = rigRTT / 2
	r.round(bbrAck{rtt: rigRTT, flight: rigFull})
	want(1, true)

	// What queued has left while nothing was sent.
	r.send(0, true)
	want(0, false)
	r.round(bbrAck{rtt: rigRTT, flight: rigFull})
	want(0, false)

	// A link that takes no time has no queue.
	r.b.minRTT, r.b.leastRTT[1] = 0, 0
	want(0.5, false)
}
