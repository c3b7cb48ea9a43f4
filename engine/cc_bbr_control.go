// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// What follows from the model: how fast to send, and how much to have in the
// network. Section 5.6.

const (
	bbrPacingMargin  = 0.01  // BBR.PacingMarginPercent
	bbrCruiseMargin  = 0.03  // the same where CRUISE finds a queue
	bbrCruiseQueue   = 0.125 // of the least round-trip time
	bbrNominalRTT    = time.Millisecond
	bbrOffloadQuanta = 3 // BBR.offload_budget, in send quanta (section 5.5.8.1)
)

// initPacingRate is InitPacingRate (section 5.6.2).
func (b *bbr) initPacingRate(srtt time.Duration) {
	if srtt <= 0 {
		srtt = bbrNominalRTT
	}
	b.pacing = int64(bbrGains[bbrStartup].pacing * float64(b.initial) / srtt.Seconds())
	b.quantum = sendQuantum(b.pacing, b.mss)
}

// setPacingRateWithGain is SetPacingRateWithGain (section 5.6.2), but for the margin:
// until the pipe was full once, the rate only grows.
func (b *bbr) setPacingRateWithGain(gain float64) {
	rate := int64(gain * float64(b.bw) * (1 - b.pacingMargin()))
	if rate > 0 && (b.fullBWReached || rate > b.pacing) {
		b.pacing = rate
	}
}

// pacingMargin is how far to stay below the bandwidth, for the queue to drain.
//
// The draft's margin is what a good estimate needs. But where acknowledgments come
// in bursts the greatest of the samples is some percent above the path, and CRUISE
// would add to the queue for the seconds between two probes.
func (b *bbr) pacingMargin() float64 {
	if b.state == bbrCruise && b.queueOf(bbrCruiseQueue) {
		return bbrCruiseMargin
	}
	return bbrPacingMargin
}

// minPipe is BBR.MinPipeCwnd (section 5.6.4.3).
func (b *bbr) minPipe() int64 { return bbrMinPipe * int64(b.mss) }

// bdp is BBR.bdp (section 2.9.2).
func (b *bbr) bdp() int64 { return b.bdpMultiple(b.bw, 1) }

// bdpMultiple is BDPMultiple (section 5.6.4.2).
func (b *bbr) bdpMultiple(bw int64, gain float64) int64 {
	if b.minRTT == bbrNoRTT {
		return int64(b.initial)
	}
	return int64(gain * float64(bw) * b.minRTT.Seconds())
}

// quantizationBudget is QuantizationBudget (section 5.6.4.2).
func (b *bbr) quantizationBudget(inflight int64) int64 {
	inflight = max(inflight, bbrOffloadQuanta*int64(b.quantum), b.minPipe())
	if b.state == bbrUp {
		inflight += 2 * int64(b.mss)
	}
	return inflight
}

// inflightAt is Inflight (section 5.6.4.2), for a given bandwidth.
func (b *bbr) inflightAt(bw int64, gain float64) int64 {
	return b.quantizationBudget(b.bdpMultiple(bw, gain))
}

// maxInflight is UpdateMaxInflight (section 5.6.4.2).
func (b *bbr) maxInflight() int64 {
	return b.quantizationBudget(b.bdpMultiple(b.bw, b.cwndGain) + b.extraAcked)
}

// setCwnd is SetCwnd (section 5.6.4.6), with BoundCwndForProbeRTT (section
// 5.6.4.5).
func (b *bbr) setCwnd(s *ackSample) {
	cwnd, most := int64(b.cwnd), b.maxInflight()
	switch {
	case b.fullBWReached:
		cwnd = min(cwnd+int64(s.acked), most)
	case cwnd < most || b.delivered < int64(b.initial):
		cwnd += int64(s.acked)
	}
	cwnd = max(cwnd, b.minPipe())
	if b.state == bbrProbeRTT {
		cwnd = min(cwnd, b.probeRTTCwnd())
	}
	b.cwnd = int(min(cwnd, b.cwndCap()))
}

// cwndCap is the bound of BoundCwndForModel (section 5.6.4.7).
func (b *bbr) cwndCap() int64 {
	most := int64(bbrNoBound)
	switch b.state {
	case bbrDown, bbrRefill, bbrUp:
		most = b.inflightLongterm
	case bbrProbeRTT, bbrCruise:
		most = b.inflightWithHeadroom()
	}
	return max(min(most, b.inflightShortterm), b.minPipe())
}
