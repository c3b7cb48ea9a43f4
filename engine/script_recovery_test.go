// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"
	"time"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
)

// withSACK are options for scripts with SACK and nothing else.
func withSACK() Options {
	return Options{Params: engine.Params{NoWindowScale: true, NoTimestamps: true}, ISS: 1<<32 - 3000, IRS: 77}
}

// send writes n full segments of 1000 bytes and expects them.
func send(s *Script, from, n int) {
	s.Write(n * 1000)
	for i := range n {
		flags := "."
		if i == n-1 {
			flags = "P."
		}
		at := from + i*1000
		s.Out(flags + " " + span(at, at+1000) + " ack 1")
	}
}

// RFC 6928: the initial window is 10 segments; RFC 5681, 3.1: slow start.
func TestSlowStart(t *testing.T) {
	s := Established(t, plain(nil), 60000, "<mss 1000>")
	s.Write(30000)
	for i := range 10 {
		s.Out(". " + span(1+i*1000, 1001+i*1000))
	}
	s.In(". 1 ack 2001 win 60000")
	for i := range 4 {
		s.Out(". " + span(10001+i*1000, 11001+i*1000))
	}
}

// RFC 5681, section 3.2, and RFC 6582 (NewReno), on a connection without SACK. As
// in netstack, limited transmit (RFC 3042) is left to SACK, which tells how many
// have left the network.
func TestNewReno(t *testing.T) {
	s := Established(t, plain(nil), 60000, "<mss 1000>")
	s.Write(20000)
	for i := range 10 {
		s.Out(". " + span(1+i*1000, 1001+i*1000))
	}
	s.In(". 1 ack 1 win 60000") // first duplicate
	s.In(". 1 ack 1 win 60000") // second
	s.In(". 1 ack 1 win 60000") // third: fast retransmit (MUST)
	s.Out(". 1:1001")
	// RFC 5681, equation 4.
	if i := s.Conn.Info(); i.Ssthresh != 5000 || !i.Recovering {
		t.Errorf("ssthresh %d, want half of the flight of 10000", i.Ssthresh)
	}
	for range 2 { // each tells of a segment that left; the pipe is still 5000 or more
		s.In(". 1 ack 1 win 60000")
	}
	s.In(". 1 ack 1 win 60000")
	s.Out(". 10001:11001")
	s.In(". 1 ack 4001 win 60000") // partial: the next is missing too (RFC 6582, step 3)
	s.Out(". 4001:5001")
	for i := range 4 { // the window stays inflated
		s.Out(". " + span(11001+i*1000, 12001+i*1000))
	}
	s.In(". 1 ack 11001 win 60000")                         // full
	if i := s.Conn.Info(); i.Recovering || i.Cwnd != 6000 { // and counts for avoidance
		t.Errorf("after recovery: cwnd %d, recovering %v", i.Cwnd, i.Recovering)
	}
	for i := range 2 { // 4000 are out
		s.Out(". " + span(15001+i*1000, 16001+i*1000))
	}
	s.In("R 1 win 0")
}

// Duplicates that carry text or move the window do not count (RFC 5681,
// section 2). mirage: dup-ACK count ignores payload.
func TestNotADuplicate(t *testing.T) {
	s := Established(t, plain(nil), 60000, "<mss 1000>")
	send(s, 1, 5)
	for i := range 4 {
		s.In("P. " + span(1+i, 2+i) + " ack 1 win 60000")
		s.Out(". 5001 ack " + span(2+i, 2+i)[:1])
	}
	for i := range 4 {
		s.In(". 5 ack 1 win " + span(50000+i, 0)[:5])
	}
	if s.Conn.Info().Recovering {
		t.Error("recovery began")
	}
	s.In("R 5 win 0")
}

