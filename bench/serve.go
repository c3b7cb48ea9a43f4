// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
)

// A server and its load are as nginx and wrk are: one thread each, with a loop over
// the connections that are ready, small reads after each of which it asks whether
// there is more, and writes of a buffer's worth.
const (
	serveConns   = 4
	serveRequest = 100
	serveRead    = 8 << 10
	serveWrite   = 32 << 10
)

// serveRow has a server answer requests with size bytes each, over netstack's
// loopback.
func serveRow(size int) row {
	return row{
		figures: []figure{
			{"answers", "per s", higher},
			{"CPU, both ends", "µs an answer", lower},
		},
		run: func(ctx context.Context, p provider, s settings) ([]float64, error) {
			w, err := newLoopback(p)
			if err != nil {
				return nil, err
			}
			defer w.close()
			return serveAnswers(ctx, w, s, int64(size))
		},
	}
}

func serveAnswers(ctx context.Context, w *world, s settings, size int64) ([]float64, error) {
	var (
		server, client = newPoller(), newPoller()
		stop           atomic.Bool
		done           atomic.Int64
		figures        []float64
	)
	answering, fetching := make([]answers, serveConns), make([]fetch, serveConns)
	for i := range serveConns {
		var from, to socket
		if err := w.pair(ctx, &from, &to); err != nil {
			return nil, fmt.Errorf("connection %d of %d: %w", i, serveConns, err)
		}
		defer from.ep.Close()
		defer to.ep.Close()
		start := int64(i) * (period / serveConns)
		a, f := &answering[i], &fetching[i]
		*a, *f = answers{start: start, size: size}, fetch{start: start, size: size}
		server.add(&a.polled, &to, a.step)
		client.add(&f.polled, &from, func() (bool, error) { return f.step(&stop, &done) })
	}
	err := together(ctx,
		server.loop,
		func(ctx context.Context) error {
			for i := range fetching {
				if err := fetching[i].request(); err != nil {
					return err
				}
			}
			return client.loop(ctx)
		},
		func(ctx context.Context) (err error) {
			defer stop.Store(true)
			figures, err = meterServe(ctx, s, &done)
			return err
		})
	if err != nil {
		return nil, err
	}
	for i := range fetching {
		if err := verifyWhole(fetching[i].start, answering[i].sent, fetching[i].got); err != nil {
			return nil, fmt.Errorf("connection %d of %d: %w", i, serveConns, err)
		}
	}
	return figures, nil
}

// meterServe measures answers that are under way; done counts them.
func meterServe(ctx context.Context, s settings, done *atomic.Int64) ([]float64, error) {
	if err := sleep(ctx, s.time/4); err != nil {
		return nil, err
	}
	n := done.Load()
	r0, err := read()
	if err != nil {
		return nil, err
	}
	if err := sleep(ctx, s.time); err != nil {
		return nil, err
	}
	n = done.Load() - n
	r1, err := read()
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, fmt.Errorf("no answer in %v", s.time)
	}
	d := r1.since(r0)
	return []float64{float64(n) / d.wall.Seconds(), micros(d.cpu, n)}, nil
}

// answers is a connection of the server.
type answers struct {
	polled
	start, size int64
	owed, sent  int64
	requests    int64 // bytes of them
	buf         [serveRequest]byte
}

// step reads requests and writes answers, as much as there is and fits, and reports
// whether the client has ended the connection.
func (a *answers) step() (bool, error) {
	for {
		n, err := a.tryRead(a.buf[:])
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		if n == 0 {
			break
		}
		before := a.requests / serveRequest
		a.requests += int64(n)
		a.owed += (a.requests/serveRequest - before) * a.size
	}
	for a.owed > 0 {
		n, err := a.tryWrite(cut(a.start, a.sent, int(min(serveWrite, a.owed))))
		if err != nil || n == 0 {
			return false, err
		}
		a.sent += int64(n)
		a.owed -= int64(n)
	}
	return false, nil
}

// fetch is a connection of the client.
type fetch struct {
	polled
	start, size int64
	got         digest
	buf         [serveRead]byte
}

func (f *fetch) request() error {
	n, err := f.tryWrite(pattern[:serveRequest])
	if err == nil && n < serveRequest {
		err = errors.New("no room for a request")
	}
	return err
}

// step reads what there is of the answer, and requests the next when it is whole; or,
// where the work is to stop, ends the connection, which it reports.
func (f *fetch) step(stop *atomic.Bool, done *atomic.Int64) (bool, error) {
	for {
		n, err := f.tryRead(f.buf[:])
		if err != nil || n == 0 {
			return false, err
		}
		f.got.add(f.buf[:n])
		if f.got.count%f.size == 0 {
			done.Add(1)
			if stop.Load() {
				return true, f.shutdownWrite()
			}
			if err := f.request(); err != nil {
				return false, err
			}
		}
		waiting, terr := f.ep.GetSockOptInt(tcpip.ReceiveQueueSizeOption)
		if terr != nil {
			return false, fmt.Errorf("receive queue: %s", terr)
		}
		if waiting == 0 {
			return false, nil
		}
	}
}
