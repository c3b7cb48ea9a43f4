// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"

	"tcpcb/engine/wire"
)

// maxWindowScale is the largest shift (RFC 7323, section 2.3).
const maxWindowScale = 14

// windowScale returns the shift that lets a buffer of n bytes be offered (RFC
// 7323, section 2.2).
func windowScale(n int) uint8 {
	s := uint8(0)
	for s < maxWindowScale && math.MaxUint16<<s < n {
		s++
	}
	return s
}

// rcvWnd is RCV.WND: what the peer may still send.
func (c *Conn) rcvWnd() int { return c.rx.adv.Sub(c.rx.nxt) }

// openTo returns how far the window could be open: the room in the receive
// buffer, within the clamp and the field. Text out of order lies within the
// window and so has its room already.
func (c *Conn) openTo() int {
	w := c.set.RcvBuf - c.rcv.size
	if c.set.WindowClamp > 0 {
		w = min(w, c.set.WindowClamp)
	}
	return max(0, min(w, math.MaxUint16<<c.rx.wndScale))
}

// advertise moves the right edge where silly-window avoidance allows it (RFC
// 9293, section 3.8.6.2.2, MUST-39): by half of the buffer or a segment. It
// never moves back (section 3.8.6, SHLD-14). It returns the field to send, the
// window rounded down to the scale.
func (c *Conn) advertise() wire.Window {
	open := c.openTo()
	if gain := open - c.rcvWnd(); gain > 0 && gain >= min(c.set.RcvBuf/2, c.rx.mss) {
		// What is offered is what the field can say: an edge that the peer
		// cannot see is not promised.
		c.rx.adv = c.rx.nxt.Add(max(c.rcvWnd(), open>>c.rx.wndScale<<c.rx.wndScale))
	}
	if c.rcvWnd() == 0 {
		c.counters.ZeroWindows++
	}
	return wire.Window(min(math.MaxUint16, c.rcvWnd()>>c.rx.wndScale))
}

// synWindow returns the window of a SYN, which is never scaled (RFC 7323,
// section 2.2).
func (c *Conn) synWindow() wire.Window {
	w := min(c.set.RcvBuf, math.MaxUint16)
	if c.set.WindowClamp > 0 {
		w = min(w, c.set.WindowClamp)
	}
	return wire.Window(w)
}

// windowOpened owes the peer an acknowledgment when reading has opened the
// window by enough to be worth a segment: by a quarter of the buffer, or by a
// segment where less than one was offered. Between the two, the
// acknowledgments of what still arrives carry the news.
func (c *Conn) windowOpened() {
	if !c.state.receives() {
		return
	}
	gain := c.openTo() - c.rcvWnd()
	if gain < min(c.set.RcvBuf/2, c.rx.mss) {
		return
	}
	if c.rcvWnd() < c.rx.mss || gain >= c.set.RcvBuf/4 {
		c.ack.now = true
	}
}
