// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"tcpcb/linkfifo"
)

// bulkFigures are what rows of one stream yield.
var bulkFigures = []figure{
	{"throughput", "Gbit/s", higher},
	{"CPU, both ends", "s/GB", lower},
	{"allocations", "per packet", lower},
}

// bulkRow returns a row that sends one stream, as fast as it goes, in writes of
// message bytes, over a link between two such devices.
func bulkRow(name string, device linkfifo.Side, message int) row {
	return row{
		name:    name,
		figures: bulkFigures,
		floor:   true,
		run: func(ctx context.Context, p provider, s settings) ([]float64, error) {
			w, err := newWorld(p, device)
			if err != nil {
				return nil, err
			}
			return bulk(ctx, w, s, message)
		},
	}
}

// bulk sends one stream from w's client to its server, and closes w.
func bulk(ctx context.Context, w *world, s settings, message int) ([]float64, error) {
	defer w.close()
	var from, to socket
	if err := w.pair(ctx, &from, &to); err != nil {
		return nil, err
	}
	defer from.close()
	defer to.close()
	return stream{
		send: func(ctx context.Context, stop *atomic.Bool) (int64, error) {
			return sendUntil(ctx, &from, 0, message, stop)
		},
		receive: func(ctx context.Context, progress func(int)) (digest, error) {
			return receive(ctx, &to, make([]byte, chunk), progress)
		},
		packets: w.packets,
	}.measure(ctx, s)
}

// stream is a transfer to be measured: its two ends, and how many packets it has
// taken so far.
type stream struct {
	send    func(ctx context.Context, stop *atomic.Bool) (int64, error)
	receive func(ctx context.Context, progress func(n int)) (digest, error)
	packets func() uint64
}

func (st stream) measure(ctx context.Context, s settings) ([]float64, error) {
	var (
		stop     atomic.Bool
		received atomic.Int64
		sent     int64
		got      digest
		figures  []float64
	)
	err := together(ctx,
		func(ctx context.Context) (err error) {
			sent, err = st.send(ctx, &stop)
			return err
		},
		func(ctx context.Context) (err error) {
			got, err = st.receive(ctx, func(n int) { received.Add(int64(n)) })
			return err
		},
		func(ctx context.Context) (err error) {
			defer stop.Store(true)
			figures, err = meterBulk(ctx, st.packets, s, &received)
			return err
		})
	if err != nil {
		return nil, err
	}
	return figures, verifyWhole(0, sent, got)
}

// longestWait is how long a transfer may stand still.
const longestWait = 5 * time.Second

// meterBulk measures a transfer that is under way, after slow start.
func meterBulk(ctx context.Context, packetsSoFar func() uint64, s settings, received *atomic.Int64) ([]float64, error) {
	if err := sleep(ctx, s.time/4); err != nil {
		return nil, err
	}
	bytes0, packets0 := received.Load(), packetsSoFar()
	r0, err := read()
	if err != nil {
		return nil, err
	}
	// A sender that waits for a timeout is measured with its wait.
	for waited := time.Duration(0); waited < s.time || received.Load() == bytes0 && waited < longestWait; waited += s.time {
		if err := sleep(ctx, s.time); err != nil {
			return nil, err
		}
	}
	r1, err := read()
	if err != nil {
		return nil, err
	}
	bytes, packets := float64(received.Load()-bytes0), float64(packetsSoFar()-packets0)
	if bytes == 0 {
		return nil, fmt.Errorf("no byte arrived in %v", r1.at.Sub(r0.at).Round(time.Millisecond))
	}
	d := r1.since(r0)
	return []float64{
		bytes * 8 / 1e9 / d.wall.Seconds(),
		d.cpu.Seconds() / (bytes / 1e9),
		d.allocs / packets,
	}, nil
}

// sendUntil writes the stream that begins at offset start of the pattern until
// it is told to stop, message bytes at a time, ends it, and returns how many
// bytes were written.
func sendUntil(ctx context.Context, s *socket, start int64, message int, stop *atomic.Bool) (int64, error) {
	var sent int64
	for !stop.Load() {
		if err := s.write(ctx, cut(start, sent, message)); err != nil {
			return sent, err
		}
		sent += int64(message)
	}
	return sent, s.shutdownWrite()
}

// receive reads into buf to the end of the stream, calls progress after each read, and
// returns the digest of what came, even if it also returns an error.
func receive(ctx context.Context, s *socket, buf []byte, progress func(n int)) (digest, error) {
	var got digest
	for {
		n, err := s.read(ctx, buf)
		if err == io.EOF {
			return got, nil
		}
		if err != nil {
			return got, err
		}
		got.add(buf[:n])
		progress(n)
	}
}
