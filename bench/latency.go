// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/aclements/go-moremath/stats"
)

// latencyRow sends one byte to and fro.
var latencyRow = row{
	name:    "ping-pong",
	figures: latencyFigures,
	floor:   true,
	run: func(ctx context.Context, p provider, s settings) ([]float64, error) {
		w, err := newWorld(p, plain)
		if err != nil {
			return nil, err
		}
		defer w.close()
		return latency(ctx, w, s, 1)
	},
}

// latencyFigures are what latency yields.
var latencyFigures = []figure{
	{"round trip, mean", "µs", lower},
	{"round trip, p50", "µs", lower},
	{"round trip, p99", "µs", lower},
	{"round trip, p99.9", "µs", lower},
	{"CPU, both ends", "µs each", lower},
	{"allocations", "each", lower},
}

// latency sends size bytes to and fro on a new connection.
func latency(ctx context.Context, w *world, s settings, size int) ([]float64, error) {
	var client, server socket
	if err := w.pair(ctx, &client, &server); err != nil {
		return nil, err
	}
	defer client.close()
	defer server.close()
	// No byte may wait for company. This is the default; it is said again
	// because the row means nothing otherwise.
	client.ep.SocketOptions().SetDelayOption(false)
	server.ep.SocketOptions().SetDelayOption(false)

	var figures []float64
	err := together(ctx,
		func(ctx context.Context) (err error) {
			figures, err = ping(ctx, &client, s, size)
			return err
		},
		func(ctx context.Context) error { return pong(ctx, &server, size) })
	return figures, err
}

// ping makes round trips for the time set and measures them, after a warm-up.
func ping(ctx context.Context, s *socket, set settings, size int) ([]float64, error) {
	trips := make([]float64, 0, 1<<16) // µs
	b := make([]byte, size)
	var n int64
	trip := func() error {
		if err := s.write(ctx, cut(0, n, size)); err != nil {
			return err
		}
		if err := s.readFull(ctx, b); err != nil {
			return err
		}
		if !bytes.Equal(b, cut(replyAt, n, size)) {
			return fmt.Errorf("corrupt reply: not the bytes of number %d", n)
		}
		n++
		return nil
	}
	for end := time.Now().Add(set.time / 10); time.Now().Before(end); {
		if err := trip(); err != nil {
			return nil, err
		}
	}
	r0, err := read()
	if err != nil {
		return nil, err
	}
	n0, end := n, r0.at.Add(set.time)
	for t := r0.at; t.Before(end); {
		if err := trip(); err != nil {
			return nil, err
		}
		now := time.Now()
		trips = append(trips, micros(now.Sub(t), 1))
		t = now
	}
	r1, err := read()
	if err != nil {
		return nil, err
	}
	n -= n0
	d := r1.since(r0)
	dist := stats.Sample{Xs: trips}
	dist.Sort()
	return []float64{
		dist.Mean(), dist.Quantile(0.5), dist.Quantile(0.99), dist.Quantile(0.999),
		micros(d.cpu, n), d.allocs / float64(n),
	}, s.shutdownWrite()
}

// replyAt is the place in the pattern of pong's replies: another one than the
// requests', so that no echo of a stack's own output passes for them.
const replyAt = period / 2

// pong answers each size bytes until the end of the stream, and verifies them.
func pong(ctx context.Context, s *socket, size int) error {
	b := make([]byte, size)
	for n := int64(0); ; n++ {
		got, err := s.read(ctx, b)
		if err == io.EOF {
			return s.shutdownWrite()
		}
		if err == nil && got < size {
			err = s.readFull(ctx, b[got:])
		}
		if err != nil {
			return err
		}
		if !bytes.Equal(b, cut(0, n, size)) {
			return fmt.Errorf("corrupt request: not the bytes of number %d", n)
		}
		if err := s.write(ctx, cut(replyAt, n, size)); err != nil {
			return err
		}
	}
}
