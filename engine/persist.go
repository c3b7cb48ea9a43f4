// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// persist is the state of probing a closed window (RFC 9293, section 3.8.6.1).
type persist struct {
	backoff    int32
	unanswered int32
}

// overrideTimeout ends silly-window avoidance where the window is open by less
// than it wants (RFC 9293, section 3.8.6.2.1: 0.1 to 1 second).
const overrideTimeout = 200 * time.Millisecond

// watchWindow is called when there is nothing to send. Where text waits for the
// window and nothing is outstanding whose acknowledgment would bring news, it
// starts the persist timer: a window update may have been lost. So it does where
// text waits for more (Choices.More).
func (c *Conn) watchWindow(now Instant) {
	blocked := c.windowBlocked()
	waiting := c.state.sends() && c.board.empty() && (blocked || c.holdsBack())
	switch {
	case !waiting:
		if c.timers.armed(timerPersist) {
			c.timers.stop(timerPersist)
			c.timers.stop(timerUser)
		}
		c.persist = persist{}
	case !c.timers.armed(timerPersist):
		c.timers.arm(timerPersist, now.Add(c.persistTimeout()))
		if blocked {
			c.armUserTimeout(now)
		}
	}
}

// windowBlocked reports whether the peer's window keeps text or the FIN back.
func (c *Conn) windowBlocked() bool {
	unsent, usable := c.Unsent(), c.usable()
	if unsent == 0 {
		return false // a FIN needs no room
	}
	return usable < min(unsent, c.segmentRoom())
}

func (c *Conn) persistTimeout() time.Duration {
	if c.usable() > 0 {
		return overrideTimeout
	}
	return c.backedOff(c.rtt.rto(c.set.MinRTO), c.persist.backoff)
}

// onPersistTimer sends what the window allows, or probes it, every time after a
// longer pause (RFC 9293, section 3.8.6.1, MUST-35, SHLD-29, SHLD-30). A peer
// that answers may keep its window closed as long as it likes (MUST-37).
func (c *Conn) onPersistTimer(now Instant) {
	if c.board.empty() && c.holdsBack() {
		c.txc.force = true
		return
	}
	if !c.board.empty() || !c.windowBlocked() {
		return
	}
	if c.usable() > 0 {
		c.txc.force, c.txc.narrow = true, true
		return
	}
	if int(c.persist.unanswered) >= c.set.MaxRetries {
		c.fail(now, ReasonTimedOut)
		return
	}
	c.persist.unanswered++
	c.persist.backoff++
	c.txc.probe = true
	c.counters.WindowProbes++
}
