// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"time"
)

// This file is ProbeBW (section 5.3.3): a cycle of sending less than the path
// bears, as much, and for a while more, to see whether it bears more.

// bbrProbe is the state of the cycle.
type bbrProbe struct {
	stamp  Instant // cycle_stamp: when the phase began
	wait   time.Duration
	rounds int // rounds_since_bw_probe
	// samples says that what is acknowledged tells of the last probe
	// (bw_probe_samples), and phase of which part of it.
	samples bool
	phase   bbrAckPhase
	// flightLong grows by a segment for every upCount bytes acknowledged
	// (probe_up_cnt), of which upAcks are there; upRounds doubles the pace.
	upCount, upAcks int
	upRounds        uint
}

// bbrAckPhase is what the acknowledgments that come in tell of (section 5.5.10.1,
// BBR.ack_phase).
type bbrAckPhase uint8

const (
	bbrAcksInit bbrAckPhase = iota
	bbrAcksRefilling
	bbrAcksStarting
	bbrAcksFeedback
	bbrAcksStopping
)

// startDown is BBRStartProbeBW_DOWN (section 5.3.3.7).
func (b *bbr) startDown(now Instant) {
	b.resetCongestion()
	b.probe.upCount = unbounded
	b.probe.rounds = int(b.random(2))
	b.probe.wait = b.waits()
	b.probe.stamp = now
	b.probe.phase = bbrAcksStopping
	b.startRound()
	b.state = bbrDown
}

// startRefill is BBRStartProbeBW_REFILL.
func (b *bbr) startRefill() {
	b.resetShortTerm()
	b.probe.upRounds, b.probe.upAcks = 0, 0
	b.probe.phase = bbrAcksRefilling
	b.startRound()
	b.state = bbrRefill
}

// startUp is BBRStartProbeBW_UP.
func (b *bbr) startUp(s *ackSample) {
	b.probe.phase = bbrAcksStarting
	b.startRound()
	b.fullPipe.reset()
	b.fullPipe.bw = float64(s.rate.rate)
	b.raiseSlope()
	b.probe.stamp = s.now
	b.state = bbrUp
}

// updateProbeBW is BBRUpdateProbeBWCyclePhase (section 5.3.3.6).
func (b *bbr) updateProbeBW(s *ackSample) {
	if !b.fullPipe.reached {
		return
	}
	b.adaptLongTerm(s)
	switch b.state {
	case bbrDown:
		if !b.timeToProbe(s) && b.timeToCruise(s) {
			b.state = bbrCruise
		}
	case bbrCruise:
		b.timeToProbe(s)
	case bbrRefill:
		// A round at the full rate, for what follows to tell of the path and not
		// of the phase before.
		if b.rounds.start {
			b.probe.samples = true
			b.startUp(s)
		}
	case bbrUp:
		if b.timeToGoDown(s) {
			b.startDown(s.now)
		}
	}
}

// timeToCruise is BBRIsTimeToCruise.
func (b *bbr) timeToCruise(s *ackSample) bool {
	if s.flight > b.withHeadroom() {
		return false // not all that was put on top is gone
	}
	return s.flight <= b.quantized(b.bdp(b.model.maxBW(), 1))
}

// timeToGoDown is BBRIsTimeToGoDown: the path bears no more, for want of
// bandwidth and not of window.
func (b *bbr) timeToGoDown(s *ackSample) bool {
	if s.limited && b.control.cwnd >= b.model.flightLong {
		b.fullPipe.reset()
		b.fullPipe.bw = float64(s.rate.rate)
		return false
	}
	return b.fullPipe.now
}

// timeToProbe is BBRIsTimeToProbeBW (section 5.3.3.5): every two to three
// seconds, and as often as Reno would have got its window back.
func (b *bbr) timeToProbe(s *ackSample) bool {
	renoRounds := min(b.target()/b.mss, 63)
	if s.now.Sub(b.probe.stamp) <= b.probe.wait && b.probe.rounds < renoRounds {
		return false
	}
	b.startRefill()
	return true
}

