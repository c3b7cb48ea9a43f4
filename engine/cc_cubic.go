// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "math"

const ccCubic = "cubic"

// The constants of RFC 9438: C in segments a second cubed, and beta (sections
// 4.1 and 5), and alpha for the Reno-friendly region (section 4.3).
const (
	cubicC     = 0.4
	cubicBeta  = 0.7
	cubicAlpha = 3 * (1 - cubicBeta) / (1 + cubicBeta)
)

// cubic is the congestion control of RFC 9438. Its window is a cubic function of
// the time since the last reduction: steep, flat about the window at which that
// came, and steep again. It is computed in segments, which are counted in
// float64.
type cubic struct {
	windowed
	cubicEpoch
	// wMax is W_max in segments; prior is cwnd_prior, the window before the last
	// reduction.
	wMax, prior float64
	undo        cubicUndo
	fromWindow  bool // what Choices.FromWindow is
}

// cubicEpoch is a stage of congestion avoidance; the zero value is before its
// first acknowledgment.
type cubicEpoch struct {
	running bool
	// afterSlowStart says that the stage follows slow start.
	afterSlowStart bool
	start          Instant // the time at which t is 0
	k              float64 // K, in seconds
	west           float64 // W_est, in segments
	last           Instant // of the last acknowledgment
	part           float64 // of a byte by which the window is to grow yet
}

// cubicUndo is what the last reduction took away, for onUndo.
type cubicUndo struct {
	cwnd, ssthresh int
	wMax, prior    float64
	epoch          cubicEpoch
	slow           bool // the first slow start ended
}

func newCubic(mss, initial int) controller { return &cubic{windowed: newWindowed(mss, initial)} }

func (c *cubic) name() string { return ccCubic }

func (c *cubic) segments() float64 { return float64(c.cwnd) / float64(c.mss) }

func (c *cubic) onAck(s ackSample) {
	c.fromWindow = s.fromWindow
	c.validate(&s)
	if !c.mayGrow(&s) {
		c.pass(s.now)
		return
	}
	if c.cwnd < c.ssthresh { // the stage of congestion avoidance is over
		c.cubicEpoch = cubicEpoch{afterSlowStart: true}
		c.slowStart(&s)
		return
	}
	c.avoid(&s, float64(s.acked)/float64(c.mss))
}

// onSent is told of text that goes out; where nothing was in the network, none
// was for want of text or of the peer's window.
func (c *cubic) onSent(s sendSample) {
	if s.flight == 0 {
		c.pass(s.now)
	}
}

// pass takes the time since the last acknowledgment out of t: it MUST NOT
// include time in which the window was not used, and the path could not have
// shown what it bears (RFC 9438, sections 4.2 and 5.8).
func (c *cubic) pass(now Instant) {
	if c.running {
		c.start = c.start.Add(now.Sub(c.last))
		c.last = now
	}
}

// avoid is congestion avoidance: acked segments were acknowledged. After slow start
// the first acknowledgment only begins the stage: what it covers was sent before.
func (c *cubic) avoid(s *ackSample, acked float64) {
	cwnd := c.segments()
	if !c.running {
		after := c.afterSlowStart
		c.begin(s.now, cwnd)
		if after {
			return
		}
	}
	c.last = s.now
	t := s.now.Sub(c.start).Seconds()
	c.befriend(cwnd, acked)
	if c.at(t) < c.west { // RFC 9438, section 4.3, Reno-friendly region
		c.part += max(c.west-cwnd, 0) * float64(c.mss)
	} else {
		// Sections 4.4 and 4.5 (MUST): towards where the function is a round trip
		// from now, by half of the window in one at most (section 4.2).
		target := min(max(c.at(t+s.srtt.Seconds()), cwnd), 1.5*cwnd)
		c.part += (target - cwnd) / cwnd * acked * float64(c.mss)
	}
	whole := math.Floor(c.part)
	c.cwnd += int(whole)
	c.part -= whole
}

// begin begins a stage of congestion avoidance with a window of cwnd segments
// (RFC 9438, section 4.2).
func (c *cubic) begin(now Instant, cwnd float64) {
	c.cubicEpoch = cubicEpoch{running: true, start: now, last: now, west: cwnd}
	if cwnd < c.wMax {
		c.k = math.Cbrt((c.wMax - cwnd) / cubicC)
	} else {
		c.wMax = cwnd
	}
}

