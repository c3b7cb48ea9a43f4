// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/perf/benchfmt"
)

// measured is a run of a row and of a sweep with all providers, in which ours took
// the given share of netstack's time, and the floor half of that; in the third of
// ten rounds of the row ours has no value.
func measured(share float64) *report {
	pl := &plan{
		rows: []row{
			{name: "bulk-1500", figures: []figure{{"throughput", "Gbit/s", higher}, {"CPU, both ends", "s/GB", lower}}, floor: true},
			{name: "sweep/mtu/576", axis: "MTU, bytes", label: "576", number: true, figures: []figure{{"throughput", "Gbit/s", higher}}},
			{name: "sweep/mtu/9000", axis: "MTU, bytes", label: "9000", number: true, figures: []figure{{"throughput", "Gbit/s", higher}}},
		},
		providers: []provider{{name: theirs}, {name: ours}, {name: least, floor: true}},
		rounds:    10,
		skipped:   []skip{{"sweep/link/tun-out", "needs <root>"}},
	}
	o := &outcome{samples: make(map[cell][][]float64)}
	for i := range 10 {
		t := 1 + 0.01*float64(i)
		for p, x := range map[string]float64{theirs: t, ours: t * share, least: t * share / 2} {
			values := []float64{1 / x, x}
			if p == ours && i == 2 {
				values = nil
			}
			c := cell{"bulk-1500", p}
			o.samples[c] = append(o.samples[c], values)
			if p == least {
				continue
			}
			o.samples[cell{"sweep/mtu/576", p}] = append(o.samples[cell{"sweep/mtu/576", p}], []float64{1 / x})
			o.samples[cell{"sweep/mtu/9000", p}] = append(o.samples[cell{"sweep/mtu/9000", p}], []float64{100 / x})
		}
	}
	rep := newReport(pl, o, currentEnvironment(), true)
	return &rep
}

// A report is the same once it was written and read.
func TestReportRoundTrip(t *testing.T) {
	rep := measured(0.5)
	path := filepath.Join(t.TempDir(), "out.json")
	f, err := openOutput("-json", path)
	if err != nil {
		t.Fatal(err)
	}
	if err := writeReport(f, *rep); err != nil {
		t.Fatal(err)
	}
	got, err := readReport(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rep, got); diff != "" {
		t.Errorf("report (-written +read):\n%s", diff)
	}
	ratio := got.Rows[0].Figures[0].Providers[ours]
	if ratio.Ratio.N != 9 || ratio.Ratio.Median < 1.999 || ratio.FloorRatio.Median > 0.501 {
		t.Errorf("ours is %+v of netstack's and %+v of the floor's", ratio.Ratio, ratio.FloorRatio)
	}
}

func TestBenchText(t *testing.T) {
	b, err := benchText(measured(0.5))
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]int)
	r := benchfmt.NewReader(bytes.NewReader(b), "text")
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.Result:
			got[string(rec.Name)]++
			if _, ok := rec.Value("throughput-Gbit/s"); !ok {
				t.Errorf("%s has no throughput: %v", rec.Name, rec.Values)
			}
		case *benchfmt.SyntaxError:
			t.Error(rec)
		}
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	want := map[string]int{
		"Bulk-1500/provider=netstack": 10, "Bulk-1500/provider=tcpcb": 9, "Bulk-1500/provider=floor": 10,
		"Sweep/mtu/576/provider=netstack": 10, "Sweep/mtu/576/provider=tcpcb": 10,
		"Sweep/mtu/9000/provider=netstack": 10, "Sweep/mtu/9000/provider=tcpcb": 10,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines of each benchmark (-want +got):\n%s", diff)
	}
	if better := r.Units().GetBetter("CPU-both-ends-s/GB"); better != -1 {
		t.Errorf("less CPU is %d, want -1", better)
	}
}

// What rows are called gives each figure a unit of its own in their text.
func TestTextUnits(t *testing.T) {
	way := make(map[string]better)
	for _, r := range append(append([]row{}, allRows...), sweeps...) {
		seen := make(map[string]bool)
		for _, f := range r.figures {
			u := textUnit(reportFigure{Name: f.name, Unit: f.unit})
			if seen[u] || strings.ContainsAny(u, " \t") {
				t.Errorf("%s: unit %q is taken, or more than a word", r.name, u)
			}
			if b, ok := way[u]; ok && b != f.better {
				t.Errorf("%s: unit %q is better both ways", r.name, u)
			}
			seen[u], way[u] = true, f.better
		}
	}
}

