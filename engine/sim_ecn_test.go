// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"
	"time"

	"tcpcb/engine"
	"tcpcb/engine/enginetest"
)

// TestSharedECN: where the queue of two bandwidth-delay products marks from half
// of one on, nothing is lost from the beginning on, the rate is used, and the
// queue is far shorter than that which losses keep; BBR's is short anyway.
func TestSharedECN(t *testing.T) {
	for _, test := range []struct {
		cc    string
		sum   float64
		queue float64 // at most that share of the one without ECN
	}{{"reno", 0.92, 0.2}, {"cubic", 0.91, 0.2}, {"bbr", 0.88, 1}} {
		run := func(ecn bool) enginetest.SharedResult {
			c := shared(100*mbit, 40*ms, 0, test.cc)
			c.MarkQueue, c.Queue = c.Queue/2, 2*c.Queue
			c.Warm = 2 * time.Second
			c.Flows[0].Params.ECN = ecn
			return enginetest.RunShared(1, c)
		}
		with, without := run(true), run(false)
		n := with.Counters[0]
		if n.MarkReductions == 0 || n.Retransmits > 0 || with.Dropped > 0 {
			t.Errorf("%s: %d reductions, %d segments resent, %d dropped", test.cc, n.MarkReductions, n.Retransmits, with.Dropped)
		}
		if with.Sum() < test.sum || float64(with.QueueDelay) > test.queue*float64(without.QueueDelay) {
			t.Errorf("%s: %.3f of the rate with a queue of %v, want %v; without ECN %v", test.cc, with.Sum(), with.QueueDelay, test.sum, without.QueueDelay)
		}
		if n := without.Counters[0].MarkReductions; n != 0 {
			t.Errorf("%s: %d reductions for marks without ECN", test.cc, n)
		}
	}
}

// TestSharedECNFair: one that heeds marks shares with its like.
func TestSharedECNFair(t *testing.T) {
	for _, cc := range engine.CongestionControls() {
		c := shared(100*mbit, 40*ms, ms, cc, cc, cc, cc)
		c.MarkQueue, c.Queue = c.Queue/2, 2*c.Queue
		c.Warm, c.For = 10*time.Second, 40*time.Second
		for i := range c.Flows {
			c.Flows[i].Params.ECN = true
		}
		if r := enginetest.RunShared(1, c); r.Sum() < 0.9 || r.Jain() < 0.9 || r.Dropped > 0 {
			t.Errorf("%s: %.3f of the rate, Jain's index %.3f, %d dropped: %.3f", cc, r.Sum(), r.Jain(), r.Dropped, r.Shares)
		}
	}
}
