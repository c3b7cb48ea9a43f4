// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gvisor.dev/gvisor/pkg/tcpip"
	"tcpcb/linkfifo"
)

func TestVirtualClockOrder(t *testing.T) {
	c := linkfifo.NewVirtualClock()
	var fired []string
	note := func(name string) func() { return func() { fired = append(fired, name+" "+c.Elapsed().String()) } }
	c.AfterFunc(2*ms, note("late"))
	first := c.AfterFunc(ms, note("a"))
	c.AfterFunc(ms, note("b"))
	c.AfterFunc(ms, func() {
		note("c")()
		c.AfterFunc(0, note("at once"))
		c.AfterFunc(-ms, note("past"))
	})
	gone := c.AfterFunc(ms, note("never"))
	first.Reset(ms) // now armed after b and c
	if !gone.Stop() || gone.Stop() {
		t.Error("Stop: want true, then false")
	}
	if len(fired) != 0 || c.Pending() != 4 {
		t.Errorf("before: fired %v, %d pending", fired, c.Pending())
	}
	c.Advance(ms)
	c.Advance(5 * ms)
	want := []string{"b 1ms", "c 1ms", "a 1ms", "at once 1ms", "past 1ms", "late 2ms"}
	if d := cmp.Diff(want, fired); d != "" {
		t.Error(d)
	}
	if c.Elapsed() != 6*ms || c.Pending() != 0 || first.Stop() {
		t.Errorf("after: at %v, %d pending", c.Elapsed(), c.Pending())
	}
	if got := c.NowMonotonic().Sub(tcpip.MonotonicTime{}); got != 6*ms || !c.Now().Equal(time.UnixMilli(6)) {
		t.Errorf("monotonic %v, wall %v", got, c.Now())
	}
}

func TestVirtualClockStepAndRunUntil(t *testing.T) {
	c := linkfifo.NewVirtualClock()
	if c.Step() {
		t.Error("Step with no timer")
	}
	n := 0
	var timer tcpip.Timer
	timer = c.AfterFunc(ms, func() { n++; timer.Reset(ms) })
	if !c.Step() || n != 1 || c.Elapsed() != ms {
		t.Errorf("Step: %d at %v", n, c.Elapsed())
	}
	if !c.RunUntil(func() bool { return n == 5 }, time.Hour) || c.Elapsed() != 5*ms {
		t.Errorf("RunUntil: %d at %v", n, c.Elapsed())
	}
	if c.RunUntil(func() bool { return false }, 2*ms+ms/2) || n != 7 || c.Elapsed() != 7*ms+ms/2 {
		t.Errorf("RunUntil its limit: %d at %v", n, c.Elapsed())
	}
	timer.Stop()
	c.Advance(-time.Second)
	if c.Elapsed() != 7*ms+ms/2 {
		t.Errorf("moved back to %v", c.Elapsed())
	}
	far := c.AfterFunc(1<<63-1, func() { t.Error("a timer of the end of time has fired") })
	c.Advance(time.Hour)
	far.Stop()
}
