// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "math"

// What losses and marks do to the model, and how that is taken back: sections
// 5.5.10 and 5.5.11.

// bbrUndo is what an episode of recovery may have to give back (section 2.15).
type bbrUndo struct {
	recovering bool // fast recovery, or after a timeout
	timeout    bool // after a timeout
	timedOut   bool // a timeout it is that marks what is lost now
	saved      bool // this episode's state was saved

	priorCwnd             int
	undoState             bbrState
	undoBWShortterm       int64
	undoInflightShortterm int64
	undoInflightLongterm  int64
}

// bbrQueueLossThresh is the threshold of a probe into a queue that takes bbrLossQueue
// of the least round-trip time.
const (
	bbrQueueLossThresh = bbrLossThresh / 8
	bbrLossQueue       = 0.5
)

// probeLossThresh is BBR.LossThresh while probing, but for a queue that stands.
//
// The draft has one threshold. But what stands in a long queue is in part the text of
// others, and its losses are theirs as much as ours: a CUBIC gives way at its first,
// while we would probe on until a fiftieth of a round trip is lost, into what it has
// just left, and take three quarters of the link from it.
func (b *bbr) probeLossThresh() float64 {
	if b.queueOf(bbrLossQueue) {
		return bbrQueueLossThresh
	}
	return bbrLossThresh
}

// bearable returns how much may be lost of inflight bytes without a sign of
// congestion, in bytes, where the threshold is thresh.
//
// The draft compares the share that was lost with the threshold. But of the few
// hundred segments of a flight, chance takes more than that share now and then
// on a path that loses half of it: so what chance explains, two standard
// deviations, is borne on top.
func (b *bbr) bearable(inflight int64, thresh float64) float64 {
	mean := thresh * float64(inflight)
	return mean + 2*math.Sqrt(mean*float64(b.mss))
}

// isInflightTooHigh is IsInflightTooHigh (section 5.5.10.2): lost bytes were lost
// of what was sent with inflight in the network. Without SACK, one loss in a
// round trip is all that can be seen.
func (b *bbr) isInflightTooHigh(lost int64, inflight int) bool {
	return float64(lost) > b.bearable(int64(inflight), b.probeLossThresh()) || lost > 0 && !b.sack
}

// onLost is HandleLostPacket (section 5.5.10.2).
func (b *bbr) onLost(l lostSample) {
	b.delivered = l.delivered
	if b.timedOut {
		b.cwnd = max(b.cwnd-l.bytes, b.mss)
	}
	b.saveStateUponLoss()
	b.noteLoss()
	b.lostInRound += int64(l.bytes)
	if b.lossEvents == 0 || l.at.Start != b.lostTo {
		b.lossEvents++
	}
	b.lostTo = l.at.End
	if !b.isBWProbeSample {
		return
	}
	lost := l.lost - l.sent.lost
	if b.isInflightTooHigh(lost, l.sent.inFlight) {
		b.handleInflightTooHigh(l.now, b.inflightAtLoss(&l, lost), l.sent.appLimited)
	}
}

// noteLoss is NoteLoss (section 5.5.10.2), but for what an undo would need.
func (b *bbr) noteLoss() {
	if !b.isLossInRound {
		b.lossRoundDelivered = b.delivered
	}
	b.isLossInRound = true
}

// inflightAtLoss is InflightAtLoss (section 5.5.10.2): how much was in the
// network when losses crossed the threshold, within what was lost.
func (b *bbr) inflightAtLoss(l *lostSample, lost int64) int64 {
	prev := int64(l.sent.inFlight - l.bytes)
	lostPrev := float64(lost - int64(l.bytes))
	thresh := b.probeLossThresh()
	prefix := (b.bearable(prev, thresh) - lostPrev) / (1 - thresh)
	return prev + int64(max(prefix, 0))
}

