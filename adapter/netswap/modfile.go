// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"go/version"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/semver"
)

// placeholder is the version of what a folder replaces, which has none.
const placeholder = "v0.0.0-00010101000000-000000000000"

// write writes file and sum to folder, as go.mod and go.sum, and returns the
// environment in which the go command uses them, and overlay, unless it is "".
func (t *target) write(folder string, file *modfile.File, sum []byte, overlay string) ([]string, error) {
	text, err := file.Format()
	if err != nil {
		return nil, fmt.Errorf("writing go.mod: %w", err)
	}
	path := filepath.Join(folder, "go.mod")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return nil, fmt.Errorf("writing go.mod: %w", err)
	}
	if err := os.WriteFile(filepath.Join(folder, "go.sum"), sum, 0o600); err != nil {
		return nil, fmt.Errorf("writing go.sum: %w", err)
	}
	// Of flags given twice the last counts.
	flags := strings.TrimSpace(t.env.GOFLAGS + " -mod=mod " + quoted("-modfile="+path))
	if overlay != "" {
		flags += " " + quoted("-overlay="+overlay)
	}
	return []string{"GOFLAGS=" + flags}, nil
}

// quoted returns a flag for GOFLAGS, whose flags are separated by spaces.
func quoted(flag string) string {
	if strings.ContainsAny(flag, " \t") {
		return `"` + flag + `"`
	}
	return flag
}

// replaceAll makes file, the go.mod of a main module, take the modules in
// folders from there, whatever it said of them.
func replaceAll(file *modfile.File, folders map[string]string) error {
	for _, r := range append([]*modfile.Replace(nil), file.Replace...) {
		if _, ours := folders[r.Old.Path]; ours {
			if err := file.DropReplace(r.Old.Path, r.Old.Version); err != nil {
				return err
			}
		}
	}
	required := make(map[string]bool)
	for _, r := range file.Require {
		required[r.Mod.Path] = true
	}
	for path, folder := range folders {
		if !required[path] {
			file.AddNewRequire(path, placeholder, false)
		}
		if err := file.AddReplace(path, "", folder, ""); err != nil {
			return err
		}
	}
	file.Cleanup()
	return nil
}

// requireAll makes file require the modules, or later versions of them, but for those
// that it replaces. The go command would find that out by itself, by the go.mod files
// of all modules that any requires, which the module cache may not have.
func requireAll(file *modfile.File, modules []module.Version) {
	versions := map[string]string{file.Module.Mod.Path: ""}
	for _, r := range file.Require {
		versions[r.Mod.Path] = r.Mod.Version
	}
	for _, r := range file.Replace {
		versions[r.Old.Path] = ""
	}
	for _, m := range modules {
		v, has := versions[m.Path]
		switch {
		case !has:
			file.AddNewRequire(m.Path, m.Version, true)
		case v != "" && semver.Compare(v, m.Version) < 0:
			_ = file.AddRequire(m.Path, m.Version) // of a path that is there, it cannot fail
		}
	}
	file.Cleanup()
}

// raiseGo makes file say at least the Go version that a module which it requires
// says, as the go command demands. It returns the version before, where it was
// raised.
func raiseGo(file *modfile.File, least string) (before string, err error) {
	before = "1.16" // what Go takes for a go.mod that says none
	if file.Go != nil {
		before = file.Go.Version
	}
	if version.Compare("go"+before, "go"+least) >= 0 {
		return "", nil
	}
	if file.Toolchain != nil && version.Compare(file.Toolchain.Name, "go"+least) < 0 {
		file.DropToolchainStmt()
	}
	return before, file.AddGoStmt(least)
}

// joinSums returns the lines of several go.sum files.
func joinSums(sums ...[]byte) []byte {
	var out bytes.Buffer
	seen := make(map[string]bool)
	for _, sum := range sums {
		for line := range strings.Lines(string(sum)) {
			line = strings.TrimSpace(line)
			if line != "" && !seen[line] {
				seen[line] = true
				out.WriteString(line + "\n")
			}
		}
	}
	return out.Bytes()
}
