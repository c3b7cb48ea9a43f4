// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
)

// hystartRig feeds HyStart++ rounds of acknowledgments.
type hystartRig struct {
	hystart
	delivered int64
}

// ack takes an acknowledgment of a segment, the first of a round where it says
// so, and of no round-trip time where rtt is negative.
func (r *hystartRig) ack(rtt time.Duration, first bool) (grow int, over bool) {
	return r.ackOf(1, rtt, first)
}

// ackOf is ack of n segments.
func (r *hystartRig) ackOf(n int, rtt time.Duration, first bool) (grow int, over bool) {
	s := ackSample{acked: n * ccMSS, rtt: rtt}
	s.rate.priorDelivered = r.roundEnd - 1
	if first {
		s.rate.priorDelivered = r.roundEnd
	}
	r.delivered += int64(n) * ccMSS
	s.rate.delivered = r.delivered
	return r.slowStart(&s, ccMSS)
}

// round takes n acknowledgments, the first of which begins a round, and reports
// whether one of them ends slow start.
func (r *hystartRig) round(n int, rtt time.Duration) (over bool) {
	for i := range n {
		_, o := r.ack(rtt, i == 0)
		over = over || o
	}
	return over
}

// TestHystartRounds: a round ends when what was sent after its start is
// acknowledged (RFC 9406, section 4.2, windowEnd); the least round-trip time of
// the one before is kept, and counting begins anew.
func TestHystartRounds(t *testing.T) {
	r := &hystartRig{}
	r.round(1, 50*time.Millisecond)
	r.round(5, 40*time.Millisecond)
	if r.last != 50*time.Millisecond || r.least != 40*time.Millisecond || r.samples != 5 {
		t.Errorf("%+v", r.hystart)
	}
	if r.roundEnd != 2*ccMSS {
		t.Errorf("the round ends at %d, want what was delivered at its start", r.roundEnd)
	}
	r.ack(60*time.Millisecond, false)
	r.ack(30*time.Millisecond, false)
	r.ack(35*time.Millisecond, false)
	if r.last != 50*time.Millisecond || r.least != 30*time.Millisecond || r.samples != 8 {
		t.Errorf("%+v", r.hystart)
	}
	r.ack(-1, true)
	if r.last != 30*time.Millisecond || r.least != 0 || r.samples != 0 {
		t.Errorf("%+v", r.hystart)
	}
}

// TestHystartThreshold: slow start is left where the least round-trip time of a
// round is longer than that of the one before by an eighth of that, 4 ms at least
// and 16 ms at most (RFC 9406, sections 4.2 and 4.3).
func TestHystartThreshold(t *testing.T) {
	ms := time.Millisecond
	for _, test := range []struct{ last, thresh time.Duration }{
		{0, 4 * ms}, {8 * ms, 4 * ms}, {32 * ms, 4 * ms}, {40 * ms, 5 * ms},
		{80 * ms, 10 * ms}, {128 * ms, 16 * ms}, {200 * ms, 16 * ms},
	} {
		last := max(test.last, time.Microsecond)
		for _, d := range []time.Duration{test.thresh - 1, test.thresh} {
			r := &hystartRig{}
			r.round(1, last)
			r.round(8, last+d)
			if want := d >= test.thresh; r.css != want {
				t.Errorf("from %v to %v more: CSS %v, want %v", last, d, r.css, want)
			}
			if r.css && r.base != last+d {
				t.Errorf("cssBaselineMinRtt %v, want %v", r.base, last+d)
			}
		}
	}
}

// TestHystartStretch: an acknowledgment that stands for many segments is worth the
// samples that it saves, one for every second segment, so that a receiver which
// acknowledges in batches does not blind slow start (RFC 9406, section 4.2).
func TestHystartStretch(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		name     string
		segments []int // that each acknowledgment of the round stands for
		want     bool
	}{
		{"one of 15", []int{15}, false},
		{"one of 16", []int{16}, true},
		{"seven of 2", []int{2, 2, 2, 2, 2, 2, 2}, false},
		{"eight of 1", []int{1, 1, 1, 1, 1, 1, 1, 1}, true},
		{"10 and 6", []int{10, 6}, true},
	} {
		r := &hystartRig{}
		r.round(1, 50*ms)
		for i, n := range test.segments {
			r.ackOf(n, 90*ms, i == 0)
		}
		if r.css != test.want {
			t.Errorf("%s: CSS %v, want %v", test.name, r.css, test.want)
		}
	}
}

// TestHystartSamples: only a round of eight samples counts, and in it the least
// (RFC 9406, sections 4.2 and 4.3, N_RTT_SAMPLE); in the first round there is
// nothing to compare with.
func TestHystartSamples(t *testing.T) {
	ms := time.Millisecond
	for _, test := range []struct {
		name string
		rtts []time.Duration
		want bool
	}{
		{"seven", []time.Duration{90, 90, 90, 90, 90, 90, 90}, false},
		{"eight", []time.Duration{90, 90, 90, 90, 90, 90, 90, 90}, true},
		{"seven, and one without", []time.Duration{90, 90, 90, -1, 90, 90, 90, 90}, false},
		{"a short one", []time.Duration{90, 90, 50, 90, 90, 90, 90, 90, 90, 90}, false},
		{"a short one at last", []time.Duration{90, 90, 90, 90, 90, 90, 90, 50}, false},
	} {
		r := &hystartRig{}
		r.round(1, 50*ms)
		for i, rtt := range test.rtts {
			r.ack(rtt*ms, i == 0)
		}
		if r.css != test.want {
			t.Errorf("%s: CSS %v", test.name, r.css)
		}
	}
	r := &hystartRig{}
	r.round(20, 90*ms)
	if r.css {
		t.Error("CSS in the first round")
	}
}

