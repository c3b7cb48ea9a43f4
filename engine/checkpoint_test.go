// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"reflect"
	"testing"
	"time"

	"tcpcb/engine"
	. "tcpcb/engine/enginetest"
)

// saveAndLoad puts the connection's checkpoint through an encoding, goes on with
// it at another instant, and returns it.
func saveAndLoad(t *testing.T, s *Script) *engine.Checkpoint {
	t.Helper()
	var file bytes.Buffer
	k := new(engine.Checkpoint)
	if err := gob.NewEncoder(&file).Encode(s.Conn.Checkpoint(s.Now)); err != nil {
		t.Fatal(err)
	}
	if err := gob.NewDecoder(&file).Decode(k); err != nil {
		t.Fatal(err)
	}
	set := s.Conn.Settings()
	s.Conn.Release()
	s.Silent()
	s.Now = s.Now.Add(12345 * time.Second)
	s.Do("restore", func(c *engine.Conn, now engine.Instant) {
		if err := c.Restore(now, k, set); err != nil {
			t.Fatal(err)
		}
	})
	return k
}

// A connection at rest is the same after Restore, in each state.
func TestCheckpointInEachState(t *testing.T) {
	for _, r := range reach {
		t.Run(r.state.String(), func(t *testing.T) {
			s := Established(t, Options{Params: Plain()}, 1000, "<mss 1000>")
			r.steps(s)
			outstanding := s.Conn.Checkpoint(s.Now).Send.Una != s.Conn.Checkpoint(s.Now).Send.Nxt
			k := saveAndLoad(t, s)
			s.State(r.state)
			if outstanding { // the FIN, in each of these states
				s.Out(fmt.Sprintf("F. 1 ack %d", r.rcvNxt))
				return
			}
			if again := s.Conn.Checkpoint(s.Now); !reflect.DeepEqual(again, k) {
				t.Errorf("restored %+v\nsaved %+v", again, k)
			}
		})
	}
}

// The handshake goes on, and what is left of a deadline is left.
func TestCheckpointOfHandshake(t *testing.T) {
	s := Active(t, Options{Params: Plain()})
	s.Out("S 0")
	s.Write(10)
	s.Advance(600 * time.Millisecond)
	saveAndLoad(t, s)
	s.State(engine.StateSynSent)
	s.Advance(399 * time.Millisecond)
	s.Silent()
	s.Advance(time.Millisecond) // RFC 6298, section 2.1
	s.Out("S 0")
	s.In("S. 0 ack 1 win 1000 <mss 1000>")
	s.Out("P. 1:11 ack 1")

	s = Passive(t, Options{Params: Plain()}, "S 0 win 1000 <mss 1000>")
	s.Out("S. 0 ack 1")
	saveAndLoad(t, s)
	s.State(engine.StateSynRcvd)
	s.In(". 1 ack 1 win 1000")
	s.State(engine.StateEstablished)
}

// What is outstanding is sent again, no faster than at the beginning (RFC 5681,
// section 4.1), and what was not sent follows.
func TestCheckpointSendsAgain(t *testing.T) {
	s := Established(t, Options{Params: Plain()}, 60000, "<mss 1000>")
	send(s, 1, 10)
	s.In(". 1 ack 10001 win 60000")
	send(s, 10001, 15)
	s.Do("close", closeWrite)
	s.Out("F. 25001 ack 1")
	saveAndLoad(t, s)
	for at := 10001; at < 20001; at += 1000 {
		if !s.Out(". " + span(at, at+1000)).Retransmission {
			t.Error("what was sent before is no retransmission")
		}
	}
	s.Silent()
	// The peer had it all.
	s.In(". 1 ack 25002 win 60000")
	s.State(engine.StateFinWait2)
	if got := s.Conn.Info(); got.Recovering || got.RTT != 0 {
		t.Errorf("%+v after the end of recovery", got)
	}
}

// A FIN that needed no room goes out again by itself, and does not ride on text
// that fills the window.
func TestCheckpointOfFinWithoutRoom(t *testing.T) {
	s := Established(t, Options{Params: Plain()}, 1000, "<mss 1000>")
	s.Write(900)
	s.Out("P. 1:901 ack 1")
	s.Write(100)
	s.Out("P. 901:1001 ack 1")
	s.Do("close", closeWrite)
	s.Out("F. 1001 ack 1")
	saveAndLoad(t, s)
	s.Out("P. 1:1001 ack 1")
	s.In(". 1 ack 1001 win 0")
	s.Out("F. 1001 ack 1")
	s.In(". 1 ack 1002 win 1000")
	s.State(engine.StateFinWait2)
}

// Text to read and text out of order stay, and what SACK has reported is not
// taken back (RFC 2018, section 8).
func TestCheckpointKeepsWhatCame(t *testing.T) {
	s := Established(t, withSACK(), 1000, "<mss 1000,sackOK>")
	s.In(". 1:101 ack 1 win 1000")
	s.Out(". 1 ack 101")
	s.In(". 201:301 ack 1 win 1000")
	s.Out(". 1 ack 101 <sack 201-301>")
	s.In("F. 401:501 ack 1 win 1000")
	s.Out(". 1 ack 101 <sack 401-502 201-301>")
	saveAndLoad(t, s)
	s.In(". 301:401 ack 1 win 1000")
	s.Out(". 1 ack 101 <sack 201-502>")
	s.In(". 101:201 ack 1 win 1000")
	s.Out(". 1 ack 502")
	s.State(engine.StateCloseWait)
	s.Read(1000, 500)
}

