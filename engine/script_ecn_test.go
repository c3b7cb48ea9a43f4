// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"testing"
	"time"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
	"tcpcb/engine/wire"
)

// "Section" in this file is a section of RFC 3168.

// withECN are options that ask for ECN and, of the options of TCP, for none but
// SACK.
func withECN(cc string, set func(*engine.Settings)) Options {
	return Options{
		Params: engine.Params{
			MSS: 1000, NoWindowScale: true, NoTimestamps: true, ECN: true, CongestionControl: cc,
		},
		Settings: set, ISS: 1<<32 - 2, IRS: 1<<31 - 2,
	}
}

// ecnOpened takes an engine that asks for ECN through the handshake with a peer
// that agrees, in a round trip of 100 ms.
func ecnOpened(t *testing.T, o Options) *Script {
	t.Helper()
	s := Active(t, o)
	s.Out("SEW 0")
	s.Advance(100 * time.Millisecond)
	s.In("S.E 0 ack 1 win 65000 <mss 1000,sackOK>")
	s.Out(". 1 ack 1")
	return s
}

// wantsCwnd fails unless the congestion window is that of so many bytes.
func wantsCwnd(t *testing.T, s *Script, want int) {
	t.Helper()
	if got := s.Conn.Info().Cwnd; got != want {
		t.Fatalf("a congestion window of %d bytes, want %d", got, want)
	}
}

// Section 6.1.1: who asks for ECN sends an ECN-setup SYN, with ECE and CWR; text
// is ECN-capable when the answer is an ECN-setup SYN-ACK, with ECE and without
// CWR (MUST NOT, SHOULD NOT). One with both mirrors reserved bits (section
// 6.1.1.2).
func TestECNSetupActive(t *testing.T) {
	for _, test := range []struct {
		asks        bool
		syn, synAck string
		agreed      bool
	}{
		{true, "SEW 0", "S.E", true},
		{true, "SEW 0", "S.", false},
		{true, "SEW 0", "S.W", false},
		{true, "SEW 0", "S.EW", false},
		{false, "S 0", "S.E", false},
	} {
		o := withECN("reno", nil)
		o.Params.ECN = test.asks
		s := Active(t, o)
		s.Out(test.syn)
		s.In(test.synAck + " 0 ack 1 win 65000 <mss 1000>")
		s.Out(". 1 ack 1")
		checkECN(t, s, test.agreed, test.agreed)
	}
}

// checkECN checks whether text goes out ECN-capable, and whether a mark of the
// peer's is echoed.
func checkECN(t *testing.T, s *Script, sends, echoes bool) {
	t.Helper()
	if got := s.Conn.Info().ECN; got != sends {
		t.Errorf("Info().ECN is %v, want %v", got, sends)
	}
	s.Write(100)
	if sends {
		s.Out("P. 1:101 ack 1 ip ect0")
	} else {
		s.Out("P. 1:101 ack 1")
	}
	s.In(". 1:51 ack 101 win 65000 ip ce")
	if echoes {
		s.Out(".E 101 ack 51")
	} else {
		s.Out(". 101 ack 51")
	}
}

// Section 6.1.1: only an ECN-setup SYN is answered with an ECN-setup SYN-ACK
// (MUST NOT), by who is willing; neither is ECN-capable (MUST NOT).
func TestECNSetupPassive(t *testing.T) {
	for _, test := range []struct {
		willing     bool
		syn, synAck string
		agreed      bool
	}{
		{true, "SEW", "S.E", true},
		{true, "S", "S.", false},
		{true, "SE", "S.", false},
		{true, "SW", "S.", false},
		{false, "SEW", "S.", false},
	} {
		o := withECN("reno", nil)
		o.Params.ECN = test.willing
		s := Passive(t, o, test.syn+" 0 win 65000 <mss 1000>")
		s.Out(test.synAck + " 0 ack 1")
		s.In(". 1 ack 1 win 65000")
		checkECN(t, s, test.agreed, test.agreed)
	}
}

// Section 6.1.1.1 (MAY): SYNs that ask for ECN and get no answer are followed by
// such as do not. Then no text is ECN-capable, whatever the answer (section
// 6.1.1, MUST NOT); but where that agrees, marks are echoed (section 6.1.1,
// MUST).
func TestECNSynFallback(t *testing.T) {
	for _, test := range []struct {
		synAck string
		echoes bool
	}{{"S.E", true}, {"S.", false}} {
		s := Active(t, withECN("reno", nil))
		s.Out("SEW 0")
		s.Expires(time.Second, "SEW 0")
		s.Expires(2*time.Second, "S 0")
		s.In(test.synAck + " 0 ack 1 win 65000 <mss 1000>")
		s.Out(". 1 ack 1")
		checkECN(t, s, false, test.echoes)
	}
}

