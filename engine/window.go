// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"

	"tcpcb/engine/wire"
)

// maxWindowScale is the largest shift (RFC 7323, section 2.3).
const maxWindowScale = 14

// windowScale returns the shift that lets a buffer of most bytes be offered
// (RFC 7323, section 2.2), within what lets a window of least bytes be opened by
// halves: a window below the shift's unit cannot be told.
func windowScale(most, least int) uint8 {
	s := uint8(0)
	for s < maxWindowScale && math.MaxUint16<<s < most && 2<<s <= least/2 {
		s++
	}
	return s
}

// windowLimit is the largest window that the settings allow, in bytes.
func (c *Conn) windowLimit() int { return c.set.clamp(c.buf.rcv) }

// clamp bounds a window by what the settings allow, in bytes.
func (s *Settings) clamp(wnd int) int {
	if s.WindowClamp > 0 {
		return min(wnd, s.WindowClamp)
	}
	return wnd
}

// rcvWnd is RCV.WND: what the peer may still send.
func (c *Conn) rcvWnd() int { return c.rx.adv.Sub(c.rx.nxt) }

// openTo returns how far the window could be open: the room in the receive
// buffer, within the clamp and the field. Text out of order lies within the
// window and so has its room already. With nothing to read it is never less than
// the field can tell, or a window that became tiny would stay closed for ever.
func (c *Conn) openTo() int {
	w := min(c.buf.rcv-c.rcv.size(), c.windowLimit())
	if c.rcv.size() == 0 {
		w = max(w, 1<<c.rx.wndScale)
	}
	return max(0, min(w, math.MaxUint16<<c.rx.wndScale))
}

// mayOpen returns how far the window can be opened, and whether silly-window
// avoidance lets it (RFC 9293, section 3.8.6.2.2, MUST-39): by half of the
// buffer or a segment; where the peer sees a closed window and nothing is left to
// read; and where all was read, so that the window is as large as it can be.
func (c *Conn) mayOpen() (int, bool) {
	open := c.asTold(c.openTo())
	gain := open - c.rcvWnd()
	closed := c.rcvWnd()>>c.rx.wndScale == 0 && c.rcv.size() == 0
	return open, gain > 0 && (closed || c.rx.drained || gain >= min(c.windowLimit()/2, int(c.rx.mss)))
}

// advertise moves the right edge where it may open; it never moves back
// (section 3.8.6, SHLD-14). It returns the field to send, the window rounded
// down to the scale.
func (c *Conn) advertise() wire.Window {
	if open, ok := c.mayOpen(); ok {
		// What is offered is what the field can say: an edge that the peer
		// cannot see is not promised.
		c.rx.adv = c.rx.nxt.Add(max(c.rcvWnd(), open))
	}
	c.rx.drained = false
	switch {
	case c.rcvWnd() == 0:
		c.counters.ZeroWindows++
	case c.openTo() == 0:
		c.counters.WantZeroWindows++
	}
	return wire.Window(min(math.MaxUint16, c.rcvWnd()>>c.rx.wndScale))
}

// synWindow returns the window of a SYN, which is never scaled (RFC 7323,
// section 2.2).
func (c *Conn) synWindow() wire.Window { return synWindow(c.windowLimit()) }

func synWindow(limit int) wire.Window { return wire.Window(min(limit, math.MaxUint16)) }

// windowOpened owes the peer an acknowledgment when reading has opened the window by
// enough to be worth a segment: where it was told of less than a segment, and waits, by
// a segment; else by a quarter of the widest. It goes to twice what is left where that is
// many segments, and there is text to read yet. Between the two, the acknowledgments of
// what still arrives carry the news; and so they do where one is on its way already, and
// the peer cannot use up its window before it goes.
func (c *Conn) windowOpened() {
	if !c.state.receives() {
		return
	}
	c.rx.drained = c.rx.drained || c.rcv.size() == 0
	open, ok := c.mayOpen()
	mss, left := int(c.rx.mss), c.asTold(c.rcvWnd())
	caughtUp := c.rcv.size() < mss
	switch gain := open - left; {
	case !ok:
	case left < mss && (c.asTold(c.toldWindow()) < mss || caughtUp):
		c.ack.now = true
	case gain >= c.widest()/4 && (gain >= left || left < 4*mss || caughtUp):
		c.ack.now = !c.timers.armed(timerAck) || left < c.ackMost(0) || c.ack.now
	}
}

// toldWindow is the window of the last acknowledgment, in bytes.
func (c *Conn) toldWindow() int { return c.rx.adv.Sub(c.ts.lastAck) }

// asTold is a window as its field tells it.
func (c *Conn) asTold(wnd int) int { return wnd >> c.rx.wndScale << c.rx.wndScale }

// widest is the widest window that can be told, in bytes.
func (c *Conn) widest() int { return min(c.windowLimit(), math.MaxUint16<<c.rx.wndScale) }
