// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"html/template"
	"image/color"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// A provider has the same colour and the same glyph in every plot.
var (
	colours = map[string]color.Color{
		theirs: color.RGBA{R: 0xc8, G: 0x5a, B: 0x17, A: 0xff},
		ours:   color.RGBA{R: 0x1f, G: 0x5f, B: 0xa8, A: 0xff},
		least:  color.RGBA{R: 0x4b, G: 0x7f, B: 0x52, A: 0xff},
	}
	glyphs = map[string]draw.GlyphDrawer{
		theirs: draw.BoxGlyph{}, ours: draw.CircleGlyph{}, least: draw.PyramidGlyph{},
	}
	ink  = color.RGBA{R: 0x33, G: 0x38, B: 0x40, A: 0xff}
	pale = color.RGBA{R: 0xdd, G: 0xe1, B: 0xe6, A: 0xff}
)

// points are places with an interval about each in one direction.
type points struct {
	plotter.XYs
	low, high []float64 // distances
}

func (p *points) add(x, y, low, high float64) {
	p.XYs = append(p.XYs, plotter.XY{X: x, Y: y})
	p.low, p.high = append(p.low, low), append(p.high, high)
}

// XError implements plotter.XErrorer.
func (p *points) XError(i int) (float64, float64) { return -p.low[i], p.high[i] }

// YError implements plotter.YErrorer.
func (p *points) YError(i int) (float64, float64) { return -p.low[i], p.high[i] }

// newPlot returns a plot in the page's dress.
func newPlot() *plot.Plot {
	p := plot.New()
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.LineStyle.Color, a.Tick.LineStyle.Color = pale, pale
		a.Label.TextStyle.Color, a.Tick.Label.Color = ink, ink
		a.Tick.Label.Font.Size, a.Label.TextStyle.Font.Size = vg.Points(8), vg.Points(9)
		// What the page shows text in has the widths of this one.
		a.Tick.Label.Font.Variant, a.Label.TextStyle.Font.Variant = "Sans", "Sans"
		a.Padding = vg.Points(4)
	}
	p.BackgroundColor = color.Transparent
	return p
}

// grid returns a grid that keeps behind what is drawn on it.
func grid(vertical, horizontal bool) *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = pale, pale
	if !vertical {
		g.Vertical.Color = nil
	}
	if !horizontal {
		g.Horizontal.Color = nil
	}
	return g
}

// svg renders a plot to be put into a page.
func svg(p *plot.Plot, width, height font.Length) (template.HTML, error) {
	c := vgsvg.New(width, height)
	p.Draw(draw.New(c))
	var b bytes.Buffer
	if _, err := c.WriteTo(&b); err != nil {
		return "", fmt.Errorf("plot: %w", err)
	}
	_, body, ok := bytes.Cut(b.Bytes(), []byte("<svg"))
	if !ok {
		return "", fmt.Errorf("plot: no SVG")
	}
	return template.HTML("<svg" + string(body)), nil
}

// scatter adds the places of a provider.
func scatter(p *plot.Plot, provider string, pts *points, radius font.Length) error {
	s, err := plotter.NewScatter(pts)
	if err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	s.Color, s.Radius, s.Shape = colours[provider], radius, glyphs[provider]
	if s.Color == nil {
		s.Color, s.Shape = ink, draw.RingGlyph{}
	}
	p.Add(s)
	return nil
}

// labelled are ticks at whole numbers, with names.
func labelled(names []string) plot.ConstantTicks {
	var ts plot.ConstantTicks
	for i, n := range names {
		ts = append(ts, plot.Tick{Value: float64(i), Label: n})
	}
	return ts
}

// factors are ticks of a logarithmic axis of ratios.
type factors struct{}

// Ticks implements plot.Ticker.
func (factors) Ticks(lo, hi float64) []plot.Tick {
	var ts []plot.Tick
	for _, x := range []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.33, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50, 100, 1000} {
		if x >= lo && x <= hi {
			ts = append(ts, plot.Tick{Value: x, Label: fmt.Sprintf("%g", x)})
		}
	}
	return ts
}

// steps are ticks of a linear axis from zero: four or so, at round numbers.
type steps struct{}

// Ticks implements plot.Ticker.
func (steps) Ticks(lo, hi float64) []plot.Tick {
	size := math.Pow(10, math.Floor(math.Log10(hi-lo)))
	for _, part := range []float64{5, 2, 1, 0.5, 0.2} {
		if n := (hi - lo) / (part * size); n >= 3 {
			size *= part
			break
		}
	}
	var ts []plot.Tick
	for i := math.Ceil(lo / size); i*size <= hi; i++ {
		ts = append(ts, plot.Tick{Value: i * size, Label: strconv.FormatFloat(i*size, 'g', 6, 64)})
	}
	return ts
}

