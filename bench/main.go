// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Exit statuses.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal ends the run in good order, the second at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the command, with what it needs of its process as arguments. It
// returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintf(stderr, "bench: %v\n", err)
		return exitUsage
	}
	return perform(ctx, o, stdout, stderr)
}

// perform executes the plan, prints its table, writes its report, and returns
// the exit status.
func perform(ctx context.Context, o options, stdout, stderr io.Writer) int {
	if o.from != nil {
		if err := o.tell(o.from, stdout); err != nil {
			fmt.Fprintf(stderr, "bench: %v\n", err)
			return exitFailed
		}
		return exitOK
	}
	o.plan.leaveOut()
	for _, s := range o.plan.skipped {
		fmt.Fprintf(stderr, "bench: %s is left out: %s\n", s.Row, s.Why)
	}
	env := currentEnvironment()
	out, runErr := o.plan.execute(ctx, newProgress(stderr, o.plan.rounds))
	var paths []*pathResult
	if runErr == nil && len(o.paths.scenarios) > 0 {
		runErr = pathRunners[o.peer](ctx, stderr, &o.paths, func(r *pathResult) error {
			paths = append(paths, r)
			return o.draw(r)
		})
		if runErr == nil && len(paths) == 0 && len(o.paths.only) > 0 {
			runErr = fmt.Errorf("-control: no provider has %s for these rows", strings.Join(o.paths.only, ", "))
		}
	}
	code := exitOK
	switch {
	case ctx.Err() != nil && runErr != nil:
		fmt.Fprintln(stderr, "bench: interrupted")
		code = exitInterrupted
	case runErr != nil:
		fmt.Fprintf(stderr, "bench: %v; nothing more was run\n", runErr)
		code = exitFailed
	case len(out.failures) > 0:
		code = exitFailed
	}
	var err error
	if len(out.samples) > 0 {
		fmt.Fprintf(stdout, "%s %s/%s, GOMAXPROCS %d, medians of %d rounds of %v; every byte verified\n\n",
			runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), o.plan.rounds, o.plan.settings.time)
		err = writeTable(stdout, o.plan, out)
	}
	if len(paths) > 0 {
		in := "virtual"
		if o.peer != "" {
			in = "real"
		}
		fmt.Fprintf(stdout, "\nin %s time, %v of writing unless a path says otherwise; every byte verified\n\n", in, o.paths.time)
		err = errors.Join(err, writePathTable(stdout, paths))
	}
	rep := newReport(o.plan, out, env, runErr == nil)
	rep.Paths = paths
	if o.json != nil {
		err = errors.Join(err, writeReport(o.json, rep))
	}
	err = errors.Join(err, o.tell(&rep, stdout))
	for _, f := range out.failures {
		fmt.Fprintf(stderr, "bench: FAILED: %s\n", f)
	}
	if err != nil {
		fmt.Fprintf(stderr, "bench: %v\n", err)
		code = max(code, exitFailed)
	}
	return code
}

// tell writes what the flags ask for beside the table.
func (o *options) tell(rep *report, stdout io.Writer) error {
	var changes []change
	var err error
	if o.old != nil {
		changes = compareReports(o.old, rep)
		fmt.Fprintf(stdout, "\nsince %s (%s); ~ stands for what may be chance, p is of the Mann-Whitney U test\n\n",
			o.old.Environment.Began.Format(time.RFC3339), o.old.Environment.Revision)
		err = writeChanges(stdout, changes)
	}
	if o.text != nil {
		b, terr := benchText(rep)
		if terr == nil {
			terr = writeOutput("-text", o.text, b)
		}
		err = errors.Join(err, terr)
	}
	if o.page != nil {
		b, perr := page(rep, changes)
		if perr == nil {
			perr = writeOutput("-report", o.page, b)
		}
		err = errors.Join(err, perr)
		fmt.Fprintf(stdout, "\nreport: %s\n", o.page.Name())
	}
	return err
}

// draw draws a run, where the flags ask for it.
func (o *options) draw(r *pathResult) error {
	if o.plots == "" {
		return nil
	}
	for _, s := range o.paths.scenarios {
		if s.name == r.Scenario {
			_, err := drawPath(o.plots, r, s.rate)
			return err
		}
	}
	return nil
}

// pathRunners run the path/ rows, by what -peer says: in virtual time, or in real time
// with the kernel.
var pathRunners = map[string]func(context.Context, io.Writer, *pathPlan, func(*pathResult) error) error{
	"":            runPaths,
	"linux":       runPathsOnLinux,
	"linux-sends": runPathsFromLinux,
}

// options is what the flags ask for.
type options struct {
	plan *plan
	// paths are the path/ rows; plots go into the folder plots, if that is named.
	paths pathPlan
	plots string
	peer  string   // of -peer
	json  *os.File // or nil
	text  *os.File // or nil
	page  *os.File // or nil
	// old is the report of -compare, and from one to tell of in the place of a
	// run; or nil.
	old, from *report
}

