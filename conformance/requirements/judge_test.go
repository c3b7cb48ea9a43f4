// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package requirements

import (
	"errors"
	"fmt"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"tcpcb/conformance/kit"
	"tcpcb/transport"
)

// TestVerdicts puts both TCPs to the kit. tcpcb meets every MUST that applies, and
// every row that netstack's TCP meets; and every row has a verdict.
func TestVerdicts(t *testing.T) {
	all := func(string) bool { return true }
	ours := RunKit(kit.Provider{Factory: transport.NewProtocol, EnableECN: func(s *stack.Stack) error {
		if err := s.SetTransportProtocolOption(transport.ProtocolNumber, &transport.ECNOption{Mode: transport.ECNOn}); err != nil {
			return errors.New(err.String())
		}
		return nil
	}}, all)
	theirs := RunKit(kit.Provider{Factory: tcp.NewProtocol}, all)
	for _, d := range load(t) {
		var mine, other Count
		for i := range d.Rows {
			r := &d.Rows[i]
			a, b := r.Judge(Ours, ours), r.Judge("netstack", theirs)
			mine.Add(a.Verdict)
			other.Add(b.Verdict)
			for _, f := range []Finding{a, b} {
				if f.Verdict != Met && f.Reason == "" {
					t.Errorf("%s: %s is %s for no reason", r.Place, r.Name(), f.Verdict)
				}
			}
			if a.Verdict == Unseen {
				t.Errorf("%s: nothing shows %s of tcpcb", r.Place, r.Name())
			}
			if r.Level == Must && a.Verdict == NotMet {
				t.Errorf("%s: tcpcb does not meet %s: %s", r.Place, r.Name(), a.Reason)
			}
			if b.Verdict == Met && a.Verdict != Met {
				t.Errorf("%s: netstack meets %s, and tcpcb does not: %s", r.Place, r.Name(), a.Reason)
			}
			if a.Verdict == NotMet && r.Unmet == "" && r.Why[Ours] == "" {
				t.Errorf("%s: tcpcb does not meet %s, and the row does not say why: %s", r.Place, r.Name(), a.Reason)
			}
		}
		t.Logf("RFC %d: tcpcb %+v, netstack %+v", d.RFC, mine, other)
	}
}

// TestJudge: what a verdict is made of.
func TestJudge(t *testing.T) {
	failed := errors.New("sent x\n  want y\nat 1s")
	skip := fmt.Errorf("%w: no ECN", kit.ErrNotApplicable)
	for _, test := range []struct {
		row   Row
		err   error
		name  string
		want  Verdict
		cause string
	}{
		{Row{Cases: []string{"c"}}, nil, "netstack", Met, ""},
		{Row{Cases: []string{"c"}}, failed, "netstack", NotMet, "sent x want y"},
		{Row{Cases: []string{"c"}, Why: map[string]string{"netstack": "so"}}, failed, "netstack", NotMet, "so"},
		{Row{Cases: []string{"c"}, Exempt: map[string]string{"netstack": "so"}}, failed, "netstack", NotApplicable, "so"},
		{Row{Cases: []string{"c"}, Exempt: map[string]string{"netstack": "so"}}, nil, "netstack", Met, ""},
		{Row{Cases: []string{"c"}}, skip, "netstack", NotApplicable, "no ECN"},
		{Row{Cases: []string{"c"}, Why: map[string]string{"netstack": "so"}}, skip, "netstack", NotMet, "so"},
		{Row{Tests: []string{"t"}}, nil, Ours, Met, ""},
		{Row{Tests: []string{"t"}, Unmet: "so"}, nil, Ours, NotMet, "so"},
		{Row{Tests: []string{"t"}}, nil, "netstack", Unseen, "it cannot be seen from outside"},
		{Row{Unmet: "so"}, nil, "netstack", Unseen, "it cannot be seen from outside"},
		{Row{NotApplicable: "so"}, nil, Ours, NotApplicable, "so"},
	} {
		got := test.row.Judge(test.name, Results{"c": test.err})
		if got != (Finding{test.want, test.cause}) {
			t.Errorf("%+v with %v: %+v, want %s: %s", test.row, test.err, got, test.want, test.cause)
		}
	}
}
