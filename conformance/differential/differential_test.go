// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"tcpcb/transport"
)

// These look further than a run of the tests has time for.
var (
	from  = flag.Uint64("differential.from", 0, "the first seed of TestDifferential")
	seeds = flag.Uint64("differential.seeds", 300, "how many seeds it runs")
	all   = flag.Bool("differential.all", false, "print the explained differences as well")
)

// TestDifferential plays the fixed sequences, and those of some seeds, to tcpcb and
// to netstack's TCP. What differs and is not explained is an error, and so is what
// is explained and did not occur.
func TestDifferential(t *testing.T) {
	list, err := readExplained("testdata/explained.txt")
	if err != nil {
		t.Fatal(err)
	}
	n := *seeds
	if testing.Short() {
		n = min(n, 30)
	}
	sequences := append([]sequence(nil), fixed...)
	for seed := *from; seed < *from+n; seed++ {
		sequences = append(sequences, draw(seed))
	}
	told := map[string]int{}
	differ := 0
	for i := range sequences {
		ds, err := compare(&sequences[i], transport.NewProtocol, tcp.NewProtocol)
		if err != nil {
			t.Fatalf("%s: %v", sequences[i].name, err)
		}
		if len(ds) > 0 {
			differ++
		}
		left := unexplained(ds, list)
		if *all {
			for j := range ds {
				t.Log(&ds[j])
			}
		}
		for j := range left {
			if told[left[j].key]++; told[left[j].key] == 1 {
				t.Errorf("%v", &left[j])
			}
		}
	}
	t.Logf("%d of %d sequences differ", differ, len(sequences))
	for key, n := range told {
		t.Logf("%s: %d times", key, n)
	}
	if testing.Short() || *seeds < 300 || *from != 0 {
		return
	}
	for _, e := range list {
		if !e.used {
			t.Errorf("nothing differs at %s any more", e.pattern)
		}
	}
}

// TestSame: a TCP does not differ from itself.
func TestSame(t *testing.T) {
	for i := range fixed {
		for _, f := range []struct {
			name string
			make func() ([]difference, error)
		}{
			{"tcpcb", func() ([]difference, error) { return compare(&fixed[i], transport.NewProtocol, transport.NewProtocol) }},
			{"netstack", func() ([]difference, error) { return compare(&fixed[i], tcp.NewProtocol, tcp.NewProtocol) }},
		} {
			if ds, err := f.make(); err != nil || len(ds) > 0 {
				t.Errorf("%s, %s: %v, %v", fixed[i].name, f.name, ds, err)
			}
		}
	}
}

// TestReadExplained: a list that does not say why is an error.
func TestReadExplained(t *testing.T) {
	for _, text := range []string{"no colon\n", "a/b/c:\n", "  indented\n", "[: bad pattern\n"} {
		name := filepath.Join(t.TempDir(), "list.txt")
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := readExplained(name); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
