// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package requirements has what the RFCs ask of a TCP as data: a row for each
// sentence with a keyword, in our own words, with its section, and what shows
// that it is met. The data are the files of the folder data, one for each RFC:
//
//	3.8.6.1 MUST-36: A closed window is probed.
//		kit MUST-36
//		go engine.TestZeroWindow
//		why netstack: ...
//
// A line that begins a row has the section, the keyword, with its number where
// the RFC has one, and the text. The lines below it, which begin with a tab, are
//
//	kit NAMES       cases of the kit, which any TCP is put to; a name without a
//	                slash is that of the row's RFC and section
//	go PKG.TEST...  tests of this module that show it of tcpcb, from within
//	na REASON       it applies to no TCP in netstack
//	unmet REASON    tcpcb does not meet it
//	why TCP: TEXT   what there is to say of a TCP's verdict; where its cases do not
//	                apply to it, it does not meet the row
//	exempt TCP: WHY it does not apply to that TCP, unless its cases show it
//
// A line "lacks TCP: WHY" before all rows exempts that TCP from rows without cases.
package requirements

import (
	"bufio"
	"embed"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed data/rfc*.txt
var data embed.FS

// Level is how binding a requirement is.
type Level int

// The levels, of RFC 2119. RECOMMENDED is a SHOULD.
const (
	Must Level = iota
	Should
	May
)

func (l Level) String() string { return [...]string{"MUST", "SHOULD", "MAY"}[l] }

// Row is one requirement.
type Row struct {
	// RFC is its number, and Section the section of the sentence.
	RFC     int
	Section string
	// Keyword is as in the RFC, as in "MUST NOT", or with the number that RFC 9293
	// gives it, as in "MUST-36".
	Keyword string
	Level   Level
	// Text is what it asks for, in our own words.
	Text string
	// Cases are the kit's that show it, and Tests those of this module, as in
	// engine.TestZeroWindow.
	Cases, Tests []string
	// NotApplicable says why it applies to no TCP in netstack, and Unmet why tcpcb
	// does not meet it.
	NotApplicable, Unmet string
	// Why has what there is to say of a TCP's verdict, by its name, and Exempt why
	// the row does not apply to it.
	Why, Exempt map[string]string
	// Place is the file and the line.
	Place string
}

// Document is an RFC.
type Document struct {
	RFC   int
	Title string
	// Lacks says of a TCP, by its name, that it does not have what this is about.
	Lacks map[string]string
	Rows  []Row
}

// Name is RFC, section and keyword, as in "RFC9293/3.8.6.1/MUST-36". Sentences of a
// section without numbers share it.
func (r *Row) Name() string {
	return fmt.Sprintf("RFC%d/%s/%s", r.RFC, r.Section, strings.ReplaceAll(r.Keyword, " ", "-"))
}

// Load returns all documents, by number. What is wrong with the data is an error.
func Load() ([]Document, error) {
	names, err := data.ReadDir("data")
	if err != nil {
		return nil, err
	}
	var docs []Document
	for _, n := range names {
		text, err := data.ReadFile(path.Join("data", n.Name()))
		if err != nil {
			return nil, err
		}
		d, err := parse(n.Name(), string(text))
		if err != nil {
			return nil, err
		}
		docs = append(docs, *d)
	}
	slices.SortFunc(docs, func(a, b Document) int { return a.RFC - b.RFC })
	return docs, nil
}

var (
	titleLine = regexp.MustCompile(`^RFC (\d+): (.+)$`)
	rowLine   = regexp.MustCompile(`^(\d+(?:\.\d+)*) (MUST NOT|MUST|SHOULD NOT|SHOULD|MAY|RECOMMENDED|MUST-\d+|SHLD-\d+|MAY-\d+|REC-\d+): (.+)$`)
	testName  = regexp.MustCompile(`^[a-z0-9/]+\.Test[A-Z]\w*$`)
)

// parse reads one document.
func parse(name, text string) (*Document, error) {
	d := &Document{}
	in := bufio.NewScanner(strings.NewReader(text))
	for line := 1; in.Scan(); line++ {
		l := in.Text()
		place := fmt.Sprintf("data/%s:%d", name, line)
		var err error
		switch m := rowLine.FindStringSubmatch(l); {
		case l == "":
		case line == 1:
			t := titleLine.FindStringSubmatch(l)
			if t == nil {
				return nil, fmt.Errorf("%s: want RFC NUMBER: TITLE", place)
			}
			d.RFC, err = strconv.Atoi(t[1])
			d.Title = t[2]
		case strings.HasPrefix(l, "lacks "):
			who, text, ok := strings.Cut(strings.TrimPrefix(l, "lacks "), ": ")
			if !ok || len(d.Rows) > 0 {
				err = fmt.Errorf("%q: want lacks TCP: WHY before all rows", l)
			}
			d.Lacks = map[string]string{who: text}
		case m != nil:
			d.Rows = append(d.Rows, Row{
				RFC: d.RFC, Section: m[1], Keyword: m[2], Level: levelOf(m[2]), Text: m[3],
				Why: make(map[string]string), Exempt: make(map[string]string), Place: place,
			})
		case strings.HasPrefix(l, "\t") && len(d.Rows) > 0:
			err = d.Rows[len(d.Rows)-1].add(strings.TrimPrefix(l, "\t"))
		default:
			err = fmt.Errorf("neither a row nor what belongs to one: %q", l)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", place, err)
		}
	}
	for who, why := range d.Lacks {
		for i := range d.Rows {
			if r := &d.Rows[i]; r.Exempt[who] == "" {
				r.Exempt[who] = why
			}
		}
	}
	return d, in.Err()
}

func levelOf(keyword string) Level {
	switch {
	case strings.HasPrefix(keyword, "MUST"):
		return Must
	case strings.HasPrefix(keyword, "MAY"):
		return May
	}
	return Should
}

// add takes a line that belongs to r.
func (r *Row) add(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	if rest == "" {
		return fmt.Errorf("%q says nothing", line)
	}
	switch word {
	case "kit":
		for _, c := range strings.Fields(rest) {
			if !strings.Contains(c, "/") {
				c = fmt.Sprintf("RFC%d/%s/%s", r.RFC, r.Section, c)
			}
			r.Cases = append(r.Cases, c)
		}
	case "go":
		for _, t := range strings.Fields(rest) {
			if !testName.MatchString(t) {
				return fmt.Errorf("%q is no test", t)
			}
			r.Tests = append(r.Tests, t)
		}
	case "na":
		r.NotApplicable = rest
	case "unmet":
		r.Unmet = rest
	case "why", "exempt":
		who, text, ok := strings.Cut(rest, ": ")
		if !ok {
			return fmt.Errorf("%q: want %s TCP: TEXT", line, word)
		}
		if word == "why" {
			r.Why[who] = text
		} else {
			r.Exempt[who] = text
		}
	default:
		return fmt.Errorf("unknown word %q", word)
	}
	return nil
}
