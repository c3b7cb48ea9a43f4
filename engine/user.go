// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine/seq"
)

// Write moves a prefix of src into the send buffer and returns how many bytes;
// 0 when it is full, or when the connection is not open for writing.
func (c *Conn) Write(now Instant, src *buffer.Buffer) int {
	switch c.state {
	case StateSynSent, StateSynRcvd:
		if c.closing.queued {
			return 0
		}
	case StateEstablished, StateCloseWait:
	default:
		return 0
	}
	c.uncork(int(src.Size()))
	n := c.sendBuf().write(src, c.WriteSpace(), c.tx.nxt)
	c.noteFull()
	return n
}

// WriteSpace returns how many bytes Write takes: the room in the send buffer, within
// Choices.UnsentMost.
func (c *Conn) WriteSpace() int {
	n := c.room()
	if c.set.UnsentMost > 0 && n > 0 {
		n = min(n, c.mayHold())
	}
	return n
}

// room is what is left of the send buffer, in bytes.
func (c *Conn) room() int { return max(0, c.buf.snd-c.snd.size()) }

// Unacked returns how many bytes were written and not acknowledged.
func (c *Conn) Unacked() int { return c.snd.size() }

// Unsent returns how many bytes were written and never sent.
func (c *Conn) Unsent() int {
	// Before the SYN is sent SND.NXT lies before the first byte of text, and
	// after the FIN behind the last.
	if c.snd == nil {
		return 0
	}
	return max(0, c.snd.end.Sub(seq.Max(c.snd.start, c.tx.nxt)))
}

// writableSpace is the room at which a writer is told to go on, in bytes: a quarter of
// the buffer, or half of what Choices.UnsentMost allows, so that it is not woken for
// each segment.
func (c *Conn) writableSpace() int {
	quarter := max(1, c.buf.snd/4)
	if c.set.UnsentMost > 0 {
		return min(quarter, max(1, c.set.UnsentMost/2))
	}
	return quarter
}

// noteFull notes that who would write now is kept out, and waits to be told.
func (c *Conn) noteFull() {
	if c.snd != nil && c.WriteSpace() == 0 {
		c.snd.kept = true
	}
}

// AwaitRoom notes that who writes has more, and waits to be told of room. Where there is
// some by now, it is told.
func (c *Conn) AwaitRoom() {
	if c.snd != nil {
		c.snd.kept = true
		c.noteSpace()
	}
}

// noteSpace tells a writer that was kept out when there is room to go on. Where none
// was, nobody waits.
func (c *Conn) noteSpace() {
	if c.snd != nil && c.snd.kept && c.WriteSpace() >= c.writableSpace() {
		c.snd.kept = false
		c.events |= EventWritable
	}
}

// Readable returns how many bytes wait for Read.
func (c *Conn) Readable() int { return c.rcv.size() }

// Received returns how far the peer's sequence numbers have come in order: the bytes
// of its text, and one each for SYN and FIN, modulo 2^32.
func (c *Conn) Received() uint32 { return c.rx.nxt.Value() - c.rx.irs.Value() }

// EOF reports whether nothing more is waited for: after what is Readable, the
// stream ends.
func (c *Conn) EOF() bool {
	switch c.state {
	case StateCloseWait, StateLastAck, StateClosing, StateTimeWait, StateClosed:
		return true
	}
	return c.closing.read != readOpen
}

// Read moves up to limit bytes to the end of dst and returns how many.
func (c *Conn) Read(dst *buffer.Buffer, limit int) int {
	n := c.rcv.read(dst, limit)
	if n > 0 {
		c.windowOpened()
		c.ackOnRead()
	}
	return n
}

// Unread gives back what the last Read moved and nobody consumed, to be read
// first.
func (c *Conn) Unread(src *buffer.Buffer) { c.recvBuf().unread(src) }

// Peek puts up to limit bytes at the end of dst, by reference, and leaves them
// to be read. It returns how many.
func (c *Conn) Peek(dst *buffer.Buffer, limit int) int { return c.rcv.peek(dst, limit) }

// Apply puts other settings in force. The sizes of the buffers are Resize's.
func (c *Conn) Apply(now Instant, s *Settings) {
	old := c.set
	c.set = s.inRange()
	if c.state == StateClosed {
		return
	}
	c.noteSpace() // Choices.UnsentMost may allow more
	if s.KeepAlive != old.KeepAlive || s.KeepAliveIdle != old.KeepAliveIdle ||
		s.KeepAliveInterval != old.KeepAliveInterval {
		c.armKeepAlive(now)
	}
	if s.UserTimeout != old.UserTimeout {
		c.timers.stop(timerUser)
		if !c.board.empty() || c.timers.armed(timerPersist) {
			c.armUserTimeout(now)
		}
	}
	if s.QuickAck && c.ack.unacked > 0 {
		c.ack.now = true
	}
	if c.rcvWnd() < int(c.rx.mss) {
		c.windowOpened()
	}
}

// bufferSizes are the bounds of what is held for the application and for the
// peer, in bytes.
type bufferSizes struct{ rcv, snd int }

// Resize bounds the bytes held for the application and for the peer, as
// Settings.RcvBuf and SndBuf did when the connection was opened. What is held
// beyond a bound stays.
func (c *Conn) Resize(now Instant, rcv, snd int) {
	c.buf = bufferSizes{rcv: max(1, rcv), snd: max(1, snd)}
	c.noteFull()
	if c.state != StateClosed && c.rcvWnd() < int(c.rx.mss) {
		c.windowOpened() // else what is sent anyway tells of the window
	}
}
