// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// This file is ProbeRTT (section 5.3.4): from time to time little is sent, for
// the queue to run empty and the least round-trip time to show.

// bbrMinRTT is the filter of the least round-trip time (section 5.5.7).
type bbrMinRTT struct {
	min           time.Duration // over bbrMinRTTFilter
	stamp         Instant
	probeMin      time.Duration // probe_rtt_min_delay, over bbrProbeRTTInterval
	probeStamp    Instant
	expired       bool // probe_rtt_expired
	done          Instant
	roundDone     bool
	doneStampIsOn bool
}

const (
	bbrMinRTTFilter     = 10 * time.Second
	bbrProbeRTTInterval = 5 * time.Second
	bbrProbeRTTDuration = 200 * time.Millisecond
	bbrProbeRTTGain     = 0.5
)

// updateMinRTT is BBRUpdateMinRTT (section 5.3.4.3).
func (b *bbr) updateMinRTT(s *ackSample) {
	m := &b.minRTT
	m.expired = m.probeMin != unbounded && s.now.Sub(m.probeStamp) > bbrProbeRTTInterval
	if s.rtt >= 0 && (s.rtt < m.probeMin || m.expired) {
		m.probeMin, m.probeStamp = s.rtt, s.now
	}
	if m.probeMin < m.min || m.min != unbounded && s.now.Sub(m.stamp) > bbrMinRTTFilter {
		m.min, m.stamp = m.probeMin, m.probeStamp
	}
}

// checkProbeRTT is BBRCheckProbeRTT (section 5.3.4.4).
func (b *bbr) checkProbeRTT(s *ackSample) {
	if b.state != bbrProbeRTT && b.minRTT.expired && !b.idleRestart {
		b.saveCwnd()
		b.state = bbrProbeRTT
		b.minRTT.doneStampIsOn = false
		b.probe.phase = bbrAcksStopping
		b.startRound()
	}
	if b.state == bbrProbeRTT {
		b.handleProbeRTT(s)
	}
	if s.acked > 0 {
		b.idleRestart = false
	}
}

// handleProbeRTT is BBRHandleProbeRTT.
func (b *bbr) handleProbeRTT(s *ackSample) {
	m := &b.minRTT
	switch {
	case !m.doneStampIsOn && s.flight <= b.probeRTTCwnd():
		m.done, m.doneStampIsOn = s.now.Add(bbrProbeRTTDuration), true
		m.roundDone = false
		b.startRound()
	case m.doneStampIsOn:
		m.roundDone = m.roundDone || b.rounds.start
		if m.roundDone {
			b.checkProbeRTTDone(s.now, s.rate.delivered)
		}
	}
}

// checkProbeRTTDone is BBRCheckProbeRTTDone.
func (b *bbr) checkProbeRTTDone(now Instant, delivered int64) {
	m := &b.minRTT
	if !m.doneStampIsOn || now <= m.done {
		return
	}
	m.probeStamp = now // the next is due an interval from now
	m.doneStampIsOn = false
	b.restoreCwnd()
	b.resetShortTerm()
	if b.fullPipe.reached {
		b.startDown(now)
		b.state = bbrCruise
		return
	}
	b.enterStartup()
}

// probeRTTCwnd is BBRProbeRTTCwnd (section 5.6.4.5).
func (b *bbr) probeRTTCwnd() int {
	return max(b.bdp(b.model.bw(), bbrProbeRTTGain), bbrMinPipe*b.mss)
}
