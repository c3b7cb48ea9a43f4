// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"fmt"
	"strings"
	"time"

	"tcpcb/engine/wire"
)

// step is one input: a packet of the peer's, a call, or time. Positions count from
// the initial sequence numbers, so that the first byte of text is 1.
type step struct {
	name string // of its kind, by which differences are explained

	// Of a packet: text from seq to seq+n, and its acknowledgment.
	packet      bool
	flags       wire.Flags
	seq, ack, n int
	win         int
	opts        wire.Options

	call string        // of the application; n bytes
	wait time.Duration // that passes
}

// String tells the step.
func (s *step) String() string {
	switch {
	case s.packet:
		text := fmt.Sprintf("< %v %d", s.flags, s.seq)
		if s.n > 0 {
			text += fmt.Sprintf(":%d", s.seq+s.n)
		}
		return fmt.Sprintf("%s ack %d win %d (%s)", text, s.ack, s.win, s.name)
	case s.call != "":
		return strings.TrimSpace(fmt.Sprintf("%s %d", s.call, s.n))
	}
	return fmt.Sprintf("wait %v", s.wait)
}

// in is a packet of the peer's.
func in(name string, flags wire.Flags, seq, n, ack int) step {
	return step{name: name, packet: true, flags: flags, seq: seq, n: n, ack: ack, win: 60000}
}

// call is a call of the application.
func call(what string, n int) step { return step{name: what, call: what, n: n} }

// wait lets time pass.
func wait(d time.Duration) step { return step{name: "wait", wait: d} }

// sequence is a connection's life.
type sequence struct {
	name   string
	active bool // the stack connects; or it listens
	synOpt wire.Options
	steps  []step
}

const (
	ack = wire.ACK
	psh = wire.PSH | wire.ACK
	fin = wire.FIN | wire.ACK
)

