// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReport(t *testing.T) {
	pl, o := twoByTwo()
	path := filepath.Join(t.TempDir(), "out.json")
	// What is longer than the report must not show through at its end.
	if err := os.WriteFile(path, []byte(strings.Repeat("x", 1<<16)), 0o666); err != nil {
		t.Fatal(err)
	}
	f, err := openOutput("-json", path)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeReport(f, newReport(pl, o, currentEnvironment(), false)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got report
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if got.Environment.Go == "" || got.Environment.CPUs < 1 || got.Environment.GOMAXPROCS < 1 {
		t.Errorf("environment lacks something: %+v", got.Environment)
	}
	if got.Complete {
		t.Error("a run that ended early is said to be complete")
	}
	if diff := cmp.Diff(o.failures, got.Failures); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	p := func(x float64) *float64 { return &x }
	want := reportCell{
		Samples: []*float64{p(4), p(4.004), p(9)},
		Summary: &summary{N: 3, Median: 4.004, Q1: got.Rows[0].Figures[0].Providers["second"].Summary.Q1, Q3: got.Rows[0].Figures[0].Providers["second"].Summary.Q3, Min: 4, Max: 9},
		Ratio:   got.Rows[0].Figures[0].Providers["second"].Ratio,
	}
	if diff := cmp.Diff(want, got.Rows[0].Figures[0].Providers["second"]); diff != "" {
		t.Errorf("speed of second (-want +got):\n%s", diff)
	}
	if r := want.Ratio; r == nil || r.Median != 2 || r.Min != 1.001 || r.Max != 3 {
		t.Errorf("ratio is %+v, want a median of 2 between 1.001 and 3", r)
	}
	lost := reportCell{
		Samples: []*float64{p(1), nil, nil},
		Summary: &summary{N: 1, Median: 1, Q1: 1, Q3: 1, Min: 1, Max: 1},
	}
	if diff := cmp.Diff(lost, got.Rows[1].Figures[0].Providers["second"]); diff != "" {
		t.Errorf("lost of second (-want +got):\n%s", diff)
	}
}
