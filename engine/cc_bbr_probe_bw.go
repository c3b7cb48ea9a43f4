// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// ProbeBW, in which a connection spends its life: section 5.3.3.

// bbrProbe is the state of probing for bandwidth (section 2.14).
type bbrProbe struct {
	ackPhase               bbrAckPhase
	isBWProbeSample        bool
	prevProbeTooHigh       bool
	prevProbePrecautionary bool
	bwProbeUpAcked         int64
	probeUpAckedPerInc     int64
	bwProbeUpRounds        uint
	roundsSinceProbeUp     int
	bwProbeWait            time.Duration
	cycleStamp             Instant
}

// bbrAckPhase is what acknowledgments tell of, with respect to probing (section
// 2.14, BBR.ack_phase).
type bbrAckPhase uint8

const (
	bbrAcksInit bbrAckPhase = iota
	bbrAcksRefilling
	bbrAcksProbeStarting
	bbrAcksProbeFeedback
	bbrAcksProbeStopping
)

// The time between two probes (section 5.3.3.8.2): bbrProbeWait and up to
// bbrProbeWaitMore by the clock, or as many round trips as Reno's window would
// need, up to bbrProbeRounds.
const (
	bbrProbeWait     = 2 * time.Second
	bbrProbeWaitMore = time.Second
	bbrProbeRounds   = 63
)

// inProbeBW is IsInAProbeBWState (section 5.3.3.9).
func (b *bbr) inProbeBW() bool { return b.state >= bbrDown && b.state <= bbrUp }

// isProbingBW is IsProbingBW (section 5.3.3.9).
func (b *bbr) isProbingBW() bool {
	return b.state == bbrStartup || b.state == bbrRefill || b.state == bbrUp
}

// startProbeBWDown is StartProbeBW_DOWN (section 5.3.3.9), with PickProbeWait.
func (b *bbr) startProbeBWDown(now Instant) {
	b.resetCongestionSignals()
	b.probeUpAckedPerInc = bbrNoBound
	b.roundsSinceProbeUp = int(b.random.below(2))
	b.bwProbeWait = bbrProbeWait + time.Duration(b.random.below(int64(bbrProbeWaitMore)))
	b.cycleStamp = now
	b.ackPhase = bbrAcksProbeStopping
	b.startRound()
	b.enter(bbrDown)
}

// startProbeBWRefill is StartProbeBW_REFILL (section 5.3.3.9).
func (b *bbr) startProbeBWRefill() {
	b.resetShortTermModel()
	b.bwProbeUpRounds, b.bwProbeUpAcked = 0, 0
	b.prevProbePrecautionary = false
	b.ackPhase = bbrAcksRefilling
	b.startRound()
	b.enter(bbrRefill)
}

// startProbeBWUp is StartProbeBW_UP (section 5.3.3.9).
func (b *bbr) startProbeBWUp(rate int64) {
	b.ackPhase = bbrAcksProbeStarting
	b.startRound()
	b.resetFullBW()
	b.fullBW = rate
	b.enter(bbrUp)
	b.raiseInflightLongtermSlope()
}

// updateProbeBWCyclePhase is UpdateProbeBWCyclePhase (section 5.3.3.9).
func (b *bbr) updateProbeBWCyclePhase(s *ackSample) {
	if !b.fullBWReached || b.adaptLongTermModel(s) {
		return
	}
	switch b.state {
	case bbrDown:
		if b.isTimeToProbeBW(s.now) {
			b.startProbeBWRefill()
		} else if b.isTimeToCruise(s.flight) {
			b.enter(bbrCruise)
		}
	case bbrCruise:
		if b.isTimeToProbeBW(s.now) {
			b.startProbeBWRefill()
		}
	case bbrRefill:
		if b.roundStart { // for one round, then UP
			b.isBWProbeSample = true
			b.startProbeBWUp(s.rate.rate)
		}
	case bbrUp:
		if b.isTimeToGoDown(s) {
			b.prevProbeTooHigh = false // not yet
			b.startProbeBWDown(s.now)
		}
	}
}

