// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package enginetest drives the engine in virtual time, in three ways: a Script
// hands one engine packets and calls, and fails on any packet that nobody asked
// for; Run joins two engines and their applications by a seeded link, and checks
// all that holds whatever happens; Abuse drives one engine by arbitrary bytes.
package enginetest

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine"
	"tcpcb/engine/seq"
)

// Options say what a script's engine is opened with. The zero value is an
// engine with default settings and every option of TCP left out, so that
// scripts stay short.
type Options struct {
	Params   engine.Params
	Settings func(*engine.Settings)
	// ISS and IRS are the initial sequence numbers of the engine and of the
	// script's peer; scripts count from them.
	ISS, IRS uint32
	// RTT is how long Established lets the handshake's round trip take.
	RTT time.Duration
}

// Script drives one engine. Every packet that the engine sends must be expected
// by Out before the next step, or the test fails.
type Script struct {
	Conn engine.Conn
	// Now is the virtual time.
	Now engine.Instant
	// WithoutNew has the engine polled without new text from the next step on.
	WithoutNew bool

	tb      testing.TB
	opt     Options
	pending []engine.Segment
	log     []string

	written, read int
}

// textAt returns n bytes of a stream from a position, counted from the initial
// sequence number: the low byte of each position. Both directions carry it, so
// that text which comes from the wrong place is told.
func textAt(at, n int) []byte {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte(at + i)
	}
	return text
}

// DefaultMSS is the MSS of a script whose Params name none.
const DefaultMSS = 1460

func newScript(tb testing.TB, o Options) (*Script, engine.Settings) {
	tb.Helper()
	if o.Params.MSS == 0 {
		o.Params.MSS = DefaultMSS
	}
	o.Params.ISS = o.ISS
	set := engine.DefaultSettings()
	if o.Settings != nil {
		o.Settings(&set)
	}
	s := &Script{tb: tb, opt: o, Now: engine.Instant(time.Hour)}
	tb.Cleanup(func() {
		if !tb.Failed() {
			s.Silent()
		}
		s.Conn.Release()
	})
	return s, set
}

// Plain leaves every option of TCP but the MSS out.
func Plain() engine.Params {
	return engine.Params{NoWindowScale: true, NoTimestamps: true, NoSACK: true}
}

// Active opens an engine actively; its SYN is the first packet to expect.
func Active(tb testing.TB, o Options) *Script {
	tb.Helper()
	s, set := newScript(tb, o)
	s.Conn.OpenActive(s.Now, s.opt.Params, &set)
	s.after("open")
	return s
}

// Passive opens an engine by the peer's SYN; its SYN-ACK is the first packet to
// expect.
func Passive(tb testing.TB, o Options, syn string) *Script {
	tb.Helper()
	s, set := newScript(tb, o)
	seg := s.parse(syn)
	s.Conn.OpenPassive(s.Now, s.opt.Params, &set, &seg)
	s.after("< " + syn)
	return s
}

// Established opens an engine actively and takes it through the handshake with
// a peer whose window is win and whose options are opts, as in
// "<mss 1460,sackOK>".
func Established(tb testing.TB, o Options, win int, opts string) *Script {
	tb.Helper()
	s := Active(tb, o)
	s.Out("S 0")
	if o.RTT > 0 {
		s.Advance(o.RTT)
	}
	s.In(fmt.Sprintf("S. 0 ack 1 win %d %s", win, opts))
	s.Out(". 1 ack 1")
	s.State(engine.StateEstablished)
	return s
}

// In hands the engine a packet of the peer: see the package's Packet for its
// form. Sequence numbers count from IRS, acknowledgments from ISS.
func (s *Script) In(packet string) {
	s.tb.Helper()
	s.Silent()
	seg := s.parse(packet)
	s.Conn.HandleSegment(s.Now, &seg)
	s.after("< " + packet)
}

// InAfter hands the engine a packet that came that long ago.
func (s *Script) InAfter(d time.Duration, packet string) {
	s.tb.Helper()
	s.Silent()
	seg := s.parse(packet)
	seg.Arrived = s.Now.Add(-d)
	s.Conn.HandleSegment(s.Now, &seg)
	s.after(fmt.Sprintf("< %s, %v late", packet, d))
}

// Batch hands the engine packets that arrive together: what it sends is polled
// after the last.
func (s *Script) Batch(packets ...string) {
	s.tb.Helper()
	s.Silent()
	for _, p := range packets {
		seg := s.parse(p)
		s.Conn.HandleSegment(s.Now, &seg)
		s.Conn.CheckInvariants()
	}
	s.after("< " + strings.Join(packets, "; "))
}

// NoRoom tells the engine that the link had no room for what it sent from position
// from to position to.
func (s *Script) NoRoom(from, to int) {
	s.tb.Helper()
	s.Silent()
	iss := seq.New(s.opt.ISS)
	s.Conn.HandleNoRoom(s.Now, seq.Range{Start: iss.Add(from), End: iss.Add(to)})
	s.after(fmt.Sprintf("no room for %d:%d", from, to))
}

// Do calls the engine.
func (s *Script) Do(what string, f func(c *engine.Conn, now engine.Instant)) {
	s.tb.Helper()
	s.Silent()
	f(&s.Conn, s.Now)
	s.after(what)
}

