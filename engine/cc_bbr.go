// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"time"

	"tcpcb/engine/seq"
)

const ccBBR = "bbr"

// bbr is the congestion control of draft-ietf-ccwg-bbr, BBRv3: it keeps a model
// of the path, of how fast it delivers and how long a round trip takes when
// nothing queues, and from that decides how fast to send and how much to have in
// the network. "Section" in the cc_bbr files is a section of that draft, in the
// working group's copy of August 2026 (after revision 06), and fields and methods
// have its names.
//
// It differs from the draft in what counts as too much loss (see probeLossThresh,
// bearable and adaptLowerBoundsFromCongestion), in where a sample of the rate
// begins (see ackEnvelope), in the pace of CRUISE where a queue stands (see
// pacingMargin), and in that an episode of recovery saves its state for an undo
// once, and not in each of its round trips (see saveStateUponLoss).
//
// Its mechanisms are in files of their own: the state machine in
// cc_bbr_startup.go, cc_bbr_probe_bw.go and cc_bbr_probe_rtt.go, the model in
// cc_bbr_model.go and cc_bbr_loss.go, what follows from it in
// cc_bbr_control.go.
type bbr struct {
	mss     int // C.SMSS
	initial int // C.InitialCwnd
	sack    bool
	random  splitMix
	started bool // something was sent

	// What the last event told of the connection.
	delivered int64 // C.delivered
	inflight  int   // C.inflight
	limited   bool  // RS.is_app_limited

	// Control: section 2.4.
	cwnd       int
	pacing     int64 // C.pacing_rate, in bytes a second
	quantum    int   // C.send_quantum
	pacingGain float64
	cwndGain   float64

	state bbrState
	// cwndUsed is C.is_cwnd_limited in the making: the window was used in full
	// in this round trip, and in the last.
	cwndUsed [2]bool

	bbrRounds
	bbrModel
	bbrFullPipe
	bbrProbe
	bbrMinRTT
	bbrSignals
	bbrUndo
}

// bbrState is a state of the state machine of section 5.1.
type bbrState uint8

const (
	bbrStartup bbrState = iota
	bbrDrain
	bbrDown
	bbrCruise
	bbrRefill
	bbrUp
	bbrProbeRTT
	bbrNone // of undo: no state to return to
)

// bbrGains are the gains of each state (section 5.6.1).
var bbrGains = [...]struct{ pacing, cwnd float64 }{
	bbrStartup:  {2.77, 2},
	bbrDrain:    {0.5, 2},
	bbrDown:     {0.9, 2},
	bbrCruise:   {1, 2},
	bbrRefill:   {1, 2},
	bbrUp:       {1.25, 2.25},
	bbrProbeRTT: {1, 0.5},
}

// Constants of section 2.8.
const (
	bbrLossThresh = 0.02
	bbrBeta       = 0.7
	bbrHeadroom   = 0.15
	bbrMinPipe    = 4 // BBR.MinPipeCwnd, in segments
)

// bbrNoBound is an infinite bound, of bytes or of bytes a second.
const bbrNoBound = math.MaxInt64

// newBBR is OnInit (section 5.2.1), but for what needs the time of the first
// sending.
func newBBR(s ccStart) controller {
	b := &bbr{mss: s.mss, initial: s.initial, sack: s.sack, cwnd: s.initial, random: splitMix(s.seed)}
	b.minRTT, b.probeRTTMinDelay = bbrNoRTT, bbrNoRTT
	b.leastRTT[0] = bbrNoRTT
	if s.srtt > 0 {
		b.minRTT = s.srtt
	}
	b.inflightLongterm = bbrNoBound
	b.probeUpAckedPerInc = bbrNoBound
	b.undoState = bbrNone
	b.resetShortTermModel()
	b.initPacingRate(s.srtt)
	b.enter(bbrStartup)
	return b
}

// enter enters a state, with its gains.
func (b *bbr) enter(s bbrState) {
	b.state = s
	b.pacingGain, b.cwndGain = bbrGains[s].pacing, bbrGains[s].cwnd
}

func (b *bbr) name() string         { return ccBBR }
func (b *bbr) window() int          { return b.cwnd }
func (b *bbr) threshold() int       { return math.MaxInt } // there is no slow start to end
func (b *bbr) pacingRate() int64    { return b.pacing }
func (b *bbr) bandwidth() int64     { return b.maxBW }
func (b *bbr) reduces() bool        { return false }
func (b *bbr) understates() bool    { return b.state == bbrProbeRTT }
func (b *bbr) onIdle(Instant, bool) {}           // section 5.4.2: the model outlives the pause
func (b *bbr) burst(Instant) int    { return 0 } // it paces
func (b *bbr) setMSS(mss int)       { b.mss = mss }

// fresh is never so: its model is what it needs after a pause.
func (b *bbr) fresh() bool { return false }

// takeOver begins with the window there is, and finds the bandwidth anew.
func (b *bbr) takeOver(window, _ int) { b.cwnd = max(b.cwnd, window) }

