// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// asNetswap makes the test's program be netswap.
const asNetswap = "NETSWAP_TEST_IS_NETSWAP"

func TestMain(m *testing.M) {
	if os.Getenv(asNetswap) != "" {
		main()
	}
	os.Exit(m.Run())
}

// world is what the tests need to know.
type world struct {
	source *source
	// gvisor is the version of gVisor, and gvisorDir where it is.
	gvisor, gvisorDir string
}

// newWorld brings the modules that the tests need into the module cache, and has the
// test do without a network from there on. It skips the test where they cannot be had.
func newWorld(t *testing.T) *world {
	t.Helper()
	if testing.Short() {
		t.Skip("builds programs")
	}
	w, err := warmWorld()
	if err != nil {
		t.Skipf("the modules that netswap's programs need cannot be had: %v", err)
	}
	t.Setenv("GOPROXY", "off")
	t.Setenv("GOWORK", "")
	return w
}

var warmWorld = sync.OnceValues(func() (*world, error) {
	s, err := openSource(context.Background(), "")
	if err != nil {
		return nil, err
	}
	// By a package: what builds tcpcb need not know of every requirement.
	out, err := goCommand(context.Background(), s.dir, nil, "list", "-f", "{{.Module.Dir}}", gvisorPath+"/pkg/tcpip")
	if err != nil {
		return nil, err
	}
	w := &world{source: s, gvisor: s.gvisor(), gvisorDir: strings.TrimSpace(string(out))}
	echo, err := os.MkdirTemp("", "netswap-warm")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(echo)
	if err := w.writeEcho(echo, echoMod); err != nil {
		return nil, err
	}
	for _, args := range [][]string{
		{"-C", echo, "--", "go", "list", "-deps", "-test", "./..."},
		{"-C", echo, "-provider", "gvisor", "--", "go", "list", "-deps", "-test", "./..."},
		{"-C", filepath.Join(w.gvisorDir, "pkg", "tcpip"), "--", "go", "list", "-deps", "."},
	} {
		var stderr bytes.Buffer
		if run(args, streams{strings.NewReader(""), io.Discard, &stderr}) != 0 {
			return nil, errors.New(stderr.String())
		}
	}
	return w, nil
})

// module makes a module of those files and returns its folder.
func (w *world) module(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := w.write(dir, files); err != nil {
		t.Fatal(err)
	}
	return dir
}

