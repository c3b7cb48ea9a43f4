// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tcpcb/engine/enginetest"
)

// These look further than a run of the tests has time for; the command does too.
var (
	simFrom  = flag.Uint64("sim.from", 0, "the first seed of TestSeeds")
	simSeeds = flag.Uint64("sim.seeds", 2000, "how many seeds it runs")
)

// TestSeeds: a few of the simulations that the command runs.
func TestSeeds(t *testing.T) {
	n := *simSeeds
	if testing.Short() {
		n = max(1, n/10)
	}
	o := options{from: *simFrom, seeds: n, kind: "all", workers: 2, shrink: true, most: 1}
	var out strings.Builder
	if ok, err := run(o, &out); err != nil || !ok {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// TestKept replays what once failed.
func TestKept(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, name := range files {
		k, err := readKept(name)
		if err != nil {
			t.Error(err)
			continue
		}
		c, err := k.config()
		if err != nil {
			t.Fatal(err)
		}
		o := k.kind.run(k.seed, c)
		if o.err != nil {
			t.Errorf("%s: %v\n  %s", name, o.err, strings.Join(o.trace, "\n  "))
		}
		for range 3 {
			if again := k.kind.run(k.seed, c); again.hash != o.hash {
				t.Errorf("%s: two runs differ", name)
				break
			}
		}
	}
}

// TestFormatParse: what is printed of a simulation is that simulation.
func TestFormatParse(t *testing.T) {
	for _, k := range kinds {
		for seed := range uint64(200) {
			c, again := k.draw(seed), k.base()
			lines := format(c, k.base())
			if err := parse(lines, again); err != nil {
				t.Fatalf("%s seed %d: %v", k.name, seed, err)
			}
			if second := format(again, k.base()); !slices.Equal(lines, second) {
				t.Fatalf("%s seed %d: written\n%s\nread\n%s", k.name, seed, strings.Join(lines, "\n"), strings.Join(second, "\n"))
			}
			if seed < 20 {
				if a, b := k.run(seed, c), k.run(seed, again); a.hash != b.hash || a.err != nil {
					t.Errorf("%s seed %d: another simulation after it was written and read: %v", k.name, seed, a.err)
				}
			}
		}
	}
}

// TestParseErrors: a file that says what cannot be is an error.
func TestParseErrors(t *testing.T) {
	for _, line := range []string{
		"Limit", "Nothing 1", "Hosts[2].Write 1", "Hosts[x].Write 1", "Hosts[0].Write x", "Hosts 1", "Limit.X 1",
		"Limit + After=1s", "Forged + After", "Forged + Kind=nothing", "Forged + Nothing=1", "Cookie maybe",
		"Links[0].Loss x", "Limit 3", "Hosts[0].Params.MSS 70000", "Hosts[0].Params.MSS -1",
	} {
		if err := parse([]string{line}, &enginetest.Config{}); err == nil {
			t.Errorf("%q is taken", line)
		}
	}
}

// TestStacksCanFail: what a simulation of stacks promises is looked at.
func TestStacksCanFail(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(w *world)
		want   string
	}{
		{"nothing wrong", func(w *world) {}, ""},
		{"nothing gets through", func(w *world) { w.Links[0].Loss = 1 }, "stands still"},
		{"both wait for the other", func(w *world) {
			w.Flows[0].Sides[0].End, w.Flows[0].Sides[1].End = enginetest.EndHold, enginetest.EndHold
		}, "stands still"},
		{"no time", func(w *world) { w.Limit = time.Millisecond }, "not over"},
		{"one is reset", func(w *world) {
			for at := range time.Duration(40) {
				w.Forged = append(w.Forged, forgedFlow{Forged: enginetest.Forged{After: (25 + at) * time.Millisecond, To: 1, Kind: enginetest.ForgeReset}})
			}
			s := &w.Flows[0].Sides[0]
			s.WriteSize, s.WritePause = 500, 20*time.Millisecond
			w.Flows[0].Sides[1].KeepAlive = true
		}, ""},
		{"an option that is none", func(w *world) { w.Flows[0].Sides[0].CC = "none" }, "CongestionControlOption"},
	} {
		w := &world{Limit: time.Hour}
		w.Flows[0] = stackFlow{On: true, Sides: [2]side{{Write: 20_000}, {Write: 10_000}}}
		w.Links[0].Delay, w.Links[1].Delay = 5*time.Millisecond, 5*time.Millisecond
		test.change(w)
		o := runWorld(1, w)
		if test.want == "" {
			if o.err != nil || (o.bytes == 30_000) != w.orderly(0) {
				t.Errorf("%s: %d bytes, %v\n%s", test.name, o.bytes, o.err, strings.Join(o.trace, "\n"))
			}
			continue
		}
		if o.err == nil || !strings.Contains(o.err.Error(), test.want) {
			t.Errorf("%s: error %v, want one with %q", test.name, o.err, test.want)
		}
	}
}

// TestShrink: of a simulation that fails for one thing, hardly more than that is
// left, and it fails likewise.
func TestShrink(t *testing.T) {
	bad := *engines
	bad.run = func(seed uint64, config any) outcome {
		o := engines.run(seed, config)
		for _, f := range config.(*enginetest.Config).Forged {
			if f.Kind == enginetest.ForgeSACK && f.By > 100 && o.err == nil {
				o.err = fmt.Errorf("test: %d bytes were read", o.bytes)
			}
		}
		return o
	}
	for seed := uint64(2); ; seed += 6 {
		c := bad.draw(seed)
		if bad.run(seed, c).err == nil {
			continue
		}
		k := kept{kind: &bad, seed: seed, lines: format(c, bad.base())}
		small := shrink(k)
		if len(small.lines) > 3 || len(k.lines) < 20 {
			t.Errorf("seed %d: of %d lines, left are\n%v", seed, len(k.lines), &small)
		}
		again, err := small.config()
		if err != nil || bad.run(seed, again).err == nil {
			t.Errorf("seed %d: what is left does not fail: %v", seed, err)
		}
		return
	}
}

// TestFailureIsTold: a seed that fails is printed as something to keep, and is no
// success.
func TestFailureIsTold(t *testing.T) {
	bad := *engines
	bad.name = "bad"
	bad.run = func(uint64, any) outcome { return outcome{err: errors.New("as a test"), trace: []string{"a line"}} }
	kinds = append(kinds, &bad)
	defer func() { kinds = kinds[:len(kinds)-1] }()
	var out strings.Builder
	ok, err := run(options{seeds: 5, kind: "bad", workers: 1, shrink: true, most: 1}, &out)
	if ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	for _, want := range []string{"bad seed 0 FAILS: as a test", "a line", "kind bad\nseed 0\n", "1 failed"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if _, err := run(options{kind: "none", workers: 1}, &out); err == nil {
		t.Error("an unknown kind is taken")
	}
	if _, err := run(options{kind: "all"}, &out); err == nil {
		t.Error("no workers are taken")
	}
	if _, err := run(options{kind: "all", workers: 1, files: []string{"testdata/none"}}, &out); err == nil {
		t.Error("a file that is not there is taken")
	}
}

// TestTwoRunsDiffer: a simulation that is not a function of its seed is found out.
func TestTwoRunsDiffer(t *testing.T) {
	bad := *engines
	bad.name = "bad"
	n := uint64(0)
	bad.run = func(uint64, any) outcome { n++; return outcome{hash: n} }
	kinds = append(kinds, &bad)
	defer func() { kinds = kinds[:len(kinds)-1] }()
	var out strings.Builder
	if ok, _ := run(options{seeds: 1, kind: "bad", workers: 1, most: 1}, &out); ok || !strings.Contains(out.String(), "two runs of one seed differ") {
		t.Errorf("not found out:\n%s", out.String())
	}
}
