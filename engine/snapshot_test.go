// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
	"tcpcb/engine/seq"
)

const snapISS = 1<<32 - 3000 // that of withSACK

func snapAt(n int) seq.Num { return seq.New(snapISS).Add(n) }

func snapRange(from, to int) seq.Range { return seq.Range{Start: snapAt(from), End: snapAt(to)} }

// TestSnapshotOfRecovery looks at a connection through a loss: what RFC 6675 and
// RFC 8985 name has the values that the packets on the wire give it.
func TestSnapshotOfRecovery(t *testing.T) {
	o := withSACK()
	o.RTT = rackRTT
	s := Established(t, o, 60000, "<mss 1000,sackOK>")
	k := s.Conn.Snapshot(s.Now)
	if k.LastSent != engine.Never || k.TimedAt != engine.Never || k.RACK.XmitAt != engine.Never || k.Recovery.Began != 0 {
		t.Errorf("before anything was sent: %+v", k)
	}
	if k.Cwnd != 10000 || k.Ssthresh != math.MaxInt || !k.HasRTT || k.RTT != rackRTT || k.SMSS != 1000 {
		t.Errorf("cwnd %d ssthresh %d rtt %v SMSS %d", k.Cwnd, k.Ssthresh, k.RTT, k.SMSS)
	}

	sent := s.Now
	send(s, 1, 10)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-2001>")
	s.In(". 1 ack 1 win 60000 <sack 1001-2001 3001-4001>")
	k = s.Conn.Snapshot(s.Now)
	if k.SndUna != snapAt(1) || k.SndNxt != snapAt(10001) || k.LastSent != sent || k.SackedSegments != 2 || k.InFlight != 8000 {
		t.Errorf("una %v nxt %v, %d segments SACKed, %d bytes in flight", k.SndUna, k.SndNxt, k.SackedSegments, k.InFlight)
	}
	if want := []seq.Range{snapRange(1001, 2001), snapRange(3001, 4001)}; !slices.Equal(k.Sacked, want) || k.HighSacked != snapAt(4001) {
		t.Errorf("SACKed %v up to %v", k.Sacked, k.HighSacked)
	}
	if want := (engine.PacketsSnapshot{Outstanding: 10}); k.Packets != want {
		t.Errorf("packets %+v, want %+v", k.Packets, want)
	}
	if k.TimedSeq != snapAt(1) || k.TimedAt != sent {
		t.Errorf("timed %v, sent at %v", k.TimedSeq, k.TimedAt)
	}
	rack := engine.RACKSnapshot{
		XmitAt: sent, EndSeq: snapAt(4001), RTT: rackRTT, FACK: snapAt(4001), ReoWnd: rackRTT / 4, ReoWndMult: 1,
	}
	if k.RACK != rack {
		t.Errorf("RACK %+v, want %+v", k.RACK, rack)
	}
	if k.Recovery.Fast || k.Recovery.Began != 0 {
		t.Errorf("recovery %+v before a loss", k.Recovery)
	}

	s.In(". 1 ack 1 win 60000 <sack 1001-2001 3001-5001>")
	s.Out(". 1:1001")
	k = s.Conn.Snapshot(s.Now)
	began := uint32(s.Now.Sub(0).Milliseconds())
	if want := (engine.PacketsSnapshot{Outstanding: 10, Lost: 1, Resent: 1}); k.Packets != want || k.SackedSegments != 3 {
		t.Errorf("packets %+v and %d SACKed, want %+v", k.Packets, k.SackedSegments, want)
	}
	want := engine.RecoverySnapshot{Fast: true, End: snapAt(10001), HighRxt: snapAt(1001), Began: began}
	if k.Recovery != want {
		t.Errorf("recovery %+v, want %+v", k.Recovery, want)
	}
	// RFC 8985, section 6.2, step 4: no reordering so far, and in recovery.
	if k.RACK.ReoWnd != 0 || k.Ssthresh != 5000 {
		t.Errorf("reo_wnd %v, ssthresh %d", k.RACK.ReoWnd, k.Ssthresh)
	}
	if k.TimedSeq != snapAt(2001) {
		t.Errorf("timed %v; what was sent again gives no time", k.TimedSeq)
	}

	s.Advance(rackRTT)
	s.In(". 1 ack 10001 win 60000")
	k = s.Conn.Snapshot(s.Now)
	if k.Recovery.Fast || k.Recovery.Began != began || k.Recovery.Spurious || len(k.Sacked) != 0 || k.SackedSegments != 0 || k.InFlight != 0 {
		t.Errorf("after recovery: %+v", k)
	}
	s.In(". 1 ack 10001 win 60000 <sack 1-1001>") // both copies had arrived
	if k = s.Conn.Snapshot(s.Now); !k.RACK.DSACKSeen || k.RACK.ReoWndMult != 2 || k.RACK.Persist != 16 || !k.Recovery.Spurious {
		t.Errorf("after a DSACK: RACK %+v, recovery %+v", k.RACK, k.Recovery)
	}
}

