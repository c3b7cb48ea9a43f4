// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"fmt"
	"time"
)

// Script is a parsed script.
type Script struct {
	// Name is what messages call it: usually the file's path.
	Name string
	// Options are those at its head, in their order.
	Options []Option
	// Init is the command before the first event, Cleanup the one after the
	// last; nil where there is none.
	Init, Cleanup *Command
	// Events are in their order. There is at least one.
	Events []Event
}

// Option is a line such as --tolerance_usecs=10000.
type Option struct {
	Line int
	// Name has no dashes. Value is empty where there was none.
	Name, Value string
}

// Event is something that happens, or is to happen, at a time. Exactly one of
// its pointers is set.
type Event struct {
	Line int
	Time Time

	Packet  *Packet
	Call    *Call
	Command *Command
	Code    *Code
}

// Command is what was in back quotes: lines for a shell.
type Command struct {
	Line int
	Text string
}

// Code is what was in %{ }%: lines of Python.
type Code struct {
	Line int
	Text string
}

// TimeKind tells what a Time's numbers mean.
type TimeKind uint8

// The kinds of Time.
const (
	// Absolute counts from the script's start: 0.5
	Absolute TimeKind = iota
	// Relative counts from the event before: +.1
	Relative
	// Any is whenever it happens, of packets that go out: *
	Any
	// AbsoluteRange and RelativeRange are from At to End, of packets that go
	// out: 1~1.5 and +0~+.2
	AbsoluteRange
	RelativeRange
)

// Time is when an event happens, to the microsecond.
type Time struct {
	Kind TimeKind
	// At is the time; the start of a range. It is not negative.
	At time.Duration
	// End is the end of a range, not before At.
	End time.Duration
}

// String returns the time as scripts write it.
func (t Time) String() string {
	switch t.Kind {
	case Relative:
		return "+" + seconds(t.At)
	case Any:
		return "*"
	case AbsoluteRange:
		return seconds(t.At) + "~" + seconds(t.End)
	case RelativeRange:
		return "+" + seconds(t.At) + "~+" + seconds(t.End)
	default:
		return seconds(t.At)
	}
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.6f", d.Seconds()) }

// SyntaxError is a script that does not follow the grammar.
type SyntaxError struct {
	Name string // the script's
	Line int
	Msg  string
}

// Error implements error.
func (e *SyntaxError) Error() string { return fmt.Sprintf("%s:%d: %s", e.Name, e.Line, e.Msg) }

// UnsupportedError is a script with something that packetdrill has and this
// package lacks.
type UnsupportedError struct {
	Name string // the script's
	Line int
	What string
}

// Error implements error.
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("%s: unsupported: %s, line %d", e.Name, e.What, e.Line)
}
