// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// command runs args in dir, with env added to the environment, passes signals
// on to it, and returns its exit status.
func command(args []string, dir string, env []string, std streams, signals <-chan os.Signal) (int, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = std.in, std.out, std.err
	if err := cmd.Start(); err != nil {
		if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
			return statusNotFound, fmt.Errorf("there is no command %s: %w", args[0], err)
		}
		return statusFailed, fmt.Errorf("running %s: %w", args[0], err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case sig := <-signals:
			if sig == os.Interrupt && onTerminal() {
				continue // the terminal interrupts the command as well
			}
			// It fails when the command has just ended.
			_ = cmd.Process.Signal(sig)
		case err := <-ended:
			return exitStatus(cmd, err)
		}
	}
}

// onTerminal reports whether there is a terminal that sends its interrupts to
// netswap and the command alike.
func onTerminal() bool {
	f, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	f.Close()
	return true
}

// exitStatus returns the status of a command that ended with err, or the error
// where it was not the command's.
func exitStatus(cmd *exec.Cmd, err error) (int, error) {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0, nil
	case !errors.As(err, &exit):
		return statusFailed, fmt.Errorf("running %s: %w", cmd.Args[0], err)
	}
	if w, ok := exit.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return statusOf(w.Signal()), nil
	}
	return exit.ExitCode(), nil
}

// statusOf returns the exit status that stands for the end by sig.
func statusOf(sig os.Signal) int {
	if s, ok := sig.(syscall.Signal); ok {
		return statusSignal + int(s)
	}
	return statusFailed
}
