// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"strings"
	"testing"
)

func TestCode(t *testing.T) {
	vars := map[string]int64{"tcpi_rtt": 7000, "tcpi_snd_cwnd": 10, "tcpi_ca_state": 3}
	tests := []struct {
		code string
		want string // what the error has in it; empty for none
		lack bool   // the error is of what is unsupported
	}{
		{"assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd", "", false},
		{"assert tcpi_snd_cwnd == 11, tcpi_snd_cwnd", "tcpi_snd_cwnd == 11: 10", false},
		{"assert tcpi_snd_cwnd == 11, 'cwnd=%d' % tcpi_snd_cwnd", "cwnd=10", false},
		{"assert 5000 <= tcpi_rtt <= 20000, 'srtt=%d us' % tcpi_rtt", "", false},
		{"assert 8000 <= tcpi_rtt <= 20000", "8000 <= tcpi_rtt <= 20000", false},
		{"assert 5000 <= tcpi_rtt <= 6000", "5000 <= tcpi_rtt <= 6000", false},
		{"assert not (8000 <= tcpi_rtt <= 9000)", "", false},
		{"assert not 1 <= tcpi_rtt <= 9000", "assertion", false},
		{"assert (1 < 2 < 3) and 1 <= tcpi_rtt or 0 == 1", "", false},
		{"assert (tcpi_ca_state & 2) != 0, tcpi_ca_state", "", false},
		{"assert tcpi_ca_state == TCP_CA_Recovery", "", false},
		{"\nassert tcpi_rtt == 7000\n", "", false},
		{"assert tcpi_rtt == 7000; \\\n\t assert tcpi_snd_cwnd == 9;\\\n", "tcpi_snd_cwnd == 9", false},
		{"cwnd = 5; cwnd += 5; assert tcpi_snd_cwnd == cwnd", "", false},
		{"if tcpi_rtt > 1: assert tcpi_snd_cwnd == 1", "tcpi_snd_cwnd == 1", false},
		{"if tcpi_rtt > 1:\n  assert tcpi_snd_cwnd == 2 # so\nelse:\n  assert True\n", "tcpi_snd_cwnd == 2", false},
		{"print tcpi_rtt", "", false},
		{"print(tcpi_rtt); assert True", "", false},
		{"assert ';' == \";\" and len('a,b') == 3, 'no; no, no'", "", false},
		{"assert tcpi_nothing == 1", "tcpi_nothing", true},
		{"import os", "code", true},
		{"while True: pass", "code", true},
		{"assert 1 +", "code", true},
		{"assert (", "code", true},
	}
	for _, tt := range tests {
		c := newCode(func(string) {})
		err := c.run(1, tt.code, vars)
		_, lack := err.(*unsupported)
		_, failed := err.(*mismatch)
		if (err != nil) != (tt.want != "") || lack != tt.lack || (err != nil && failed == lack) ||
			err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: error %T %v, want one with %q; Starlark:\n%s", tt.code, err, err, tt.want, starlarkOf(tt.code))
		}
	}
}

// Pieces of code share their variables, and the connection's are set anew.
func TestCodeKeepsVariables(t *testing.T) {
	var printed []string
	c := newCode(func(s string) { printed = append(printed, s) })
	for i, text := range []string{"x = tcpi_rtt", "x += tcpi_rtt; print(x)", "assert x == 3"} {
		if err := c.run(i, text, map[string]int64{"tcpi_rtt": int64(i + 1)}); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	}
	if len(printed) != 1 || printed[0] != "3" {
		t.Errorf("printed %q, want 3", printed)
	}
}
