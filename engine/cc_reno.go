// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "math"

const ccReno = "reno"

// reno is the congestion control of RFC 5681, with the counting of bytes of RFC
// 3465 and the slow start of RFC 9406. Loss recovery sends by the pipe (RFC
// 6675), so that the window is not inflated by duplicate acknowledgments.
type reno struct {
	windowed
	acked int // bytes acknowledged since the window last grew, in congestion avoidance
	prior renoPrior
	// slow says that the last reduction ended the first slow start.
	slow bool
}

// renoPrior is what the last reduction took away, for onUndo; its zero value is
// nothing.
type renoPrior struct{ cwnd, ssthresh int }

func newReno(mss, initial int) controller { return &reno{windowed: newWindowed(mss, initial)} }

func (r *reno) name() string { return ccReno }

func (r *reno) onAck(s ackSample) {
	r.validate(&s)
	if !r.mayGrow(&s) {
		return
	}
	if r.cwnd < r.ssthresh {
		r.acked = 0 // it counts since slow start
	}
	r.acked += r.slowStart(&s)
	for r.acked >= r.cwnd { // RFC 3465, section 2.1
		r.acked -= r.cwnd
		r.cwnd += r.mss
	}
}

func (r *reno) onRecovery(now Instant, flight int) { r.reduce(r.base(now, flight)) }

// onCongestion does for a mark what a loss does (RFC 3168, section 6.1.2, MUST),
// but goes on to a window of one segment.
func (r *reno) onCongestion(now Instant, flight int) {
	flight = r.markBase(now, flight)
	r.reduce(flight)
	r.cwnd = max(flight/2, r.mss)
}

func (r *reno) reduce(flight int) {
	r.prior = renoPrior{r.cwnd, r.ssthresh}
	r.ssthresh = max(flight/2, 2*r.mss) // RFC 5681, section 3.1, equation 4
	r.cwnd, r.acked = r.ssthresh, 0
	r.slow = r.first.end()
}

func (r *reno) onRecovered(Instant) {
	if base, another := r.cwv.afterRecovery(); another {
		r.ssthresh = max(base/2, r.mss)
	}
	r.cwnd, r.acked = max(r.ssthresh, r.mss), 0
}

func (r *reno) onTimeout(_ Instant, flight int, first bool) {
	// RFC 5681, section 3.1: for a segment that was sent again before, ssthresh
	// is held; the window MUST be set to no more than the loss window.
	if first {
		r.prior = renoPrior{r.cwnd, r.ssthresh}
		r.ssthresh = max(flight/2, 2*r.mss)
	}
	r.cwnd, r.acked = r.mss, 0
	r.slow = r.first.end()
	r.cwv.forget()
}

// onUndo restores what the reduction took away (RFC 4015, section 3.4).
func (r *reno) onUndo(Instant) {
	r.cwv.forget()
	if r.prior.cwnd == 0 {
		return
	}
	r.cwnd, r.ssthresh = max(r.cwnd, r.prior.cwnd), max(r.ssthresh, r.prior.ssthresh)
	r.first.resume(r.slow)
	r.prior = renoPrior{}
}

// windowed is what controllers share that have a window and no pace: reno and
// cubic.
type windowed struct {
	mss, initial   int
	cwnd, ssthresh int
	first          hystart // slow start, the first time
	cwv            cwv
}

func newWindowed(mss, initial int) windowed {
	// RFC 5681, section 3.1: ssthresh SHOULD be arbitrarily high at first.
	return windowed{mss: mss, initial: initial, cwnd: initial, ssthresh: math.MaxInt}
}

func (w *windowed) window() int       { return w.cwnd }
func (w *windowed) threshold() int    { return w.ssthresh }
func (w *windowed) pacingRate() int64 { return 0 }
func (w *windowed) bandwidth() int64  { return 0 }
func (w *windowed) understates() bool { return false }
func (w *windowed) reduces() bool     { return true }
func (w *windowed) onSent(sendSample) {}
func (w *windowed) setMSS(mss int)    { w.mss = mss; w.cwnd = max(w.cwnd, mss) }

// fresh is so where the window is still the initial one, which bounds what may be
// sent after a pause in any case (RFC 7661, section 4.4.2).
func (w *windowed) fresh() bool {
	return w.cwnd == w.initial && w.ssthresh == math.MaxInt && !w.first.done
}

func (w *windowed) takeOver(window, threshold int) {
	w.cwnd, w.ssthresh = window, threshold
	w.first.done = w.first.done || window >= threshold
}

// slowStart opens the window below ssthresh, and returns the bytes acknowledged
// that are left for congestion avoidance.
func (w *windowed) slowStart(s *ackSample) int {
	if w.cwnd >= w.ssthresh {
		return s.acked
	}
	grow, over := w.first.slowStart(s, w.mss)
	if over {
		w.ssthresh = w.cwnd
		return 0
	}
	grow = min(grow, w.ssthresh-w.cwnd)
	w.cwnd += grow
	if w.cwnd < w.ssthresh {
		return 0
	}
	return s.acked - grow
}
