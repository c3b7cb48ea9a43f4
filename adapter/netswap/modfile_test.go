// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

func parseMod(t *testing.T, text string) *modfile.File {
	t.Helper()
	f, err := modfile.Parse("go.mod", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestReplaceAll(t *testing.T) {
	f := parseMod(t, `module example.org/m

go 1.26.3

require (
	example.org/other v1.0.0
	gvisor.dev/gvisor v0.0.0-20260101000000-0123456789ab
)

replace example.org/other => ../other

replace gvisor.dev/gvisor => example.org/fork v1.0.0

replace gvisor.dev/gvisor v0.0.0-20250101000000-0123456789ab => ../gvisor
`)
	if err := replaceAll(f, map[string]string{gvisorPath: "/slot/gvisor", tcpcbPath: "/slot/tcpcb"}); err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, r := range f.Replace {
		got[r.Old.Path+r.Old.Version] = r.New.Path
	}
	if len(got) != 3 || got["example.org/other"] != "../other" || got[gvisorPath] != "/slot/gvisor" || got[tcpcbPath] != "/slot/tcpcb" {
		t.Errorf("replaced are %v", got)
	}
	required := make(map[string]string)
	for _, r := range f.Require {
		required[r.Mod.Path] = r.Mod.Version
	}
	if len(required) != 3 || required[tcpcbPath] != placeholder || required[gvisorPath] != "v0.0.0-20260101000000-0123456789ab" {
		t.Errorf("required are %v", required)
	}
}

// What tcpcb requires is required, in that version at least, unless it is replaced or
// is the module itself.
func TestRequireAll(t *testing.T) {
	f := parseMod(t, `module example.org/m

go 1.26.3

require (
	example.org/newer v1.2.0
	example.org/older v1.0.0
	example.org/replaced v1.0.0
)

replace example.org/replaced => ../replaced
`)
	var needs []module.Version
	for _, name := range []string{"m", "missing", "newer", "older", "replaced"} {
		needs = append(needs, module.Version{Path: "example.org/" + name, Version: "v1.1.0"})
	}
	requireAll(f, needs)
	var got []string
	for _, r := range f.Require {
		got = append(got, r.Mod.String())
	}
	slices.Sort(got)
	want := []string{"example.org/missing@v1.1.0", "example.org/newer@v1.2.0", "example.org/older@v1.1.0", "example.org/replaced@v1.0.0"}
	if !slices.Equal(got, want) {
		t.Errorf("required are %v, want %v", got, want)
	}
}

func TestRaiseGo(t *testing.T) {
	for _, test := range []struct{ text, least, before, after, toolchain string }{
		{"go 1.21\n", "1.26.3", "1.21", "1.26.3", ""},
		{"", "1.26.3", "1.16", "1.26.3", ""},
		{"go 1.26.3\n", "1.26.3", "", "1.26.3", ""},
		{"go 1.27\n\ntoolchain go1.27.1\n", "1.26.3", "", "1.27", "go1.27.1"},
		{"go 1.25.0\n\ntoolchain go1.25.4\n", "1.26.3", "1.25.0", "1.26.3", ""},
		{"go 1.25.0\n\ntoolchain go1.27.1\n", "1.26.3", "1.25.0", "1.26.3", "go1.27.1"},
	} {
		f := parseMod(t, "module example.org/m\n\n"+test.text)
		before, err := raiseGo(f, test.least)
		toolchain := ""
		if f.Toolchain != nil {
			toolchain = f.Toolchain.Name
		}
		if err != nil || before != test.before || f.Go.Version != test.after || toolchain != test.toolchain {
			t.Errorf("%q: %q to %q, toolchain %q, %v; want %q, %q, %q", test.text, before, f.Go.Version, toolchain, err, test.before, test.after, test.toolchain)
		}
	}
}

func TestJoinSums(t *testing.T) {
	got := joinSums([]byte("a v1 h1:x\nb v1 h1:y\n"), nil, []byte("b v1 h1:y\n\nc v1 h1:z"))
	if want := "a v1 h1:x\nb v1 h1:y\nc v1 h1:z\n"; string(got) != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestGoFlag(t *testing.T) {
	const flags = `-buildvcs=false -mod=readonly '-modfile=x.mod' --mod=mod -race`
	for name, want := range map[string]string{"mod": "mod", "modfile": "x.mod", "race": "", "overlay": "none"} {
		got, given := goFlag(flags, name)
		if !given {
			got = "none"
		}
		if got != want {
			t.Errorf("-%s is %q, want %q", name, got, want)
		}
	}
}
