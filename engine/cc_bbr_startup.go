// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// Startup and Drain: sections 5.3.1 and 5.3.2.

// bbrFullPipe is the search for the rate that fills the pipe (section 2.13).
type bbrFullPipe struct {
	fullBWReached bool
	fullBWNow     bool
	fullBW        int64
	fullBWCount   int
	// drainStartRound is BBR.drain_start_round.
	drainStartRound uint32
}

const (
	// bbrFullBWGain and bbrFullBWRounds: the pipe is full when that many rounds
	// in a row did not grow the rate by that much (section 5.3.1.2).
	bbrFullBWGain   = 1.25
	bbrFullBWRounds = 3
	// bbrFullLosses is BBRStartupFullLossCnt (section 5.3.1.3), and
	// bbrFullMarks for how many rounds in a row marks end Startup.
	bbrFullLosses = 6
	bbrFullMarks  = 2
	// bbrDrainRounds bounds Drain (section 5.3.2).
	bbrDrainRounds = 3
)

// resetFullBW is ResetFullBW (section 5.3.1.2).
func (b *bbr) resetFullBW() { b.fullBW, b.fullBWCount, b.fullBWNow = 0, 0, false }

// checkFullBWReached is CheckFullBWReached (section 5.3.1.2).
func (b *bbr) checkFullBWReached(s *ackSample) {
	if b.fullBWNow || !b.roundStart || s.rate.appLimited {
		return
	}
	if float64(s.rate.rate) >= float64(b.fullBW)*bbrFullBWGain {
		b.resetFullBW()
		b.fullBW = s.rate.rate
		return
	}
	b.fullBWCount++
	b.fullBWNow = b.fullBWCount >= bbrFullBWRounds
	b.fullBWReached = b.fullBWReached || b.fullBWNow
}

// checkStartupDone is CheckStartupDone (section 5.3.1.1).
func (b *bbr) checkStartupDone(s *ackSample) {
	b.checkStartupHighLoss(s)
	if b.state == bbrStartup && b.fullBWReached {
		b.enterDrain()
	}
}

// checkStartupHighLoss is CheckStartupHighLoss (section 5.3.1.3). Marks count as
// well: the draft leaves the response to them open, but for that there MUST be
// one (section 3.7).
func (b *bbr) checkStartupHighLoss(s *ackSample) {
	if !b.lossRoundStart {
		return
	}
	if b.marked {
		b.marks++
	} else {
		b.marks = 0
	}
	events := b.lossEvents
	b.lossEvents, b.marked = 0, false
	if b.fullBWReached || b.state != bbrStartup {
		return
	}
	full := b.marks >= bbrFullMarks
	if b.recovering {
		full = full || b.isInflightTooHigh(s.rate.lost, s.rate.inFlight) && (events >= bbrFullLosses || !b.sack)
	}
	if full {
		b.undoState = bbrStartup
		b.fullBWNow, b.fullBWReached = true, true
		b.inflightLongterm = max(b.bdp(), b.inflightLatest)
	}
}

// enterDrain is EnterDrain (section 5.3.2).
func (b *bbr) enterDrain() {
	b.enter(bbrDrain)
	b.drainStartRound = b.roundCount
}

// checkDrainDone is CheckDrainDone (section 5.3.2).
func (b *bbr) checkDrainDone(s *ackSample) {
	if b.state == bbrDrain &&
		(int64(s.flight) <= b.inflightAt(b.bw, 1) || b.roundCount > b.drainStartRound+bbrDrainRounds) {
		b.startProbeBWDown(s.now) // EnterProbeBW, section 5.3.3.9
	}
}
