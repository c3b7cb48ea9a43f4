// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package programs

import (
	"path/filepath"
	"regexp"
	"slices"
	"testing"
)

// result matches what "go test -v" says of a test that ended.
var result = regexp.MustCompile(`(?m)^--- (PASS|FAIL|SKIP): (\S+)`)

// tsnetTests are those of tsnet's tests that are about TCP.
const tsnetTests = `^Test(Conn|DialBlocks|DialTCP|FallbackTCPHandler|Funnel|FunnelClose|ListenMultipleEphemeralPorts|ListenTCP|ListenTCPDualStack|ListenUnspecifiedAddr|ListenerCleanup|ListenerClose|LoopbackLocalAPI|LoopbackSOCKS5|SelfDial|StartStopStartGetsSameIP)$`

// TestEmbedders runs the own tests of programs that embed netstack. What passes
// with gVisor's TCP must pass with tcpcb.
func TestEmbedders(t *testing.T) {
	for _, test := range []struct{ folder, pkg, run string }{
		{"tailscale", "tailscale.com/wgengine/netstack", "."},
		{"tailscale", "tailscale.com/tsnet", tsnetTests},
		{"nebula", "github.com/slackhq/nebula/service", "."},
	} {
		t.Run(test.pkg, func(t *testing.T) {
			ask(t, test.folder)
			needModules(t, test.folder, test.pkg)
			outcomes := make(map[string]map[string]string) // by provider, by test
			for _, p := range providers {
				out, err := swap(t, p, filepath.Join("testdata", test.folder), nil, "go", "test", "-count=1", "-v", "-timeout=10m", "-run", test.run, test.pkg)
				outcomes[p] = make(map[string]string)
				for _, m := range result.FindAllSubmatch(out, -1) {
					outcomes[p][string(m[2])] = string(m[1])
				}
				if err != nil {
					t.Logf("%s: %v\n%s", p, err, lastLines(out, 40))
				}
				if len(outcomes[p]) == 0 {
					t.Fatalf("%s: no test ran", p)
				}
			}
			passed := 0
			var names []string
			for name := range outcomes["gvisor"] {
				names = append(names, name)
			}
			slices.Sort(names)
			for _, name := range names {
				theirs, ours := outcomes["gvisor"][name], outcomes["tcpcb"][name]
				switch {
				case theirs == "FAIL":
					t.Logf("%s fails with gVisor's TCP; with tcpcb: %s", name, ours)
				case ours != theirs:
					t.Errorf("%s: %s with gVisor's TCP, %q with tcpcb", name, theirs, ours)
				case ours == "PASS":
					passed++
				}
			}
			t.Logf("%d tests pass with both", passed)
		})
	}
}
