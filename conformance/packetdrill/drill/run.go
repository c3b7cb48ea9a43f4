// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"fmt"
	"io"
	"path/filepath"
	"time"

	"tcpcb/conformance/packetdrill/posix"
	"tcpcb/conformance/packetdrill/script"
)

// Options say how to run a script.
type Options struct {
	Provider *Provider
	Match    Match
	Time     Time
	// OwnChoices leaves what RFCs leave to choose as the TCP has chosen, and not as
	// Linux has.
	OwnChoices bool
	// Before are options as if they came first in the script.
	Before []script.Option
	// Trace is told each event as it happens; nil for nobody.
	Trace io.Writer
	// Capture receives the packets in pcap format; nil for none.
	Capture io.Writer
}

// runner is a script that runs.
type runner struct {
	script  *script.Script
	o       Options
	config  *config
	report  *Report
	time    timeline
	wire    *wire
	host    *host
	kernel  *posix.Kernel
	shell   *shell
	code    *code
	wireErr error

	sock    *socket         // under test
	socks   map[int]*socket // by the script's numbers
	fds     map[int]int     // the script's numbers, and the kernel's
	peers   int             // connections from outside so far
	owed    textRange       // what is sent later than the script has it, and was counted
	last    *timedEvent     // the event before
	blocked *blockedCall    // the one call that has not returned
	backlog backlog
}

// timedEvent is an event and when it is to happen.
type timedEvent struct {
	*script.Event
	at, end time.Duration
	// offset is what relative times count from.
	offset time.Duration
}

// RunText reads and runs a script. The name is its path, which what it runs is
// relative to; the defines are what words stand for.
func RunText(name, text string, defines map[string]string, o Options) *Report {
	s, err := script.Parse(name, text, defines)
	if err == nil {
		return Run(s, o)
	}
	r := &Report{Script: name, Provider: o.Provider.Name, Match: o.Match, Time: o.Time}
	switch e := err.(type) {
	case *script.SyntaxError:
		err = &broken{e.Line, e.Msg}
	case *script.UnsupportedError:
		err = &unsupported{e.Line, e.What}
	}
	r.conclude(err)
	return r
}

// Run runs a script and reports.
func Run(s *script.Script, o Options) *Report {
	r := &runner{script: s, o: o, fds: map[int]int{}, socks: map[int]*socket{}, report: &Report{
		Script: s.Name, Provider: o.Provider.Name, Match: o.Match, Time: o.Time,
	}}
	r.report.conclude(r.run())
	if r.time != nil {
		r.report.Elapsed = r.time.now()
	}
	r.shut()
	return r.report
}

// prepare makes the host.
func (r *runner) prepare() (err error) {
	if r.config, err = configure(r.o.Before, r.script.Options); err != nil {
		return err
	}
	if r.time = timeline(newVirtualTime()); r.o.Time == Real {
		r.time = newRealTime()
	}
	if r.wire, err = newWire(r.config.mtu, r.o.Capture); err != nil {
		return err
	}
	stack, err := newStack(r.o.Provider, r.config, r.time.clock(), r.wire)
	if err != nil {
		return err
	}
	linux := r.o.Provider.Choose != nil && !r.o.OwnChoices
	if linux {
		if err := r.o.Provider.Choose(stack, asLinux); err != nil {
			return err
		}
	}
	r.kernel = posix.New(posix.Config{Stack: stack, HeedsMore: linux})
	r.host = &host{stack: stack, provider: r.o.Provider}
	r.shell = &shell{dir: filepath.Dir(r.script.Name), set: r.host.set, addFile: r.kernel.AddFile, refuse: r.wire.link.refuses.Store}
	r.code = newCode(func(text string) { r.trace("print %s", text) })
	return nil
}

// shut ends what the script left.
func (r *runner) shut() {
	if r.kernel != nil {
		r.kernel.Shut()
	}
	if r.host != nil {
		r.host.stack.Close()
		r.host.stack.Wait()
		r.wire.link.Drain()
	}
}

func (r *runner) run() error {
	if err := r.prepare(); err != nil {
		return err
	}
	if r.script.Init != nil {
		if err := r.command(r.script.Init); err != nil {
			return err
		}
	}
	if first := r.script.Events[0]; first.Time.At != 0 {
		return &broken{first.Line, "the first event is not at time 0"}
	}
	if r.o.Time == Real {
		r.time = newRealTime() // what came before took time, too
	}
	for i := range r.script.Events {
		if err := r.event(&r.script.Events[i]); err != nil {
			return err
		}
	}
	return r.finishCall()
}

