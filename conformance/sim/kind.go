// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"tcpcb/engine"
	"tcpcb/engine/enginetest"
)

// kind is a kind of simulation. Its configurations are pointers to structs.
type kind struct {
	name string
	draw func(seed uint64) any
	base func() any // what a kept file does not say
	run  func(seed uint64, config any) outcome
}

// outcome is what a simulation came to.
type outcome struct {
	err   error
	trace []string // where something failed
	hash  uint64
	// packets were sent, of which lost were lost, and bytes were read.
	packets, lost, bytes int
}

var kinds = []*kind{engines, stacks}

func kindNamed(name string) *kind {
	for _, k := range kinds {
		if k.name == name {
			return k
		}
	}
	return nil
}

// engines are two engines and nothing else.
var engines = &kind{
	name: "engines",
	draw: func(seed uint64) any {
		c := enginetest.Random(seed)
		return &c
	},
	base: func() any {
		var c enginetest.Config
		for i := range c.Hosts {
			c.Hosts[i].Params.MSS = enginetest.DefaultMSS
			c.Hosts[i].Settings = engine.DefaultSettings()
		}
		return &c
	},
	run: func(seed uint64, config any) outcome {
		r := enginetest.Run(seed, *config.(*enginetest.Config))
		return outcome{
			err: r.Err, trace: r.Trace, hash: r.Hash, packets: r.Packets, lost: r.Lost,
			bytes: r.Hosts[0].Read + r.Hosts[1].Read,
		}
	},
}

// kept is a simulation in a file.
type kept struct {
	kind  *kind
	seed  uint64
	lines []string
}

// config is the simulation's configuration.
func (k *kept) config() (any, error) {
	c := k.kind.base()
	return c, parse(k.lines, c)
}

// String is the file, but for its comments.
func (k *kept) String() string {
	return fmt.Sprintf("kind %s\nseed %d\n%s\n", k.kind.name, k.seed, strings.Join(k.lines, "\n"))
}

// readKept reads a file: comments, the kind, the seed, and the configuration.
func readKept(name string) (*kept, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	k := &kept{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		what, value, _ := strings.Cut(line, " ")
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case what == "kind":
			if k.kind = kindNamed(value); k.kind == nil {
				return nil, fmt.Errorf("%s: no kind %q", name, value)
			}
		case what == "seed":
			if k.seed, err = strconv.ParseUint(value, 10, 64); err != nil {
				return nil, fmt.Errorf("%s: seed %q", name, value)
			}
		default:
			k.lines = append(k.lines, line)
		}
	}
	if k.kind == nil {
		return nil, fmt.Errorf("%s: names no kind", name)
	}
	if _, err := k.config(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return k, nil
}
