// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"path"
	"strings"
	"testing"
)

// allowed are the answers in which tcpcb differs from netstack on purpose, and
// why: a pattern of path.Match for state/script/line.
var allowed = map[string]string{
	"*/send-queue/*": "netstack has no size of the send queue, which Linux has (SIOCOUTQ)",
	"*/max-seg/*":    "of a connection, netstack tells the default, and Linux, as tcpcb, what segments carry",
	"connecting/write/counter WriteErrors.WriteClosed": "netstack counts a write that has to wait for the handshake as one to a closed endpoint",
	"shut-read/readiness/readiness of 0":               "netstack notes that the peer's direction is closed when it is asked for something else",
	"reset-in-close-wait/readiness/*":                  "after a reset both directions are closed, and nothing is half closed; netstack says so on",
	"fin-wait-2/info/tcp-info window":                  "netstack's window grows by the acknowledgment of a FIN, which is no text (RFC 5681, section 3.1)",
	"time-wait/info/tcp-info window":                   "as in FIN-WAIT-2",
	"time-wait/abort/*":                                "ABORT in TIME-WAIT ends it, without an error or a reset (RFC 9293, section 3.10.5); netstack sends one",
}

// TestOptions runs every script on tcpcb's endpoints and netstack's, in every
// state that an endpoint can be in, and compares the answers line by line.
func TestOptions(t *testing.T) {
	used := make(map[string]bool)
	for _, at := range situations {
		t.Run(at.name, func(t *testing.T) {
			ours, theirs := newLab(t, providers[0]), newLab(t, providers[1])
			for _, s := range scripts {
				got, want := ours.play(at, s), theirs.play(at, s)
				if len(got) != len(want) {
					t.Errorf("%s: %d answers, netstack has %d:\n%s\n\n%s", s.name, len(got), len(want), strings.Join(got, "\n"), strings.Join(want, "\n"))
					continue
				}
				for i := range got {
					call, _, _ := strings.Cut(got[i], ": ")
					key := at.name + "/" + s.name + "/" + call
					why := allowance(key, allowed, used)
					if got[i] != want[i] && why == "" {
						t.Errorf("%s: %s; netstack: %s", s.name, got[i], want[i])
					}
				}
			}
		})
	}
	if t.Failed() || testing.Short() {
		return
	}
	for pattern := range allowed {
		if !used[pattern] {
			t.Errorf("nothing differs at %s any more", pattern)
		}
	}
}

// allowance returns why the answer may differ, and "" where it may not.
func allowance(key string, from map[string]string, used map[string]bool) string {
	for pattern, why := range from {
		if ok, err := path.Match(pattern, key); ok && err == nil {
			used[pattern] = true
			return why
		}
	}
	return ""
}

// play runs a script on an endpoint of its own, with the link cut: what it
// does, nothing answers. It returns a line for each call.
func (w *lab) play(at situation, s script) []string {
	w.t.Helper()
	ep, peer := at.make(w)
	w.link.SetDown(true)
	defer w.link.SetDown(false)
	p := &player{w: w, ep: ep}
	s.run(p)
	ep.Close()
	ep.Abort()
	if peer != nil {
		peer.Close()
		peer.Abort()
	}
	return p.lines
}

// note adds a line: the call, and what it answered.
func (p *player) note(call string, answer ...any) {
	parts := make([]string, len(answer))
	for i, a := range answer {
		if e, ok := a.(interface{ String() string }); ok && a != nil {
			parts[i] = e.String()
		} else {
			parts[i] = fmt.Sprintf("%v", a)
		}
	}
	p.lines = append(p.lines, call+": "+strings.Join(parts, ", "))
}
