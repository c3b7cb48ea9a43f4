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
	"strings"
	"syscall"
)

// The providers of TCP.
const (
	providerTCPCB  = "tcpcb"
	providerGVisor = "gvisor"
)

// Exit statuses, beside those of the command.
const (
	statusFailed   = 1
	statusUsage    = 2
	statusNotFound = 127
	statusSignal   = 128 // and the signal's number
)

// streams are what the command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// options are what the command line says.
type options struct {
	dir      string
	provider string
	tcpcb    string
	verbose  bool
	command  []string
}

func main() {
	os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// run is netswap with these arguments; it returns the exit status.
func run(args []string, std streams) int {
	o, err := parse(args, std.err)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		return statusUsage
	}
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT)
	defer signal.Stop(signals)

	status, err := swap(o, std, signals)
	if err != nil {
		fmt.Fprintf(std.err, "netswap: %v\n", err)
	}
	return status
}

// parse reads the command line, and tells errors to stderr.
func parse(args []string, stderr io.Writer) (*options, error) {
	o := new(options)
	f := flag.NewFlagSet("netswap", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&o.dir, "C", ".", "run the command in `DIR`, in a Go module that uses gVisor's netstack")
	f.StringVar(&o.provider, "provider", providerTCPCB, "whose TCP to use: `tcpcb` or gvisor")
	f.StringVar(&o.tcpcb, "tcpcb", "", "`DIR` of tcpcb's source; by default the one that netswap was built from")
	f.BoolVar(&o.verbose, "v", false, "say what is done")
	f.Usage = func() {
		fmt.Fprint(stderr, "Netswap builds, runs or tests a Go program with tcpcb in place of gVisor's TCP.\n\n"+
			"\tnetswap [-C DIR] [-provider tcpcb|gvisor] -- COMMAND [ARGUMENT ...]\n\n"+
			"for example: netswap -C ../vpn -- go test ./...\n\n")
		f.PrintDefaults()
	}
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	o.command = f.Args()
	var wrong error
	switch {
	case o.provider != providerTCPCB && o.provider != providerGVisor:
		wrong = fmt.Errorf("unknown provider %q; there are %s and %s", o.provider, providerTCPCB, providerGVisor)
	case len(o.command) == 0:
		wrong = errors.New("no command to run; see netswap -help")
	default:
		wrong = ownFlags(o.command)
	}
	if wrong != nil {
		fmt.Fprintf(stderr, "netswap: %v\n", wrong)
	}
	return o, wrong
}

// ownFlags returns an error where the command is the go command with flags that
// would undo what netswap does.
func ownFlags(command []string) error {
	if name := command[0]; name != "go" && !strings.HasSuffix(name, "/go") {
		return nil
	}
	for _, arg := range command[1:] {
		if arg == "--" || arg == "-args" || arg == "--args" {
			break
		}
		name, value, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(arg, "-"), "-"), "=")
		if !strings.HasPrefix(arg, "-") {
			continue
		}
		if name == "modfile" || name == "overlay" || name == "mod" && value == "vendor" {
			return fmt.Errorf("the go command has the flag %s, which stands in for netswap's own: leave it out", arg)
		}
	}
	return nil
}

// swap prepares everything, runs the command, and cleans up.
func swap(o *options, std streams, signals <-chan os.Signal) (status int, err error) {
	s, err := takeSlot()
	if err != nil {
		return statusFailed, err
	}
	defer func() {
		if e := s.release(); e != nil && err == nil {
			status, err = statusFailed, e
		}
	}()

	ctx, caught, stop := untilSignal(signals)
	p := preparation{options: o, slot: s, log: std.err}
	env, dir, err := p.prepare(ctx)
	stop()
	if sig := caught(); sig != nil {
		return statusOf(sig), nil
	}
	if err != nil {
		return statusFailed, err
	}
	return command(o.command, dir, env, std, signals)
}

// untilSignal returns a context that ends with the first signal, a function that
// returns that signal, and one that stops the watch.
func untilSignal(signals <-chan os.Signal) (context.Context, func() os.Signal, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	var got os.Signal
	go func() {
		defer close(done)
		select {
		case got = <-signals:
			cancel()
		case <-ctx.Done():
		}
	}()
	caught := func() os.Signal {
		<-done
		return got
	}
	return ctx, caught, cancel
}
