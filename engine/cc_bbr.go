// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"time"
)

const ccBBR = "bbr"

// bbr is BBR version 3 (draft-ietf-ccwg-bbr; sections cited are those of its
// revision 04). It keeps a model of the path, the bandwidth and the round-trip
// time without a queue, and paces by it; loss bounds the model, and does not
// drive it. Its names are the draft's.
//
// The files are in the order of the draft: the states before ProbeBW here and in
// cc_bbr_startup.go, cc_bbr_probe_bw.go, cc_bbr_probe_rtt.go, the model in
// cc_bbr_model.go, and what follows from it in cc_bbr_control.go.
type bbr struct {
	mss, initial int
	state        bbrState
	idleRestart  bool
	// recovering says that fast recovery is on, and conserving that it is in its
	// first round trip.
	recovering, conserving bool

	rounds   bbrRounds
	fullPipe bbrFullPipe
	model    bbrModel
	probe    bbrProbe
	minRTT   bbrMinRTT
	acks     bbrAggregation
	control  bbrControl
	undo     bbrUndo
	rng      uint64
}

// bbrState is a state of section 4.3.
type bbrState uint8

const (
	bbrStartup bbrState = iota
	bbrDrain
	bbrDown
	bbrCruise
	bbrRefill
	bbrUp
	bbrProbeRTT
)

// probing reports whether the state raises the rate to find more bandwidth (draft,
// section 5.5.10.3, IsProbingBW).
func (s bbrState) probing() bool { return s == bbrStartup || s == bbrRefill || s == bbrUp }

// probeBW reports whether s is one of ProbeBW's (IsInAProbeBWState).
func (s bbrState) probeBW() bool { return s >= bbrDown && s <= bbrUp }

// The constants of section 2.
const (
	bbrLossThresh   = 0.02
	bbrBeta         = 0.7
	bbrHeadroom     = 0.15
	bbrMinPipe      = 4 // segments
	bbrPacingMargin = 0.99
	bbrCwndGain     = 2
	bbrStartupGain  = 2.77
	bbrDrainGain    = 0.35
)

const unbounded = math.MaxInt64 / 4

func newBBR(mss, initial int, seed uint64) controller {
	b := &bbr{mss: mss, initial: initial, rng: seed}
	b.control.cwnd = initial
	b.minRTT.min = unbounded
	b.minRTT.probeMin = unbounded
	b.resetLongTerm()
	b.resetShortTerm()
	b.probe.upCount = unbounded
	b.enterStartup()
	return b
}

func (b *bbr) name() string      { return ccBBR }
func (b *bbr) window() int       { return b.control.cwnd }
func (b *bbr) threshold() int    { return math.MaxInt }
func (b *bbr) pacingRate() int64 { return int64(b.control.pacing) }
func (b *bbr) reduces() bool     { return false }
func (b *bbr) setMSS(mss int)    { b.mss = mss }

// takeOver begins with the window there is, and finds the bandwidth anew.
func (b *bbr) takeOver(window, _ int) { b.control.cwnd = max(b.control.cwnd, window) }

// random returns 0 to n-1.
func (b *bbr) random(n uint64) uint64 {
	b.rng += 0x9e3779b97f4a7c15
	z := b.rng
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return (z ^ z>>31) % n
}

// onSent restarts from idle (section 5.4.1): at the model's rate, and without
// taking the time that nothing was sent for a lack of bandwidth.
func (b *bbr) onSent(s sendSample) {
	if b.control.pacing == 0 {
		b.initPacing(0)
	}
	if !s.idle {
		return
	}
	b.idleRestart = true
	b.acks.start = s.now
	switch {
	case b.state.probeBW():
		b.setPacing(1)
	case b.state == bbrProbeRTT:
		b.checkProbeRTTDone(s.now, b.rounds.delivered)
	}
}

func (b *bbr) onIdle(Instant) {}

// onAck is BBRUpdateOnACK (section 5.2.3).
func (b *bbr) onAck(s ackSample) {
	b.updateModel(&s)
	b.updateControl(&s)
}

// updateModel is BBRUpdateModelAndState (section 5.2.3).
func (b *bbr) updateModel(s *ackSample) {
	b.updateLatest(s)
	b.updateCongestion(s)
	b.updateAggregation(s)
	b.checkFullPipe(s)
	b.checkStartupDone(s)
	b.checkDrainDone(s)
	b.updateProbeBW(s)
	b.updateMinRTT(s)
	b.checkProbeRTT(s)
	b.advanceLatest(s)
}

