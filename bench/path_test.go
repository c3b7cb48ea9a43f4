// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Every provider runs a scenario under every congestion control, to its end and
// with the right bytes, and ours repeats to the last digit.
func TestPaths(t *testing.T) {
	all := selectScenarios(scenarios, regexp.MustCompile("path/clean|path/reordered"))
	run := func() (results []*pathResult) {
		err := runPaths(t.Context(), t.Output(), &pathPlan{scenarios: all, providers: allProviders, time: time.Second}, func(r *pathResult) error {
			results = append(results, r)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return results
	}
	first, second := run(), run()
	if len(first) != 2*(2+3) {
		t.Fatalf("%d results, want netstack's two controls and our three on each path", len(first))
	}
	for i, r := range first {
		if r.Share <= 0 || r.Share > 1 || r.Jain != 1 {
			t.Errorf("%s, %s, %s: a share of %v, Jain's index %v", r.Scenario, r.Provider, r.Control, r.Share, r.Jain)
		}
		if again := second[i]; r.Provider == "tcpcb" && (r.Goodput != again.Goodput || r.QueueP99 != again.QueueP99 || r.Resent != again.Resent) {
			t.Errorf("%s, %s: %+v and then %+v", r.Scenario, r.Control, *r, *again)
		}
		if r.Scenario == "path/reordered-5%" && r.Provider == "tcpcb" && r.Share < 0.3 {
			t.Errorf("%s: a reordering path is not a losing path, and gives %.3f of the rate", r.Control, r.Share)
		}
	}
	file, err := drawPath(t.TempDir(), first[len(first)-1], all[0].rate)
	if err != nil {
		t.Fatal(err)
	}
	if svg, err := os.ReadFile(file); err != nil || !bytes.Contains(svg, []byte("</svg>")) || !bytes.Contains(svg, []byte("cwnd")) {
		t.Errorf("%s holds no plot: %v", file, err)
	}
	var out bytes.Buffer
	if err := writePathTable(&out, first); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(out.String(), "\n"); got != 1+len(first) {
		t.Errorf("%d lines in the table:\n%s", got, out.String())
	}
}

// A plan runs the controls that were asked for, but none beside itself.
func TestChosenControls(t *testing.T) {
	all := []string{"reno", "cubic", "bbr"}
	for _, c := range []struct{ mix, only, want string }{
		{"", "", "reno cubic bbr"},
		{"cubic", "", "reno bbr"},
		{"", "bbr, reno", "reno bbr"},
		{"cubic", "cubic,bbr", "bbr"},
		{"cubic", "cubic", ""},
	} {
		only, err := selectControls(c.only)
		if err != nil {
			t.Fatal(err)
		}
		pl := pathPlan{only: only}
		if got := strings.Join(pl.chosen(&scenario{mix: c.mix}, all), " "); got != c.want {
			t.Errorf("%q beside %q: %q, want %q", c.only, c.mix, got, c.want)
		}
	}
	if len(all) != 3 || all[2] != "bbr" {
		t.Errorf("a choice changed what there is to %q", all)
	}
}

// A cut of the path is survived, and its end seen.
func TestPathCut(t *testing.T) {
	s := scenario{name: "cut", rate: 10 * mbit, rtt: 20 * ms, flows: 2, cutAt: time.Second, cutFor: time.Second, time: 4 * time.Second}
	r, err := runPath(t.Context(), &s, allProviders[1], "cubic", 0)
	if err != nil {
		t.Fatal(err)
	}
	if r.Resume <= 0 || r.Resume > 2000 || r.Silence < 1000 {
		t.Errorf("the cut of a second shows as a silence of %v ms, %v ms beyond it", r.Silence, r.Resume)
	}
}

// A bound on the timeout finds the path back sooner: the timeout is due within the
// bound, and a round trip or a timeout more tells what of the flight had arrived.
func TestPathCutBounded(t *testing.T) {
	s := scenario{rate: 10 * mbit, rtt: 20 * ms, flows: 1, cutAt: time.Second, cutFor: 5 * time.Second, time: 7 * time.Second}
	free, err := runPath(t.Context(), &s, allProviders[1], "cubic", 0)
	if err != nil {
		t.Fatal(err)
	}
	s = bounded(s, 500*ms)
	r, err := runPath(t.Context(), &s, allProviders[1], "cubic", 0)
	if err != nil {
		t.Fatal(err)
	}
	if r.Resume <= 0 || r.Resume > 1000 || r.Resume > free.Resume {
		t.Errorf("goes on %v ms after the path's return, and without a bound %v ms", r.Resume, free.Resume)
	}
}

// A long fat path is used from default options: the buffers grow to what it
// takes, at both ends.
func TestPathLong(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: carries half a gigabyte")
	}
	s := scenario{name: "long", rate: 200 * mbit, rtt: 100 * ms, flows: 1, time: 10 * time.Second}
	p := allProviders[1]
	p.new = p.all
	for _, cc := range []string{"cubic", "bbr"} {
		r, err := runPath(t.Context(), &s, p, cc, 0)
		if err != nil {
			t.Fatal(err)
		}
		if r.Share < 0.85 {
			t.Errorf("%s gets %.3f of the rate, want 0.85", cc, r.Share)
		}
	}
}

// Where the queue marks, and the stacks use ECN, nothing is lost, and the queue is
// short; netstack's TCP, which knows no ECN, runs there as well.
func TestPathECN(t *testing.T) {
	all := selectScenarios(scenarios, regexp.MustCompile("path/deep|path/marking"))
	if len(all) != 2 {
		t.Fatalf("%d scenarios, want 2", len(all))
	}
	deep, err := runPath(t.Context(), &all[0], allProviders[1], "reno", 4*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	marking, err := runPath(t.Context(), &all[1], allProviders[1], "reno", 4*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if marking.Resent > 0 || marking.QueueMean > deep.QueueMean/2 {
		t.Errorf("%.2f%% resent, a queue of %.1f ms; without ECN %.1f ms", 100*marking.Resent, marking.QueueMean, deep.QueueMean)
	}
	if _, err := runPath(t.Context(), &all[1], allProviders[0], "reno", time.Second); err != nil {
		t.Error(err)
	}
}