// The clock of timestamps goes on, whatever that of the instants does (RFC 7323,
// section 5.4), and PAWS remembers the peer's.
func TestCheckpointKeepsTimestamps(t *testing.T) {
	o := Options{Params: engine.Params{NoWindowScale: true, NoSACK: true, TSOffset: 1 << 31}}
	s := Established(t, o, 1000, "<mss 1000,ts 700 0>")
	s.Advance(time.Second)
	before := s.Conn.Checkpoint(s.Now).Clock.Sent
	saveAndLoad(t, s)
	s.Write(10)
	if got := s.Out("P. 1:11 ack 1").Options; got.TSVal != before || got.TSEcr != 700 {
		t.Errorf("timestamps %d %d, want %d 700", got.TSVal, got.TSEcr, before)
	}
	s.In(". 1:11 ack 11 win 1000 <ts 699 0>")
	s.Out(". 11 ack 1")
	if s.Conn.Readable() != 0 {
		t.Error("text of an old timestamp was taken")
	}
}

// TIME-WAIT lasts what was left of it, and the user's timeout as well.
func TestCheckpointKeepsDeadlines(t *testing.T) {
	s := Established(t, Options{Params: Plain()}, 1000, "<mss 1000>")
	s.Do("close", closeWrite)
	s.Out("F. 1 ack 1")
	s.In("F. 1 ack 2 win 1000")
	s.Out(". 2 ack 2")
	s.Advance(50 * time.Second)
	saveAndLoad(t, s)
	s.Advance(10*time.Second - 1)
	s.State(engine.StateTimeWait)
	s.Advance(1)
	s.State(engine.StateClosed)
	saveAndLoad(t, s)
	s.State(engine.StateClosed)
}

// A checkpoint that no connection can have had is refused.
func TestRestoreRefuses(t *testing.T) {
	s := Established(t, withSACK(), 60000, "<mss 1000,sackOK>")
	send(s, 1, 2)
	s.In(". 201:301 ack 1 win 60000")
	s.Out(". 2001 ack 1")
	good := func() *engine.Checkpoint { return s.Conn.Checkpoint(s.Now) }
	for name, spoil := range map[string]func(*engine.Checkpoint){
		"state":        func(k *engine.Checkpoint) { k.State = 99 },
		"reason":       func(k *engine.Checkpoint) { k.Reason = 99 },
		"control":      func(k *engine.Checkpoint) { k.CongestionControl = "none" },
		"MSS":          func(k *engine.Checkpoint) { k.MSS = 0 },
		"peer's MSS":   func(k *engine.Checkpoint) { k.Send.MSS = 0 },
		"buffer":       func(k *engine.Checkpoint) { k.RcvBuf = -1 },
		"count":        func(k *engine.Checkpoint) { k.Retries = -1 },
		"round trip":   func(k *engine.Checkpoint) { k.Path.SRTT = -1 },
		"cwnd":         func(k *engine.Checkpoint) { k.Path.CongestionWindow = 0 },
		"deadline":     func(k *engine.Checkpoint) { k.LingerIn = -2 },
		"window":       func(k *engine.Checkpoint) { k.Send.Wnd = -1 },
		"SND.NXT":      func(k *engine.Checkpoint) { k.Send.Nxt = k.Send.Una - 1 },
		"no text":      func(k *engine.Checkpoint) { k.Send.Text = nil },
		"FIN":          func(k *engine.Checkpoint) { k.FinSent = true },
		"FIN's place":  func(k *engine.Checkpoint) { k.State, k.FinSent = engine.StateFinWait1, true },
		"FIN-WAIT-2":   func(k *engine.Checkpoint) { k.State = engine.StateFinWait2 },
		"CLOSED":       func(k *engine.Checkpoint) { k.State = engine.StateClosed },
		"SYN-SENT":     func(k *engine.Checkpoint) { k.State = engine.StateSynSent },
		"right edge":   func(k *engine.Checkpoint) { k.Receive.Adv = k.Receive.Nxt - 1 },
		"in order":     func(k *engine.Checkpoint) { k.Receive.OutOfOrder[0].Seq = k.Receive.Nxt },
		"empty part":   func(k *engine.Checkpoint) { k.Receive.OutOfOrder[0].Text = nil },
		"peer's FIN":   func(k *engine.Checkpoint) { k.Receive.HasFin, k.Receive.Fin = true, k.Receive.Nxt },
		"window scale": func(k *engine.Checkpoint) { k.Receive.Scale = 15 },
	} {
		t.Run(name, func(t *testing.T) {
			var c engine.Conn
			defer c.Release()
			set := engine.DefaultSettings()
			if err := c.Restore(s.Now, good(), &set); err != nil {
				t.Fatalf("before it was spoilt: %v", err)
			}
			c.Release()
			k := good()
			spoil(k)
			if err := c.Restore(s.Now, k, &set); err == nil || c.State() != engine.StateClosed {
				t.Errorf("restored %v: %v", c.State(), err)
			}
		})
	}
}

// What a cork holds waits as it did.
func TestCheckpointKeepsCork(t *testing.T) {
	s := Established(t, plain(func(set *engine.Settings) { set.Cork = true }), 9000, "<mss 1000>")
	s.Write(75)
	s.Silent()
	var c engine.Conn
	if err := c.Restore(s.Now, s.Conn.Checkpoint(s.Now), s.Conn.Settings()); err != nil {
		t.Fatal(err)
	}
	var out engine.Segment
	if c.PollSegment(s.Now, &out) {
		t.Errorf("sent %d bytes that the cork holds", out.Payload.Size())
	}
}
