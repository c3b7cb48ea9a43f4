// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"math"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/seqnum"

	"tcpcb/engine"
	"tcpcb/engine/seq"
)

// prober calls a probe. Segments are processed where they arrive, and whoever
// sends one may be whom the probe talks to: so the probe is called elsewhere. Its
// goroutine lives while there is something to tell.
type prober struct {
	f TCPProbeFunc

	mu      sync.Mutex
	changed sync.Cond // the queue became shorter, or running false
	queue   []*TCPEndpointState
	running bool
}

// probeBacklog is how many states wait for the probe at most.
const probeBacklog = 1024

// Probe has f told of each segment that an established connection has processed.
// It must be called before there are endpoints, once.
func (s *Shared) Probe(f TCPProbeFunc) {
	if f != nil {
		s.prober = &prober{f: f}
		s.prober.changed.L = &s.prober.mu
	}
}

// Wait waits until the probe was told all that there is to tell.
func (s *Shared) Wait() {
	p := s.prober
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.running {
		p.changed.Wait()
	}
}

// tell queues s for the probe.
func (p *prober) tell(s *TCPEndpointState) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) == probeBacklog {
		p.changed.Wait()
	}
	p.queue = append(p.queue, s)
	if !p.running {
		p.running = true
		go p.run()
	}
}

// run calls the probe until the queue is empty. A probe may end its goroutine, as
// testing.T.Fatal does: another one goes on.
func (p *prober) run() {
	p.mu.Lock()
	defer func() {
		if p.running = len(p.queue) > 0; p.running {
			go p.run()
		}
		p.changed.Broadcast()
		p.mu.Unlock()
	}()
	for len(p.queue) > 0 {
		s := p.queue[0]
		p.queue = p.queue[1:]
		p.changed.Broadcast()
		p.call(s)
	}
	p.queue = nil
}

// call calls the probe, without the lock.
func (p *prober) call(s *TCPEndpointState) {
	p.mu.Unlock()
	defer p.mu.Lock()
	p.f(s)
}

// probe tells the probe, where there is one, of a segment that was processed.
//
// Precondition: e.mu is held.
func (e *Endpoint) probe(now engine.Instant) {
	if p := e.shared.prober; p != nil {
		s := new(TCPEndpointState)
		e.fillState(now, s)
		p.tell(s)
	}
}

// fillState fills s with the endpoint's state.
//
// Precondition: e.mu is held.
func (e *Endpoint) fillState(now engine.Instant, s *TCPEndpointState) {
	k := e.conn.Snapshot(now)
	s.TCPEndpointStateInner = TCPEndpointStateInner{
		TSOffset:      TSOffset{milliseconds: k.TSOffset},
		SACKPermitted: k.SACK,
		SendTSOk:      k.Timestamps,
		RecentTS:      k.TSRecent,
	}
	s.ID = TCPEndpointID(e.ID)
	s.SegTime = monotonic(now)
	e.fillRcvBuf(&s.RcvBufState, &k)
	e.fillSndBuf(&s.SndBufState, &k)
	s.SACK = TCPSACKInfo{
		Blocks:         sackBlocks(k.Held),
		ReceivedBlocks: sackBlocks(k.Sacked),
		MaxSACKED:      number(k.HighSacked) - 1,
	}
	s.Receiver = TCPReceiverState{
		RcvNxt: number(k.RcvNxt), RcvAcc: number(k.RcvAdv),
		RcvWndScale: k.RcvScale, PendingBufUsed: k.OutOfOrder,
	}
	fillSender(&s.Sender, &k)
	s.Sender.RACKState = TCPRACKState{
		XmitTime: monotonic(k.RACK.XmitAt), EndSequence: number(k.RACK.EndSeq),
		FACK: number(k.RACK.FACK), RTT: k.RACK.RTT,
		Reord: k.RACK.Reordering, DSACKSeen: k.RACK.DSACKSeen,
		ReoWnd: k.RACK.ReoWnd, ReoWndIncr: uint8(k.RACK.ReoWndMult),
		ReoWndPersist: int8(k.RACK.Persist), RTTSeq: number(k.RACK.Round),
	}
	if k.Cubic.On {
		fillCubic(now, &s.Sender.Cubic, &k.Cubic)
	}
}

