// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"unicode"

	"golang.org/x/perf/benchfmt"
)

// benchText returns the samples in Go's benchmark format, a line for each sample:
//
//	BenchmarkBulk-1500/provider=tcpcb 1 2.9 throughput-Gbit/s 0.31 CPU-both-ends-s/GB
//
// so that benchstat shows, for one, "benchstat -col /provider FILE".
func benchText(rep *report) ([]byte, error) {
	var b bytes.Buffer
	w := benchfmt.NewWriter(&b)
	told := make(map[string]bool)
	for _, r := range rep.Rows {
		for _, f := range r.Figures {
			if told[textUnit(f)] {
				continue
			}
			told[textUnit(f)] = true
			m := benchfmt.UnitMetadata{OrigUnit: textUnit(f), Value: string(f.Better)}
			m.Unit, m.Key = m.OrigUnit, "better"
			if err := w.Write(&m); err != nil {
				return nil, err
			}
		}
	}
	env := rep.Environment
	for _, r := range rep.Rows {
		for _, p := range rep.Settings.Providers {
			for round := range rep.Settings.Rounds {
				res := benchfmt.Result{Name: benchfmt.Name(textName(r.Name) + "/provider=" + p), Iters: 1}
				for _, f := range r.Figures {
					c, ok := f.Providers[p]
					if ok && round < len(c.Samples) && c.Samples[round] != nil {
						res.Values = append(res.Values, benchfmt.Value{Value: *c.Samples[round], Unit: textUnit(f)})
					}
				}
				if len(res.Values) == 0 {
					continue
				}
				for _, kv := range [][2]string{{"goos", env.OS}, {"goarch", env.Arch}, {"pkg", "tcpcb/bench"}, {"cpu", env.CPU}, {"revision", env.Revision}} {
					if kv[1] != "" {
						res.Config = append(res.Config, benchfmt.Config{Key: kv[0], Value: []byte(kv[1]), File: true})
					}
				}
				if err := w.Write(&res); err != nil {
					return nil, err
				}
			}
		}
	}
	return b.Bytes(), nil
}

// textName makes a row's name one of a benchmark, with a capital. A dash and a
// number at its end are not taken for a count of processors, since the provider
// follows.
func textName(row string) string {
	runes := []rune(strings.ReplaceAll(row, "+", "-"))
	runes[0] = unicode.ToUpper(runes[0])
	return string(runes)
}

// textUnit names a figure and its unit in one word. No two figures of a row may
// share one.
func textUnit(f reportFigure) string {
	word := func(s string) string {
		return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || r == ',' }), "-")
	}
	return word(f.Name) + "-" + word(f.Unit)
}