// command interprets a command.
func (r *runner) command(c *script.Command) error {
	ignored := func(what string) { r.report.Ignored = append(r.report.Ignored, Note{c.Line, what}) }
	r.shell.ignored, r.host.ignored = ignored, ignored
	err := r.shell.run(c.Text)
	switch e := err.(type) {
	case nil:
		return nil
	case *unsupported:
		return &unsupported{c.Line, e.what}
	}
	return &broken{c.Line, err.Error()}
}

// pump takes what the stack has sent and lets calls go on.
func (r *runner) pump() {
	r.kernel.Poll()
	r.backlog.write(r.kernel)
	if err := r.wire.collect(r.time.now()); err != nil && r.wireErr == nil {
		r.wireErr = err
	}
}

// wait lets time pass until a time has come.
func (r *runner) wait(until time.Duration) {
	r.time.until(until, r.pump, func() bool { return false })
}

func (r *runner) event(e *script.Event) error {
	t := r.schedule(e)
	err := r.dispatch(t)
	if r.wireErr != nil && err == nil {
		err = &mismatch{line: e.Line, msg: r.wireErr.Error()}
	}
	if err == nil {
		err = r.checkBlocked(false)
	}
	r.last = t
	return err
}

func (r *runner) dispatch(t *timedEvent) error {
	if p := t.Packet; p != nil && p.Out {
		// It is not waited for: it may come too early.
		return r.warn(r.config.warnPackets, r.expect(t))
	}
	r.wait(t.at)
	if err := r.checkTime(t, r.time.now(), "the event"); err != nil && r.last != nil {
		return err
	}
	switch {
	case t.Packet != nil:
		return r.warn(r.config.warnPackets, r.inject(t.Packet))
	case t.Call != nil:
		return r.warn(r.config.warnCalls, r.call(t))
	case t.Command != nil:
		return r.command(t.Command)
	default:
		return r.runCode(t.Code)
	}
}

// warn makes a mismatch a mere warning where the script says so.
func (r *runner) warn(mayFail bool, err error) error {
	if m, ok := err.(*mismatch); ok && mayFail {
		r.report.Warnings = append(r.report.Warnings, Note{m.line, m.msg})
		return nil
	}
	return err
}

// schedule tells when an event is to happen. Packets that come in one after the
// other count from when the one before was due, others from now.
func (r *runner) schedule(e *script.Event) *timedEvent {
	t := &timedEvent{Event: e, at: e.Time.At, end: e.Time.End}
	if e.Time.Kind == script.Absolute || e.Time.Kind == script.AbsoluteRange {
		return t
	}
	t.offset = r.time.now()
	if comesIn(e) && r.last != nil && comesIn(r.last.Event) {
		t.offset = r.last.at
	}
	t.at += t.offset
	t.end += t.offset
	return t
}

func comesIn(e *script.Event) bool { return e.Packet != nil && !e.Packet.Out }

// tolerance returns how far from its time an event may be: a share of the time
// since the event before, or the fixed tolerance where that is more.
func (r *runner) tolerance(since time.Duration) time.Duration {
	return max(r.config.tolerance, time.Duration(float64(since)*r.config.tolerancePercent/100))
}

// checkTime checks when an event happened. It returns nil or a *mismatch.
func (r *runner) checkTime(t *timedEvent, actual time.Duration, what string) error {
	since := time.Duration(0)
	if r.last != nil {
		since = t.at - r.last.at
	}
	from, to := t.at, t.at
	switch t.Time.Kind {
	case script.Any:
		return nil
	case script.AbsoluteRange, script.RelativeRange:
		to = t.end
	}
	return timeError(t.Line, what, from, to, actual, r.tolerance(since))
}

// timeError is nil, or a *mismatch where actual is not from one time to another,
// give or take the tolerance.
func timeError(line int, what string, from, to, actual, tolerance time.Duration) error {
	if from-tolerance <= actual && actual <= to+tolerance {
		return nil
	}
	want := fmt.Sprintf("at %.6f s", from.Seconds())
	if to > from {
		want = fmt.Sprintf("at %.6f~%.6f s", from.Seconds(), to.Seconds())
	}
	return &mismatch{
		line: line, msg: fmt.Sprintf("%s is not at its time, give or take %.6f s", what, tolerance.Seconds()),
		expected: want, actual: fmt.Sprintf("at %.6f s", actual.Seconds()),
	}
}

// lenient notes what MatchRFC lets pass.
func (r *runner) lenient(line int, what string) {
	r.report.Lenient = append(r.report.Lenient, Note{line, what})
	r.trace("line %d: lenient: %s", line, what)
}

// trace tells whoever listens what happens.
func (r *runner) trace(format string, args ...any) {
	if r.o.Trace != nil {
		fmt.Fprintf(r.o.Trace, "%10.6f "+format+"\n", append([]any{r.time.now().Seconds()}, args...)...)
	}
}
