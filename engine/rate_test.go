// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
)

// rateRig is a sampler, and the stamps of what was sent, by name.
type rateRig struct {
	t      *testing.T
	s      rateSampler
	now    Instant
	flight int
	sent   map[byte]rateStamp
}

func newRateRig(t *testing.T) *rateRig {
	return &rateRig{t: t, now: Instant(time.Hour), sent: map[byte]rateStamp{}}
}

// at moves the clock to ms milliseconds after the start.
func (r *rateRig) at(ms int) { r.now = Instant(time.Hour).Add(time.Duration(ms) * time.Millisecond) }

// send sends a segment of 1000 bytes for each name, at ms.
func (r *rateRig) send(ms int, names string) {
	r.at(ms)
	for i := range len(names) {
		r.sent[names[i]] = r.s.onSent(r.now, 1000, r.flight)
		r.flight += 1000
	}
}

// lose deems segments lost.
func (r *rateRig) lose(names string) {
	r.flight -= 1000 * len(names)
	r.s.lost += int64(1000 * len(names))
}

// ack takes an acknowledgment of the segments at ms. The least round-trip time
// of the path is 100 ms.
func (r *rateRig) ack(ms int, names string) rateSample {
	r.at(ms)
	var out rateSample
	for i := range len(names) {
		st := r.sent[names[i]]
		r.s.onDelivered(r.now, 1000, &st, &out)
		r.flight -= 1000
	}
	r.s.finish(&out, 100*time.Millisecond)
	return out
}

// want holds a sample to a rate in bytes a second, and to its interval.
func (r *rateRig) want(got rateSample, rate int64, ms int) {
	r.t.Helper()
	if d := time.Duration(ms) * time.Millisecond; got.rate != rate || got.interval != d {
		r.t.Errorf("%d bytes a second over %v, want %d over %v", got.rate, got.interval, rate, d)
	}
}

// TestRateFlight: what a flight delivers, over the time from its start to its
// acknowledgment (draft-ietf-ccwg-bbr, section 4.1.1.2).
func TestRateFlight(t *testing.T) {
	r := newRateRig(t)
	r.send(0, "abcd")
	r.want(r.ack(100, "a"), 10_000, 100)
	r.want(r.ack(110, "b"), 18_181, 110)
	r.want(r.ack(120, "cd"), 33_333, 120)
}

// TestRateSteady: in a steady stream, a round trip's worth a round trip.
func TestRateSteady(t *testing.T) {
	r := newRateRig(t)
	var last rateSample
	for ms := 0; ms < 500; ms += 10 {
		if ms >= 100 {
			last = r.ack(ms, string(rune('A'+(ms-100)/10)))
		}
		r.send(ms, string(rune('A'+ms/10)))
	}
	r.want(last, 100_000, 100)
	if last.inFlight != 10_000 || last.got() != 10_000 {
		t.Errorf("sent into %d bytes, %d delivered since, want 10000 of each", last.inFlight, last.got())
	}
}

// TestRateCompressed: acknowledgments that were held up and come in a burst do
// not exaggerate: what was sent in 110 ms was not delivered in 101 (sections
// 4.1.1.2.2 to 4.1.1.2.4).
func TestRateCompressed(t *testing.T) {
	r := newRateRig(t)
	for i, name := range "abcdefghijklmnopqrst" { // one every 10 ms
		r.send(10*i, string(name))
	}
	r.ack(199, "abcdefghij")
	r.send(200, "u")
	r.ack(299, "klmnopqrst")
	r.want(r.ack(300, "u"), 100_000, 110)
}

// TestRateStretched: an acknowledgment of many segments tells the same as one of
// each (section 4.1.2.3).
func TestRateStretched(t *testing.T) {
	each, one := newRateRig(t), newRateRig(t)
	var last rateSample
	each.send(0, "abcdefgh")
	for _, name := range "abcdefgh" {
		last = each.ack(120, string(name))
	}
	one.send(0, "abcdefgh")
	got := one.ack(120, "abcdefgh")
	each.want(last, got.rate, int(got.interval/time.Millisecond))
	one.want(got, 66_666, 120)
}

// TestRateNewest: of what one acknowledgment delivers, the segment that was sent
// last is behind the sample, in whatever order they come; of those of one
// instant, the last (section 4.1.2.3, IsNewestPacket).
func TestRateNewest(t *testing.T) {
	for _, order := range []string{"abcd", "dcba", "cadb"} {
		r := newRateRig(t)
		r.send(0, "ab")
		r.send(30, "cd")
		if got := r.ack(130, order); got.stamp != r.sent['d'] {
			t.Errorf("%s: the sample is that of %+v, want d's", order, got.stamp)
		}
		if r.s.firstSentAt != r.sent['d'].sentAt {
			t.Errorf("%s: the next window begins at %v, want with the sending of d", order, r.s.firstSentAt)
		}
	}
}

// TestRateReordered: a segment that comes late does not move the start of the
// next sending windows back.
func TestRateReordered(t *testing.T) {
	r := newRateRig(t)
	r.send(0, "a")
	r.send(50, "b")
	r.ack(150, "b")
	r.ack(155, "a")
	if r.s.firstSentAt != r.sent['b'].sentAt {
		t.Errorf("the next window begins at %v, want with the sending of b", r.s.firstSentAt)
	}
}