// RFC 6675: what is SACKed is not sent again, and each hole is, once. Congestion
// control is what it is without (RFC 2018, section 5.1, MUST).
func TestSACKRecovery(t *testing.T) {
	o := withSACK()
	o.RTT = 40 * time.Millisecond
	s := Established(t, o, 60000, "<mss 1000,sackOK>")
	send(s, 1, 10)
	s.Advance(40 * time.Millisecond)
	s.In(". 1 ack 1 win 60000 <sack 1001-2001>")
	s.In(". 1 ack 1 win 60000 <sack 1001-2001 3001-4001>")
	s.In(". 1 ack 1 win 60000 <sack 1001-2001 3001-5001>")
	s.Out(". 1:1001") // three segments above it were SACKed
	s.In(". 1 ack 1 win 60000 <sack 3001-6001 1001-2001>")
	// The hole at 2001 is lost as well, but the pipe of 5000 fills the window.
	s.In(". 1 ack 1 win 60000 <sack 3001-10001 1001-2001>")
	s.Out(". 2001:3001")
	s.Advance(40 * time.Millisecond)
	s.In(". 1 ack 2001 win 60000 <sack 3001-10001>")
	s.In(". 1 ack 10001 win 60000")
	if i := s.Conn.Info(); i.Recovering || i.Cwnd != 5000 {
		t.Errorf("cwnd %d, recovering %v", i.Cwnd, i.Recovering)
	}
	if c := s.Conn.Counters(); c.Retransmits != 2 || c.FastRecoveries != 1 || c.Timeouts != 0 {
		t.Errorf("%+v", *c)
	}
}

// RFC 6675, section 4, NextSeg (2): in recovery, new text follows what is lost, as far
// as the pipe has room; and section 5 (A): what is known of text beyond RecoveryPoint
// outlives recovery: it is not sent again, and the hole before it is.
func TestSACKBeyondRecoveryPoint(t *testing.T) {
	o := withSACK()
	o.RTT = 40 * time.Millisecond
	s := Established(t, o, 60000, "<mss 1000,sackOK>")
	send(s, 1, 10)
	s.Write(4000)
	s.Advance(40 * time.Millisecond)
	s.In(". 1 ack 1 win 60000 <sack 1001-4001>")
	s.Out(". 1:1001")
	s.In(". 1 ack 1 win 60000 <sack 1001-10001>")
	for at := 10001; at < 13001; at += 1000 {
		s.Out(". " + span(at, at+1000))
	}
	s.Out("P. 13001:14001")
	s.Advance(40 * time.Millisecond)
	s.In(". 1 ack 10001 win 60000 <sack 11001-14001>") // the first of them is lost
	s.Out(". 10001:11001")
	s.Advance(40 * time.Millisecond)
	s.In(". 1 ack 14001 win 60000")
	if c := s.Conn.Counters(); c.Retransmits != 2 || c.FastRecoveries != 2 || c.Timeouts != 0 {
		t.Errorf("%+v", *c)
	}
}

// SACK blocks that cut segments, lie outside, or are empty do no harm.
func TestSACKNonsense(t *testing.T) {
	s := Established(t, withSACK(), 60000, "<mss 1000,sackOK>")
	send(s, 1, 4)
	for _, blocks := range []string{"0-0", "5-3", "-500-1", "4001-5001", "1-4002", "10-20", "1999-2002", "1-1", "2000-1000"} {
		s.In(". 1 ack 1 win 60000 <sack " + blocks + ">")
	}
	if s.Conn.Info().InFlight != 4000 {
		t.Errorf("in flight %d, want 4000", s.Conn.Info().InFlight)
	}
	s.In(". 1 ack 4001 win 60000")
}

// A peer that takes back what it SACKed (RFC 2018, section 8): after a timeout
// everything is sent again.
func TestReneging(t *testing.T) {
	s := Established(t, withSACK(), 60000, "<mss 1000,sackOK>")
	send(s, 1, 2)
	s.In(". 1 ack 1 win 60000 <sack 1001-2001>")
	s.In(". 1 ack 1001 win 60000") // and the SACK is gone
	s.Expires(engine.DefaultMinRTO, "P. 1001:2001")
	s.In(". 1 ack 2001 win 60000")
}

