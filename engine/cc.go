// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"tcpcb/engine/seq"
)

// controller decides how much may be in the network, and how fast it may enter:
// congestion control (RFC 5681, section 3; RFC 9293, section 3.8.2, MUST-19, MAY-18).
// Sizes are in bytes.
//
// The calls that an acknowledgment makes come in this order: onLost for each
// range newly deemed lost, onRecovery where that begins fast recovery, onAck,
// and onRecovered or onUndo where recovery ends. A controller reads no clock and
// keeps no pointer to the connection: all that it learns is in the samples.
type controller interface {
	// name is what CongestionControls lists.
	name() string
	// window is cwnd, and threshold is ssthresh.
	window() int
	threshold() int
	// pacingRate is how fast text may be sent, in bytes a second; 0 does not
	// pace.
	pacingRate() int64
	// bandwidth is how many bytes a second it believes the path to deliver; 0
	// where it has no belief.
	bandwidth() int64
	// understates says that less is sent on purpose than the path could deliver:
	// samples of the rate count as limited by the application.
	understates() bool
	// reduces says that fast recovery brings the window down to threshold, in
	// proportion to what is delivered (RFC 6937). One that does not governs its
	// window through recovery by itself.
	reduces() bool

	// onSent is told of text that goes out, for the first time or again.
	onSent(s sendSample)
	// onLost is told of a range that was deemed lost.
	onLost(l lostSample)
	// onAck takes an acknowledgment that told something, whatever the phase of
	// recovery.
	onAck(s ackSample)
	// onRecovery is called once for each loss event, when fast recovery begins;
	// flight is what was in the network when the loss was seen. onRecovered is
	// called when it has ended.
	onRecovery(now Instant, flight int)
	onRecovered(now Instant)
	// onTimeout is called when the retransmission timer expires; first says
	// that what is sent again was not sent again for a timeout before.
	onTimeout(now Instant, flight int, first bool)
	// onUndo takes back what the last onRecovery or onTimeout did: it was
	// spurious (RFC 4015, section 3).
	onUndo(now Instant)
	// onCongestion is told, at most once a window, that the path marked a
	// packet (RFC 3168, section 6.1.2). That is not taken back. One that
	// reduces is not told of recovery for the same window.
	onCongestion(now Instant, flight int)
	// onIdle is called before text is sent after nothing was in the network
	// for longer than the RTO; restart says that the window is to be the initial
	// one again (RFC 5681, section 4.1).
	onIdle(now Instant, restart bool)
	// burst is how many bytes may be sent without an acknowledgment of any,
	// where a window was not used for a while (RFC 7661, section 4.4.2); 0 is no
	// bound.
	burst(now Instant) int
	// setMSS tells that the segment size changed.
	setMSS(mss int)
	// takeOver begins where another controller left off.
	takeOver(window, threshold int)
	// fresh reports whether, after a pause, a new controller would do as well: this
	// one has learnt nothing yet.
	fresh() bool
}

// sendSample is what a controller learns when text goes out.
type sendSample struct {
	now    Instant
	bytes  int  // how much goes out
	flight int  // what was in the network before
	idle   bool // nothing was in the network, and the application had paused
}

// lostSample is what a controller learns of a range deemed lost.
type lostSample struct {
	now Instant
	at  seq.Range // the range
	// bytes is how much of it counts (see lossRun).
	bytes int
	sent  rateStamp // as it was last sent
	// lost counts all bytes ever deemed lost that count, this range included, and
	// delivered all that are known to have arrived.
	lost, delivered int64
}

// ackSample is what a controller learns from an acknowledgment.
type ackSample struct {
	now   Instant
	acked int // bytes newly known to have arrived, by ACK or SACK
	opens int // bytes for which a window may open (see opens)
	lost  int // bytes newly deemed lost
	// priorFlight and flight are what was in the network before and after.
	priorFlight, flight int
	// rtt is the round-trip time of what was delivered last among what was
	// sent only once; negative when nothing was.
	rtt time.Duration
	// srtt and minRTT are the connection's smoothed and least round-trip times;
	// 0 before the first measurement.
	srtt, minRTT time.Duration
	phase        recoveryPhase
	// limited says that the congestion window, and not the application or the
	// peer's window, kept text back since the last acknowledgment.
	limited bool
	// full says that it did so indeed, and not only that slow start may have
	// come to use it.
	full bool
	// echo says that the acknowledgment echoes a mark, and so SHOULD NOT open the
	// window (RFC 3168, section 6.1.2).
	echo bool
	rate rateSample
	// trusted says that the window is taken for validated (Choices.NoValidation).
	trusted bool
	// fromWindow says what the window is reduced from (Choices.FromWindow).
	fromWindow bool
}

// ccStart is what a controller is made for.
type ccStart struct {
	mss, initial int           // the segment size and the window to begin with
	sack         bool          // the peer tells what it has by SACK
	srtt         time.Duration // 0 before the first measurement
	seed         uint64        // for what is to be drawn at random
}

// controllers makes them by name; the first is the default.
var controllers = []struct {
	name string
	make func(ccStart) controller
}{
	{ccReno, func(s ccStart) controller { return newReno(s.mss, s.initial) }},
	{ccCubic, func(s ccStart) controller { return newCubic(s.mss, s.initial) }},
	{ccBBR, newBBR},
}

// CongestionControls returns the names that Params.CongestionControl may have.
func CongestionControls() []string {
	names := make([]string, 0, len(controllers))
	for _, c := range controllers {
		names = append(names, c.name)
	}
	return names
}

// findController returns the place in controllers of the one of that name, and
// that of the default where there is none.
func findController(name string) (i uint8, known bool) {
	for i, c := range controllers {
		if c.name == name {
			return uint8(i), true
		}
	}
	return 0, false
}

// newController makes the controller that the connection asks for. What it does
// at random is seeded by what else is this connection's own.
func (c *Conn) newController() controller {
	return controllers[c.par.controller].make(ccStart{
		mss: c.smss(), initial: c.initialWindow(), sack: c.shake.sack, srtt: c.rtt.srtt,
		seed: uint64(c.tx.iss.Value())<<32 | uint64(c.par.tsOffset),
	})
}

// control returns the connection's controller. It is made, with what recovery
// needs, when there is first something to control.
func (c *Conn) control() controller {
	if c.loss == nil {
		c.loss = &c.toSend().loss
	}
	if c.cc == nil {
		c.cc = c.newController()
	}
	return c.cc
}

// SetCongestionControl changes to the congestion control of that name (see
// CongestionControls), which begins where the one before left off. An unknown
// name changes nothing.
func (c *Conn) SetCongestionControl(name string) {
	i, known := findController(name)
	if !known || i == c.par.controller {
		return
	}
	c.par.controller = i
	if old := c.cc; old != nil {
		c.cc = c.newController()
		c.cc.takeOver(old.window(), old.threshold())
		c.pace = pacer{}
	}
}

func (c *Conn) initialWindow() int { return initialWindow(c.smss(), c.rto.lostSyn) }

// initialWindow returns the window to begin with (RFC 6928, section 2). After
// the loss of a SYN or SYN-ACK it is one segment (RFC 5681, section 3.1, MUST).
func initialWindow(mss int, lost bool) int {
	if lost {
		return mss
	}
	return min(10*mss, max(2*mss, 14600))
}
