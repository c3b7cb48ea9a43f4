// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// scripted is a row whose samples are what f says.
func scripted(name string, f func(ctx context.Context, p provider) (float64, error)) row {
	return row{
		name:    name,
		figures: []figure{{"value", "count", higher}},
		run: func(ctx context.Context, p provider, _ settings) ([]float64, error) {
			v, err := f(ctx, p)
			if err != nil {
				return nil, err
			}
			return []float64{v}, nil
		},
	}
}

func TestExecuteInterleaves(t *testing.T) {
	var got []string
	note := func(name string) row {
		return scripted(name, func(_ context.Context, p provider) (float64, error) {
			got = append(got, name+p.name)
			return float64(len(got)), nil
		})
	}
	var log bytes.Buffer
	pl := &plan{
		rows:      []row{note("x"), note("y")},
		providers: []provider{{name: "A"}, {name: "B"}},
		rounds:    2,
		limits:    limits{sample: time.Minute, grace: time.Minute},
	}
	o, err := pl.execute(t.Context(), newProgress(&log, pl.rounds))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"xA", "xB", "xB", "xA", "yA", "yB", "yB", "yA"}, got); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	want := map[cell][][]float64{
		{"x", "A"}: {{1}, {4}}, {"x", "B"}: {{2}, {3}},
		{"y", "A"}: {{5}, {8}}, {"y", "B"}: {{6}, {7}},
	}
	if diff := cmp.Diff(want, o.samples, cmp.AllowUnexported(cell{})); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
	if n := strings.Count(log.String(), "\n"); n != 8 || strings.Contains(log.String(), "\x1b") {
		t.Errorf("progress off a terminal is not a plain line a sample:\n%s", log.String())
	}
}

func TestProgressOnTerminal(t *testing.T) {
	var log bytes.Buffer
	pl := &plan{
		rows:      []row{scripted("x", func(context.Context, provider) (float64, error) { return 1, nil })},
		providers: []provider{{name: "A"}},
		rounds:    2,
		limits:    limits{sample: time.Minute, grace: time.Minute},
	}
	if _, err := pl.execute(t.Context(), progress{out: &log, live: true, rounds: 2}); err != nil {
		t.Fatal(err)
	}
	want := erase + "[1/2] x, A, round 1 of 2" + erase + "[2/2] x, A, round 2 of 2" + erase
	if diff := cmp.Diff(want, log.String()); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

// TestExecuteGoesOnAfterFailure has one provider fail and time out: the other
// provider and the other rows still run, and the failed one is not asked again.
func TestExecuteGoesOnAfterFailure(t *testing.T) {
	asked := make(map[string]int)
	fail := func(name string, how func(ctx context.Context) error) row {
		return scripted(name, func(ctx context.Context, p provider) (float64, error) {
			asked[name+p.name]++
			if p.name == "B" {
				return 0, how(ctx)
			}
			return 1, nil
		})
	}
	pl := &plan{
		rows: []row{
			fail("bad", func(context.Context) error { return errors.New("corrupt stream") }),
			fail("slow", func(ctx context.Context) error { return wait(ctx, nil) }),
			fail("good", func(context.Context) error { return nil }),
		},
		providers: []provider{{name: "A"}, {name: "B"}},
		rounds:    3,
		limits:    limits{sample: 50 * time.Millisecond, grace: time.Minute},
	}
	o, err := pl.execute(t.Context(), newProgress(&bytes.Buffer{}, pl.rounds))
	if err != nil {
		t.Fatal(err)
	}
	want := []failure{
		{"bad", "B", 1, "corrupt stream"},
		{"slow", "B", 1, "timed out after 50ms"},
	}
	if diff := cmp.Diff(want, o.failures); diff != "" {
		t.Errorf("failures (-want +got):\n%s", diff)
	}
	wantAsked := map[string]int{"badA": 3, "badB": 1, "slowA": 3, "slowB": 1, "goodA": 3, "goodB": 3}
	if diff := cmp.Diff(wantAsked, asked); diff != "" {
		t.Errorf("samples taken (-want +got):\n%s", diff)
	}
}

// TestExecuteStopsAtHang has a row block where no context reaches it.
func TestExecuteStopsAtHang(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	pl := &plan{
		rows: []row{
			scripted("stuck", func(context.Context, provider) (float64, error) { <-release; return 1, nil }),
			scripted("next", func(context.Context, provider) (float64, error) {
				t.Error("a row ran after a hang")
				return 1, nil
			}),
		},
		providers: []provider{{name: "A"}},
		rounds:    1,
		limits:    limits{sample: 10 * time.Millisecond, grace: 10 * time.Millisecond},
	}
	o, err := pl.execute(t.Context(), newProgress(&bytes.Buffer{}, pl.rounds))
	if !errors.Is(err, errHung) {
		t.Errorf("error is %v, want %v", err, errHung)
	}
	want := "stuck: A: round 1: hung: timed out after 10ms, and did not end within 10ms of that"
	if len(o.failures) != 1 || o.failures[0].String() != want {
		t.Errorf("failures are %v, want %q", o.failures, want)
	}
}
