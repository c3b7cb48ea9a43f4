// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package requirements

import (
	"errors"
	"strings"

	"tcpcb/conformance/kit"
)

// Verdict is how a TCP stands to a requirement.
type Verdict string

// The verdicts.
const (
	Met           Verdict = "met"
	NotMet        Verdict = "not met"
	NotApplicable Verdict = "n/a"
	// Unseen is a requirement that cannot be seen from outside, of a TCP whose
	// inside this module does not test.
	Unseen Verdict = "not seen"
)

// Finding is a verdict and its reason, which may be empty where that is Met.
type Finding struct {
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason,omitempty"`
}

// Ours is the TCP that the Go tests are about.
const Ours = "tcpcb"

// Results are the outcomes of the kit's cases with one TCP, by their names.
type Results map[string]error

// RunKit puts p to each case that is wanted, once.
func RunKit(p kit.Provider, wanted func(name string) bool) Results {
	r := make(Results)
	for _, c := range kit.Cases() {
		if wanted(c.Name) {
			r[c.Name] = c.Check(p)
		}
	}
	return r
}

// Judge tells how the TCP of that name stands to r, by what its cases came to. The
// verdict of a row with cases is theirs, and that of one with Go tests alone is
// tcpcb's, which meets it as long as they pass, unless the row says otherwise.
func (r *Row) Judge(name string, results Results) Finding {
	why := r.Why[name]
	if r.NotApplicable != "" {
		return Finding{NotApplicable, r.NotApplicable}
	}
	skipped := ""
	for _, c := range r.Cases {
		switch err := results[c]; {
		case err == nil:
		case errors.Is(err, kit.ErrNotApplicable):
			skipped = strings.TrimPrefix(err.Error(), kit.ErrNotApplicable.Error()+": ")
		case r.Exempt[name] != "":
			return Finding{NotApplicable, r.Exempt[name]}
		default:
			if why == "" {
				why, _, _ = strings.Cut(err.Error(), "\nat ")
				why = strings.Join(strings.Fields(why), " ")
			}
			return Finding{NotMet, why}
		}
	}
	switch {
	case r.Unmet != "" && name == Ours:
		return Finding{NotMet, r.Unmet}
	case skipped != "" && why != "":
		return Finding{NotMet, why}
	case skipped != "":
		return Finding{NotApplicable, skipped}
	case len(r.Cases) > 0 && r.Unmet == "":
		return Finding{Met, why}
	case name == Ours:
		return Finding{Met, why}
	case r.Exempt[name] != "":
		return Finding{NotApplicable, r.Exempt[name]}
	case why != "":
		return Finding{Unseen, why}
	}
	return Finding{Unseen, "it cannot be seen from outside"}
}

// Count is how many of a document's rows have each verdict.
type Count struct{ Met, NotMet, NotApplicable, Unseen int }

// Add counts one verdict.
func (c *Count) Add(v Verdict) {
	switch v {
	case Met:
		c.Met++
	case NotMet:
		c.NotMet++
	case NotApplicable:
		c.NotApplicable++
	default:
		c.Unseen++
	}
}
