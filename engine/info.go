// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"time"
)

// Counters count what a connection did. They never go back, but those of the
// rarer things wrap at 2^32, or 2^16.
type Counters struct {
	SegsIn, SegsOut uint64
	Retransmits     uint32 // segments sent again
	// Of those, FastRetransmits did not wait for the pipe: the first of a fast
	// recovery and, without SACK, that after each partial acknowledgment.
	// SlowStartRetransmits went out with the congestion window below its
	// threshold.
	FastRetransmits, SlowStartRetransmits uint32
	FastRecoveries                        uint32
	// ProbeRecoveries are those of FastRecoveries that a tail probe has brought
	// about (RFC 8985, section 7.4), but for the loss that it repaired itself, and
	// SpuriousTimeouts those of SpuriousRecoveries that a timeout had begun.
	ProbeRecoveries, SpuriousTimeouts uint16
	Timeouts                          uint32 // expiries of the retransmission timer
	Dropped                           uint32 // segments that a rule refused
	ChallengeAcks                     uint32
	WindowProbes                      uint32
	ZeroWindows                       uint32 // segments that offered a closed window
	// WantZeroWindows are segments that would have offered one, had the window's
	// edge been free to move back (RFC 9293, section 3.8.6).
	WantZeroWindows uint32

	KeepAliveProbes, UrgentIn, PathMTUChanges uint16

	// MarkReductions of the window were made for marks that the peer echoed (RFC
	// 3168).
	MarkReductions uint16
	// SpuriousRecoveries were for nothing (RFC 3522); TailProbes were sent (RFC 8985);
	// DSACKsIn are the segments of ours that the peer told to have got twice, and
	// DSACKsOut what we told (RFC 2883).
	SpuriousRecoveries  uint32
	TailProbes          uint32
	DSACKsIn, DSACKsOut uint32
	MarksIn             uint32 // text that came marked
}

// Counters returns the connection's counters.
func (c *Conn) Counters() *Counters { return &c.counters }

// Info is a snapshot of a connection, for TCP_INFO. Sizes are in bytes.
type Info struct {
	State            State
	RTT, RTTVar, RTO time.Duration
	MinRTT           time.Duration
	// RcvRTT is the round-trip time as the peer's text shows it, to whom sends
	// none itself, in milliseconds; 0 where that is not known, or less than one.
	RcvRTT             time.Duration
	Cwnd, Ssthresh     int
	SndMSS, RcvMSS     int
	SMSS               int // the text of a full segment, beside its options
	SndWnd, RcvWnd     int
	SndScale, RcvScale uint8
	InFlight           int // the pipe: what is in the network
	Recovering         bool
	Timeout            bool // recovering after a timeout
	ReorderSeen        bool // the path has been seen to reorder (RFC 8985, section 6.2)
	Retries            int
	SACK, Timestamps   bool
	Scaled             bool
	ECN                bool // both sides agreed to it, and what is sent says so
	CongestionControl  string
}

// Info returns a snapshot of the connection, with nothing in it before it was
// opened.
func (c *Conn) Info() Info {
	if c.set == nil {
		return Info{}
	}
	i := Info{
		State: c.state,
		RTT:   c.rtt.srtt, RTTVar: c.rtt.rttvar, RTO: c.timeout(), MinRTT: c.rtt.min,
		RcvRTT: c.rx.rtt,
		SndMSS: c.tx.mss, RcvMSS: int(c.rx.mss), SMSS: c.smss(),
		SndWnd: c.tx.wnd, RcvWnd: c.rcvWnd(),
		SndScale: c.tx.wndScale, RcvScale: c.rx.wndScale,
		InFlight:   c.pipe(),
		Recovering: c.recovery.phase != phaseOpen,
		Timeout:    c.recovery.phase == phaseLoss,
		Retries:    int(c.rto.retries), ReorderSeen: c.recovery.reorder.seen,
		SACK: c.shake.sack, Timestamps: c.ts.on, Scaled: c.shake.scale, ECN: c.ecn.sends(),
		CongestionControl: controllers[c.par.controller].name,
	}
	i.Cwnd = c.Cwnd()
	switch {
	case c.cc != nil:
		i.Ssthresh, i.CongestionControl = c.cc.threshold(), c.cc.name()
	case c.tx.mss > 0: // the peer's SYN came, and congestion had nothing to control yet
		i.Ssthresh = math.MaxInt
	}
	return i
}

// SMSS returns the text of a full segment to the peer, in bytes, as Info does; 0 before
// the connection is opened.
func (c *Conn) SMSS() int { return c.smss() }

// Cwnd returns the congestion window, in bytes, as Info does.
func (c *Conn) Cwnd() int {
	switch {
	case c.cc != nil:
		return c.cc.window()
	case c.set != nil && c.tx.mss > 0:
		return c.initialWindow()
	}
	return 0
}

// queuedRounds is how many times as long as the least a round trip is that can be of
// no use: the queues of real paths are a few times what is on the way, and who wants
// a share of one has to fill it as others do.
const queuedRounds = 4

// Queued reports whether what is sent only waits in a queue that has no end: the
// round trip is many times the least that was seen, and longer than that by a
// millisecond, which is what the ends' own affairs may take.
func (c *Conn) Queued() bool {
	return c.rtt.valid && c.rtt.srtt >= queuedRounds*c.rtt.min+time.Millisecond
}

// ReadRTT returns the round-trip time for one who measures what comes in it: as
// the peer's text shows it, and else as acknowledgments do; 0 where neither is
// known.
func (c *Conn) ReadRTT() time.Duration {
	if c.rx.rtt != 0 {
		return c.rx.rtt
	}
	return c.rtt.srtt
}
