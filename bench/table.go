// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// writeTable prints a line for each figure: the median of each provider, and the
// median of the ratios, of each provider to the first and of each TCP to the
// floor.
func writeTable(w io.Writer, pl *plan, o *outcome) error {
	over, under := pl.pairs()
	head := []string{"row", "figure", "unit"}
	for _, p := range pl.providers {
		head = append(head, p.name)
	}
	for i := range over {
		head = append(head, over[i].name+"/"+under[i].name)
	}
	lines := [][]string{append(head, "better")}
	for _, r := range pl.rows {
		for i, f := range r.figures {
			line := []string{"", f.name, f.unit}
			if i == 0 {
				line[0] = r.name
			}
			for _, p := range pl.providers {
				line = append(line, o.value(cell{r.name, p.name}, i))
			}
			for k := range over {
				line = append(line, o.ratio(cell{r.name, over[k].name}, cell{r.name, under[k].name}, i))
			}
			lines = append(lines, append(line, string(f.better)))
		}
	}
	return align(w, lines, 3, len(lines[0])-1)
}

// value returns what the table shows of one figure with one provider.
func (o *outcome) value(c cell, figure int) string {
	if o.failed(c) {
		return "failed"
	}
	xs := column(o.samples[c], figure)
	if len(xs) == 0 {
		return "-"
	}
	return number(summarize(xs).Median)
}

// ratio returns what the table shows of one figure with two providers.
func (o *outcome) ratio(over, under cell, figure int) string {
	xs := pairRatios(o.samples[over], o.samples[under], figure)
	if o.failed(over) || o.failed(under) || len(xs) == 0 {
		return "-"
	}
	return fmt.Sprintf("%.2f", summarize(xs).Median)
}

// align writes lines of cells in columns. Those from first up to, but not
// including, last are numbers, and stand at the right of theirs.
// (text/tabwriter aligns all columns alike.)
func align(w io.Writer, lines [][]string, first, last int) error {
	width := make([]int, len(lines[0]))
	for _, line := range lines {
		for i, s := range line {
			width[i] = max(width[i], utf8.RuneCountInString(s))
		}
	}
	for _, line := range lines {
		var b strings.Builder
		for i, s := range line {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(s))
			if i >= first && i < last {
				s = pad + s
			} else {
				s += pad
			}
			b.WriteString(s + "  ")
		}
		if _, err := fmt.Fprintln(w, strings.TrimRight(b.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}

// number formats x with about four significant digits, and no exponent; a
// small whole number stands alone.
func number(x float64) string {
	if x == math.Trunc(x) {
		return fmt.Sprintf("%.0f", x)
	}
	digits := 3
	for limit := 10.0; digits > 0 && (x >= limit || x <= -limit); limit *= 10 {
		digits--
	}
	return fmt.Sprintf("%.*f", digits, x)
}