// RFC 6298, section 5: the timer, backoff, and the window after a timeout (RFC
// 5681, section 3.1). mirage: 1 s blackout recovers.
func TestRetransmissionTimeout(t *testing.T) {
	s := Established(t, plain(nil), 60000, "<mss 1000>")
	send(s, 1, 6)
	s.Expires(200*time.Millisecond, ". 1:1001")
	if i := s.Conn.Info(); i.Cwnd != 1000 || i.Ssthresh != 3000 || !i.Timeout {
		t.Errorf("cwnd %d ssthresh %d", i.Cwnd, i.Ssthresh)
	}
	s.Expires(400*time.Millisecond, ". 1:1001")
	if i := s.Conn.Info(); i.Ssthresh != 3000 {
		t.Errorf("ssthresh %d is not held for the second timeout", i.Ssthresh)
	}
	s.Expires(800*time.Millisecond, ". 1:1001")
	s.In(". 1 ack 1001 win 60000")
	s.Out(". 1001:2001")
	s.Out(". 2001:3001")
	s.In(". 1 ack 6001 win 60000")
	if i := s.Conn.Info(); i.Timeout {
		t.Error("still recovering")
	}
}

// After MaxRetries the connection fails, and the application hears of it (RFC
// 9293, section 3.8.3). The peer, which does not answer, is told nothing (section
// 3.10.8). mirage: retransmit timeout never wakes.
func TestRetriesRunOut(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.MaxRetries = 3 }), 60000, "<mss 1000>")
	send(s, 1, 1)
	for _, n := range []time.Duration{1, 2, 4} {
		s.Expires(n*200*time.Millisecond, "P. 1:1001")
	}
	s.Conn.TakeEvents()
	s.Advance(8*200*time.Millisecond - 1)
	s.State(engine.StateEstablished)
	s.Advance(1)
	s.Closed(engine.ReasonTimedOut)
	if e := s.Conn.TakeEvents(); !e.Has(engine.EventClosed) || !e.Has(engine.EventReadable) || !e.Has(engine.EventWritable) {
		t.Errorf("events %b", e)
	}
}

// Karn's algorithm (RFC 6298, section 3): an acknowledgment of what was sent
// twice is no measurement. mirage window: backoff disables the sample.
func TestKarn(t *testing.T) {
	s := Established(t, plain(nil), 60000, "<mss 1000>")
	before := s.Conn.Info().RTT
	send(s, 1, 1)
	s.Expires(200*time.Millisecond, "P. 1:1001")
	s.Advance(100 * time.Millisecond)
	s.In(". 1 ack 1001 win 60000")
	if got := s.Conn.Info().RTT; got != before {
		t.Errorf("RTT went from %v to %v", before, got)
	}
	s.Advance(100 * time.Second) // idle time is no round trip (mirage)
	send(s, 1001, 1)
	s.Advance(40 * time.Millisecond)
	s.In(". 1 ack 2001 win 60000")
	if got := s.Conn.Info().RTT; got != 5*time.Millisecond {
		t.Errorf("RTT %v, want 40 ms / 8", got)
	}
}

// RFC 7323, section 4.1: with timestamps, what was sent twice can be measured.
func TestTimestampRTT(t *testing.T) {
	s := Established(t, Options{Params: engine.Params{NoSACK: true, NoWindowScale: true}}, 60000, "<mss 1012,ts 1 3600000>")
	send(s, 1, 1)
	s.Expires(200*time.Millisecond, "P. 1:1001")
	s.Advance(80 * time.Millisecond)
	s.In(". 1 ack 1001 win 60000 <ts 2 3600200>")
	if got := s.Conn.Info().RTT; got != 10*time.Millisecond {
		t.Errorf("RTT %v, want 80 ms / 8", got)
	}
}

