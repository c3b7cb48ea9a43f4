// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"reflect"
	"testing"
	"time"

	"tcpcb/engine"
	"tcpcb/engine/enginetest"
)

// shared returns flows with the given controls through one queue of a
// bandwidth-delay product. They start one after the other, gap apart.
func shared(rate int, rtt, gap time.Duration, controls ...string) enginetest.Shared {
	set := engine.DefaultSettings()
	set.RcvBuf, set.SndBuf = 8<<20, 8<<20
	set.AckDelay, set.AckEvery = time.Millisecond, 16
	s := enginetest.Shared{
		Rate: rate, Queue: int(float64(rate) * rtt.Seconds()), RTT: rtt, For: 20 * time.Second,
	}
	for i, cc := range controls {
		s.Flows = append(s.Flows, enginetest.Flow{
			Params:   engine.Params{ISS: uint32(i+1) * 0x9e3779b9, MSS: 1460, CongestionControl: cc},
			Settings: set,
			Start:    time.Duration(i) * gap,
		})
	}
	return s
}

const ms = time.Millisecond

// jitters returns those to run: under the race detector, where a run is slow and has
// one goroutine, the first.
func jitters(all ...time.Duration) []time.Duration {
	if engine.RaceDetector {
		return all[:1]
	}
	return all
}

// TestSharedAlone: alone on a path without loss, BBR fills it, and its queue is
// less than a third of CUBIC's, also where acknowledgments come in bursts.
func TestSharedAlone(t *testing.T) {
	for _, jitter := range jitters(0, 2*ms) {
		queues := map[string]time.Duration{}
		for _, cc := range []string{"cubic", "bbr"} {
			c := shared(100*mbit, 40*ms, 0, cc)
			c.Warm, c.Jitter = time.Second, jitter
			r := enginetest.RunShared(1, c)
			if r.Sum() < 0.93 {
				t.Errorf("jitter %v: %s gets %.3f of the rate, want 0.93 of the 0.965 that headers leave", jitter, cc, r.Sum())
			}
			queues[cc] = r.QueueDelay
		}
		if queues["bbr"] > queues["cubic"]/3 {
			t.Errorf("jitter %v: BBR's packets wait for %v, want less than a third of CUBIC's %v",
				jitter, queues["bbr"], queues["cubic"])
		}
	}
}

// TestSharedCruise: where acknowledgments come in bursts the queue does not grow from
// probe to probe.
func TestSharedCruise(t *testing.T) {
	for seed := range uint64(3) {
		c := shared(100*mbit, 40*ms, 0, "bbr")
		c.Jitter = 4 * ms
		if r := enginetest.RunShared(seed, c); r.Sum() < 0.91 || r.QueueDelay > 7*ms {
			t.Errorf("seed %d: %.3f of the rate with a queue of %v, want 0.91 and 7ms at most", seed, r.Sum(), r.QueueDelay)
		}
	}
}

// TestSharedJitterAndLoss: round trips that are long, but not for a queue, do not make
// stray losses a sign of congestion. How one run ends is chance.
func TestSharedJitterAndLoss(t *testing.T) {
	var sum float64
	const runs = 3
	for seed := range uint64(runs) {
		c := shared(100*mbit, 40*ms, 0, "bbr")
		c.Jitter, c.Loss = 30*ms, 0.01
		r := enginetest.RunShared(1+seed, c)
		t.Logf("seed %d: %.3f", seed, r.Sum())
		sum += r.Sum()
	}
	if sum/runs < 0.82 {
		t.Errorf("%.3f of the rate, want 0.82", sum/runs)
	}
}

// TestSharedSmallBuffer: where the send buffer, and not the path, is what bounds the
// flight, BBR's search for the bandwidth ends all the same (draft-ietf-ccwg-bbr,
// section 5.3.1.2), and the queue with it.
func TestSharedSmallBuffer(t *testing.T) {
	c := shared(200*mbit, 100*ms, 0, "bbr")
	c.Flows[0].Settings.SndBuf = 4 << 20 // of 5 MB that path and queue can hold
	c.Warm = 5 * time.Second
	r := enginetest.RunShared(1, c)
	if r.Sum() < 0.92 || r.QueueDelay > 12*ms {
		t.Errorf("%.3f of the rate with a queue of %v, want 0.92 and 12ms at most", r.Sum(), r.QueueDelay)
	}
}

