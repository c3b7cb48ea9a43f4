// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestBadUsage(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no", "such", "dir.json")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-provider", "nosuch"}, `-provider: unknown provider "nosuch"; there are: netstack`},
		{[]string{"-provider", "netstack,"}, `-provider: unknown provider ""; there are: netstack`},
		{[]string{"-provider", "netstack, netstack"}, `-provider: provider "netstack" is named twice`},
		{[]string{"-run", "("}, "-run: error parsing regexp"},
		{[]string{"-run", "nosuch"}, `-run: no row matches "nosuch"; there are: bulk-1500, bulk-64k, bulk-gso, ping-pong, connect, idle, flows-100, flows-100-1g`},
		{[]string{"-run", "path", "-path-time", "0s"}, "-path-time: 0s is not between 1s and 1h"},
		{[]string{"-peer", "solaris"}, `-peer: unknown peer "solaris"; there are: linux, linux-sends`},
		{[]string{"-peer", "linux"}, "-peer: only the path/ rows have a peer"},
		{[]string{"-control", "vegas", "-run", "path"}, `-control: unknown congestion control "vegas"; there are: reno, cubic, bbr`},
		{[]string{"-control", "bbr,bbr", "-run", "path"}, `-control: congestion control "bbr" is named twice`},
		{[]string{"-control", "bbr"}, "-control: only the path/ rows choose one"},
		{[]string{"-plot", missing}, "-plot: only the path/ rows are drawn"},
		{[]string{"-rounds", "0"}, "-rounds: 0 is less than 1"},
		{[]string{"-rounds", "x"}, `invalid value "x" for flag -rounds`},
		{[]string{"-time", "0s"}, "-time: 0s is not between 1ms and 1m"},
		{[]string{"-time", "2h"}, "-time: 2h0m0s is not between 1ms and 1m"},
		{[]string{"-json", missing}, "-json: open " + missing},
		{[]string{"-text", missing}, "-text: open " + missing},
		{[]string{"-report", "/dev/null/x"}, "-report: mkdir /dev/null: not a directory"},
		{[]string{"-compare", missing}, "-compare: open " + missing},
		{[]string{"-from", "main.go"}, "-from: main.go: not what -json writes: invalid character"},
		{[]string{"-nosuch"}, "flag provided but not defined: -nosuch"},
		{[]string{"bulk"}, `unexpected argument "bulk"`},
	} {
		var stdout, stderr bytes.Buffer
		code := run(t.Context(), c.args, &stdout, &stderr)
		if code != exitUsage || stdout.Len() > 0 {
			t.Errorf("%q: exit status %d, output %q", c.args, code, stdout.String())
		}
		msg := stderr.String()
		if !strings.HasPrefix(msg, "bench: "+c.want) || strings.Count(msg, "\n") != 1 {
			t.Errorf("%q: says %q, want %q in one line", c.args, msg, c.want)
		}
	}
}

func TestHelp(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"-h"}, &stdout, &stderr); code != exitOK {
		t.Errorf("exit status %d", code)
	}
	for _, name := range []string{"-run", "-provider", "-rounds", "-time", "-json", "-text", "-report", "-compare", "-from"} {
		if !strings.Contains(stderr.String(), name) {
			t.Errorf("help does not tell of %s:\n%s", name, stderr.String())
		}
	}
}

