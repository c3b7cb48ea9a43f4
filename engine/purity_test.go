// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// pureFolders are the packages that promise to be deterministic.
var pureFolders = []string{".", "seq", "wire"}

// allowedImports are all that they may import beside each other: pure functions
// of their arguments. fmt is for errors, strings and invariants.
var allowedImports = []string{
	"encoding/binary",
	"errors",
	"fmt",
	"math",
	"math/bits",
	"time",
	"gvisor.dev/gvisor/pkg/buffer",
	"tcpcb/engine/seq",
	"tcpcb/engine/wire",
}

// allowedParts are the names that may be used of the packages that also do what
// is not pure: of time its types and constants, since the rest reads the clock,
// sleeps or starts a timer; of fmt what returns text, since the rest does I/O.
var allowedParts = map[string][]string{
	"time": {"Duration", "Nanosecond", "Microsecond", "Millisecond", "Second", "Minute", "Hour"},
	"fmt":  {"Sprint", "Sprintf", "Errorf", "Stringer"},
}

// impurities returns what a Go file does that a deterministic package must not:
// goroutines, channels, maps, imports that are not allowed, and clocks.
func impurities(fset *token.FileSet, file *ast.File) []string {
	var found []string
	add := func(at token.Pos, format string, args ...any) {
		found = append(found, fmt.Sprintf("%v: %s", fset.Position(at), fmt.Sprintf(format, args...)))
	}
	allowed := map[string][]string{} // by the name of a package of which a part is allowed
	for _, imp := range file.Imports {
		path, err := strconv.Unquote(imp.Path.Value)
		switch {
		case err != nil:
			add(imp.Pos(), "import %s: %v", imp.Path.Value, err)
			continue
		case !slices.Contains(allowedImports, path):
			add(imp.Pos(), "import of %s", path)
		case imp.Name != nil && (imp.Name.Name == "." || imp.Name.Name == "_"):
			add(imp.Pos(), "import of %s as %s", path, imp.Name.Name)
		}
		if part, ok := allowedParts[path]; ok {
			name := path
			if imp.Name != nil {
				name = imp.Name.Name
			}
			allowed[name] = part
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			add(n.Pos(), "go statement")
		case *ast.SelectStmt:
			add(n.Pos(), "select statement")
		case *ast.SendStmt:
			add(n.Pos(), "send on a channel")
		case *ast.ChanType:
			add(n.Pos(), "channel")
		case *ast.UnaryExpr:
			if n.Op == token.ARROW {
				add(n.Pos(), "receive from a channel")
			}
		case *ast.SelectorExpr:
			x, ok := n.X.(*ast.Ident)
			if !ok {
				break
			}
			if part, ok := allowed[x.Name]; ok && !slices.Contains(part, n.Sel.Name) {
				add(n.Pos(), "%s.%s", x.Name, n.Sel.Name)
			}
		case *ast.MapType:
			add(n.Pos(), "map, whose order is random")
		}
		return true
	})
	for _, group := range file.Comments {
		for _, c := range group.List {
			if strings.HasPrefix(c.Text, "//go:linkname") {
				add(c.Pos(), "go:linkname")
			}
		}
	}
	return found
}

// TestPurity holds the engine to its promise: its output is a function of its
// inputs and their instants.
func TestPurity(t *testing.T) {
	for _, folder := range pureFolders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			t.Fatal(err)
		}
		checked := 0
		for _, e := range entries {
			name := filepath.Join(folder, e.Name())
			switch {
			case e.IsDir(), strings.HasSuffix(name, "_test.go"):
				continue
			case strings.HasSuffix(name, ".s"), strings.HasSuffix(name, ".c"), strings.HasSuffix(name, ".syso"):
				t.Errorf("%s is not Go", name)
				continue
			case !strings.HasSuffix(name, ".go"):
				continue
			}
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			for _, what := range impurities(fset, file) {
				t.Error(what)
			}
			checked++
		}
		if checked == 0 {
			t.Errorf("no Go file in %s", folder)
		}
	}
}

