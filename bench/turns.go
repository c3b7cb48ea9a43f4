// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

const (
	// turnSize is what a connection sends when it is its turn: one segment.
	turnSize = 1400
	// turnBatch is how many connections have their turn at once. It bounds
	// what is queued far below what the queue takes.
	turnBatch = 64
)

// turnsRow has n connections send a segment each, in turn, while idle others are
// open: what it shows is how the cost of a segment grows with their number.
// Nothing is dropped, and no connection waits for another.
func turnsRow(n, idle int) row {
	return row{
		figures: []figure{
			{"segments", "per s", higher},
			{"CPU, both ends", "µs a segment", lower},
			{"allocations", "a segment", lower},
		},
		extra: time.Duration(n+idle) * 2 * time.Millisecond,
		run: func(ctx context.Context, p provider, s settings) ([]float64, error) {
			return turns(ctx, p, s, n, idle)
		},
	}
}

// turn is a connection that takes turns.
type turn struct {
	from, to socket
	n        int64 // turns taken
}

func turns(ctx context.Context, p provider, s settings, n, idle int) ([]float64, error) {
	w, err := newCrowd(p, plain)
	if err != nil {
		return nil, err
	}
	defer w.close()
	ends := make([]idleEnd, 0, 2*idle)
	defer func() {
		for _, e := range ends {
			e.ep.Close()
		}
	}()
	for i := range idle {
		var c, d socket
		if err := w.pairAt(ctx, &c, &d, i); err != nil {
			return nil, fmt.Errorf("idle connection %d of %d: %w", i, idle, err)
		}
		ends = append(ends, keep(&c), keep(&d))
	}
	all := make([]turn, n)
	open := 0
	defer func() {
		for i := range all[:open] {
			all[i].from.close()
			all[i].to.close()
		}
	}()
	for i := range all {
		if err := w.pairAt(ctx, &all[i].from, &all[i].to, idle+i); err != nil {
			return nil, fmt.Errorf("connection %d of %d: %w", i, n, err)
		}
		open++
	}
	if idle > 0 {
		// What opening them has left to do is not the active ones' cost.
		if err := sleep(ctx, s.rest); err != nil {
			return nil, err
		}
	}
	buf := make([]byte, turnSize)
	var begin reading
	var rounds int
	for warm := true; ; rounds++ {
		// The first time round opens windows and grows buffers.
		if warm && rounds == 2 {
			warm, rounds = false, 0
			if begin, err = read(); err != nil {
				return nil, err
			}
		}
		if !warm && time.Since(begin.at) >= s.time {
			break
		}
		for i := 0; i < n; i += turnBatch {
			if err := takeTurns(ctx, all[i:min(i+turnBatch, n)], buf); err != nil {
				return nil, err
			}
		}
	}
	end, err := read()
	if err != nil {
		return nil, err
	}
	d := end.since(begin)
	segments := int64(rounds) * int64(n)
	return []float64{
		float64(segments) / d.wall.Seconds(),
		micros(d.cpu, segments),
		d.allocs / float64(segments),
	}, nil
}

// takeTurns has each connection send a segment, and then each receive it.
func takeTurns(ctx context.Context, batch []turn, buf []byte) error {
	for i := range batch {
		t := &batch[i]
		if err := t.from.write(ctx, cut(0, t.n*turnSize, turnSize)); err != nil {
			return err
		}
	}
	for i := range batch {
		t := &batch[i]
		if err := t.to.readFull(ctx, buf); err != nil {
			return err
		}
		if !bytes.Equal(buf, cut(0, t.n*turnSize, turnSize)) {
			return fmt.Errorf("corrupt stream: turn %d has other bytes", t.n)
		}
		t.n++
	}
	return nil
}