// at is W_cubic, t seconds into the stage (RFC 9438, section 4.2, figure 1).
func (c *cubic) at(t float64) float64 {
	d := t - c.k
	return cubicC*d*d*d + c.wMax
}

// befriend moves W_est as Reno's window would move (RFC 9438, section 4.3,
// figure 4).
func (c *cubic) befriend(cwnd, acked float64) {
	alpha := cubicAlpha
	if c.west >= c.prior {
		alpha = 1
	}
	c.west += alpha * acked / cwnd
}

func (c *cubic) onRecovery(now Instant, flight int) { c.reduce(c.from(c.base(now, flight)), 2) }

// from returns what the window is reduced from, with flight bytes in flight.
func (c *cubic) from(flight int) int {
	if c.fromWindow {
		return c.cwnd
	}
	return flight
}

// onCongestion does for a mark what a loss does (RFC 3168, section 6.1.2, MUST),
// but goes on to a window of one segment (RFC 9438, section 4.6, MUST).
func (c *cubic) onCongestion(now Instant, flight int) { c.reduce(c.from(c.markBase(now, flight)), 1) }

// reduce is the multiplicative decrease, to a window of least segments or more
// (RFC 9438, section 4.6, figure 5).
func (c *cubic) reduce(flight, least int) {
	c.save()
	c.remember()
	ssthresh := int(float64(flight) * cubicBeta)
	c.cwnd, c.ssthresh = max(ssthresh, least*c.mss), max(ssthresh, 2*c.mss)
	c.cubicEpoch = cubicEpoch{}
	c.undo.slow = c.first.end()
}

// remember sets W_max, lower than where the window was where that had not come
// up to the last one: fast convergence makes room for newcomers (RFC 9438,
// section 4.7).
func (c *cubic) remember() {
	cwnd := c.segments()
	c.prior = cwnd
	if cwnd < c.wMax {
		c.wMax = cwnd * (1 + cubicBeta) / 2
	} else {
		c.wMax = cwnd
	}
}

func (c *cubic) onRecovered(Instant) {
	if base, another := c.cwv.afterRecovery(); another {
		c.ssthresh = max(int(float64(base)*cubicBeta), c.mss)
	}
	c.cwnd = max(c.ssthresh, c.mss)
}

// onTimeout is RFC 9438, section 4.8: as RFC 5681 has it, but with beta; the
// stage that follows slow start begins with its own window for W_max.
func (c *cubic) onTimeout(_ Instant, flight int, first bool) {
	if first {
		c.save()
		c.prior = c.segments()
		c.ssthresh = max(int(float64(c.from(flight))*cubicBeta), 2*c.mss)
	}
	c.wMax = 0
	c.cwnd = c.mss
	c.cubicEpoch = cubicEpoch{}
	c.undo.slow = c.first.end()
	c.cwv.forget()
}

func (c *cubic) save() {
	c.undo = cubicUndo{c.cwnd, c.ssthresh, c.wMax, c.prior, c.cubicEpoch, false}
}

// onUndo restores what the reduction took away (RFC 9438, section 4.9.2), unless
// the window is larger again.
func (c *cubic) onUndo(Instant) {
	c.cwv.forget()
	u := &c.undo
	if u.cwnd <= c.cwnd {
		return
	}
	c.cwnd, c.ssthresh, c.wMax, c.prior, c.cubicEpoch = u.cwnd, u.ssthresh, u.wMax, u.prior, u.epoch
	c.first.resume(u.slow)
	*u = cubicUndo{}
}

// setMSS counts in segments of the new size what is counted in segments; a stage
// of congestion avoidance begins anew.
func (c *cubic) setMSS(mss int) {
	scale := float64(c.mss) / float64(mss)
	c.windowed.setMSS(mss)
	c.wMax *= scale
	c.prior *= scale
	c.undo.wMax *= scale
	c.undo.prior *= scale
	c.cubicEpoch, c.undo.epoch = cubicEpoch{}, cubicEpoch{}
}
