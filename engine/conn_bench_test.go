// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
)

// BenchmarkPingPong is both ends of a byte to and fro.
func BenchmarkPingPong(b *testing.B) {
	j := join(b, Params{MSS: benchMSS}, DefaultSettings())
	b.ReportAllocs()
	for b.Loop() {
		for i := range 2 {
			j.write(i, 1)
			j.settle()
			if n := j.drain(1 - i); n != 1 {
				b.Fatalf("%d bytes came", n)
			}
		}
	}
}

// BenchmarkOpenClose is both ends of a connection that is opened and closed, with
// nothing between.
func BenchmarkOpenClose(b *testing.B) {
	s := DefaultSettings()
	s.TimeWait = 0
	b.ReportAllocs()
	for b.Loop() {
		j := join(b, Params{MSS: benchMSS}, s)
		for i := range j.c {
			j.c[i].Close(j.now)
			j.settle()
		}
		for i := range j.c {
			j.c[i].HandleDeadline(j.c[i].Deadline()) // the end of TIME-WAIT
			if state := j.c[i].State(); state != StateClosed {
				b.Fatalf("end %d is %v", i, state)
			}
			j.c[i].Release()
		}
	}
}

// BenchmarkTimers are what a segment costs in timers: the next deadline, one that
// is set, one that is cleared, and a wake-up that comes too early.
func BenchmarkTimers(b *testing.B) {
	b.Run("deadline", func(b *testing.B) {
		l := alone(b, 0)
		l.write(10 * benchMSS)
		l.poll()
		if l.c.Deadline() == Never {
			b.Fatal("no timer is set")
		}
		for b.Loop() {
			l.c.Deadline()
		}
	})
	b.Run("arm-stop", func(b *testing.B) {
		l := alone(b, 0)
		l.write(10 * benchMSS)
		l.poll()
		at := l.now.Add(time.Second)
		for b.Loop() {
			l.c.timers.arm(timerAck, at)
			l.c.timers.stop(timerAck)
			at++
		}
	})
	b.Run("early", func(b *testing.B) {
		l := alone(b, 0)
		l.write(10 * benchMSS)
		l.poll()
		for b.Loop() {
			l.c.HandleDeadline(l.now)
		}
	})
}
