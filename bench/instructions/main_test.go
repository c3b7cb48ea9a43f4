// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name  string
		parse func(string) (int64, error)
		in    string
		want  int64
	}{
		{"perf", parsePerf, "BenchmarkX 1 2 ns/op\nPASS\n12345,,instructions:u,8000,100.00,,\n", 12345},
		{"perf without counters", parsePerf, "<not supported>,,instructions:u,0,100.00,,\n", -1},
		{"callgrind", parseCallgrind, "==7== Events    : Ir\n==7== Collected : 27632354\n==7==\n", 27632354},
		{"neither", parseCallgrind, "PASS\n", -1},
	} {
		got, err := c.parse(c.in)
		if (err != nil) != (c.want < 0) || err == nil && got != c.want {
			t.Errorf("%s: %d, %v; want %d", c.name, got, err, c.want)
		}
	}
	names := parseNames("goos: linux\nBenchmarkAck/16KiB \t 1 \t 365 ns/op\nBenchmarkTimers/arm-stop 	1	3 ns/op\nPASS\n")
	if !slices.Equal(names, []string{"Ack/16KiB", "Timers/arm-stop"}) {
		t.Errorf("names are %q", names)
	}
	if got := benchArgs("bin", "Ack/1.5KiB", 10)[2]; got != `-test.bench=^BenchmarkAck$/^1\.5KiB$` {
		t.Errorf("the benchmark is asked for by %q", got)
	}
}

// Setting and clearing a timer takes a few instructions, and not one or hundreds.
func TestCount(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: builds the engine's tests")
	}
	if _, err := counter(t.Context(), t.TempDir()); err != nil {
		t.Skip(err)
	}
	var out bytes.Buffer
	err := run(t.Context(), []string{"-bench", "Timers/arm-stop", "-n", "10000", "../../engine"}, &out)
	if errors.Is(err, errTooOld) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`^BenchmarkTimers/arm-stop 20000 (\S+) instructions/op\n$`).FindStringSubmatch(out.String())
	if m == nil {
		t.Fatalf("it says %q", out.String())
	}
	if n, err := strconv.ParseFloat(m[1], 64); err != nil || n < 4 || n > 100 {
		t.Errorf("%v instructions, %v", n, err)
	}
}

func TestBadUsage(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-n", "0"}, "-n must be at least 1"},
		{[]string{"a", "b"}, "one package at most"},
		{[]string{"./nosuch"}, "go test -c ./nosuch"},
	} {
		if err := run(t.Context(), c.args, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.args, err, c.want)
		}
	}
}
