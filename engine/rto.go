// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// initialRTO is the timeout before a measurement (RFC 6298, section 2.1), and
// lostSynRTO the one after a handshake whose SYN was lost (section 5.7).
const (
	initialRTO = time.Second
	lostSynRTO = 3 * time.Second
)

// rtoState is the retransmission timer's own memory.
type rtoState struct {
	backoff int32 // how often the timeout was doubled
	retries int32 // expiries without an acknowledgment of new data
	lostSyn bool  // no measurement yet, and the SYN was lost
	heard   bool  // a segment came since the last expiry
}

// timeout returns the RTO in force: from the measurements, within its bounds,
// doubled for each expiry (RFC 6298, sections 2.3 to 2.5 and 5.5).
func (c *Conn) timeout() time.Duration {
	d := c.rtt.rto(c.set.MinRTO)
	if c.rto.lostSyn && !c.rtt.valid {
		d = lostSynRTO
	}
	return c.backedOff(d, c.rto.backoff)
}

// backedOff doubles d n times, up to the largest RTO. The least RTO is part of
// what was measured (rttEstimator.rto), and leaves the first timeout alone, as
// in netstack.
func (c *Conn) backedOff(d time.Duration, n int32) time.Duration {
	d = min(d, c.set.MaxRTO)
	for ; n > 0 && d < c.set.MaxRTO; n-- {
		d *= 2
	}
	return min(d, c.set.MaxRTO)
}

// armRetransmit starts the timer if it does not run (RFC 6298, section 5.1),
// and with it the user timeout.
func (c *Conn) armRetransmit(now Instant) {
	if !c.timers.armed(timerRetransmit) {
		c.timers.arm(timerRetransmit, now.Add(c.timeout()))
	}
	c.armUserTimeout(now)
}

// armUserTimeout starts the wait for an acknowledgment of RFC 5482, section 2,
// if it does not run.
func (c *Conn) armUserTimeout(now Instant) {
	if c.set.UserTimeout > 0 && !c.timers.armed(timerUser) {
		c.timers.arm(timerUser, now.Add(c.set.UserTimeout))
	}
}

// restartRetransmit restarts the timer after an acknowledgment of new data, or
// stops it when nothing is outstanding (RFC 6298, sections 5.2 and 5.3).
func (c *Conn) restartRetransmit(now Instant) {
	c.rto.backoff, c.rto.retries = 0, 0
	c.timers.stop(timerRetransmit)
	c.timers.stop(timerUser)
	if !c.board.empty() {
		c.armRetransmit(now)
	}
}

// onRetransmitTimer does what RFC 6298, section 5.4 to 5.6, asks for: send the
// earliest segment again, and back off.
func (c *Conn) onRetransmitTimer(now Instant) {
	if c.opening() {
		c.onHandshakeTimer(now)
		return
	}
	if c.board.empty() {
		return
	}
	// A peer whose window is closed drops what was sent before it closed. As
	// long as it answers, the connection MUST stay open (RFC 9293, section
	// 3.8.6.1, MUST-37).
	if c.tx.wnd == 0 && c.rto.heard {
		c.rto.retries = 0
	}
	c.rto.heard = false
	if int(c.rto.retries) >= c.set.MaxRetries {
		c.fail(now, ReasonTimedOut) // RFC 9293, section 3.8.3, R2
		return
	}
	c.counters.Timeouts++
	c.trace(now, TraceTimeout)
	c.onTimeout(now)
	c.rto.retries++
	c.rto.backoff++
	c.timers.arm(timerRetransmit, now.Add(c.timeout()))
}
