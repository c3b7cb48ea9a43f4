// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// Checkpoint is a connection at rest: all that it takes to go on with it later,
// elsewhere and by another clock, and plain data, so that any encoding serves. It
// knows no instants: times are durations, since something happened or until it is
// due, and NotSet where it did not, or is not. Sequence numbers are as on the
// wire, sizes in bytes.
//
// What is known of each segment that is outstanding is not part of it, nor what
// was learnt of the path beyond round trips and windows. What is outstanding is
// sent again by the connection that Restore makes.
type Checkpoint struct {
	State             State
	Reason, SoftError Reason
	Events            Events

	// What the connection was opened with (see Params). MSS and GSOMaxSize are
	// the route's: who restores over another route lowers the one and sets the
	// other.
	MSS, PeerMSS                         uint16
	GSOMaxSize                           int
	NoWindowScale, NoTimestamps, NoSACK  bool
	CongestionControl                    string
	RcvBuf, SndBuf                       int   // as Resize set them
	WindowScale, Timestamps, SACK        bool  // agreed on, or offered so far
	ECN                                  uint8 // agreed on so far, and owed
	Passive, SynDue, LostSyn             bool
	SynRetries                           uint8
	SynAgo                               time.Duration
	Send                                 SendCheckpoint
	Receive                              ReceiveCheckpoint
	Clock                                TimestampCheckpoint
	Path                                 PathCheckpoint
	CloseQueued, FinSent                 bool
	ResetDue, RefusalDue                 bool // of an aborted connection
	Closed                               bool // Close was called
	ReadShut                             bool // CloseRead was, or Close
	RetransmitIn, PersistIn, KeepAliveIn time.Duration
	UserTimeoutIn, LingerIn              time.Duration
	// Backoff and Retries are those of the retransmission timer, PersistBackoff
	// and PersistProbes those of the probes of a closed window.
	Backoff, Retries              int32
	PersistBackoff, PersistProbes int32
	HeardAgo                      time.Duration // the peer was
	KeepAliveProbes               int
	Counters                      Counters
}

// NotSet stands for what has not happened, or is not due.
const NotSet time.Duration = -1

// SendCheckpoint is a connection's side towards the peer.
type SendCheckpoint struct {
	ISS, Una, Nxt uint32
	WL1, WL2      uint32
	Scale         uint8
	Wnd, MaxWnd   int
	MSS           int
	// Text is what was written and not acknowledged. It begins at SND.UNA, or
	// behind the SYN.
	Text    []byte
	SentAgo time.Duration
	// RecoveryPoint is what has to be acknowledged before duplicate
	// acknowledgments tell of a loss (RFC 6582, recover).
	RecoveryPoint uint32
	// CorkEnd, where CorkEnds says so, is up to where a cork lets text go.
	CorkEnds bool
	CorkEnd  uint32
	// Narrow says that the peer's buffer is not what its largest window was.
	Narrow bool
}

// ReceiveCheckpoint is a connection's side from the peer.
type ReceiveCheckpoint struct {
	IRS, Nxt, Adv uint32
	Scale         uint8
	MSS           uint16
	RTT           time.Duration
	Echo          uint32 // the timestamp that told RTT
	Drained       bool   // all was read since the window was told
	// Text waits for the application; OutOfOrder came behind a gap, in order of
	// sequence, and Recent are positions in it in the order in which SACK reports
	// them. Fin is the peer's, where HasFin says that it came.
	Text       []byte
	OutOfOrder []TextCheckpoint
	Recent     []uint32
	HasFin     bool
	Fin        uint32
	AckDue     bool
}

// TextCheckpoint is text at a place of the sequence space.
type TextCheckpoint struct {
	Seq  uint32
	Text []byte
}

// TimestampCheckpoint is the state of the timestamps option (RFC 7323). Sent is
// what a segment would have borne: the clock goes on from there.
type TimestampCheckpoint struct {
	On           bool
	Sent, Recent uint32
	RecentAgo    time.Duration
	LastAck      uint32
}

// PathCheckpoint is what was learnt of the path.
type PathCheckpoint struct {
	Measured                   bool // the round-trip times are
	SRTT, RTTVar, Min, Latest  time.Duration
	Controlled                 bool // the windows are
	CongestionWindow, Ssthresh int
}

