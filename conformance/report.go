// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"

	"tcpcb/conformance/requirements"
)

// report is the table.
type report struct {
	Providers []string    `json:"providers"`
	Documents []document  `json:"documents"`
	Totals    []countJSON `json:"totals"` // by provider
	// UnmetMusts is how many MUSTs tcpcb does not meet.
	UnmetMusts int `json:"unmetMusts"`
}

type document struct {
	RFC    int           `json:"rfc"`
	Title  string        `json:"title"`
	Counts []countJSON   `json:"counts"` // by provider
	Rows   []requirement `json:"rows"`
}

// countJSON is requirements.Count as it is written.
type countJSON struct {
	Met           int `json:"met"`
	NotMet        int `json:"notMet"`
	NotApplicable int `json:"notApplicable"`
	Unseen        int `json:"notSeen"`
}

type requirement struct {
	Name    string   `json:"name"`
	Section string   `json:"section"`
	Keyword string   `json:"keyword"`
	Level   string   `json:"level"`
	Text    string   `json:"text"`
	Cases   []string `json:"cases,omitempty"`
	Tests   []string `json:"tests,omitempty"`
	// Findings are by provider.
	Findings []requirements.Finding `json:"findings"`
}

// matches reports whether the row's name, or that of what shows it, matches.
func (r *requirement) matches(re *regexp.Regexp) bool {
	return re.MatchString(r.Name) || slices.ContainsFunc(r.Cases, re.MatchString) || slices.ContainsFunc(r.Tests, re.MatchString)
}

// makeReport plays the cases of the rows that match to each provider, and judges
// those rows.
func makeReport(re *regexp.Regexp) (*report, error) {
	docs, err := requirements.Load()
	if err != nil {
		return nil, err
	}
	rep := &report{Totals: make([]countJSON, len(kitProviders))}
	need := make(map[string]bool)
	var rows []*requirements.Row
	for _, d := range docs {
		doc := document{RFC: d.RFC, Title: d.Title}
		for i := range d.Rows {
			r := &d.Rows[i]
			row := requirement{Name: r.Name(), Section: r.Section, Keyword: r.Keyword, Level: r.Level.String(), Text: r.Text, Cases: r.Cases, Tests: r.Tests}
			if row.matches(re) {
				doc.Rows = append(doc.Rows, row)
				rows = append(rows, r)
				for _, c := range r.Cases {
					need[c] = true
				}
			}
		}
		if len(doc.Rows) > 0 {
			rep.Documents = append(rep.Documents, doc)
		}
	}
	for j, p := range kitProviders {
		rep.Providers = append(rep.Providers, p.Name)
		rep.judge(j, p.Name, rows, requirements.RunKit(p, func(name string) bool { return need[name] }))
	}
	return rep, nil
}

// judge adds the findings of the j-th provider, of that name. rows are those of all
// documents.
func (rep *report) judge(j int, name string, rows []*requirements.Row, results requirements.Results) {
	var total requirements.Count
	for i := range rep.Documents {
		d := &rep.Documents[i]
		var count requirements.Count
		for k := range d.Rows {
			r := rows[0]
			rows = rows[1:]
			f := r.Judge(name, results)
			count.Add(f.Verdict)
			total.Add(f.Verdict)
			d.Rows[k].Findings = append(d.Rows[k].Findings, f)
			if name == requirements.Ours && r.Level == requirements.Must && f.Verdict == requirements.NotMet {
				rep.UnmetMusts++
			}
		}
		d.Counts = append(d.Counts, countJSON(count))
	}
	rep.Totals[j] = countJSON(total)
}

// print writes the table as text.
func (rep *report) print(out io.Writer, verbose bool) {
	for _, d := range rep.Documents {
		fmt.Fprintf(out, "RFC %d: %s\n", d.RFC, d.Title)
		w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
		for _, r := range d.Rows {
			fmt.Fprintf(w, "  %s\t%s", r.Section, r.Keyword)
			for _, f := range r.Findings {
				fmt.Fprintf(w, "\t%s", f.Verdict)
			}
			fmt.Fprintf(w, "\t%s\n", r.Text)
		}
		w.Flush()
		for _, r := range d.Rows {
			rep.printReasons(out, &r, verbose)
		}
		fmt.Fprintln(out)
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "\t")
	for _, p := range rep.Providers {
		fmt.Fprintf(w, "%s: met\tnot met\tn/a\tnot seen\t", p)
	}
	fmt.Fprintln(w)
	line := func(name string, counts []countJSON) {
		fmt.Fprint(w, name+"\t")
		for _, c := range counts {
			fmt.Fprintf(w, "%d\t%d\t%d\t%d\t", c.Met, c.NotMet, c.NotApplicable, c.Unseen)
		}
		fmt.Fprintln(w)
	}
	for _, d := range rep.Documents {
		line(fmt.Sprintf("RFC %d", d.RFC), d.Counts)
	}
	line("all", rep.Totals)
	w.Flush()
}

// printReasons writes why a row is not met, or what there is to say of it, and
// where that is asked for, what shows it.
func (rep *report) printReasons(out io.Writer, r *requirement, verbose bool) {
	same := true
	for _, f := range r.Findings {
		same = same && f == r.Findings[0]
	}
	for i, f := range r.Findings {
		who := rep.Providers[i]
		if same {
			who = "both"
		}
		switch {
		case f.Verdict == requirements.Unseen && !verbose, f.Verdict == requirements.Met && f.Reason == "":
		default:
			fmt.Fprintf(out, "    %s %s, %s: %s: %s\n", r.Section, r.Keyword, who, f.Verdict, f.Reason)
		}
		if same {
			break
		}
	}
	if verbose && len(r.Cases)+len(r.Tests) > 0 {
		fmt.Fprintf(out, "    %s %s, by %s\n", r.Section, r.Keyword, strings.Join(slices.Concat(r.Cases, r.Tests), ", "))
	}
}
