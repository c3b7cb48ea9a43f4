// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"time"
)

// report is what -json writes. Durations are in seconds.
type report struct {
	Environment environment `json:"environment"`
	Settings    reportSet   `json:"settings"`
	// Complete is false if the run ended before its plan did.
	Complete bool        `json:"complete"`
	Failures []failure   `json:"failures"`
	Rows     []reportRow `json:"rows"`
	// Skipped are rows that this machine cannot run, and why.
	Skipped []skip `json:"skipped,omitempty"`
	// Paths are the runs of the path/ rows.
	Paths []*pathResult `json:"paths,omitempty"`
}

// skip is a row that was not run.
type skip struct {
	Row string `json:"row"`
	Why string `json:"why"`
}

// environment says where the figures come from. What is not known is empty.
type environment struct {
	// Began is when the run did.
	Began time.Time `json:"began"`
	// Revision is that of the source, with +changes where it was changed.
	Revision string `json:"revision,omitempty"`
	CPU      string `json:"cpu,omitempty"`
	Kernel   string `json:"kernel,omitempty"`
	// Load is the machine's load average over a minute when the run began:
	// what else it was doing.
	Load       string `json:"load,omitempty"`
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
	// Axis is what the rows of a sweep differ in, and Label where on it this
	// one is.
	Axis  string `json:"axis,omitempty"`
	Label string `json:"label,omitempty"`
	// Number says that Label is one.
	Number bool `json:"number,omitempty"`
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
	// FloorRatio is the same of this provider's value to the floor's.
	FloorRatio *summary `json:"floor_ratio,omitempty"`
}

// values returns the samples, NaN where a round has none.
func (c *reportCell) values() []float64 {
	out := make([]float64, len(c.Samples))
	for i, x := range c.Samples {
		out[i] = math.NaN()
		if x != nil {
			out[i] = *x
		}
	}
	return out
}

func currentEnvironment() environment {
	e := environment{
		Began:      time.Now().UTC().Truncate(time.Second),
		Revision:   revision(),
		CPU:        cpuModel(),
		Kernel:     firstLine("/proc/sys/kernel/osrelease"),
		Load:       firstWord("/proc/loadavg"),
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

func newReport(pl *plan, o *outcome, env environment, complete bool) report {
	rep := report{
		Environment: env,
		Skipped:     pl.skipped,
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
		row := reportRow{Name: r.name, Axis: r.axis, Label: r.label, Number: r.number}
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
	var least [][]float64
	if fp := pl.floor(); fp != nil {
		least = o.samples[cell{r.name, fp.name}]
	}
	for i, p := range pl.takers(r) {
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
		if xs := pairRatios(rounds, least, index); !p.floor && len(xs) > 0 {
			s := summarize(xs)
			c.FloorRatio = &s
		}
		out.Providers[p.name] = c
	}
	return out
}

// openOutput makes sure that the file a flag names can be written before time is
// spent on it. What the file held stays until then.
func openOutput(flag, path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", flag, err)
	}
	return f, nil
}

// writeReport replaces what is in f and closes it.
func writeReport(f *os.File, rep report) error {
	b, err := json.MarshalIndent(rep, "", "\t")
	if err != nil {
		return fmt.Errorf("-json: %w", err)
	}
	return writeOutput("-json", f, append(b, '\n'))
}

// writeOutput replaces what is in the file of a flag and closes it.
func writeOutput(flag string, f *os.File, b []byte) error {
	err := replace(f, b)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("%s: %w", flag, err)
	}
	return nil
}

// readReport returns what writeReport wrote to a file.
func readReport(path string) (*report, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var rep report
	if err := json.Unmarshal(b, &rep); err != nil {
		return nil, fmt.Errorf("%s: not what -json writes: %w", path, err)
	}
	if len(rep.Rows) == 0 && len(rep.Paths) == 0 {
		return nil, fmt.Errorf("%s: no rows in it", path)
	}
	return &rep, nil
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
