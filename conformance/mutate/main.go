// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// options are the command's flags.
type options struct {
	n, from        int
	seed           uint64
	list           bool
	only           string
	dirs, packages string
	more, skip     string
	timeout        time.Duration
	memory         int
	equivalent     string
}

func main() {
	var o options
	f := flag.NewFlagSet("mutate", flag.ExitOnError)
	f.IntVar(&o.n, "n", 25, "how many mutations to try")
	f.IntVar(&o.from, "from", 0, "how many of the seed's mutations to pass over before")
	f.Uint64Var(&o.seed, "seed", 1, "what decides which")
	f.BoolVar(&o.list, "list", false, "print the mutations, and try none")
	f.StringVar(&o.dirs, "dirs", "engine,engine/seq,engine/wire", "the folders whose files are changed")
	f.StringVar(&o.packages, "packages", "./engine,./engine/seq,./engine/wire,./conformance/sim", "the packages whose tests are run, with -short")
	f.StringVar(&o.more, "more", "./engine=long,./endpoint,./transport", "those that are run where the first catch nothing; without -short where =long")
	f.StringVar(&o.skip, "skip", "NearLinear", "tests that are left out, a regular expression: those that measure time, which fail on a busy machine")
	f.StringVar(&o.only, "only", "", "try only these of the seed's mutations, by number, as in 3,14")
	f.DurationVar(&o.timeout, "timeout", time.Minute, "how long the tests of one package may take")
	f.IntVar(&o.memory, "memory", 2000, "how much they may take, in MiB")
	f.StringVar(&o.equivalent, "equivalent", "conformance/mutate/testdata/equivalent.txt", "mutations that change nothing that could be seen")
	f.Parse(os.Args[1:])
	ok, err := run(o, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// wanted is the share of mutations that must be caught.
const wanted = 0.9

// run does what the flags say, and reports whether enough was caught.
func run(o options, out io.Writer) (bool, error) {
	all, err := mutations(strings.Split(o.dirs, ",")...)
	if err != nil {
		return false, err
	}
	same, err := readEquivalent(o.equivalent)
	if err != nil {
		return false, err
	}
	order := choose(all, o.seed)
	fmt.Fprintf(out, "%d mutations are possible\n", len(all))
	order = order[min(o.from, len(order)):]
	if o.list {
		for i := range order[:min(o.n, len(order))] {
			fmt.Fprintln(out, &order[i])
		}
		return true, nil
	}
	dir, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir)
	t := &trial{packages: strings.Split(o.packages, ","), timeout: o.timeout, memory: o.memory, dir: dir, skip: o.skip}
	if o.more != "" {
		t.packages = append(t.packages, strings.Split(o.more, ",")...)
	}
	s := &score{kinds: map[string]*[2]int{}}
	for i := 0; i < len(order) && s.tried < o.n; i++ {
		m := &order[i]
		if o.only != "" && !slices.Contains(strings.Split(o.only, ","), strconv.Itoa(o.from+i)) {
			continue
		}
		v, err := t.try(m)
		if err != nil {
			return false, err
		}
		reason := reasonFor(m, same)
		s.add(m, v, reason)
		tell(out, o.from+i, m, v, reason)
	}
	s.print(out)
	return float64(s.caught) >= wanted*float64(s.tried-s.equivalent), nil
}

// tell prints what became of a mutation.
func tell(out io.Writer, i int, m *mutation, v verdict, reason string) {
	switch {
	case v.what == survived && reason != "":
		fmt.Fprintf(out, "#%d equivalent (%s) %v\n", i, reason, m)
	case v.what == survived:
		fmt.Fprintf(out, "#%d %s after %v: %v\n", i, v.what, v.took.Round(time.Second), m)
	case v.what == invalid:
	default:
		fmt.Fprintf(out, "#%d %s by %s after %v: %s:%d %s\n", i, v.what, v.by, v.took.Round(time.Second), m.file, m.line, m.kind)
	}
}

// score counts.
type score struct {
	tried, caught, equivalent, invalid int
	kinds                              map[string]*[2]int // tried, caught
}

func (s *score) add(m *mutation, v verdict, reason string) {
	if v.what == invalid {
		s.invalid++
		return
	}
	k := s.kinds[m.kind]
	if k == nil {
		k = new([2]int)
		s.kinds[m.kind] = k
	}
	s.tried++
	switch {
	case v.what != survived:
		s.caught++
		k[0]++
		k[1]++
	case reason != "":
		s.equivalent++
	default:
		k[0]++
	}
}

func (s *score) print(out io.Writer) {
	for _, kind := range []string{kindComparison, kindBoundary, kindSign, kindLogic, kindNegation, kindNumber, kindTimer, kindStatement, kindReturn} {
		if k := s.kinds[kind]; k != nil {
			fmt.Fprintf(out, "%-22s %3d of %3d caught\n", kind, k[1], k[0])
		}
	}
	count := s.tried - s.equivalent
	fmt.Fprintf(out, "%d of %d caught (%.1f%%); %d more change nothing, %d did not compile\n",
		s.caught, count, 100*float64(s.caught)/float64(max(1, count)), s.equivalent, s.invalid)
}
