// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Command instructions counts the instructions of an operation of Go benchmarks,
// which are the same on a busy machine as on an idle one.
//
//	go run ./bench/instructions [-bench REGEXP] [-n N] [PACKAGE]
//
// The package is ./engine unless it is named. Each benchmark runs N and three
// times N operations, and what the second run takes more is of 2 N operations: all
// that is constant cancels out. What is not cancels to a hundred thousand
// instructions or so of a run: an operation of few needs a larger N, and so does
// one whose cost comes in turns, such as the acknowledgments of a large window.
//
// What counts is perf, where the processor's counters may be read, and valgrind's
// callgrind elsewhere; one of them must be installed.
// The output is in the format of Go benchmarks, for benchstat.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintf(os.Stderr, "instructions: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("instructions", flag.ContinueOnError)
	bench := fs.String("bench", ".", "count the benchmarks whose name matches `REGEXP`")
	n := fs.Int("n", 1000, "run `N` and three times N operations")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *n < 1 || fs.NArg() > 1 {
		return fmt.Errorf("-n must be at least 1, and one package at most be named")
	}
	pkg := "./engine"
	if fs.NArg() == 1 {
		pkg = fs.Arg(0)
	}
	dir, err := os.MkdirTemp("", "instructions")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bin := filepath.Join(dir, "bench.test")
	if b, err := exec.CommandContext(ctx, "go", "test", "-c", "-o", bin, pkg).CombinedOutput(); err != nil {
		return fmt.Errorf("go test -c %s: %w\n%s", pkg, err, b)
	}
	count, err := counter(ctx, dir)
	if err != nil {
		return err
	}
	names, err := benchmarks(ctx, bin, *bench)
	if err != nil {
		return err
	}
	for _, name := range names {
		few, err := count(benchArgs(bin, name, *n))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		many, err := count(benchArgs(bin, name, 3**n))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(out, "Benchmark%s %d %.1f instructions/op\n", name, 2**n, float64(many-few)/float64(2**n))
	}
	return nil
}

// benchArgs are the arguments that run one benchmark n times.
func benchArgs(bin, name string, n int) []string {
	parts := strings.Split(name, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	parts[0] = "^Benchmark" + strings.TrimPrefix(parts[0], "^")
	return []string{bin, "-test.run=^$", "-test.bench=" + strings.Join(parts, "/"), fmt.Sprintf("-test.benchtime=%dx", n)}
}

// environ has one processor and no garbage collection, so that runs are alike, and
// no preemption by signals, which callgrind does not survive.
func environ() []string {
	return append(os.Environ(), "GOMAXPROCS=1", "GOGC=off", "GODEBUG=asyncpreemptoff=1")
}

// benchmarks returns the names of the benchmarks that match, without their prefix.
func benchmarks(ctx context.Context, bin, expr string) ([]string, error) {
	cmd := exec.CommandContext(ctx, bin, "-test.run=^$", "-test.bench="+expr, "-test.benchtime=1x")
	cmd.Env = environ()
	b, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, b)
	}
	names := parseNames(string(b))
	if len(names) == 0 {
		return nil, fmt.Errorf("no benchmark matches %q", expr)
	}
	return names, nil
}

var nameLine = regexp.MustCompile(`(?m)^Benchmark(\S+)\s+\d+\s`)

// parseNames finds the names in what benchmarks print on one processor.
func parseNames(s string) []string {
	var names []string
	for _, m := range nameLine.FindAllStringSubmatch(s, -1) {
		names = append(names, m[1])
	}
	return names
}

// counter returns what counts the instructions of a command.
func counter(ctx context.Context, dir string) (func(args []string) (int64, error), error) {
	perf := func(args []string) (int64, error) {
		return counted(ctx, parsePerf, append([]string{"perf", "stat", "-x,", "-e", "instructions:u", "--"}, args...))
	}
	if _, err := perf([]string{"true"}); err == nil {
		return perf, nil
	}
	if _, err := exec.LookPath("valgrind"); err != nil {
		return nil, errors.New("perf cannot read instructions here, and there is no valgrind")
	}
	file := "--callgrind-out-file=" + filepath.Join(dir, "callgrind.out")
	return func(args []string) (int64, error) {
		return counted(ctx, parseCallgrind, append([]string{"valgrind", "--tool=callgrind", file}, args...))
	}, nil
}

// errTooOld is why callgrind does not get to the end of a program: the Go runtime asks
// for instructions of the processor's that it does not know.
var errTooOld = errors.New("this valgrind does not know all instructions of this processor: a newer one may")

func counted(ctx context.Context, parse func(string) (int64, error), args []string) (int64, error) {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = environ()
	b, err := cmd.CombinedOutput()
	if bytes.Contains(b, []byte("valgrind: Unrecognised instruction")) {
		return 0, errTooOld
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", args[0], err, b)
	}
	return parse(string(b))
}

var (
	perfLine      = regexp.MustCompile(`(?m)^(\d+),[^,]*,instructions:u`)
	callgrindLine = regexp.MustCompile(`(?m)^==\d+== Collected : (\d+)`)
)

// parsePerf finds the count in what perf stat -x, prints.
func parsePerf(s string) (int64, error) { return parseCount(perfLine, s) }

// parseCallgrind finds it in what callgrind prints.
func parseCallgrind(s string) (int64, error) { return parseCount(callgrindLine, s) }

func parseCount(line *regexp.Regexp, s string) (int64, error) {
	m := line.FindStringSubmatch(s)
	if m == nil {
		return 0, fmt.Errorf("no count of instructions in:\n%s", s)
	}
	return strconv.ParseInt(m[1], 10, 64)
}
