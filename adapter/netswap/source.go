// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// source is tcpcb's source: the folder of its module.
type source struct {
	dir  string
	file *modfile.File
	sum  []byte
}

// openSource reads about tcpcb's source in dir; where that is "", in the folder
// that this program was compiled from, or where the current module has it.
func openSource(ctx context.Context, dir string) (*source, error) {
	if dir == "" {
		var err error
		if dir, err = findSource(ctx); err != nil {
			return nil, err
		}
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &source{dir: dir}
	path := filepath.Join(dir, "go.mod")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("tcpcb's source: %w", err)
	}
	if s.file, err = modfile.Parse(path, text, nil); err != nil {
		return nil, fmt.Errorf("tcpcb's source: %w", err)
	}
	if s.file.Module == nil || s.file.Module.Mod.Path != tcpcbPath {
		return nil, fmt.Errorf("%s is not tcpcb's source: its go.mod says so", dir)
	}
	if s.sum, err = os.ReadFile(filepath.Join(dir, "go.sum")); err != nil {
		return nil, fmt.Errorf("tcpcb's source: %w", err)
	}
	return s, nil
}

func findSource(ctx context.Context) (string, error) {
	// Without -trimpath, the compiler leaves the path of this file.
	if _, file, _, ok := runtime.Caller(0); ok && filepath.IsAbs(file) {
		dir := filepath.Join(filepath.Dir(file), "..", "..")
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	out, err := goCommand(ctx, ".", nil, "list", "-m", "-f", "{{.Dir}}", tcpcbPath)
	if dir := strings.TrimSpace(string(out)); err == nil && dir != "" {
		return dir, nil
	}
	return "", fmt.Errorf("tcpcb's source is no longer where netswap was built from: say where it is with -tcpcb DIR")
}

// copyTransport makes a module in to of the package transport and what it needs
// of tcpcb, which requires no more than that: the requirements of tcpcb's tests
// and benchmarks would change the versions that the target is built with. It returns
// what the module requires.
func (s *source) copyTransport(to string) ([]module.Version, error) {
	required := make(map[string]bool)
	for todo, seen := []string{transportPackage}, map[string]bool{}; len(todo) > 0; {
		pkg := todo[0]
		todo = todo[1:]
		if seen[pkg] {
			continue
		}
		seen[pkg] = true
		imports, err := s.copyPackage(pkg, to)
		if err != nil {
			return nil, fmt.Errorf("copying %s: %w", pkg, err)
		}
		for _, path := range imports {
			if strings.HasPrefix(path, tcpcbPath+"/") {
				todo = append(todo, path)
			} else if m := s.provides(path); m != "" {
				required[m] = true
			}
		}
	}
	file := new(modfile.File)
	if err := file.AddModuleStmt(tcpcbPath); err != nil {
		return nil, err
	}
	if err := file.AddGoStmt(s.file.Go.Version); err != nil {
		return nil, err
	}
	var needs []module.Version
	for _, r := range s.file.Require {
		if required[r.Mod.Path] {
			file.AddNewRequire(r.Mod.Path, r.Mod.Version, false)
			needs = append(needs, r.Mod)
		}
	}
	text, err := file.Format()
	if err != nil {
		return nil, err
	}
	return needs, os.WriteFile(filepath.Join(to, "go.mod"), text, 0o600)
}

// copyPackage copies a package of tcpcb, without its tests, and returns what it
// imports.
func (s *source) copyPackage(pkg, to string) (imports []string, err error) {
	rel := filepath.FromSlash(strings.TrimPrefix(pkg, tcpcbPath+"/"))
	entries, err := os.ReadDir(filepath.Join(s.dir, rel))
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(to, rel), 0o700); err != nil {
		return nil, err
	}
	for _, e := range entries {
		name := e.Name()
		if !e.Type().IsRegular() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		path := filepath.Join(s.dir, rel, name)
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return nil, err
		}
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return nil, err
			}
			imports = append(imports, path)
		}
		if err := copyFile(path, filepath.Join(to, rel, name), 0o600); err != nil {
			return nil, err
		}
	}
	return imports, nil
}

// provides returns the module that a package is from, among those that tcpcb
// requires, and "" for the standard library's.
func (s *source) provides(pkg string) string {
	best := ""
	for _, r := range s.file.Require {
		if path := r.Mod.Path; (pkg == path || strings.HasPrefix(pkg, path+"/")) && len(path) > len(best) {
			best = path
		}
	}
	return best
}

// gvisor returns the version of gVisor that tcpcb is written for.
func (s *source) gvisor() string {
	for _, r := range s.file.Require {
		if r.Mod.Path == gvisorPath {
			return r.Mod.Version
		}
	}
	return ""
}
