// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
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
		{[]string{"-run", "nosuch"}, `-run: no row matches "nosuch"; there are: bulk-1500, bulk-64k, bulk-gso, ping-pong, connect, idle, flows-100`},
		{[]string{"-rounds", "0"}, "-rounds: 0 is less than 1"},
		{[]string{"-rounds", "x"}, `invalid value "x" for flag -rounds`},
		{[]string{"-time", "0s"}, "-time: 0s is not between 1ms and 1m"},
		{[]string{"-time", "2h"}, "-time: 2h0m0s is not between 1ms and 1m"},
		{[]string{"-json", missing}, "-json: open " + missing},
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
	for _, name := range []string{"-run", "-provider", "-rounds", "-time", "-json"} {
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
