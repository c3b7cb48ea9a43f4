// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"fmt"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
)

// chosen is a connection whose peer's SYN has these options, with choices.
func chosen(t *testing.T, syn string, c engine.Choices) *Script {
	t.Helper()
	o := plain(func(s *engine.Settings) { s.Choices = c })
	o.Params.NoSACK = false
	o.RTT = rackRTT
	return Established(t, o, 60000, syn)
}

// RFC 3042, section 2: each of the first two duplicate acknowledgments lets a
// segment of new text go (SHOULD), without SACK where that is chosen; the third is
// fast retransmit's.
func TestLimitedTransmitWithoutSACK(t *testing.T) {
	for _, on := range []bool{false, true} {
		s := chosen(t, "<mss 1000>", engine.Choices{LimitedTransmit: on})
		s.Write(15000)
		outs(s, 1, 10, false)
		for _, at := range []int{10001, 11001} {
			s.In(". 1 ack 1 win 60000")
			if on {
				s.Out(". " + span(at, at+1000) + " ack 1")
			}
		}
		s.In(". 1 ack 1 win 60000")
		s.Out(". 1:1001 ack 1")
	}
}

// RFC 8985, section 7.2: where a probe would come later than the retransmission
// timer expires, it comes then, and that timer starts anew, without backoff. A
// round trip without a measurement has no second probe (section 7.3, MUST).
func TestProbeAtTimeout(t *testing.T) {
	for _, on := range []bool{false, true} {
		s := chosen(t, "<mss 1000,sackOK>", engine.Choices{ProbeAtTimeout: on})
		send(s, 1, 1)
		rto := rackRTT + engine.DefaultMinRTO
		s.Expires(rto, "P. 1:1001 ack 1")
		if on {
			s.Expires(rto, "P. 1:1001 ack 1")
		}
		s.Expires(2*rto, "P. 1:1001 ack 1")
		c := s.Conn.Counters()
		if probes := map[bool]uint32{true: 1}[on]; uint32(c.TailProbes) != probes || c.Timeouts != 2 {
			t.Errorf("chosen %v: %d probes and %d timeouts, want %d and 2", on, c.TailProbes, c.Timeouts, probes)
		}
	}
}

// RFC 5681, section 2: the congestion window bounds data, which a FIN is not.
func TestLoneFIN(t *testing.T) {
	for _, on := range []bool{false, true} {
		s := chosen(t, "<mss 1000,sackOK>", engine.Choices{LoneFIN: on})
		send(s, 1, 10)
		s.Do("close", func(c *engine.Conn, now engine.Instant) { c.CloseWrite(now) })
		if on {
			s.Out("F. 10001 ack 1")
		}
		s.In(". 1 ack 1001 win 60000")
		if !on {
			s.Out("F. 10001 ack 1")
		}
	}
}

// RFC 5681, section 4.1 (SHOULD): after a pause of more than the retransmission
// timeout the window is no more than the initial one. A pause that a closed window
// makes goes on until it opens.
func TestRestartIdle(t *testing.T) {
	for _, cc := range []string{"reno", "cubic"} {
		for _, closed := range []bool{false, true} {
			o := plain(func(s *engine.Settings) { s.RestartIdle = true })
			o.Params.CongestionControl = cc
			s := Established(t, o, 60000, "<mss 1000>")
			send(s, 1, 10)
			if closed {
				s.In(". 1 ack 10001 win 0")
				s.Write(30000)
				s.Expires(engine.DefaultMinRTO, ". 10000 ack 1")
				s.Expires(2*engine.DefaultMinRTO, ". 10000 ack 1")
				if got := s.Conn.Info().Cwnd; got != 20000 {
					t.Errorf("%s: the window is %d while the peer's is closed", cc, got)
				}
				s.In(". 1 ack 10001 win 60000")
			} else {
				s.In(". 1 ack 10001 win 60000")
				s.Advance(time.Second)
				s.Write(30000)
			}
			outs(s, 10001, 10, false)
			if got := s.Conn.Info().Cwnd; got != 10000 {
				t.Errorf("%s: the window is %d after a pause", cc, got)
			}
		}
	}
}

// Without validation (RFC 7661) a window of which little was used in the last round
// trip still grows in slow start, where half of it is in use, and a pause takes
// nothing from it.
func TestNoValidation(t *testing.T) {
	for _, on := range []bool{false, true} {
		o := plain(func(s *engine.Settings) { s.NoValidation = on })
		s := Established(t, o, 60000, "<mss 1000>")
		send(s, 1, 10)
		s.In(". 1 ack 10001 win 60000")
		send(s, 10001, 20)
		s.In(". 1 ack 12001 win 60000")
		s.In(". 1 ack 14001 win 60000")
		if got, want := s.Conn.Info().Cwnd, map[bool]int{false: 22000, true: 24000}[on]; got != want {
			t.Errorf("without validation %v: the window is %d, want %d", on, got, want)
		}
		s.In(". 1 ack 30001 win 60000")
		s.Advance(2 * time.Minute)
		s.Write(20000)
		n := map[bool]int{false: 10, true: 20}[on]
		outs(s, 30001, n, on)
	}
}

// A window opens once for what arrives: what duplicates told of, by SACK or by their
// number, does not open it again (RFC 5681, section 3.1, bounds it from above).
func TestOpenOnce(t *testing.T) {
	for _, syn := range []string{"<mss 1000,sackOK>", "<mss 1000>"} {
		for _, once := range []bool{false, true} {
			s := chosen(t, syn, engine.Choices{LimitedTransmit: true, OpenOnce: once})
			s.Write(20000)
			outs(s, 1, 10, false)
			for i := range 2 {
				sack := ""
				if syn != "<mss 1000>" {
					sack = fmt.Sprintf(" <sack %d-%d>", 1001, 2001+i*1000)
				}
				s.In(". 1 ack 1 win 60000" + sack)
				s.Out(". " + span(10001+i*1000, 11001+i*1000) + " ack 1")
			}
			s.In(". 1 ack 3001 win 60000")
			n := 4
			if once {
				n = 2
			}
			outs(s, 12001, n, false)
		}
	}
}

