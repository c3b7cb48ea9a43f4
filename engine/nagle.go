// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// mayBePartial reports whether a segment of n bytes, less than a full one, may
// go: the rules of Nagle and of the sender's silly-window avoidance (RFC 9293,
// sections 3.7.4 and 3.8.6.2.1, MUST-38). usable is the window left, mss the
// size of a full segment.
func (c *Conn) mayBePartial(n, usable, mss int) bool {
	if c.txc.force {
		return true // (4) the override timeout has come
	}
	if c.Unsent() <= usable { // all that is queued fits
		if c.finDue() {
			return true // the end of the stream does not wait for more
		}
		if (c.set.Cork || c.txc.more) && !c.snd.kept && c.WriteSpace() > 0 { // else no more would come
			return false
		}
		// (2) nothing is outstanding, or the Nagle algorithm is off.
		if c.set.NoDelay || c.board.empty() {
			return true
		}
		return false
	}
	// (3) a half of the largest window the peer ever offered.
	// Where the override timeout had to come, the peer's buffer has shrunk: then a
	// half of the window.
	return n >= mss || 2*n >= c.tx.maxWnd || c.txc.narrow && 2*n >= c.tx.wnd
}

// uncork lets go what the cork holds where n more bytes are written that do not
// fit its segment: as in netstack, the write is not torn for it.
func (c *Conn) uncork(n int) {
	held := c.Unsent()
	if c.set.Cork && held > 0 && c.corked() == 0 && held < c.segmentRoom() && held+n > c.segmentRoom() {
		c.txc.corkEnd, c.txc.corkEnds = c.snd.end, true
	}
}

// corked returns how many bytes stand before the point where the cork let go; 0
// where there is none.
func (c *Conn) corked() int {
	if !c.txc.corkEnds {
		return 0
	}
	n := c.txc.corkEnd.Sub(c.tx.nxt)
	if n <= 0 {
		c.txc.corkEnds = false
	}
	return max(n, 0)
}