func TestRun(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.json")
	var stdout, stderr bytes.Buffer
	args := []string{"-run", "^(ping-pong|connect)$", "-provider", "netstack", "-rounds", "2", "-time", "5ms", "-json", path}
	if code := run(t.Context(), args, &stdout, &stderr); code != exitOK {
		t.Fatalf("exit status %d: %s", code, stderr.String())
	}
	for _, want := range []string{"\nping-pong ", "\nconnect ", "round trip, p99", "2 rounds of 5ms"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("output lacks %q:\n%s", want, stdout.String())
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var rep report
	if err := json.Unmarshal(b, &rep); err != nil {
		t.Fatal(err)
	}
	if !rep.Complete || len(rep.Rows) != 2 || len(rep.Rows[0].Figures[0].Providers["netstack"].Samples) != 2 {
		t.Errorf("report lacks something:\n%s", b)
	}
}

// A run writes its page and its text, and both can be written again from its JSON.
func TestReportFlags(t *testing.T) {
	dir := t.TempDir()
	data, text := filepath.Join(dir, "run.json"), filepath.Join(dir, "run.txt")
	for _, args := range [][]string{
		{"-run", "^(ping-pong|sweep/rpc/64)$", "-rounds", "2", "-time", "5ms", "-json", data, "-text", text, "-report", filepath.Join(dir, "first")},
		{"-from", data, "-compare", data, "-report", filepath.Join(dir, "second"), "-text", text},
	} {
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), args, &stdout, &stderr); code != exitOK {
			t.Fatalf("%q: exit status %d: %s", args, code, stderr.String())
		}
		html, err := os.ReadFile(filepath.Join(args[slices.Index(args, "-report")+1], "index.html"))
		if err != nil {
			t.Fatal(err)
		}
		lines, err := os.ReadFile(text)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(html, []byte("sweep/rpc")) || bytes.Contains(html, []byte("<h2 id=\"changes\"")) != (args[0] == "-from") {
			t.Errorf("%q: the page lacks a row, or the changes", args)
		}
		if n := bytes.Count(lines, []byte("\nBenchmarkPing-pong/provider=")); n != 2*3 {
			t.Errorf("%q: %d samples of ping-pong in the text:\n%s", args, n, lines)
		}
		if (args[0] == "-from") != strings.Contains(stdout.String(), "Mann-Whitney") {
			t.Errorf("%q: says\n%s", args, stdout.String())
		}
	}
}

// TestPerformReportsFailure has one row fail: that is said, and the exit status
// is 1, but the figures of the others are printed.
func TestPerformReportsFailure(t *testing.T) {
	var stdout, stderr bytes.Buffer
	o := options{plan: &plan{
		rows: []row{
			scripted("good", func(context.Context, provider) (float64, error) { return 42, nil }),
			scripted("bad", func(context.Context, provider) (float64, error) {
				return 0, verifyWhole(0, 2, digestOf(0, 1))
			}),
		},
		providers: []provider{{name: "A"}},
		rounds:    1,
		limits:    limits{sample: time.Minute, grace: time.Minute},
	}}
	if code := perform(t.Context(), o, &stdout, &stderr); code != exitFailed {
		t.Errorf("exit status %d, want %d", code, exitFailed)
	}
	if want := "bench: FAILED: bad: A: round 1: corrupt stream: 2 bytes were sent, but 1 arrived\n"; !strings.HasSuffix(stderr.String(), want) {
		t.Errorf("says %q, want %q at the end", stderr.String(), want)
	}
	if got := stdout.String(); !strings.Contains(got, "42") || !strings.Contains(got, "failed") {
		t.Errorf("table lacks the figure or the failure:\n%s", got)
	}
}

// TestSignal builds the command and interrupts it in its midst.
func TestSignal(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the command")
	}
	bin := filepath.Join(t.TempDir(), "bench")
	if out, err := exec.Command("go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	path := filepath.Join(t.TempDir(), "out.json")
	cmd := exec.Command(bin, "-run", "^(ping-pong|connect)$", "-rounds", "1", "-time", "1m", "-json", path)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// The report is opened just before the run begins. A signal any time
	// after that is an interrupt; an earlier one would just kill.
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the command does not begin")
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	err := cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted {
		t.Errorf("%v: exit status %d, want %d: %s", err, code, exitInterrupted, stderr.String())
	}
	if d := time.Since(begin); d > 5*time.Second {
		t.Errorf("it took %v to end", d)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	if code := run(ctx, nil, &stdout, &stderr); code != exitInterrupted {
		t.Errorf("exit status %d, want %d", code, exitInterrupted)
	}
	if got, want := stderr.String(), "bench: interrupted\n"; got != want {
		t.Errorf("says %q, want %q", got, want)
	}
}
