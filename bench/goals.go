// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math"
	"slices"
)

// goal is something that the project means to reach: a bound on a figure, or on
// the quotient of two, pair by pair.
type goal struct {
	what   string
	figure string
	over   cell
	under  cell // none for the figure itself
	bound  float64
	most   bool // the bound is an upper one
}

// The providers that goals speak of.
const (
	ours   = "tcpcb"
	theirs = "netstack"
	least  = "floor"
)

func atLeast(what, row, figure, under string, bound float64) goal {
	return goal{what: what, figure: figure, over: cell{row, ours}, under: cell{row, under}, bound: bound}
}

func atMost(what, row, figure, under string, bound float64) goal {
	g := atLeast(what, row, figure, under, bound)
	g.most = true
	return g
}

// alone makes it a goal for the figure itself.
func (g goal) alone() goal {
	g.under = cell{}
	return g
}

// besides makes it a goal for the quotient of our figures in two rows.
func (g goal) besides(row string) goal {
	g.under = cell{row, ours}
	return g
}

var goals = slices.Concat([]goal{
	atLeast("bulk, MTU 1500: throughput, of netstack's", "bulk-1500", "throughput", theirs, 1.3),
	atMost("bulk, MTU 1500: CPU a GB, of netstack's", "bulk-1500", "CPU, both ends", theirs, 0.78),
	atMost("bulk, MTU 1500: CPU a GB, of the floor's", "bulk-1500", "CPU, both ends", least, 1.15),
	atMost("bulk, MTU 1500: allocations a packet", "bulk-1500", "allocations", "", 0.1).alone(),
	atLeast("bulk, 64 KiB packets: throughput, of netstack's", "bulk-64k", "throughput", theirs, 1.6),
	atLeast("bulk, 64 KiB packets: throughput, of the floor's", "bulk-64k", "throughput", least, 0.8),
	atMost("ping-pong: mean, of netstack's", "ping-pong", "round trip, mean", theirs, 0.6),
	atMost("ping-pong: p99, of netstack's", "ping-pong", "round trip, p99", theirs, 0.6),
	atMost("ping-pong: allocations", "ping-pong", "allocations", "", 4).alone(),
	atLeast("connect, request, reply, close: rate, of netstack's", "connect", "connect, request, reply, close", theirs, 1.7),
	atMost("connect, request, reply, close: CPU, of netstack's", "connect", "CPU, both ends", theirs, 0.6),
	atMost("idle connection: heap as opened, of netstack's", "idle", "heap of an endpoint, opened", theirs, 0.35),
	atMost("idle connection: heap after use, of netstack's", "idle", "heap of an endpoint, after use", theirs, 0.35),
	atLeast("100 in turn beside 100,000 idle: segments/s, of those without", "sweep/among/100000", "segments", "", 0.95).besides("sweep/among/0"),
	atLeast("TUN, to Linux: throughput, of netstack's", "sweep/link/tun-out", "throughput", theirs, 1.2),
	atLeast("TUN, from Linux: throughput, of netstack's", "sweep/link/tun-in", "throughput", theirs, 1.2),
	atMost("CPU a segment with 10,000 flows, of that with 10", "sweep/segment/10000", "CPU, both ends", "", 1.3).besides("sweep/segment/10"),
}, crowdGoals("one queue", "sweep/flows"), crowdGoals("one queue that refuses", "sweep/refused"))

// crowdGoals are those of many flows that share what is called queue.
func crowdGoals(queue, sweep string) (out []goal) {
	for _, n := range []string{"100", "1000"} {
		row := sweep + "/" + n
		what := fmt.Sprintf("%s flows, %s: ", n, queue)
		out = append(out,
			atLeast(what+"aggregate, of one flow's", row, "aggregate, of what one flow gets", "", 0.8).alone(),
			atLeast(what+"the smallest, of a fair share", row, "smallest flow, of a fair share", "", 1.0/3).alone(),
			atMost(what+"longest silence, ms", row, "longest stall of a flow", "", 1000).alone(),
		)
	}
	return out
}

// verdict is what a run says of a goal.
type verdict struct {
	What    string
	Bound   string
	Value   summary
	Verdict string // met, not met, or unclear where the interval holds the bound
}

// judge returns what the run says of each goal whose figures it has.
func (rep *report) judge(all []goal) []verdict {
	var out []verdict
	for _, g := range all {
		xs := rep.samplesOf(g.over, g.figure)
		if g.under != (cell{}) {
			xs = quotients(xs, rep.samplesOf(g.under, g.figure))
		}
		xs = slices.DeleteFunc(xs, math.IsNaN)
		if len(xs) == 0 {
			continue
		}
		v := verdict{What: g.what, Value: summarize(xs), Bound: fmt.Sprintf("≥ %.3g", g.bound)}
		if g.most {
			v.Bound = fmt.Sprintf("≤ %.4g", g.bound)
		}
		lo, hi := v.Value.bounds()
		met := func(x float64) bool { return x == g.bound || (x < g.bound) == g.most }
		switch {
		case met(lo) && met(hi):
			v.Verdict = "met"
		case !met(lo) && !met(hi):
			v.Verdict = "not met"
		case met(v.Value.Median):
			v.Verdict = "unclear: met by the median"
		default:
			v.Verdict = "unclear: not met by the median"
		}
		out = append(out, v)
	}
	return out
}

// samplesOf returns the samples of a figure, NaN where a round has none.
func (rep *report) samplesOf(c cell, figure string) []float64 {
	for _, r := range rep.Rows {
		if r.Name != c.row {
			continue
		}
		for _, f := range r.Figures {
			if p, ok := f.Providers[c.provider]; ok && f.Name == figure {
				return p.values()
			}
		}
	}
	return nil
}
