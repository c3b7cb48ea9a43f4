// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"time"
)

// runPaths runs every scenario with every provider under each of its congestion
// controls, and calls f with each result.
func runPaths(ctx context.Context, progress io.Writer, all []scenario, ps []provider, length time.Duration, f func(*pathResult) error) error {
	for i := range all {
		s := &all[i]
		for _, p := range ps {
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
			for _, cc := range controls {
				if s.mix == cc { // beside itself
					continue
				}
				began := time.Now()
				res, err := runPath(ctx, s, p, cc, length)
				if err != nil {
					return fmt.Errorf("%s, %s, %s: %w", s.name, p.name, cc, err)
				}
				fmt.Fprintf(progress, "%s, %s, %s: %.1f Mbit/s (%.1f s)\n", s.name, p.name, cc, res.Goodput, time.Since(began).Seconds())
				if err := f(res); err != nil {
					return err
				}
			}
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