// handleInflightTooHigh is HandleInflightTooHigh (section 5.5.10.2). It acts once
// for each probe.
func (b *bbr) handleInflightTooHigh(now Instant, inflight int64, appLimited bool) {
	b.prevProbeTooHigh = true
	b.isBWProbeSample = false
	if !appLimited {
		b.inflightLongterm = max(inflight, int64(float64(b.targetInflight())*bbrBeta))
	}
	if b.state == bbrUp {
		b.undoState = bbrUp
		b.startProbeBWDown(now)
	}
}

// onCongestion takes a mark for what a loss would be (section 3.7, MUST), and
// while probing for one of too many.
func (b *bbr) onCongestion(now Instant, flight int) {
	b.noteLoss()
	b.marked = true
	if b.isBWProbeSample {
		b.handleInflightTooHigh(now, int64(flight), b.limited)
	}
}

// adaptLowerBoundsFromCongestion is AdaptLowerBoundsFromCongestion, with
// InitLowerBounds and LossLowerBounds (section 5.5.10.3): once a round trip with
// losses, towards what the path delivered in it.
//
// In the draft any loss makes a round such a one. But what is delivered is a
// little less than what was sent, so that on a path with stray losses each round
// would lower the bounds by a hundredth or two, and the sixty rounds between two
// probes by half. So here more must be lost than is bearable when probing too.
func (b *bbr) adaptLowerBoundsFromCongestion() {
	lossy := b.isLossInRound && (float64(b.lostInRound) > b.bearable(b.inflightLatest, bbrLossThresh) || !b.sack)
	if b.isProbingBW() || !lossy && !b.marked {
		return
	}
	if b.bwShortterm == bbrNoBound {
		b.bwShortterm = b.maxBW
	}
	if b.inflightShortterm == bbrNoBound {
		b.inflightShortterm = int64(b.cwnd)
	}
	b.bwShortterm = max(b.bwLatest, int64(bbrBeta*float64(b.bwShortterm)))
	b.inflightShortterm = max(b.inflightLatest, int64(bbrBeta*float64(b.inflightShortterm)))
}

// resetShortTermModel is ResetShortTermModel (section 5.5.10.3).
func (b *bbr) resetShortTermModel() {
	b.bwShortterm, b.inflightShortterm = bbrNoBound, bbrNoBound
}

// saveStateUponLoss is SaveStateUponLoss (section 5.5.11.1), once for each
// episode: at its first loss, before that changes anything.
func (b *bbr) saveStateUponLoss() {
	if b.saved {
		return
	}
	b.saved = true
	b.saveCwnd()
	b.undoState = bbrNone
	b.undoBWShortterm = b.bwShortterm
	b.undoInflightShortterm = b.inflightShortterm
	b.undoInflightLongterm = b.inflightLongterm
}

// saveCwnd is SaveCwnd (section 5.6.4.4).
func (b *bbr) saveCwnd() {
	if b.recovering || b.state == bbrProbeRTT {
		b.priorCwnd = max(b.priorCwnd, b.cwnd)
	} else {
		b.priorCwnd = b.cwnd
	}
}

// restoreCwnd is RestoreCwnd (section 5.6.4.4).
func (b *bbr) restoreCwnd() { b.cwnd = max(b.cwnd, b.priorCwnd) }

// onUndo is HandleSpuriousLossDetection (section 5.5.11.2).
func (b *bbr) onUndo(now Instant) {
	state := b.undoState
	b.onRecovered(now)
	b.isLossInRound, b.undoState = false, bbrNone
	b.resetFullBW()
	b.bwShortterm = max(b.bwShortterm, b.undoBWShortterm)
	b.inflightShortterm = max(b.inflightShortterm, b.undoInflightShortterm)
	b.inflightLongterm = max(b.inflightLongterm, b.undoInflightLongterm)
	switch {
	case state == bbrStartup && b.state != bbrStartup:
		b.fullBWReached = false
		if b.state != bbrProbeRTT {
			b.enter(bbrStartup)
		}
	case state == bbrUp && b.state != bbrUp && b.state != bbrProbeRTT:
		b.startProbeBWRefill()
	}
}
