// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build unix

package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// TestCommand is about the exit status of what netswap runs, and about signals.
func TestCommand(t *testing.T) {
	for _, test := range []struct {
		name   string
		script string // of the shell; "" for a command that is not there
		signal os.Signal
		status int
	}{
		{name: "success", script: "exit 0"},
		{name: "failure", script: "exit 7", status: 7},
		{name: "killed", script: "kill -KILL $$", status: statusSignal + int(syscall.SIGKILL)},
		{name: "terminated", script: "echo now; exec sleep 600", signal: syscall.SIGTERM, status: statusSignal + int(syscall.SIGTERM)},
		{name: "caught", script: "trap 'exit 9' USR1; echo now; while :; do sleep 0.01; done", signal: syscall.SIGUSR1, status: 9},
		{name: "absent", status: statusNotFound},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := []string{"sh", "-c", test.script}
			if test.script == "" {
				args = []string{"no-such-command"}
			}
			in, out := io.Pipe()
			signals := make(chan os.Signal, 1)
			go func() {
				for lines := bufio.NewScanner(in); lines.Scan(); {
					signals <- test.signal
				}
			}()
			status, err := command(args, t.TempDir(), nil, streams{strings.NewReader(""), out, io.Discard}, signals)
			out.Close()
			if status != test.status || (err != nil) != (test.status == statusNotFound) {
				t.Errorf("status %d, want %d; %v", status, test.status, err)
			}
		})
	}
}

// TestSignals ends netswap by a signal, while it prepares and while the command
// runs: the command gets it, and the folder is removed.
func TestSignals(t *testing.T) {
	w := newWorld(t)
	dir := w.echoModule(t, echoMod)
	for _, test := range []struct {
		name    string
		command string
		await   string // what is printed before the signal
		status  int
	}{
		{name: "preparing", command: "echo the command ran", await: "is copied from", status: statusSignal + int(syscall.SIGTERM)},
		{name: "running", command: "echo now >&2; exec sleep 600", await: "now", status: statusSignal + int(syscall.SIGTERM)},
	} {
		t.Run(test.name, func(t *testing.T) {
			tmp := t.TempDir()
			cmd := exec.Command(os.Args[0], "-v", "-C", dir, "-provider", "gvisor", "--", "sh", "-c", test.command)
			cmd.Env = append(os.Environ(), asNetswap+"=1", "TMPDIR="+tmp)
			// A group of its own, so that nothing is left of what the shell began.
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			stderr, err := cmd.StderrPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }()
			var said strings.Builder
			for in := bufio.NewScanner(io.TeeReader(stderr, &said)); in.Scan(); {
				if strings.Contains(in.Text(), test.await) {
					break
				}
			}
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			_ = cmd.Wait()
			if got := cmd.ProcessState.ExitCode(); got != test.status {
				t.Errorf("status %d, want %d; said:\n%s", got, test.status, said.String())
			}
			if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
				t.Errorf("left are %v, %v", left, err)
			}
		})
	}
}
