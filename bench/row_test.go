// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

var tiny = settings{time: moment(), idle: 20, rest: time.Millisecond, flows: 5, drain: 5 * time.Second}

// moment is long enough for a few bytes to arrive on every flow.
func moment() time.Duration {
	if raceDetector {
		return time.Second
	}
	return 200 * time.Millisecond
}

// TestRows runs each row with each provider for a moment. The rows verify the
// bytes themselves.
func TestRows(t *testing.T) {
	for _, r := range allRows {
		for _, p := range takers(r) {
			t.Run(r.name+"/"+p.name, func(t *testing.T) {
				before := runtime.NumGoroutine()
				l := limits{sample: 30 * time.Second, grace: 5 * time.Second}
				values, err := sample(t, l, r, p, tiny)
				if err != nil {
					t.Fatal(err)
				}
				for i, v := range values {
					// Only these may be zero: it is as good as they get.
					zero := r.figures[i].unit == "count" || r.figures[i].unit == "%" || r.figures[i].name == "allocations"
					if math.IsNaN(v) || math.IsInf(v, 0) || v < 0 || v == 0 && !zero {
						t.Errorf("%s is %v", r.figures[i].name, v)
					}
				}
				settle(t, before)
			})
		}
	}
}

func takers(r row) []provider { return (&plan{providers: allProviders}).takers(r) }

// TestSweeps runs the rows of each sweep that take no more than a thousand
// connections with each provider for a moment.
func TestSweeps(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: dozens of rows")
	}
	small := tiny
	small.time = 20 * time.Millisecond
	seen := make(map[string]bool)
	for _, r := range sweeps {
		if seen[r.name] || r.label == "" || r.axis == "" {
			t.Errorf("%q is there twice, or has no place on its axis", r.name)
		}
		seen[r.name] = true
		if strings.Contains(r.axis, "connections") && len(r.label) > len("1000") {
			continue
		}
		for _, p := range takers(r) {
			t.Run(r.name+"/"+p.name, func(t *testing.T) {
				if r.missing != nil && r.missing() != nil {
					t.Skip(r.missing())
				}
				before := runtime.NumGoroutine()
				l := limits{sample: time.Minute, grace: 5 * time.Second}
				values, err := sample(t, l, r, p, small)
				if err != nil {
					t.Fatal(err)
				}
				if values[0] <= 0 {
					t.Errorf("%s is %v", r.figures[0].name, values[0])
				}
				settle(t, before)
			})
		}
	}
}

// sample takes one, and for netstack's TCP another where that takes too long: at an MTU
// of 576 it stands still once in some hundred streams, for a minute and more, which is
// no fault of the row's. Any other error counts.
func sample(t *testing.T, l limits, r row, p provider, s settings) ([]float64, error) {
	values, err := l.measure(t.Context(), r, p, s)
	if err != nil && p.name == "netstack" && strings.Contains(err.Error(), "timed out") {
		t.Logf("once more, as netstack's TCP: %v", err)
		values, err = l.measure(t.Context(), r, p, s)
	}
	return values, err
}

// settle waits until no more goroutines run than did before.
func settle(t *testing.T, before int) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(end) {
			b := make([]byte, 1<<20)
			t.Fatalf("%d goroutines are left, of %d before:\n%s", runtime.NumGoroutine(), before, b[:runtime.Stack(b, true)])
		}
	}
}

// TestRowsEndWhenTold cancels each row in its midst.
func TestRowsEndWhenTold(t *testing.T) {
	cause := errors.New("told to end")
	long := tiny
	long.time = time.Minute
	for _, r := range allRows {
		if r.name == idleRow.name {
			long.idle = 1 << 20
		}
		for _, p := range takers(r) {
			t.Run(r.name+"/"+p.name, func(t *testing.T) {
				before := runtime.NumGoroutine()
				ctx, cancel := context.WithCancelCause(t.Context())
				time.AfterFunc(20*time.Millisecond, func() { cancel(cause) })
				l := limits{sample: time.Minute, grace: 20 * time.Second}
				if _, err := l.measure(ctx, r, p, long); !errors.Is(err, cause) {
					t.Errorf("error is %v, want %v", err, cause)
				}
				settle(t, before)
			})
		}
	}
}

// TestDrainBound gives the flows no time to drain: the row must report what
// was reached, and not fail.
func TestDrainBound(t *testing.T) {
	s := tiny
	s.flows, s.drain = 50, time.Nanosecond
	for _, p := range takers(flowsRow("", plain)) {
		values, err := flows(t.Context(), p, s, plain)
		if err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		if values[0] <= 0 || values[3] < 1 || values[3] > 50 {
			t.Errorf("%s: figures are %v: want some throughput, and flows that did not finish", p.name, values)
		}
	}
}
