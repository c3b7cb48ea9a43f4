// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
)

// report is what -json writes. Durations are in seconds.
type report struct {
	Environment environment `json:"environment"`
	Settings    reportSet   `json:"settings"`
	// Complete is false if the run ended before its plan did.
	Complete bool        `json:"complete"`
	Failures []failure   `json:"failures"`
	Rows     []reportRow `json:"rows"`
	// Paths are the runs of the path/ rows.
	Paths []*pathResult `json:"paths,omitempty"`
}

// environment says where the figures come from.
type environment struct {
	Go         string `json:"go"`
	OS         string `json:"os"`
	Arch       string `json:"arch"`
	CPUs       int    `json:"cpus"`
	GOMAXPROCS int    `json:"gomaxprocs"`
	// Modules maps the path of each module linked in to its version.
	Modules map[string]string `json:"modules,omitempty"`
}

type reportSet struct {
	Time      float64  `json:"time"`
	Rounds    int      `json:"rounds"`
	Idle      int      `json:"idle_connections"`
	Flows     int      `json:"flows"`
	Drain     float64  `json:"drain"`
	Providers []string `json:"providers"`
}

type reportRow struct {
	Name    string         `json:"name"`
	Figures []reportFigure `json:"figures"`
}

type reportFigure struct {
	Name   string `json:"name"`
	Unit   string `json:"unit"`
	Better better `json:"better"`
	// Providers is keyed by the provider's name.
	Providers map[string]reportCell `json:"providers"`
}

type reportCell struct {
	// Samples has an entry a round, null where there is no value.
	Samples []*float64 `json:"samples"`
	Summary *summary   `json:"summary,omitempty"`
	// Ratio is of this provider's value to the first provider's, pair by
	// pair.
	Ratio *summary `json:"ratio,omitempty"`
}

func currentEnvironment() environment {
	e := environment{
		Go:         runtime.Version(),
		OS:         runtime.GOOS,
		Arch:       runtime.GOARCH,
		CPUs:       runtime.NumCPU(),
		GOMAXPROCS: runtime.GOMAXPROCS(0),
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		e.Modules = make(map[string]string)
		for _, m := range info.Deps {
			e.Modules[m.Path] = m.Version
		}
	}
	return e
}

func newReport(pl *plan, o *outcome, complete bool) report {
	rep := report{
		Environment: currentEnvironment(),
		Settings: reportSet{
			Time:   pl.settings.time.Seconds(),
			Rounds: pl.rounds,
			Idle:   pl.settings.idle,
			Flows:  pl.settings.flows,
			Drain:  pl.settings.drain.Seconds(),
		},
		Complete: complete,
		Failures: append([]failure{}, o.failures...),
	}
	for _, p := range pl.providers {
		rep.Settings.Providers = append(rep.Settings.Providers, p.name)
	}
	for _, r := range pl.rows {
		row := reportRow{Name: r.name}
		for i, f := range r.figures {
			row.Figures = append(row.Figures, newReportFigure(pl, o, r, f, i))
		}
		rep.Rows = append(rep.Rows, row)
	}
	return rep
}

func newReportFigure(pl *plan, o *outcome, r row, f figure, index int) reportFigure {
	out := reportFigure{
		Name: f.name, Unit: f.unit, Better: f.better,
		Providers: make(map[string]reportCell),
	}
	base := o.samples[cell{r.name, pl.providers[0].name}]
	for i, p := range pl.providers {
		rounds := o.samples[cell{r.name, p.name}]
		var c reportCell
		for _, values := range rounds {
			if values == nil {
				c.Samples = append(c.Samples, nil)
			} else {
				c.Samples = append(c.Samples, &values[index])
			}
		}
		if xs := column(rounds, index); len(xs) > 0 {
			s := summarize(xs)
			c.Summary = &s
		}
		if xs := pairRatios(rounds, base, index); i > 0 && len(xs) > 0 {
			s := summarize(xs)
			c.Ratio = &s
		}
		out.Providers[p.name] = c
	}
	return out
}

// openReport makes sure that the report can be written before time is spent
// on it. What the file held stays until then.
func openReport(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("-json: %w", err)
	}
	return f, nil
}

// writeReport replaces what is in f and closes it.
func writeReport(f *os.File, rep report) error {
	b, err := json.MarshalIndent(rep, "", "\t")
	if err == nil {
		err = replace(f, append(b, '\n'))
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("-json: %w", err)
	}
	return nil
}

func replace(f *os.File, b []byte) error {
	// Devices and pipes have no length to cut, and need none cut.
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		if err := f.Truncate(0); err != nil {
			return err
		}
	}
	_, err := f.Write(b)
	return err
}