// Checkpoint returns the connection as it is at now, and changes nothing. Its
// text is a copy.
func (c *Conn) Checkpoint(now Instant) *Checkpoint {
	left := func(id timerID) time.Duration {
		if !c.timers.armed(id) {
			return NotSet
		}
		return max(0, c.timers.at[id].Sub(now))
	}
	k := &Checkpoint{
		State: c.state, Reason: c.reason, SoftError: c.soft, Events: c.events,
		MSS: c.par.mss, PeerMSS: c.par.peerMSS, GSOMaxSize: int(c.par.gsoMaxSize),
		NoWindowScale: c.par.noWindowScale, NoTimestamps: c.par.noTimestamps, NoSACK: c.par.noSACK,
		CongestionControl: controllers[c.par.controller].name,
		RcvBuf:            c.buf.rcv, SndBuf: c.buf.snd,
		WindowScale: c.shake.scale, Timestamps: c.shake.stamps, SACK: c.shake.sack, ECN: uint8(c.ecn),
		Passive: c.shake.passive, SynDue: c.shake.due, LostSyn: c.rto.lostSyn,
		SynRetries: c.shake.retries, SynAgo: since(now, c.shake.sentAt),
		Send: c.saveSend(now), Receive: c.saveReceive(),
		Clock: TimestampCheckpoint{
			On: c.ts.on, Sent: timestamp(now, c.par.tsOffset),
			Recent: c.ts.recent, RecentAgo: now.Sub(c.ts.recentAt), LastAck: c.ts.lastAck.Value(),
		},
		Path: PathCheckpoint{
			Measured: c.rtt.valid, SRTT: c.rtt.srtt, RTTVar: c.rtt.rttvar, Min: c.rtt.min, Latest: c.rtt.latest,
		},
		CloseQueued: c.closing.queued, FinSent: c.closing.finSent, ResetDue: c.closing.reset, RefusalDue: c.closing.refuse,
		Closed: c.closing.closed, ReadShut: c.closing.read != readOpen,
		RetransmitIn: left(timerRetransmit), PersistIn: left(timerPersist), KeepAliveIn: left(timerKeepAlive),
		UserTimeoutIn: left(timerUser), LingerIn: left(timerLinger),
		Backoff: c.rto.backoff, Retries: c.rto.retries,
		PersistBackoff: c.persist.backoff, PersistProbes: c.persist.unanswered,
		HeardAgo: now.Sub(c.alive.heardAt), KeepAliveProbes: c.alive.probes,
		Counters: c.counters,
	}
	if c.cc != nil {
		k.Path.Controlled = true
		k.Path.CongestionWindow, k.Path.Ssthresh = c.cc.window(), c.cc.threshold()
	}
	return k
}

// since returns the time from then to now; NotSet where then is not set.
func since(now, then Instant) time.Duration {
	if then == 0 {
		return NotSet
	}
	return now.Sub(then)
}

func (c *Conn) saveSend(now Instant) SendCheckpoint {
	s := SendCheckpoint{
		ISS: c.tx.iss.Value(), Una: c.tx.una.Value(), Nxt: c.tx.nxt.Value(),
		WL1: c.tx.wl1.Value(), WL2: c.tx.wl2.Value(),
		Scale: c.tx.wndScale, Wnd: c.tx.wnd, MaxWnd: c.tx.maxWnd, MSS: c.tx.mss,
		SentAgo:       since(now, c.txc.lastSent),
		RecoveryPoint: c.recovery.point.Value(),
		CorkEnds:      c.txc.corkEnds, CorkEnd: c.txc.corkEnd.Value(), Narrow: c.txc.narrow,
	}
	if c.snd.size() > 0 {
		s.Text = make([]byte, 0, c.snd.size())
		for i := range c.snd.chunks.n {
			s.Text = append(s.Text, c.snd.chunks.at(i).view.AsSlice()...)
		}
	}
	return s
}

func (c *Conn) saveReceive() ReceiveCheckpoint {
	r := ReceiveCheckpoint{
		IRS: c.rx.irs.Value(), Nxt: c.rx.nxt.Value(), Adv: c.rx.adv.Value(),
		Scale: c.rx.wndScale, MSS: c.rx.mss, RTT: c.rx.rtt, Echo: c.rx.echo, Drained: c.rx.drained,
		AckDue: c.ack.now || c.ack.unacked > 0,
	}
	if n := c.rcv.size(); n > 0 {
		r.Text = make([]byte, 0, n)
		for i := range c.rcv.parts.n {
			r.Text = append(r.Text, c.rcv.parts.at(i).Flatten()...)
		}
	}
	if q := c.ooo; q != nil {
		for i := range q.blocks.n {
			b := q.blocks.at(i)
			r.OutOfOrder = append(r.OutOfOrder, TextCheckpoint{Seq: b.r.Start.Value(), Text: b.text.Flatten()})
		}
		for _, p := range q.recent[:q.nrecent] {
			r.Recent = append(r.Recent, p.Value())
		}
		r.HasFin, r.Fin = q.hasFin, q.fin.Value()
	}
	return r
}
