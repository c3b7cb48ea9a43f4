// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"runtime"
	"runtime/metrics"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/linkfifo"
)

// Time is whose time a script runs in.
type Time string

// The two times.
const (
	Virtual Time = "virtual"
	Real    Time = "real"
)

// timeline is time as a script sees it, from when it began.
type timeline interface {
	clock() tcpip.Clock
	// now returns how long the script has run.
	now() time.Duration
	// until lets time pass until cond holds, and returns true; or until the time
	// at has come, and returns what cond says then. pump is called before each
	// look: it takes what the stack has sent and lets calls go on. It calls cond
	// with nothing under way.
	until(at time.Duration, pump func(), cond func() bool) bool
}

// virtualTime stands still until the stack has come to rest.
type virtualTime struct {
	c *linkfifo.VirtualClock
	s settler
}

// uptime is how long the host has been up when a script begins: no time is 0
// then, which a TCP may take for none.
const uptime = time.Hour

func newVirtualTime() *virtualTime {
	v := &virtualTime{linkfifo.NewVirtualClock(), newSettler()}
	v.c.Advance(uptime)
	return v
}

func (v *virtualTime) clock() tcpip.Clock { return v.c }

func (v *virtualTime) now() time.Duration { return v.c.Elapsed() - uptime }

func (v *virtualTime) until(at time.Duration, pump func(), cond func() bool) bool {
	return v.c.RunUntil(func() bool {
		v.s.settle()
		pump()
		v.s.settle() // calls that went on may have given the stack something to do
		pump()
		return cond()
	}, at-v.now())
}

// realTime is the machine's.
type realTime struct {
	c     tcpip.Clock
	start tcpip.MonotonicTime
}

func newRealTime() *realTime {
	c := tcpip.NewStdClock()
	return &realTime{c: c, start: c.NowMonotonic()}
}

func (r *realTime) clock() tcpip.Clock { return r.c }

func (r *realTime) now() time.Duration { return r.c.NowMonotonic().Sub(r.start) }

// pollEvery bounds how late real time notices what tells nobody.
const pollEvery = 200 * time.Microsecond

func (r *realTime) until(at time.Duration, pump func(), cond func() bool) bool {
	for {
		pump()
		if cond() {
			return true
		}
		left := at - r.now()
		if left <= 0 {
			return false
		}
		time.Sleep(min(left, pollEvery))
	}
}

// settler waits until no goroutine of the process can run but the one that asks:
// what the stack left to goroutines is then done, and all of them wait for
// packets, calls or time. tcpcb has hardly any; netstack's TCP handles every
// segment on one.
type settler struct{ samples []metrics.Sample }

func newSettler() settler {
	return settler{[]metrics.Sample{
		{Name: "/sched/goroutines/runnable:goroutines"},
		{Name: "/sched/goroutines/running:goroutines"},
	}}
}

// Limits of a wait. Once more than that is running, it is none of the stack's.
const (
	restsNeeded = 3
	settlePause = 20 * time.Microsecond
	settleLimit = 20 * time.Millisecond
)

func (s settler) settle() {
	var began time.Time
	for rests := 0; rests < restsNeeded; {
		runtime.Gosched()
		metrics.Read(s.samples)
		if s.samples[0].Value.Uint64() == 0 && s.samples[1].Value.Uint64() <= 1 {
			rests++
			continue
		}
		if rests = 0; began.IsZero() {
			began = time.Now()
		} else if time.Since(began) > settleLimit {
			return
		}
		time.Sleep(settlePause) // to leave the processors to the others
	}
}
