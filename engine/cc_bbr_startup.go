// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// This file is Startup and Drain (sections 5.3.1 and 5.3.2): the bandwidth is
// found by doubling, and the queue that this made is emptied.

// bbrFullPipe tells when more inflight gives no more bandwidth (section 5.3.1.2).
type bbrFullPipe struct {
	bw      float64 // full_bw
	count   int
	now     bool // full_bw_now: since the last reset
	reached bool // full_bw_reached: ever
}

// Growth by less than a quarter in each of three rounds is none.
const (
	bbrFullGrowth = 1.25
	bbrFullRounds = 3
	// bbrStartupLosses is how many losses in a round end Startup, if they are
	// more than bbrLossThresh of what was sent (section 5.3.1.3).
	bbrStartupLosses = 6
)

// reset is BBRResetFullBW.
func (f *bbrFullPipe) reset() { f.bw, f.count, f.now = 0, 0, false }

func (b *bbr) enterStartup() { b.state = bbrStartup }

// checkFullPipe is BBRCheckFullBWReached (section 5.3.1.2).
func (b *bbr) checkFullPipe(s *ackSample) {
	f := &b.fullPipe
	if f.now || !b.rounds.start || s.rate.appLimited || s.rate.rate == 0 {
		return
	}
	if rate := float64(s.rate.rate); rate >= f.bw*bbrFullGrowth {
		f.reset()
		f.bw = rate
		return
	}
	f.count++
	f.now = f.count >= bbrFullRounds
	f.reached = f.reached || f.now
}

// checkStartupDone is BBRCheckStartupDone (section 5.3.1.1).
func (b *bbr) checkStartupDone(s *ackSample) {
	b.checkStartupLoss(s)
	if b.state == bbrStartup && b.fullPipe.reached {
		b.state = bbrDrain
	}
}

// checkStartupLoss is BBRCheckStartupHighLoss (section 5.3.1.3).
func (b *bbr) checkStartupLoss(s *ackSample) {
	if b.state != bbrStartup || b.fullPipe.reached || !b.recovering {
		return
	}
	if b.model.lossRoundStart && b.model.losses >= bbrStartupLosses && b.tooHigh(&s.rate) {
		b.fullPipe.reached = true
		b.model.flightLong = max(b.bdp(b.model.maxBW(), 1), b.model.flightLatest)
	}
	if b.model.lossRoundStart {
		b.model.losses = 0
	}
}

// checkDrainDone is BBRCheckDrainDone (section 5.3.2).
func (b *bbr) checkDrainDone(s *ackSample) {
	if b.state == bbrDrain && s.flight <= b.flightAt(1) {
		b.startDown(s.now)
	}
}
