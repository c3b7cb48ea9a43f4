// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
	"mvdan.cc/sh/v3/syntax"
)

// shell interprets the commands of a script. Nothing is executed: each command is
// looked up here, a file that a script runs is interpreted in the same way, and
// what is written to a file sets what the file stands for. Commands that have no
// effect on what a script means are noted as ignored; others are unsupported.
type shell struct {
	// dir is what paths are relative to: the script's folder.
	dir string
	// set takes a setting in sysctl's words, as net.ipv4.tcp_sack.
	set func(name, value string) error
	// addFile makes a file that open finds.
	addFile func(name string, content []byte)
	// refuse makes the device's queue one that is full, or not.
	refuse  func(bool)
	ignored func(what string)
	depth   int
	// wrote is the first error of what was written to files, which the
	// interpreter of the shell does not look at.
	wrote error
}

// Limits on what scripts make.
const (
	maxShellDepth = 8
	maxFile       = 16 << 20
)

// run interprets lines of a shell. The error is an *unsupported without a line,
// or tells what is wrong with the lines.
func (s *shell) run(text string) error {
	if s.depth++; s.depth > maxShellDepth {
		return errors.New("scripts of a shell run each other without end")
	}
	defer func() { s.depth-- }()
	file, err := syntax.NewParser().Parse(strings.NewReader(text), "")
	if err != nil {
		return fmt.Errorf("a command is no shell's: %w", err)
	}
	r, err := interp.New(
		interp.Dir(s.dir),
		interp.Env(expand.ListEnviron("PPID=1")),
		interp.StdIO(nil, io.Discard, io.Discard),
		interp.ExecHandlers(func(interp.ExecHandlerFunc) interp.ExecHandlerFunc { return s.exec }),
		interp.OpenHandler(s.open),
		interp.StatHandler(func(context.Context, string, bool) (fs.FileInfo, error) { return nil, fs.ErrNotExist }),
		interp.ReadDirHandler2(func(context.Context, string) ([]fs.DirEntry, error) { return nil, fs.ErrNotExist }),
	)
	if err != nil {
		return err
	}
	s.wrote = nil
	err = r.Run(context.Background(), file)
	if s.wrote != nil {
		return s.wrote
	}
	if status := interp.ExitStatus(0); errors.As(err, &status) {
		return errors.New("a command failed")
	}
	return err
}

// exec is what there is of commands.
func (s *shell) exec(_ context.Context, args []string) error {
	name := filepath.Base(args[0])
	switch {
	case name == "sysctl":
		return s.sysctl(args[1:])
	case name == "set_sysctls.py":
		return s.setFiles(args[1:])
	case strings.HasPrefix(name, "sysctl_restore_"):
		return nil // each script has a stack of its own
	case strings.HasSuffix(name, ".sh"):
		return s.source(args[0])
	case name == "dd":
		return s.dd(args[1:])
	case name == "ip" && len(args) > 1 && args[1] == "tcp_metrics", name == "ethtool", name == "rm",
		name == "nstat" && len(args) == 1:
		s.ignored(strings.Join(args, " "))
		return nil
	case name == "tc":
		return s.tc(args)
	}
	return &unsupported{what: "command " + strings.Join(args, " ")}
}

// tc takes the queues of a device: one without room refuses what is sent, others
// let it pass. What paces or delays is not there.
func (s *shell) tc(args []string) error {
	text := strings.Join(args, " ")
	switch {
	case strings.HasSuffix(text, "pfifo limit 0"):
		s.refuse(true)
	case slices.Contains(args, "netem"), slices.Contains(args, "tbf"), slices.Contains(args, "limit"):
		return &unsupported{what: "command " + text}
	default:
		s.refuse(false)
		s.ignored(text)
	}
	return nil
}

// source interprets a file.
func (s *shell) source(path string) error {
	if !filepath.IsAbs(path) {
		path = filepath.Join(s.dir, path)
	}
	f, err := os.Open(path)
	if err != nil {
		return &unsupported{what: "command " + path + ", which is not there"}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return err
	}
	return s.run(string(text))
}

// sysctl takes net.ipv4.tcp_sack=1 and net/ipv4/tcp_sack=1.
func (s *shell) sysctl(args []string) error {
	for _, a := range args {
		if strings.HasPrefix(a, "-") {
			continue
		}
		name, value, ok := strings.Cut(a, "=")
		if !ok {
			return &unsupported{what: "command sysctl " + a}
		}
		if err := s.set(strings.ReplaceAll(strings.TrimSpace(name), "/", "."), strings.TrimSpace(value)); err != nil {
			return err
		}
	}
	return nil
}

// setFiles takes /proc/sys/net/ipv4/tcp_sack=1.
func (s *shell) setFiles(args []string) error {
	for _, a := range args {
		path, value, ok := strings.Cut(a, "=")
		if !ok {
			return &unsupported{what: "command set_sysctls.py " + a}
		}
		if err := s.write(path, strings.Trim(value, `"`)); err != nil {
			return err
		}
	}
	return nil
}

// write sets what a file of the kernel stands for.
func (s *shell) write(path, value string) error {
	for _, prefix := range []string{"/proc/sys/", "/sys/module/"} {
		if name, ok := strings.CutPrefix(path, prefix); ok {
			return s.set(strings.ReplaceAll(name, "/", "."), strings.TrimSpace(value))
		}
	}
	return &unsupported{what: "writing to " + path}
}

// dd makes a file of zeros.
func (s *shell) dd(args []string) error {
	v := map[string]string{"bs": "512", "count": "1"}
	for _, a := range args {
		key, value, _ := strings.Cut(a, "=")
		v[key] = value
	}
	bs, err := strconv.ParseUint(v["bs"], 10, 24)
	count, err2 := strconv.ParseUint(v["count"], 10, 24)
	if v["if"] != "/dev/zero" || v["of"] == "" || errors.Join(err, err2) != nil || bs*count > maxFile {
		return &unsupported{what: "command dd " + strings.Join(args, " ")}
	}
	s.addFile(v["of"], make([]byte, bs*count))
	return nil
}

// open is what redirections open.
func (s *shell) open(_ context.Context, path string, flag int, _ os.FileMode) (io.ReadWriteCloser, error) {
	if path == "/dev/null" {
		return &kernelFile{done: func(string) error { return nil }}, nil
	}
	if flag&(os.O_WRONLY|os.O_RDWR) == 0 {
		return nil, &unsupported{what: "reading " + path}
	}
	return &kernelFile{done: func(value string) error {
		err := s.write(path, value)
		if s.wrote == nil {
			s.wrote = err
		}
		return err
	}}, nil
}

// kernelFile is a file to write to; what was written is told when it is closed.
type kernelFile struct {
	bytes.Buffer
	done func(string) error
}

func (f *kernelFile) Read([]byte) (int, error) { return 0, io.EOF }

func (f *kernelFile) Close() error { return f.done(f.String()) }
