// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"bytes"
	"math"
	"runtime"
	"slices"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/seqnum"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
	"tcpcb/transport"
)

// probed is a connection whose probe keeps what it is told.
type probed struct {
	*peer
	ep     *transport.Endpoint
	states []*transport.TCPEndpointState
	tsVal  uint32
	// first is the sequence number of this side's first byte.
	first seqnum.Value
}

func newProbed(t *testing.T) *probed {
	t.Helper()
	p := &probed{tsVal: 1000}
	w := newWorldOf(t, transport.NewProtocolProbe(func(s *transport.TCPEndpointState) {
		p.states = append(p.states, s)
	}))
	l := w.listen(5)
	p.peer = w.peer(1000)
	p.syn(usual)
	s := p.want(wire.SYN | wire.ACK)
	p.nxt = p.nxt.Add(1)
	p.first = seqnum.Value(p.rcv.Value())
	w.wait(20 * time.Millisecond)
	p.ack(s.Options.TSVal, 0, nil)
	p.ep = w.accept(l)
	p.s.TransportProtocolInstance(transport.ProtocolNumber).Wait()
	if len(p.states) != 0 {
		t.Errorf("the probe was told of the handshake: %+v", p.states)
	}
	return p
}

// ack acknowledges n bytes and reports what is SACKed.
func (p *probed) ack(echo uint32, n int, sacks []seq.Range) {
	p.t.Helper()
	p.tsVal++
	o := wire.Options{HasTimestamps: true, TSVal: p.tsVal, TSEcr: echo}
	o.NumSACK = uint8(copy(o.SACK[:], sacks))
	p.send(segment{Header: wire.Header{
		Seq: p.nxt, Ack: seq.New(uint32(p.first) + uint32(n)), Flags: wire.ACK, Window: 512, Options: o,
	}})
}

// last returns the state that the probe was told last, of so many.
func (p *probed) last(n int) *transport.TCPEndpointState {
	p.t.Helper()
	p.s.TransportProtocolInstance(transport.ProtocolNumber).Wait()
	if len(p.states) != n {
		p.t.Fatalf("the probe was told of %d segments, want %d", len(p.states), n)
	}
	return p.states[n-1]
}