// TestSharedBBRFair: eight connections of BBR share a queue. How one run ends is
// chance, so that the mean of several counts, which differ in when connections
// start and in how long segments are.
func TestSharedBBRFair(t *testing.T) {
	var sum, jain float64
	runs := 0
	for _, gap := range []time.Duration{ms, 2 * ms, 5 * ms} {
		for _, mss := range []uint16{1460, 1440} {
			c := shared(100*mbit, 40*ms, gap, "bbr", "bbr", "bbr", "bbr", "bbr", "bbr", "bbr", "bbr")
			for i := range c.Flows {
				c.Flows[i].Params.MSS = mss
			}
			r := enginetest.RunShared(1, c)
			t.Logf("gap %v, MSS %d: %.3f of the rate, Jain's index %.3f: %.3f", gap, mss, r.Sum(), r.Jain(), r.Shares)
			sum += r.Sum()
			jain += r.Jain()
			runs++
		}
	}
	if sum /= float64(runs); sum < 0.93 {
		t.Errorf("%.3f of the rate, want 0.93", sum)
	}
	if jain /= float64(runs); jain < 0.95 {
		t.Errorf("Jain's index %.3f, want 0.95", jain)
	}
}

// TestSharedBBRBesideCubic: neither starves beside the other, also where
// acknowledgments come in bursts.
func TestSharedBBRBesideCubic(t *testing.T) {
	for _, controls := range [][]string{{"bbr", "cubic"}, {"cubic", "bbr"}} {
		for _, jitter := range jitters(0, ms, 2*ms) {
			c := shared(100*mbit, 40*ms, 0, controls...)
			c.Jitter = jitter
			r := enginetest.RunShared(1, c)
			if least := min(r.Shares[0], r.Shares[1]); least < 0.25 || r.Sum() < 0.93 {
				t.Errorf("jitter %v: %s get %.3f, want 0.25 each at least", jitter, controls, r.Shares)
			}
		}
	}
}

// TestSharedRateChanges: BBR finds ten times the bandwidth, and a tenth of it,
// within a few cycles of probing (draft-ietf-ccwg-bbr, appendix A, "Increasing
// Bandwidth 10x" and "Decreasing Bandwidth 10x").
func TestSharedRateChanges(t *testing.T) {
	for _, test := range []struct {
		name       string
		rate, then int
	}{
		{"ten times", 10 * mbit, 100 * mbit},
		{"a tenth", 100 * mbit, 10 * mbit},
	} {
		c := shared(test.rate, 40*ms, 0, "bbr")
		c.Queue = 10 * mbit / 10 // 100 ms of the slower rate
		c.Then, c.ThenAt = test.then, 5*time.Second
		c.Warm, c.For = 20*time.Second, 30*time.Second
		r := enginetest.RunShared(1, c)
		// Shares are of the rate at the end of the run.
		if r.Sum() < 0.92 || r.QueueDelay > 15*ms {
			t.Errorf("%s: %.3f of the rate with a queue of %v, want 0.92 and 15ms at most", test.name, r.Sum(), r.QueueDelay)
		}
	}
}

// TestSharedRepeats: a simulation is a function of its seed.
func TestSharedRepeats(t *testing.T) {
	c := shared(10*mbit, 20*ms, 3*ms, "bbr", "cubic", "reno")
	c.Loss, c.For = 0.01, 5*time.Second
	a, b, other := enginetest.RunShared(7, c), enginetest.RunShared(7, c), enginetest.RunShared(8, c)
	if !reflect.DeepEqual(a, b) {
		t.Errorf("two runs of one seed differ: %+v and %+v", a, b)
	}
	if reflect.DeepEqual(a, other) {
		t.Error("runs of two seeds are the same")
	}
}
