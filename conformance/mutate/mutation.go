// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// mutation is one mistake: a piece of a file that becomes another.
type mutation struct {
	file       string // its path
	line       int
	start, end int // the piece's offsets
	kind, with string
	was, is    string // the line before and after, without indentation
	next       string // the line that follows
}

// String tells what the mutation does.
func (m *mutation) String() string {
	return fmt.Sprintf("%s:%d %s\n\t- %s\n\t+ %s", m.file, m.line, m.kind, m.was, m.is)
}

// apply returns the file with the mistake.
func (m *mutation) apply(src []byte) []byte {
	return slices.Concat(src[:m.start], []byte(m.with), src[m.end:])
}

// The kinds of mistakes.
const (
	kindComparison = "comparison flipped"
	kindBoundary   = "boundary off by one"
	kindSign       = "sign"
	kindLogic      = "and for or"
	kindNegation   = "condition negated"
	kindNumber     = "number off by one"
	kindTimer      = "timer call dropped"
	kindStatement  = "statement dropped"
	kindReturn     = "other answer"
)

var operators = map[token.Token][]struct{ kind, with string }{
	token.LSS:        {{kindComparison, ">="}, {kindBoundary, "<="}},
	token.LEQ:        {{kindComparison, ">"}, {kindBoundary, "<"}},
	token.GTR:        {{kindComparison, "<="}, {kindBoundary, ">="}},
	token.GEQ:        {{kindComparison, "<"}, {kindBoundary, ">"}},
	token.EQL:        {{kindComparison, "!="}},
	token.NEQ:        {{kindComparison, "=="}},
	token.ADD:        {{kindSign, "-"}},
	token.SUB:        {{kindSign, "+"}},
	token.LAND:       {{kindLogic, "||"}},
	token.LOR:        {{kindLogic, "&&"}},
	token.ADD_ASSIGN: {{kindSign, "-="}},
	token.SUB_ASSIGN: {{kindSign, "+="}},
	token.INC:        {{kindSign, "--"}},
	token.DEC:        {{kindSign, "++"}},
}

// ignored are files that hold checks, names and views for tests, and functions
// that only tell what happens: a mistake in them is none of the engine's.
var (
	ignoredFiles = []string{"invariants.go", "trace.go", "snapshot.go", "reason.go"}
	ignoredFuncs = []string{"String", "trace", "drop", "CheckInvariants", "require"}
)

// mutator finds the mutations of a file.
type mutator struct {
	fset  *token.FileSet
	file  string
	src   []byte
	found []mutation
}

// mutations returns all that could be made in the files of a folder, and of those
// below it that are named.
func mutations(dirs ...string) ([]mutation, error) {
	var all []mutation
	for _, dir := range dirs {
		names, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") || slices.Contains(ignoredFiles, filepath.Base(name)) {
				continue
			}
			src, err := os.ReadFile(name)
			if err != nil {
				return nil, err
			}
			m, err := mutationsOf(name, src)
			if err != nil {
				return nil, err
			}
			all = append(all, m...)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("nothing to change in %v", dirs)
	}
	return all, nil
}

// mutationsOf returns those of one file.
func mutationsOf(name string, src []byte) ([]mutation, error) {
	m := &mutator{fset: token.NewFileSet(), file: name, src: src}
	f, err := parser.ParseFile(m.fset, name, src, 0)
	if err != nil {
		return nil, err
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); !ok || fn.Body == nil || slices.Contains(ignoredFuncs, fn.Name.Name) {
			continue
		}
		ast.Inspect(d, m.visit)
	}
	return m.found, nil
}

// add notes that what lies from pos to end could be with.
func (m *mutator) add(kind string, pos, end token.Pos, with string) {
	p := m.fset.Position(pos)
	c := mutation{file: m.file, line: p.Line, kind: kind, start: p.Offset, end: m.fset.Position(end).Offset, with: with}
	from := strings.LastIndexByte(string(m.src[:c.start]), '\n') + 1
	to := c.end + strings.IndexByte(string(m.src[c.end:])+"\n", '\n')
	c.was = strings.Join(strings.Fields(string(m.src[from:to])), " ")
	c.is = strings.Join(strings.Fields(string(m.src[from:c.start])+with+string(m.src[c.end:to])), " ")
	next, _, _ := strings.Cut(string(m.src[min(to+1, len(m.src)):]), "\n")
	c.next = strings.Join(strings.Fields(next), " ")
	m.found = append(m.found, c)
}