// Section 6.1.1.1, the example: the peer got no ECN-setup SYN-ACK and tries
// again without; it gets one without, and ECN is off.
func TestECNPeerFallback(t *testing.T) {
	s := Passive(t, withECN("reno", nil), "SEW 0 win 65000 <mss 1000>")
	s.Out("S.E 0 ack 1")
	s.Expires(time.Second, "S.E 0 ack 1") // lost, as far as is known, for no fault of ECN's
	s.In("S 0 win 65000 <mss 1000>")
	s.Out("S. 0 ack 1")
	s.In(". 1 ack 1 win 65000")
	checkECN(t, s, false, false)
}

// Both sides open at once, and agree by their SYNs and SYN-ACKs; what the
// SYN-ACK's flags say is not taken for the echo of a mark.
func TestECNSimultaneousOpen(t *testing.T) {
	for _, test := range []struct {
		syn, answer, synAck string
		agreed              bool
	}{
		{"SEW", "S.E", "S.E", true},
		{"SEW", "S.E", "S.", false},
		{"S", "S.", "S.", false},
	} {
		s := Active(t, withECN("reno", nil))
		s.Out("SEW 0")
		s.In(test.syn + " 0 win 65000 <mss 1000>")
		s.Out(test.answer + " 0 ack 1")
		s.In(test.synAck + " 0 ack 1 win 65000 <mss 1000>")
		s.State(engine.StateEstablished)
		checkECN(t, s, test.agreed, test.agreed)
		if n := s.Conn.Counters().MarkReductions; n != 0 {
			t.Errorf("%d reductions of the window for a SYN-ACK", n)
		}
	}
}

// A SYN cookie does not remember that the peer asked for ECN, and so does not
// agree to it.
func TestECNCookie(t *testing.T) {
	p := withECN("reno", nil).Params
	set := engine.DefaultSettings()
	syn := engine.Segment{Header: wire.Header{Flags: wire.SYN | wire.ECE | wire.CWR, Window: 65000}}
	var out engine.Segment
	engine.CookieSynAck(0, p, &set, &syn, &out)
	if out.Flags != wire.SYN|wire.ACK || out.ECN != engine.NotECT {
		t.Errorf("the SYN-ACK has flags %v, %v", out.Flags, out.ECN)
	}
	var c engine.Conn
	defer c.Release()
	ack := engine.Segment{Header: wire.Header{Flags: wire.ACK, Seq: out.Ack, Ack: out.Seq.Add(1), Window: 65000}}
	c.OpenCookie(0, p, &set, 1000, &ack)
	c.HandleSegment(0, &ack)
	if c.State() != engine.StateEstablished || c.Info().ECN {
		t.Errorf("%v, ECN is on: %v", c.State(), c.Info().ECN)
	}
}

// Sections 6.1.4 and 6.1.5 (MUST NOT): neither segments without text nor
// retransmissions, after a timeout or a duplicate acknowledgment, are
// ECN-capable.
func TestECNCapableIsNewTextOnly(t *testing.T) {
	s := ecnOpened(t, withECN("reno", nil))
	s.Write(2500)
	s.Out(". 1:1001 ack 1 ip ect0")
	s.Out(". 1001:2001 ack 1 ip ect0")
	s.Out("P. 2001:2501 ack 1 ip ect0")
	s.In(". 1:11 ack 1 win 65000")
	s.Out(". 2501 ack 11") // 6.1.4
	s.Advance(202 * time.Millisecond)
	s.Out("P. 2001:2501 ack 11") // the tail loss probe (RFC 8985, section 7.3)
	s.In(". 11 ack 1 win 65000 <sack 1001-2501>")
	s.Advance(100 * time.Millisecond)
	s.Out(". 1:1001 ack 11") // fast retransmit
	s.Advance(time.Second)
	s.Out(". 1:1001 ack 11") // after a timeout
	s.In(". 11 ack 2501 win 65000")
	s.Do("close", func(c *engine.Conn, now engine.Instant) { c.CloseWrite(now) })
	s.Out("F. 2501 ack 11")
	s.Do("abort", func(c *engine.Conn, now engine.Instant) { c.Abort(now) })
	s.Out("R. 2502 ack 11")
}

