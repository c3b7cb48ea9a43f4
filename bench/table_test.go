// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// twoByTwo is a plan of two rows and two providers, neither of which can run,
// and an outcome with one failure and one round without a value.
func twoByTwo() (*plan, *outcome) {
	pl := &plan{
		rows: []row{
			{name: "alpha", figures: []figure{{"speed", "Gbit/s", higher}, {"delay", "µs", lower}}},
			{name: "beta", figures: []figure{{"lost", "count", lower}}},
			{name: "gamma", figures: []figure{{"heap", "bytes", lower}}},
		},
		providers: []provider{{name: "one"}, {name: "second"}},
		rounds:    3,
	}
	o := &outcome{
		samples: map[cell][][]float64{
			{"alpha", "one"}:    {{2, 10}, {4, 30}, {3, 20}},
			{"alpha", "second"}: {{4, 5}, {4.004, 12345.6}, {9, 10}},
			{"beta", "one"}:     {{0}, {0}, {0}},
			{"beta", "second"}:  {{1}, nil, nil},
			{"gamma", "one"}:    {{5564.25}, nil, nil},
		},
		failures: []failure{{"beta", "second", 2, "corrupt stream"}},
	}
	return pl, o
}

func TestTable(t *testing.T) {
	pl, o := twoByTwo()
	var b bytes.Buffer
	if err := writeTable(&b, pl, o); err != nil {
		t.Fatal(err)
	}
	// The ratios of speed are 2, 1.001 and 3; those of delay 0.5, 411.52
	// and 0.5. Those of lost have a zero below, and there is no pair for
	// heap.
	want := `
row    figure  unit     one  second  second/one  better
alpha  speed   Gbit/s     3   4.004        2.00  higher
       delay   µs        20      10        0.50  lower
beta   lost    count      0  failed           -  lower
gamma  heap    bytes   5564       -           -  lower
`
	if diff := cmp.Diff(want[1:], b.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
}

func TestTableOfOneProvider(t *testing.T) {
	pl, o := twoByTwo()
	pl.providers = pl.providers[:1]
	var b bytes.Buffer
	if err := writeTable(&b, pl, o); err != nil {
		t.Fatal(err)
	}
	head, _, _ := strings.Cut(b.String(), "\n")
	if want := "row    figure  unit     one  better"; head != want {
		t.Errorf("head is %q, want %q", head, want)
	}
}

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		x    float64
		want string
	}{
		{0, "0"}, {4, "4"}, {0.12345, "0.123"}, {3.14159, "3.142"}, {-3.14159, "-3.142"},
		{31.4159, "31.42"}, {314.159, "314.2"}, {3141.59, "3142"}, {7700000.7, "7700001"},
	} {
		if got := number(c.x); got != c.want {
			t.Errorf("number(%v) = %q, want %q", c.x, got, c.want)
		}
	}
}
