// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"testing"
	"time"

	"tcpcb/engine"
	"tcpcb/engine/enginetest"
)

// crowd returns flows that begin one after the other, gap apart, and share a queue in
// which each has room for four packets, which take 12 ms to leave it. It is the
// bench's row of 1,000 flows, by half.
func crowd(gap time.Duration) enginetest.Shared {
	set := engine.DefaultSettings()
	set.AckDelay, set.AckEvery = time.Millisecond, 32
	const flows, packets = 500, 2048
	s := enginetest.Shared{
		Rate: 2000 * mbit, Queue: packets * 1500, RTT: 50 * time.Microsecond, Jitter: 20 * time.Microsecond,
		For: 2 * time.Second,
	}
	for i := range flows {
		s.Flows = append(s.Flows, enginetest.Flow{
			Params:   engine.Params{ISS: uint32(i+1) * 0x9e3779b9, MSS: 1460},
			Settings: set,
			Start:    time.Duration(i) * gap,
		})
	}
	return s
}

// TestCrowd: flows whose windows are of a few segments share a queue that is always
// full. About a tenth of all packets is lost, and so of those that are sent again;
// few flows wait for the retransmission timer all the same, none is silent for a
// second, and each gets a good part of its share within two.
func TestCrowd(t *testing.T) {
	if engine.RaceDetector || testing.Short() {
		t.Skip("a million packets")
	}
	const runs = 3
	var timeouts uint32
	var least float64
	for seed := range uint64(runs) {
		r := enginetest.RunShared(seed, crowd(20*time.Microsecond))
		for i := range r.Counters {
			timeouts += r.Counters[i].Timeouts
		}
		least += r.Least() / runs
		t.Logf("seed %d: %.3f of the rate, the least of a fair share %.3f, silent for %v, %d dropped", seed, r.Sum(), r.Least(), r.Stall, r.Dropped)
		if r.Sum() < 0.93 || r.Stall > time.Second {
			t.Errorf("seed %d: %.3f of the rate, want 0.93 at least, and silent for %v, want a second at most", seed, r.Sum(), r.Stall)
		}
	}
	t.Logf("%d timeouts, the least share %.3f in the mean", timeouts, least)
	if least < 1./3 {
		t.Errorf("the flow that gets least gets %.3f of a fair share in the mean, want a third", least)
	}
}

// TestCrowdRefused is the same where the queue is the senders' own, which says when it
// is full: nothing is lost then, so that nothing is sent again, and no timer waits for
// it.
func TestCrowdRefused(t *testing.T) {
	if engine.RaceDetector || testing.Short() {
		t.Skip("a million packets")
	}
	for _, sack := range []bool{true, false} {
		c := crowd(20 * time.Microsecond)
		c.Refuses = true
		for i := range c.Flows {
			c.Flows[i].Params.NoSACK = !sack
		}
		r := enginetest.RunShared(1, c)
		var sum engine.Counters
		for i := range r.Counters {
			sum.Timeouts += r.Counters[i].Timeouts
			sum.Retransmits += r.Counters[i].Retransmits
			sum.SpuriousRecoveries += r.Counters[i].SpuriousRecoveries
		}
		t.Logf("SACK %v: %.3f of the rate, the least of a fair share %.3f, silent for %v, %d refused", sack, r.Sum(), r.Least(), r.Stall, r.Dropped)
		if r.Sum() < 0.95 || r.Least() < 0.5 || r.Stall > 100*time.Millisecond {
			t.Errorf("SACK %v: want 0.95 of the rate, half of a fair share, 100 ms at most", sack)
		}
		if sum != (engine.Counters{}) {
			t.Errorf("SACK %v: %d timeouts, %d retransmissions, %d spurious recoveries", sack, sum.Timeouts, sum.Retransmits, sum.SpuriousRecoveries)
		}
	}
}