// A tail loss probe of new text is text like any other.
func TestECNProbeOfNewText(t *testing.T) {
	s := Active(t, withECN("reno", nil))
	s.Out("SEW 0")
	s.In("S.E 0 ack 1 win 20000 <mss 1000,sackOK>")
	s.Out(". 1 ack 1")
	s.Write(11000)
	for at := 1; at < 10001; at += 1000 { // the initial window
		s.Out(". " + span(at, at+1000) + " ack 1 ip ect0")
	}
	s.Advance(2 * time.Millisecond)
	s.Out("P. 10001:11001 ack 1 ip ect0")
	s.In(". 1 ack 11001 win 20000")
}

// Section 6.1.6 (MUST NOT): a window probe is not ECN-capable and has no CWR,
// though one is due.
func TestECNWindowProbe(t *testing.T) {
	s := ecnOpened(t, withECN("reno", nil))
	s.Write(1000)
	s.Out("P. 1:1001 ack 1 ip ect0")
	s.Write(1000)
	s.Out("P. 1001:2001 ack 1 ip ect0")
	s.In(".E 1 ack 1001 win 1000")
	s.In(".E 1 ack 2001 win 0")
	s.Write(1000)
	s.Advance(time.Second)
	s.Out(". 2000 ack 1")
	s.In(".E 1 ack 2001 win 1000")
	s.Out("P.W 2001:3001 ack 1 ip ect0")
}

// Section 6.1.3: from a mark on, every acknowledgment has ECE, of text that is
// marked and of text that is not, until CWR comes. The first does not wait.
func TestECNEcho(t *testing.T) {
	s := ecnOpened(t, withECN("reno", func(set *engine.Settings) {
		set.AckDelay, set.AckEvery = 40*time.Millisecond, 4
	}))
	s.In(". 1:101 ack 1 win 65000 ip ect0")
	s.In(". 101:201 ack 1 win 65000 ip ce")
	s.Out(".E 1 ack 201")
	s.In(". 201:301 ack 1 win 65000 ip ect0")
	s.Expires(40*time.Millisecond, ".E 1 ack 301")
	s.In(". 301:401 ack 1 win 65000 ip ce") // that waits: the sender knows
	s.Write(10)
	s.Out("P.E 1:11 ack 401 ip ect0")
	s.In(".W 401:501 ack 11 win 65000 ip ect0")
	s.Expires(40*time.Millisecond, ". 11 ack 501")
	s.In(".W 501:601 ack 11 win 65000 ip ce") // marked itself
	s.Out(".E 11 ack 601")
	s.Do("close", func(c *engine.Conn, now engine.Instant) { c.CloseWrite(now) })
	s.Out("F.E 11 ack 601")
	if n := s.Conn.Counters().MarksIn; n != 3 {
		t.Errorf("%d marks were counted, want 3", n)
	}
	s.In("R 601 win 0")
}

// Section 6.1.5 (SHOULD): marks on text outside of the window are ignored, as
// are those on what has no text.
func TestECNEchoesNoOtherMarks(t *testing.T) {
	s := ecnOpened(t, withECN("reno", nil))
	s.In(". 1:101 ack 1 win 65000 ip ect0")
	s.Out(". 1 ack 101")
	s.In(". 1:101 ack 1 win 65000 ip ce") // old
	s.Out(". 1 ack 101 <sack 1-101>")
	s.In(". 5000000:5000100 ack 1 win 65000 ip ce") // beyond the window
	s.Out(". 1 ack 101")
	s.In(". 101 ack 1 win 64000 ip ce")
	s.Write(10)
	s.Out("P. 1:11 ack 101 ip ect0")
	if n := s.Conn.Counters().MarksIn; n != 0 {
		t.Errorf("%d marks were counted, want none", n)
	}
	s.In(". 101 ack 11 win 64000")
}