// TestPurityCanFail shows that each rule catches what breaks it, and lets pass
// what does not.
func TestPurityCanFail(t *testing.T) {
	for _, test := range []struct{ name, code, want string }{
		{"nothing", `var x = 1`, ""},
		{"durations", `import "time"; var d time.Duration = 3*time.Second`, ""},
		{"a field named Now", `type c struct{ Now int }; var v c; var n = v.Now`, ""},
		{"text", `import "fmt"; var s = fmt.Sprint(1)`, ""},
		{"a variable named time", `var time struct{ Now int }; var n = time.Now`, ""},
		{"buffer", `import "gvisor.dev/gvisor/pkg/buffer"; var b buffer.Buffer`, ""},

		{"go", `func f() { go f() }`, "go statement"},
		{"go in a literal", `var f = func() { func() { go f() }() }`, "go statement"},
		{"channel", `var c chan int`, "channel"},
		{"make of a channel", `var c = make(chan int)`, "channel"},
		{"send", `func f(c C) { c <- 1 }`, "send on a channel"},
		{"receive", `func f(c C) { <-c }`, "receive from a channel"},
		{"select", `func f() { select {} }`, "select statement"},
		{"time.Now", `import "time"; var n = time.Now()`, "time.Now"},
		{"time.Now as a value", `import "time"; var n = time.Now`, "time.Now"},
		{"time.Now renamed", `import clock "time"; var n = clock.Now()`, "clock.Now"},
		{"time.Since", `import "time"; var n = time.Since(x)`, "time.Since"},
		{"time.Sleep", `import "time"; func f() { time.Sleep(1) }`, "time.Sleep"},
		{"time.AfterFunc", `import "time"; var n = time.AfterFunc(1, nil)`, "time.AfterFunc"},
		{"time.Timer", `import "time"; var n time.Timer`, "time.Timer"},
		{"time.NewTicker", `import "time"; var n = time.NewTicker(1)`, "time.NewTicker"},
		{"dot import of time", `import . "time"; var n = Now()`, "import of time as ."},
		{"map", `var m map[int]int`, "map, whose order is random"},
		{"fmt.Println", `import "fmt"; func f() { fmt.Println() }`, "fmt.Println"},
		{"sync", `import "sync"; var m sync.Mutex`, "import of sync"},
		{"sync/atomic", `import "sync/atomic"; var m atomic.Bool`, "import of sync/atomic"},
		{"gvisor sync", `import "gvisor.dev/gvisor/pkg/sync"; var m sync.Mutex`, "import of gvisor.dev/gvisor/pkg/sync"},
		{"math/rand", `import "math/rand"; var n = rand.Int()`, "import of math/rand"},
		{"math/rand/v2", `import "math/rand/v2"; var n = rand.Int()`, "import of math/rand/v2"},
		{"crypto/rand", `import _ "crypto/rand"`, "import of crypto/rand"},
		{"netstack", `import "gvisor.dev/gvisor/pkg/tcpip"; var a tcpip.Address`, "import of gvisor.dev/gvisor/pkg/tcpip"},
		{"netstack's header", `import "gvisor.dev/gvisor/pkg/tcpip/header"; var a header.TCP`, "import of gvisor.dev/gvisor/pkg/tcpip/header"},
		{"a layer above", `import "tcpcb/adapter"; var a adapter.Clock`, "import of tcpcb/adapter"},
		{"unsafe", `import "unsafe"; var a unsafe.Pointer`, "import of unsafe"},
		{"reflect", `import "reflect"; var a reflect.Value`, "import of reflect"},
		{"os", `import "os"; var a = os.Args`, "import of os"},
		{"net", `import "net"; var a net.IP`, "import of net"},
		{"runtime", `import "runtime"; func f() { runtime.Gosched() }`, "import of runtime"},
		{"cgo", `import "C"`, "import of C"},
		{"linkname", "//go:linkname now time.now\nfunc now() int", "go:linkname"},
	} {
		t.Run(test.name, func(t *testing.T) {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, "x.go", "package p\n"+test.code, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			found := impurities(fset, file)
			switch {
			case test.want == "" && len(found) > 0:
				t.Errorf("found %q, want nothing", found)
			case test.want != "" && !slices.ContainsFunc(found, func(s string) bool { return strings.HasSuffix(s, ": "+test.want) }):
				t.Errorf("found %q, want %q", found, test.want)
			}
		})
	}
}
