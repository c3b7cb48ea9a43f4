// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/aclements/go-moremath/stats"
)

// latencyRow sends one byte to and fro.
var latencyRow = row{
	name: "ping-pong",
	figures: []figure{
		{"round trip, mean", "µs", lower},
		{"round trip, p50", "µs", lower},
		{"round trip, p99", "µs", lower},
		{"CPU, both ends", "µs each", lower},
		{"allocations", "each", lower},
	},
	run: latency,
}

func latency(ctx context.Context, p provider, s settings) ([]float64, error) {
	w, err := newWorld(p, plain)
	if err != nil {
		return nil, err
	}
	defer w.close()
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
	err = together(ctx,
		func(ctx context.Context) (err error) {
			figures, err = ping(ctx, &client, s)
			return err
		},
		func(ctx context.Context) error { return pong(ctx, &server) })
	return figures, err
}

// ping makes round trips for the time set and measures them, after a warm-up.
func ping(ctx context.Context, s *socket, set settings) ([]float64, error) {
	trips := make([]float64, 0, 1<<16) // µs
	var b [1]byte
	var n int64
	trip := func() error {
		out := cut(0, n, 1)
		if err := s.write(ctx, out); err != nil {
			return err
		}
		if err := s.readFull(ctx, b[:]); err != nil {
			return err
		}
		if want := reply(out[0]); b[0] != want {
			return fmt.Errorf("corrupt reply: byte %d is %#02x, not %#02x", n, b[0], want)
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
		dist.Mean(), dist.Quantile(0.5), dist.Quantile(0.99),
		micros(d.cpu, n), d.allocs / float64(n),
	}, s.shutdownWrite()
}

// pong answers each byte until the end of the stream, and verifies it.
func pong(ctx context.Context, s *socket) error {
	var b [1]byte
	for n := int64(0); ; n++ {
		if _, err := s.read(ctx, b[:]); err != nil {
			if err == io.EOF {
				return s.shutdownWrite()
			}
			return err
		}
		if want := cut(0, n, 1)[0]; b[0] != want {
			return fmt.Errorf("corrupt request: byte %d is %#02x, not %#02x", n, b[0], want)
		}
		b[0] = reply(b[0])
		if err := s.write(ctx, b[:]); err != nil {
			return err
		}
	}
}

// reply is what pong answers to a byte: another one, so that no echo of a
// stack's own output passes for it.
func reply(b byte) byte { return ^b }