// onSent is OnTransmit (section 5.2.2).
func (b *bbr) onSent(s sendSample) {
	if !b.started {
		b.started = true
		b.minRTTStamp, b.probeRTTMinStamp, b.extraAckedStart = s.now, s.now, s.now
	}
	b.inflight = s.flight
	b.timedOut = false
	if s.idle {
		b.restartFromIdle(s.now)
	}
	if s.flight+s.bytes+b.mss > b.cwnd {
		b.cwndUsed[0] = true
	}
}

// restartFromIdle is HandleRestartFromIdle (section 5.4.1).
func (b *bbr) restartFromIdle(now Instant) {
	b.idleRestart = true
	b.extraAckedStart = now
	b.leastRTT = [2]time.Duration{bbrNoRTT, 0} // what queued has left
	switch {
	case b.inProbeBW():
		b.setPacingRateWithGain(1)
	case b.state == bbrProbeRTT:
		b.checkProbeRTTDone(now)
	}
}

// onAck is UpdateOnACK (section 5.2.3).
func (b *bbr) onAck(s ackSample) {
	b.delivered, b.inflight = s.rate.delivered, s.flight
	if b.timeout && s.phase == phaseOpen {
		b.onRecovered(s.now) // from the timeout
	}
	if !s.rate.some {
		return // it told of losses only, which onLost took
	}
	b.limited = s.rate.appLimited
	b.updateLatestDeliverySignals(&s)
	b.updateCongestionSignals(&s)
	b.updateACKAggregation(&s)
	b.checkFullBWReached(&s)
	b.checkStartupDone(&s)
	b.checkDrainDone(&s)
	b.updateProbeBWCyclePhase(&s)
	b.updateMinRTT(&s)
	b.checkProbeRTT(&s)
	b.advanceLatestDeliverySignals(&s)
	b.boundBWForModel()

	b.setPacingRateWithGain(b.pacingGain)
	b.quantum = sendQuantum(b.pacing, b.mss)
	b.setCwnd(&s)
}

// isCwndLimited is C.is_cwnd_limited (section 2.2).
func (b *bbr) isCwndLimited() bool { return b.cwndUsed[0] || b.cwndUsed[1] }

// onRecovery is OnEnterFastRecovery (section 5.6.4.4).
func (b *bbr) onRecovery(Instant, int) {
	b.saveStateUponLoss()
	b.saveCwnd()
	b.recovering = true
}

// onRecovered restores the last known good window (section 5.6.4.4): what the
// model makes of it, the next acknowledgment tells.
func (b *bbr) onRecovered(Instant) {
	b.restoreCwnd()
	b.recovering, b.timeout, b.saved = false, false, false
}

// onTimeout is OnEnterRTO (section 5.6.4.4): the window lets one segment go,
// once what is lost is taken from it (see onLost).
func (b *bbr) onTimeout(_ Instant, flight int, _ bool) {
	b.saveStateUponLoss()
	b.saveCwnd()
	b.recovering, b.timeout, b.timedOut = true, true, true
	b.cwnd = flight + b.mss
}

// bbrRounds counts round trips (section 5.5.1).
type bbrRounds struct {
	roundCount         uint32
	roundStart         bool
	nextRoundDelivered int64
	// leastRTT are the least round-trip time of this round, and that of the last
	// round in which any was measured; 0 where there was none.
	leastRTT [2]time.Duration
}

// startRound is StartRound (section 5.5.1).
func (b *bbr) startRound() { b.nextRoundDelivered = b.delivered }

// updateRound is UpdateRound (section 5.5.1), and keeps leastRTT.
func (b *bbr) updateRound(s *ackSample) {
	b.roundStart = s.rate.priorDelivered >= b.nextRoundDelivered
	if b.roundStart {
		b.startRound()
		b.roundCount++
		b.roundsSinceProbeUp++
		b.cwndUsed = [2]bool{false, b.cwndUsed[0]}
		if b.leastRTT[0] != bbrNoRTT {
			b.leastRTT = [2]time.Duration{bbrNoRTT, b.leastRTT[0]}
		}
	}
	if s.rtt >= 0 {
		b.leastRTT[0] = min(b.leastRTT[0], s.rtt)
	}
}

// queueOf reports whether a queue seems to stand that takes a share of the least
// round-trip time: all of the last round found it.
func (b *bbr) queueOf(share float64) bool {
	return b.minRTT > 0 && b.minRTT != bbrNoRTT && b.leastRTT[1] >= b.minRTT+time.Duration(share*float64(b.minRTT))
}

// bbrNoRTT is a round-trip time before any was measured.
const bbrNoRTT = time.Duration(math.MaxInt64)

// bbrSignals are what the last round trips told of congestion (section 2.10).
type bbrSignals struct {
	bwLatest           int64 // BBR.bw_latest
	inflightLatest     int64 // BBR.inflight_latest
	lossRoundDelivered int64
	lossRoundStart     bool
	isLossInRound      bool
	lostInRound        int64 // bytes
	// lossEvents counts ranges lost in this round trip that do not touch, and
	// lostTo is where the last of them ended. marks counts rounds in a row in
	// which the path marked something; marked says that this one is such.
	lossEvents int
	lostTo     seq.Num
	marked     bool
	marks      int
}