// TestProbe: a probe is told, once for each segment, what the segments on the
// wire give.
func TestProbe(t *testing.T) {
	p := newProbed(t)
	if _, err := p.ep.Write(bytes.NewReader(make([]byte, 4*1448)), tcpip.WriteOptions{}); err != nil {
		t.Fatal(err)
	}
	sent := p.s.Clock().NowMonotonic()
	var echo uint32
	for range 4 {
		s := p.want(wire.ACK)
		if len(s.text) != 1448 {
			t.Fatalf("%d bytes in a segment", len(s.text))
		}
		echo = s.Options.TSVal
	}
	p.wait(40 * time.Millisecond)
	third := seq.MakeRange(seq.New(uint32(p.first)+2*1448), 1448)
	p.ack(echo, 1448, []seq.Range{third})
	s := p.last(1)
	if s.ID != (transport.TCPEndpointID{LocalPort: port, LocalAddress: host4, RemotePort: 1000, RemoteAddress: peer4}) {
		t.Errorf("ID %+v", s.ID)
	}
	now := p.s.Clock().NowMonotonic()
	if s.SegTime != now || !s.SACKPermitted || !s.SendTSOk || s.RecentTS != p.tsVal || s.TSOffset.TSVal(sent) != echo ||
		s.TSOffset.Elapsed(now, echo) != 40*time.Millisecond {
		t.Errorf("at %v, %+v; sent %d", s.SegTime, s.TCPEndpointStateInner, echo)
	}
	x := &s.Sender
	if x.SndUna != p.first+1448 || x.SndNxt != p.first+4*1448 || x.SndWnd != 512<<7 || x.SndWndScale != 7 ||
		x.LastSendTime != sent || x.RTTMeasureSeqNum != x.SndUna || x.RTTMeasureTime != sent || x.Closed {
		t.Errorf("sender %+v", x)
	}
	if x.SackedOut != 1 || x.Outstanding != 2 || x.SndCwnd < transport.InitialCwnd || x.Ssthresh != transport.InitialSsthresh ||
		x.MaxPayloadSize != 1448 || x.DupAckCount != 0 || x.Cubic != (transport.TCPCubicState{}) {
		t.Errorf("sender %+v", x)
	}
	// The handshake took 20 ms: its ACK echoes the timestamp of the SYN-ACK.
	if x.RTTState != (transport.TCPRTTState{SRTT: 22500 * time.Microsecond, RTTVar: 12500 * time.Microsecond, SRTTInited: true}) {
		t.Errorf("round trip %+v", x.RTTState)
	}
	rack := transport.TCPRACKState{
		XmitTime: sent, EndSequence: p.first + 3*1448, FACK: p.first + 3*1448, RTT: 40 * time.Millisecond,
		ReoWnd: 5 * time.Millisecond, ReoWndIncr: 1,
	}
	if x.RACKState != rack || x.FastRecovery.Active || x.RetransmitTS != 0 {
		t.Errorf("RACK %+v, want %+v", x.RACKState, rack)
	}
	if want := []header.SACKBlock{{Start: p.first + 2*1448, End: p.first + 3*1448}}; !slices.Equal(s.SACK.ReceivedBlocks, want) ||
		s.SACK.MaxSACKED != p.first+3*1448-1 {
		t.Errorf("SACK %+v", s.SACK)
	}
	if b := &s.SndBufState; b.SndBufUsed != 3*1448 || b.SndBufSize != transport.DefaultSendBufferSize || b.SndClosed ||
		b.SndMTU != math.MaxInt32 || b.PacketTooBigCount != 0 || b.AutoTuneSndBufDisabled.Load() != 0 {
		t.Errorf("send buffer %+v", b)
	}

	// The reordering window ends, and recovery sends the second again.
	p.wait(10 * time.Millisecond)
	began := p.want(wire.ACK).Options.TSVal
	p.ack(echo, 1448, []seq.Range{third})
	x = &p.last(2).Sender
	fast := transport.TCPFastRecoveryState{
		Active: true, First: p.first + 1448, Last: p.first + 4*1448 - 1, MaxCwnd: x.FastRecovery.MaxCwnd,
		HighRxt: p.first + 2*1448 - 1, RescueRxt: p.first + 1448 - 1,
	}
	if x.FastRecovery != fast || x.RetransmitTS != began || x.SpuriousRecovery || x.RACKState.ReoWnd != 0 ||
		x.FastRecovery.MaxCwnd < x.Ssthresh {
		t.Errorf("recovery %+v from %d, want %+v from %d", x.FastRecovery, x.RetransmitTS, fast, began)
	}
	// The echo is that of the first copy: the recovery was for nothing.
	p.wait(time.Millisecond)
	p.ack(echo, 4*1448, nil)
	x = &p.last(3).Sender
	if x.FastRecovery.Active || x.RetransmitTS != began || !x.SpuriousRecovery || x.SackedOut != 0 || x.Outstanding != 0 {
		t.Errorf("after recovery: %+v", x)
	}
}

// TestProbeOfReceiver: the other direction.
func TestProbeOfReceiver(t *testing.T) {
	p := newProbed(t)
	p.nxt = p.nxt.Add(100) // a hole
	p.tsVal++
	p.send(segment{Header: wire.Header{
		Seq: p.nxt, Ack: p.rcv, Flags: wire.ACK, Window: 512,
		Options: wire.Options{HasTimestamps: true, TSVal: p.tsVal},
	}, text: "later"})
	s := p.last(1)
	start := seqnum.Value(p.nxt.Value())
	if r := s.Receiver; r.RcvNxt != start-100 || r.PendingBufUsed != 5 || r.RcvWndScale == 0 || r.RcvAcc.LessThan(start+5) {
		t.Errorf("receiver %+v", r)
	}
	if want := []header.SACKBlock{{Start: start, End: start + 5}}; !slices.Equal(s.SACK.Blocks, want) {
		t.Errorf("holds %v, want %v", s.SACK.Blocks, want)
	}
	p.want(wire.ACK)
	p.nxt = p.nxt.Add(-100)
	p.send(segment{Header: wire.Header{
		Seq: p.nxt, Ack: p.rcv, Flags: wire.ACK, Window: 512,
		Options: wire.Options{HasTimestamps: true, TSVal: p.tsVal},
	}, text: string(make([]byte, 100))})
	s = p.last(2)
	if s.Receiver.RcvNxt != start+5 || s.Receiver.PendingBufUsed != 0 || s.RcvBufState.RcvBufUsed != 105 ||
		s.RcvBufState.RcvAutoParams.RcvBufSize != transport.DefaultReceiveBufferSize || s.RcvBufState.RcvClosed {
		t.Errorf("receiver %+v, buffer %+v", s.Receiver, s.RcvBufState)
	}
}

