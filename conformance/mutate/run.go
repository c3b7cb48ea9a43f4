// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// verdict is what became of a mutation.
type verdict struct {
	what string // one of the below
	by   string // the first test that failed
	took time.Duration
}

const (
	invalid  = "does not compile"
	caught   = "caught"
	timedOut = "caught (time)"
	swollen  = "caught (memory)"
	survived = "SURVIVED"
)

// trial runs the tests of packages with a mutation.
type trial struct {
	packages []string      // with =long, all their tests; otherwise with -short
	timeout  time.Duration // for each package, and four times as much where =long
	memory   int           // in MiB, for each
	skip     string        // tests that are left out
	dir      string        // for what is built
}

// errMemory says that a test took too much memory.
var errMemory = errors.New("too much memory")

// try tells what the tests make of a mutation.
func (t *trial) try(m *mutation) (verdict, error) {
	start := time.Now()
	src, err := os.ReadFile(m.file)
	if err != nil {
		return verdict{}, err
	}
	abs, err := filepath.Abs(m.file)
	if err != nil {
		return verdict{}, err
	}
	changed, overlay := filepath.Join(t.dir, "changed.go"), filepath.Join(t.dir, "overlay.json")
	list, err := json.Marshal(map[string]map[string]string{"Replace": {abs: changed}})
	if err != nil {
		return verdict{}, err
	}
	if err := errors.Join(os.WriteFile(changed, m.apply(src), 0o600), os.WriteFile(overlay, list, 0o600)); err != nil {
		return verdict{}, err
	}
	v := verdict{what: survived}
	for _, what := range t.packages {
		pkg, how, _ := strings.Cut(what, "=")
		bin := filepath.Join(t.dir, "tests")
		build := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", bin, pkg)
		if out, err := build.CombinedOutput(); err != nil {
			if len(out) == 0 {
				return v, fmt.Errorf("%v: %w", build, err)
			}
			return verdict{what: invalid, by: string(bytes.TrimSpace(out)), took: time.Since(start)}, nil
		}
		if v = t.run(bin, pkg, how == "long"); v.what != survived {
			break
		}
	}
	v.took = time.Since(start)
	return v, nil
}

var failed = regexp.MustCompile(`(?m)^\s*--- FAIL: (\S+)|^panic: (.*)`)

// run runs the tests that were built.
func (t *trial) run(bin, pkg string, long bool) verdict {
	args, limit := []string{"-test.failfast", "-test.short"}, t.timeout
	if long {
		args, limit = args[:1:1], 4*t.timeout
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	if t.skip != "" {
		args = append(args, "-test.skip="+t.skip)
	}
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Dir = pkg
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return verdict{what: invalid, by: err.Error()}
	}
	go watch(ctx, cmd.Process.Pid, t.memory, stop)
	err := cmd.Wait()
	switch {
	case err == nil:
		return verdict{what: survived}
	case context.Cause(ctx) == errMemory:
		return verdict{what: swollen}
	case ctx.Err() != nil:
		return verdict{what: timedOut}
	}
	v := verdict{what: caught, by: "?"}
	if f := failed.FindStringSubmatch(out.String()); f != nil {
		v.by = strings.TrimSpace(f[1] + f[2])
	}
	return v
}

// watch stops a process that takes more than so many MiB, where the system tells
// (Linux).
func watch(ctx context.Context, pid, most int, stop context.CancelCauseFunc) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
			if err != nil {
				return
			}
			if f := strings.Fields(string(b)); len(f) > 1 {
				if pages, _ := strconv.Atoi(f[1]); pages*os.Getpagesize()>>20 > most {
					stop(errMemory)
					return
				}
			}
		}
	}
}
