// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

const (
	requestSize = 64
	replySize   = 256
	// timeWait is short, so that the end of TIME-WAIT is part of the work
	// measured, and a long run does not use up the ports.
	timeWait = 100 * time.Millisecond
)

// connectRow opens a connection, sends a request, gets a reply, closes, and
// begins again.
var connectRow = row{
	name: "connect",
	figures: []figure{
		{"connect, request, reply, close", "per s", higher},
		{"CPU, both ends", "µs each", lower},
		{"allocations", "each", lower},
	},
	run: connect,
}

func connect(ctx context.Context, p provider, s settings) ([]float64, error) {
	w, err := newWorld(p, plain)
	if err != nil {
		return nil, err
	}
	defer w.close()
	opt := tcpip.TCPTimeWaitTimeoutOption(timeWait)
	if err := w.client.SetTransportProtocolOption(header.TCPProtocolNumber, &opt); err != nil {
		return nil, fmt.Errorf("set TIME-WAIT: %s", err)
	}

	var figures []float64
	errDone := errors.New("done")
	serving, stopServing := context.WithCancelCause(ctx)
	defer stopServing(nil)
	err = together(ctx,
		func(ctx context.Context) (err error) {
			defer stopServing(errDone)
			figures, err = request(ctx, w, s)
			return err
		},
		func(context.Context) error {
			if err := serve(serving, w); !errors.Is(err, errDone) {
				return err
			}
			return nil
		})
	return figures, err
}

// request makes connections for the time set and measures them, after a
// warm-up. The client closes first, so that TIME-WAIT is on its side.
func request(ctx context.Context, w *world, set settings) ([]float64, error) {
	var s socket
	var n int64
	buf := make([]byte, replySize)
	once := func() error {
		if err := w.dial(ctx, &s); err != nil {
			return err
		}
		defer s.close()
		if err := s.write(ctx, cut(0, n, requestSize)); err != nil {
			return err
		}
		if err := s.readFull(ctx, buf); err != nil {
			return err
		}
		if !bytes.Equal(buf, cut(requestSize, n, replySize)) {
			return fmt.Errorf("corrupt reply on connection %d", n)
		}
		n++
		return nil
	}
	for end := time.Now().Add(set.time / 10); time.Now().Before(end); {
		if err := once(); err != nil {
			return nil, err
		}
	}
	r0, err := read()
	if err != nil {
		return nil, err
	}
	n0, end := n, r0.at.Add(set.time)
	for time.Now().Before(end) {
		if err := once(); err != nil {
			return nil, err
		}
	}
	r1, err := read()
	if err != nil {
		return nil, err
	}
	n -= n0
	d := r1.since(r0)
	return []float64{
		float64(n) / d.wall.Seconds(),
		micros(d.cpu, n),
		d.allocs / float64(n),
	}, nil
}

// serve answers connections one at a time until ctx ends, and returns why.
func serve(ctx context.Context, w *world) error {
	var s socket
	buf := make([]byte, requestSize)
	for n := int64(0); ; n++ {
		if err := w.listener.accept(ctx, &s); err != nil {
			return err
		}
		err := answer(ctx, &s, buf, n)
		s.close()
		if err != nil {
			return err
		}
	}
}

// answer serves the connection numbered n, up to its client's close.
func answer(ctx context.Context, s *socket, buf []byte, n int64) error {
	if err := s.readFull(ctx, buf); err != nil {
		return err
	}
	if !bytes.Equal(buf, cut(0, n, requestSize)) {
		return fmt.Errorf("corrupt request on connection %d", n)
	}
	if err := s.write(ctx, cut(requestSize, n, replySize)); err != nil {
		return err
	}
	return s.readEOF(ctx)
}
