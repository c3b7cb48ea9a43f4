// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// deliveryPoint is what an acknowledgment told of the delivery so far.
type deliveryPoint struct {
	delivered int64   // how much
	at        Instant // by when it was told
	sentAt    Instant // when the latest of it was sent
}

// ackEnvelope finds, among the acknowledgments of late, the one that was held up
// least on its way.
//
// A link, a scheduler or a batch holds acknowledgments up and lets them go in a
// burst. Text that goes out within the burst is stamped with a count that is
// behind the clock, and a sample from there counts the rest of the burst as
// delivered in no time: too much by the time that was lost, over a round trip.
// The greatest sample is what a controller believes, so that it ends up some
// percent above the path, and the difference stands in the queue. A sample that
// begins at a moment that was not late does not exaggerate; draft-ietf-ccwg-bbr
// has no step for that. The zero value has seen nothing.
type ackEnvelope struct {
	// best are the points that were held up least in the last span of time and in
	// this one, which began at from.
	best [2]deliveryPoint
	from Instant
}

// envelopeShare is the part of a round trip over which acknowledgments are
// compared, twice: a sample begins up to an eighth of a round trip early. With twice
// that the queue is no shorter in real time, and eight connections share it less
// evenly: chance exaggerates the samples of those that have little more than of
// those that have much.
const envelopeShare = 16

// reset begins anew with p.
func (e *ackEnvelope) reset(p deliveryPoint) {
	e.best = [2]deliveryPoint{p, p}
	e.from = p.at
}

// add takes the point of an acknowledgment, on a path that delivers rate bytes a
// second and where points are compared for span. Without either, each is better
// than the last.
func (e *ackEnvelope) add(p deliveryPoint, rate int64, span time.Duration) {
	switch {
	case rate <= 0 || span <= 0:
		e.reset(p)
	case p.at.Sub(e.from) >= span:
		e.best[0], e.best[1], e.from = e.best[1], p, p.at
	case p.ahead(e.best[1], rate):
		e.best[1] = p
	}
	if e.best[1].ahead(e.best[0], rate) {
		e.best[0] = e.best[1]
	}
}

// least returns the point that was held up least.
func (e *ackEnvelope) least() deliveryPoint { return e.best[0] }

// ahead reports whether p, which came after q, was held up no more than q: what
// came in between came at rate, or faster.
func (p deliveryPoint) ahead(q deliveryPoint, rate int64) bool {
	return float64(p.delivered-q.delivered) >= float64(rate)*p.at.Sub(q.at).Seconds()
}
