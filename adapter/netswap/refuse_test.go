// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestRefuse is about what netswap cannot do, and that it says so.
func TestRefuse(t *testing.T) {
	w := newWorld(t)
	plain := map[string]string{"go.mod": echoMod, "main.go": "package main\n\nfunc main() {}\n"}
	with := func(name, text string) map[string]string {
		files := map[string]string{name: text}
		for n, t := range plain {
			if n != name {
				files[n] = t
			}
		}
		return files
	}
	for _, test := range []struct {
		name   string
		files  map[string]string
		flags  string // GOFLAGS
		args   []string
		status int // statusFailed where 0
		says   []string
	}{
		{name: "no module", files: map[string]string{"main.go": "package main\n"}, says: []string{"no Go module"}},
		{name: "no gVisor", files: with("go.mod", "module example.org/none\n\ngo 1.26\n"), says: []string{"example.org/none has no gvisor.dev/gvisor in its build list"}},
		{
			name:  "a fork's import path",
			files: with("go.mod", "module example.org/none\n\ngo 1.26\n\nrequire example.org/some/gvisor v1.0.0\n"),
			says:  []string{"example.org/some/gvisor@v1.0.0", "an import path of its own"},
		},
		{
			name:  "a fork that cannot be had",
			files: with("go.mod", echoMod+"\nreplace gvisor.dev/gvisor => example.org/some/gvisor v1.0.0\n"),
			says:  []string{"replaced by example.org/some/gvisor v1.0.0", "cannot be had"},
		},
		{
			name:  "a folder that is not there",
			files: with("go.mod", echoMod+"\nreplace gvisor.dev/gvisor => ./gone\n"),
			says:  []string{"gone"},
		},
		{
			name:  "a version that cannot be had",
			files: with("go.mod", "module example.org/none\n\ngo 1.26\n\nrequire gvisor.dev/gvisor v0.0.0-20200101000000-0123456789ab\n"),
			says:  []string{"gvisor.dev/gvisor", "v0.0.0-20200101000000-0123456789ab"},
		},
		{name: "a workspace", files: with("go.work", "go 1.26.3\n\nuse .\n"), says: []string{"workspace", "GOWORK=off"}},
		{name: "vendored", files: with("vendor/modules.txt", ""), says: []string{"vendored", "GOFLAGS=-mod=mod"}},
		{name: "vendored by a flag", files: plain, flags: "-mod=vendor", says: []string{"vendored"}},
		{name: "an overlay", files: plain, flags: "-overlay=x.json", says: []string{"-overlay"}},
		{name: "a broken go.mod", files: with("go.mod", "module\n"), says: []string{"go.mod:1"}},
		{name: "no tcpcb", files: plain, args: []string{"-tcpcb", os.TempDir(), "--", "go", "version"}, says: []string{"tcpcb's source"}},
		{name: "a go.mod of its own", files: plain, args: []string{"--", "go", "build", "-modfile=x.mod"}, status: statusUsage, says: []string{"-modfile=x.mod"}},
		{name: "an overlay of its own", files: plain, args: []string{"--", "go", "build", "--overlay", "x"}, status: statusUsage, says: []string{"--overlay"}},
		{name: "no command", files: plain, args: []string{"--"}, status: statusUsage, says: []string{"no command"}},
		{name: "no such provider", files: plain, args: []string{"-provider", "linux", "--", "go", "version"}, status: statusUsage, says: []string{`"linux"`}},
		{name: "no such flag", files: plain, args: []string{"-what"}, status: statusUsage, says: []string{"-what"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.flags != "" {
				t.Setenv("GOFLAGS", test.flags)
			}
			args, status := test.args, test.status
			if args == nil {
				args = []string{"--", "sh", "-c", "echo the command ran"}
			}
			if status == 0 {
				status = statusFailed
			}
			got := netswap(t, "", w.module(t, test.files), args...)
			if got.status != status || got.out != "" {
				t.Errorf("status %d, want %d; printed %q, want nothing", got.status, status, got.out)
			}
			for _, s := range test.says {
				if !strings.Contains(got.stderr, s) {
					t.Errorf("does not say %q:\n%s", s, got.stderr)
				}
			}
		})
	}
	if got := netswap(t, "", filepath.Join(t.TempDir(), "gone"), "--", "go", "version"); got.status != statusFailed {
		t.Errorf("in a folder that is not there: status %d", got.status)
	}
	if got := run([]string{"-help"}, streams{err: new(bytes.Buffer)}); got != 0 {
		t.Errorf("-help: status %d", got)
	}
}

// TestVendored takes a vendored module's requirements from the module cache,
// where that is asked for.
func TestVendored(t *testing.T) {
	w := newWorld(t)
	dir := w.echoModule(t, echoMod)
	if err := w.write(dir, map[string]string{"vendor/modules.txt": "# nothing\n"}); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOFLAGS", "-mod=mod")
	got := netswap(t, "", dir, "--", "go", "run", ".")
	if got.status != 0 || !strings.Contains(got.out, "tcpcb/endpoint") {
		t.Errorf("status %d; printed %q; complained:\n%s", got.status, got.out, got.stderr)
	}
}

// TestOtherAPI says what does not compile, and where, with a gVisor whose API is
// another one.
func TestOtherAPI(t *testing.T) {
	w := newWorld(t)
	old := w.gvisorCopy(t)
	path := filepath.Join(old, "pkg", "tcpip", "transport", "raw", "endpoint.go")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := bytes.ReplaceAll(text, []byte("func NewEndpoint("), []byte("func NewOlderEndpoint("))
	if bytes.Equal(other, text) {
		t.Fatalf("%s does not have what the test takes away", path)
	}
	if err := os.WriteFile(path, other, 0o600); err != nil {
		t.Fatal(err)
	}
	dir := w.echoModule(t, echoMod+"\nreplace gvisor.dev/gvisor => "+old+"\n")
	got := netswap(t, "", dir, "--", "sh", "-c", "echo the command ran")
	if got.status != statusFailed || got.out != "" {
		t.Errorf("status %d, want %d; printed %q, want nothing", got.status, statusFailed, got.out)
	}
	for _, s := range []string{"does not compile with the gVisor of the build list", w.gvisor, "transport/protocol.go:", "undefined: raw.NewEndpoint"} {
		if !strings.Contains(got.stderr, s) {
			t.Errorf("does not say %q:\n%s", s, got.stderr)
		}
	}
}
