// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// keepAlive is the state of keep-alives (RFC 9293, section 3.8.4, MAY-5).
type keepAlive struct {
	heardAt Instant // when the peer was last heard
	probes  int     // sent since
}

// lastHeard notes a segment of the peer.
func (c *Conn) lastHeard(now Instant) {
	c.alive.heardAt = now
	if c.alive.probes > 0 {
		// The timer stands for the next probe, which may be further away than the
		// next silence.
		c.alive.probes = 0
		c.armKeepAlive(now)
	}
	c.rto.heard = true
	c.persist.unanswered = 0
}

// armKeepAlive starts the timer where keep-alives are on (MUST-25: off unless
// asked for).
func (c *Conn) armKeepAlive(now Instant) {
	if !c.set.KeepAlive || !c.state.Synchronized() || c.state == StateTimeWait {
		c.timers.stop(timerKeepAlive)
		return
	}
	at := c.alive.heardAt.Add(c.set.KeepAliveIdle)
	if c.alive.probes > 0 {
		at = now.Add(c.set.KeepAliveInterval)
	}
	c.timers.arm(timerKeepAlive, at)
}

// onKeepAliveTimer probes a peer that was silent for long enough. The timer is
// not moved by each segment: when it fires too early it is set anew. Text that
// is outstanding or waits for the window has timers of its own (MUST-26).
func (c *Conn) onKeepAliveTimer(now Instant) {
	idle := now.Sub(c.alive.heardAt)
	busy := !c.board.empty() || c.timers.armed(timerPersist)
	if c.alive.probes == 0 && (idle < c.set.KeepAliveIdle || busy) {
		if busy {
			c.alive.heardAt = now
		}
		c.armKeepAlive(now)
		return
	}
	lost := c.alive.probes >= c.set.KeepAliveCount
	if c.set.UserTimeout > 0 { // it stands for the count, as in netstack and Linux
		lost = c.alive.probes > 0 && idle >= c.set.UserTimeout
	}
	if lost {
		c.fail(now, ReasonTimedOut)
		return
	}
	c.alive.probes++
	c.txc.probe = true
	c.counters.KeepAliveProbes++
	c.armKeepAlive(now)
}
