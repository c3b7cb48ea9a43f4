// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport

import (
	"bufio"
	"fmt"
	"go/types"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
)

const (
	facePackage  = "gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	faceInternal = "gvisor.dev/gvisor/pkg/tcpip/internal/tcp"
	oursPrefix   = "tcpcb/"
)

// TestSameFace compares what this package exports with what netstack's does:
// names and kinds, values of constants, signatures, and of each type that can be
// reached from there, the exported fields and methods. All differences stand in
// testdata/face.txt, each with its reason, and each that stands there is one.
func TestSameFace(t *testing.T) {
	pkgs, err := packages.Load(&packages.Config{Mode: packages.NeedName | packages.NeedImports | packages.NeedTypes}, facePackage, "tcpcb/transport")
	if err != nil {
		t.Fatal(err)
	}
	faces := map[string]face{}
	for _, p := range pkgs {
		for _, e := range p.Errors {
			t.Fatal(e)
		}
		f := face{}
		f.describe(p.Types)
		faces[p.PkgPath] = f
	}
	theirs, ours := faces[facePackage], faces["tcpcb/transport"]
	if len(theirs) < 100 || len(ours) < 100 {
		t.Fatalf("netstack's package has %d names, and this one %d: they were not loaded", len(theirs), len(ours))
	}
	diffs := theirs.diff(ours)
	allowed := readExceptions(t)
	used := make([]bool, len(allowed))
	for _, d := range diffs {
		i := slices.IndexFunc(allowed, d.matches)
		if i < 0 {
			t.Errorf("%v: %s", d, d.how)
			continue
		}
		used[i] = true
	}
	for i, a := range allowed {
		if !used[i] {
			t.Errorf("testdata/face.txt: %q is no difference any more", a)
		}
	}
}

// face is what a package exports: a description for each name.
type face map[string]string

// isOwn reports whether a package is one of those that are compared.
func isOwn(p *types.Package) bool {
	return p != nil && (p.Path() == facePackage || p.Path() == faceInternal || strings.HasPrefix(p.Path(), oursPrefix))
}

// qualify writes the compared packages' names as if they were one.
func qualify(p *types.Package) string {
	if isOwn(p) {
		return "tcp"
	}
	return p.Path()
}

// text formats a type. The names of parameters do not count.
func text(t types.Type) string { return types.TypeString(anonymous(t), qualify) }

// anonymous returns t without the names of parameters.
func anonymous(t types.Type) types.Type {
	switch t := types.Unalias(t).(type) {
	case *types.Signature:
		return types.NewSignatureType(nil, nil, nil, anonymousVars(t.Params()), anonymousVars(t.Results()), t.Variadic())
	case *types.Pointer:
		return types.NewPointer(anonymous(t.Elem()))
	case *types.Slice:
		return types.NewSlice(anonymous(t.Elem()))
	default:
		return t
	}
}

func anonymousVars(vars *types.Tuple) *types.Tuple {
	var out []*types.Var
	for v := range vars.Variables() {
		out = append(out, types.NewParam(v.Pos(), v.Pkg(), "", anonymous(v.Type())))
	}
	return types.NewTuple(out...)
}

// describe describes what pkg exports.
func (f face) describe(pkg *types.Package) {
	for _, name := range pkg.Scope().Names() {
		obj := pkg.Scope().Lookup(name)
		if !obj.Exported() {
			continue
		}
		switch obj := obj.(type) {
		case *types.Const:
			f["const "+name] = text(obj.Type()) + " = " + obj.Val().ExactString()
		case *types.TypeName:
			f["type "+name] = text(obj.Type())
			f.reach(obj.Type())
		default:
			kind, _, _ := strings.Cut(obj.String(), " ")
			f[kind+" "+name] = text(obj.Type())
			f.reach(obj.Type())
		}
	}
}

// reach describes the types of the compared packages that t leads to.
func (f face) reach(t types.Type) {
	switch t := types.Unalias(t).(type) {
	case *types.Signature:
		for v := range t.Params().Variables() {
			f.reach(v.Type())
		}
		for v := range t.Results().Variables() {
			f.reach(v.Type())
		}
	case *types.Named:
		name := t.Obj().Name()
		if key := "underlying " + name; isOwn(t.Obj().Pkg()) && f[key] == "" {
			f[key] = "opaque struct"
			if s, ok := t.Underlying().(*types.Struct); !ok || allExported(s) {
				f[key] = text(t.Underlying())
			}
			f.members(t)
		}
	case interface{ Elem() types.Type }:
		f.reach(t.Elem())
	}
}

func allExported(s *types.Struct) bool {
	for v := range s.Fields() {
		if !v.Exported() {
			return false
		}
	}
	return true
}

// members describes the fields and methods of a type.
func (f face) members(t *types.Named) {
	name := t.Obj().Name()
	f.fields(t, t.Underlying())
	values := types.NewMethodSet(t)
	for m := range types.NewMethodSet(types.NewPointer(t)).Methods() {
		if !m.Obj().Exported() {
			continue
		}
		star := "*"
		if values.Lookup(m.Obj().Pkg(), m.Obj().Name()) != nil {
			star = ""
		}
		f["method "+name+"."+m.Obj().Name()] = star + name + " " + text(m.Type())
		f.reach(m.Type())
	}
	if s, ok := t.Underlying().(*types.Signature); ok {
		f.reach(s)
	}
}

// fields describes the fields that can be selected on t, which may be those of a
// field that is embedded at some depth.
func (f face) fields(t *types.Named, in types.Type) {
	s, ok := in.(*types.Struct)
	if !ok {
		return
	}
	for v := range s.Fields() {
		got, _, _ := types.LookupFieldOrMethod(t, true, v.Pkg(), v.Name())
		if got != v {
			continue // hidden by another of that name
		}
		if v.Exported() {
			f["field "+t.Obj().Name()+"."+v.Name()] = text(v.Type())
			f.reach(v.Type())
		}
		if v.Embedded() {
			f.fields(t, v.Type().Underlying())
		}
	}
}

// difference is one name of which one side knows nothing, or something else.
type difference struct{ kind, name, how string }

func (d difference) String() string { return d.kind + " " + d.name }

// matches reports whether d is one that the pattern allows.
func (d difference) matches(pattern string) bool {
	ok, err := path.Match(pattern, d.String())
	return ok && err == nil
}

// diff lists the differences of ours, in order.
func (f face) diff(ours face) (ds []difference) {
	for name, want := range f {
		switch got, ok := ours[name]; {
		case !ok:
			ds = append(ds, difference{"missing", name, want})
		case got != want:
			ds = append(ds, difference{"other", name, fmt.Sprintf("it is\n\t%s\nand netstack's\n\t%s", got, want)})
		}
	}
	for name, got := range ours {
		if _, ok := f[name]; !ok {
			ds = append(ds, difference{"more", name, got})
		}
	}
	slices.SortFunc(ds, func(a, b difference) int { return strings.Compare(a.String(), b.String()) })
	return ds
}

// readExceptions reads the patterns of testdata/face.txt. A line is a pattern or,
// after #, a reason, and each block of patterns follows a reason.
func readExceptions(t *testing.T) []string {
	file, err := os.Open("testdata/face.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var patterns []string
	reason := false
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		switch {
		case line == "":
			reason = false
		case strings.HasPrefix(line, "#"):
			reason = true
		case !reason:
			t.Errorf("testdata/face.txt: %q stands there without a reason", line)
		default:
			if _, err := path.Match(line, ""); err != nil {
				t.Errorf("testdata/face.txt: %q: %v", line, err)
			}
			patterns = append(patterns, line)
		}
	}
	return patterns
}
