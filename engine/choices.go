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
	// OpenOnce opens a window for text when an acknowledgment is the first to tell
	// that it has arrived, and not for what duplicates told of before: so that
	// reordering is followed by no burst. RFC 5681, section 3.1, bounds the growth
	// from above.
	OpenOnce bool
}

// limits returns how many duplicate acknowledgments of a peer without SACK each
// let a segment go: before recovery those of limited transmit, where that is
// chosen (RFC 3042, section 2), and in recovery all.
func (c *Conn) limits() int {
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
