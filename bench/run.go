// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"
)

// limits bound a sample in time.
type limits struct {
	// sample is how long a sample may take; then it is told to end.
	sample time.Duration
	// grace is how long it may take to end; then it is hung.
	grace time.Duration
}

// plan is all that a run does.
type plan struct {
	rows      []row
	providers []provider
	rounds    int
	settings  settings
	limits    limits
	// quick says that nobody asked for a number of rounds: two are enough of
	// rows that are calm.
	quick bool
	// skipped are rows left out of rows, since this machine cannot run them.
	skipped []skip
}

// floor returns the floor, if it is among the providers.
func (pl *plan) floor() *provider {
	for i := range pl.providers {
		if pl.providers[i].floor {
			return &pl.providers[i]
		}
	}
	return nil
}

// pairs returns of which providers' figures there are to be ratios: of each to
// the first, and of each TCP to the floor.
func (pl *plan) pairs() (over, under []provider) {
	base := pl.providers[0]
	for _, p := range pl.providers[1:] {
		if !p.floor {
			over, under = append(over, p), append(under, base)
		}
	}
	if f := pl.floor(); f != nil && !base.floor {
		for _, p := range pl.providers {
			if !p.floor {
				over, under = append(over, p), append(under, *f)
			}
		}
	}
	return over, under
}

// leaveOut takes the rows out of the plan that this machine cannot run.
func (pl *plan) leaveOut() {
	var rows []row
	for _, r := range pl.rows {
		if r.missing != nil {
			if err := r.missing(); err != nil {
				pl.skipped = append(pl.skipped, skip{r.name, err.Error()})
				continue
			}
		}
		rows = append(rows, r)
	}
	pl.rows = rows
}

// failure is a row that one provider did not get through.
type failure struct {
	Row      string `json:"row"`
	Provider string `json:"provider"`
	Round    int    `json:"round"` // from 1
	Message  string `json:"message"`
}

func (f failure) String() string {
	return fmt.Sprintf("%s: %s: round %d: %s", f.Row, f.Provider, f.Round, f.Message)
}

// cell names what one provider did in one row.
type cell struct{ row, provider string }

// outcome is what a run measured.
type outcome struct {
	// samples has for each cell the rounds, and for each round the values
	// of the row's figures, or nil if the sample failed or was not taken.
	samples  map[cell][][]float64
	failures []failure
}

func (o *outcome) failed(c cell) bool {
	return slices.ContainsFunc(o.failures, func(f failure) bool {
		return f.Row == c.row && f.Provider == c.provider
	})
}

// errHung says that a sample did not end when told to. Its goroutines are
// still there, so nothing measured after it would mean anything.
var errHung = errors.New("hung")

// execute runs the plan. A provider that fails a row is left out of the row's
// other rounds. The error is not nil if the run ended early: it is the
// context's cause, or errHung.
func (pl *plan) execute(ctx context.Context, pr progress) (*outcome, error) {
	o := &outcome{samples: make(map[cell][][]float64)}
	defer pr.end()
	total := 0
	for _, r := range pl.rows {
		total += len(pl.takers(r)) * pl.roundsOf(r)
	}
	step := 0
	for _, r := range pl.rows {
		for round := range pl.roundsOf(r) {
			for _, p := range order(pl.takers(r), round) {
				step++
				c := cell{r.name, p.name}
				if o.failed(c) {
					continue
				}
				pr.begin(step, total, r, p, round)
				values, err := pl.limits.measure(ctx, r, p, pl.settings)
				if err != nil && ctx.Err() != nil {
					return o, context.Cause(ctx)
				}
				if err != nil {
					f := failure{r.name, p.name, round + 1, err.Error()}
					o.failures = append(o.failures, f)
					pr.fail(f)
				} else {
					pr.done(r, p, round, values)
				}
				if o.samples[c] == nil {
					o.samples[c] = make([][]float64, pl.rounds)
				}
				o.samples[c][round] = values
				if errors.Is(err, errHung) {
					return o, errHung
				}
			}
		}
	}
	return o, nil
}

// roundsOf returns how many rounds there are of a row.
func (pl *plan) roundsOf(r row) int {
	if pl.quick && r.calm {
		return min(2, pl.rounds)
	}
	return pl.rounds
}

// takers returns the providers that take part in a row.
func (pl *plan) takers(r row) []provider {
	var ps []provider
	for _, p := range pl.providers {
		if r.takes(p) {
			ps = append(ps, p)
		}
	}
	return ps
}

// order returns the providers rotated by the number of the round.
func order(ps []provider, round int) []provider {
	if len(ps) == 0 {
		return nil
	}
	k := round % len(ps)
	return slices.Concat(ps[k:], ps[:k])
}

// measure takes one sample, within the limits.
func (l limits) measure(ctx context.Context, r row, p provider, s settings) ([]float64, error) {
	limit := l.sample + r.extra
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("timed out after %v", limit))
	defer cancel()
	// The garbage of the sample before is not this one's to collect.
	runtime.GC()
	type result struct {
		values []float64
		err    error
	}
	ended := make(chan result, 1)
	go func() {
		values, err := r.run(ctx, p, s)
		ended <- result{values, err}
	}()
	var res result
	select {
	case res = <-ended:
	case <-ctx.Done():
		select {
		case res = <-ended:
		case <-time.After(l.grace):
			return nil, fmt.Errorf("%w: %w, and did not end within %v of that", errHung, context.Cause(ctx), l.grace)
		}
	}
	if res.err != nil {
		return nil, res.err
	}
	if len(res.values) != len(r.figures) {
		return nil, fmt.Errorf("the row has %d figures, but %d values were measured", len(r.figures), len(res.values))
	}
	return res.values, nil
}
