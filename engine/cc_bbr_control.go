// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// This file is what follows from the model (section 5.6): the pace, and the
// window.

type bbrControl struct {
	cwnd    int
	prior   int     // prior_cwnd
	pacing  float64 // bytes a second
	quantum int     // send_quantum, in bytes
}

// pacingGain and cwndGain are those of section 5.1.
func (b *bbr) pacingGain() float64 {
	switch b.state {
	case bbrStartup:
		return bbrStartupGain
	case bbrDrain:
		return bbrDrainGain
	case bbrDown:
		return 0.9
	case bbrUp:
		return 1.25
	}
	return 1
}

func (b *bbr) cwndGain() float64 {
	if b.state == bbrUp {
		return 2.25
	}
	return bbrCwndGain
}

// initPacing is BBRInitPacingRate (section 5.6.2).
func (b *bbr) initPacing(srtt time.Duration) {
	if srtt <= 0 {
		srtt = time.Millisecond
	}
	b.control.pacing = bbrStartupGain * float64(b.initial) / srtt.Seconds()
}

// setPacing is BBRSetPacingRateWithGain (section 5.6.2): a little less than the
// bandwidth, for a queue to shrink; before that is known it only grows.
func (b *bbr) setPacing(gain float64) {
	rate := gain * b.model.bw() * bbrPacingMargin
	if rate > 0 && (b.fullPipe.reached || rate > b.control.pacing) {
		b.control.pacing = rate
	}
	// BBRSetSendQuantum (section 5.6.3): a millisecond's worth.
	b.control.quantum = min(max(int(b.control.pacing/1000), 2*b.mss), 64<<10)
}

// setCwnd is BBRSetCwnd (section 5.6.4.6).
func (b *bbr) setCwnd(s *ackSample) {
	c := &b.control
	most := b.quantized(b.bdp(b.model.bw(), b.cwndGain()) + b.acks.most())
	if s.lost > 0 {
		c.cwnd = max(c.cwnd-s.lost, b.mss)
	}
	switch {
	case b.conserving:
		c.cwnd = max(c.cwnd, s.flight+s.acked)
	case b.fullPipe.reached:
		c.cwnd = min(c.cwnd+s.acked, most)
	case c.cwnd < most || s.rate.delivered < int64(b.initial):
		c.cwnd += s.acked
	}
	c.cwnd = max(c.cwnd, bbrMinPipe*b.mss)
	if b.state == bbrProbeRTT {
		c.cwnd = min(c.cwnd, b.probeRTTCwnd())
	}
	b.boundCwnd()
}

// boundCwnd is BBRBoundCwndForModel (section 5.6.4.7).
func (b *bbr) boundCwnd() {
	limit := unbounded
	switch {
	case b.state == bbrCruise || b.state == bbrProbeRTT:
		limit = b.withHeadroom()
	case b.state.probeBW():
		limit = b.model.flightLong
	}
	limit = max(min(limit, b.model.flightShort), bbrMinPipe*b.mss)
	b.control.cwnd = min(b.control.cwnd, limit)
}

// saveCwnd is BBRSaveCwnd (section 5.6.4.4).
func (b *bbr) saveCwnd() {
	if !b.recovering && b.state != bbrProbeRTT {
		b.control.prior = b.control.cwnd
		return
	}
	b.control.prior = max(b.control.prior, b.control.cwnd)
}

func (b *bbr) restoreCwnd() { b.control.cwnd = max(b.control.cwnd, b.control.prior) }
