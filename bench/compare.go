// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"math"
	"slices"
)

// change is how a figure moved from one run to another.
type change struct {
	Row, Figure, Unit string
	// Of is a provider, or two with a slash between, for the ratio of pairs.
	Of       string
	Old, New summary
	// Delta is by how much the median changed, as a share of the old one; NaN
	// where that is zero.
	Delta float64
	// P is the probability of samples as unlike as these from one distribution.
	P           float64
	Significant bool
	// Worse says that what changed got worse.
	Worse bool
}

// compareReports returns the changes of all figures that both runs have, in the
// order of the new one. A ratio of pairs taken in one run is told as well: what
// the machine did to both providers is not in it.
func compareReports(old, new *report) []change {
	var out []change
	for _, r := range new.Rows {
		i := slices.IndexFunc(old.Rows, func(o reportRow) bool { return o.Name == r.Name })
		if i < 0 {
			continue
		}
		for _, f := range r.Figures {
			j := slices.IndexFunc(old.Rows[i].Figures, func(o reportFigure) bool { return o.Name == f.Name && o.Unit == f.Unit })
			if j >= 0 {
				out = append(out, changesOf(r.Name, old.Rows[i].Figures[j], f, new.Settings.Providers)...)
			}
		}
	}
	return out
}

func changesOf(row string, old, new reportFigure, providers []string) []change {
	var out []change
	add := func(of, unit string, xs, ys []float64) {
		xs, ys = slices.DeleteFunc(xs, math.IsNaN), slices.DeleteFunc(ys, math.IsNaN)
		if len(xs) == 0 || len(ys) == 0 {
			return
		}
		c := change{Row: row, Figure: new.Name, Unit: unit, Of: of, Old: summarize(xs), New: summarize(ys), Delta: math.NaN()}
		c.P, c.Significant = differ(xs, ys)
		if c.Old.Median != 0 {
			c.Delta = c.New.Median/c.Old.Median - 1
		}
		c.Worse = c.Significant && (c.New.Median < c.Old.Median) == (new.Better == higher) && c.New.Median != c.Old.Median
		out = append(out, c)
	}
	for _, p := range providers {
		a, b := old.Providers[p], new.Providers[p]
		add(p, new.Unit, a.values(), b.values())
	}
	for _, p := range providers[1:] {
		a, a0 := old.Providers[p], old.Providers[providers[0]]
		b, b0 := new.Providers[p], new.Providers[providers[0]]
		add(p+"/"+providers[0], "ratio", quotients(a.values(), a0.values()), quotients(b.values(), b0.values()))
	}
	return out
}

// writeChanges prints a line for each change.
func writeChanges(w io.Writer, cs []change) error {
	lines := [][]string{{"row", "figure", "unit", "of", "old", "new", "change", "p", "n", ""}}
	var row, figure string
	for _, c := range cs {
		line := []string{"", "", "", c.Of, number(c.Old.Median), number(c.New.Median), c.delta(), fmt.Sprintf("%.3f", c.P), fmt.Sprintf("%d+%d", c.Old.N, c.New.N), c.verdict()}
		if c.Row != row || c.Figure != figure {
			line[1] = c.Figure
		}
		if c.Row != row {
			line[0] = c.Row
		}
		row, figure = c.Row, c.Figure
		line[2] = c.Unit
		lines = append(lines, line)
	}
	return align(w, lines, 4, 9)
}

// delta returns the change in percent; "~" stands for one that may be chance.
func (c *change) delta() string {
	switch {
	case !c.Significant:
		return "~"
	case math.IsNaN(c.Delta):
		return "?"
	}
	return fmt.Sprintf("%+.1f%%", 100*c.Delta)
}

func (c *change) verdict() string {
	switch {
	case !c.Significant || c.New.Median == c.Old.Median:
		return ""
	case c.Worse:
		return "worse"
	}
	return "better"
}
