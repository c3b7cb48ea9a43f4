// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"runtime"
	"syscall"
	"time"
)

// reading is the state of this process's meters at one instant.
type reading struct {
	at     time.Time
	cpu    time.Duration // user and system time of all threads
	allocs uint64        // objects ever allocated
}

// read takes a reading. It stops the world for some microseconds, so it has
// no place within a measurement.
func read() (reading, error) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return reading{}, fmt.Errorf("getrusage: %w", err)
	}
	return reading{
		at:     time.Now(),
		cpu:    time.Duration(u.Utime.Nano() + u.Stime.Nano()),
		allocs: m.Mallocs,
	}, nil
}

// spent is what passed between two readings.
type spent struct {
	wall   time.Duration
	cpu    time.Duration
	allocs float64
}

func (r reading) since(from reading) spent {
	return spent{
		wall:   r.at.Sub(from.at),
		cpu:    r.cpu - from.cpu,
		allocs: float64(r.allocs - from.allocs),
	}
}

// liveHeap returns the bytes that objects and goroutine stacks occupy after a
// full collection. Stacks count, or a provider could hide a connection's state
// in a goroutine.
func liveHeap() float64 {
	// The first collection moves what sync.Pools hold to their victim
	// caches, the second frees it, the third what finalizers let go.
	for range 3 {
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) + float64(m.StackInuse)
}

// micros returns d, divided by n, in microseconds.
func micros(d time.Duration, n int64) float64 {
	return d.Seconds() * 1e6 / float64(n)
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
