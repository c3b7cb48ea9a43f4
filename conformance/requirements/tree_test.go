// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package requirements

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// root is the module's folder.
const root = "../.."

// tree is the source of the module.
type tree struct {
	// tests are the test functions, by folder and name, with all their text.
	tests map[string]*testSource
	// comments are those of files that are no tests, in the folders of the TCP.
	comments []comment
}

// testSource is where a test stands, and what its comments say.
type testSource struct{ place, text string }

// comment is a comment, or a run of them.
type comment struct {
	file  string // relative to root
	place string
	text  string
	// before is what the file says up to there.
	before string
}

// parseTree reads all Go files of the module.
func parseTree(t *testing.T) *tree {
	t.Helper()
	src := &tree{tests: make(map[string]*testSource)}
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == "testdata" || strings.HasPrefix(e.Name(), ".") && e.Name() != ".."):
			return fs.SkipDir
		case e.IsDir() || !strings.HasSuffix(p, ".go"):
			return nil
		}
		f, err := parser.ParseFile(set, p, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		if strings.HasSuffix(rel, "_test.go") {
			src.addTests(set, rel, f)
		} else {
			src.addComments(set, rel, f)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(src.tests) < 100 || len(src.comments) < 1000 {
		t.Fatalf("%d tests and %d comments were found", len(src.tests), len(src.comments))
	}
	return src
}

func (src *tree) addTests(set *token.FileSet, rel string, f *ast.File) {
	var all strings.Builder // what the file says before its first function
	for _, d := range f.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Recv != nil {
			continue
		}
		if all.Len() == 0 {
			for _, g := range f.Comments {
				if g.End() < fn.Pos() {
					all.WriteString(g.Text() + "\n")
				}
			}
		}
		if !strings.HasPrefix(fn.Name.Name, "Test") {
			continue
		}
		text := fn.Doc.Text()
		for _, g := range f.Comments {
			if g.Pos() > fn.Pos() && g.End() < fn.End() {
				text += "\n" + g.Text()
			}
		}
		name := path.Dir(rel) + "." + fn.Name.Name
		src.tests[name] = &testSource{set.Position(fn.Pos()).String(), all.String() + text}
	}
}

func (src *tree) addComments(set *token.FileSet, rel string, f *ast.File) {
	before := ""
	for _, g := range f.Comments {
		text := strings.Join(strings.Fields(g.Text()), " ")
		src.comments = append(src.comments, comment{rel, set.Position(g.Pos()).String(), text, before})
		before += " " + text
	}
}