func (e *Endpoint) fillRcvBuf(s *TCPRcvBufState, k *engine.Snapshot) {
	*s = TCPRcvBufState{
		RcvBufUsed: e.conn.Readable(),
		RcvAutoParams: RcvBufAutoTuneParams{
			RcvBufSize: int(e.ops().GetReceiveBufferSize()),
			RTT:        k.RTT, RTTVar: k.RTTVar,
			Disabled: e.opt.rcvFixed,
		},
		RcvClosed: e.shut&tcpip.ShutdownRead != 0,
	}
	if e.rare != nil {
		t := &e.rare.tune
		a := &s.RcvAutoParams
		a.MeasureTime, a.CopiedBytes, a.PrevCopiedBytes = monotonic(t.since), t.copied, t.best
	}
}

func (e *Endpoint) fillSndBuf(s *TCPSndBufState, k *engine.Snapshot) {
	s.SndBufSize = int(e.ops().GetSendBufferSize())
	s.SndBufUsed = e.conn.Unacked()
	s.SndClosed = e.sndClosed()
	s.PacketTooBigCount = int(e.conn.Counters().PathMTUChanges)
	s.SndMTU = math.MaxInt32
	if s.PacketTooBigCount > 0 {
		s.SndMTU = header.TCPMinimumSize + k.SndMSS
	}
	if e.opt.sndFixed {
		s.AutoTuneSndBufDisabled.Store(1)
	}
}

// fillSender fills in what is about the direction to the peer, but for RACK and
// CUBIC.
func fillSender(s *TCPSenderState, k *engine.Snapshot) {
	mss := max(k.SMSS, 1)
	*s = TCPSenderState{
		LastSendTime:  monotonic(k.LastSent),
		DupAckCount:   k.DupAcks,
		SndCwnd:       max(k.Cwnd/mss, 1),
		Ssthresh:      k.Ssthresh,
		SndCAAckCount: k.AvoidanceAcked / mss,
		Outstanding:   (k.InFlight + mss - 1) / mss,
		SackedOut:     k.SackedSegments,
		SndWnd:        seqnum.Size(k.SndWnd),
		SndUna:        number(k.SndUna), SndNxt: number(k.SndNxt),
		RTTMeasureSeqNum: number(k.TimedSeq), RTTMeasureTime: monotonic(k.TimedAt),
		Closed:         k.FinQueued,
		RTO:            k.RTO,
		RTTState:       TCPRTTState{SRTT: k.RTT, RTTVar: k.RTTVar, SRTTInited: k.HasRTT},
		MaxPayloadSize: k.SMSS,
		SndWndScale:    k.SndScale,
		MaxSentAck:     number(k.LastAckSent),
		RetransmitTS:   k.Recovery.Began, SpuriousRecovery: k.Recovery.Spurious,
	}
	if s.Ssthresh != math.MaxInt {
		s.Ssthresh /= mss
	}
	s.FastRecovery = TCPFastRecoveryState{
		Active: k.Recovery.Fast,
		First:  s.SndUna, Last: number(k.Recovery.End) - 1,
		MaxCwnd: max(s.SndCwnd, s.Ssthresh),
		HighRxt: number(k.Recovery.HighRxt) - 1, RescueRxt: s.SndUna - 1,
	}
}

func fillCubic(now engine.Instant, s *TCPCubicState, k *engine.CubicSnapshot) {
	*s = TCPCubicState{
		WLastMax: k.LastWMax, WMax: k.WMax,
		T: monotonic(k.Start),
		C: k.C, K: k.K, Beta: k.Beta,
		WC: k.Window, WEst: k.Estimate,
		EndSeq: number(k.RoundEnd), CurrRTT: k.RoundMinRTT, LastRTT: k.LastRoundRTT,
		SampleCount: uint(k.RoundSamples),
		LastAck:     monotonic(k.LastAck), RoundStart: monotonic(k.RoundStart),
	}
	if k.Start != engine.Never {
		s.TimeSinceLastCongestion = now.Sub(k.Start)
	}
}

// monotonic returns an instant as the stack's clock has it; Never is zero.
func monotonic(t engine.Instant) tcpip.MonotonicTime {
	if t == engine.Never {
		return tcpip.MonotonicTime{}
	}
	return tcpip.MonotonicTime{}.Add(t.Sub(0))
}

// number returns a position of the sequence space as netstack has it.
func number(n seq.Num) seqnum.Value { return seqnum.Value(n.Value()) }

// sackBlocks returns ranges as netstack has them.
func sackBlocks(rs []seq.Range) []header.SACKBlock {
	blocks := make([]header.SACKBlock, len(rs))
	for i, r := range rs {
		blocks[i] = header.SACKBlock{Start: number(r.Start), End: number(r.End)}
	}
	return blocks
}
