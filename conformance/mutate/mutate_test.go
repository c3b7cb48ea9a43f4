// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestMutationsParse: whatever is made of the engine is Go, and differs from it.
func TestMutationsParse(t *testing.T) {
	all, err := mutations("../../engine", "../../engine/seq", "../../engine/wire")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]int{}
	files := map[string][]byte{}
	for i := range all {
		m := &all[i]
		kinds[m.kind]++
		if i%17 != 0 {
			continue
		}
		if files[m.file] == nil {
			if files[m.file], err = os.ReadFile(m.file); err != nil {
				t.Fatal(err)
			}
		}
		src := m.apply(files[m.file])
		if _, err := parser.ParseFile(token.NewFileSet(), m.file, src, 0); err != nil {
			t.Errorf("%v: %v", m, err)
		}
		if m.was == m.is || string(src) == string(files[m.file]) {
			t.Errorf("%v: nothing is changed", m)
		}
	}
	for _, kind := range []string{kindComparison, kindBoundary, kindSign, kindLogic, kindNegation, kindNumber, kindTimer, kindStatement, kindReturn} {
		if kinds[kind] < 10 {
			t.Errorf("%d mutations of the kind %q", kinds[kind], kind)
		}
	}
}

// TestChoose: the seed decides, and no kind is rare.
func TestChoose(t *testing.T) {
	all, err := mutations("../../engine")
	if err != nil {
		t.Fatal(err)
	}
	a, b, other := choose(all, 1), choose(all, 1), choose(all, 2)
	if !slices.Equal(a, b) || slices.Equal(a, other) || len(a) != len(all) {
		t.Error("not a function of the seed")
	}
	kinds := map[string]int{}
	for _, m := range a[:90] {
		kinds[m.kind]++
	}
	for kind, n := range kinds {
		if n != 10 {
			t.Errorf("%d of 90 are of the kind %q, want 10", n, kind)
		}
	}
}

// TestTry: what a test sees is caught, what none sees survives, and what never
// ends, or does not compile, is told apart.
func TestTry(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it builds tests again and again")
	}
	t.Chdir("testdata/sample")
	all, err := mutations("lib")
	if err != nil {
		t.Fatal(err)
	}
	tr := &trial{packages: []string{"./lib"}, timeout: 3 * time.Second, memory: 1000, dir: t.TempDir()}
	want := map[string]string{
		"if n > most { -> if n >= most {":    survived, // the same for n == most
		"if n > most { -> if n <= most {":    caught + " TestClamp",
		"if n > most { -> if !(n > most) {":  caught + " TestClamp",
		"n = most -> ":                       caught + " TestClamp",
		"n-- -> n++":                         timedOut,
		"for n != 0 { -> for n == 0 {":       caught + " TestWait",
		"for n != 0 { -> for n != 1 {":       caught + " TestWait",
		"steps++ -> steps--":                 caught + " TestWait",
		"for n != 0 { -> for nothing != 0 {": invalid,
	}
	src, err := os.ReadFile(all[0].file)
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(src), "n != 0")
	all = append(all, mutation{file: all[0].file, start: at, end: at + 1, with: "nothing", was: "for n != 0 {", is: "for nothing != 0 {"})
	for i := range all {
		m := &all[i]
		v, err := tr.try(m)
		if err != nil {
			t.Fatal(err)
		}
		what := m.was + " -> " + m.is
		got := v.what
		if v.what == caught {
			got += " " + v.by
		}
		if want[what] != got {
			t.Errorf("%s: %s, want %q", what, got, want[what])
		}
		delete(want, what)
	}
	for what := range want {
		t.Errorf("no mutation %s", what)
	}
	if now, err := os.ReadFile(all[0].file); err != nil || string(now) != string(src) {
		t.Errorf("the tree was touched: %v", err)
	}
}

// TestRunCounts: survivors with a reason do not count, and others do.
func TestRunCounts(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it builds tests again and again")
	}
	t.Chdir("testdata/sample")
	list := filepath.Join(t.TempDir(), "equivalent.txt")
	o := options{n: 100, dirs: "lib", packages: "./lib", timeout: 3 * time.Second, memory: 1000, equivalent: list}
	write := func(text string) {
		if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out strings.Builder
	write("# none\n")
	if ok, err := run(o, &out); ok || err != nil || !strings.Contains(out.String(), "7 of 8 caught (87.5%); 0 more") {
		t.Errorf("%v, %v\n%s", ok, err, out.String())
	}
	out.Reset()
	write("lib/lib.go\n- if n > most {\n+ if n >= most {\nBoth are most.\n")
	if ok, err := run(o, &out); !ok || err != nil || !strings.Contains(out.String(), "7 of 7 caught (100.0%); 1 more") {
		t.Errorf("%v, %v\n%s", ok, err, out.String())
	}
	write("lib/lib.go\n- if n > most {\nno reason\n")
	if _, err := run(o, &out); err == nil {
		t.Error("a list without a reason is taken")
	}
	o.dirs = "none"
	if _, err := run(o, &out); err == nil {
		t.Error("a folder without files is taken")
	}
}

// TestMemory: a test that takes too much memory is stopped.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it builds tests again and again")
	}
	if _, err := os.Stat("/proc/self/statm"); err != nil {
		t.Skip("the system does not tell of memory: ", err)
	}
	t.Chdir("testdata/sample")
	src, err := os.ReadFile("lib/lib.go")
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(src), "steps++")
	m := mutation{file: "lib/lib.go", end: len(src)}
	m.with = string(src[:at]) + "n++; kept = append(kept, make([]byte, 1<<20)...);" + string(src[at:]) + "\nvar kept []byte\n"
	tr := &trial{packages: []string{"./lib"}, timeout: time.Minute, memory: 300, dir: t.TempDir()}
	if v, err := tr.try(&m); err != nil || v.what != swollen {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestEquivalentIsCurrent: what is said to change nothing can still be done.
func TestEquivalentIsCurrent(t *testing.T) {
	reasons, err := readEquivalent("testdata/equivalent.txt")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir("../..")
	all, err := mutations("engine", "engine/seq", "engine/wire")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for i := range all {
		for _, k := range keys(&all[i]) {
			found[k]++
		}
	}
	for k := range reasons {
		if n := found[k]; n != 1 {
			t.Errorf("%d such mutations:\n%s", n, k)
		}
	}
}
