// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// rateSampler measures how fast the path delivers: the delivery rate of
// draft-ietf-ccwg-bbr, section 4.1. A sample spans what was delivered between
// the sending of a segment and its acknowledgment, over the longer of the times
// in which it was sent and acknowledged: acknowledgments that come in a burst do
// not exaggerate it.
type rateSampler struct {
	delivered   int64   // C.delivered: bytes ever known to have arrived
	deliveredAt Instant // C.delivered_time
	firstSentAt Instant // C.first_sent_time: the start of the sending window
	lost        int64   // C.lost: bytes ever deemed lost
	// limitedUntil is C.app_limited: what is delivered up to that count was
	// sent while the application had nothing more to send; 0 when it had.
	limitedUntil int64
}

// rateStamp is the sampler's state when a segment was last sent, kept with it.
type rateStamp struct {
	delivered int64 // P.delivered
	// from is where its sample begins: in the draft P.delivered,
	// P.delivered_time and P.first_sent_time.
	from       deliveryPoint
	sentAt     Instant // P.sent_time
	lost       int64   // P.lost
	inFlight   int     // P.tx_in_flight: the pipe, this segment included
	appLimited bool    // P.is_app_limited
}

// before reports whether t was sent after s: among what was sent at one instant,
// what found more delivered, or more in the network.
func (s *rateStamp) before(t *rateStamp) bool {
	switch {
	case s.sentAt != t.sentAt:
		return s.sentAt < t.sentAt
	case s.delivered != t.delivered:
		return s.delivered < t.delivered
	}
	return s.inFlight < t.inFlight
}

// rateSample is what one acknowledgment tells about the rate.
type rateSample struct {
	// rate is in bytes a second; 0 when the acknowledgment tells none.
	rate int64
	// delivered is the sampler's count now, and priorDelivered that when the
	// segment behind the sample was sent: a round trip has gone by when that
	// reaches the count at the round's start.
	delivered, priorDelivered int64
	interval                  time.Duration
	// lost is how many bytes were deemed lost since the segment was sent, and
	// inFlight the pipe that it was sent into.
	lost       int64
	inFlight   int
	appLimited bool

	stamp rateStamp // of the segment behind the sample
	some  bool
}

// onSent returns the stamp of a segment of n bytes that goes out into a pipe of
// flight bytes.
func (s *rateSampler) onSent(now Instant, n, flight int) rateStamp {
	if flight == 0 {
		// Nothing was in the network: the clock of both windows starts anew.
		s.firstSentAt, s.deliveredAt = now, now
	}
	return rateStamp{
		delivered:  s.delivered,
		from:       s.point(),
		sentAt:     now,
		lost:       s.lost,
		inFlight:   flight + n,
		appLimited: s.limitedUntil != 0,
	}
}

// point is where the sample of what is sent now begins by the draft; see
// ackEnvelope for where it does.
func (s *rateSampler) point() deliveryPoint {
	return deliveryPoint{delivered: s.delivered, at: s.deliveredAt, sentAt: s.firstSentAt}
}

// onLimited notes that the application has nothing more to send, with flight
// bytes in the network (draft-ietf-ccwg-bbr, section 4.1.2.4).
func (s *rateSampler) onLimited(flight int) {
	s.limitedUntil = max(s.delivered+int64(flight), 1)
}

// onDelivered takes n bytes that are newly known to have arrived, with the stamp
// of their last sending, into the sample of this acknowledgment.
func (s *rateSampler) onDelivered(now Instant, n int, st *rateStamp, out *rateSample) {
	s.delivered += int64(n)
	s.deliveredAt = now
	// The segment that was sent last is behind the sample (IsNewestPacket,
	// section 4.1.2.3).
	if !out.some || out.stamp.before(st) {
		out.some, out.stamp = true, *st
	}
}

// finish completes the sample of an acknowledgment. A sample over less than
// minRTT is no measurement: the segment behind it had been sent again, and it
// was the first transmission that arrived.
func (s *rateSampler) finish(out *rateSample, minRTT time.Duration) {
	if s.limitedUntil != 0 && s.delivered > s.limitedUntil {
		s.limitedUntil = 0
	}
	out.delivered = s.delivered
	if !out.some {
		return
	}
	st := &out.stamp
	s.firstSentAt = max(s.firstSentAt, st.sentAt)
	out.priorDelivered, out.inFlight, out.appLimited = st.delivered, st.inFlight, st.appLimited
	out.lost = s.lost - st.lost
	out.interval = max(st.sentAt.Sub(st.from.sentAt), s.deliveredAt.Sub(st.from.at))
	if out.interval <= 0 || out.interval < minRTT {
		return
	}
	got := s.delivered - st.from.delivered
	out.rate = int64(float64(got) / out.interval.Seconds())
}

// got is RS.delivered: how many bytes were delivered over the sample.
func (r *rateSample) got() int64 {
	if !r.some {
		return 0
	}
	return r.delivered - r.priorDelivered
}
