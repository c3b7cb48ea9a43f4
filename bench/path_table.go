// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

// pathPlan is what the path/ rows of a run consist of.
type pathPlan struct {
	scenarios []scenario
	providers []provider
	// only are the congestion controls to run; none stands for all.
	only []string
	time time.Duration // of writing, where a scenario says nothing else
}

// chosen returns those of controls that the plan runs on s.
func (pl *pathPlan) chosen(s *scenario, controls []string) []string {
	return slices.DeleteFunc(slices.Clone(controls), func(cc string) bool {
		return cc == s.mix || // beside itself
			len(pl.only) > 0 && !slices.Contains(pl.only, cc)
	})
}

// each calls run with s, and every provider under each of its congestion controls,
// that the plan has for it.
func (pl *pathPlan) each(s *scenario, run func(p provider, cc string) error) error {
	for _, p := range pl.providers {
		if p.floor {
			continue
		}
		if p.all != nil {
			p.new = p.all
		}
		controls, err := controlsOf(p)
		if err != nil {
			return err
		}
		for _, cc := range pl.chosen(s, controls) {
			if err := run(p, cc); err != nil {
				return err
			}
		}
	}
	return nil
}

// runPaths runs the plan in virtual time, and calls f with each result.
func runPaths(ctx context.Context, progress io.Writer, pl *pathPlan, f func(*pathResult) error) error {
	for i := range pl.scenarios {
		s := &pl.scenarios[i]
		err := pl.each(s, func(p provider, cc string) error {
			began := time.Now()
			res, err := runPath(ctx, s, p, cc, pl.time)
			if err != nil {
				return fmt.Errorf("%s, %s, %s: %w", s.name, p.name, cc, err)
			}
			fmt.Fprintf(progress, "%s, %s, %s: %.1f Mbit/s (%.1f s)\n", s.name, p.name, cc, res.Goodput, time.Since(began).Seconds())
			return f(res)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// known formats a figure that is negative where nobody knows it.
func known(format string, x float64) string {
	if x < 0 {
		return "-"
	}
	return fmt.Sprintf(format, x)
}

// writePathTable prints a line for each result.
func writePathTable(w io.Writer, results []*pathResult) error {
	lines := [][]string{{"path", "provider", "control", "Mbit/s", "of rate", "resent %", "queue ms", "p99 ms", "silence ms", "resume ms", "Jain", "least", ""}}
	last := ""
	for _, r := range results {
		name := r.Scenario
		if name == last {
			name = ""
		}
		last = r.Scenario
		resume := "-"
		if r.Resume > 0 {
			resume = fmt.Sprintf("%.0f", r.Resume)
		}
		lines = append(lines, []string{
			name, r.Provider, r.Control,
			fmt.Sprintf("%.1f", r.Goodput), fmt.Sprintf("%.3f", r.Share), known("%.2f", 100*r.Resent),
			fmt.Sprintf("%.1f", r.QueueMean), known("%.1f", r.QueueP99), fmt.Sprintf("%.0f", r.Silence), resume,
			fmt.Sprintf("%.2f", r.Jain), fmt.Sprintf("%.2f", r.Least), "",
		})
	}
	return align(w, lines, 3, len(lines[0])-1)
}
