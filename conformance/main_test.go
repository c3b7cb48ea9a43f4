// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestCommand: what the command prints, in each form, of a few requirements.
func TestCommand(t *testing.T) {
	page := filepath.Join(t.TempDir(), "page.html")
	var text, asJSON strings.Builder
	for _, args := range [][]string{{"-run", "RFC5961", "-v"}, {"-run", "RFC5961", "-json", "-html", page}} {
		out := &text
		if len(args) > 3 {
			out = &asJSON
		}
		if code, err := run(args, out); code != 0 || err != nil {
			t.Fatalf("%v: %d, %v", args, code, err)
		}
	}
	for _, want := range []string{"RFC 5961: ", "One at RCV.NXT ends the connection", "netstack: not met: text with", "engine.TestBlindReset"} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("the table does not say %q:\n%s", want, text.String())
		}
	}
	var rep report
	if err := json.Unmarshal([]byte(asJSON.String()), &rep); err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, d := range rep.Documents {
		rows += len(d.Rows)
		for _, r := range d.Rows {
			if len(r.Findings) != len(rep.Providers) {
				t.Errorf("%s has %d findings", r.Name, len(r.Findings))
			}
		}
	}
	total := rep.Totals[0]
	if sum := total.Met + total.NotMet + total.NotApplicable + total.Unseen; rows == 0 || sum != rows || rep.UnmetMusts != 0 {
		t.Errorf("%d rows, %d verdicts of tcpcb, %d MUSTs unmet", rows, sum, rep.UnmetMusts)
	}
	html, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`id="rfc5961"`, "One at RCV.NXT ends the connection", `class="not-met"`, "RFC5961/5.2/MUST-ack-range"} {
		if !strings.Contains(string(html), want) {
			t.Errorf("the page does not have %q", want)
		}
	}
	if strings.Contains(string(html), "http") {
		t.Error("the page needs something from elsewhere")
	}
}

// TestBadArguments: what cannot be done is told, with status 2.
func TestBadArguments(t *testing.T) {
	for _, args := range [][]string{{"-run", "("}, {"-run", "nothing at all"}, {"extra"}, {"-html", filepath.Join(t.TempDir(), "no", "page")}} {
		if code, err := run(args, &strings.Builder{}); code != 2 || err == nil {
			t.Errorf("%v: %d, %v", args, code, err)
		}
	}
}
