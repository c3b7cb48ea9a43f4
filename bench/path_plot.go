// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"image/color"
	"os"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// drawPath draws a run into dir, as one SVG file: goodput, congestion window,
// round-trip time and queue over time. It returns the file's name.
func drawPath(dir string, r *pathResult, rate int64) (string, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	panels := []struct {
		title string
		value func(i int) float64
	}{
		{"goodput, Mbit/s", func(i int) float64 { return r.goodputAt(i) }},
		{"cwnd, segments", func(i int) float64 { return float64(r.Series[i].cwnd) }},
		{"smoothed RTT, ms", func(i int) float64 { return r.Series[i].rtt.Seconds() * 1000 }},
		{"queue, ms", func(i int) float64 { return float64(r.Series[i].queueBytes) * 8 / float64(rate) * 1000 }},
	}
	canvas := vgsvg.New(20*vg.Centimeter, vg.Length(len(panels))*5*vg.Centimeter)
	tiles := draw.Tiles{Rows: len(panels), Cols: 1, PadY: 3 * vg.Millimeter, PadX: 2 * vg.Millimeter}
	dc := draw.New(canvas)
	plots := make([][]*plot.Plot, len(panels))
	for i, panel := range panels {
		p := plot.New()
		plots[i] = []*plot.Plot{p}
		p.Y.Label.Text = panel.title
		p.Y.Min = 0
		if i == 0 {
			p.Title.Text = fmt.Sprintf("%s, %s, %s: %.1f Mbit/s", r.Scenario, r.Provider, r.Control, r.Goodput)
		}
		if i == len(panels)-1 {
			p.X.Label.Text = "time, s"
		}
		xys := make(plotter.XYs, len(r.Series))
		for j, s := range r.Series {
			xys[j] = plotter.XY{X: s.at.Seconds(), Y: panel.value(j)}
		}
		line, err := plotter.NewLine(xys)
		if err != nil {
			return "", fmt.Errorf("plot %s: %w", panel.title, err)
		}
		line.Color = color.RGBA{R: 0x1f, G: 0x5f, B: 0xa8, A: 0xff}
		p.Add(plotter.NewGrid(), line)
	}
	for i, c := range plot.Align(plots, tiles, dc) {
		plots[i][0].Draw(c[0])
	}
	name := strings.NewReplacer("/", "-", "%", "").Replace(r.Scenario + "-" + r.Provider + "-" + r.Control)
	file := filepath.Join(dir, name+".svg")
	f, err := os.Create(file)
	if err != nil {
		return "", err
	}
	if _, err := canvas.WriteTo(f); err != nil {
		f.Close()
		return "", fmt.Errorf("write %s: %w", file, err)
	}
	return file, f.Close()
}

// goodputWindow is over how many samples goodput is averaged.
const goodputWindow = 4

// goodputAt returns the goodput of the first flow about sample i, in Mbit/s.
func (r *pathResult) goodputAt(i int) float64 {
	from := max(0, i-goodputWindow)
	t := (r.Series[i].at - r.Series[from].at).Seconds()
	if t <= 0 {
		return 0
	}
	return float64(r.Series[i].read-r.Series[from].read) * 8 / t / 1e6
}
