// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"
	"time"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
)

// plain are options for scripts without TCP options, whose sequence numbers
// wrap early.
func plain(set func(*engine.Settings)) Options {
	return Options{Params: Plain(), Settings: set, ISS: 1<<32 - 2, IRS: 1<<31 - 2}
}

// RFC 9293, section 3.5, figure 6.
func TestActiveOpen(t *testing.T) {
	s := Active(t, Options{Params: engine.Params{RcvBufMax: 4 << 20}, ISS: 7, IRS: 9})
	s.Out("S 0 win 65535 <mss 1460,sackOK,ws 7,ts 3600000 0>")
	s.In("S. 0 ack 1 win 1000 <mss 1000,sackOK,ws 2,ts 50 3600000>")
	s.Out(". 1 ack 1 <ts 3600000 50>")
	s.State(engine.StateEstablished)
	s.In(". 1 ack 1 win 1000 <ts 51 3600000>") // 4000 bytes: the SYN's was not scaled
	s.Write(3000)
	s.Out(". 1:989 ack 1") // 1000 less 12 for timestamps (RFC 9293, 3.7.1, MUST-16)
	s.Out(". 989:1977 ack 1")
	s.Out(". 1977:2965 ack 1")
	s.Out("P. 2965:3001 ack 1")
}

// RFC 9293, section 3.5, from the other side; options are answered as offered.
func TestPassiveOpen(t *testing.T) {
	s := Passive(t, Options{ISS: 7, IRS: 9}, "S 0 win 500 <mss 1200,ws 3>")
	s.Out("S. 0 ack 1 win 65535 <mss 1460,ws 5>")
	s.State(engine.StateSynRcvd)
	s.In(". 1 ack 1 win 500")
	s.State(engine.StateEstablished)
	s.Write(5000)
	for at := 1; at+1200 <= 4000; at += 1200 { // 500<<3 bytes of window
		s.Out(". " + span(at, at+1200) + " ack 1")
	}
	s.Do("close", func(c *engine.Conn, now engine.Instant) { c.Abort(now) })
	s.Out("R. 3601 ack 1")
}

// RFC 9293, section 3.5, figure 8: simultaneous open.
func TestSimultaneousOpen(t *testing.T) {
	s := Active(t, plain(nil))
	s.Out("S 0")
	s.In("S 0 win 1000 <mss 1460>")
	s.Out("S. 0 ack 1")
	s.State(engine.StateSynRcvd)
	s.In("S. 0 ack 1 win 1000 <mss 1460>")
	s.State(engine.StateEstablished)
}

// What ends a simultaneous open reaches the peer in either state that it may be in:
// the first reset answers its SYN, as one in SYN-SENT wants it, the second is in the
// window of one in SYN-RECEIVED (RFC 9293, sections 3.10.7.3 and 3.10.7.4).
func TestSimultaneousOpenAborted(t *testing.T) {
	s := Active(t, Options{Params: Plain(), ISS: 7, IRS: 9})
	s.Out("S 0")
	s.In("S 0 win 1000 <mss 1460>")
	s.Out("S. 0 ack 1")
	s.Do("abort", func(c *engine.Conn, now engine.Instant) { c.Abort(now) })
	s.Out("R. -7 ack 1 win 0")
	s.Out("R. 1 ack 1")
	s.Closed(engine.ReasonAborted)
}

// The window of a SYN-ACK is not scaled in a simultaneous open either (RFC 7323,
// section 2.2).
func TestSimultaneousOpenWindow(t *testing.T) {
	s := Active(t, Options{Params: engine.Params{NoTimestamps: true}})
	s.Out("S 0")
	s.In("S 0 win 2 <mss 1460,ws 14>")
	s.Out("S. 0 ack 1")
	s.Write(100)
	s.In("S. 0 ack 1 win 2 <mss 1460,ws 14>")
	s.Out(". 1:3 ack 1")
	s.In("R 1 win 0")
}

// The SYN is sent again at 1, 3, 7 ... seconds, and the connection fails after
// SynRetries (RFC 6298, section 5.5; RFC 9293, 3.8.3). mirage S:544.
func TestSynRetransmission(t *testing.T) {
	s := Active(t, plain(func(set *engine.Settings) { set.SynRetries = 4 }))
	s.Out("S 0")
	for _, d := range []time.Duration{1, 2, 4, 8} {
		s.Expires(d*time.Second, "S 0")
	}
	s.Advance(16 * time.Second)
	s.Closed(engine.ReasonTimedOut)
}