// inCSS returns a rig that has just entered CSS, with a baseline of 90 ms.
func inCSS(t *testing.T) *hystartRig {
	t.Helper()
	r := &hystartRig{}
	r.round(1, 50*time.Millisecond)
	r.round(8, 90*time.Millisecond)
	if !r.css {
		t.Fatal("not in CSS")
	}
	return r
}

// TestHystartGrowth: in slow start the window grows by what is acknowledged, in
// CSS by a quarter of that (RFC 9406, sections 4.2 and 4.3, CSS_GROWTH_DIVISOR).
func TestHystartGrowth(t *testing.T) {
	for _, acked := range []int{1000, 8000, 16_000} {
		slow, css, later := &hystartRig{}, inCSS(t), &hystartRig{hystart: hystart{done: true}}
		for _, r := range []*hystartRig{slow, css, later} {
			want := acked
			if r == css {
				want /= 4
			}
			s := ackSample{acked: acked, rtt: 90 * time.Millisecond}
			s.rate.priorDelivered = r.roundEnd - 1
			if got, _ := r.slowStart(&s, ccMSS); got != want {
				t.Errorf("%d acknowledged, CSS %v: %d, want %d", acked, r.css, got, want)
			}
		}
	}
}

// TestHystartCSSRounds: after five rounds of CSS, of which that in which it began
// is one, slow start is over (RFC 9406, sections 4.2 and 4.3, CSS_ROUNDS).
func TestHystartCSSRounds(t *testing.T) {
	r := inCSS(t)
	for i := range 4 {
		if r.round(8, 90*time.Millisecond) {
			t.Fatalf("over after %d whole rounds", i)
		}
	}
	if _, over := r.ack(90*time.Millisecond, true); !over || !r.done {
		t.Error("not over at the end of the fifth")
	}
	if _, over := r.ack(90*time.Millisecond, true); over {
		t.Error("over twice")
	}
}

// TestHystartResume: where the least round-trip time of a round in CSS, of eight
// samples, is below that at its start, slow start goes on with HyStart++ (RFC
// 9406, section 4.2).
func TestHystartResume(t *testing.T) {
	for _, test := range []struct {
		name string
		rtt  time.Duration
		n    int
		want bool
	}{
		{"shorter", 90*time.Millisecond - 1, 8, true},
		{"seven samples", 50 * time.Millisecond, 7, false},
		{"the same", 90 * time.Millisecond, 8, false},
	} {
		r := inCSS(t)
		r.round(8, 90*time.Millisecond)
		r.round(test.n, test.rtt)
		if r.css == test.want {
			t.Errorf("%s: CSS %v", test.name, r.css)
		}
		if test.want && (r.base != 0 || r.done) {
			t.Errorf("%s: %+v", test.name, r.hystart)
		}
	}
	// A second time, its rounds are counted anew.
	r := inCSS(t)
	for range 3 {
		r.round(8, 90*time.Millisecond)
	}
	r.round(8, 50*time.Millisecond)
	r.round(8, 70*time.Millisecond)
	if !r.css || r.base != 70*time.Millisecond {
		t.Fatalf("CSS not begun again: %+v", r.hystart)
	}
	for range 4 {
		if r.round(8, 70*time.Millisecond) {
			t.Fatal("over early")
		}
	}
	if !r.round(1, 70*time.Millisecond) {
		t.Error("not over after five rounds")
	}
}

// TestHystartEnds: CSS that runs out makes cwnd ssthresh, and congestion
// avoidance begins; a loss or a mark ends slow start at any time (RFC 9406,
// section 4.2). Only a connection's first slow start has HyStart++ (section 4.3).
func TestHystartEnds(t *testing.T) {
	for _, m := range windowedMakers {
		c, w := m.make()
		r := &ccRig{controller: c, w: w, now: Instant(time.Hour)}
		w.first = inCSS(t).hystart
		w.first.cssRounds = 4
		s := ackSample{acked: 1000, limited: true, rtt: 90 * time.Millisecond}
		s.rate.priorDelivered = w.first.roundEnd
		r.sample(s)
		r.wantWindow(t, 10_000, 10_000)

		w.ssthresh = 100_000 // a later slow start, as after a timeout
		for range 4 {
			for range 8 {
				s.rate.priorDelivered = w.first.roundEnd
				r.sample(s)
			}
			s.rtt += 50 * time.Millisecond
		}
		r.wantWindow(t, 42_000, 100_000)
	}
	for name, event := range map[string]func(c controller){
		"loss":    func(c controller) { c.onRecovery(0, 10_000) },
		"mark":    func(c controller) { c.onCongestion(0, 10_000) },
		"timeout": func(c controller) { c.onTimeout(0, 10_000, true) },
	} {
		for _, m := range windowedMakers {
			c, w := m.make()
			event(c)
			if !w.first.done {
				t.Errorf("%s: a %s does not end the first slow start", m.name, name)
			}
		}
	}
}
