// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"errors"
	"regexp"

	"go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// code evaluates what is in %{ }%. It is Python there and Starlark here, which is
// close enough for what scripts do with it (python.go has the rest). All pieces
// of a script share their variables. Those of the connection, tcpi_rtt and the
// like, are set anew before each.
type code struct {
	globals starlark.StringDict
	print   func(text string)
}

// codeNames are the constants that packetdrill gives to code (Linux's tcp.h and
// tcp_states.h).
var codeNames = map[string]int64{
	"TCP_ESTABLISHED": 1, "TCP_SYN_SENT": 2, "TCP_SYN_RECV": 3, "TCP_FIN_WAIT1": 4, "TCP_FIN_WAIT2": 5,
	"TCP_TIME_WAIT": 6, "TCP_CLOSE": 7, "TCP_CLOSE_WAIT": 8, "TCP_LAST_ACK": 9, "TCP_LISTEN": 10, "TCP_CLOSING": 11,
	"TCP_CA_Open": 0, "TCP_CA_Disorder": 1, "TCP_CA_CWR": 2, "TCP_CA_Recovery": 3, "TCP_CA_Loss": 4,
	"TCPI_OPT_TIMESTAMPS": 1, "TCPI_OPT_SACK": 2, "TCPI_OPT_WSCALE": 4, "TCPI_OPT_ECN": 8, "TCPI_OPT_ECN_SEEN": 16,
	"TCPI_OPT_SYN_DATA": 32, "TCPI_OPT_USEC_TS": 64, "TCPI_OPT_TFO_CHILD": 128,
}

// maxSteps bounds what a piece of code may compute.
const maxSteps = 1 << 20

func newCode(print func(string)) *code {
	c := &code{globals: starlark.StringDict{}, print: print}
	for name, v := range codeNames {
		c.globals[name] = starlark.MakeInt64(v)
	}
	c.globals["_assert"] = starlark.NewBuiltin("_assert", assertBuiltin)
	return c
}

// assertion is an assert that does not hold.
type assertion struct{ msg string }

func (a *assertion) Error() string { return a.msg }

// assertBuiltin is what assert becomes: its arguments are the condition, its
// text, and a message if there is one.
func assertBuiltin(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
	if bool(args[0].Truth()) {
		return starlark.None, nil
	}
	msg := "assertion: " + string(args[1].(starlark.String))
	if len(args) > 2 {
		text := args[2].String()
		if s, ok := starlark.AsString(args[2]); ok {
			text = s
		}
		msg += ": " + text
	}
	return nil, &assertion{msg}
}

// undefined finds the name in an error of Starlark.
var undefined = regexp.MustCompile(`undefined: (\w+)`)

// run evaluates a piece with the connection's variables. The error is a
// *mismatch for an assertion that does not hold, and *unsupported for what is no
// Starlark, or needs a variable that the TCP does not tell.
func (c *code) run(line int, text string, vars map[string]int64) error {
	for name, v := range vars {
		c.globals[name] = starlark.MakeInt64(v)
	}
	f, err := codeOptions.Parse("code", starlarkOf(text), 0)
	if err != nil {
		return &unsupported{line, "code that Starlark does not read: " + err.Error()}
	}
	thread := &starlark.Thread{Name: "code", Print: func(_ *starlark.Thread, msg string) { c.print(msg) }}
	thread.SetMaxExecutionSteps(maxSteps)
	err = starlark.ExecREPLChunk(f, thread, c.globals)
	var failed *assertion
	switch m := undefined.FindStringSubmatch(errorText(err)); {
	case err == nil:
		return nil
	case errors.As(err, &failed):
		return &mismatch{line: line, msg: failed.msg}
	case m != nil:
		return &unsupported{line, m[1] + ", which this TCP does not tell, in code"}
	}
	return &unsupported{line, "code: " + err.Error()}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// codeOptions are what Python has and Starlark has when asked.
var codeOptions = &syntax.FileOptions{TopLevelControl: true, GlobalReassign: true, While: true, Set: true, Recursion: true}