// raiseSlope is BBRRaiseInflightLongtermSlope (section 5.3.3.6).
func (b *bbr) raiseSlope() {
	growth := b.mss << b.probe.upRounds
	b.probe.upRounds = min(b.probe.upRounds+1, 30)
	b.probe.upCount = max(b.control.cwnd/max(growth/b.mss, 1), b.mss)
}

// probeUpward is BBRProbeInflightLongtermUpward.
func (b *bbr) probeUpward(s *ackSample) {
	if !s.limited || b.control.cwnd < b.model.flightLong {
		return // what is not used need not grow
	}
	p := &b.probe
	p.upAcks += s.acked
	if p.upAcks >= p.upCount {
		n := p.upAcks / p.upCount
		p.upAcks -= n * p.upCount
		b.model.flightLong += n * b.mss
	}
	if b.rounds.start {
		b.raiseSlope()
	}
}

// adaptLongTerm is BBRAdaptLongTermModel (section 5.5.10.1).
func (b *bbr) adaptLongTerm(s *ackSample) {
	p := &b.probe
	if p.phase == bbrAcksStarting && b.rounds.start {
		p.phase = bbrAcksFeedback
	}
	if p.phase == bbrAcksStopping && b.rounds.start {
		if b.state.probeBW() && !s.rate.appLimited {
			b.model.advanceMaxBW()
		}
		p.phase = bbrAcksInit
	}
	if b.checkTooHigh(s) || b.model.flightLong == unbounded {
		return
	}
	b.model.flightLong = max(b.model.flightLong, s.rate.inFlight)
	if b.state == bbrUp {
		b.probeUpward(s)
	}
}

// tooHigh is IsInflightTooHigh (section 5.5.10.2): of what was in flight with the
// segment, more was lost than a path loses that is not congested.
//
// The draft compares the shares alone. Of the few hundred segments of a flight,
// random loss at half of the threshold is above it once in a few probes: so it
// must be above by two standard deviations as well.
func (b *bbr) tooHigh(r *rateSample) bool { return float64(r.lost) > b.bearable(r.inFlight) }

// bearable returns how much of flight bytes may be lost without a sign of
// congestion, in bytes.
func (b *bbr) bearable(flight int) float64 {
	mean := float64(flight) * bbrLossThresh
	return mean + 2*math.Sqrt(mean*float64(b.mss))
}

// checkTooHigh is the first part of BBRAdaptLongTermModel, and reports whether
// more was in flight than the path bears.
func (b *bbr) checkTooHigh(s *ackSample) bool {
	if !b.tooHigh(&s.rate) {
		return false
	}
	if b.probe.samples {
		b.handleTooHigh(s.now, s.rate.inFlight, s.rate.appLimited)
	}
	return true
}

// handleTooHigh is BBRHandleInflightTooHigh (section 5.5.10.2).
func (b *bbr) handleTooHigh(now Instant, flight int, appLimited bool) {
	b.probe.samples = false // one response to each probe
	if !appLimited {
		b.model.flightLong = max(flight, int(float64(b.target())*bbrBeta))
	}
	if b.state == bbrUp {
		b.startDown(now)
	}
}

// onLost is BBRHandleLostPacket (section 5.5.10.2).
func (b *bbr) onLost(l lostSample) {
	b.noteLoss(l.bytes)
	if !b.probe.samples {
		return
	}
	r := rateSample{inFlight: l.sent.inFlight, lost: l.lost - l.sent.lost, appLimited: l.sent.appLimited}
	if b.tooHigh(&r) {
		b.handleTooHigh(l.now, b.flightAtLoss(&r, l.bytes), r.appLimited)
	}
}

// flightAtLoss is BBRInflightAtLoss: at which part of the range that was lost,
// of size bytes, the losses became too many.
func (b *bbr) flightAtLoss(r *rateSample, size int) int {
	flight := float64(r.inFlight - size)
	lost := float64(r.lost - int64(size))
	prefix := (b.bearable(r.inFlight-size) - lost) / (1 - bbrLossThresh)
	return int(flight + max(prefix, 0))
}
