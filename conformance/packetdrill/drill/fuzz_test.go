// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"os"
	"testing"
)

// FuzzRun runs scripts that are nearly right: each ends with a verdict, a reason
// where it is no pass, and neither a panic nor a hang. The seeds are the project's
// scripts.
func FuzzRun(f *testing.F) {
	for _, name := range ownScripts(f) {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text), false)
		f.Add(string(text), true)
	}
	f.Fuzz(func(t *testing.T, text string, rfc bool) {
		o := tcpcb()
		if rfc {
			o.Match = MatchRFC
		}
		r := RunText("/nowhere/fuzz.pkt", text, nil, o)
		if (r.Verdict == Pass) != (r.Reason == "") || r.Verdict == Pass && !rfc && len(r.Lenient) > 0 {
			t.Fatalf("%+v", r)
		}
	})
}
