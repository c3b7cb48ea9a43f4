// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
)

// TestSendQuantum: a millisecond's worth, of two segments to 64 KiB (section
// 5.6.3).
func TestSendQuantum(t *testing.T) {
	for _, test := range []struct {
		rate int64
		want int
	}{{0, 2000}, {1_000_000, 2000}, {10_000_000, 10_000}, {65_536_000, 65_536}, {1 << 40, 65_536}} {
		if got := sendQuantum(test.rate, 1000); got != test.want {
			t.Errorf("%d bytes a second: %d, want %d", test.rate, got, test.want)
		}
	}
}

// TestBBRMaxInflight: the bandwidth-delay product times the gain, and no less
// than four segments and three quanta, and two segments more in UP (section
// 5.6.4.2). Without a round-trip time it is the initial window.
func TestBBRMaxInflight(t *testing.T) {
	for _, test := range []struct {
		name    string
		bw      int64
		state   bbrState
		quantum int
		want    int64
	}{
		{"cruise", rigBW, bbrCruise, 2000, 2 * rigBDP},
		{"up", rigBW, bbrUp, 2000, 225_000 + 2*rigMSS},
		{"ProbeRTT", rigBW, bbrProbeRTT, 2000, rigBDP / 2},
		{"less than four segments", 1000, bbrCruise, 1000, 4 * rigMSS},
		{"less than three quanta", 1000, bbrCruise, 60_000, 180_000},
	} {
		b := newBBRRig(t).b
		b.bw, b.quantum = test.bw, test.quantum
		b.enter(test.state)
		if got := b.maxInflight(); got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
	b := newBBR(ccStart{mss: rigMSS, initial: rigIW}).(*bbr)
	b.bw, b.quantum = rigBW, rigMSS
	if got := b.bdp(); got != rigIW {
		t.Errorf("%d without a round-trip time, want the initial window", got)
	}
}

// TestBBRWindow: the window grows by what is acknowledged, up to what the model
// allows; before the pipe was full it never shrinks to that (section 5.6.4.6).
func TestBBRWindow(t *testing.T) {
	for _, test := range []struct {
		name  string
		full  bool
		cwnd  int
		acked int
		want  int
	}{
		{"grows", true, rigBDP, 1000, rigBDP + 1000},
		{"up to what the model allows", true, 2*rigBDP - 500, 1000, 2 * rigBDP},
		{"and down to it", true, 3 * rigBDP, 1000, 2 * rigBDP},
		{"grows in Startup", false, rigBDP, 1000, rigBDP + 1000},
		{"stays in Startup", false, 3 * rigBDP, 1000, 3 * rigBDP},
		{"stays in Startup at what the model allows", false, 2 * rigBDP, 1000, 2 * rigBDP},
		{"never below four segments", true, 1000, 1000, 4000},
	} {
		r := newBBRRig(t).cruise()
		r.b.fullBWReached, r.b.cwnd, r.b.extraAcked = test.full, test.cwnd, 0
		r.b.setCwnd(&ackSample{acked: test.acked})
		if r.b.cwnd != test.want {
			t.Errorf("%s: %d, want %d", test.name, r.b.cwnd, test.want)
		}
	}
	// Little was delivered: the model does not bound the window yet.
	b := newBBR(ccStart{mss: rigMSS, initial: rigIW, srtt: rigRTT}).(*bbr)
	b.delivered = rigIW - 1
	b.setCwnd(&ackSample{acked: rigIW})
	if b.cwnd != 2*rigIW {
		t.Errorf("window %d after the first acknowledgment, want %d", b.cwnd, 2*rigIW)
	}
}

// TestBBRWindowBounds: which bound holds in which state (section 5.6.4.7).
func TestBBRWindowBounds(t *testing.T) {
	const short, long = 150_000, 100_000
	for _, test := range []struct {
		state       bbrState
		short, long int64
		want        int64
	}{
		{bbrStartup, bbrNoBound, long, bbrNoBound},
		{bbrDrain, short, long, short},
		{bbrDown, short, long, long},
		{bbrUp, bbrNoBound, long, long},
		{bbrRefill, bbrNoBound, long, long},
		{bbrCruise, short, long, 85_000},
		{bbrProbeRTT, short, long, 85_000},
		{bbrCruise, 50_000, long, 50_000},
		{bbrCruise, short, bbrNoBound, short},
		{bbrCruise, 100, long, 4000},
		{bbrCruise, bbrNoBound, 4500, 4000},
	} {
		b := newBBRRig(t).b
		b.enter(test.state)
		b.inflightShortterm, b.inflightLongterm = test.short, test.long
		if got := b.cwndCap(); got != test.want {
			t.Errorf("state %d, bounds %d and %d: %d, want %d", test.state, test.short, test.long, got, test.want)
		}
	}
}

// TestBBRRestart: after a pause text goes out at the bandwidth, and the pause is
// none of the path's (section 5.4.1); the window stays.
func TestBBRRestart(t *testing.T) {
	r := newBBRRig(t).cruise()
	r.b.enter(bbrDown)
	r.b.setPacingRateWithGain(0.9)
	window := r.b.cwnd
	r.now = r.now.Add(rigRTT * 100)
	r.b.onIdle(r.now, false)
	r.send(0, false)
	if r.b.idleRestart {
		t.Error("a pause that the application did not make counts as one")
	}
	r.send(0, true)
	if got := r.b.pacingRate(); got != rigBW*99/100 {
		t.Errorf("%d bytes a second, want %d", got, rigBW*99/100)
	}
	if r.b.extraAckedStart != r.now || r.b.cwnd != window {
		t.Errorf("window %d of %d; the aggregation of the path counts the pause: %v", r.b.cwnd, window, r.b.extraAckedStart != r.now)
	}
}

// TestBBRCwndLimited: the window counts as used in full in the round trip in
// which it was, and in the next (section 2.2, C.is_cwnd_limited).
func TestBBRCwndLimited(t *testing.T) {
	r := newBBRRig(t).cruise()
	b := r.b
	r.round(bbrAck{flight: rigFull})
	r.round(bbrAck{flight: rigFull})
	r.send(b.cwnd-3*rigMSS, false)
	if b.isCwndLimited() {
		t.Error("limited with room for two segments")
	}
	r.send(b.cwnd-2*rigMSS+1, false)
	if !b.isCwndLimited() {
		t.Error("not limited with room for less than one")
	}
	r.round(bbrAck{flight: rigFull})
	if !b.isCwndLimited() {
		t.Error("not limited a round later")
	}
	r.round(bbrAck{flight: rigFull})
	if b.isCwndLimited() {
		t.Error("limited two rounds later")
	}
}

// TestBBRCruiseMargin: CRUISE stays a little more below the bandwidth while an eighth
// of a round trip of queue stands, and no other state does.
func TestBBRCruiseMargin(t *testing.T) {
	for _, test := range []struct {
		rtt   time.Duration
		state bbrState
		want  int64
	}{
		{rigRTT, bbrCruise, rigBW * 99 / 100},
		{rigRTT * 112 / 100, bbrCruise, rigBW * 99 / 100},
		{rigRTT * 113 / 100, bbrCruise, rigBW * 97 / 100},
		{2 * rigRTT, bbrDown, rigBW * 99 / 100 * 9 / 10},
		{2 * rigRTT, bbrRefill, rigBW * 99 / 100},
		{2 * rigRTT, bbrUp, rigBW * 99 / 100 * 5 / 4},
		{2 * rigRTT, bbrProbeRTT, rigBW * 99 / 100},
	} {
		r := newBBRRig(t).cruise().queue(test.rtt)
		r.b.enter(test.state)
		r.b.setPacingRateWithGain(r.b.pacingGain)
		if got := r.b.pacing; got != test.want {
			t.Errorf("round trip %v of %v, state %d: pace %d, want %d", test.rtt, rigRTT, test.state, got, test.want)
		}
	}
}
