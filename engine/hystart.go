// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"
)

// hystart is HyStart++ (RFC 9406): it leaves slow start when round trips grow
// longer, before the queue overflows, by way of Conservative Slow Start, which
// takes a wrong guess back. The zero value is ready for a connection's first
// slow start; later ones know their ssthresh.
type hystart struct {
	done bool // the first slow start is over
	css  bool // Conservative Slow Start
	// samples and least are of this round, last is the least of the round
	// before; 0 stands for infinite.
	samples     int32
	cssRounds   int32
	least, last time.Duration
	base        time.Duration // cssBaselineMinRtt
	roundEnd    int64         // the sampler's count at which the round ends
}

// The constants of RFC 9406, section 4.3.
const (
	hystartMinThresh = 4 * time.Millisecond
	hystartMaxThresh = 16 * time.Millisecond
	hystartDivisor   = 8
	hystartSamples   = 8
	hystartCSSGrowth = 4
	hystartCSSRounds = 5
)

// hystartAckEvery is how many segments an acknowledgment stands for where
// receivers delay them (RFC 9293, section 3.8.6.3), as RFC 9406's count of samples
// takes for granted. One that stands for more is worth as many samples as it
// saves: a receiver that acknowledges each batch of arrivals would give a round of
// 20 segments but one, and the queue would overflow unseen.
const hystartAckEvery = 2

// slowStart returns by how many bytes an acknowledgment opens the window in slow
// start, and whether slow start is over. There is no limit (L) to what one
// acknowledgment may do: a receiver that acknowledges each batch of arrivals sends
// few, and one of 1 or 2 segments (RFC 5681, section 3.1; RFC 3465, section 2.3),
// or of the 8 that RFC 9406, section 4.3, recommends, would starve it. After a
// timeout ssthresh is the limit. Linux does the same.
func (h *hystart) slowStart(s *ackSample, mss int) (grow int, over bool) {
	grow = s.acked
	if h.done {
		return grow, false
	}
	over = h.round(s)
	if s.rtt >= 0 {
		h.sample(s.rtt, s.acked/(hystartAckEvery*mss))
	}
	if h.css {
		grow /= hystartCSSGrowth
	}
	return grow, over
}

// round begins a new round where the last is over, and reports whether slow
// start is (RFC 9406, section 4.2).
func (h *hystart) round(s *ackSample) bool {
	if s.rate.priorDelivered < h.roundEnd {
		return false
	}
	h.roundEnd = s.rate.delivered
	h.last, h.least, h.samples = h.least, 0, 0
	if !h.css {
		return false
	}
	h.cssRounds++
	h.done = h.cssRounds >= hystartCSSRounds
	return h.done
}

// sample takes a round-trip time that is worth n of them, or one.
func (h *hystart) sample(rtt time.Duration, n int) {
	if h.least == 0 || rtt < h.least {
		h.least = rtt
	}
	h.samples += int32(max(1, n))
	if h.samples < hystartSamples {
		return
	}
	switch {
	case h.css && h.least < h.base:
		// The delay was a passing one: back to slow start.
		h.css, h.base = false, 0
	case !h.css && h.last > 0:
		thresh := min(max(h.last/hystartDivisor, hystartMinThresh), hystartMaxThresh)
		if h.least >= h.last+thresh {
			h.css, h.base, h.cssRounds = true, h.least, 0
		}
	}
}

// end ends the first slow start, as a loss did, or a mark, and reports whether
// it was on.
func (h *hystart) end() bool {
	was := !h.done
	h.done = true
	return was
}

// resume goes on with it where was says that the end was a mistake.
func (h *hystart) resume(was bool) { h.done = h.done && !was }