// TestRateResent: a sample over less than the least round-trip time measures
// nothing: it was the first transmission that arrived (section 4.1.3.5).
func TestRateResent(t *testing.T) {
	r := newRateRig(t)
	r.send(0, "abc")
	r.ack(100, "bc")
	r.lose("a")
	r.send(150, "a") // again, into an empty pipe
	if got := r.ack(160, "a"); got.rate != 0 || !got.some || got.delivered != 3000 {
		t.Errorf("%d bytes a second (%v), %d delivered, want none, and 3000", got.rate, got.some, got.delivered)
	}

	// Where it was the retransmission, it is a sample like any other.
	r = newRateRig(t)
	r.send(0, "abc")
	r.ack(100, "bc")
	r.lose("a")
	r.send(150, "a")
	r.want(r.ack(250, "a"), 10_000, 100)
}

// TestRateLost counts what was deemed lost since the segment was sent.
func TestRateLost(t *testing.T) {
	r := newRateRig(t)
	r.send(0, "ab")
	r.lose("a")
	r.send(10, "cd")
	r.lose("c")
	if got := r.ack(110, "d"); got.lost != 1000 {
		t.Errorf("%d bytes lost since d was sent, want 1000", got.lost)
	}
	if got := r.ack(120, "b"); got.lost != 2000 {
		t.Errorf("%d bytes lost since b was sent, want 2000", got.lost)
	}
}

// TestRateLimited: samples are marked from when the application ran out until
// all that was in the network then has arrived, and one more (section 4.1.2.4).
func TestRateLimited(t *testing.T) {
	r := newRateRig(t)
	r.send(0, "ab")
	r.s.onLimited(r.flight)
	r.send(10, "cd")
	for i, test := range []struct {
		name string
		want bool
	}{{"a", false}, {"b", false}, {"c", true}, {"d", true}} {
		if got := r.ack(110+10*i, test.name); got.appLimited != test.want {
			t.Errorf("%s: limited %v, want %v", test.name, got.appLimited, test.want)
		}
		if test.name == "b" && r.s.limitedUntil == 0 {
			t.Error("the mark is gone with the last of what was sent before the gap")
		}
	}
	if r.s.limitedUntil != 0 {
		t.Error("the mark stays after the gap has gone by")
	}
	r.send(200, "e")
	if r.ack(300, "e").appLimited {
		t.Error("limited after the gap has gone by")
	}

	r = newRateRig(t) // with nothing in the network, and nothing delivered
	r.s.onLimited(0)
	r.send(0, "a")
	if !r.ack(100, "a").appLimited {
		t.Error("not limited where the very first text was late")
	}
}

// holdsBack is a controller that sends less than it could.
type holdsBack struct{ pacedAt }

func (*holdsBack) understates() bool { return true }

// TestRateUnderstated: what a controller holds back on purpose counts as what the
// application did.
func TestRateUnderstated(t *testing.T) {
	for _, back := range []bool{false, true} {
		j := joinPaced(t, 0, 10*1448, 0, 1<<20)
		if back {
			cc := &holdsBack{}
			cc.windowed = newWindowed(1448, 10*1448)
			j.c[0].cc = cc
		}
		j.carry(0)
		j.now = j.now.Add(10 * time.Millisecond)
		j.carry(1)
		if got := j.c[0].rate.limitedUntil != 0; got != back {
			t.Errorf("held back %v: samples are marked as limited: %v", back, got)
		}
	}
}

// TestRateFullBuffer: what bounds the flight while half of the send buffer or more waits
// for its acknowledgment is the buffer, and not the application.
func TestRateFullBuffer(t *testing.T) {
	for _, more := range []int{0, 1} {
		const text = 10 * 1448
		j := joinPaced(t, 0, 4*text, 0, text)
		j.c[0].Resize(j.now, 1<<20, 2*(text+more))
		j.carry(0)
		if got := j.c[0].rate.limitedUntil != 0; got != (more > 0) {
			t.Errorf("%d bytes of a send buffer of %d are out: samples are marked as limited: %v", j.c[0].Unacked(), j.c[0].buf.snd, got)
		}
	}
}

// TestRateIdle: a pause is not time that the path took (section 4.1.2.2).
func TestRateIdle(t *testing.T) {
	r := newRateRig(t)
	r.send(0, "ab")
	r.ack(100, "ab")
	r.send(60_000, "cd")
	r.want(r.ack(60_100, "cd"), 20_000, 100)
}

// TestRateNothing: an acknowledgment that delivers nothing is no sample.
func TestRateNothing(t *testing.T) {
	r := newRateRig(t)
	r.send(0, "a")
	if got := r.ack(100, ""); got.some || got.rate != 0 || got.got() != 0 {
		t.Errorf("sample %+v of nothing", got)
	}
}

// However little was sent when the application had no more, what arrives beyond it
// is not limited by the application.
func TestRateLimitedEndsSoon(t *testing.T) {
	s := rateSampler{delivered: 2, limitedUntil: 1}
	s.finish(&rateSample{}, 0)
	if s.limitedUntil != 0 {
		t.Error("still limited")
	}
	s = rateSampler{delivered: 1, limitedUntil: 1}
	if s.finish(&rateSample{}, 0); s.limitedUntil == 0 {
		t.Error("what was limited counts as if it were not")
	}
}