// fixed are sequences that are worth to be tried as they are.
var fixed = []sequence{
	{name: "peer closes first", steps: []step{
		in("text", psh, 1, 100, 1), call("read", 50), in("fin", fin, 101, 0, 1), call("read", 1000), call("read", 10),
		call("write", 30), in("ack", ack, 102, 0, 31), call("close", 0), in("ack", ack, 102, 0, 32), wait(time.Minute),
	}},
	{name: "stack closes first", active: true, steps: []step{
		call("write", 100), in("ack", ack, 1, 0, 101), call("shutdown-write", 0), call("write", 10), in("ack", ack, 1, 0, 102),
		in("text", psh, 1, 20, 102), call("read", 100), in("fin", fin, 21, 0, 102), call("read", 10), call("close", 0), wait(2 * time.Minute),
	}},
	{name: "both close", steps: []step{
		call("shutdown-write", 0), in("fin", fin, 1, 0, 1), in("ack", ack, 2, 0, 2), call("close", 0), wait(2 * time.Minute),
	}},
	{name: "close with unread text", steps: []step{in("text", psh, 1, 100, 1), call("close", 0), in("ack", ack, 101, 0, 1)}},
	{name: "text after close", steps: []step{call("close", 0), in("ack", ack, 1, 0, 2), in("text", psh, 1, 100, 2)}},
	{name: "abort", steps: []step{call("write", 10), call("abort", 0), in("ack", ack, 1, 0, 11)}},
	{name: "reset", steps: []step{in("text", psh, 1, 10, 1), in("rst", wire.RST, 11, 0, 0), call("read", 100), call("read", 100), call("write", 1)}},
	{name: "reset after fin", steps: []step{in("fin", fin, 1, 0, 1), in("rst", wire.RST, 2, 0, 0), call("read", 10), call("write", 10)}},
	{name: "out of order", steps: []step{
		in("ahead", psh, 101, 100, 1), in("ahead", psh, 301, 100, 1), in("text", psh, 1, 100, 1), call("read", 1000),
		in("text", psh, 201, 100, 1), call("read", 1000), in("fin", fin, 401, 0, 1), call("read", 10),
	}},
	{name: "overlap", steps: []step{
		in("text", psh, 1, 100, 1), in("overlap", psh, 51, 100, 1), in("old", psh, 1, 100, 1), call("read", 1000),
		in("ahead", psh, 201, 100, 1), in("overlap", psh, 151, 200, 1), call("read", 1000),
	}},
	{name: "zero window", steps: []step{
		{name: "close-window", packet: true, flags: ack, seq: 1, ack: 1}, call("write", 500), wait(3 * time.Second),
		in("ack", ack, 1, 0, 1), in("ack", ack, 1, 0, 501), call("write", 10), in("ack", ack, 1, 0, 511),
	}},
	{name: "retransmission", synOpt: wire.Options{MSS: 1460}, steps: []step{call("write", 3000), wait(3 * time.Second), in("ack", ack, 1, 0, 3001)}},
	{name: "duplicate acknowledgments", synOpt: wire.Options{MSS: 1460}, steps: []step{
		call("write", 8000), in("ack", ack, 1, 0, 1461), in("dup", ack, 1, 0, 1461), in("dup", ack, 1, 0, 1461), in("dup", ack, 1, 0, 1461),
		in("ack", ack, 1, 0, 8001), call("write", 10),
	}},
	{name: "attacks", steps: []step{
		in("rst-ahead", wire.RST, 100, 0, 0), in("syn", wire.SYN, 1, 0, 0), in("syn", wire.SYN, 500, 0, 0), wait(time.Second),
		in("ack-ahead", psh, 1, 10, 1000), in("far", psh, 5_000_000, 10, 1), in("no-ack", wire.PSH, 1, 10, 0), call("read", 100),
		in("text", psh, 1, 10, 1), call("read", 100),
	}},
	{name: "shut reading", steps: []step{
		in("text", psh, 1, 10, 1), call("shutdown-read", 0), call("read", 100), in("text", psh, 11, 10, 1), call("read", 100),
		call("write", 10), in("fin", fin, 21, 0, 11), call("close", 0), in("ack", ack, 22, 0, 12),
	}},
	{name: "time-wait", steps: []step{
		call("shutdown-write", 0), in("ack", ack, 1, 0, 2), in("fin", fin, 1, 0, 2), in("fin", fin, 1, 0, 2), in("rst", wire.RST, 2, 0, 0),
		in("text", psh, 2, 10, 2), in("old", psh, 1, 1, 2), wait(2 * time.Minute), in("ack", ack, 2, 0, 2),
	}},
	{name: "abort in time-wait", steps: []step{
		call("shutdown-write", 0), in("ack", ack, 1, 0, 2), in("fin", fin, 1, 0, 2), call("abort", 0), in("ack", ack, 2, 0, 2),
	}},
	{name: "reset ahead in time-wait", steps: []step{
		call("shutdown-write", 0), in("ack", ack, 1, 0, 2), in("fin", fin, 1, 0, 2), in("rst-ahead", wire.RST, 100, 0, 0),
	}},
	{name: "syn-ack in time-wait", steps: []step{
		call("shutdown-write", 0), in("ack", ack, 1, 0, 2), in("fin", fin, 1, 0, 2), in("syn-ack", wire.SYN|wire.ACK, 0, 0, 1),
	}},
	{name: "reset in last-ack", steps: []step{in("fin", fin, 1, 0, 1), call("close", 0), in("rst", wire.RST, 2, 0, 0)}},
	{name: "shut reading, and text that overlaps", steps: []step{
		in("text", psh, 1, 10, 1), call("shutdown-read", 0), in("overlap", psh, 5, 20, 1), call("read", 100),
	}},
	{name: "shut both ways", steps: []step{
		call("shutdown-read", 0), call("shutdown-write", 0), in("ack", ack, 1, 0, 2), in("text", psh, 1, 10, 2), call("read", 10), call("write", 10),
	}},
	{name: "window closes in flight", synOpt: wire.Options{MSS: 1460}, steps: []step{
		call("write", 2000), {name: "close-window", packet: true, flags: ack, seq: 1, ack: 1461}, wait(5 * time.Minute),
		in("ack", ack, 1, 0, 2001), call("write", 10), in("ack", ack, 1, 0, 2011),
	}},
	{name: "urgent text", steps: []step{in("urgent", psh|wire.URG, 1, 10, 1), call("read", 100), in("text", psh, 11, 5, 1), call("read", 100)}},
	{name: "text with a fin", steps: []step{in("text-fin", fin|wire.PSH, 1, 10, 1), call("read", 4), call("read", 100), call("read", 100)}},
	{name: "fin ahead", steps: []step{in("fin-ahead", fin, 11, 10, 1), in("text", psh, 1, 10, 1), call("read", 100), call("read", 1)}},
	{name: "silent peer", steps: []step{call("write", 10), wait(30 * time.Second), call("read", 10), call("close", 0), wait(time.Hour)}},
}