// Section 6.1.6 (SHOULD): a mark on a probe of a closed window is echoed; CWR ends that
// as ever.
func TestECNEchoesMarkOfProbe(t *testing.T) {
	s := ecnOpened(t, withECN("reno", func(set *engine.Settings) { set.RcvBuf = 100 }))
	s.In("P. 1:101 ack 1 win 65000 ip ect0")
	s.Out(". 1 ack 101 win 0")
	s.In(". 101:102 ack 1 win 65000 ip ce")
	s.Out(".E 1 ack 101 win 0")
	s.In(". 101:102 ack 1 win 65000")
	s.Out(".E 1 ack 101 win 0")
	s.In(".W 101:102 ack 1 win 65000")
	s.Out(". 1 ack 101 win 0")
	if n := s.Conn.Counters().MarksIn; n != 1 {
		t.Errorf("%d marks were counted, want 1", n)
	}
}

// fill writes enough for the initial window of ten segments and more, and expects
// that window.
func fill(s *Script, n int) {
	s.Write(n)
	for at := 1; at < 10001; at += 1000 {
		s.Out(". " + span(at, at+1000) + " ack 1 ip ect0")
	}
}

// ack has the peer acknowledge all up to at, with flags.
func ack(s *Script, flags string, at int) {
	s.In(fmt.Sprintf("%s 1 ack %d win 65000", flags, at))
}

// Section 6.1.2: an echo is answered as a loss is: the window comes down, here by
// half, which drains first, and the first new text that goes out bears CWR, once.
// More echoes of the same window, and the one that comes before CWR has come
// through, do nothing; nor does any open the window. The next window's does.
func TestECNResponse(t *testing.T) {
	for _, sack := range []bool{true, false} {
		o := withECN("reno", nil)
		o.Params.NoSACK = !sack
		s := ecnOpened(t, o)
		fill(s, 40000)
		if s.Conn.Snapshot(s.Now).Recovery.Marked {
			t.Error("reduced before a mark")
		}
		for una := 1001; una <= 5001; una += 1000 {
			ack(s, ".E", una)
			wantsCwnd(t, s, 5000)
			if !s.Conn.Snapshot(s.Now).Recovery.Marked {
				t.Errorf("at %d, the snapshot knows of no mark", una)
			}
		}
		ack(s, ".E", 6001)
		s.Out(".W 10001:11001 ack 1 ip ect0")
		at := 11001
		for una := 7001; una <= 10001; una += 1000 {
			ack(s, ".E", una)
			s.Out(". " + span(at, at+1000) + " ack 1 ip ect0")
			at += 1000
		}
		wantsCwnd(t, s, 5000)
		if n := s.Conn.Counters().MarkReductions; n != 1 {
			t.Fatalf("the window was reduced %d times in a window, want once", n)
		}
		ack(s, ".", 11001) // CWR has come through
		s.Out(". 15001:16001 ack 1 ip ect0")
		if s.Conn.Snapshot(s.Now).Recovery.Marked {
			t.Error("the reduction is not over for the snapshot")
		}
		ack(s, ".E", 12001) // a new mark
		if n := s.Conn.Counters().MarkReductions; n != 2 {
			t.Fatalf("the window was reduced %d times in two windows, want twice", n)
		}
		wantsCwnd(t, s, 2500)
		for una := 13001; una <= 15001; una += 1000 {
			ack(s, ".E", una)
		}
		s.Out(".W 16001:17001 ack 1 ip ect0")
		s.In("R 1 win 0")
	}
}

// Each congestion control answers by itself: by half, by CUBIC's beta (RFC 9438,
// section 4.6), and BBR by its model (see TestBBRMark). The window may come down
// to one segment, and CWR is set with all.
func TestECNResponseOfEach(t *testing.T) {
	for _, test := range []struct {
		cc    string
		cwnds [2]int // 0 is not checked
	}{{"reno", [2]int{2500, 1000}}, {"cubic", [2]int{3500, 1400}}, {"bbr", [2]int{}}} {
		s := ecnOpened(t, withECN(test.cc, func(set *engine.Settings) { set.NoRACK = true }))
		at, cwr := 1, "."
		for i := range test.cwnds {
			for n := range 5 - 3*i {
				s.Write(1000)
				if n > 0 {
					cwr = "."
				}
				s.Out("P" + cwr + " " + span(at, at+1000) + " ack 1 ip ect0")
				s.Advance(10 * time.Millisecond)
				at += 1000
			}
			s.Advance(50 * time.Millisecond)
			ack(s, ".E", at)
			if want := test.cwnds[i]; want > 0 {
				wantsCwnd(t, s, want)
			}
			cwr = ".W"
		}
		if n := s.Conn.Counters().MarkReductions; n != 2 {
			t.Errorf("%s: %d reductions, want 2", test.cc, n)
		}
		s.Write(1000)
		s.Out("P.W " + span(at, at+1000) + " ack 1 ip ect0")
		s.In("R 1 win 0")
	}
}