// How far something was overtaken is told in bytes, from its start to the end of
// what had arrived.
func TestReorderingExtent(t *testing.T) {
	s := racked(t)
	send(s, 1, 10)
	s.Advance(rackRTT)
	s.In(". 1 ack 1 win 60000 <sack 7001-8001>")
	s.In(". 1 ack 1 win 60000 <sack 3001-4001 7001-8001>")
	if got := s.Conn.Snapshot(s.Now).RACK; !got.Reordering || got.Extent != 5000 {
		t.Errorf("%+v, want an extent of 5000", got)
	}
	s.In(". 1 ack 10001 win 60000")
	if got := s.Conn.Snapshot(s.Now).RACK.Extent; got != 8000 {
		t.Errorf("then %d, want 8000", got)
	}
}

// What fills no segment waits where the application says that more will come: for it,
// for an acknowledgment, or for the override timeout (RFC 9293, section 3.8.6.2.1,
// (4)), where that is chosen.
func TestMore(t *testing.T) {
	at := 1 // the position in the stream, whose low byte is what is written there
	hold := func(s *Script, n int, more bool) {
		text := make([]byte, n)
		for i := range text {
			text[i] = byte(at + i)
		}
		at += n
		b := buffer.MakeWithData(text)
		defer b.Release()
		s.Do("write", func(c *engine.Conn, now engine.Instant) {
			c.Hold(more)
			if got := c.Write(now, &b); got != n {
				t.Errorf("wrote %d of %d bytes", got, n)
			}
		})
	}
	s := chosen(t, "<mss 1000>", engine.Choices{})
	hold(s, 40, true)
	s.Out("P. 1:41 ack 1")

	s, at = chosen(t, "<mss 1000>", engine.Choices{More: true}), 1
	hold(s, 40, true)
	s.Expires(200*time.Millisecond, "P. 1:41 ack 1")
	s.In(". 1 ack 41 win 60000")
	hold(s, 100, true)
	hold(s, 100, false)
	s.Out("P. 41:241 ack 1")
	hold(s, 1050, true)
	s.Out(". 241:1241 ack 1")
	s.In(". 1 ack 241 win 60000")
	s.Out("P. 1241:1291 ack 1")
	s.In(". 1 ack 1291 win 60000")

	o := plain(func(s *engine.Settings) { s.More, s.Cork = true, true })
	s = Established(t, o, 60000, "<mss 1000>")
	s.Write(40)
	s.Expires(200*time.Millisecond, "P. 1:41 ack 1")
}

// What the application may write beyond what can be sent at once is bounded, and it
// is told when half of that was sent.
func TestUnsentMost(t *testing.T) {
	s := chosen(t, "<mss 1000,sackOK>", engine.Choices{UnsentMost: 4000})
	space := func(want int) {
		t.Helper()
		if got := s.Conn.WriteSpace(); got != want {
			t.Errorf("there is room for %d, want %d", got, want)
		}
	}
	space(14000)
	s.Write(14000)
	outs(s, 1, 10, false)
	space(0)
	s.Conn.TakeEvents()
	s.In(". 1 ack 1001 win 60000")
	outs(s, 10001, 2, false)
	if !s.Conn.TakeEvents().Has(engine.EventWritable) {
		t.Error("half of it was sent, and nobody is told")
	}
	space(2000)
	s.In(". 1 ack 2001 win 0")
	space(2000)
	s.Write(2000)
	space(0)
}

// RFC 9438, section 4.6: what CUBIC reduces from may be the congestion window, where
// that does not grow unless it is used (MUST; section 5.8).
func TestFromWindow(t *testing.T) {
	for _, on := range []bool{false, true} {
		o := plain(func(s *engine.Settings) { s.FromWindow = on })
		o.Params.CongestionControl = "cubic"
		s := Established(t, o, 60000, "<mss 1000>")
		send(s, 1, 1)
		s.In(". 1 ack 1001 win 60000")
		send(s, 1001, 1)
		s.Expires(engine.DefaultMinRTO, "P. 1001:2001 ack 1")
		i := s.Conn.Info()
		if want := map[bool]int{false: 2000, true: 7000}[on]; i.Ssthresh != want || i.Cwnd != 1000 {
			t.Errorf("from the window %v: ssthresh %d and a window of %d, want %d and 1000", on, i.Ssthresh, i.Cwnd, want)
		}
	}
}

// Who was kept out, or would have been, is told although a cork keeps text from being
// sent: more is what it waits for.
func TestUnsentMostWithCork(t *testing.T) {
	o := plain(func(s *engine.Settings) { s.UnsentMost, s.Cork = 1, true })
	s := Established(t, o, 60000, "<mss 1000>")
	s.Write(10001)
	outs(s, 1, 10, false)
	if got := s.Conn.WriteSpace(); got != 0 {
		t.Fatalf("there is room for %d", got)
	}
	s.Conn.TakeEvents()
	s.In(". 1 ack 10001 win 60000")
	if got := s.Conn.Unsent(); got != 1 || !s.Conn.TakeEvents().Has(engine.EventWritable) {
		t.Errorf("%d bytes wait for more, which nobody is asked for", got)
	}
	s.Write(999)
	s.Out("P. 10001:11001 ack 1")
}
