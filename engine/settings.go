// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math"
	"time"
)

// Settings are the knobs of a connection that may change while it lives, by
// Apply. The zero value is not useful: start from DefaultSettings.
//
// A connection keeps a pointer to its settings, so that thousands may share
// them: once given away, they must not be changed.
type Settings struct {
	// RcvBuf and SndBuf bound the bytes held for the application and for the
	// peer, from when the connection is opened until Resize. Both are at least
	// 1.
	RcvBuf, SndBuf int
	// WindowClamp bounds the receive window offered, in bytes; 0 does not.
	WindowClamp int

	// NoDelay turns the Nagle algorithm off (RFC 9293, section 3.7.4). Cork
	// holds back every segment that is not full.
	NoDelay, Cork bool

	// AckDelay is how long an acknowledgment may wait for more segments or for
	// text to ride on, up to 500 ms (RFC 9293, section 3.8.6.3); 0
	// acknowledges each batch of arrivals at once. QuickAck overrides it.
	AckDelay time.Duration
	QuickAck bool
	// AckEvery is how many full segments end the wait; below 2 it counts as 2
	// (RFC 9293, section 3.8.6.3, SHLD-18).
	AckEvery int

	// KeepAlive probes an idle peer (RFC 9293, section 3.8.4): after
	// KeepAliveIdle of silence, then every KeepAliveInterval, and gives the
	// connection up after KeepAliveCount probes without an answer.
	KeepAlive                        bool
	KeepAliveIdle, KeepAliveInterval time.Duration
	KeepAliveCount                   int

	// UserTimeout gives the connection up when text waits that long for its
	// acknowledgment (RFC 5482); 0 leaves it to MaxRetries.
	UserTimeout time.Duration
	// ProbeOctet puts one byte that the peer has already into window probes, for
	// peers that do not answer empty ones. Keep-alives are always empty (RFC 9293,
	// section 3.8.4, SHLD-12).
	ProbeOctet bool
	// RcvBeyond takes text in order that ends beyond the window, as far as once
	// more RcvBuf: the window is then half of what the buffer holds, and may
	// have been rounded down for the peer to see.
	RcvBeyond bool

	// MinRTO and MaxRTO bound the retransmission timeout (RFC 6298, section 2),
	// MinRTO also what it allows for variance beyond the round trip.
	MinRTO, MaxRTO time.Duration
	// MaxRetries and SynRetries are how many times the same text, and a SYN,
	// are sent again before the connection is given up (RFC 9293, section
	// 3.8.3, R2).
	MaxRetries, SynRetries int

	// FinWait2Timeout ends a closed connection in FIN-WAIT-2 whose peer never
	// closes; 0 or less ends it as soon as the FIN is acknowledged. TimeWait is
	// the stay in TIME-WAIT, twice the MSL (RFC 9293, section 3.4.2); 0 skips
	// it.
	FinWait2Timeout, TimeWait time.Duration

	// NoRACK finds losses by counting what was SACKed (RFC 6675), and not by
	// time (RFC 8985), and sends no tail loss probes. Recovery is netstack's then:
	// without limited transmit, with a window of ssthresh and three segments in
	// place of PRR, and not anew until more is acknowledged than the last covered.
	NoRACK bool
	// Pacing spreads text over the round trip, for a congestion control that
	// does not do so by itself.
	Pacing bool

	// Choices are those where Linux has chosen otherwise.
	Choices

	// InvalidRateLimit is the least time between two acknowledgments that
	// answer segments which cannot be accepted and carry no text (RFC 5961,
	// section 7).
	InvalidRateLimit time.Duration
}

// Defaults of the settings, netstack's own.
const (
	DefaultBuffer            = 1 << 20
	DefaultKeepAliveIdle     = 2 * time.Hour
	DefaultKeepAliveInterval = 75 * time.Second
	DefaultKeepAliveCount    = 9
	DefaultMinRTO            = 200 * time.Millisecond
	DefaultMaxRTO            = 120 * time.Second
	DefaultMaxRetries        = 15
	DefaultSynRetries        = 7 // 255 seconds (RFC 9293, section 3.8.3, MUST-23)
	DefaultFinWait2Timeout   = 60 * time.Second
	DefaultTimeWait          = 60 * time.Second
	DefaultInvalidRateLimit  = 500 * time.Millisecond
)