func TestCompare(t *testing.T) {
	old, new := measured(0.5), measured(0.4)
	got := make(map[string]string)
	for _, c := range compareReports(old, new) {
		if c.Row == "bulk-1500" {
			got[c.Figure+" "+c.Of] = c.delta() + " " + c.verdict()
		}
	}
	want := map[string]string{
		"throughput netstack": "~ ", "throughput tcpcb": "+25.0% better", "throughput floor": "+25.0% better",
		"throughput tcpcb/netstack": "+25.0% better", "throughput floor/netstack": "+25.0% better",
		"CPU, both ends netstack": "~ ", "CPU, both ends tcpcb": "-20.0% better", "CPU, both ends floor": "-20.0% better",
		"CPU, both ends tcpcb/netstack": "-20.0% better", "CPU, both ends floor/netstack": "-20.0% better",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	for _, c := range compareReports(new, old) {
		if c.Of == ours && c.verdict() != "worse" {
			t.Errorf("%s of %s, the other way: %s %q, want worse", c.Figure, c.Row, c.delta(), c.verdict())
		}
	}
	var b bytes.Buffer
	if err := writeChanges(&b, compareReports(old, new)); err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^bulk-1500 +throughput +Gbit/s +netstack .* ~ +1\.000 +10\+10$`).Match(b.Bytes()) {
		t.Errorf("the table lacks a line:\n%s", b.String())
	}
	old.Rows = old.Rows[1:]
	for _, c := range compareReports(old, new) {
		if c.Row == "bulk-1500" {
			t.Errorf("a row that only one run has is compared: %+v", c)
		}
	}
}

func TestGoals(t *testing.T) {
	all := []goal{
		atLeast("met", "bulk-1500", "throughput", theirs, 1.9),
		atLeast("missed", "bulk-1500", "throughput", theirs, 2.1),
		atMost("between", "bulk-1500", "CPU, both ends", "", 0.525).alone(),
		atLeast("beside", "sweep/mtu/9000", "throughput", "", 99).besides("sweep/mtu/576"),
		atMost("nowhere", "idle", "heap of an endpoint, opened", theirs, 1),
	}
	var got []string
	for _, v := range measured(0.5).judge(all) {
		got = append(got, v.What+": "+v.Verdict)
	}
	want := []string{"met: met", "missed: not met", "between: unclear: met by the median", "beside: met"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("verdicts (-want +got):\n%s", diff)
	}
}

// Every goal speaks of a row and of a figure that there are.
func TestGoalsExist(t *testing.T) {
	figures := make(map[string]bool)
	for _, r := range append(append([]row{}, allRows...), sweeps...) {
		for _, f := range r.figures {
			figures[r.name+" "+f.name] = true
		}
	}
	for _, g := range goals {
		if !figures[g.over.row+" "+g.figure] || g.under != (cell{}) && !figures[g.under.row+" "+g.figure] {
			t.Errorf("%s: there is no %q of %q and %q", g.what, g.figure, g.over.row, g.under.row)
		}
	}
}

// The page holds what was measured, is well formed, and needs nothing else.
func TestPage(t *testing.T) {
	old, rep := measured(0.5), measured(0.4)
	rep.Failures = []failure{{"idle", ours, 1, "it <broke>"}}
	b, err := page(rep, compareReports(old, rep))
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, want := range []string{
		`<h3>bulk-1500</h3>`, `<h3>sweep/mtu: MTU, bytes</h3>`, "sweep/mtu/9000", "throughput, Gbit/s", "CPU, both ends, s/GB",
		"needs &lt;root&gt;", "it &lt;broke&gt;", "tcpcb, times better than netstack", "tcpcb, times better than floor",
		"bulk, MTU 1500: throughput, of netstack&#39;s", "&#43;25.0%", "9000</text>",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	// Two of ratios; three figures of the row and the sweep.
	if n := strings.Count(text, "<svg"); n != 2+3 {
		t.Errorf("%d plots, want 5", n)
	}
	if refs := regexp.MustCompile(`(?i)(src|href)="[^#"][^"]*"|@import|url\(`).FindAllString(text, -1); len(refs) > 0 {
		t.Errorf("the page refers to %q", refs)
	}
	d := xml.NewDecoder(strings.NewReader(text))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("not well formed: %v", err)
		}
	}
}

// A run without a floor, without sweeps or without any value has a page too.
func TestPageOfLittle(t *testing.T) {
	rep := measured(0.5)
	rep.Settings.Providers = []string{ours}
	rep.Rows = rep.Rows[:1]
	for i := range rep.Rows[0].Figures {
		rep.Rows[0].Figures[i].Providers = map[string]reportCell{ours: {Samples: make([]*float64, 10)}}
	}
	b, err := page(rep, nil)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(b), "<svg") || !strings.Contains(string(b), "bulk-1500") {
		t.Errorf("a page of no values:\n%s", b)
	}
}

func TestSteps(t *testing.T) {
	for _, hi := range []float64{0.003, 0.99, 1, 26, 58.2, 1050, 123456} {
		ts := steps{}.Ticks(0, hi)
		if len(ts) < 4 || len(ts) > 9 || ts[0].Label != "0" {
			t.Errorf("up to %v: ticks are %v", hi, ts)
		}
	}
}

// The floor is measured where it says it can be, and its ratios are told.
func TestFloorInPlan(t *testing.T) {
	pl := &plan{providers: allProviders}
	over, under := pl.pairs()
	var got []string
	for i := range over {
		got = append(got, fmt.Sprintf("%s/%s", over[i].name, under[i].name))
	}
	if diff := cmp.Diff([]string{"tcpcb/netstack", "netstack/floor", "tcpcb/floor"}, got); diff != "" {
		t.Errorf("ratios (-want +got):\n%s", diff)
	}
	for _, r := range allRows {
		if n := len(pl.takers(r)); n != 2 && !r.floor || r.floor && n != 3 {
			t.Errorf("%s is run by %d providers", r.name, n)
		}
	}
	pl.rounds, pl.quick = 5, true
	if pl.roundsOf(idleRow) != 2 || pl.roundsOf(latencyRow) != 5 {
		t.Errorf("%d rounds of idle, %d of ping-pong", pl.roundsOf(idleRow), pl.roundsOf(latencyRow))
	}
	pl.rows = []row{{name: "there"}, {name: "not", missing: func() error { return errors.New("no such thing") }}}
	pl.leaveOut()
	if len(pl.rows) != 1 || len(pl.skipped) != 1 || pl.skipped[0] != (skip{"not", "no such thing"}) {
		t.Errorf("rows are %v, left out %v", pl.rows, pl.skipped)
	}
}
