// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package requirements

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tcpcb/conformance/kit"
)

func load(t *testing.T) []Document {
	t.Helper()
	docs, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

// TestEvidence: each row says what shows it, or why nothing does; each case that
// is named exists, and each that exists is named; so does each Go test.
func TestEvidence(t *testing.T) {
	cases := make(map[string]bool)
	for _, c := range kit.Cases() {
		if _, twice := cases[c.Name]; twice {
			t.Errorf("two cases are called %s", c.Name)
		}
		cases[c.Name] = false
	}
	src := parseTree(t)
	for _, d := range load(t) {
		for i := range d.Rows {
			r := &d.Rows[i]
			evidence := len(r.Cases) + len(r.Tests)
			switch {
			case evidence == 0 && r.NotApplicable == "" && r.Unmet == "":
				t.Errorf("%s: nothing shows %s", r.Place, r.Name())
			case r.NotApplicable != "" && evidence > 0:
				t.Errorf("%s: %s does not apply, and is shown", r.Place, r.Name())
			}
			for _, c := range r.Cases {
				if _, ok := cases[c]; !ok {
					t.Errorf("%s: there is no case %s", r.Place, c)
				}
				cases[c] = true
			}
			for _, name := range r.Tests {
				if src.tests[name] == nil {
					t.Errorf("%s: there is no test %s", r.Place, name)
				}
			}
			if r.Level == Must && len(r.Cases) == 0 && r.NotApplicable == "" && !slices.ContainsFunc(r.Tests, func(name string) bool {
				return src.tests[name] != nil && strings.Contains(src.tests[name].text, fmt.Sprint(r.RFC))
			}) {
				t.Errorf("%s: no test of %s says that it is about RFC %d", r.Place, r.Name(), r.RFC)
			}
			for _, m := range []map[string]string{r.Why, r.Exempt} {
				for who := range m {
					if who != Ours && who != "netstack" {
						t.Errorf("%s: a TCP called %s", r.Place, who)
					}
				}
			}
		}
	}
	for name, used := range cases {
		if !used {
			t.Errorf("no row names the case %s", name)
		}
	}
}

// TestAppendixB: all numbers of RFC 9293, appendix B, are there.
func TestAppendixB(t *testing.T) {
	have := make(map[string]bool)
	for _, d := range load(t) {
		if d.RFC != 9293 {
			continue
		}
		for _, r := range d.Rows {
			if strings.Contains(r.Keyword, "-") {
				if have[r.Keyword] && r.Keyword != "MUST-20" { // which asks for two things
					t.Errorf("%s: %s is there twice", r.Place, r.Keyword)
				}
				have[r.Keyword] = true
			}
		}
	}
	for kind, n := range map[string]int{"MUST": 69, "SHLD": 31, "MAY": 18, "REC": 1} {
		for i := range n {
			if name := fmt.Sprintf("%s-%d", kind, i+1); !have[name] {
				t.Errorf("%s is missing", name)
			}
			delete(have, fmt.Sprintf("%s-%d", kind, i+1))
		}
	}
	for name := range have {
		t.Errorf("RFC 9293 has no %s", name)
	}
}

// TestNumbers: each number of RFC 9293 that applies, and is not said to be unmet, is
// cited in the TCP, or in a test of it, or is the name of a case.
func TestNumbers(t *testing.T) {
	src := parseTree(t)
	var said strings.Builder
	for _, c := range src.comments {
		if inTCP.MatchString(c.file) {
			said.WriteString(c.text + "\n")
		}
	}
	for _, s := range src.tests {
		said.WriteString(s.text + "\n")
	}
	for _, c := range kit.Cases() {
		if strings.HasPrefix(c.Name, "RFC9293/") {
			said.WriteString(c.Name + "\n")
		}
	}
	cited := make(map[string]bool)
	for _, n := range regexp.MustCompile(`\b(?:MUST|SHLD|MAY|REC)-\d+\b`).FindAllString(said.String(), -1) {
		cited[n] = true
	}
	for _, d := range load(t) {
		for i := range d.Rows {
			r := &d.Rows[i]
			numbered := d.RFC == 9293 && strings.ContainsAny(r.Keyword, "0123456789")
			if numbered && r.NotApplicable == "" && r.Unmet == "" && !cited[r.Keyword] {
				t.Errorf("%s: nothing cites %s", r.Place, r.Keyword)
			}
		}
	}
}

// TestParse: what is no data is told with its place.
func TestParse(t *testing.T) {
	for text, want := range map[string]string{
		"RFC x: y":                                "data/f:1: want RFC NUMBER: TITLE",
		"RFC 1: y\n3 MUST text":                   "data/f:2: neither",
		"RFC 1: y\n\tkit a/b":                     "data/f:2: neither",
		"RFC 1: y\n3 MUST: text\n\tgo engine.Foo": `data/f:3: "engine.Foo" is no test`,
		"RFC 1: y\n3 MUST: text\n\twhy tcpcb":     `data/f:3: "why tcpcb": want`,
		"RFC 1: y\n3 MUST: text\n\tsee there":     "data/f:3: unknown word",
		"RFC 1: y\n3 MUST: text\n\tna":            `data/f:3: "na" says nothing`,
		"RFC 1: y\nlacks tcpcb":                   `data/f:2: "lacks tcpcb": want`,
	} {
		if _, err := parse("f", text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	d, err := parse("f", "RFC 7: title\n\n3.1 MUST NOT: text\n\tkit a b/c\n\tgo engine/wire.TestX\n\twhy tcpcb: so\n")
	if err != nil {
		t.Fatal(err)
	}
	r := d.Rows[0]
	if got := fmt.Sprint(d.RFC, d.Title, r.Name(), r.Level, r.Text, r.Cases, r.Tests, r.Why); got != "7titleRFC7/3.1/MUST-NOTMUSTtext[RFC7/3.1/a b/c] [engine/wire.TestX] map[tcpcb:so]" {
		t.Errorf("read as %s", got)
	}
}