// updateControl is BBRUpdateControlParameters.
func (b *bbr) updateControl(s *ackSample) {
	if b.control.pacing == 0 || !b.fullPipe.reached && b.model.maxBW() == 0 {
		b.initPacing(s.srtt)
	}
	b.setPacing(b.pacingGain())
	b.setCwnd(s)
}

// onRecovery begins fast recovery: in its first round trip, what leaves the
// network is replaced and no more (section 5.6.4.4).
func (b *bbr) onRecovery(_ Instant, flight int) {
	b.saveForUndo()
	b.saveCwnd()
	b.recovering, b.conserving = true, true
	b.startRound()
}

func (b *bbr) onRecovered(Instant) {
	b.recovering, b.conserving = false, false
	b.restoreCwnd()
}

// onTimeout is section 5.6.4.4 for a timeout: the window is a segment over what
// is still in the network.
func (b *bbr) onTimeout(now Instant, flight int, first bool) {
	if first {
		b.saveForUndo()
		b.saveCwnd()
	}
	b.recovering, b.conserving = true, false
	b.control.cwnd = b.mss
}

// bbrUndo is what a loss took from the model (section 5.5.11).
type bbrUndo struct {
	state               bbrState
	shortBW             float64
	shortFlight, flight int
	valid               bool
}

func (b *bbr) saveForUndo() {
	b.undo = bbrUndo{b.state, b.model.bwShort, b.model.flightShort, b.model.flightLong, true}
}

// onUndo is BBRHandleSpuriousLossDetection (section 5.5.11.1).
func (b *bbr) onUndo(Instant) {
	u := &b.undo
	if !u.valid {
		return
	}
	b.model.lostInRound = 0
	b.fullPipe.reset()
	b.model.bwShort = max(b.model.bwShort, u.shortBW)
	b.model.flightShort = max(b.model.flightShort, u.shortFlight)
	b.model.flightLong = max(b.model.flightLong, u.flight)
	if b.state != bbrProbeRTT && b.state != u.state {
		switch u.state {
		case bbrStartup:
			b.enterStartup()
		case bbrUp:
			b.state = bbrUp
		}
	}
	u.valid = false
	b.recovering, b.conserving = false, false
	b.restoreCwnd()
}

// onCongestion treats a mark as a round that lost too much (RFC 3168, section
// 6.1.2, MUST).
func (b *bbr) onCongestion(_ Instant, flight int) { b.noteLoss(flight) }

// bbrRounds counts round trips (section 5.5.1).
type bbrRounds struct {
	delivered int64 // the sampler's count
	next      int64 // next_round_delivered
	start     bool  // round_start
	count     int
}

// startRound is BBRStartRound.
func (b *bbr) startRound() { b.rounds.next = b.rounds.delivered }

// updateRound is BBRUpdateRound.
func (b *bbr) updateRound(s *ackSample) {
	r := &b.rounds
	r.delivered = s.rate.delivered
	r.start = s.rate.some && s.rate.priorDelivered >= r.next
	if !r.start {
		return
	}
	b.startRound()
	r.count++
	b.probe.rounds++
	b.conserving = false
}

// bdp is the bandwidth-delay product times gain, in bytes (section 5.6.4.2,
// BBRBDPMultiple).
func (b *bbr) bdp(bw, gain float64) int {
	if b.minRTT.min == unbounded {
		return b.initial
	}
	return int(gain * bw * b.minRTT.min.Seconds())
}

// quantized gives room for the batches in which text is sent and acknowledged
// (section 5.6.4.2, BBRQuantizationBudget).
func (b *bbr) quantized(flight int) int {
	flight = max(flight, 3*b.control.quantum, bbrMinPipe*b.mss)
	if b.state == bbrUp {
		flight += 2 * b.mss
	}
	return flight
}

// flightAt is BBRInflight (section 5.6.4.2).
func (b *bbr) flightAt(gain float64) int { return b.quantized(b.bdp(b.model.bw(), gain)) }

// target is BBRTargetInflight (section 5.3.3.6).
func (b *bbr) target() int { return min(b.bdp(b.model.bw(), 1), b.control.cwnd) }

// withHeadroom is BBRInflightWithHeadroom (section 5.3.3.6): what leaves room for
// others.
func (b *bbr) withHeadroom() int {
	if b.model.flightLong == unbounded {
		return unbounded
	}
	room := max(b.mss, int(bbrHeadroom*float64(b.model.flightLong)))
	return max(b.model.flightLong-room, bbrMinPipe*b.mss)
}

// waits returns a time between 2 and 3 seconds.
func (b *bbr) waits() time.Duration {
	return 2*time.Second + time.Duration(b.random(uint64(time.Second)))
}
