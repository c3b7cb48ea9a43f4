// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package engine is one TCP connection as a deterministic state machine: no
// goroutine, no lock, no clock, no randomness, no I/O. Segments, application
// calls and deadlines go in, each with the instant at which it happens;
// segments to send, one next deadline and readiness events are polled out. The
// same engine runs inside netstack, in a virtual-time simulation and under a
// fuzzer.
//
// It implements RFC 9293 with RFC 7323 (window scale, timestamps, PAWS), RFC
// 2018 and 6675 (SACK), RFC 5681, 6582, 3042 and 6928 (congestion control and
// loss recovery), RFC 6298 (retransmission timeout), RFC 5961 (blind attacks),
// RFC 5482 (user timeout), RFC 5927 (ICMP) and RFC 3168 (ECN).
package engine

import (
	"time"

	"tcpcb/engine/seq"
)

// Conn is one connection: the transmission control block of RFC 9293, section
// 3.3.1. The zero value is a CLOSED connection that was never opened; it is
// meant to be embedded in its owner, who serialises all calls.
//
// Its methods are four families:
//
//   - From the network and the clock: HandleSegment, HandleDeadline,
//     HandlePathMTU, HandleUnreachable, HandleNoRoom, Rest.
//   - From the application: OpenActive, OpenPassive or OpenCookie, once and
//     first; then Write, Read, Unread, Peek, CloseWrite, CloseRead, Close,
//     Abort, Apply.
//   - Outputs, which the caller takes after any call of the first two, in this
//     order: PollSegment until it returns false, Deadline, TakeEvents. Who must not
//     send new text now calls PollWithoutNew instead, and PollSegment once it may.
//   - Getters, at any time: State, Reason and the rest, which change nothing.
//
// Many inputs may come before the outputs are polled: a batch of arrivals costs
// one acknowledgment.
type Conn struct {
	state  State
	reason Reason
	soft   Reason
	events Events
	ecn    ecn
	turns  turns
	set    *Settings
	par    params
	shake  handshake
	buf    bufferSizes
	// What an idle connection does not hold: each is nil until it is needed,
	// and again once it was empty for a while (see idle.go). snd, board and loss
	// are parts of out.
	out      *sending
	snd      *sendBuffer
	rcv      *recvBuffer
	ooo      *reassembly
	board    *scoreboard
	loss     *lossState
	cc       controller
	rate     rateSampler
	pace     pacer
	rtt      rttEstimator
	timers   timers
	ack      ackState
	tx       sendVars
	txc      outputState
	rx       recvVars
	ts       timestamps
	recovery recovery
	rto      rtoState
	persist  persist
	alive    keepAlive
	limit    rateLimit
	closing  closeState
	longest  uint16 // the most text that a segment brought; for looking only
	counters Counters
}

// sendVars are the send sequence variables of RFC 9293, section 3.3.1.
type sendVars struct {
	iss, una, nxt seq.Num
	// wl1 and wl2 are the segment that last updated the window.
	wl1, wl2 seq.Num
	wndScale uint8
	smss     uint16 // see Conn.smss
	// wnd is the window the peer offers, in bytes, from una; maxWnd is the
	// largest it ever was.
	wnd, maxWnd int
	// mss is the effective send MSS: the largest payload of a packet that
	// carries no option (RFC 9293, section 3.7.1, Eff.snd.MSS before options).
	mss int
}

// recvVars are the receive sequence variables of RFC 9293, section 3.3.1.
type recvVars struct {
	irs, nxt seq.Num
	// adv is the right edge of the window: the largest RCV.NXT+RCV.WND that
	// was ever sent. It never moves back (section 3.8.6).
	adv      seq.Num
	echo     uint32 // the timestamp that told rtt last
	wndScale uint8
	// drained says that the application has read all since the window was told.
	drained bool
	mss     uint16 // the largest segment that the peer may send, without options
	// heardText is when text last came, or the connection was established.
	heardText coarse
	// rtt is the round-trip time that the peer's text shows: from what it is an
	// answer to; 0 when it does not.
	rtt time.Duration
}

// State returns the connection's state.
func (c *Conn) State() State { return c.state }

// Reason returns why the connection ended; ReasonNone while it lives and after
// an orderly close.
func (c *Conn) Reason() Reason { return c.reason }

// SoftError returns the last ICMP error noted, and forgets it.
func (c *Conn) SoftError() Reason {
	r := c.soft
	c.soft = ReasonNone
	return r
}

// Settings returns the settings in force, which must not be changed.
func (c *Conn) Settings() *Settings { return c.set }

// TakeEvents returns the events since the last call, and forgets them.
func (c *Conn) TakeEvents() Events {
	e := c.events
	c.events = 0
	return e
}
