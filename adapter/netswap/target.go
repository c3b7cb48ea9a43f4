// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
)

// What netswap knows by name.
const (
	gvisorPath = "gvisor.dev/gvisor"
	// tcpFolder is the package that makes room, within gVisor's module.
	tcpFolder = "pkg/tcpip/transport/tcp"
	tcpcbPath = "tcpcb"
	// transportPackage is what takes the place.
	transportPackage = tcpcbPath + "/transport"
)

// goEnv is what the go command says of the folder that it is called in.
type goEnv struct {
	GOMOD, GOWORK, GOFLAGS, GOMODCACHE string
}

// listedModule is a module of the build list, as "go list -m -json" shows it.
type listedModule struct {
	Path, Version, Dir string
	Main               bool
	Replace            *listedModule
	Error              *struct{ Err string }
}

// String names the module and what replaces it.
func (m *listedModule) String() string {
	name := strings.TrimSpace(m.Path + " " + m.Version)
	if m.Replace != nil {
		name += " (replaced by " + m.Replace.String() + ")"
	}
	return name
}

// target is the module that the command is about.
type target struct {
	dir string // where the command runs, absolute
	env goEnv
	// file is its go.mod, and sum what is in the go.sum beside it.
	file *modfile.File
	sum  []byte
	// gvisor is the module to copy.
	gvisor listedModule
}

// goCommand runs the go command in dir, with env added to the environment, and
// returns what it printed. The error has what it complained about.
func goCommand(ctx context.Context, dir string, env []string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	cmd.Env = append(cmd.Environ(), env...)
	out, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		err = errors.New(strings.TrimSpace(string(exit.Stderr)))
	}
	return out, err
}

// inspect finds out about the module that dir is in, and refuses what netswap
// cannot do. It may write to scratch.
func inspect(ctx context.Context, dir, scratch string) (*target, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	switch info, err := os.Stat(dir); {
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, fmt.Errorf("%s is no folder", dir)
	}
	t := &target{dir: dir}
	out, err := goCommand(ctx, dir, nil, "env", "-json", "GOMOD", "GOWORK", "GOFLAGS", "GOMODCACHE")
	if err != nil {
		return nil, fmt.Errorf("asking go about %s: %w", dir, err)
	}
	if err := json.Unmarshal(out, &t.env); err != nil {
		return nil, fmt.Errorf("asking go about %s: %w", dir, err)
	}
	if err := t.refuse(); err != nil {
		return nil, err
	}
	if err := t.readModFile(); err != nil {
		return nil, err
	}
	if err := t.findGVisor(ctx, scratch); err != nil {
		return nil, err
	}
	return t, nil
}

// refuse returns an error for where an alternative go.mod cannot be used.
func (t *target) refuse() error {
	if t.env.GOMOD == "" || t.env.GOMOD == os.DevNull {
		return fmt.Errorf("%s is in no Go module: there is no go.mod", t.dir)
	}
	if w := t.env.GOWORK; w != "" && w != "off" {
		return fmt.Errorf("%s is in the workspace %s, where Go allows no alternative go.mod: set GOWORK=off, if the module builds by itself", t.dir, w)
	}
	if _, given := goFlag(t.env.GOFLAGS, "overlay"); given {
		return errors.New("GOFLAGS has an -overlay, which netswap cannot combine with its own")
	}
	mod, given := goFlag(t.env.GOFLAGS, "mod")
	_, err := os.Stat(filepath.Join(filepath.Dir(t.env.GOMOD), "vendor", "modules.txt"))
	vendored := err == nil
	if mod == "vendor" || vendored && !given {
		return fmt.Errorf("%s is vendored, and its copy of gVisor is not the whole module: set GOFLAGS=-mod=mod to take what go.mod says from the module cache instead", filepath.Dir(t.env.GOMOD))
	}
	return nil
}

