// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// rttEstimator smooths round-trip times (RFC 6298, section 2; RFC 9293, section
// 3.8.1, MUST-18).
type rttEstimator struct {
	srtt, rttvar time.Duration
	min, latest  time.Duration
	valid        bool
	// probed says that a tail probe was sent since the last measurement (RFC 8985,
	// section 7.3).
	probed bool
}

// sample takes one measurement. The weights are alpha = 1/8 and beta = 1/4.
func (e *rttEstimator) sample(r time.Duration) {
	r = max(r, 0)
	e.latest, e.probed = r, false
	if !e.valid {
		e.valid = true
		e.srtt, e.rttvar, e.min = r, r/2, r
		return
	}
	e.min = min(e.min, r)
	e.rttvar += ((e.srtt - r).Abs() - e.rttvar) / 4
	e.srtt += (r - e.srtt) / 8
}

// clockGranularity is G of RFC 6298, section 2.
const clockGranularity = time.Millisecond

// rto returns the timeout that the measurements ask for, before its bounds;
// before the first, initialRTO (RFC 6298, section 2.1). least bounds the part
// that allows for variance: on a long path whose round trips are all the same, a
// bound on the sum would leave none, and recovery takes a round trip and more.
func (e *rttEstimator) rto(least time.Duration) time.Duration {
	if !e.valid {
		return initialRTO
	}
	return e.srtt + max(clockGranularity, least, 4*e.rttvar)
}
