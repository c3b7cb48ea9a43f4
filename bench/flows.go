// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"tcpcb/linkfifo"
)

// flowsRow returns a row that writes on many connections at once, through the
// one queue of a link between two such devices.
func flowsRow(name string, device linkfifo.Side) row {
	return row{
		name:    name,
		figures: flowsFigures,
		run: func(ctx context.Context, p provider, s settings) ([]float64, error) {
			return flows(ctx, p, s, device)
		},
	}
}

// flowsFigures are what flows yields.
var flowsFigures = []figure{
	{"aggregate until the last finished", "Gbit/s", higher},
	{"longest stall of a flow", "ms", lower},
	{"smallest flow, of a fair share", "ratio", higher},
	{"flows not finished in time", "count", lower},
	{"packets the queue dropped", "%", lower},
}

// flow is one connection among many, and what its receiver saw.
type flow struct {
	from, to socket
	start    int64 // offset of its stream in the pattern
	sent     int64
	got      digest
	received atomic.Int64
	// share is how many bytes had come when the writers were stopped.
	share int64
	last  time.Time     // of the latest arrival
	stall time.Duration // longest time between arrivals
	done  bool          // the whole stream came, and its end
}

// errDrained is why readers stop that have not come to the end in time.
var errDrained = errors.New("drain time is over")

// unlessDrained returns err, but nil for the end of the drain time, which is
// an outcome and not a failure.
func unlessDrained(err error) error {
	if errors.Is(err, errDrained) {
		return nil
	}
	return err
}

// flows lets every flow write for the time set, then gives the readers as long
// as s.drain for the rest. A provider that has collapsed is thus measured, not
// waited for: the figures say what was reached.
func flows(ctx context.Context, p provider, s settings, device linkfifo.Side) ([]float64, error) {
	w, err := newWorld(p, device)
	if err != nil {
		return nil, err
	}
	defer w.close()
	fs := make([]flow, s.flows)
	for i := range fs {
		f := &fs[i]
		f.start = int64(i) * (period / int64(s.flows))
		if err := w.pair(ctx, &f.from, &f.to); err != nil {
			return nil, fmt.Errorf("flow %d of %d: %w", i, s.flows, err)
		}
	}
	// A thousand flows need no buffers of 64 KiB to be served well, and ten
	// thousand would take most of a GB.
	read := chunk
	if s.flows > 1000 {
		read = 4 << 10
	}

	var stop atomic.Bool
	bounded, cancel := context.WithTimeoutCause(ctx, s.time+s.drain, errDrained)
	defer cancel()
	begin := time.Now()
	tasks := []func(context.Context) error{func(ctx context.Context) error {
		defer stop.Store(true)
		err := sleep(ctx, s.time)
		for i := range fs {
			fs[i].share = fs[i].received.Load()
		}
		return unlessDrained(err)
	}}
	for i := range fs {
		f := &fs[i]
		tasks = append(tasks,
			func(ctx context.Context) error { return f.send(ctx, &stop) },
			func(ctx context.Context) error { return f.receive(ctx, make([]byte, read), begin) })
	}
	if err := together(bounded, tasks...); err != nil {
		return nil, err
	}
	end, queue := time.Now(), w.link.A.Stats()
	// Nobody wants what is still queued.
	for i := range fs {
		fs[i].from.abort()
		fs[i].to.abort()
	}
	figures, err := sumFlows(fs, begin, end)
	dropped := 100 * float64(queue.DroppedQueue) / float64(queue.Sent)
	return append(figures, dropped), err
}

func (f *flow) send(ctx context.Context, stop *atomic.Bool) (err error) {
	f.sent, err = sendUntil(ctx, &f.from, f.start, chunk, stop)
	return unlessDrained(err)
}

func (f *flow) receive(ctx context.Context, buf []byte, begin time.Time) (err error) {
	f.last = begin
	f.got, err = receive(ctx, &f.to, buf, func(n int) {
		f.received.Add(int64(n))
		f.arrived(time.Now())
	})
	f.arrived(time.Now())
	f.done = err == nil
	return unlessDrained(err)
}

// arrived notes that data, or the end of the stream or of our patience, came
// at the given time.
func (f *flow) arrived(now time.Time) {
	f.stall = max(f.stall, now.Sub(f.last))
	f.last = now
}

// sumFlows verifies every flow and returns the row's figures but the last.
func sumFlows(fs []flow, begin, end time.Time) ([]float64, error) {
	var total, shares, unfinished int64
	var stall time.Duration
	least := fs[0].share
	for i := range fs {
		f := &fs[i]
		err := verifyPrefix(f.start, f.got)
		if f.done {
			err = verifyWhole(f.start, f.sent, f.got)
		} else {
			unfinished++
		}
		if err != nil {
			return nil, fmt.Errorf("flow %d of %d: %w", i, len(fs), err)
		}
		total += f.got.count
		shares += f.share
		least = min(least, f.share)
		stall = max(stall, f.stall)
	}
	if total == 0 {
		return nil, errors.New("no byte arrived on any flow")
	}
	var smallest float64
	if shares > 0 {
		smallest = float64(least) * float64(len(fs)) / float64(shares)
	}
	return []float64{
		float64(total) * 8 / 1e9 / end.Sub(begin).Seconds(),
		stall.Seconds() * 1e3,
		smallest,
		float64(unfinished),
	}, nil
}
