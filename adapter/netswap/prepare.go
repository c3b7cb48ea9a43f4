// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
)

// preparation makes in a slot what the command needs.
type preparation struct {
	options *options
	slot    *slot
	log     io.Writer

	target *target
	source *source
	// gvisor is the folder of the gVisor that the command gets: a copy, or the
	// target itself.
	gvisor string
	// tcpcb is the folder that stands for tcpcb; "" where the build list of the
	// target has it.
	tcpcb string
	// needs are the modules that it requires.
	needs []module.Version
}

// say tells what was done, where that is asked for.
func (p *preparation) say(format string, args ...any) {
	if p.options.verbose {
		fmt.Fprintf(p.log, "netswap: "+format+"\n", args...)
	}
}

// prepare returns the environment for the command, and the folder that it is to
// run in.
func (p *preparation) prepare(ctx context.Context) (env []string, dir string, err error) {
	if p.target, err = inspect(ctx, p.options.dir, p.slot.dir); err != nil {
		return nil, "", err
	}
	if p.source, err = openSource(ctx, p.options.tcpcb); err != nil {
		return nil, "", err
	}
	if err := p.placeGVisor(ctx); err != nil {
		return nil, "", err
	}
	if err := p.placeTCPCB(); err != nil {
		return nil, "", err
	}
	file, sum, err := p.modFile()
	if err != nil {
		return nil, "", fmt.Errorf("writing the alternative go.mod: %w", err)
	}
	if env, err = p.target.write(p.slot.dir, file, sum, ""); err != nil {
		return nil, "", err
	}
	if p.options.provider == providerGVisor {
		p.say("the TCP is gVisor's own")
		return env, p.target.dir, nil
	}
	overlay, err := p.replaceTCP(ctx, env)
	if err != nil {
		return nil, "", err
	}
	if overlay != "" {
		env, err = p.target.write(p.slot.dir, file, sum, overlay)
	}
	return env, p.target.dir, err
}

// placeGVisor copies gVisor to the slot, unless it is the main module and an
// overlay will do.
func (p *preparation) placeGVisor(ctx context.Context) error {
	t := p.target
	inCache := within(t.gvisor.Dir, t.env.GOMODCACHE)
	if t.gvisor.Main && !inCache {
		p.gvisor = t.gvisor.Dir
		return nil
	}
	p.gvisor = filepath.Join(p.slot.dir, "gvisor")
	if err := copyTree(ctx, t.gvisor.Dir, p.gvisor); err != nil {
		return err
	}
	p.say("%v is copied from %s to %s", &t.gvisor, t.gvisor.Dir, p.gvisor)
	if t.gvisor.Main {
		rel, err := filepath.Rel(t.gvisor.Dir, t.dir)
		if err != nil {
			return err
		}
		t.dir = filepath.Join(p.gvisor, rel)
		p.say("the module cache must stay as it is: the command runs in %s", t.dir)
		return nil
	}
	return p.renameGVisor()
}

