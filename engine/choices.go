// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// Choices are what RFCs leave to each TCP to choose, and where Linux has chosen
// otherwise than netstack has. The zero value is what netstack does, or what this
// TCP does where netstack has nothing of the kind.
type Choices struct {
	// LimitedTransmit sends a segment of new text for each of the first two
	// duplicate acknowledgments of a peer without SACK as well (RFC 3042, section
	// 2, SHOULD).
	LimitedTransmit bool
	// ProbeAtTimeout sends a tail loss probe where the retransmission timer would
	// expire no later, in its place, and starts that timer anew (RFC 8985, section
	// 7.2: where the probe would come later, it comes when the timer would expire).
	ProbeAtTimeout bool
	// LoneFIN sends a FIN without text whatever the congestion window, which bounds
	// data (RFC 5681, section 2).
	LoneFIN bool
	// RestartIdle begins again with the initial window where nothing was sent for
	// longer than the retransmission timeout (RFC 5681, section 4.1, SHOULD), for
	// Reno and CUBIC.
	RestartIdle bool
	// NoValidation leaves out congestion window validation (RFC 7661, which is
	// experimental): a window that was not used is as good as one that was, but for
	// not growing meanwhile (RFC 9438, section 5.8). For Reno and CUBIC.
	NoValidation bool
	// FromWindow has CUBIC reduce from the congestion window in place of what is in
	// flight, as RFC 9438, section 4.6, allows where a window does not grow that is
	// not used (MUST).
	FromWindow bool
	// OpenOnce opens a window for text when an acknowledgment is the first to tell
	// that it has arrived, and not for what duplicates told of before: so that
	// reordering is followed by no burst. RFC 5681, section 3.1, bounds the growth
	// from above.
	OpenOnce bool
	// More heeds Hold: what fills no segment waits for the next write, for an
	// acknowledgment, or for a fifth of a second with nothing outstanding; so long
	// a cork holds back, too (RFC 9293, section 3.8.6.2.1, (4), the override
	// timeout).
	More bool
	// UnsentMost bounds what is taken from the application beyond what may be sent
	// at once, in bytes, so that what it has to say next need not wait behind much;
	// 0 does not.
	UnsentMost int
}

// leftByDups returns how many segments the duplicate acknowledgments of a peer without
// SACK tell to have left the network: in recovery one each, and before it those by
// which limited transmit lets text go, where that is chosen (RFC 3042, section 2).
func (c *Conn) leftByDups() int {
	n := int(c.recovery.dups)
	if c.recovery.phase == phaseOpen {
		if !c.set.LimitedTransmit {
			return 0
		}
		return min(n, dupThresh-1)
	}
	return n
}

// probesAtTimeout reports whether a tail loss probe takes the place of the
// retransmission timer that is expiring (RFC 8985, section 7.2): each flight gets
// one, and the timer the next time.
func (c *Conn) probesAtTimeout() bool {
	return c.set.ProbeAtTimeout && c.timers.armed(timerProbe) && c.timers.at[timerProbe] == c.timers.at[timerRetransmit]
}

// Hold says, before Write, whether the application is about to write more (see
// Choices.More).
func (c *Conn) Hold(more bool) { c.txc.more = more && c.set.More }

// holdsBack reports whether it is for what the application may write yet that text
// waits.
func (c *Conn) holdsBack() bool {
	return (c.txc.more || c.set.Cork && c.set.More) && c.Unsent() > 0 && !c.windowBlocked()
}

// mayHold returns how many bytes more than are there Choices.UnsentMost allows.
func (c *Conn) mayHold() int {
	atOnce := c.usable()
	switch {
	case c.cc == nil:
		atOnce = min(atOnce, c.initialWindow())
	case c.loss == nil: // nothing is outstanding
		atOnce = min(atOnce, c.cc.window())
	default:
		atOnce = min(atOnce, c.cwnd()-c.pipe())
	}
	return max(0, c.set.UnsentMost+max(0, atOnce)-c.Unsent())
}

// noteSupply is noteSpace where Choices.UnsentMost bounds what may wait to be sent. It
// is called when there is nothing to send; text may wait then for the window, for a
// cork, or for Nagle's algorithm.
func (c *Conn) noteSupply() {
	if c.set.UnsentMost > 0 {
		c.noteFull() // who comes now is kept out, and does not get as far as Write
		c.noteSpace()
	}
}
