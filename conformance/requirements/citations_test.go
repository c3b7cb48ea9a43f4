// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package requirements

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	rfcWord     = regexp.MustCompile(`RFC (\d{3,5})|(\d{4}), (?:section|3\.)`)
	sectionWord = regexp.MustCompile(`[Ss]ections? (\d+(?:\.\d+)*(?:(?:,| and|, and) \d+(?:\.\d+)*)*)`)
	oneSection  = regexp.MustCompile(`\d+(?:\.\d+)*`)
	sourceFirst = regexp.MustCompile(`^[^.]*?RFC \d+, sections? \d[^)]*`)
	mustWord    = regexp.MustCompile(`\bMUST\b(?: NOT)?(-\d+)?`)
	rangeWord   = regexp.MustCompile(`MUST-(\d+)\.\.(\d+)`)
)

// citation is a MUST that a comment cites.
type citation struct {
	place, text string
	number      string // of RFC 9293, or ""
	rfc         string
	sections    []string
}

// drafts are the files whose MUSTs are those of a draft, which has no rows.
var drafts = regexp.MustCompile(`^engine/cc_bbr\w*\.go$`)

// inTCP are the folders whose citations count.
var inTCP = regexp.MustCompile(`^(engine|adapter|endpoint|transport)/`)

// citations finds the MUSTs that the TCP's comments cite. The RFC and the section
// of one are the last that were named before it.
func (src *tree) citations() []citation {
	var all []citation
	for _, c := range src.comments {
		if !inTCP.MatchString(c.file) || drafts.MatchString(c.file) {
			continue
		}
		for _, at := range mustWord.FindAllStringIndex(c.text, -1) {
			word := c.text[at[0]:at[1]]
			cite := citation{place: c.place, text: c.text}
			if _, n, numbered := strings.Cut(word, "-"); numbered {
				cite.number = "MUST-" + n
			}
			said := c.before + " " + c.text[:at[0]]
			// A sentence may put the keyword before its source.
			if behind := sourceFirst.FindString(c.text[at[1]:]); behind != "" && !strings.Contains(c.text[:at[0]], "RFC") && !sectionWord.MatchString(c.text[:at[0]]) {
				said += behind
			}
			if m := rfcWord.FindAllStringSubmatch(said, -1); m != nil {
				cite.rfc = m[len(m)-1][1] + m[len(m)-1][2]
			}
			if m := sectionWord.FindAllStringSubmatch(said, -1); m != nil {
				cite.sections = oneSection.FindAllString(m[len(m)-1][1], -1)
			}
			all = append(all, cite)
		}
	}
	return all
}

// TestCitations: each MUST that the TCP cites above its code has a row, whose
// evidence cites it again: a case of the kit by its name, or a Go test by its
// comments.
func TestCitations(t *testing.T) {
	src := parseTree(t)
	rows := make(map[string][]*Row)
	for _, d := range load(t) {
		for i := range d.Rows {
			r := &d.Rows[i]
			rows[fmt.Sprintf("%d/%s", r.RFC, r.Section)] = append(rows[fmt.Sprintf("%d/%s", r.RFC, r.Section)], r)
			if strings.HasPrefix(r.Keyword, "MUST-") {
				rows[r.Keyword] = append(rows[r.Keyword], r)
			}
		}
	}
	cites := src.citations()
	if len(cites) < 40 {
		t.Fatalf("only %d citations were found", len(cites))
	}
	for _, c := range cites {
		found := rows[c.number]
		if c.number == "" {
			for _, s := range c.sections {
				found = append(found, rows[c.rfc+"/"+s]...)
			}
			found = slices.DeleteFunc(found, func(r *Row) bool { return r.Level != Must })
		}
		if len(found) == 0 {
			t.Errorf("%s: no row for the MUST of RFC %s, section %v %s: %s", c.place, c.rfc, c.sections, c.number, c.text)
			continue
		}
		if !slices.ContainsFunc(found, func(r *Row) bool { return r.NotApplicable != "" || src.citedBy(r) }) {
			t.Errorf("%s: neither a case nor a test of %s cites it (%s)", c.place, found[0].Name(), found[0].Place)
		}
	}
}

// citedBy reports whether the evidence of r cites it.
func (src *tree) citedBy(r *Row) bool {
	for _, c := range r.Cases {
		if strings.HasPrefix(c, fmt.Sprintf("RFC%d/%s/", r.RFC, r.Section)) {
			return true
		}
	}
	for _, name := range r.Tests {
		if s := src.tests[name]; s != nil && s.cites(r) {
			return true
		}
	}
	return false
}

// cites reports whether a test's comments name the number, or the RFC and the
// section, of r.
func (s *testSource) cites(r *Row) bool {
	text := strings.Join(strings.Fields(s.text), " ")
	if strings.HasPrefix(r.Keyword, "MUST-") && regexp.MustCompile(`\b`+r.Keyword+`\b`).MatchString(text) {
		return true
	}
	for _, m := range rangeWord.FindAllStringSubmatch(text, -1) {
		var lo, hi, n int
		fmt.Sscan(m[1], &lo)
		fmt.Sscan(m[2], &hi)
		if _, err := fmt.Sscanf(r.Keyword, "MUST-%d", &n); err == nil && lo <= n && n <= hi {
			return true
		}
	}
	section := regexp.MustCompile(`\b` + regexp.QuoteMeta(r.Section) + `(?:[^\d.]|\.?$|\.[^\d])`)
	return strings.Contains(text, fmt.Sprint(r.RFC)) && section.MatchString(text)
}

// TestCitationForms: what is read from a comment.
func TestCitationForms(t *testing.T) {
	for text, want := range map[string]string{
		"it does so (RFC 9293, section 3.8.6.1, MUST-35, SHLD-29)":                "MUST-35 9293 [3.8.6.1]",
		"RFC 5961, section 5.2 (MUST): an acknowledgment":                         " 5961 [5.2]",
		"section 4.4.1, MUST, where that is R":                                    " 7661 [4.4.1]", // of the file's RFC
		"it MUST NOT include that (RFC 9438, sections 4.2 and 5.8).":              " 9438 [4.2 5.8]",
		"Sections 4.4 and 4.5 (MUST): towards":                                    " 7661 [4.4 4.5]",
		"nothing of the kind":                                                     "",
		"RFC 3168, section 6.1.2, MUST, but (RFC 9438, section 4.6, MUST). MUSTY": " 3168 [6.1.2]; 9438 [4.6]",
	} {
		src := &tree{comments: []comment{
			{file: "engine/x.go", text: text, before: "cwv is of RFC 7661, section 4.2."},
			{file: "bench/x.go", text: text}, // no part of the TCP
			{file: "engine/cc_bbr.go", text: text},
		}}
		var got []string
		for _, c := range src.citations() {
			got = append(got, fmt.Sprintf("%s %s %v", c.number, c.rfc, c.sections))
		}
		if s := strings.Join(got, ";"); s != want {
			t.Errorf("%q: %q, want %q", text, s, want)
		}
	}
}
