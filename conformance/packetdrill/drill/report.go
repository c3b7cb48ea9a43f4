// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"fmt"
	"time"
)

// Verdict is what became of a script.
type Verdict string

// The verdicts.
const (
	Pass Verdict = "pass"
	// Fail is a TCP that did not do what the script says.
	Fail Verdict = "fail"
	// Unsupported is a script that needs what is not there. It tells nothing of
	// the TCP.
	Unsupported Verdict = "unsupported"
	// Broken is a script that is no script, or contradicts itself.
	Broken Verdict = "broken"
)

// Note is a remark about a line.
type Note struct {
	Line int    `json:"line"`
	Text string `json:"text"`
}

// Report is what is to be said about a run.
type Report struct {
	Script   string  `json:"script"`
	Provider string  `json:"provider"`
	Match    Match   `json:"match"`
	Time     Time    `json:"time"`
	Verdict  Verdict `json:"verdict"`
	// Line and Reason tell why the verdict is not Pass. Line is 0 where it is no
	// line's fault.
	Line   int    `json:"line,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Expected and Actual are the packets, the results or the times that differ.
	Expected string `json:"expected,omitempty"`
	Actual   string `json:"actual,omitempty"`
	// Lenient has what MatchRFC accepted and MatchStrict would not have; Ignored
	// what of the commands had no effect; Warnings what --non_fatal let pass.
	Lenient  []Note `json:"lenient,omitempty"`
	Ignored  []Note `json:"ignored,omitempty"`
	Warnings []Note `json:"warnings,omitempty"`
	// Elapsed is how long the script took, by the clock that the stack had.
	Elapsed time.Duration `json:"elapsed_ns"`
}

// String is the report in a line, and the difference in two more.
func (r *Report) String() string {
	s := fmt.Sprintf("%-11s %s", r.Verdict, r.Script)
	if r.Line > 0 {
		s += fmt.Sprintf(":%d", r.Line)
	}
	switch {
	case r.Verdict == Unsupported:
		s += fmt.Sprintf(": unsupported: %s, line %d", r.Reason, r.Line)
	case r.Reason != "":
		s += ": " + r.Reason
	case len(r.Lenient) > 0:
		s += fmt.Sprintf(" (%d leniencies)", len(r.Lenient))
	}
	if r.Expected != "" || r.Actual != "" {
		s += fmt.Sprintf("\n  - expected %s\n  + actual   %s", r.Expected, r.Actual)
	}
	return s
}

// unsupported is an error that makes a script Unsupported.
type unsupported struct {
	line int
	what string
}

func (e *unsupported) Error() string { return "unsupported: " + e.what }

// broken is an error that makes a script Broken.
type broken struct {
	line int
	msg  string
}

func (e *broken) Error() string { return e.msg }

// mismatch is an error that makes a script Fail.
type mismatch struct {
	line             int
	msg              string
	expected, actual string
}

func (e *mismatch) Error() string { return e.msg }

// conclude puts an error into the report.
func (r *Report) conclude(err error) {
	r.Verdict = Broken
	switch e := err.(type) {
	case nil:
		r.Verdict = Pass
	case *unsupported:
		r.Verdict, r.Line, r.Reason = Unsupported, e.line, e.what
	case *mismatch:
		r.Verdict, r.Line, r.Reason = Fail, e.line, e.msg
		r.Expected, r.Actual = e.expected, e.actual
	case *broken:
		r.Line, r.Reason = e.line, e.msg
	default:
		r.Reason = err.Error()
	}
}
