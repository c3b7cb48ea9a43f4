// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"encoding/binary"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/rand"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/adapter"
	"tcpcb/engine"
)

// ProtocolNumber is TCP's number in the IP header.
const ProtocolNumber = header.TCPProtocolNumber

// Bounds of the buffer sizes of an endpoint, in bytes, as netstack has them.
const (
	MinBufferSize     = 4 << 10
	DefaultBufferSize = 1 << 20
	MaxBufferSize     = 4 << 20
)

// MaxLingerTimeout is the longest stay in FIN-WAIT-2 that TCP_LINGER2 may ask
// for.
const MaxLingerTimeout = 2 * time.Minute

// windowShift is how far SO_RCVBUF is shifted to the right to give the bytes
// offered to the peer: half of the buffer pays for the packets around the text,
// as in netstack. Only a window that is tuned may be more (see ModerateRecvBuf).
const windowShift = 1

// ECNMode says whether connections ask for Explicit Congestion Notification, and
// whether they agree to it when the peer asks (RFC 3168, section 6.1.1). Both
// sides must want it: then queues on the way can mark packets instead of
// dropping them.
type ECNMode uint8

const (
	// ECNOff neither asks nor agrees. It is the default.
	ECNOff ECNMode = iota
	// ECNOn asks on connections opened from here, and agrees on those opened by
	// the peer.
	ECNOn
	// ECNAccept agrees, but does not ask.
	ECNAccept
)

// Options are the options of the protocol: what endpoints begin with, and what
// holds for all of them. Times are durations, sizes bytes.
type Options struct {
	SendBuffer    tcpip.TCPSendBufferSizeRangeOption
	ReceiveBuffer tcpip.TCPReceiveBufferSizeRangeOption
	// ModerateReceiveBuffer lets receive buffers grow with the path, up to
	// ReceiveBuffer.Max.
	ModerateReceiveBuffer bool

	// CongestionControl is the name of the controller that connections begin
	// with; AvailableCongestionControl are the names there are.
	CongestionControl          string
	AvailableCongestionControl []string

	// ECN says whether connections use ECN (RFC 3168).
	ECN ECNMode

	// Pacing spreads text over the round trip, under each congestion control.
	Pacing bool

	// Choices are those where Linux has chosen otherwise than netstack.
	Choices engine.Choices

	SACK             bool
	Delay            bool
	AlwaysSynCookies bool
	Recovery         tcpip.TCPRecovery

	LingerTimeout   time.Duration
	TimeWaitTimeout time.Duration
	TimeWaitReuse   tcpip.TCPTimeWaitReuseOption
	MinRTO, MaxRTO  time.Duration
	MaxRetries      uint32
	SynRetries      uint8
}

// DefaultOptions returns netstack's own defaults.
func DefaultOptions() Options {
	return Options{
		SendBuffer: tcpip.TCPSendBufferSizeRangeOption{
			Min: MinBufferSize, Default: DefaultBufferSize, Max: MaxBufferSize,
		},
		ReceiveBuffer: tcpip.TCPReceiveBufferSizeRangeOption{
			Min: MinBufferSize, Default: DefaultBufferSize, Max: MaxBufferSize,
		},
		ModerateReceiveBuffer: true,
		SACK:                  true,
		Recovery:              tcpip.TCPRACKLossDetection,
		LingerTimeout:         engine.DefaultFinWait2Timeout,
		TimeWaitTimeout:       engine.DefaultTimeWait,
		TimeWaitReuse:         tcpip.TCPTimeWaitReuseLoopbackOnly,
		MinRTO:                engine.DefaultMinRTO,
		MaxRTO:                engine.DefaultMaxRTO,
		MaxRetries:            engine.DefaultMaxRetries,
		SynRetries:            DefaultSynRetries,
	}
}

// DefaultSynRetries is how many times a SYN is sent again, as in netstack and in
// Linux: it gives up after 127 seconds. RFC 9293, section 3.8.3, MUST-23, asks for
// 3 minutes, which an engine by itself keeps, and which TCPSynRetriesOption or
// TCPSynCountOption of 7 gives to those who want to wait so long.
const DefaultSynRetries = 6

// Shared is what all endpoints of one stack share: the stack, its clock, the
// secrets that its randomness was spent on, and the protocol's options.
type Shared struct {
	Stack   *stack.Stack
	Clock   adapter.Clock
	Secrets adapter.Secrets

	// TCP are the stack's counters for TCP, and Dropped its counter of dropped
	// packets: kept here because Stack.Stats copies the counters of every
	// protocol.
	TCP     tcpip.TCPStats
	Dropped *tcpip.StatCounter

	// Links are the links that packets go through.
	Links adapter.Links

	prober *prober // nil without a probe

	ephemeral ephemeral
	ports     portTable
	pause     pause

	// defaults is the template of new endpoints, and answered that of those
	// that Answer makes.
	defaults, answered templates

	mu   sync.RWMutex
	opts Options
	// restored are endpoints that are frozen until all are restored.
	restored []*Endpoint
}

// NewShared returns what the endpoints of s share, with the given options. The
// secrets are drawn from the stack's secure source.
func NewShared(s *stack.Stack, opts Options) *Shared {
	shared := &Shared{Stack: s, opts: opts}
	shared.begin(s.SecureRNG())
	return shared
}

// begin sets what follows from the stack, and draws the secrets from rng.
func (s *Shared) begin(rng rand.RNG) {
	stats := s.Stack.Stats()
	s.Clock = adapter.NewClock(s.Stack.Clock())
	s.Secrets = adapter.NewSecrets(rng)
	s.TCP, s.Dropped = stats.TCP, stats.DroppedPackets
	s.Links.Init(s.Clock, &s.TCP)
	for at := s.ephemeral.secret[:]; len(at) > 0; at = at[8:] {
		binary.NativeEndian.PutUint64(at, rng.Uint64())
	}
}

// loaded is called when all objects of a saved stack are there. A stack that is
// loaded has this source of randomness, which it may not have got yet.
func (s *Shared) loaded() { s.begin(rand.RNGFrom(rand.Reader)) }

// Options returns the options in force.
func (s *Shared) Options() Options {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.opts
}

// Update lets f change the options; an error of f is returned. f must not call
// Options or Update.
func (s *Shared) Update(f func(*Options) tcpip.Error) tcpip.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(&s.opts)
}
