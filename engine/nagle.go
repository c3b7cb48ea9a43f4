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
		if c.set.Cork && c.WriteSpace() >= c.writableSpace() { // else no more would come
			return false
		}
		// (2) nothing is outstanding, or the Nagle algorithm is off.
		if c.set.NoDelay || c.board.empty() {
			return true
		}
		return false
	}
	// (3) a half of the largest window the peer ever offered.
	return n >= mss || 2*n >= c.tx.maxWnd
}