// renameGVisor makes the copy say that it is gVisor: what a go.mod replaces it
// by may have another name.
func (p *preparation) renameGVisor() error {
	path := filepath.Join(p.gvisor, "go.mod")
	text, err := os.ReadFile(path)
	if err != nil {
		// Without a go.mod there are no requirements, and no other name.
		return os.WriteFile(path, []byte("module "+gvisorPath+"\n"), 0o600)
	}
	if modfile.ModulePath(text) == gvisorPath {
		return nil
	}
	file, err := modfile.ParseLax(path, text, nil)
	if err != nil {
		return fmt.Errorf("reading gVisor's go.mod: %w", err)
	}
	if err := file.AddModuleStmt(gvisorPath); err != nil {
		return err
	}
	if text, err = file.Format(); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// placeTCPCB copies what is needed of tcpcb to the slot, unless the target has
// it, or is it.
func (p *preparation) placeTCPCB() error {
	f := p.target.file
	has := f.Module.Mod.Path == tcpcbPath
	for _, r := range f.Require {
		has = has || r.Mod.Path == tcpcbPath
	}
	if has {
		p.say("tcpcb is the one of %s", f.Module.Mod.Path)
		return nil
	}
	p.tcpcb = filepath.Join(p.slot.dir, "tcpcb")
	var err error
	if p.needs, err = p.source.copyTransport(p.tcpcb); err != nil {
		return err
	}
	p.say("tcpcb is copied from %s to %s", p.source.dir, p.tcpcb)
	return nil
}

// modFile returns the target's go.mod and go.sum with the two modules replaced.
func (p *preparation) modFile() (*modfile.File, []byte, error) {
	file := p.target.file
	folders := make(map[string]string)
	if !p.target.gvisor.Main {
		folders[gvisorPath] = p.gvisor
	}
	if p.tcpcb != "" {
		folders[tcpcbPath] = p.tcpcb
	}
	if err := replaceAll(file, folders); err != nil {
		return nil, nil, err
	}
	requireAll(file, p.needs)
	before, err := raiseGo(file, p.source.file.Go.Version)
	if err != nil {
		return nil, nil, err
	}
	if before != "" {
		fmt.Fprintf(p.log, "netswap: tcpcb needs Go %s, so the module is built as if its go.mod said that, not %s\n", p.source.file.Go.Version, before)
	}
	// The requirements of gVisor and of tcpcb count now too.
	sum, err := os.ReadFile(filepath.Join(p.gvisor, "go.sum"))
	if err != nil && !os.IsNotExist(err) {
		return nil, nil, err
	}
	return file, joinSums(p.target.sum, sum, p.source.sum), nil
}

// replaceTCP puts the forwarding package in the place of gVisor's, in the copy,
// or else by means of the overlay whose path it returns.
func (p *preparation) replaceTCP(ctx context.Context, env []string) (overlay string, err error) {
	if _, err := goCommand(ctx, p.target.dir, env, "build", transportPackage); err != nil {
		if ctx.Err() != nil {
			return "", err
		}
		return "", fmt.Errorf("tcpcb does not compile with the gVisor of the build list, %v; it is written for %s:\n%w\nnetswap: require that version of %s, if the program compiles with it",
			&p.target.gvisor, p.source.gvisor(), err, gvisorPath)
	}
	to, err := loadTransport(ctx, p.target.dir, env)
	if err != nil {
		return "", err
	}
	text, err := forward("tcp", to)
	if err != nil {
		return "", err
	}
	folder := filepath.Join(p.gvisor, filepath.FromSlash(tcpFolder))
	old, err := exportedNames(folder)
	if err != nil {
		return "", fmt.Errorf("reading gVisor's TCP: %w", err)
	}
	if m := missing(old, to); len(m) > 0 {
		p.say("tcpcb does not have %s of gVisor's TCP", strings.Join(m, ", "))
	}
	files, err := packageFiles(folder)
	if err != nil {
		return "", fmt.Errorf("reading gVisor's TCP: %w", err)
	}
	p.say("%d files in %s make room for one that forwards to tcpcb", len(files), folder)
	if within(folder, p.slot.dir) {
		for _, f := range files {
			if err := os.Remove(f); err != nil {
				return "", err
			}
		}
		return "", os.WriteFile(filepath.Join(folder, "netswap.go"), text, 0o600)
	}
	return p.writeOverlay(folder, files, text)
}

// writeOverlay writes the overlay in which files are not there, and folder has
// one with that text.
func (p *preparation) writeOverlay(folder string, files []string, text []byte) (string, error) {
	source := filepath.Join(p.slot.dir, "netswap.go")
	if err := os.WriteFile(source, text, 0o600); err != nil {
		return "", err
	}
	replace := map[string]string{filepath.Join(folder, "netswap.go"): source}
	for _, f := range files {
		replace[f] = ""
	}
	out, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(p.slot.dir, "overlay.json")
	return path, os.WriteFile(path, out, 0o600)
}

// packageFiles returns the Go and assembly files in folder, but tests that are
// packages of their own.
func packageFiles(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		path := filepath.Join(folder, e.Name())
		switch filepath.Ext(path) {
		case ".s", ".S":
			files = append(files, path)
		case ".go":
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly)
			if err != nil {
				return nil, err
			}
			if !strings.HasSuffix(file.Name.Name, "_test") {
				files = append(files, path)
			}
		}
	}
	return files, nil
}

// within reports whether path is in folder.
func within(path, folder string) bool {
	rel, err := filepath.Rel(folder, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
