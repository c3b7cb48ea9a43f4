// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"fmt"
	"time"

	"tcpcb/conformance/packetdrill/posix"
	"tcpcb/conformance/packetdrill/script"
)

// callLimit is how long a call that should return at once is waited for.
const callLimit = 10 * time.Second

// plan is a system call that was made, and what is left to do about it.
type plan struct {
	op *posix.Op
	// check compares what the call told beside its result; nil for nothing.
	check func(posix.Result) error
	// excuse tells what lets pass a result, or what was told beside it, that is not
	// the script's, by MatchRFC; nil for nothing.
	excuse func(posix.Result) string
	// opens tells that the result is the number of a file, which need not be the
	// script's; opened is told of it, script's first.
	opens  bool
	opened func(script, live int)
}

// blockedCall is a call that returns later.
type blockedCall struct {
	*plan
	event *timedEvent
}

// call makes a system call.
func (r *runner) call(t *timedEvent) error {
	if err := r.finishCall(); err != nil {
		return err
	}
	c := t.Call
	make, ok := calls[c.Name]
	if !ok {
		return &unsupported{c.Line, "system call " + c.Name}
	}
	a := &args{r: r, call: c}
	p := make(a)
	switch {
	case a.err != nil:
		return a.err
	case len(c.Args) > a.used:
		return &broken{c.Line, fmt.Sprintf("%s has %d arguments, not %d", c.Name, a.used, len(c.Args))}
	}
	r.blocked = &blockedCall{p, t}
	if c.Blocks {
		return r.checkBlocked(false)
	}
	r.time.until(r.time.now()+callLimit, r.pump, p.op.Done)
	return r.checkBlocked(true)
}

// finishCall waits for the call that blocks, if there is one.
func (r *runner) finishCall() error {
	b := r.blocked
	if b == nil {
		return nil
	}
	end := b.event.offset + b.event.Call.End
	r.time.until(end+r.tolerance(end-b.event.at)+time.Microsecond, r.pump, b.op.Done)
	return r.checkBlocked(true)
}

// checkBlocked looks whether the call has returned, and with what. With must it
// has to have.
func (r *runner) checkBlocked(must bool) error {
	b := r.blocked
	switch {
	case b == nil:
		return nil
	case b.op.Done():
		r.blocked = nil
		return r.judgeCall(b)
	case must:
		r.blocked = nil
		b.op.Interrupt()
		return &mismatch{
			line: b.event.Line, msg: b.event.Call.Name + " does not return",
			expected: r.expected(b.event.Call), actual: fmt.Sprintf("nothing until %.6f s", r.time.now().Seconds()),
		}
	}
	return nil
}

// expected is a call's result as the script has it.
func (r *runner) expected(c *script.Call) string {
	if c.Errno != "" {
		return "-1 " + c.Errno
	}
	if n, ok := c.Result.(*script.Int); ok {
		return fmt.Sprint(n.Value)
	}
	return "its result"
}

// judgeCall compares what a call returned with what it should have.
func (r *runner) judgeCall(b *blockedCall) error {
	c, res := b.event.Call, b.op.Result()
	r.trace("line %d: %s = %v", c.Line, c.Name, res)
	if res.Unsupported != "" {
		return &unsupported{c.Line, res.Unsupported}
	}
	err := r.judgeResult(b, res)
	if err == nil && b.check != nil {
		err = b.check(res)
	}
	if err == nil {
		err = r.judgeEnd(b)
	}
	if _, wrong := err.(*mismatch); wrong && b.excuse != nil && r.o.Match == MatchRFC {
		if why := b.excuse(res); why != "" {
			r.lenient(c.Line, why)
			return nil
		}
	}
	return err
}

// judgeEnd checks when a call returned.
func (r *runner) judgeEnd(b *blockedCall) error {
	if c := b.event.Call; c.Blocks {
		end := b.event.offset + c.End
		at := r.time.now()
		if d := b.op.Ended().Sub(b.op.Begun()); b.event.at+d < at {
			at = b.event.at + d
		}
		err := timeError(b.event.Line, "the return of "+c.Name, end, end, at, r.tolerance(end-b.event.at))
		if err != nil && r.o.Match == MatchRFC && writes[c.Name] && at < end {
			r.lenient(c.Line, lenientBuffer)
			return nil
		}
		return err
	}
	return nil
}

// writes are the calls that wait for room in a send buffer.
var writes = map[string]bool{
	"write": true, "writev": true, "send": true, "sendto": true, "sendmsg": true, "sendfile": true, "splice": true,
}

// asked returns how many bytes a call is to write, 0 where that is not one number.
func asked(a *args) int64 {
	if len(a.call.Args) < 3 {
		return 0
	}
	if n, ok := a.call.Args[2].(*script.Int); ok {
		return n.Value
	}
	return 0
}

// judgeResult compares the result and the error.
func (r *runner) judgeResult(b *blockedCall, res posix.Result) error {
	c := b.event.Call
	wrong := &mismatch{
		line: c.Line, msg: c.Name + " does not return what was expected",
		expected: r.expected(c), actual: res.String(),
	}
	if _, any := c.Result.(*script.Ellipsis); any {
		return nil
	}
	a := &args{r: r, call: c}
	want := a.value(c.Result)
	switch {
	case a.err != nil:
		return a.err
	case c.Errno != "":
		e, known := posix.ErrnoByName(c.Errno)
		if !known {
			return &unsupported{c.Line, "error " + c.Errno}
		}
		if res.Ret != want || res.Errno != e {
			return wrong
		}
	case b.opens && want >= 0 && res.Ret >= 0:
		r.fds[int(want)] = int(res.Ret)
		if b.opened != nil {
			b.opened(int(want), int(res.Ret))
		}
	case res.Ret != want && r.o.Match == MatchRFC && writes[c.Name] && want > 0 && want < asked(a) && r.backlog.takes(r, c, res, want):
		r.lenient(c.Line, lenientBuffer)
	case res.Ret != want:
		return wrong
	}
	return nil
}

// runCode evaluates code about the socket under test.
func (r *runner) runCode(c *script.Code) error {
	vars := map[string]int64{}
	if s := r.sock; s != nil && s.fd >= 0 {
		live, open := r.fds[s.fd]
		if !open {
			return &broken{c.Line, "the socket that code looks at is closed"}
		}
		res := r.kernel.GetSockOpt(live, posix.SOL_TCP, posix.TCP_INFO, 1<<10).Result()
		if res.Info == nil {
			return &unsupported{c.Line, "TCP_INFO: " + res.String()}
		}
		vars = res.Info.Values()
	}
	return r.code.run(c.Line, c.Text, vars)
}
