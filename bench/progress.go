// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// progress tells what a run is doing: on a terminal in one line, rewritten;
// elsewhere in a line a sample.
type progress struct {
	out io.Writer
	// live says that out is a terminal.
	live bool
	// rounds is how many rounds the run has.
	rounds int
}

func newProgress(out io.Writer, rounds int) progress {
	f, ok := out.(*os.File)
	return progress{out: out, live: ok && term.IsTerminal(int(f.Fd())), rounds: rounds}
}

// erase returns to the start of the line and clears it.
const erase = "\r\x1b[K"

func (p progress) begin(step, total int, r row, pv provider, round int) {
	if p.live {
		fmt.Fprintf(p.out, "%s[%d/%d] %s, %s, round %d of %d", erase, step, total, r.name, pv.name, round+1, p.rounds)
	}
}

func (p progress) done(r row, pv provider, round int, values []float64) {
	if !p.live {
		f := r.figures[0]
		fmt.Fprintf(p.out, "%s, %s, round %d of %d: %s %s %s\n", r.name, pv.name, round+1, p.rounds, f.name, number(values[0]), f.unit)
	}
}

func (p progress) fail(f failure) {
	if p.live {
		fmt.Fprint(p.out, erase)
	}
	fmt.Fprintf(p.out, "bench: %s\n", f)
}

func (p progress) end() {
	if p.live {
		fmt.Fprint(p.out, erase)
	}
}