// Section 6.1.2: losses and marks of one window reduce it once, whichever is seen
// first.
func TestECNMarkAndLoss(t *testing.T) {
	t.Run("mark first", func(t *testing.T) {
		s := ecnOpened(t, withECN("reno", nil))
		fill(s, 40000)
		s.In(".E 1 ack 1001 win 65000")
		wantsCwnd(t, s, 5000)
		s.In(".E 1 ack 1001 win 65000 <sack 2001-5001>")
		s.Out(". 1001:2001 ack 1")
		wantsCwnd(t, s, 5000)
		s.In(".E 1 ack 6001 win 65000")
		s.Out(".W 10001:11001 ack 1 ip ect0")
		wantsCwnd(t, s, 5000)
		s.In("R 1 win 0")
	})
	t.Run("loss first", func(t *testing.T) {
		s := ecnOpened(t, withECN("reno", nil))
		fill(s, 40000)
		s.In(". 1 ack 1 win 65000 <sack 1001-4001>")
		s.Out(". 1:1001 ack 1")
		wantsCwnd(t, s, 5000)
		s.In(".E 1 ack 4001 win 65000")
		s.Out(".W 10001:11001 ack 1 ip ect0")
		s.In(".E 1 ack 10001 win 65000") // recovery is over, CWR under way
		s.Out(". 11001:12001 ack 1 ip ect0")
		s.Out(". 12001:13001 ack 1 ip ect0")
		s.Out(". 13001:14001 ack 1 ip ect0")
		s.Out(". 14001:15001 ack 1 ip ect0")
		wantsCwnd(t, s, 5000)
		if n := s.Conn.Counters().MarkReductions; n != 0 {
			t.Errorf("%d reductions for a mark after that for a loss", n)
		}
		s.In("R 1 win 0")
	})
	t.Run("both at once", func(t *testing.T) {
		s := ecnOpened(t, withECN("reno", nil))
		fill(s, 40000)
		s.In(".E 1 ack 1 win 65000 <sack 1001-4001>")
		s.Out(". 1:1001 ack 1")
		wantsCwnd(t, s, 5000)
		s.In("R 1 win 0")
	})
}

// Section 6.1.2: a loss of what was sent after the reduction is another
// congestion. Where it is that of the text that bore CWR, new text bears CWR
// again; the retransmission does not (SHOULD NOT).
func TestECNLossOfCWR(t *testing.T) {
	s := ecnOpened(t, withECN("reno", nil))
	fill(s, 40000)
	s.In(".E 1 ack 10001 win 65000")
	wantsCwnd(t, s, 5000)
	s.Out(".W 10001:11001 ack 1 ip ect0")
	for at := 11001; at < 15001; at += 1000 {
		s.Out(". " + span(at, at+1000) + " ack 1 ip ect0")
	}
	s.In(".E 1 ack 10001 win 65000 <sack 11001-14001>")
	s.Out(". 10001:11001 ack 1")
	wantsCwnd(t, s, 2500)
	s.In(".E 1 ack 14001 win 65000 ")
	s.Out(".W 15001:16001 ack 1 ip ect0")
	s.In("R 1 win 0")
}

// Section 6.1.2: a timeout is a reduction, too. ssthresh is not reduced again for
// a window that a mark has reduced it for.
func TestECNTimeout(t *testing.T) {
	for _, marked := range []bool{false, true} {
		s := ecnOpened(t, withECN("reno", func(set *engine.Settings) { set.NoRACK = true }))
		fill(s, 11000)
		if marked {
			s.In(".E 1 ack 1 win 65000")
		}
		s.Expires(300*time.Millisecond, ". 1:1001 ack 1")
		wantsCwnd(t, s, 1000)
		if got := s.Conn.Info().Ssthresh; got != 5000 {
			t.Errorf("ssthresh is %d, want 5000", got)
		}
		s.Advance(100 * time.Millisecond) // else it would answer the first copy
		s.In(". 1 ack 10001 win 65000")
		s.Out("P.W 10001:11001 ack 1 ip ect0")
		s.In("R 1 win 0")
	}
}

