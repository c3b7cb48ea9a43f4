// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// FuzzParse gives the parser anything: it answers with a script whose every part
// is there, or with one of its two errors, and never panics or hangs. The seeds
// are the scripts of this project and what is in testdata.
func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"../../scripts/*.pkt", "testdata/*.pkt"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("fuzz", text, map[string]string{"A": "1", "B": `"x"`, "C": "`y`", "D": "word"})
		if err != nil {
			var syntax *SyntaxError
			var unsupported *UnsupportedError
			if s != nil || !errors.As(err, &syntax) && !errors.As(err, &unsupported) {
				t.Fatalf("script %v, error %v", s != nil, err)
			}
			return
		}
		line := 0
		for _, e := range s.Events {
			checkEvent(t, &e)
			if e.Line < line {
				t.Fatalf("line %d comes after line %d", e.Line, line)
			}
			line = e.Line
		}
	})
}

// checkEvent checks what everybody counts on.
func checkEvent(t *testing.T, e *Event) {
	n := 0
	if p := e.Packet; p != nil {
		n++
		kinds := 0
		for _, is := range []bool{p.TCP != nil, p.UDP != nil, p.ICMP != nil} {
			if is {
				kinds++
			}
		}
		if kinds != 1 {
			t.Fatalf("line %d: a packet of %d kinds", e.Line, kinds)
		}
		if p.TCP != nil {
			var b []byte
			for _, o := range p.TCP.Options {
				b = o.Append(b)
			}
			if len(b) > maxOptionBytes || len(b)%4 != 0 {
				t.Fatalf("line %d: %d bytes of options", e.Line, len(b))
			}
			_ = p.TCP.String()
		}
	}
	for _, is := range []bool{e.Call != nil, e.Command != nil, e.Code != nil} {
		if is {
			n++
		}
	}
	if n != 1 {
		t.Fatalf("line %d: an event of %d kinds", e.Line, n)
	}
	if e.Time.At < 0 || e.Time.End < 0 {
		t.Fatalf("line %d: time %v", e.Line, e.Time)
	}
	if c := e.Call; c != nil && (c.Name == "" || c.Result == nil) {
		t.Fatalf("line %d: a call without name or result", e.Line)
	}
}
