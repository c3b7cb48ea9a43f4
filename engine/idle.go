// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"tcpcb/engine/seq"
)

// An idle connection is small: the buffers, the reassembly queue and the
// scoreboard are made when they are first needed, and dropped when nothing was
// sent or heard for a while.

// idleTime is how long that while is. One that takes its turn among thousands is
// not idle, although its timers run out between two of its turns: to drop and make
// anew what it needs would cost it more than the turn.
const idleTime = time.Second

// sending is the memory of what a connection needs that has something to send, in one
// piece: each part is begun when it is first needed, and all are dropped together.
type sending struct {
	snd      sendBuffer
	board    scoreboard
	loss     lossState
	envelope ackEnvelope
}

// toSend returns the memory of what is needed to send, making it where there is none.
func (c *Conn) toSend() *sending {
	if c.out == nil {
		c.out = new(sending)
	}
	return c.out
}

// sendBuf returns the send buffer, beginning it where there is none.
func (c *Conn) sendBuf() *sendBuffer {
	if c.snd == nil {
		c.beginText(c.textEnd())
	}
	return c.snd
}

// beginText begins the send buffer, whose text will begin at start.
func (c *Conn) beginText(start seq.Num) {
	c.snd = &c.toSend().snd
	c.snd.begin(start)
}

// textEnd returns the sequence number behind the last byte that was written: of
// our FIN, where it was sent.
func (c *Conn) textEnd() seq.Num {
	switch {
	case c.snd != nil:
		return c.snd.end
	case c.closing.finSent:
		return c.tx.nxt.Add(-1)
	case !c.state.Synchronized() && c.tx.nxt == c.tx.iss:
		return c.tx.iss.Add(1) // the SYN is still to be sent
	}
	// Which of SND.NXT and ISS is ahead cannot be asked later: 2 GiB on, ISS
	// seems to be.
	return c.tx.nxt
}

// recvBuf returns the receive buffer, making it where there is none.
func (c *Conn) recvBuf() *recvBuffer {
	if c.rcv == nil {
		c.rcv = newRecvBuffer()
	}
	return c.rcv
}

// reassemble returns the reassembly queue, making it where there is none.
func (c *Conn) reassemble() *reassembly {
	if c.ooo == nil {
		c.ooo = new(reassembly)
	}
	return c.ooo
}

// scores returns the scoreboard, beginning it where there is none.
func (c *Conn) scores() *scoreboard {
	if c.board == nil {
		c.board = &c.toSend().board
		c.board.begin(c.tx.una)
		c.recovery.reorder.fack = c.tx.una
	}
	return c.board
}

// Rest drops what an idle connection does not hold, where this is one, and returns
// when to call it again: when the connection may have become one; Never where there
// is nothing to drop, or a deadline comes first. Its owner calls it now and then, as
// when a wake finds nothing to do: nothing is lost where that is late.
func (c *Conn) Rest(now Instant) Instant {
	if c.lean() || !c.timers.calm() {
		return Never
	}
	if at := max(c.alive.heardAt, c.txc.lastSent).Add(idleTime); now < at {
		return at
	}
	c.shed()
	return Never
}

// lean reports whether there is nothing that shed might drop.
func (c *Conn) lean() bool {
	return c.snd == nil && c.board == nil && c.loss == nil && c.rcv == nil && c.ooo == nil
}

// shed drops what is empty, and a controller that has learnt nothing.
func (c *Conn) shed() {
	if c.snd.size() == 0 && c.board.empty() {
		c.out, c.snd, c.board, c.loss = nil, nil, nil, nil
		if c.cc != nil && c.cc.fresh() {
			c.cc = nil
		}
	}
	if c.rcv.size() == 0 {
		c.rcv = nil
	}
	if c.ooo.empty() {
		c.ooo = nil
	}
}

// dropSend releases the text to send, and what was known of it.
func (c *Conn) dropSend() {
	c.snd.release()
	c.out, c.snd, c.board, c.loss = nil, nil, nil, nil
}

// dropRead releases the text that waits for the application.
func (c *Conn) dropRead() {
	c.rcv.release()
	c.rcv = nil
}

// dropOutOfOrder releases the text that came out of order, and forgets the FIN.
func (c *Conn) dropOutOfOrder() {
	c.ooo.release()
	c.ooo = nil
}
