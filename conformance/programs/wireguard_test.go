// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package programs

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"
)

// TestWireGuard sends HTTP through a tunnel between two devices in one process,
// with either TCP.
func TestWireGuard(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a program")
	}
	needModules(t, "wireguard", ".")
	args, n := []string{"-size", "8", "-requests", "200"}, 1
	if asked("wireguard") {
		args, n = []string{"-size", "128"}, rounds
	}
	packages := map[string]string{"gvisor": "gvisor.dev/gvisor/pkg/tcpip/transport/tcp", "tcpcb": "tcpcb/endpoint"}
	var figures table
	for range n {
		for _, p := range providers {
			cmd := exec.CommandContext(t.Context(), build(t, p, "wireguard", "."), args...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%s: %v\n%s", p, err, stderr.String())
			}
			var r struct {
				TCP                        string
				DownMbps, UpMbps, P50, P99 float64
			}
			if err := json.Unmarshal(out, &r); err != nil {
				t.Fatalf("%s: %v: %s", p, err, out)
			}
			if r.TCP != packages[p] {
				t.Errorf("%s: the text was carried by %s, want %s", p, r.TCP, packages[p])
			}
			if s := stderr.String(); strings.Contains(s, "ERROR") {
				t.Errorf("%s: %s", p, s)
			}
			figures.add("download, Mbit/s", p, r.DownMbps)
			figures.add("upload, Mbit/s", p, r.UpMbps)
			figures.add("request, median, µs", p, r.P50)
			figures.add("request, 99%, µs", p, r.P99)
		}
	}
	figures.log(t)
}
