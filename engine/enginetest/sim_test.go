// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"strings"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine"
)

func smallConfig() Config {
	var c Config
	for i := range c.Hosts {
		c.Hosts[i].Params = engine.Params{ISS: uint32(i), MSS: 1460}
		c.Hosts[i].Write = 20_000
		c.Links[i].Delay = time.Millisecond
	}
	return c
}

// TestRunCanFail shows that each property that Run promises is looked at.
func TestRunCanFail(t *testing.T) {
	texts := 0
	for _, test := range []struct {
		name   string
		change func(c *Config)
		tamper func(p *packet) bool
		want   string
	}{
		{"nothing wrong", func(c *Config) {}, nil, ""},
		{
			"a byte is changed", func(c *Config) {},
			func(p *packet) bool {
				if p.payload.Size() > 0 {
					p.payload.Apply(func(v *buffer.View) { v.AsSlice()[v.Size()/2] ^= 1 })
				}
				return true
			},
			"of the stream is wrong",
		},
		{
			"a position is changed", func(c *Config) {},
			func(p *packet) bool {
				if p.payload.Size() > 1000 {
					if texts++; texts == 3 {
						p.header[7] ^= 4
					}
				}
				return true
			},
			"of the stream is wrong",
		},
		{
			"a clean path loses", func(c *Config) {},
			func(p *packet) bool {
				if p.payload.Size() > 0 {
					texts++
				}
				return texts != 5
			},
			"on a clean path",
		},
		{
			"nothing gets through", func(c *Config) { c.Links[0].Loss = 1 }, nil,
			"never heard of a connection",
		},
		{
			"both wait for the other", func(c *Config) { c.Hosts[0].End, c.Hosts[1].End = EndHold, EndHold }, nil,
			"stands still",
		},
		{
			"no time", func(c *Config) { c.Limit = 3 * time.Millisecond }, nil,
			"not over",
		},
		{
			"a header that does not parse", func(c *Config) {},
			func(p *packet) bool { p.header[12] = 0; return true },
			"cannot parse",
		},
		{
			"an engine that panics", func(c *Config) {
				c.Hosts[0].Params.Trace = func(engine.TraceEvent) { panic("BUG: as a test") }
			}, nil,
			"BUG: as a test",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := smallConfig()
			test.change(&c)
			texts = 0
			s := newSim(1, &c, true)
			s.links[0].tamper = test.tamper
			r := s.run()
			if test.want == "" {
				if r.Err != nil {
					t.Fatal(r.Err)
				}
				return
			}
			if r.Err == nil || !strings.Contains(r.Err.Error(), test.want) {
				t.Fatalf("error %v, want one with %q", r.Err, test.want)
			}
			text := r.Rerun(1, c).Error()
			if !strings.Contains(text, "enginetest.Run(1, enginetest.Config{") || len(r.Trace) == 0 {
				t.Errorf("no way to run it again in:\n%s", text)
			}
		})
	}
}

// TestRunReports checks a Result against what is known of the simulation.
func TestRunReports(t *testing.T) {
	c := smallConfig()
	r := Run(1, c)
	if r.Err != nil || r.Rerun(1, c) != nil {
		t.Fatal(r.Err)
	}
	for i, h := range r.Hosts {
		peer := r.Hosts[1-i]
		if h.Written != 20_000 || h.Read != 20_000 || h.SumRead != peer.SumWritten || !h.EOF || !h.Closed ||
			h.State != engine.StateClosed || h.Reason != engine.ReasonNone || h.Counters.SegsOut == 0 {
			t.Errorf("host %d: %+v", i, h)
		}
	}
	if r.Hosts[0].SumWritten == r.Hosts[1].SumWritten {
		t.Error("the two directions carry the same bytes")
	}
	if r.Packets < 28 || r.Lost != 0 || r.Elapsed < engine.DefaultTimeWait {
		t.Errorf("%d packets, %d lost, %v", r.Packets, r.Lost, r.Elapsed)
	}
	c.Links[1].Loss = 0.3
	if r := Run(1, c); r.Err != nil || r.Lost == 0 {
		t.Errorf("with loss: %v, %d lost", r.Err, r.Lost)
	}
}

// TestOrderly names what makes a simulation one in which text may be missing.
func TestOrderly(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(c *Config)
		want   bool
	}{
		{"shutdown", func(c *Config) {}, true},
		{"hold", func(c *Config) { c.Hosts[0].End = EndHold }, true},
		{"close while the peer writes", func(c *Config) { c.Hosts[0].End = EndClose }, false},
		{"close, and the peer is silent", func(c *Config) { c.Hosts[0].End = EndClose; c.Hosts[1].Write = 0 }, true},
		{"abort", func(c *Config) { c.Hosts[1].End = EndAbort }, false},
		{"act", func(c *Config) { c.Hosts[1].Acts = []Act{{Do: DoCloseRead}} }, false},
	} {
		c := smallConfig()
		test.change(&c)
		if got := c.Orderly(); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