// Text that was sent once tells nothing where it is acknowledged along with text
// that was sent again: the acknowledgment that it caused was lost, and it has
// waited (RFC 6298, section 3). The echoed timestamp does tell (RFC 7323, section
// 4.1).
func TestLostAckIsNoRoundTrip(t *testing.T) {
	s := Established(t, plain(nil), 60000, "<mss 1000>")
	before := s.Conn.Info().RTT
	send(s, 1, 2)
	s.Expires(200*time.Millisecond, ". 1:1001")
	s.Advance(40 * time.Millisecond)
	s.In(". 1 ack 2001 win 60000")
	if got := s.Conn.Info().RTT; got != before {
		t.Errorf("RTT went from %v to %v", before, got)
	}

	s = Established(t, Options{Params: engine.Params{NoSACK: true, NoWindowScale: true}}, 60000, "<mss 1012,ts 1 3600000>")
	send(s, 1, 2)
	s.Expires(200*time.Millisecond, ". 1:1001")
	s.Advance(80 * time.Millisecond)
	s.In(". 1 ack 2001 win 60000 <ts 2 3600200>")
	if got := s.Conn.Info().RTT; got != 10*time.Millisecond {
		t.Errorf("RTT %v, want 80 ms / 8", got)
	}
}

// An acknowledgment in the middle of a segment: the rest is sent, from there.
// mirage: fast retransmit corrupts on a mid-segment ACK.
func TestAckInsideSegment(t *testing.T) {
	s := Established(t, plain(nil), 60000, "<mss 1000>")
	send(s, 1, 3)
	s.In(". 1 ack 1501 win 60000")
	s.Expires(200*time.Millisecond, ". 1501:2001")
	s.In(". 1 ack 2001 win 60000")
	s.Out("P. 2001:3001")
	s.In(". 1 ack 3001 win 60000")
}

// A window that closes over text in flight: retransmissions go on for as long
// as the peer answers (RFC 9293, section 3.8.6.1, MUST-37).
func TestWindowClosesOverFlight(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.MaxRetries = 3 }), 1000, "<mss 1000>")
	send(s, 1, 1)
	d := engine.DefaultMinRTO
	for range 20 {
		s.In(". 1 ack 1 win 0")
		s.Expires(d, "P. 1:1001")
		d = min(2*d, engine.DefaultMaxRTO)
	}
	s.In(". 1 ack 1001 win 1000")
	s.State(engine.StateEstablished)
}

// After a lost SYN the initial window is one segment (RFC 5681, 3.1, MUST) and
// the RTO 3 seconds (RFC 6298, section 5.7).
func TestLostSyn(t *testing.T) {
	s := Active(t, plain(nil))
	s.Out("S 0")
	s.Expires(time.Second, "S 0")
	s.In("S. 0 ack 1 win 60000 <mss 1000>")
	s.Out(". 1 ack 1")
	s.Write(3000)
	s.Out(". 1:1001")
	s.Expires(3*time.Second, ". 1:1001")
	s.In("R 1 win 0")
}

// The user timeout (RFC 5482): text that waits too long ends the connection.
func TestUserTimeout(t *testing.T) {
	set := func(set *engine.Settings) { set.UserTimeout = 5 * time.Second }
	s := Established(t, plain(set), 60000, "<mss 1000>")
	s.Advance(time.Hour)
	send(s, 1, 1)
	at := s.Now
	for _, n := range []time.Duration{1, 2, 4, 8} {
		s.Expires(n*200*time.Millisecond, "P. 1:1001")
	}
	s.Advance(at.Add(5 * time.Second).Sub(s.Now))
	s.Closed(engine.ReasonTimedOut)

	s = Established(t, plain(set), 0, "<mss 1000>") // a closed window counts as well
	s.Write(100)
	for range 4 {
		s.Advance(5 * time.Second)
		s.Out(". 0 ack 1")
		s.In(". 1 ack 1 win 0")
	}
	s.Advance(5 * time.Second)
	s.Closed(engine.ReasonTimedOut)
}

