// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "math/bits"

// timerID names a deadline of a connection.
type timerID uint8

const (
	timerRetransmit timerID = iota // RFC 6298; SYN and SYN-ACK as well
	timerPersist                   // zero-window probes, RFC 9293, section 3.8.6.1
	timerAck                       // delayed acknowledgment
	timerKeepAlive                 // RFC 9293, section 3.8.4
	timerUser                      // user timeout, RFC 5482
	timerLinger                    // FIN-WAIT-2 of a closed connection; TIME-WAIT
	timerReorder                   // RACK's reordering window, RFC 8985, section 6.3
	timerProbe                     // tail loss probe, RFC 8985, section 7
	timerPace                      // when the next text may go out: pacing, a mark, a full link
	numTimers
)

// timers are the deadlines of a connection. The zero value has none set.
type timers struct {
	at  [numTimers]Instant
	set uint16 // a bit for each that is set
}

func (t *timers) arm(id timerID, at Instant) {
	t.at[id] = at
	t.set |= 1 << id
}

func (t *timers) stop(id timerID)       { t.set &^= 1 << id }
func (t *timers) stopAll()              { t.set = 0 }
func (t *timers) armed(id timerID) bool { return t.set&(1<<id) != 0 }

// calm reports whether none is set, but perhaps that of keep-alives.
func (t *timers) calm() bool { return t.set&^(1<<timerKeepAlive) == 0 }

// next returns the earliest deadline and its timer; Never when none is set.
func (t *timers) next() (Instant, timerID) {
	at, first := Never, numTimers
	for set := t.set; set != 0; set &= set - 1 {
		id := timerID(bits.TrailingZeros16(set))
		if t.at[id] < at || first == numTimers {
			at, first = t.at[id], id
		}
	}
	return at, first
}

// Deadline returns when HandleDeadline is due next; Never when it is not.
func (c *Conn) Deadline() Instant {
	at, _ := c.timers.next()
	return at
}

// HandleDeadline does what is due by now. A call that comes too early does
// nothing.
func (c *Conn) HandleDeadline(now Instant) {
	for {
		at, id := c.timers.next()
		if id == numTimers || at > now {
			return
		}
		if id == timerRetransmit && c.probesAtTimeout() {
			id = timerProbe // which arms the other anew
		}
		c.timers.stop(id)
		switch id {
		case timerRetransmit:
			c.onRetransmitTimer(now)
		case timerPersist:
			c.onPersistTimer(now)
		case timerAck:
			c.onAckTimer()
		case timerKeepAlive:
			c.onKeepAliveTimer(now)
		case timerUser:
			c.fail(now, ReasonTimedOut)
		case timerReorder:
			c.onReorderTimer(now)
		case timerProbe:
			c.onProbeTimer(now)
		case timerPace:
			c.onPaceTimer()
		case timerLinger:
			c.finish(now, ReasonNone)
		}
	}
}