// visit looks at one node.
func (m *mutator) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		m.operator(n.Op, n.OpPos)
	case *ast.IncDecStmt:
		m.operator(n.Tok, n.TokPos)
	case *ast.AssignStmt:
		m.operator(n.Tok, n.TokPos)
		if n.Tok != token.DEFINE {
			m.add(kindStatement, n.Pos(), n.End(), "")
		}
	case *ast.UnaryExpr:
		if n.Op == token.NOT || n.Op == token.SUB {
			kind := kindNegation
			if n.Op == token.SUB {
				kind = kindSign
			}
			m.add(kind, n.OpPos, n.OpPos+1, "")
		}
	case *ast.IfStmt:
		m.add(kindNegation, n.Cond.Pos(), n.Cond.End(), "!("+m.text(n.Cond)+")")
	case *ast.BasicLit:
		if v, err := strconv.Atoi(n.Value); err == nil && n.Kind == token.INT {
			m.add(kindNumber, n.Pos(), n.End(), strconv.Itoa(v+1))
		}
	case *ast.ReturnStmt:
		m.answer(n)
	case *ast.SelectorExpr:
		m.position(n)
	case *ast.ExprStmt:
		m.call(n)
	}
	return true
}

func (m *mutator) operator(op token.Token, at token.Pos) {
	for _, o := range operators[op] {
		m.add(o.kind, at, at+token.Pos(len(op.String())), o.with)
	}
}

// answer has a function that says true say false, and the other way round.
func (m *mutator) answer(n *ast.ReturnStmt) {
	if len(n.Results) != 1 {
		return
	}
	if id, ok := n.Results[0].(*ast.Ident); ok && (id.Name == "true" || id.Name == "false") {
		m.add(kindReturn, id.Pos(), id.End(), strconv.FormatBool(id.Name != "true"))
	}
}

// position shifts the comparison of two positions of the sequence space.
func (m *mutator) position(n *ast.SelectorExpr) {
	other := map[string]string{"Less": "LessEq", "LessEq": "Less"}[n.Sel.Name]
	if other != "" {
		m.add(kindBoundary, n.Sel.Pos(), n.Sel.End(), other)
	}
}

// call drops a call whose result nobody looks at.
func (m *mutator) call(n *ast.ExprStmt) {
	call, ok := n.X.(*ast.CallExpr)
	if !ok {
		return
	}
	text := m.text(call.Fun)
	switch {
	case text == "panic" || text == "require" || strings.HasSuffix(text, ".trace"):
	case strings.Contains(text, "timers.") || strings.HasPrefix(text[strings.LastIndexByte(text, '.')+1:], "arm"):
		m.add(kindTimer, n.Pos(), n.End(), "")
	default:
		m.add(kindStatement, n.Pos(), n.End(), "")
	}
}

func (m *mutator) text(n ast.Node) string {
	return string(m.src[m.fset.Position(n.Pos()).Offset:m.fset.Position(n.End()).Offset])
}

// choose returns mutations in the order in which they are tried: kind by kind in
// turn, so that none is rare, each at random.
func choose(all []mutation, seed uint64) []mutation {
	rng := rand.New(rand.NewPCG(seed, 0x6d7574617465))
	byKind := map[string][]mutation{}
	var kinds []string
	for _, m := range all {
		if byKind[m.kind] == nil {
			kinds = append(kinds, m.kind)
		}
		byKind[m.kind] = append(byKind[m.kind], m)
	}
	slices.Sort(kinds)
	for _, k := range kinds {
		ms := byKind[k]
		rng.Shuffle(len(ms), func(i, j int) { ms[i], ms[j] = ms[j], ms[i] })
	}
	var order []mutation
	for i := 0; len(order) < len(all); i++ {
		for _, k := range kinds {
			if i < len(byKind[k]) {
				order = append(order, byKind[k][i])
			}
		}
	}
	return order
}
