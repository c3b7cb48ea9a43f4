// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import (
	"errors"
	"reflect"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// Link is a pair of link endpoints and the two paths between them. Give A and B
// each to a stack's CreateNIC, or wrap them first.
type Link struct {
	// A and B are the ends. What A sends arrives at B, and the reverse.
	A, B *Endpoint
}

// New returns a link, or an error that names the option at fault. It starts
// nothing: on the real clock the goroutine that delivers to a side begins with
// the first packet for it.
func New(o Options) (*Link, error) {
	a, err := o.A.withDefaults("a")
	if err != nil {
		return nil, err
	}
	b, err := o.B.withDefaults("b")
	if err != nil {
		return nil, err
	}
	if a.Capture != nil && a.Capture == b.Capture {
		return nil, errors.New("linkfifo: both sides capture into the same writer")
	}

	clock, virtual := o.Clock, true
	if clock == nil || reflect.TypeOf(clock) == realClockType {
		virtual = false
		if clock == nil {
			clock = tcpip.NewStdClock()
		}
	}
	l := &Link{A: newEndpoint(a), B: newEndpoint(b)}
	tell := newTracer(o.Trace)
	ab := newDirection(l.A, l.B, a, o.Seed, 0, tell)
	ba := newDirection(l.B, l.A, b, o.Seed, 1, tell)
	if virtual {
		// One scheduler for both, so that there is one order of events.
		newScheduler(clock, false, ab, ba)
	} else {
		newScheduler(clock, true, ab)
		newScheduler(clock, true, ba)
	}
	for _, e := range []*Endpoint{l.A, l.B} {
		if err := e.startCapture(clock); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// realClockType is the type behind netstack's own clock, which is not exported.
var realClockType = reflect.TypeOf(tcpip.NewStdClock())

// Close closes both ends: whatever is under way is dropped and counted, timers
// and goroutines stop. It does not wait for the goroutines; Wait does. Closing
// again does nothing.
func (l *Link) Close() {
	l.A.Close()
	l.B.Close()
}

// Wait returns once no goroutine of the link is running, which takes a Close of
// both ends, or that nothing is attached to them and nothing is sent. It must not
// be called from where packets are delivered.
func (l *Link) Wait() {
	for _, e := range []*Endpoint{l.A, l.B} {
		e.in.sched.waitUntil(func() bool { return false })
	}
}

// SetDown cuts both paths, or restores them.
func (l *Link) SetDown(down bool) {
	l.A.SetDown(down)
	l.B.SetDown(down)
}

// tracer passes events to the user's function one at a time.
type tracer struct {
	mu   sync.Mutex
	call func(Event)
}

// newTracer returns nil when there is nobody to tell.
func newTracer(call func(Event)) *tracer {
	if call == nil {
		return nil
	}
	return &tracer{call: call}
}

func (t *tracer) tell(e Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.call(e)
}