// Keep-alives (RFC 9293, section 3.8.4), with mirage's figures 7200/75/9.
func TestKeepAlive(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.KeepAlive = true }), 1000, "<mss 1000>")
	s.Expires(2*time.Hour, ". 0 ack 1")
	s.In(". 1 ack 1 win 1000") // an answer starts it anew
	s.Advance(time.Hour)
	s.In("P. 1:11 ack 1 win 1000")
	s.Out(". 1 ack 11")
	s.Expires(2*time.Hour, ". 0 ack 11")
	for range 8 {
		s.Expires(75*time.Second, ". 0 ack 11")
	}
	s.Advance(75*time.Second - 1)
	s.State(engine.StateEstablished)
	s.Advance(1)
	s.Closed(engine.ReasonTimedOut)
}

// Off unless asked for (MUST-25).
func TestKeepAliveOff(t *testing.T) {
	s := Established(t, plain(nil), 1000, "<mss 1000>")
	s.Advance(1000 * time.Hour)
	s.State(engine.StateEstablished)
}

// SACK is sent: the newest block first, and none when nothing is missing.
func TestSACKSent(t *testing.T) {
	s := Established(t, withSACK(), 60000, "<mss 1000,sackOK>")
	s.In(". 101:201 ack 1 win 60000")
	s.Out(". 1 ack 1 <sack 101-201>")
	s.In(". 301:401 ack 1 win 60000")
	s.Out(". 1 ack 1 <sack 301-401 101-201>")
	s.In(". 501:601 ack 1 win 60000")
	s.Out(". 1 ack 1 <sack 501-601 301-401 101-201>")
	s.In(". 401:501 ack 1 win 60000")
	s.Out(". 1 ack 1 <sack 301-601 101-201>")
	s.In(". 1:101 ack 1 win 60000")
	s.Out(". 1 ack 201 <sack 301-601>")
	s.In(". 201:301 ack 1 win 60000")
	s.Out(". 1 ack 601 <>")
	s.Read(1000, 600)
}

// A pure acknowledgment from ahead takes no place in the reassembly. mirage:
// zero-length future ACK occupies the slot of data.
func TestPureAckFromAhead(t *testing.T) {
	s := Established(t, plain(nil), 60000, "<mss 1000>")
	s.In(". 101 ack 1 win 60000")
	s.In("P. 101:201 ack 1 win 60000")
	s.Out(". 1 ack 1")
	s.In("P. 1:101 ack 1 win 60000")
	s.Out(". 1 ack 201")
	s.Read(1000, 200)
}

// GSO: one run for the link to cut; a loss in it is sent again alone.
func TestGSO(t *testing.T) {
	o := withSACK()
	o.Params.GSOMaxSize = 5500
	s := Established(t, o, 60000, "<mss 1000,sackOK>")
	s.Write(8300)
	s.Out(". 1:5001 gso 1000")
	s.Out("P. 5001:8301 gso 1000")
	s.In(". 1 ack 1001 win 60000 <sack 2001-8001>")
	s.Out(". 1001:2001 gso 0")
	s.In(". 1 ack 8301 win 60000")
	if s.Conn.Info().Recovering {
		t.Error("still recovering")
	}
}

// A FIN out of order is SACKed: where the tail of a stream is lost it is all
// that tells.
func TestFinSACKed(t *testing.T) {
	s := Established(t, withSACK(), 60000, "<mss 1000,sackOK>")
	s.In("F. 101 ack 1 win 60000")
	s.Out(". 1 ack 1 <sack 101-102>")
	s.In(". 51:101 ack 1 win 60000")
	s.Out(". 1 ack 1 <sack 51-102>")
	s.In(". 11:21 ack 1 win 60000")
	s.Out(". 1 ack 1 <sack 11-21 51-102>")
	s.In(". 1:51 ack 1 win 60000")
	s.Out(". 1 ack 102 <sack 11-21>") // which came twice
	s.State(engine.StateCloseWait)
}
