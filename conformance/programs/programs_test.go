// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package programs

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

var selected = flag.String("programs", "", "which programs to run at length: `names` separated by commas, or all")

// providers are what netswap calls them. The first is the one that ratios are
// taken against.
var providers = []string{"gvisor", "tcpcb"}

// rounds is how often a measurement is taken with each provider.
const rounds = 5

// temp is a folder for the whole run.
var temp string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	flag.Parse()
	var err error
	if temp, err = os.MkdirTemp("", "tcpcb-programs-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(temp)
	return m.Run()
}

// asked reports whether a program is to be run at length.
func asked(name string) bool {
	return *selected == "all" || slices.Contains(strings.Split(*selected, ","), name)
}

// ask skips the test unless the program is to be run.
func ask(t *testing.T, name string) {
	t.Helper()
	if !asked(name) {
		t.Skipf("takes minutes: ask for it with -programs %s", name)
	}
}

// netswap builds the command, once.
var netswap = sync.OnceValues(func() (string, error) {
	path := filepath.Join(temp, "netswap")
	out, err := exec.Command("go", "build", "-o", path, "tcpcb/adapter/netswap").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building netswap: %w\n%s", err, out)
	}
	return path, nil
})

// needModules skips the test where the module cache does not have what the
// packages, or their tests, need. The folder is one of testdata.
func needModules(t *testing.T, folder string, packages ...string) {
	t.Helper()
	cmd := exec.Command("go", append([]string{"list", "-mod=readonly", "-test", "-deps"}, packages...)...)
	cmd.Dir = filepath.Join("testdata", folder)
	cmd.Env = append(cmd.Environ(), "GOPROXY=off", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Skipf("the module cache does not have it (go list -test -deps %s, in testdata/%s, brings it): %v\n%s",
			strings.Join(packages, " "), folder, err, lastLines(out, 5))
	}
}

// swap runs a command through netswap in a folder, and returns what it printed.
// The error has what it complained about.
func swap(t *testing.T, provider, dir string, env []string, command ...string) ([]byte, error) {
	t.Helper()
	path, err := netswap()
	if err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-C", dir, "-provider", provider, "--"}, command...)
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append(cmd.Environ(), append([]string{"GOPROXY=off", "GOWORK=off"}, env...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		err = errors.Join(err, errors.New(lastLines(stderr.Bytes(), 20)))
	}
	return out, err
}

// build builds a package of a folder, once for each provider, and returns the
// program.
func build(t *testing.T, provider, dir, pkg string, env ...string) string {
	t.Helper()
	path := filepath.Join(temp, filepath.Base(dir)+"."+provider)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if _, err := swap(t, provider, dir, env, "go", "build", "-o", path, pkg); err != nil {
		t.Fatalf("building %s with %s's TCP: %v", pkg, provider, err)
	}
	return path
}

func lastLines(text []byte, n int) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

// table collects figures by name and provider.
type table struct {
	names   []string
	figures map[string]map[string][]float64
}

func (b *table) add(name, provider string, v float64) {
	if b.figures == nil {
		b.figures = make(map[string]map[string][]float64)
	}
	if b.figures[name] == nil {
		b.names = append(b.names, name)
		b.figures[name] = make(map[string][]float64)
	}
	b.figures[name][provider] = append(b.figures[name][provider], v)
}

// log writes the table of medians, with the ratio of each to the first
// provider's.
func (b *table) log(t *testing.T) {
	t.Helper()
	var out strings.Builder
	for _, name := range b.names {
		fmt.Fprintf(&out, "\n%-28s", name)
		base := median(b.figures[name][providers[0]])
		for _, p := range providers {
			m := median(b.figures[name][p])
			fmt.Fprintf(&out, "  %s %.5g", p, m)
			if p != providers[0] && base > 0 {
				fmt.Fprintf(&out, " (%.2f)", m/base)
			}
		}
	}
	t.Log(out.String())
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// The modules of testdata require the gVisor that tcpcb does.
func TestVersions(t *testing.T) {
	version := func(dir string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require ")); len(f) > 1 && f[0] == "gvisor.dev/gvisor" {
				return f[1]
			}
		}
		return "none"
	}
	want := version(filepath.Join("..", ".."))
	folders, err := os.ReadDir("testdata")
	if err != nil || len(folders) == 0 {
		t.Fatal(folders, err)
	}
	for _, f := range folders {
		if got := version(filepath.Join("testdata", f.Name())); got != want {
			t.Errorf("testdata/%s requires gVisor %s, tcpcb %s: go get gvisor.dev/gvisor@%[3]s there", f.Name(), got, want)
		}
	}
}