// parse reads the flags. Every way to get them wrong is an error here, before
// anything runs. Files to be written are opened last.
func parse(args []string, stderr io.Writer) (options, error) {
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	var (
		expr      = fs.String("run", "", "run the rows whose name matches `REGEXP`; those named path/... run only if asked for")
		pathTime  = fs.Duration("path-time", 30*time.Second, "how long, in virtual time, each of the path/ rows writes")
		peer      = fs.String("peer", "", "run the path/ rows in real time with `PEER` as the bar: linux, the kernel as the receiver too, or linux-sends, the kernel as the sender (root)")
		controls  = fs.String("control", "", "run the path/ rows under the congestion controls in `LIST`, separated by commas (default all)")
		plots     = fs.String("plot", "", "draw each run of the path/ rows into the folder `DIR`")
		providers = fs.String("provider", "", "measure the providers in `LIST`, separated by commas; ratios are to the first (default all)")
		rounds    = fs.Int("rounds", 0, "run each row `N` times with each provider (default 5; 10 with -report)")
		duration  = fs.Duration("time", 400*time.Millisecond, "how long one measurement lasts")
		path      = fs.String("json", "", "write all samples to `FILE`")
		text      = fs.String("text", "", "write all samples to `FILE` in the format of Go benchmarks, for benchstat")
		dir       = fs.String("report", "", "write a page with plots into the folder `DIR`; without -run, of all rows but path/")
		compare   = fs.String("compare", "", "tell what changed since the run whose -json is `FILE`")
		from      = fs.String("from", "", "run nothing, and tell of the run whose -json is `FILE`")
	)
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(stderr, "usage: bench [flags]")
			fs.SetOutput(stderr)
			fs.PrintDefaults()
		}
		return options{}, err
	}
	switch {
	case fs.NArg() > 0:
		return options{}, fmt.Errorf("unexpected argument %q", fs.Arg(0))
	case *rounds < 1 && given(fs, "rounds"):
		return options{}, fmt.Errorf("-rounds: %d is less than 1", *rounds)
	case *pathTime < time.Second || *pathTime > time.Hour:
		return options{}, fmt.Errorf("-path-time: %v is not between 1s and 1h", *pathTime)
	case *duration < time.Millisecond || *duration > time.Minute:
		return options{}, fmt.Errorf("-time: %v is not between 1ms and 1m", *duration)
	}
	quick := *rounds == 0 && *dir == ""
	if *rounds == 0 {
		*rounds = 5
		if *dir != "" {
			*rounds = 10
		}
	}
	if pathRunners[*peer] == nil {
		return options{}, fmt.Errorf("-peer: unknown peer %q; there are: linux, linux-sends", *peer)
	}
	re, err := regexp.Compile(*expr)
	if err != nil {
		return options{}, fmt.Errorf("-run: %w", err)
	}
	rows := selectRows(allRows, re)
	var paths []scenario
	if *expr != "" || *dir != "" {
		rows = append(rows, selectRows(sweeps, re)...)
	}
	if *expr != "" {
		paths = selectScenarios(scenarios, re)
	}
	if len(rows)+len(paths) == 0 {
		return options{}, fmt.Errorf("-run: no row matches %q; there are: %s", *expr, rowNames())
	}
	if *peer != "" && (len(paths) == 0 || *plots != "") {
		return options{}, errors.New("-peer: only the path/ rows have a peer, and no plots: ask for them with -run")
	}
	if *plots != "" && len(paths) == 0 {
		return options{}, errors.New("-plot: only the path/ rows are drawn: ask for them with -run")
	}
	ps, err := selectProviders(allProviders, *providers)
	if err != nil {
		return options{}, fmt.Errorf("-provider: %w", err)
	}
	only, err := selectControls(*controls)
	switch {
	case err != nil:
		return options{}, fmt.Errorf("-control: %w", err)
	case len(only) > 0 && len(paths) == 0:
		return options{}, errors.New("-control: only the path/ rows choose one: ask for them with -run")
	}
	o := options{peer: *peer, plots: *plots, paths: pathPlan{
		scenarios: paths, providers: ps, only: only, time: *pathTime,
	}, plan: &plan{
		rows: rows, providers: ps, rounds: *rounds, quick: quick,
		settings: settings{time: *duration, idle: 2000, rest: 1200 * time.Millisecond, flows: 100, drain: 1500 * time.Millisecond},
		limits:   limits{sample: 10*time.Second + 3**duration, grace: 5 * time.Second},
	}}
	for _, in := range []struct {
		flag, path string
		to         **report
	}{{"-compare", *compare, &o.old}, {"-from", *from, &o.from}} {
		if in.path == "" {
			continue
		}
		if *in.to, err = readReport(in.path); err != nil {
			return options{}, fmt.Errorf("%s: %w", in.flag, err)
		}
	}
	page := ""
	if *dir != "" {
		if err := os.MkdirAll(*dir, 0o777); err != nil {
			return options{}, fmt.Errorf("-report: %w", err)
		}
		page = filepath.Join(*dir, "index.html")
	}
	for _, out := range []struct {
		flag, path string
		to         **os.File
	}{{"-json", *path, &o.json}, {"-text", *text, &o.text}, {"-report", page, &o.page}} {
		if out.path == "" {
			continue
		}
		if *out.to, err = openOutput(out.flag, out.path); err != nil {
			return options{}, err
		}
	}
	return o, nil
}

// given reports whether a flag was set.
func given(fs *flag.FlagSet, name string) bool {
	found := false
	fs.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}
