// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// options are the command's flags.
type options struct {
	from, seeds uint64
	limit       time.Duration
	kind        string
	workers     int
	shrink      bool
	twice       bool
	verbose     bool
	most        int
	files       []string
}

func main() {
	var o options
	f := flag.NewFlagSet("sim", flag.ExitOnError)
	f.Uint64Var(&o.from, "from", 0, "the first seed")
	f.Uint64Var(&o.seeds, "seeds", 10_000, "how many seeds to run")
	f.DurationVar(&o.limit, "time-limit", 0, "stop after so long; 0 does not")
	f.StringVar(&o.kind, "kind", "all", "engines, stacks, or all: stacks for one seed in twenty")
	f.IntVar(&o.workers, "workers", runtime.GOMAXPROCS(0), "how many simulations run at once")
	f.BoolVar(&o.shrink, "shrink", true, "make a seed that fails smaller before it is printed")
	f.BoolVar(&o.twice, "twice", false, "run every seed twice, and compare the packets; otherwise one in 16")
	f.BoolVar(&o.verbose, "v", false, "print the configuration and what each seed came to")
	f.IntVar(&o.most, "failures", 3, "stop after so many seeds that fail")
	f.Usage = func() {
		fmt.Fprintf(f.Output(), "usage: go run ./conformance/sim [flags] [kept files]\n")
		f.PrintDefaults()
	}
	f.Parse(os.Args[1:])
	o.files = f.Args()
	ok, err := run(o, os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

// tally sums up the simulations.
type tally struct {
	done, failed         int
	packets, lost, bytes int
}

// runner hands out seeds, and collects what they came to.
type runner struct {
	options
	out      io.Writer
	next     atomic.Uint64
	stopped  atomic.Bool
	start    time.Time
	mu       sync.Mutex
	sum      map[string]*tally
	failures int
}

// run does what the flags say, and reports whether all went well.
func run(o options, out io.Writer) (bool, error) {
	if o.kind != "all" && kindNamed(o.kind) == nil {
		return false, fmt.Errorf("no kind %q", o.kind)
	}
	if o.workers < 1 {
		return false, fmt.Errorf("%d workers", o.workers)
	}
	r := &runner{options: o, out: out, start: time.Now(), sum: map[string]*tally{}}
	for _, k := range kinds {
		r.sum[k.name] = &tally{}
	}
	if len(o.files) > 0 {
		return r.replay()
	}
	var wg sync.WaitGroup
	for range o.workers {
		wg.Go(r.work)
	}
	done := make(chan struct{})
	go r.progress(done)
	wg.Wait()
	close(done)
	r.report()
	return r.failures == 0, nil
}

// replay runs kept simulations.
func (r *runner) replay() (bool, error) {
	for _, name := range r.files {
		k, err := readKept(name)
		if err != nil {
			return false, err
		}
		c, err := k.config()
		if err != nil {
			return false, err
		}
		r.judge(*k, c)
	}
	r.report()
	return r.failures == 0, nil
}

// work runs seeds until there is none left.
func (r *runner) work() {
	for !r.stopped.Load() {
		i := r.next.Add(1) - 1
		if i >= r.seeds || r.limit > 0 && time.Since(r.start) > r.limit {
			return
		}
		seed := r.from + i
		k := r.kindOf(seed)
		c := k.draw(seed)
		r.judge(kept{kind: k, seed: seed, lines: nil}, c)
	}
}

// stackShare is of how many seeds of all kinds one is of stacks.
const stackShare = 20

// kindOf is the kind of a seed.
func (r *runner) kindOf(seed uint64) *kind {
	switch {
	case r.kind != "all":
		return kindNamed(r.kind)
	case seed%stackShare == 0:
		return stacks
	}
	return engines
}

// judge runs one simulation, and tells of it where it fails.
func (r *runner) judge(k kept, c any) {
	// A run may leave its mark on what a slice holds, and must not be compared with
	// one that saw it: what fails is drawn or read once more.
	o := k.kind.run(k.seed, c)
	if o.err == nil && (r.twice || k.seed%16 == 0) {
		if again := k.kind.run(k.seed, c); again.hash != o.hash || again.packets != o.packets {
			o.err = fmt.Errorf("two runs of one seed differ: %d packets (%x), and %d (%x)", o.packets, o.hash, again.packets, again.hash)
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.sum[k.kind.name]
	t.done++
	t.packets += o.packets
	t.lost += o.lost
	t.bytes += o.bytes
	if r.verbose {
		fmt.Fprintf(r.out, "%s seed %d: %d packets, %d lost, %d bytes, %x\n", k.kind.name, k.seed, o.packets, o.lost, o.bytes, o.hash)
		fmt.Fprintln(r.out, "\t"+strings.Join(format(c, k.kind.base()), "\n\t"))
	}
	if o.err == nil || r.failures >= r.most {
		return
	}
	t.failed++
	if r.failures++; r.failures >= r.most {
		r.stopped.Store(true)
	}
	r.tell(k, c, &o)
}

// tell prints a failure, with what is needed to see it again.
func (r *runner) tell(k kept, c any, o *outcome) {
	fmt.Fprintf(r.out, "\n%s seed %d FAILS: %v\n  %s\n", k.kind.name, k.seed, o.err, strings.Join(o.trace, "\n  "))
	k.lines = format(c, k.kind.base())
	if !r.shrink {
		fmt.Fprintf(r.out, "\n%v", &k)
		return
	}
	small := shrink(k)
	sc, _ := small.config()
	so := k.kind.run(small.seed, sc)
	fmt.Fprintf(r.out, "\nshrunk: %v\n  %s\nTo keep it, as conformance/sim/testdata/NAME.txt:\n\n# %v\n%v\n",
		so.err, strings.Join(so.trace, "\n  "), firstLine(so.err), &small)
}

func firstLine(err error) string {
	if err == nil {
		return "it does not fail alone"
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}

// progress tells from time to time how far it is.
func (r *runner) progress(done <-chan struct{}) {
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-done:
			return
		case <-tick.C:
			n := min(r.next.Load(), r.seeds)
			fmt.Fprintf(r.out, "%v: %d of %d seeds\n", time.Since(r.start).Round(time.Second), n, r.seeds)
		}
	}
}

// report prints the sums.
func (r *runner) report() {
	r.mu.Lock()
	defer r.mu.Unlock()
	took := time.Since(r.start)
	for _, k := range kinds {
		t := r.sum[k.name]
		if t.done == 0 {
			continue
		}
		fmt.Fprintf(r.out, "%s: %d seeds, %d failed; %d packets, %d lost, %d bytes read\n", k.name, t.done, t.failed, t.packets, t.lost, t.bytes)
	}
	fmt.Fprintf(r.out, "%v\n", took.Round(time.Millisecond))
}
