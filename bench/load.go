// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// roundTripFigures is how many of latencyFigures are of the round trips alone: CPU time
// and allocations are the bulk flows' too.
const roundTripFigures = 4

// loadFigures are those, and what the bulk flows got from their begin to their end.
var loadFigures = append(slices.Clone(latencyFigures[:roundTripFigures]), figure{"bulk beside them", "Gbit/s", higher})

// loadRow makes round trips of one byte beside n bulk flows of the same client,
// over the same link.
func loadRow(n int) row {
	return row{
		figures: loadFigures,
		extra:   30 * time.Second,
		run: func(ctx context.Context, p provider, s settings) ([]float64, error) {
			return load(ctx, p, s, n)
		},
	}
}

func load(ctx context.Context, p provider, s settings, n int) ([]float64, error) {
	w, err := newWorld(p, plain)
	if err != nil {
		return nil, err
	}
	defer w.close()
	fs := make([]flow, n)
	for i := range fs {
		if err := w.pair(ctx, &fs[i].from, &fs[i].to); err != nil {
			return nil, fmt.Errorf("flow %d of %d: %w", i, n, err)
		}
	}
	var stop atomic.Bool
	var figures []float64
	begin := time.Now()
	tasks := []func(context.Context) error{func(ctx context.Context) (err error) {
		defer stop.Store(true)
		if err := sleep(ctx, s.time/4); err != nil { // slow start
			return err
		}
		figures, err = latency(ctx, w, s, 1)
		return err
	}}
	for i := range fs {
		f := &fs[i]
		tasks = append(tasks,
			func(ctx context.Context) error { return f.send(ctx, &stop) },
			func(ctx context.Context) error { return f.receive(ctx, make([]byte, chunk), begin) })
	}
	if err := together(ctx, tasks...); err != nil {
		return nil, err
	}
	took := time.Since(begin)
	var bulk int64
	for i := range fs {
		bulk += fs[i].got.count
		if err := verifyWhole(fs[i].start, fs[i].sent, fs[i].got); err != nil {
			return nil, fmt.Errorf("flow %d of %d: %w", i, n, err)
		}
		fs[i].from.close()
		fs[i].to.close()
	}
	return append(figures[:roundTripFigures], float64(bulk)*8/1e9/took.Seconds()), nil
}