// isTimeToProbeBW is IsTimeToProbeBW, with IsRenoCoexistenceProbeTime (section
// 5.3.3.8.3): Reno's window would be back where it was after as many rounds as
// it has segments.
func (b *bbr) isTimeToProbeBW(now Instant) bool {
	rounds := min(b.targetInflight()/int64(b.mss), bbrProbeRounds)
	return now.Sub(b.cycleStamp) > b.bwProbeWait || int64(b.roundsSinceProbeUp) >= rounds
}

// targetInflight is TargetInflight (section 5.3.3.8.3).
func (b *bbr) targetInflight() int64 { return min(b.bdp(), int64(b.cwnd)) }

// isTimeToCruise is IsTimeToCruise (section 5.3.3.9).
func (b *bbr) isTimeToCruise(flight int) bool {
	return int64(flight) <= b.inflightWithHeadroom() && int64(flight) <= b.inflightAt(b.maxBW, 1)
}

// isTimeToGoDown is IsTimeToGoDown (section 5.3.3.9).
func (b *bbr) isTimeToGoDown(s *ackSample) bool {
	if b.prevProbeTooHigh && int64(s.flight) >= b.inflightLongterm {
		b.prevProbePrecautionary = true
		return true
	}
	if b.isCwndLimited() && int64(b.cwnd) >= b.inflightLongterm {
		b.resetFullBW() // the bound limits the rate, and not the path
		b.fullBW = s.rate.rate
		return false
	}
	return b.fullBWNow
}

// inflightWithHeadroom is InflightWithHeadroom (section 5.3.3.9).
func (b *bbr) inflightWithHeadroom() int64 {
	if b.inflightLongterm == bbrNoBound {
		return bbrNoBound
	}
	headroom := max(int64(b.mss), int64(bbrHeadroom*float64(b.inflightLongterm)))
	return max(b.inflightLongterm-headroom, b.minPipe())
}

// raiseInflightLongtermSlope is RaiseInflightLongtermSlope (section 5.3.3.9).
func (b *bbr) raiseInflightLongtermSlope() {
	growth := int64(1) << b.bwProbeUpRounds
	b.bwProbeUpRounds = min(b.bwProbeUpRounds+1, 30)
	b.probeUpAckedPerInc = max(int64(b.cwnd)/growth, int64(b.mss))
}

// probeInflightLongtermUpward is ProbeInflightLongtermUpward (section 5.3.3.9).
func (b *bbr) probeInflightLongtermUpward(s *ackSample) {
	if !b.isCwndLimited() || int64(b.cwnd) < b.inflightLongterm {
		return // the bound is not used in full
	}
	b.bwProbeUpAcked += int64(s.acked)
	delta := b.bwProbeUpAcked / b.probeUpAckedPerInc
	b.bwProbeUpAcked -= delta * b.probeUpAckedPerInc
	b.inflightLongterm += delta * int64(b.mss)
	if b.roundStart {
		b.raiseInflightLongtermSlope()
	}
}

// adaptLongTermModel is AdaptLongTermModel (section 5.3.3.9). It reports whether
// it moved to another state.
func (b *bbr) adaptLongTermModel(s *ackSample) bool {
	if b.ackPhase == bbrAcksProbeStarting && b.roundStart {
		b.ackPhase = bbrAcksProbeFeedback
	}
	if b.ackPhase == bbrAcksProbeStopping && b.roundStart {
		b.isBWProbeSample = false
		b.ackPhase = bbrAcksInit
		if b.inProbeBW() && !s.rate.appLimited {
			b.advanceMaxBWFilter()
		}
		if b.inProbeBW() && b.prevProbePrecautionary && !b.prevProbeTooHigh {
			b.startProbeBWRefill()
			return true
		}
	}
	if b.isInflightTooHigh(s.rate.lost, s.rate.inFlight) || b.inflightLongterm == bbrNoBound {
		return false
	}
	b.inflightLongterm = max(b.inflightLongterm, int64(s.rate.inFlight))
	if b.state == bbrUp {
		b.probeInflightLongtermUpward(s)
	}
	return false
}
