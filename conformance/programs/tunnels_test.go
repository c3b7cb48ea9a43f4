// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package programs

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
)

// tunnel is a program of testdata that measures HTTP through another one.
type tunnel struct {
	name string
	// short are the arguments of the run that is part of go test; nil for none.
	short []string
	// long are those of the run that is asked for.
	long  []string
	adapt *adaptation
}

var tunnels = []tunnel{
	{name: "wireguard", short: []string{"-size", "8", "-requests", "200"}, long: []string{"-size", "128"}},
	{name: "tapvsock", long: []string{"-size", "128"}, adapt: &tapvsockUDP},
	// The server queues 16 KiB of UDP and drops the rest, so that an upload takes
	// gVisor's TCP a minute where it is long.
	{name: "xray", long: []string{"-size", "16"}},
}

// TestTunnels sends HTTP through programs that carry TCP, with either TCP.
func TestTunnels(t *testing.T) {
	if testing.Short() {
		t.Skip("builds programs")
	}
	for _, tun := range tunnels {
		t.Run(tun.name, func(t *testing.T) {
			args, n := tun.short, 1
			if args == nil {
				ask(t, tun.name)
			}
			if asked(tun.name) {
				args, n = tun.long, rounds
			}
			needModules(t, tun.name, ".")
			dir := filepath.Join("testdata", tun.name)
			if tun.adapt != nil {
				dir = tun.adapt.apply(t, dir)
			}
			var figures table
			for range n {
				for _, p := range providers {
					measure(t, &figures, p, build(t, p, dir, "."), args)
				}
			}
			figures.log(t)
		})
	}
}

// measure runs the program once, and adds its figures.
func measure(t *testing.T, figures *table, provider, program string, args []string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", provider, err, lastLines(stderr.Bytes(), 40))
	}
	var r struct {
		TCP                        string
		DownMbps, UpMbps, P50, P99 float64
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatalf("%s: %v: %s", provider, err, out)
	}
	want := map[string]string{"gvisor": "gvisor.dev/gvisor/pkg/tcpip/transport/tcp", "tcpcb": "tcpcb/endpoint"}[provider]
	if r.TCP != want {
		t.Errorf("%s: the text was carried by %s, want %s", provider, r.TCP, want)
	}
	// What is on the way logs errors only.
	if stderr.Len() > 0 {
		t.Errorf("%s: it said:\n%s", provider, lastLines(stderr.Bytes(), 40))
	}
	figures.add("download, Mbit/s", provider, r.DownMbps)
	figures.add("upload, Mbit/s", provider, r.UpMbps)
	figures.add("request, median, µs", provider, r.P50)
	figures.add("request, 99%, µs", provider, r.P99)
}
