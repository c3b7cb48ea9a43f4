// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tcpcb/conformance/packetdrill/drill"
)

const good = `
    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
   +0 fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0
   +0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
   +0 > S 0:0(0) <...>
  +.1 < R. 0:0(0) ack 1 win 0
   +0 getsockopt(3, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0
`

// file writes a script and returns its path.
func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRun(t *testing.T) {
	pass := file(t, "pass.pkt", good)
	fail := file(t, "fail.pkt", strings.Replace(good, "S 0:0(0) <...>", "S 0:0(0) <nop,nop,nop,nop>", 1))
	lack := file(t, "lack.pkt", "0 nosuch() = 0")
	word := file(t, "word.pkt", strings.Replace(good, "SOCK_STREAM", "KIND", 1))
	tests := []struct {
		args   []string
		status int
		out    []string // what is told
	}{
		{[]string{pass}, exitPass, []string{"pass        " + pass}},
		{[]string{"-provider", "gvisor", pass}, exitPass, []string{"pass"}},
		{[]string{fail}, exitFail, []string{"fail        " + fail + ":5: ", "- expected 0.000000 > S 0:0(0)", "+ actual   0.000000 > S 0:0(0)"}},
		{[]string{lack}, exitUnsupported, []string{"unsupported: system call nosuch, line 1"}},
		{[]string{pass, fail, lack}, exitFail, []string{"3 scripts: 1 pass, 1 fail, 1 unsupported, 0 broken"}},
		{[]string{pass, lack}, exitUnsupported, []string{"2 scripts: 1 pass"}},
		{[]string{"-D", "KIND=SOCK_STREAM", word}, exitPass, []string{"pass"}},
		{[]string{word}, exitUnsupported, []string{"symbol KIND"}},
		{[]string{"-o", "ip_version=ipv6", pass}, exitPass, []string{"pass"}},
		{[]string{"-v", pass}, exitPass, []string{"line 2: socket = 3", "line 5: 0.000000 > S 0:0(0)"}},
		{[]string{"-match", "rfc", pass}, exitPass, []string{"pass"}},
		{[]string{"-h"}, exitPass, []string{"provider"}},
		{nil, exitUsage, []string{"no script"}},
		{[]string{"-provider", "x", pass}, exitUsage, []string{"no provider"}},
		{[]string{"-match", "x", pass}, exitUsage, []string{"strict or rfc"}},
		{[]string{"-choices", "x", pass}, exitUsage, []string{"linux's or own"}},
		{[]string{"-choices", "own", pass}, exitPass, nil},
		{[]string{"-time", "x", pass}, exitUsage, []string{"virtual or real"}},
		{[]string{"-D", "x", pass}, exitUsage, []string{"NAME=VALUE"}},
		{[]string{"-pcap", "x", pass, pass}, exitUsage, []string{"one script"}},
		{[]string{filepath.Join(t.TempDir(), "none.pkt")}, exitUsage, []string{"no such file"}},
		{[]string{"-pcap", t.TempDir(), pass}, exitUsage, []string{"is a directory"}},
	}
	for _, tt := range tests {
		var out bytes.Buffer
		if status := run(tt.args, &out, &out); status != tt.status {
			t.Errorf("%q: status %d, want %d: %s", tt.args, status, tt.status, out.String())
		}
		for _, want := range tt.out {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%q tells\n%swithout %q", tt.args, out.String(), want)
			}
		}
	}
}

func TestJSON(t *testing.T) {
	pass, lack := file(t, "pass.pkt", good), file(t, "lack.pkt", "0 nosuch() = 0")
	var out, errOut bytes.Buffer
	if status := run([]string{"-json", "-match", "rfc", pass, lack}, &out, &errOut); status != exitUnsupported {
		t.Fatalf("status %d: %s", status, errOut.String())
	}
	var reports []drill.Report
	if err := json.Unmarshal(out.Bytes(), &reports); err != nil {
		t.Fatal(err)
	}
	if len(reports) != 2 || reports[0].Verdict != drill.Pass || reports[0].Script != pass || reports[0].Match != drill.MatchRFC ||
		reports[1].Verdict != drill.Unsupported || reports[1].Line != 1 || reports[1].Reason != "system call nosuch" {
		t.Errorf("the reports are %+v", reports)
	}
}

// The capture has the packets of the script, in and out, at their virtual times.
func TestPcap(t *testing.T) {
	pcap := filepath.Join(t.TempDir(), "x.pcap")
	var out bytes.Buffer
	if status := run([]string{"-pcap", pcap, file(t, "pass.pkt", good)}, &out, &out); status != exitPass {
		t.Fatalf("status %d: %s", status, out.String())
	}
	b, err := os.ReadFile(pcap)
	if err != nil {
		t.Fatal(err)
	}
	const fileHeader, packetHeader = 24, 16
	var times []uint32 // of each packet, in microseconds
	for b = b[fileHeader:]; len(b) >= packetHeader; {
		times = append(times, binary.LittleEndian.Uint32(b)*1e6+binary.LittleEndian.Uint32(b[4:]))
		b = b[packetHeader+int(binary.LittleEndian.Uint32(b[8:])):]
	}
	if len(b) != 0 || len(times) != 2 || times[0] != 0 || times[1] != 1e5 {
		t.Errorf("packets at %v µs and %d bytes, want two, 0.1 s apart", times, len(b))
	}
}
