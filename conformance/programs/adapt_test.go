// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package programs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// adaptation is what a program needs to compile with the gVisor that tcpcb is
// written for, where it is written for another one. It is made in a copy.
type adaptation struct {
	module string // the program's
	file   string // in the module
	// from is replaced by to, once, and more is added to the end of the file.
	from, to, more string
}

// tapvsockUDP is for the handler of a UDP forwarder, which by now tells whether
// it took the request. What took every request before still does.
var tapvsockUDP = adaptation{
	module: "github.com/containers/gvisor-tap-vsock",
	file:   "pkg/services/forwarder/udp.go",
	from:   "udp.NewForwarder(",
	to:     "forwardUDP(",
	more: `
func forwardUDP(s *stack.Stack, handle func(*udp.ForwarderRequest)) *udp.Forwarder {
	return udp.NewForwarder(s, func(r *udp.ForwarderRequest) bool {
		handle(r)
		return true
	})
}
`,
}

// apply returns a copy of the module in dir, a folder of testdata, that requires
// an adapted copy of the program's.
func (a *adaptation) apply(t *testing.T, dir string) string {
	t.Helper()
	run := func(dir string, args ...string) string {
		t.Helper()
		cmd := exec.Command("go", args...)
		cmd.Dir = dir
		cmd.Env = append(cmd.Environ(), "GOPROXY=off", "GOWORK=off")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return strings.TrimSpace(string(out))
	}
	shared, err := filepath.Abs(filepath.Join("testdata", "measure"))
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := filepath.Join(t.TempDir(), filepath.Base(dir)), filepath.Join(t.TempDir(), "module")
	for to, from := range map[string]string{ours: dir, theirs: run(dir, "list", "-m", "-f", "{{.Dir}}", a.module)} {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	run(ours, "mod", "edit", "-replace="+a.module+"="+theirs, "-replace=tcpcb.example/measure="+shared)

	path := filepath.Join(theirs, filepath.FromSlash(a.file))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), a.from); n != 1 {
		t.Fatalf("%s has %q %d times, want once", a.file, a.from, n)
	}
	text = []byte(strings.Replace(string(text), a.from, a.to, 1) + a.more)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return ours
}
