// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// idleRow weighs connections that do nothing: first as they were opened, then
// after each has carried one byte each way; both times once the timers of what
// they did have run out.
var idleRow = row{
	name: "idle",
	figures: []figure{
		{"heap of an endpoint, opened", "bytes", lower},
		{"heap of an endpoint, after use", "bytes", lower},
	},
	run:  idle,
	calm: true,
}

// idleEnd is one end of an idle connection: what any user has to keep.
type idleEnd struct {
	ep tcpip.Endpoint
	wq *waiter.Queue
}

// keep returns what is left of a socket once it waits for nothing.
func keep(s *socket) idleEnd {
	s.release()
	return idleEnd{s.ep, s.wq}
}

func idle(ctx context.Context, p provider, s settings) ([]float64, error) {
	w, err := newCrowd(p, plain)
	if err != nil {
		return nil, err
	}
	defer w.close()
	// The bookkeeping is allocated before the first weighing, and stacks,
	// link and listener have seen a connection by then: all that is
	// constant stays out of the difference.
	ends := make([]idleEnd, 0, 2*s.idle)
	var client, server socket
	if err := w.pair(ctx, &client, &server); err != nil {
		return nil, err
	}
	defer client.close()
	defer server.close()
	if err := exchange(ctx, &client, &server, 0); err != nil {
		return nil, err
	}
	empty := liveHeap()

	var c, d socket
	for i := range s.idle {
		if err := w.pairAt(ctx, &c, &d, i); err != nil {
			return nil, fmt.Errorf("connection %d of %d: %w", i, s.idle, err)
		}
		ends = append(ends, keep(&c), keep(&d))
	}
	if err := sleep(ctx, s.rest); err != nil {
		return nil, err
	}
	opened := liveHeap()
	for i := 0; i < len(ends); i += 2 {
		c.attach(ends[i].ep, ends[i].wq)
		d.attach(ends[i+1].ep, ends[i+1].wq)
		if err := exchange(ctx, &c, &d, int64(i)); err != nil {
			return nil, fmt.Errorf("connection %d of %d: %w", i/2, s.idle, err)
		}
		c.release()
		d.release()
	}
	if err := sleep(ctx, s.rest); err != nil {
		return nil, err
	}
	used := liveHeap()
	for _, e := range ends {
		e.ep.Close()
	}
	n := float64(len(ends))
	return []float64{(opened - empty) / n, (used - empty) / n}, nil
}

// exchange sends one byte from a to b and another back, and verifies both.
func exchange(ctx context.Context, a, b *socket, at int64) error {
	var got [1]byte
	for _, way := range []struct{ from, to *socket }{{a, b}, {b, a}} {
		sent := cut(0, at, 1)
		if err := way.from.write(ctx, sent); err != nil {
			return err
		}
		if err := way.to.readFull(ctx, got[:]); err != nil {
			return err
		}
		if got[0] != sent[0] {
			return fmt.Errorf("corrupt byte: %#02x, not %#02x", got[0], sent[0])
		}
		at++
	}
	return nil
}
