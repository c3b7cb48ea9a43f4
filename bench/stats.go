// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"slices"

	"github.com/aclements/go-moremath/stats"
	"golang.org/x/perf/benchmath"
)

// confidence is the least probability with which an interval holds the median.
const confidence = 0.95

// summary describes the samples of one figure with one provider. The quartiles
// are those of Hyndman and Fan's method R8, as benchstat's are; the interval is
// benchstat's, which assumes nothing of how samples are distributed.
type summary struct {
	N      int     `json:"n"`
	Median float64 `json:"median"`
	Q1     float64 `json:"q1"`
	Q3     float64 `json:"q3"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	// Lo and Hi hold the median with a probability of at least 0.95. They are
	// missing where there are too few samples to say: fewer than six.
	Lo *float64 `json:"lo,omitempty"`
	Hi *float64 `json:"hi,omitempty"`
}

// summarize describes xs, of which there must be at least one.
func summarize(xs []float64) summary {
	s := stats.Sample{Xs: xs}
	low, high := s.Bounds()
	out := summary{
		N:      len(xs),
		Median: s.Quantile(0.5),
		Q1:     s.Quantile(0.25),
		Q3:     s.Quantile(0.75),
		Min:    low,
		Max:    high,
	}
	interval := benchmath.AssumeNothing.Summary(sampleOf(xs), confidence)
	if !math.IsInf(interval.Lo, 0) && !math.IsInf(interval.Hi, 0) {
		out.Lo, out.Hi = &interval.Lo, &interval.Hi
	}
	return out
}

// sampleOf leaves xs as it is, which benchmath would sort.
func sampleOf(xs []float64) *benchmath.Sample {
	return benchmath.NewSample(slices.Clone(xs), &benchmath.DefaultThresholds)
}

// bounds are the interval, or where there is none all samples.
func (s *summary) bounds() (lo, hi float64) {
	if s.Lo == nil || s.Hi == nil {
		return s.Min, s.Max
	}
	return *s.Lo, *s.Hi
}

// differ returns the probability that samples as unlike as these come from one
// distribution: that of the Mann-Whitney U test. Below 0.05 they differ.
func differ(old, new []float64) (p float64, yes bool) {
	if len(old) == 0 || len(new) == 0 {
		return 1, false
	}
	c := benchmath.AssumeNothing.Compare(sampleOf(old), sampleOf(new))
	return c.P, c.P < c.Alpha
}

// pairRatios returns the quotient of each pair taken in the same round. A
// round that lacks either value, or whose divisor is zero, has none.
func pairRatios(over, under [][]float64, figure int) []float64 {
	return quotients(cells(over, figure), cells(under, figure))
}

// cells returns the values of one figure, NaN where a round has none.
func cells(rounds [][]float64, figure int) []float64 {
	out := make([]float64, len(rounds))
	for i, values := range rounds {
		out[i] = math.NaN()
		if values != nil {
			out[i] = values[figure]
		}
	}
	return out
}

// quotients returns the quotients of the pairs that have one.
func quotients(over, under []float64) []float64 {
	var out []float64
	for i := range min(len(over), len(under)) {
		if r := over[i] / under[i]; !math.IsNaN(r) && !math.IsInf(r, 0) {
			out = append(out, r)
		}
	}
	return out
}

// column returns the values of one figure in the rounds that succeeded.
func column(rounds [][]float64, figure int) []float64 {
	return slices.DeleteFunc(cells(rounds, figure), math.IsNaN)
}
