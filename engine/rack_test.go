// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"

	"tcpcb/engine/seq"
)

// TestRACKWindowGrows: the reordering window is a quarter of the least round trip,
// and a quarter more for each round trip with news of a spurious retransmission
// (RFC 8985, section 3.3.2, SHOULD, and 6.2, step 4); it is bounded by the smoothed
// round trip (MUST), and as it was at first after 16 recoveries without such news.
func TestRACKWindowGrows(t *testing.T) {
	const ms = time.Millisecond
	var c Conn
	c.rtt = rttEstimator{srtt: 100 * ms, min: 80 * ms, valid: true}
	o := &c.recovery.reorder
	o.seen = true
	want := func(d time.Duration) {
		t.Helper()
		if got, waits := c.rackReoWnd(); got != d || !waits {
			t.Errorf("the window is %v (waits: %v), want %v", got, waits, d)
		}
	}
	want(20 * ms)
	at := seq.New(0)
	for i, d := range []time.Duration{40 * ms, 60 * ms, 80 * ms, 100 * ms, 100 * ms} {
		o.onDSACK(at, at.Add(1000))
		o.onDSACK(at, at.Add(2000)) // of the same round trip: counts once
		want(d)
		if at = at.Add(1000); i == 0 {
			o.onRecovered()
		}
	}
	for range 500 {
		o.onDSACK(at, at.Add(1000))
		at = at.Add(1000)
	}
	want(100 * ms)
	for range reoPersist {
		want(100 * ms)
		o.onRecovered()
	}
	want(20 * ms)
}
