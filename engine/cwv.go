// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// cwv is congestion window validation (RFC 7661): it tells whether a window is
// what the path was lately shown to bear, or one that the application has not
// used, for want of text or of room in the peer's window. Such a window is kept,
// but does not grow; a burst into it, and what a loss leaves of it, go by what was
// used. The zero value is that of a new connection: pipeACK is undefined, and the
// window validated.
type cwv struct {
	// samples are the greatest of pipeACK of this half of a sampling period, and
	// of the two halves before: those of one to one and a half periods.
	samples [3]int
	began   Instant       // when this half did
	half    time.Duration // how long it is
	known   bool          // pipeACK is defined
	// from is how much had been delivered when samples began: what was sent later
	// ends the first round trip of them.
	from int64
	// validAt is when the window was last known to be validated.
	validAt Instant
	trusted bool // the window counts as validated, whatever is known
	// used is max(pipeACK, LossFlightSize) of a recovery that began with a window
	// which was not validated; 0 elsewhere. lost is how much it found to be lost.
	used, lost int
}

const (
	// leastSampling bounds the sampling period, else 3 round trips, from below
	// (RFC 7661, section 4.2).
	leastSampling = time.Second
	// validFor is the non-validated period, NVP: for so long a window is kept that
	// is not used (RFC 7661, section 4.4).
	validFor = 5 * time.Minute
)

// onAck takes the sample of pipeACK that an acknowledgment brings: what was
// delivered in the round trip of the segment behind it (RFC 7661, sections 4.2
// and 4.5.1).
func (v *cwv) onAck(s *ackSample) {
	v.half = max(3*s.srtt, leastSampling) / 2
	if s.phase != phaseOpen {
		// Section 4.4.1 (MUST): after recovery, pipeACK is undefined.
		v.known, v.from, v.samples = false, s.rate.delivered, [3]int{}
		return
	}
	if v.used == 0 {
		v.lost = 0
	}
	v.turn(s.now)
	if s.rate.some {
		v.known = v.known || s.rate.priorDelivered > v.from
		v.samples[0] = max(v.samples[0], int(s.rate.got()))
	}
}

// turn drops samples that are too old.
func (v *cwv) turn(now Instant) {
	if v.half == 0 || now < v.began.Add(v.half) {
		return
	}
	n := now.Sub(v.began) / v.half
	v.began = v.began.Add(n * v.half)
	for range min(n, time.Duration(len(v.samples))) {
		v.samples = [3]int{0, v.samples[0], v.samples[1]}
	}
}

// pipeACK is the most that was delivered in a round trip of late.
func (v *cwv) pipeACK() int { return max(v.samples[0], v.samples[1], v.samples[2]) }

// validated reports whether the window is in the validated phase (RFC 7661,
// section 4.3). A sender in slow start has acknowledged half of it, less what there
// is of a segment that did not fit.
func (w *windowed) validated() bool {
	return !w.cwv.known || w.cwv.trusted || 2*(w.cwv.pipeACK()+w.mss) > w.cwnd
}

// base returns what the window is reduced from for a loss that was seen with
// flight bytes outstanding. Where it was not validated, that is what was used
// (RFC 7661, section 4.4.1, MUST). One that is full is used, although pipeACK does
// not tell yet.
func (w *windowed) base(now Instant, flight int) int {
	w.cwv.turn(now)
	w.cwv.used = 0
	if !w.validated() && flight < w.cwnd {
		w.cwv.used = max(w.cwv.pipeACK(), flight)
		return w.cwv.used
	}
	return flight
}

// markBase is the same for a mark, which loses nothing.
func (w *windowed) markBase(now Instant, flight int) int {
	flight = w.base(now, flight)
	w.cwv.forget()
	return flight
}

// afterRecovery returns what the window is reduced from in the end, and whether
// that is another than in the beginning: the path was overloaded by what it lost
// at least (RFC 7661, section 4.4.1, MUST, where that is R).
func (v *cwv) afterRecovery() (base int, another bool) {
	base, another = max(v.used-v.lost, 0), v.used > 0
	v.forget()
	return base, another
}

// forget ends the account of a recovery.
func (v *cwv) forget() { v.used, v.lost = 0, 0 }

// validate takes an acknowledgment into account.
func (w *windowed) validate(s *ackSample) {
	s.acked = s.opens
	w.cwv.trusted = s.trusted
	w.cwv.onAck(s)
	if w.validated() {
		w.cwv.validAt = s.now
	} else {
		w.outlive(s.now)
	}
}

// outlive lowers a window that was not validated for all of the NVP (RFC 7661,
// section 4.4.3, MUST), once for each.
func (w *windowed) outlive(now Instant) {
	for w.cwv.validAt != 0 && now.Sub(w.cwv.validAt) >= validFor {
		w.ssthresh = max(w.ssthresh, 3*w.cwnd/4)
		w.cwnd = min(w.cwnd, max(w.cwnd/2, w.initial))
		w.cwv.validAt = w.cwv.validAt.Add(validFor)
		if w.cwnd <= w.initial {
			w.cwv.validAt = now
		}
	}
}

// onIdle keeps the window that the connection had before the pause, in the place
// of RFC 5681, section 4.1, for the NVP; but what was not used in the sampling
// period is not validated. See burst. Where a restart is asked for, it is that of
// RFC 5681: the window is no more than the initial one (SHOULD).
func (w *windowed) onIdle(now Instant, restart bool) {
	if restart {
		w.cwnd = min(w.cwnd, w.initial)
	}
	w.cwv.known = true
	w.outlive(now)
}

// burst bounds what is sent into a window that is not validated before something
// of it is acknowledged: by twice what was delivered in a round trip of late, as in
// slow start, and at least the initial window (RFC 7661, section 4.4.2, SHOULD).
// By no more than was delivered, nothing more would ever be where the peer
// acknowledges a burst as a whole, and the window would stay unused.
func (w *windowed) burst(now Instant) int {
	w.cwv.turn(now)
	if w.validated() {
		return 0
	}
	return max(2*w.cwv.pipeACK(), w.initial)
}

// mayGrow reports whether an acknowledgment may open the window. In fast recovery
// the window is recovery's. A validated one grows when it was used (RFC 5681,
// section 3.1; RFC 9438, section 5.8), one that is not only when it kept text
// back (RFC 7661, section 4.4, MUST NOT).
func (w *windowed) mayGrow(s *ackSample) bool {
	return s.limited && !s.echo && s.phase != phaseFast && (s.full || w.validated())
}

// onLost counts what is lost.
func (w *windowed) onLost(l lostSample) { w.cwv.lost += l.at.Len() }

// boundBurst returns how many of n bytes, or of a run of segments of mss, the
// bound on bursts lets go.
func (c *Conn) boundBurst(now Instant, n, mss int) int {
	most := c.cc.burst(now)
	if room := most - c.loss.burst; most > 0 && room < n && c.recovery.phase == phaseOpen {
		return max(room, 0) / mss * mss
	}
	return n
}