// TestProbeOfNobody: a factory without a probe is one like any other.
func TestProbeOfNobody(t *testing.T) {
	w := newWorldOf(t, transport.NewProtocolProbe(nil))
	l := w.listen(5)
	p := w.peer(1000)
	p.connect()
	p.seg(wire.ACK, "hello")
	if got := w.accept(l).EndpointState(); got != transport.StateEstablished {
		t.Errorf("state %v", got)
	}
}

// TestProbeOfReset: a reset is the last segment of a connection, and the probe is
// told of it.
func TestProbeOfReset(t *testing.T) {
	p := newProbed(t)
	p.send(segment{Header: wire.Header{Seq: p.nxt, Flags: wire.RST}})
	if s := p.last(1); s.ID.RemotePort != 1000 || !s.SndBufState.SndClosed {
		t.Errorf("%+v", s)
	}
	p.send(segment{Header: wire.Header{Seq: p.nxt, Flags: wire.RST}})
	p.last(1)
}

// TestProbeThatWaits: a probe may wait for whoever writes packets to the stack,
// and may end its goroutine; nothing is lost or told out of order.
func TestProbeThatWaits(t *testing.T) {
	const segments = 1500 // more than may wait for the probe
	told := make(chan seqnum.Value)
	w := newWorldOf(t, transport.NewProtocolProbe(func(s *transport.TCPEndpointState) {
		told <- s.Receiver.RcvNxt
		runtime.Goexit()
	}))
	w.listen(5)
	p := w.peer(1000)
	p.connect()
	start := seqnum.Value(p.nxt.Value())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range segments {
			if got := <-told; got != start+seqnum.Value(i)+1 {
				t.Errorf("told of %d bytes, want %d", got-start, i+1)
			}
		}
	}()
	for range segments {
		p.seg(wire.ACK, "x")
	}
	<-done
	p.seg(wire.ACK, "y") // nobody reads yet what the probe tells
	if got := <-told; got != start+segments+1 {
		t.Errorf("told of %d bytes, want %d", got-start, segments+1)
	}
}

// TestLockedEndpoint: in a caller's critical section nothing happens, and what
// came meanwhile is processed behind it.
func TestLockedEndpoint(t *testing.T) {
	w := newWorld(t)
	l := w.listen(5)
	p := w.peer(1000)
	p.connect()
	ep := w.accept(l)
	for _, test := range []struct {
		name         string
		begin, ended func()
	}{
		{"LockUser", ep.LockUser, ep.UnlockUser},
		{"StopWork", ep.StopWork, ep.ResumeWork},
		{"TryLock", func() {
			if !ep.TryLock() {
				t.Error("TryLock failed, with nobody else there")
			}
		}, ep.UnlockUser},
	} {
		before := ep.Stats().(*transport.Stats).SegmentsSent.Value()
		test.begin()
		if ep.TryLock() {
			t.Errorf("%s: TryLock has succeeded in a critical section", test.name)
		}
		p.seg(wire.ACK, "hello")
		w.wait(time.Second)
		w.wantNone()
		if err := ep.LastErrorLocked(); err != nil {
			t.Errorf("%s: %s", test.name, err)
		}
		test.ended()
		w.wait(time.Second)
		if s := p.want(wire.ACK); s.Ack != p.nxt {
			t.Errorf("%s: acknowledges %v, want %v", test.name, s.Ack, p.nxt)
		}
		if n := ep.Stats().(*transport.Stats).SegmentsSent.Value(); n != before+1 {
			t.Errorf("%s: %d segments sent, want 1", test.name, n-before)
		}
	}
	ep.UpdateLastError(&tcpip.ErrHostUnreachable{})
	ep.LockUser()
	if err := ep.LastErrorLocked(); !isErr[*tcpip.ErrHostUnreachable](err) {
		t.Errorf("LastErrorLocked: %v", err)
	}
	if err := ep.LastErrorLocked(); err != nil {
		t.Errorf("LastErrorLocked, again: %s", err)
	}
	ep.UnlockUser()
}

var _ stack.TransportProtocolFactory = transport.NewProtocolProbe(nil)
