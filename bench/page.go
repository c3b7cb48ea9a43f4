// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"math"
	"strings"
)

//go:embed page.html.tmpl
var pageSource string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"number":   number,
	"spread":   spread,
	"class":    func(s string) string { return strings.ReplaceAll(strings.SplitN(s, ":", 2)[0], " ", "-") },
	"spreadOf": func(s summary) string { return spread(&s) },
	"delta":    func(c change) string { return c.delta() },
	"verdict":  func(c change) string { return c.verdict() },
	"numbers":  func(s section, providers []string) numbers { return numbers{s, providers} },
	"p":        func(x float64) string { return fmt.Sprintf("%.3f", x) },
}).Parse(pageSource))

// pageData is what the template shows.
type pageData struct {
	Report  *report
	Goals   []verdict
	Met     int
	Summary []drawing
	Rows    []section
	Sweeps  []section
	// Changes are those that are significant, of Compared.
	Changes  []change
	Compared int
}

// section is a row or a sweep: its plots, and its numbers.
type section struct {
	Name  string
	Axis  string
	Plots []drawing
	Rows  []reportRow
}

// numbers is what a table of a section needs.
type numbers struct {
	Section   section
	Providers []string
}

// drawing is a plot and what it shows, in words.
type drawing struct {
	Title string
	SVG   template.HTML
}

// page returns a run as one HTML page that needs nothing beside itself.
func page(rep *report, changes []change) ([]byte, error) {
	d := pageData{Report: rep, Goals: rep.judge(goals), Compared: len(changes)}
	for _, c := range changes {
		if c.Significant {
			d.Changes = append(d.Changes, c)
		}
	}
	for _, v := range d.Goals {
		if v.Verdict == "met" {
			d.Met++
		}
	}
	for _, under := range []string{theirs, least} {
		svg, err := drawRatios(rep, under)
		if err != nil {
			return nil, err
		}
		if svg != "" {
			d.Summary = append(d.Summary, drawing{ours + ", times better than " + under, svg})
		}
	}
	var sweep *section
	for _, r := range rep.Rows {
		if r.Axis == "" {
			s := section{Name: r.Name, Rows: []reportRow{r}}
			for i, f := range r.Figures {
				svg, err := drawSamples(&s.Rows[0], i, rep.Settings.Providers)
				if err != nil {
					return nil, err
				}
				if svg != "" {
					s.Plots = append(s.Plots, drawing{f.Name + ", " + f.Unit, svg})
				}
			}
			d.Rows = append(d.Rows, s)
			continue
		}
		name := strings.TrimSuffix(r.Name, "/"+r.Label)
		if sweep == nil || sweep.Name != name {
			d.Sweeps = append(d.Sweeps, section{Name: name, Axis: r.Axis})
			sweep = &d.Sweeps[len(d.Sweeps)-1]
		}
		sweep.Rows = append(sweep.Rows, r)
	}
	for i := range d.Sweeps {
		s := &d.Sweeps[i]
		for k, f := range s.Rows[0].Figures {
			svg, err := drawSweep(s.Rows, k, rep.Settings.Providers)
			if err != nil {
				return nil, err
			}
			if svg != "" {
				s.Plots = append(s.Plots, drawing{f.Name + ", " + f.Unit, svg})
			}
		}
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, d); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	return b.Bytes(), nil
}

// spread tells a median and what holds it.
func spread(s *summary) string {
	if s == nil {
		return "–"
	}
	lo, hi := s.bounds()
	return fmt.Sprintf("%s (%s to %s)", number(s.Median), number(lo), number(hi))
}

// gain is how many times better a ratio is than one: the ratio, or where less is
// better its inverse.
func gain(x float64, b better) float64 {
	if b == lower {
		x = 1 / x
	}
	if math.IsInf(x, 0) {
		return math.NaN()
	}
	return x
}
