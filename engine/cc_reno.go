// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "math"

const ccReno = "reno"

// renoLimit bounds how much one acknowledgment opens the window in slow start,
// in segments. A receiver that acknowledges each batch of arrivals sends few:
// the limit of one segment of RFC 5681 would starve it; this is the L of RFC
// 9406, section 4.2, for senders that do not pace.
const renoLimit = 8

// reno is the congestion control of RFC 5681, with the counting of bytes of RFC
// 3465. Loss recovery sends by the pipe (RFC 6675), so that the window is not
// inflated by duplicate acknowledgments.
type reno struct {
	mss      int
	initial  int
	cwnd     int
	ssthresh int
	acked    int // bytes acknowledged since the window last grew, in congestion avoidance
	prior    renoPrior
}

// renoPrior is what the last reduction took away, for onUndo.
type renoPrior struct{ cwnd, ssthresh int }

func newReno(mss, initial int) controller {
	// RFC 5681, section 3.1: ssthresh SHOULD be arbitrarily high at first.
	return &reno{mss: mss, initial: initial, cwnd: initial, ssthresh: math.MaxInt}
}

func (r *reno) name() string        { return ccReno }
func (r *reno) window() int         { return r.cwnd }
func (r *reno) threshold() int      { return r.ssthresh }
func (r *reno) pacingRate() int64   { return 0 }
func (r *reno) reduces() bool       { return true }
func (r *reno) setMSS(mss int)      { r.mss = mss; r.cwnd = max(r.cwnd, mss) }
func (r *reno) onSent(sendSample)   {}
func (r *reno) onLost(lostSample)   {}
func (r *reno) onIdle(Instant)      { r.cwnd = min(r.cwnd, r.initial) }
func (r *reno) onRecovered(Instant) { r.cwnd, r.acked = max(r.ssthresh, r.mss), 0 }

func (r *reno) onAck(s ackSample) {
	// A window that is not used says nothing about the path (RFC 7661,
	// section 4.3).
	if !s.limited || s.phase == phaseFast {
		return
	}
	acked := s.acked
	if r.cwnd < r.ssthresh {
		grow := min(acked, renoLimit*r.mss, r.ssthresh-r.cwnd)
		r.cwnd += grow
		if r.cwnd < r.ssthresh {
			return
		}
		acked -= grow
	}
	r.acked += acked
	for r.acked >= r.cwnd {
		r.acked -= r.cwnd
		r.cwnd += r.mss
	}
}

func (r *reno) onRecovery(_ Instant, flight int) { r.reduce(flight) }

// onCongestion does for a mark what a loss does (RFC 3168, section 6.1.2, MUST).
func (r *reno) onCongestion(_ Instant, flight int) { r.reduce(flight) }

func (r *reno) reduce(flight int) {
	r.save()
	r.ssthresh = max(flight/2, 2*r.mss) // RFC 5681, section 3.1, equation 4
	r.cwnd, r.acked = r.ssthresh, 0
}

func (r *reno) onTimeout(_ Instant, flight int, first bool) {
	// RFC 5681, section 3.1: for a segment that was sent again before, ssthresh
	// is held; the window MUST be set to no more than the loss window.
	if first {
		r.save()
		r.ssthresh = max(flight/2, 2*r.mss)
	}
	r.cwnd, r.acked = r.mss, 0
}

func (r *reno) save() { r.prior = renoPrior{r.cwnd, r.ssthresh} }

func (r *reno) onUndo(Instant) {
	if r.prior.cwnd == 0 {
		return
	}
	r.cwnd, r.ssthresh = max(r.cwnd, r.prior.cwnd), max(r.ssthresh, r.prior.ssthresh)
	r.prior = renoPrior{}
}
