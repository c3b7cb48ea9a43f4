// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"slices"
	"strconv"
	"time"

	"tcpcb/linkfifo"
)

// sweeps are rows that differ in one thing, to show how cost grows with it. They
// run where -run or -report asks for them.
var sweeps = slices.Concat(
	along("sweep/mtu", "MTU, bytes", []int{576, 1280, 1500, 4000, 9000, 16000, 32000, 65535}, func(mtu int) row {
		return bulkRow("", linkfifo.Side{MTU: uint32(mtu)}, chunk)
	}),
	along("sweep/message", "bytes a write", []int{16, 128, 1 << 10, 4 << 10, 16 << 10, chunk}, func(n int) row {
		return bulkRow("", plain, n)
	}),
	along("sweep/rpc", "bytes each way", []int{1, 64, 1 << 10, 4 << 10, 16 << 10, chunk}, rpcRow),
	along("sweep/flows", "connections that write at once", []int{1, 10, 100, 1000, 10_000}, func(n int) row { return shareRow(n, plain) }),
	along("sweep/refused", "connections that write at once", []int{1, 10, 100, 1000, 10_000}, func(n int) row { return shareRow(n, refuses) }),
	along("sweep/segment", "connections in turn", []int{10, 100, 1000, 10_000}, func(n int) row { return turnsRow(n, 0) }),
	along("sweep/among", "idle connections beside 100 in turn", []int{0, 1000, 10_000, 100_000}, func(n int) row { return turnsRow(100, n) }),
	along("sweep/idle", "connections", []int{1000, 10_000, 100_000}, idleManyRow),
	along("sweep/load", "bulk flows beside the round trips", []int{0, 1, 4, 16}, loadRow),
	along("sweep/serve", "bytes an answer", []int{600, 64 << 10, 1 << 20}, serveRow),
	named("sweep/offload", "the device does", []place{
		{"none", bulkRow("", plain, chunk)},
		{"checksum", bulkRow("", checksums, chunk)},
		{"gso", bulkRow("", segments, chunk)},
		{"gso+checksum", bulkRow("", offload, chunk)},
	}),
	named("sweep/link", "link", append([]place{
		{"linkfifo", bulkRow("", plain, chunk)},
		{"loopback", bulkOver(newLoopback)},
		{"pipe", bulkOver(newPipe)},
	}, tunPlaces()...)),
)

// place is a row of a sweep that has no number to stand at.
type place struct {
	label string
	row   row
}

// along returns the rows of a sweep over numbers.
func along(sweep, axis string, xs []int, f func(x int) row) []row {
	var out []row
	for _, x := range xs {
		r := f(x)
		r.label = strconv.Itoa(x)
		r.name, r.axis, r.number = sweep+"/"+r.label, axis, true
		out = append(out, r)
	}
	return out
}

// named returns the rows of a sweep over things with names.
func named(sweep, axis string, ps []place) []row {
	var out []row
	for _, p := range ps {
		r := p.row
		r.name, r.axis, r.label = sweep+"/"+p.label, axis, p.label
		out = append(out, r)
	}
	return out
}

func bulkOver(open func(p provider) (*world, error)) row {
	return row{
		figures: bulkFigures,
		floor:   true,
		run: func(ctx context.Context, p provider, s settings) ([]float64, error) {
			w, err := open(p)
			if err != nil {
				return nil, err
			}
			return bulk(ctx, w, s, chunk)
		},
	}
}

// rpcRow sends n bytes to and fro.
func rpcRow(n int) row {
	return row{
		figures: latencyFigures,
		floor:   true,
		run: func(ctx context.Context, p provider, s settings) ([]float64, error) {
			w, err := newWorld(p, plain)
			if err != nil {
				return nil, err
			}
			defer w.close()
			return latency(ctx, w, s, n)
		},
	}
}

// shareRow writes on n connections through one queue, after a measurement of one
// that has it alone. It takes ten times as long as other rows: a flow that was unlucky
// waits for a retransmission timeout or two, and windows take time to find their size.
func shareRow(n int, device linkfifo.Side) row {
	return row{
		figures: append(slices.Clone(flowsFigures), figure{"aggregate, of what one flow gets", "ratio", higher}),
		extra:   time.Minute,
		run: func(ctx context.Context, p provider, s settings) ([]float64, error) {
			s.flows, s.time = 1, 10*s.time
			one, err := flows(ctx, p, s, device)
			if err != nil || n == 1 {
				return append(one, 1), err
			}
			s.flows = n
			all, err := flows(ctx, p, s, device)
			if err != nil {
				return nil, err
			}
			return append(all, all[0]/one[0]), nil
		},
	}
}

// idleManyRow weighs n idle connections.
func idleManyRow(n int) row {
	r := idleRow
	r.extra = time.Duration(n) * 2 * time.Millisecond
	r.run = func(ctx context.Context, p provider, s settings) ([]float64, error) {
		s.idle = n
		return idle(ctx, p, s)
	}
	return r
}