// goFlag returns the value of the flag of that name in GOFLAGS, and whether it
// is there; the last one counts.
func goFlag(flags, name string) (value string, given bool) {
	for field := range strings.FieldsSeq(flags) {
		flag, v, _ := strings.Cut(strings.Trim(field, `'"`), "=")
		if strings.TrimLeft(flag, "-") == name {
			value, given = v, true
		}
	}
	return value, given
}

// readModFile reads the go.mod in force, and the go.sum beside it.
func (t *target) readModFile() error {
	path := t.env.GOMOD
	if other, given := goFlag(t.env.GOFLAGS, "modfile"); given {
		path = filepath.Join(t.dir, other)
		if filepath.IsAbs(other) {
			path = other
		}
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("reading go.mod: %w", err)
	}
	if t.file, err = modfile.Parse(path, text, nil); err != nil {
		return fmt.Errorf("reading go.mod: %w", err)
	}
	if t.file.Module == nil {
		return fmt.Errorf("%s does not say the name of its module", path)
	}
	t.sum, err = os.ReadFile(strings.TrimSuffix(path, ".mod") + ".sum")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading go.sum: %w", err)
	}
	return nil
}

// findGVisor finds the gVisor that the build list selects, and where it is.
func (t *target) findGVisor(ctx context.Context, scratch string) error {
	// The go command may complete a go.mod: a copy, then.
	env, err := t.write(scratch, t.file, t.sum, "")
	if err != nil {
		return err
	}
	out, err := goCommand(ctx, t.dir, env, "list", "-m", "-e", "-json", gvisorPath)
	if err == nil && len(out) == 0 {
		// Some errors it keeps to itself, asked so.
		if t.fork() != nil {
			return t.noGVisor()
		}
		out, err = goCommand(ctx, t.dir, env, "list", "-m", "-json", gvisorPath)
	}
	if err != nil {
		return fmt.Errorf("asking go for the build list of %s: %w", t.dir, err)
	}
	m := &t.gvisor
	if err := json.Unmarshal(out, m); err != nil {
		return fmt.Errorf("asking go for the build list of %s: %w", t.dir, err)
	}
	if m.Error == nil && m.Dir == "" {
		t.download(ctx, env)
	}
	switch {
	case m.Error != nil && m.Version == "" && m.Replace == nil:
		return t.noGVisor()
	case m.Error != nil:
		return fmt.Errorf("%v, which the build list has, cannot be had: %s", m, m.Error.Err)
	}
	if _, err := os.Stat(filepath.Join(m.Dir, filepath.FromSlash(tcpFolder))); err != nil {
		return fmt.Errorf("%v has no package %s in %s", m, tcpFolder, m.Dir)
	}
	return nil
}

// download brings gVisor to the module cache, and tells in t.gvisor where it is,
// or why it is not.
func (t *target) download(ctx context.Context, env []string) {
	var got struct{ Dir, Error string }
	out, err := goCommand(ctx, t.dir, env, "mod", "download", "-json", gvisorPath)
	if e := json.Unmarshal(out, &got); e == nil && got.Error != "" {
		err = errors.New(got.Error)
	} else if err == nil {
		err = e
	}
	t.gvisor.Dir = got.Dir
	if err != nil {
		t.gvisor.Error = &struct{ Err string }{err.Error()}
	}
}

// fork returns a requirement that looks like a fork of gVisor.
func (t *target) fork() *modfile.Require {
	for _, r := range t.file.Require {
		if r.Mod.Path != gvisorPath && strings.HasSuffix(r.Mod.Path, "/gvisor") {
			return r
		}
	}
	return nil
}

// noGVisor says that there is no gVisor, and what looks like a fork.
func (t *target) noGVisor() error {
	none := fmt.Sprintf("%s has no %s in its build list", t.file.Module.Mod.Path, gvisorPath)
	if f := t.fork(); f != nil {
		return fmt.Errorf("%s, but %v, a copy of it under an import path of its own: what imports that cannot be swapped", none, f.Mod)
	}
	return fmt.Errorf("%s: there is no netstack to swap the TCP of", none)
}