// DefaultSettings returns netstack's defaults: no Nagle, no delayed
// acknowledgments, buffers of 1 MiB.
func DefaultSettings() Settings {
	return Settings{
		RcvBuf:            DefaultBuffer,
		SndBuf:            DefaultBuffer,
		NoDelay:           true,
		KeepAliveIdle:     DefaultKeepAliveIdle,
		KeepAliveInterval: DefaultKeepAliveInterval,
		KeepAliveCount:    DefaultKeepAliveCount,
		MinRTO:            DefaultMinRTO,
		MaxRTO:            DefaultMaxRTO,
		MaxRetries:        DefaultMaxRetries,
		SynRetries:        DefaultSynRetries,
		FinWait2Timeout:   DefaultFinWait2Timeout,
		TimeWait:          DefaultTimeWait,
		InvalidRateLimit:  DefaultInvalidRateLimit,
	}
}

// inRange returns s, or where it has values outside of the ranges that the
// engine counts on, a copy that has not.
func (s *Settings) inRange() *Settings {
	fit := *s
	fit.RcvBuf, fit.SndBuf = max(1, s.RcvBuf), max(1, s.SndBuf)
	fit.MinRTO = max(s.MinRTO, clockGranularity)
	fit.MaxRTO = max(s.MaxRTO, fit.MinRTO)
	fit.SynRetries = min(s.SynRetries, math.MaxUint8)
	fit.KeepAliveIdle = max(s.KeepAliveIdle, clockGranularity)
	fit.KeepAliveInterval = max(s.KeepAliveInterval, clockGranularity)
	if fit == *s {
		return s
	}
	moved := fit
	return &moved
}

// Params are what a connection is opened with, and keeps.
type Params struct {
	// ISS is the initial send sequence number (RFC 9293, section 3.4.1), and
	// TSOffset is added to the clock of timestamps (RFC 7323, section 5.4).
	// Both are drawn by the caller: the engine knows no randomness.
	ISS      uint32
	TSOffset uint32

	// MSS is the largest payload that a packet of the route carries when no
	// TCP option is there: the MTU less the network and TCP headers (RFC 9293,
	// section 3.7.1). It is offered to the peer, and bounds what is sent.
	MSS uint16
	// UserMSS lowers MSS in both directions, as TCP_MAXSEG does; 0 does not.
	UserMSS uint16
	// GSOMaxSize is the largest payload that the link cuts into packets of MSS
	// for us, in bytes; 0 when it does not.
	GSOMaxSize int

	// RcvBufMax is the size that Settings.RcvBuf may grow to; it decides the
	// window scale offered (RFC 7323, section 2.2). 0 stands for RcvBuf.
	RcvBufMax int

	// NoWindowScale, NoTimestamps and NoSACK leave the option out of our SYN.
	NoWindowScale, NoTimestamps, NoSACK bool

	// ECN asks for Explicit Congestion Notification (RFC 3168) on our SYN, and
	// agrees to it on our SYN-ACK. It is off unless asked for, and with SYN
	// cookies.
	ECN bool

	// PeerMSS is the MSS to assume when the peer offers none: 536 for IPv4, 1220
	// for IPv6 (RFC 9293, section 3.7.1, MUST-15). 0 stands for 536.
	PeerMSS uint16

	// CongestionControl is the name of a controller (see CongestionControls);
	// "" stands for the first.
	CongestionControl string

	// Trace, when set, is told what happens. It runs inside the engine's calls:
	// it must not call back, nor block.
	Trace func(TraceEvent)
}

// params is what a connection keeps of its Params.
type params struct {
	trace        func(TraceEvent)
	gsoMaxSize   int32
	tsOffset     uint32
	mss, peerMSS uint16

	noWindowScale, noTimestamps, noSACK bool

	controller uint8 // its place in controllers
}

func makeParams(p *Params) params {
	mss := p.MSS
	if p.UserMSS != 0 {
		mss = min(mss, p.UserMSS)
	}
	controller, _ := findController(p.CongestionControl)
	return params{
		trace:         p.Trace,
		controller:    controller,
		gsoMaxSize:    int32(p.GSOMaxSize),
		tsOffset:      p.TSOffset,
		mss:           mss,
		peerMSS:       p.PeerMSS,
		noWindowScale: p.NoWindowScale,
		noTimestamps:  p.NoTimestamps,
		noSACK:        p.NoSACK,
	}
}