// TestSnapshotOfReceiver looks at the other direction: RFC 2018, section 4, has
// the latest block first.
func TestSnapshotOfReceiver(t *testing.T) {
	s := Established(t, withSACK(), 60000, "<mss 1000,sackOK>")
	s.In(". 1001:2001 ack 1 win 60000")
	s.Out(". 1 ack 1 <sack 1001-2001>")
	s.In(". 3001:4001 ack 1 win 60000")
	s.Out(". 1 ack 1 <sack 3001-4001 1001-2001>")
	k := s.Conn.Snapshot(s.Now)
	want := []seq.Range{{Start: s.Peer(3001), End: s.Peer(4001)}, {Start: s.Peer(1001), End: s.Peer(2001)}}
	if !slices.Equal(k.Held, want) || k.OutOfOrder != 2000 {
		t.Errorf("holds %v, %d bytes; want %v", k.Held, k.OutOfOrder, want)
	}
	if k.RcvNxt != s.Peer(1) || k.LastAckSent != s.Peer(1) || k.RcvAdv.Sub(k.RcvNxt) != k.RcvWnd {
		t.Errorf("next %v, offered up to %v, window %d", k.RcvNxt, k.RcvAdv, k.RcvWnd)
	}
	s.Do("close", func(c *engine.Conn, now engine.Instant) { c.CloseWrite(now) })
	s.Out("F. 1:1 ack 1 <sack 3001-4001 1001-2001>")
	if k = s.Conn.Snapshot(s.Now); k.Packets != (engine.PacketsSnapshot{Outstanding: 1}) {
		t.Errorf("with a FIN outstanding: packets %+v", k.Packets)
	}
	if k = s.Conn.Snapshot(s.Now); !k.FinQueued || k.SndNxt != snapAt(2) {
		t.Errorf("after the FIN: %+v", k)
	}
}

// TestSnapshotOfTimeout: a timeout is a recovery too (RFC 6298, section 5), and
// not a fast one.
func TestSnapshotOfTimeout(t *testing.T) {
	s := Established(t, withSACK(), 60000, "<mss 1000,sackOK>")
	send(s, 1, 1)
	s.Expires(engine.DefaultMinRTO, "P. 1:1001")
	k := s.Conn.Snapshot(s.Now)
	want := engine.RecoverySnapshot{
		End: snapAt(1001), HighRxt: snapAt(1001), Began: uint32(s.Now.Sub(0).Milliseconds()),
	}
	if k.Recovery != want || !k.Timeout || k.RTO != 2*engine.DefaultMinRTO {
		t.Errorf("%+v, RTO %v; want %+v", k.Recovery, k.RTO, want)
	}
	s.In(". 1 ack 1001 win 60000")
}

