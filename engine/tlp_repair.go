// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// A repair is a probe within recovery. RACK finds that what was sent again is lost
// as soon as something that was sent later has arrived (RFC 8985, section 3.4). A
// window of two or three segments often has nothing later: the retransmission is
// lost, with what little was sent beside it, and the connection is silent until the
// retransmission timer expires, at 200 ms or more where a round trip takes 10. Many
// flows that share a queue have no larger windows, and some are thus silent at any
// time.
//
// RFC 8985, section 7.2, has a sender arm its probe unless it is in recovery, since
// limited transmit, the reordering timer and F-RTO are then to find what is lost.
// None of them does here. So once something was acknowledged in a recovery, and then
// nothing for two round trips, and as much as round trips vary, its first segment
// goes out again, as RFC 9002, section 6.2, has it in any state. What limits probes
// limits these: one for each round trip that was measured. The window is what
// recovery has made it; if the probe is lost as well, the timer expires as ever, and
// once it has, nothing is sent by this until the peer has acknowledged more.

// mayRepair reports whether a recovery is underway in which the retransmission timer
// has not expired since something was acknowledged.
func (c *Conn) mayRepair() bool {
	return c.recovery.phase == phaseFast || c.recovery.phase == phaseLoss && c.rto.retries == 0
}

// armRepair sets the probe timer in recovery.
func (c *Conn) armRepair(now Instant) {
	if !c.mayRepair() || c.rtt.probed || !c.rtt.valid || c.board.pipe() == 0 {
		return
	}
	at := now.Add(c.probeWait() + max(0, 4*c.rtt.rttvar-c.rtt.srtt))
	if !c.timers.armed(timerRetransmit) || at < c.timers.at[timerRetransmit] {
		c.timers.arm(timerProbe, at)
	}
}

// pollRepair builds the probe: the first segment that is outstanding. Where that is
// deemed lost and waits, it is sent as a fast retransmit is, whatever the window, and
// F-RTO waits no longer.
func (c *Conn) pollRepair(now Instant, out *Segment) bool {
	s := c.board.at(0)
	if !c.mayRepair() || s.fate == sacked {
		return false
	}
	c.rtt.probed = true
	c.counters.TailProbes++
	if s.fate == deemedLost {
		c.loss.frto = frto{}
		c.recovery.first = true
		return c.pollLost(now, out)
	}
	mss := c.segmentRoom()
	if n := s.r.Len(); n > mss && !(n == mss+1 && c.endsInFin(s.r)) {
		c.board.split(0, mss)
	}
	c.resend(now, out, *c.board.order.at(0), mss)
	return true
}
