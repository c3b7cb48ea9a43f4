// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// The model of the path, but for what losses do to it: section 5.5.

// bbrModel are the parameters of the model (sections 2.9, 2.11 and 2.12). A rate
// is in bytes a second.
type bbrModel struct {
	maxBW       int64
	bwShortterm int64
	bw          int64
	maxBWFilter maxFilter
	cycleCount  uint32

	inflightLongterm  int64
	inflightShortterm int64

	extraAcked          int64
	extraAckedFilter    maxFilter
	extraAckedStart     Instant // BBR.extra_acked_interval_start
	extraAckedDelivered int64
}

const (
	bbrMaxBWFilterLen      = 2  // in cycles: this one and the last
	bbrExtraAckedFilterLen = 10 // in round trips
)

// updateMaxBW is UpdateMaxBw (section 5.5.5). A sample that the application
// limited counts only where it is higher: it understates the path (section
// 5.5.4).
func (b *bbr) updateMaxBW(s *ackSample) {
	b.updateRound(s)
	if r := s.rate.rate; r > 0 && (r >= b.maxBW || !s.rate.appLimited) {
		b.maxBW = b.maxBWFilter.update(b.cycleCount, bbrMaxBWFilterLen, r)
	}
}

// advanceMaxBWFilter is AdvanceMaxBwFilter (section 5.5.6).
func (b *bbr) advanceMaxBWFilter() { b.cycleCount++ }

// updateACKAggregation is UpdateACKAggregation (section 5.5.9).
func (b *bbr) updateACKAggregation(s *ackSample) {
	expected := int64(float64(b.bw) * s.now.Sub(b.extraAckedStart).Seconds())
	if b.extraAckedDelivered <= expected {
		b.extraAckedDelivered, b.extraAckedStart = 0, s.now
		expected = 0
	}
	b.extraAckedDelivered += int64(s.acked)
	extra := min(b.extraAckedDelivered-expected, int64(b.cwnd))
	n := bbrExtraAckedFilterLen
	if !b.fullBWReached {
		n = 1 // Startup remembers one round
	}
	b.extraAcked = b.extraAckedFilter.update(b.roundCount, n, extra)
}

// updateLatestDeliverySignals is UpdateLatestDeliverySignals (section 5.5.10.3).
func (b *bbr) updateLatestDeliverySignals(s *ackSample) {
	b.bwLatest = max(b.bwLatest, s.rate.rate)
	b.inflightLatest = max(b.inflightLatest, s.rate.got())
	b.lossRoundStart = s.rate.priorDelivered >= b.lossRoundDelivered
	if b.lossRoundStart {
		b.lossRoundDelivered = b.delivered
	}
}

// advanceLatestDeliverySignals is AdvanceLatestDeliverySignals (section
// 5.5.10.3).
func (b *bbr) advanceLatestDeliverySignals(s *ackSample) {
	if b.lossRoundStart {
		b.bwLatest = s.rate.rate
		b.inflightLatest = s.rate.got()
	}
}

// resetCongestionSignals is ResetCongestionSignals (section 5.5.10.3).
func (b *bbr) resetCongestionSignals() {
	b.isLossInRound, b.lostInRound = false, 0
	b.bwLatest, b.inflightLatest = 0, 0
}

// updateCongestionSignals is UpdateCongestionSignals (section 5.5.10.3).
func (b *bbr) updateCongestionSignals(s *ackSample) {
	b.updateMaxBW(s)
	if b.lossRoundStart {
		b.adaptLowerBoundsFromCongestion()
		b.isLossInRound, b.lostInRound = false, 0
	}
}

// boundBWForModel is BoundBWForModel (section 5.5.10.3).
func (b *bbr) boundBWForModel() { b.bw = min(b.maxBW, b.bwShortterm) }
