// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"

	"github.com/aclements/go-moremath/stats"
)

// summary describes the samples of one figure with one provider. The quartiles
// are those of Hyndman and Fan's method R8, as benchstat's are.
type summary struct {
	Median float64 `json:"median"`
	Q1     float64 `json:"q1"`
	Q3     float64 `json:"q3"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

// summarize describes xs, of which there must be at least one.
func summarize(xs []float64) summary {
	s := stats.Sample{Xs: xs}
	low, high := s.Bounds()
	return summary{
		Median: s.Quantile(0.5),
		Q1:     s.Quantile(0.25),
		Q3:     s.Quantile(0.75),
		Min:    low,
		Max:    high,
	}
}

// pairRatios returns the quotient of each pair taken in the same round. A
// round that lacks either value, or whose divisor is zero, has none.
func pairRatios(over, under [][]float64, figure int) []float64 {
	var out []float64
	for i := range min(len(over), len(under)) {
		if over[i] == nil || under[i] == nil {
			continue
		}
		r := over[i][figure] / under[i][figure]
		if !math.IsNaN(r) && !math.IsInf(r, 0) {
			out = append(out, r)
		}
	}
	return out
}

// column returns the values of one figure in the rounds that succeeded.
func column(rounds [][]float64, figure int) []float64 {
	var out []float64
	for _, values := range rounds {
		if values != nil {
			out = append(out, values[figure])
		}
	}
	return out
}