// drawRatios draws how many times better we are than another provider, a line for
// each figure of the rows that are not sweeps; nothing where there is no pair.
func drawRatios(rep *report, under string) (template.HTML, error) {
	var names []string
	var pts points
	for _, r := range rep.Rows {
		if r.Axis != "" {
			continue
		}
		for _, f := range r.Figures {
			over, base := f.Providers[ours], f.Providers[under]
			xs := quotients(over.values(), base.values())
			if len(xs) == 0 {
				continue
			}
			for i := range xs {
				xs[i] = gain(xs[i], f.Better)
			}
			s := summarize(xs)
			lo, hi := s.bounds()
			if math.IsNaN(s.Median) || lo <= 0 {
				continue
			}
			// The first is to stand at the top.
			pts.add(s.Median, float64(-len(names)), s.Median-lo, hi-s.Median)
			names = append(names, r.Name+": "+f.Name)
		}
	}
	if len(names) == 0 {
		return "", nil
	}
	p := newPlot()
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, factors{}
	p.X.Label.Text = "times better (right of 1), median and 95% interval"
	ticks := labelled(names)
	for i := range ticks {
		ticks[i].Value *= -1
	}
	p.Y.Tick.Marker = ticks
	p.Y.Min, p.Y.Max = -float64(len(names))+0.5, 0.5
	one, err := plotter.NewLine(plotter.XYs{{X: 1, Y: p.Y.Min}, {X: 1, Y: p.Y.Max}})
	if err != nil {
		return "", fmt.Errorf("plot: %w", err)
	}
	one.Color = ink
	bars, err := plotter.NewXErrorBars(&pts)
	if err != nil {
		return "", fmt.Errorf("plot: %w", err)
	}
	bars.Color, bars.Width = colours[ours], vg.Points(1.2)
	p.Add(grid(true, false), one, bars)
	if err := scatter(p, ours, &pts, vg.Points(3)); err != nil {
		return "", err
	}
	// Room for one, whatever the figures are.
	p.X.Min, p.X.Max = min(p.X.Min, 0.9)*0.95, max(p.X.Max, 1.1)*1.05
	return svg(p, 22*vg.Centimeter, vg.Length(2+0.55*float64(len(names)))*vg.Centimeter)
}

// drawSamples draws every sample of a figure, and the median with its interval.
func drawSamples(r *reportRow, figure int, providers []string) (template.HTML, error) {
	p := newPlot()
	p.Add(grid(false, true))
	var names []string
	for _, provider := range providers {
		c, ok := r.Figures[figure].Providers[provider]
		if !ok || c.Summary == nil {
			continue
		}
		x := float64(len(names))
		names = append(names, provider)
		var all, middle points
		for i, y := range c.values() {
			if !math.IsNaN(y) {
				all.add(x-0.25+0.12*float64(i)/float64(len(c.Samples)), y, 0, 0)
			}
		}
		lo, hi := c.Summary.bounds()
		middle.add(x+0.1, c.Summary.Median, c.Summary.Median-lo, hi-c.Summary.Median)
		if err := scatter(p, provider, &all, vg.Points(1.5)); err != nil {
			return "", err
		}
		if err := interval(p, provider, &middle); err != nil {
			return "", err
		}
		if err := scatter(p, provider, &middle, vg.Points(3.5)); err != nil {
			return "", err
		}
	}
	if len(names) == 0 {
		return "", nil
	}
	p.Y.Min, p.Y.Tick.Marker = 0, steps{}
	p.Y.Max = max(p.Y.Max*1.05, 1e-9)
	p.X.Min, p.X.Max = -0.5, float64(len(names))-0.5
	p.X.Tick.Marker = labelled(names)
	return svg(p, 7.2*vg.Centimeter, 5*vg.Centimeter)
}

func interval(p *plot.Plot, provider string, pts *points) error {
	bars, err := plotter.NewYErrorBars(pts)
	if err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	bars.Color, bars.Width = ink, vg.Points(1)
	if c := colours[provider]; c != nil {
		bars.Color = c
	}
	p.Add(bars)
	return nil
}

// steep is from what quotient of the largest and the smallest on a plot has a
// logarithmic axis.
const steep = 15

// drawSweep draws a figure along a sweep, a line for each provider.
func drawSweep(rows []reportRow, figure int, providers []string) (template.HTML, error) {
	p := newPlot()
	p.Add(grid(false, true))
	names := make([]string, len(rows))
	least, most := math.Inf(1), 0.0
	drawn := 0
	for k, provider := range providers {
		var pts points
		for i, r := range rows {
			names[i] = r.Label
			if figure >= len(r.Figures) {
				continue
			}
			c, ok := r.Figures[figure].Providers[provider]
			if !ok || c.Summary == nil {
				continue
			}
			lo, hi := c.Summary.bounds()
			least, most = min(least, lo), max(most, hi)
			// Beside each other, so that no interval covers another.
			x := float64(i) + 0.08*(float64(k)-float64(len(providers)-1)/2)
			pts.add(x, c.Summary.Median, c.Summary.Median-lo, hi-c.Summary.Median)
		}
		if len(pts.XYs) == 0 {
			continue
		}
		drawn++
		if rows[0].Number {
			line, err := plotter.NewLine(pts)
			if err != nil {
				return "", fmt.Errorf("plot: %w", err)
			}
			line.Width, line.Color = vg.Points(1.2), ink
			if c := colours[provider]; c != nil {
				line.Color = c
			}
			p.Add(line)
		}
		if err := interval(p, provider, &pts); err != nil {
			return "", err
		}
		if err := scatter(p, provider, &pts, vg.Points(3)); err != nil {
			return "", err
		}
	}
	if drawn == 0 {
		return "", nil
	}
	p.X.Label.Text = rows[0].Axis
	p.X.Tick.Marker = labelled(names)
	p.X.Min, p.X.Max = -0.4, float64(len(rows))-0.6
	if least > 0 && most/least > steep {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		p.Y.Min, p.Y.Max = least*0.8, most*1.2
	} else {
		p.Y.Min, p.Y.Max, p.Y.Tick.Marker = 0, max(most*1.05, 1e-9), steps{}
	}
	return svg(p, 11*vg.Centimeter, 6.5*vg.Centimeter)
}
