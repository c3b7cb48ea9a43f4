// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"regexp"
	"strings"
	"time"
)

// better says in which direction a figure improves.
type better string

const (
	higher better = "higher"
	lower  better = "lower"
)

// figure is one number that a row yields, and one line of the table.
type figure struct {
	name   string
	unit   string
	better better
}

// settings are the sizes of the work, the same for every provider.
type settings struct {
	// time is how long one measurement lasts, warm-up aside.
	time time.Duration
	// idle is how many connections the row "idle" opens.
	idle int
	// rest is how long the row "idle" lets connections rest before it weighs
	// them.
	rest time.Duration
	// flows is how many connections the rows "flows" write on at once.
	flows int
	// drain bounds the wait of "flows", after the writers have stopped, for
	// the readers to get the rest.
	drain time.Duration
}

// row is one experiment. Its run does the work once with one provider and
// returns a value for each figure, in order.
type row struct {
	name    string
	figures []figure
	run     func(ctx context.Context, p provider, s settings) ([]float64, error)
	// floor says that the floor takes part.
	floor bool
	// calm says that its figures hardly differ from round to round.
	calm bool
	// extra is how much longer than others a sample may take.
	extra time.Duration
	// axis is what the rows of a sweep differ in, and label where on it this
	// one is, which may be a number.
	axis, label string
	number      bool
	// missing returns what this machine lacks to run the row; nil for nothing.
	missing func() error
}

// takes reports whether a provider takes part.
func (r *row) takes(p provider) bool { return r.floor || !p.floor }

// allRows lists the experiments in the order in which they run. A link without
// a rate is as fast as the stacks, and its queue may never fill; with a rate it
// does, and what counts is how a provider takes the losses.
var allRows = []row{
	bulkRow("bulk-1500", plain, chunk),
	bulkRow("bulk-64k", jumbo, chunk),
	bulkRow("bulk-gso", offload, chunk),
	latencyRow,
	connectRow,
	idleRow,
	flowsRow("flows-100", plain),
	flowsRow("flows-100-1g", bottleneck),
}

// selectRows returns the rows whose name re matches.
func selectRows(all []row, re *regexp.Regexp) []row {
	var out []row
	for _, r := range all {
		if re.MatchString(r.name) {
			out = append(out, r)
		}
	}
	return out
}

// rowNames lists the names of all rows and scenarios.
func rowNames() string {
	var names []string
	for _, r := range allRows {
		names = append(names, r.name)
	}
	for _, r := range sweeps {
		names = append(names, r.name)
	}
	for _, s := range scenarios {
		names = append(names, s.name)
	}
	return strings.Join(names, ", ")
}