// Write writes n bytes, each the low byte of its position in the stream, and
// fails unless all are taken.
func (s *Script) Write(n int) {
	s.tb.Helper()
	s.Do(fmt.Sprintf("write %d", n), func(c *engine.Conn, now engine.Instant) {
		b := buffer.MakeWithData(textAt(1+s.written, n))
		defer b.Release()
		if got := c.Write(now, &b); got != n {
			s.fail("wrote %d of %d bytes", got, n)
		}
		s.written += n
	})
}

// Read reads up to limit bytes and fails unless n came, and those that the peer
// sent.
func (s *Script) Read(limit, n int) {
	s.tb.Helper()
	s.Do(fmt.Sprintf("read %d", limit), func(c *engine.Conn, now engine.Instant) {
		var b buffer.Buffer
		defer b.Release()
		if got := c.Read(&b, limit); got != n {
			s.fail("read %d bytes, want %d", got, n)
		}
		if !bytes.Equal(b.Flatten(), textAt(1+s.read, n)) {
			s.fail("read %d bytes, and not those that came", n)
		}
		s.read += n
	})
}

// Out expects the next packet that the engine sent, in the form of Packet;
// what the text leaves out is not compared.
func (s *Script) Out(packet string) engine.Segment {
	s.tb.Helper()
	if len(s.pending) == 0 {
		s.fail("nothing was sent, want %s", packet)
	}
	got := s.pending[0]
	s.pending = s.pending[1:]
	want, err := ParsePacket(packet)
	if err != nil {
		s.fail("%v", err)
	}
	if diff := want.diff(&got, seq.New(s.opt.ISS), seq.New(s.opt.IRS)); diff != "" {
		s.fail("sent  %s\nwant  %s\n%s", s.format(&got), packet, diff)
	}
	s.log = append(s.log, "> "+packet)
	return got
}

// Silent fails where a packet was sent that nobody expected.
func (s *Script) Silent() {
	s.tb.Helper()
	if len(s.pending) > 0 {
		s.fail("sent, and nobody asked for it: %s", s.format(&s.pending[0]))
	}
}

// Advance lets d pass. Deadlines fire on the way, until one of them makes the
// engine send: then the clock stands there, for Out to be called.
func (s *Script) Advance(d time.Duration) {
	s.tb.Helper()
	s.Silent()
	end := s.Now.Add(d)
	for len(s.pending) == 0 {
		at := s.Conn.Deadline()
		if at > end {
			s.Now = end
			break
		}
		s.Now = max(s.Now, at)
		s.Conn.HandleDeadline(s.Now)
		s.after(fmt.Sprintf("deadline at %v", s.elapsed()))
	}
}

// Expires lets exactly d pass, after which the engine must send packet, and
// nothing before.
func (s *Script) Expires(d time.Duration, packet string) {
	s.tb.Helper()
	s.Advance(d - 1)
	if len(s.pending) > 0 {
		s.fail("too early, at %v: %s", s.elapsed(), s.format(&s.pending[0]))
	}
	s.Advance(1)
	s.Out(packet)
}

// State fails unless the engine is in that state.
func (s *Script) State(want engine.State) {
	s.tb.Helper()
	if got := s.Conn.State(); got != want {
		s.fail("state %v, want %v", got, want)
	}
}

// Reason fails unless the connection ended for that reason.
func (s *Script) Reason(want engine.Reason) {
	s.tb.Helper()
	if got := s.Conn.Reason(); got != want {
		s.fail("reason %q, want %q", got, want)
	}
}

// Closed fails unless the engine is CLOSED for that reason, with no deadline
// left.
func (s *Script) Closed(want engine.Reason) {
	s.tb.Helper()
	s.State(engine.StateClosed)
	s.Reason(want)
	if at := s.Conn.Deadline(); at != engine.Never {
		s.fail("a closed connection has a deadline")
	}
}

// after collects what the engine sends and checks its invariants.
func (s *Script) after(step string) {
	s.tb.Helper()
	s.log = append(s.log, step)
	for {
		s.Conn.CheckInvariants()
		var out engine.Segment
		poll := s.Conn.PollSegment
		if s.WithoutNew {
			poll = s.Conn.PollWithoutNew
		}
		if !poll(s.Now, &out) {
			break
		}
		s.pending = append(s.pending, out)
		if len(s.pending) > 10000 {
			s.fail("sends without end")
		}
	}
	s.Conn.CheckInvariants()
}

func (s *Script) elapsed() time.Duration { return s.Now.Sub(engine.Instant(time.Hour)) }

func (s *Script) parse(text string) engine.Segment {
	s.tb.Helper()
	p, err := ParsePacket(text)
	if err != nil {
		s.fail("%v", err)
	}
	return p.segment(seq.New(s.opt.IRS), seq.New(s.opt.ISS))
}

func (s *Script) format(seg *engine.Segment) string {
	return FormatPacket(seg, seq.New(s.opt.ISS), seq.New(s.opt.IRS))
}

// fail ends the test with the last steps of the script.
func (s *Script) fail(format string, args ...any) {
	s.tb.Helper()
	log := s.log[max(0, len(s.log)-20):]
	s.tb.Fatalf("%s\nat %v, %v, after:\n  %s", fmt.Sprintf(format, args...), s.elapsed(), s.Conn.State(), strings.Join(log, "\n  "))
}

// Peer returns the peer's sequence number at a position counted from IRS.
func (s *Script) Peer(at int) seq.Num { return seq.New(s.opt.IRS).Add(at) }