// A SYN-ACK that was lost is sent again with its options. mirage section 3.
func TestSynAckRetransmission(t *testing.T) {
	s := Passive(t, Options{ISS: 7, IRS: 9}, "S 0 win 500 <mss 1200,sackOK,ws 3>")
	s.Out("S. 0 ack 1 <mss 1460,sackOK,ws 5>")
	s.Expires(time.Second, "S. 0 ack 1 <mss 1460,sackOK,ws 5>")
	s.In("S 0 win 500 <mss 1200,sackOK,ws 3>") // the peer's SYN again
	s.Out("S. 0 ack 1 <mss 1460,sackOK,ws 5>")
	s.In(". 1 ack 1 win 500")
	s.State(engine.StateEstablished)
}

// RFC 9293, section 3.10.7.3, first and second: what SYN-SENT does with wrong
// acknowledgments and resets. mirage S:356-402 and the unchecked reset of S:360.
func TestSynSentRejects(t *testing.T) {
	s := Active(t, plain(nil))
	s.Out("S 0")
	s.In("R 0 win 0")         // a reset without ACK
	s.In("R. 0 ack 2 win 0")  // a reset for something else
	s.In("R. 0 ack 0 win 0")  // likewise
	s.In(". 0 ack 1 win 500") // neither SYN nor RST
	s.In("S. 0 ack 2 win 500")
	s.Out("R 2")
	s.In(". 0 ack 77 win 500")
	s.Out("R 77")
	s.State(engine.StateSynSent)
	s.In("R. 0 ack 1 win 0")
	s.Closed(engine.ReasonRefused)
}

// RFC 9293, section 3.10.7.4: SYN-RECEIVED.
func TestSynRcvdRejects(t *testing.T) {
	s := Passive(t, plain(nil), "S 0 win 500")
	s.Out("S. 0 ack 1")
	s.In(". 1 ack 2 win 500") // acknowledges what was not sent
	s.Out("R 2")
	s.In("R 5 win 0") // a reset in the window, not at RCV.NXT
	s.Out(". 1 ack 1")
	s.State(engine.StateSynRcvd)
	s.In("R 1 win 0")
	s.Closed(engine.ReasonReset)
}

// Text and FIN on the handshake's ACK are taken. mirage S:419-443, 1.1.4.
func TestHandshakeAckWithText(t *testing.T) {
	s := Passive(t, plain(nil), "S 0 win 500")
	s.Out("S. 0 ack 1")
	s.In("F. 1:11 ack 1 win 500")
	s.Out(". 1 ack 12")
	s.State(engine.StateCloseWait)
	s.Read(100, 10)
}

// A window scale above 14 counts as 14 (RFC 7323, section 2.3). mirage: WS
// 0, 14, 255.
func TestWindowScales(t *testing.T) {
	for _, tt := range []struct {
		offer string
		want  int
	}{{"ws 0", 100}, {"ws 14", 100 << 14}, {"ws 255", 100 << 14}, {"mss 1460", 100}} {
		s := Active(t, Options{})
		s.Out("S 0")
		s.In("S. 0 ack 1 win 100 <" + tt.offer + ">")
		s.Out(". 1 ack 1")
		if got := s.Conn.Info().SndWnd; got != 100 {
			t.Errorf("%s: the window of a SYN is scaled: %d", tt.offer, got)
		}
		s.In(". 1 ack 1 win 100")
		if got := s.Conn.Info().SndWnd; got != tt.want {
			t.Errorf("%s: window %d, want %d", tt.offer, got, tt.want)
		}
	}
}

// Close before the handshake is done. mirage: close in SYN_RCVD is no no-op.
func TestCloseEarly(t *testing.T) {
	s := Active(t, plain(nil))
	s.Out("S 0")
	s.Do("close", func(c *engine.Conn, now engine.Instant) { c.Close(now) })
	s.Closed(engine.ReasonAborted)

	p := Passive(t, plain(nil), "S 0 win 500")
	p.Out("S. 0 ack 1")
	p.Do("close", func(c *engine.Conn, now engine.Instant) { c.Close(now) })
	p.In(". 1 ack 1 win 500")
	p.Out("F. 1 ack 1")
	p.State(engine.StateFinWait1)
}

// A SYN-ACK that is sent again does not take back window that an
// acknowledgment has offered since (RFC 9293, section 3.8.6, SHLD-14).
func TestSynAckKeepsTheEdge(t *testing.T) {
	s := Passive(t, Options{Params: engine.Params{NoTimestamps: true, NoSACK: true}}, "S 0 win 500 <mss 1200,ws 3>")
	s.Out("S. 0 ack 1 win 65535")
	s.In("P. -10:-5 ack 1 win 500") // answered by an acknowledgment, whose window is scaled
	s.Out(". 1 ack 1 win 32768")
	edge := s.Conn.Info().RcvWnd
	s.Expires(time.Second, "S. 0 ack 1 win 65535")
	if got := s.Conn.Info().RcvWnd; got != edge {
		t.Errorf("the window went from %d to %d", edge, got)
	}
}