// write writes files into dir, with GVISOR in their text replaced by the module's path
// and version.
func (w *world) write(dir string, files map[string]string) error {
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		text = strings.ReplaceAll(text, "GVISOR", gvisorPath+" "+w.gvisor)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// writeEcho makes dir a module of testdata/echo with that go.mod.
func (w *world) writeEcho(dir, goMod string) error {
	files := map[string]string{"go.mod": goMod, "go.sum": string(w.source.sum)}
	for _, name := range []string{"main.go", "main_test.go"} {
		text, err := os.ReadFile(filepath.Join("testdata", "echo", name))
		if err != nil {
			return err
		}
		files[name] = string(text)
	}
	return w.write(dir, files)
}

// echoModule makes a module of testdata/echo with that go.mod and returns its folder.
func (w *world) echoModule(t *testing.T, goMod string) string {
	t.Helper()
	dir := t.TempDir()
	if err := w.writeEcho(dir, goMod); err != nil {
		t.Fatal(err)
	}
	return dir
}

const echoMod = "module example.org/echo\n\ngo 1.26.3\n\nrequire GVISOR\n"

// outcome is what a run of netswap came to.
type outcome struct {
	status      int
	out, stderr string
}

// netswap runs netswap, and fails the test where files in dir were changed, or
// a temporary folder was left.
func netswap(t *testing.T, stdin, dir string, args ...string) outcome {
	t.Helper()
	before := hashes(t, dir)
	var out, stderr bytes.Buffer
	status := run(append([]string{"-C", dir}, args...), streams{strings.NewReader(stdin), &out, &stderr})
	if after := hashes(t, dir); !maps.Equal(before, after) {
		t.Errorf("files of the user's were changed: %v, before %v", after, before)
	}
	if left, _ := filepath.Glob(filepath.Join(os.TempDir(), "netswap-*", "*", "go.mod")); len(left) > 0 {
		// Another run may be under way, and holds its folder then.
		for _, path := range left {
			s := slot{dir: filepath.Dir(path)}
			if !held(t, s.dir) {
				t.Errorf("%s is left", s.dir)
			}
		}
	}
	return outcome{status, out.String(), stderr.String()}
}

// hashes returns the hash of each file in dir; none for the module cache's,
// which are many and read-only.
func hashes(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	if strings.Contains(dir, gvisorPath) {
		return all
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		text, err := os.ReadFile(path)
		sum := sha256.Sum256(text)
		all[path] = hex.EncodeToString(sum[:8])
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestSwap runs a program that embeds netstack, with either TCP.
func TestSwap(t *testing.T) {
	w := newWorld(t)
	dir := w.echoModule(t, echoMod)
	const ours, theirs = "carried by tcpcb/endpoint", "carried by gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	for _, test := range []struct {
		name   string
		flags  string // GOFLAGS
		args   []string
		status int
		out    string
	}{
		{name: "run", flags: "-mod=mod", args: []string{"go", "run", "."}, out: ours},
		{name: "gvisor", args: []string{"-provider", "gvisor", "--", "go", "run", "."}, out: theirs},
		{name: "test", args: []string{"--", "go", "test", "-v", "./..."}, out: ours},
		{name: "shell", args: []string{"--", "sh", "-c", "go build -o /dev/null . && cat && exit 7"}, status: 7, out: "from stdin"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.flags != "" {
				t.Setenv("GOFLAGS", test.flags)
			}
			got := netswap(t, "from stdin", dir, test.args...)
			if got.status != test.status || !strings.Contains(got.out, test.out) {
				t.Errorf("status %d, want %d; printed %q, want %q; complained:\n%s", got.status, test.status, got.out, test.out, got.stderr)
			}
		})
	}
}

// TestOlderGo raises the Go version that the program's go.mod says, and says so.
func TestOlderGo(t *testing.T) {
	w := newWorld(t)
	dir := w.echoModule(t, "module example.org/echo\n\ngo 1.21\n\nrequire GVISOR\n")
	got := netswap(t, "", dir, "--", "go", "list", "-m", "-f", "{{.GoVersion}}")
	if want := w.source.file.Go.Version; got.status != 0 || strings.TrimSpace(got.out) != want || !strings.Contains(got.stderr, "not 1.21") {
		t.Errorf("status %d, Go %q, want %q; complained:\n%s", got.status, got.out, want, got.stderr)
	}
}

// TestReplaced takes a gVisor that the go.mod replaces by a folder, whose module
// has another name: a fork.
func TestReplaced(t *testing.T) {
	w := newWorld(t)
	fork := w.gvisorCopy(t)
	text, err := os.ReadFile(filepath.Join(fork, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	text = bytes.Replace(text, []byte("module "+gvisorPath), []byte("module example.org/fork"), 1)
	if err := os.WriteFile(filepath.Join(fork, "go.mod"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	// The go command itself demands the name, unless it is a version that replaces.
	dir := w.echoModule(t, echoMod+"\nreplace gvisor.dev/gvisor => "+fork+"\n")
	got := netswap(t, "", dir, "-v", "--", "go", "run", ".")
	if got.status != 0 || !strings.Contains(got.out, "tcpcb/endpoint") {
		t.Errorf("status %d; printed %q; complained:\n%s", got.status, got.out, got.stderr)
	}
}

// gvisorCopy returns a folder with a copy of gVisor, the same for every run.
func (w *world) gvisorCopy(t *testing.T) string {
	t.Helper()
	s, err := takeSlot()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.release(); err != nil {
			t.Error(err)
		}
	})
	dir := filepath.Join(s.dir, "gvisor")
	if err := copyTree(context.Background(), w.gvisorDir, dir); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestGVisorItself is about gVisor as the main module: in a folder of the user's
// it stays as it is, and the module cache does in any case.
func TestGVisorItself(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct{ name, dir string }{
		{"folder", w.gvisorCopy(t)},
		{"cache", w.gvisorDir},
	} {
		t.Run(test.name, func(t *testing.T) {
			tcp := filepath.Join(test.dir, filepath.FromSlash(tcpFolder))
			before := hashes(t, tcp)
			dir := filepath.Join(test.dir, "pkg", "tcpip", "adapters", "gonet")
			for provider, want := range map[string]bool{providerTCPCB: true, providerGVisor: false} {
				got := netswap(t, "", dir, "-provider", provider, "--", "go", "list", "-deps", ".")
				if has := strings.Contains(got.out, transportPackage+"\n"); got.status != 0 || has != want {
					t.Errorf("%s: status %d; tcpcb is among the packages: %v; complained:\n%s", provider, got.status, has, got.stderr)
				}
			}
			if !maps.Equal(before, hashes(t, tcp)) {
				t.Errorf("%s was changed", tcp)
			}
		})
	}
}
