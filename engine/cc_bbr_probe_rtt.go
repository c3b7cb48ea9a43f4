// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// ProbeRTT: section 5.3.4.

// bbrMinRTT is the least round-trip time, and when to measure it again (section
// 2.16).
type bbrMinRTT struct {
	minRTT            time.Duration
	minRTTStamp       Instant
	probeRTTMinDelay  time.Duration
	probeRTTMinStamp  Instant
	probeRTTExpired   bool
	probeRTTRoundDone bool
	probeRTTHeld      bool    // the pipe is as low as it is to be
	probeRTTDoneStamp Instant // and until when to hold it there
	idleRestart       bool
}

// Constants of section 2.16. Every connection MUST have the same interval
// (section 5.3.4.2), for their drains of a shared queue to fall together.
const (
	bbrMinRTTFilterLen  = 10 * time.Second
	bbrProbeRTTInterval = 5 * time.Second
	bbrProbeRTTDuration = 200 * time.Millisecond
)

// updateMinRTT is UpdateMinRTT (section 5.3.4.3).
func (b *bbr) updateMinRTT(s *ackSample) {
	b.probeRTTExpired = s.now.Sub(b.probeRTTMinStamp) > bbrProbeRTTInterval
	if s.rtt >= 0 && (s.rtt < b.probeRTTMinDelay || b.probeRTTExpired) {
		b.probeRTTMinDelay, b.probeRTTMinStamp = s.rtt, s.now
	}
	expired := s.now.Sub(b.minRTTStamp) > bbrMinRTTFilterLen
	if b.probeRTTMinDelay < b.minRTT || expired {
		b.minRTT, b.minRTTStamp = b.probeRTTMinDelay, b.probeRTTMinStamp
	}
}

// checkProbeRTT is CheckProbeRTT (section 5.3.4.3).
func (b *bbr) checkProbeRTT(s *ackSample) {
	if b.state != bbrProbeRTT && b.probeRTTExpired && !b.idleRestart {
		b.saveCwnd() // while the state is still another
		b.enter(bbrProbeRTT)
		b.probeRTTHeld = false
		b.ackPhase = bbrAcksProbeStopping
		b.startRound()
	}
	if b.state == bbrProbeRTT {
		b.handleProbeRTT(s)
	}
	b.idleRestart = false
}

// handleProbeRTT is HandleProbeRTT (section 5.3.4.3). That what is delivered
// meanwhile tells less than the path can do, understates says.
func (b *bbr) handleProbeRTT(s *ackSample) {
	switch {
	case !b.probeRTTHeld:
		if int64(s.flight) <= b.probeRTTCwnd() {
			b.probeRTTHeld, b.probeRTTRoundDone = true, false
			b.probeRTTDoneStamp = s.now.Add(bbrProbeRTTDuration)
			b.startRound()
		}
	default:
		b.probeRTTRoundDone = b.probeRTTRoundDone || b.roundStart
		if b.probeRTTRoundDone {
			b.checkProbeRTTDone(s.now)
		}
	}
}

// checkProbeRTTDone is CheckProbeRTTDone and ExitProbeRTT (sections 5.3.4.3 and
// 5.3.4.4).
func (b *bbr) checkProbeRTTDone(now Instant) {
	if !b.probeRTTHeld || now <= b.probeRTTDoneStamp {
		return
	}
	b.probeRTTMinStamp = now // the next in an interval from now
	b.restoreCwnd()
	b.resetShortTermModel()
	if !b.fullBWReached {
		b.enter(bbrStartup)
		return
	}
	b.startProbeBWDown(now)
	b.enter(bbrCruise) // the queue is empty already
}

// probeRTTCwnd is ProbeRTTCwnd (section 5.6.4.5).
func (b *bbr) probeRTTCwnd() int64 {
	return max(b.bdpMultiple(b.bw, bbrGains[bbrProbeRTT].cwnd), b.minPipe())
}
