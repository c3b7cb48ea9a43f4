// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// This file is the model of the path (section 5.5): the bandwidth, and bounds of
// what may be in flight.

// bbrModel holds bandwidths in bytes a second, and volumes in bytes.
type bbrModel struct {
	// max are the largest rates of this cycle of ProbeBW and of the one before
	// (section 5.5.5, MaxBwFilter).
	max [2]float64
	// bwShort and flightShort are the short-term bounds, flightLong the
	// long-term one (section 5.5.10): unbounded when there is none.
	bwShort                 float64
	flightShort, flightLong int

	// The signals of this round of losses (section 5.5.10.3).
	bwLatest       float64
	flightLatest   int
	lossRound      int64 // loss_round_delivered
	lossRoundStart bool
	lostInRound    int // bytes
	losses         int // records
}

func (m *bbrModel) maxBW() float64 { return max(m.max[0], m.max[1]) }

// bw is the bandwidth to go by (section 5.5.10.3, BBRBoundBWForModel).
func (m *bbrModel) bw() float64 { return min(m.maxBW(), m.bwShort) }

// advanceMaxBW is BBRAdvanceMaxBwFilter.
func (m *bbrModel) advanceMaxBW() {
	if m.max[1] == 0 {
		return // nothing was measured in this cycle
	}
	m.max[0], m.max[1] = m.max[1], 0
}

// updateLatest is BBRUpdateLatestDeliverySignals (section 5.5.10.3).
func (b *bbr) updateLatest(s *ackSample) {
	m := &b.model
	m.lossRoundStart = false
	m.bwLatest = max(m.bwLatest, float64(s.rate.rate))
	m.flightLatest = max(m.flightLatest, s.rate.got())
	if s.rate.some && s.rate.priorDelivered >= m.lossRound {
		m.lossRound = s.rate.delivered
		m.lossRoundStart = true
	}
}

// advanceLatest is BBRAdvanceLatestDeliverySignals.
func (b *bbr) advanceLatest(s *ackSample) {
	if b.model.lossRoundStart {
		b.model.bwLatest, b.model.flightLatest = float64(s.rate.rate), s.rate.got()
	}
}

// updateCongestion is BBRUpdateCongestionSignals.
func (b *bbr) updateCongestion(s *ackSample) {
	b.updateRound(s)
	b.updateMaxBW(s)
	if !b.model.lossRoundStart {
		return
	}
	b.adaptShortTerm()
	b.model.lostInRound = 0
}

// updateMaxBW is BBRUpdateMaxBw (section 5.5.6): a rate that the application
// limited counts only if it is the largest.
func (b *bbr) updateMaxBW(s *ackSample) {
	rate := float64(s.rate.rate)
	if rate > 0 && (rate >= b.model.maxBW() || !s.rate.appLimited) {
		b.model.max[1] = max(b.model.max[1], rate)
	}
}

// adaptShortTerm is BBRAdaptLowerBoundsFromCongestion: a round with losses, that
// no probe has caused, lowers the bounds to what was delivered in it.
//
// In the draft, any loss does. What is delivered is a little less than what was
// sent, so that every round with a stray loss would lower the bounds by a
// hundredth or two, and in the fifty rounds between two probes by a third: here
// a round counts that has lost more than a path loses that is not congested.
func (b *bbr) adaptShortTerm() {
	m := &b.model
	if b.state.probing() || float64(m.lostInRound) <= b.bearable(m.flightLatest) {
		return
	}
	if m.bwShort == unbounded {
		m.bwShort = m.maxBW()
	}
	if m.flightShort == unbounded {
		m.flightShort = b.control.cwnd
	}
	m.bwShort = max(m.bwLatest, bbrBeta*m.bwShort)
	m.flightShort = max(m.flightLatest, int(bbrBeta*float64(m.flightShort)))
}

// noteLoss is BBRNoteLoss: n bytes were lost.
func (b *bbr) noteLoss(n int) {
	m := &b.model
	if m.lostInRound == 0 {
		m.lossRound = b.rounds.delivered
	}
	m.lostInRound += n
	m.losses++
}

// resetCongestion is BBRResetCongestionSignals.
func (b *bbr) resetCongestion() {
	m := &b.model
	m.lostInRound, m.bwLatest, m.flightLatest = 0, 0, 0
}

func (b *bbr) resetShortTerm() { b.model.bwShort, b.model.flightShort = unbounded, unbounded }
func (b *bbr) resetLongTerm()  { b.model.flightLong = unbounded }

// bbrAggregation estimates how much is acknowledged at once beyond what the
// bandwidth explains (section 5.5.9).
type bbrAggregation struct {
	start Instant
	bytes int
	// extra are the largest of this half of the filter, and of the one before.
	extra [2]int
	round int // when the half began
}

// bbrExtraRounds is half of ExtraAckedFilterLen, in rounds.
const bbrExtraRounds = 5

// updateAggregation is BBRUpdateACKAggregation.
func (b *bbr) updateAggregation(s *ackSample) {
	a := &b.acks
	expected := int(b.model.bw() * s.now.Sub(a.start).Seconds())
	if a.bytes <= expected {
		a.bytes, a.start, expected = 0, s.now, 0
	}
	a.bytes += s.acked
	if b.rounds.count-a.round >= bbrExtraRounds {
		a.extra[0], a.extra[1], a.round = a.extra[1], 0, b.rounds.count
	}
	a.extra[1] = max(a.extra[1], min(a.bytes-expected, b.control.cwnd))
}

func (a *bbrAggregation) most() int { return max(a.extra[0], a.extra[1]) }
