// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// tcpcb is the options for a strict run in virtual time.
func tcpcb() Options {
	return Options{Provider: ProviderByName("tcpcb"), Match: MatchStrict, Time: Virtual}
}

// ownScripts returns the paths of the project's scripts.
func ownScripts(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("../../scripts/*.pkt")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d scripts, error %v", len(files), err)
	}
	return files
}

// The project's scripts pass, each packet as it is written, and twice in the same
// way.
func TestScripts(t *testing.T) {
	for _, name := range ownScripts(t) {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".pkt"), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var traces [2]bytes.Buffer
			for i := range traces {
				o := tcpcb()
				o.Trace = &traces[i]
				if r := RunText(name, string(text), nil, o); r.Verdict != Pass || len(r.Lenient) > 0 {
					t.Fatalf("%v, %d leniencies\n%s", r, len(r.Lenient), traces[i].String())
				}
			}
			if a, b := traces[0].String(), traces[1].String(); a != b {
				t.Errorf("two runs differ:\n%s\nand\n%s", a, b)
			}
		})
	}
}

// What passes strictly passes leniently, and needs no leniency.
func TestScriptsLeniently(t *testing.T) {
	for _, name := range ownScripts(t) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		o := tcpcb()
		o.Match = MatchRFC
		if r := RunText(name, string(text), nil, o); r.Verdict != Pass || len(r.Lenient) > 0 {
			t.Errorf("%v, leniencies %v", r, r.Lenient)
		}
	}
}

// A script of more than 100 s of virtual time takes less than one of real time.
func TestVirtualTimeIsQuick(t *testing.T) {
	text, err := os.ReadFile("../../scripts/long.pkt")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	r := RunText("long.pkt", string(text), nil, tcpcb())
	if took := time.Since(start); r.Verdict != Pass || r.Elapsed < 100*time.Second || took > r.Elapsed/100 {
		t.Errorf("%v: %v of virtual time took %v", r, r.Elapsed, took)
	}
}

// In real time, and with netstack's own TCP, a script runs as well. What a busy
// machine makes late in real time is no TCP's fault: such a run has a few attempts.
func TestRealTimeAndNetstack(t *testing.T) {
	text, err := os.ReadFile("../../scripts/close-remote.pkt")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		o        Options
		attempts int
	}{
		{Options{Provider: ProviderByName("tcpcb"), Match: MatchRFC, Time: Real, Before: tolerant}, 10},
		{Options{Provider: ProviderByName("gvisor"), Match: MatchRFC, Time: Real, Before: tolerant}, 10},
		{Options{Provider: ProviderByName("gvisor"), Match: MatchRFC, Time: Virtual}, 1},
	} {
		var r *Report
		for range tt.attempts {
			if r = RunText("close-remote.pkt", string(text), nil, tt.o); r.Verdict == Pass {
				break
			}
		}
		if r.Verdict != Pass {
			t.Errorf("%s, %s time: %v", tt.o.Provider.Name, tt.o.Time, r)
		}
	}
}

// Scripts that are about Linux's choices fail with the TCP's own.
func TestOwnChoices(t *testing.T) {
	for _, name := range []string{
		"limited-transmit-no-sack", "probe-at-timeout", "fin-beyond-window", "more",
	} {
		text, err := os.ReadFile("../../scripts/" + name + ".pkt")
		if err != nil {
			t.Fatal(err)
		}
		o := tcpcb()
		o.Match, o.OwnChoices = MatchRFC, true
		if r := RunText(name, string(text), nil, o); r.Verdict != Fail {
			t.Errorf("%v, want a fail", r)
		}
	}
}