// TestSnapshotOfCubic: the variables of RFC 9438, sections 4.2 and 4.6, after a
// loss at a window of 10 segments.
func TestSnapshotOfCubic(t *testing.T) {
	o := withSACK()
	o.RTT = rackRTT
	o.Params.CongestionControl = "cubic"
	s := Established(t, o, 60000, "<mss 1000,sackOK>")
	send(s, 1, 10)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 1001-4001>")
	s.Out(". 1:1001")
	k := s.Conn.Snapshot(s.Now)
	if c := k.Cubic; !c.On || c.Start != engine.Never || c.WMax != 10 || c.C != 0.4 || c.Beta != 0.7 || c.LastAck != s.Now {
		t.Errorf("after the loss: %+v", c)
	}
	s.Advance(rackRTT)
	s.In(". 1 ack 10001 win 60000")
	s.Write(8000)
	for i := range 7 { // the window is in use, so that it may grow
		s.Out(". " + span(10001+i*1000, 11001+i*1000))
	}
	s.Advance(rackRTT)
	began := s.Now
	s.In(". 1 ack 17001 win 60000")
	s.Out("P. 17001:18001")
	s.Advance(rackRTT)
	k = s.Conn.Snapshot(s.Now)
	c := k.Cubic
	// K = cbrt((W_max - cwnd) / C), with the 7 segments that beta left.
	if d := c.K - math.Cbrt(3/0.4); c.Start != began || math.Abs(d) > 1e-9 {
		t.Errorf("began at %v with K %v", c.Start, c.K)
	}
	at := s.Now.Sub(began).Seconds()
	if want := 0.4*math.Pow(at-c.K, 3) + 10; math.Abs(c.Window-want) > 1e-9 || c.Estimate < 7 || c.LastAck != began {
		t.Errorf("W_cubic %v, want %v; W_est %v", c.Window, want, c.Estimate)
	}
	s.In(". 1 ack 18001 win 60000")
}

// TestSnapshotOfSlowStart: the rounds of RFC 9406, section 4.2, end with what was
// sent when they began.
func TestSnapshotOfSlowStart(t *testing.T) {
	o := withSACK()
	o.RTT = rackRTT
	o.Params.CongestionControl = "cubic"
	s := Established(t, o, 60000, "<mss 1000,sackOK>")
	s.Write(16000)
	for i := range 10 {
		s.Out(". " + span(1+i*1000, 1001+i*1000))
	}
	s.Advance(rackRTT)
	began := s.Now
	s.In(". 1 ack 2001 win 60000") // the first news ends the first round
	for i := range 4 {
		s.Out(". " + span(10001+i*1000, 11001+i*1000))
	}
	s.Advance(time.Millisecond)
	s.In(". 1 ack 4001 win 60000")
	s.Out(". 14001:15001")
	s.Out("P. 15001:16001")
	c := s.Conn.Snapshot(s.Now).Cubic
	if c.RoundStart != began || c.RoundEnd != snapAt(10001) || c.RoundSamples != 2 || c.RoundMinRTT != rackRTT || c.LastAck != s.Now {
		t.Errorf("%+v; want a round from %v to %v", c, began, snapAt(10001))
	}
	s.In(". 1 ack 16001 win 60000")
}

// When text last came is told, to about a millisecond, and the most that came in a
// segment. Before any, the handshake counts.
func TestSnapshotOfTextReceived(t *testing.T) {
	s := Established(t, plain(nil), 60000, "<mss 1000>")
	check := func(ago time.Duration, longest int) {
		t.Helper()
		k := s.Conn.Snapshot(s.Now)
		if d := k.TextAgo - ago; max(d, -d) > 2*time.Millisecond || k.LongestText != longest {
			t.Errorf("text %v ago, of %d bytes at most; want %v and %d", k.TextAgo, k.LongestText, ago, longest)
		}
	}
	s.Advance(time.Second)
	check(time.Second, 0)
	s.In(". 1:501 ack 1 win 60000")
	s.Out(". 1 ack 501")
	s.Advance(300 * time.Millisecond)
	s.In(". 501 ack 1 win 60000") // no text
	check(300*time.Millisecond, 500)
	s.In(". 501:601 ack 1 win 60000")
	s.Out(". 1 ack 601")
	check(0, 500)
}