// Section 6.1.2 (MUST): where the window is one segment, an echo restarts the
// retransmission timer, and new text goes out when that expires. So marks slow
// it down further (RFC 9438, section 4.6, MUST).
func TestECNWindowOfOneSegment(t *testing.T) {
	s := ecnOpened(t, withECN("reno", func(set *engine.Settings) { set.NoRACK = true }))
	s.Write(2000)
	s.Out(". 1:1001 ack 1 ip ect0")
	s.Out("P. 1001:2001 ack 1 ip ect0")
	s.Advance(100 * time.Millisecond)
	s.In(".E 1 ack 2001 win 65000")
	wantsCwnd(t, s, 1000)
	s.Write(2000)
	s.Out(".W 2001:3001 ack 1 ip ect0") // the window is one segment from now on
	s.Advance(100 * time.Millisecond)
	s.In(".E 1 ack 3001 win 65000")
	wantsCwnd(t, s, 1000)
	s.Expires(s.Conn.Info().RTO, "P.W 3001:4001 ack 1 ip ect0")
	s.Advance(100 * time.Millisecond)
	s.In(". 1 ack 4001 win 65000") // no mark: nothing waits
	s.Write(1000)
	s.Out("P. 4001:5001 ack 1 ip ect0")
	s.In("R 1 win 0")
}

// What is outstanding at such an echo, by a tail loss probe, is guarded by the
// timer that was restarted; new text is still held back when it expires.
func TestECNWindowOfOneSegmentAndProbe(t *testing.T) {
	s := ecnOpened(t, withECN("reno", func(set *engine.Settings) { set.MinRTO = time.Second }))
	s.Write(2000)
	s.Out(". 1:1001 ack 1 ip ect0")
	s.Out("P. 1001:2001 ack 1 ip ect0")
	s.Advance(100 * time.Millisecond)
	s.In(".E 1 ack 2001 win 65000")
	s.Write(3000)
	s.Out(".W 2001:3001 ack 1 ip ect0")
	wantsCwnd(t, s, 1000)
	s.Advance(time.Second)
	s.Out(". 3001:4001 ack 1 ip ect0") // the probe, beyond the window
	s.Advance(10 * time.Millisecond)
	s.In(".E 1 ack 3001 win 65000")
	s.Expires(s.Conn.Info().RTO, ". 3001:4001 ack 1")
	s.In(". 1 ack 4001 win 65000")
	s.Out("P.W 4001:5001 ack 1 ip ect0")
	s.In("R 1 win 0")
}

// A run that the link cuts into packets never has CWR: the link might put it on
// each of them, and section 6.1.2 has it on the first new packet only.
func TestECNRunHasNoCWR(t *testing.T) {
	o := withECN("reno", nil)
	o.Params.GSOMaxSize = 60000
	s := ecnOpened(t, o)
	s.Write(40000)
	s.Out(". 1:10001 ack 1 gso 1000 ip ect0")
	ack(s, ".E", 10001)
	s.Out(".W 10001:11001 ack 1 gso 0 ip ect0")
	s.Out(". 11001:15001 ack 1 gso 1000 ip ect0")
	s.In("R 1 win 0")
}

// RFC 4015, section 3.4 (MUST): what was reduced for a loss that was none is not
// restored where the path has marked something meanwhile.
func TestECNForbidsUndo(t *testing.T) {
	for _, test := range []struct {
		flags string
		cwnd  int
	}{{".", 10000}, {".E", 5000}} {
		s := ecnOpened(t, withECN("reno", nil))
		s.Write(10000)
		for at := 1; at < 9001; at += 1000 {
			s.Out(". " + span(at, at+1000) + " ack 1 ip ect0")
		}
		s.Out("P. 9001:10001 ack 1 ip ect0")
		s.In(". 1 ack 1 win 65000 <sack 1001-4001>")
		s.Out(". 1:1001 ack 1")
		wantsCwnd(t, s, 5000)
		s.In(test.flags + " 1 ack 10001 win 65000")
		s.In(test.flags + " 1 ack 10001 win 65000 <sack 1-1001>") // it came twice
		if n := s.Conn.Counters().SpuriousRecoveries; n != 1 {
			t.Errorf("%d spurious recoveries, want 1", n)
		}
		wantsCwnd(t, s, test.cwnd)
		s.Write(1000)
		if test.cwnd == 10000 { // nothing was reduced after all, and CWR is not due
			s.Out("P. 10001:11001 ack 1 ip ect0")
		} else {
			s.Out("P.W 10001:11001 ack 1 ip ect0")
		}
		s.In("R 1 win 0")
	}
}
