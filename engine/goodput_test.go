// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"tcpcb/engine"
	"tcpcb/engine/enginetest"
)

const goodputFile = "testdata/goodput.txt"

var updateGoodput = flag.Bool("goodput.update", false, "write "+goodputFile+" anew")

// path is a line of rate bytes a second with a drop-tail queue of one
// bandwidth-delay product, and what becomes of what is sent one way.
type path struct {
	name  string
	rate  int
	rtt   time.Duration
	spoil func(l *enginetest.Link)
	// seconds is how long the transfer would take at the full rate.
	seconds float64
}

const mbit = 1_000_000 / 8

// goodputPaths are the grid of loss and round-trip time, and the paths on which
// TCPs are told apart.
func goodputPaths() []path {
	var all []path
	for _, rtt := range []time.Duration{2, 40, 200} {
		for _, loss := range []float64{0, 0.001, 0.01, 0.05} {
			all = append(all, path{
				name: fmt.Sprintf("%vms,loss=%v%%", int64(rtt), loss*100), rate: 100 * mbit, rtt: rtt * time.Millisecond,
				spoil: func(l *enginetest.Link) { l.Loss = loss }, seconds: 5,
			})
		}
	}
	ms := time.Millisecond
	return append(all,
		path{"bursts", 100 * mbit, 40 * ms, func(l *enginetest.Link) { l.BurstStart, l.BurstEnd = 0.02/5, 0.2 }, 10},
		path{"reordered", 100 * mbit, 40 * ms, func(l *enginetest.Link) { l.Reorder, l.ReorderBy = 0.05, 5*ms }, 10},
		path{"duplicated", 100 * mbit, 40 * ms, func(l *enginetest.Link) { l.Duplicate = 0.02 }, 5},
		path{"long", 200 * mbit, 100 * ms, func(*enginetest.Link) {}, 10},
		path{"loss=20%", 10 * mbit, 40 * ms, func(l *enginetest.Link) { l.Loss = 0.2 }, 1},
	)
}

// goodput returns the share of the path's rate, headers included, that a
// transfer's text gets with a congestion control.
func (p path) goodput(t *testing.T, cc string) (float64, *enginetest.Result) {
	t.Helper()
	n := int(p.seconds * float64(p.rate))
	l := enginetest.Link{Rate: p.rate, Delay: p.rtt / 2, Queue: int(float64(p.rate) * p.rtt.Seconds())}
	p.spoil(&l)
	set := engine.DefaultSettings()
	set.RcvBuf, set.SndBuf = 8<<20, 8<<20
	set.AckDelay, set.AckEvery = time.Millisecond, 16
	host := enginetest.Host{
		Params: engine.Params{MSS: 1460, CongestionControl: cc}, Settings: set,
		ReadSize: [2]int{1 << 20, 1 << 20}, WriteSize: [2]int{1 << 20, 1 << 20},
	}
	c := enginetest.Config{
		Hosts:      [2]enginetest.Host{host, host},
		Links:      [2]enginetest.Link{l, {Delay: p.rtt / 2}},
		CheckEvery: 1 << 20,
	}
	c.Hosts[0].Write = n
	r := enginetest.Run(1, c)
	if r.Err != nil {
		t.Fatalf("%s, %s: %v", p.name, cc, r.Rerun(1, c))
	}
	return float64(n) / r.Hosts[1].EndedAt.Seconds() / float64(p.rate), &r
}

// TestGoodput holds every path and congestion control to within 3% of what
// testdata/goodput.txt says, better or worse.
func TestGoodput(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: the table takes some 10 seconds, and minutes under the race detector")
	}
	known := readGoodput(t)
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "path\tcontrol\tshare\tdropped\tresent\ttimeouts\trecoveries\tspurious\tprobes")
	for _, p := range goodputPaths() {
		for _, cc := range engine.CongestionControls() {
			share, r := p.goodput(t, cc)
			c := r.Hosts[0].Counters
			fmt.Fprintf(w, "%s\t%s\t%.4f\t%d\t%d\t%d\t%d\t%d\t%d\n", p.name, cc, share, r.Lost,
				c.Retransmits, c.Timeouts, c.FastRecoveries, c.SpuriousRecoveries, c.TailProbes)
			want, ok := known[p.name+" "+cc]
			if !*updateGoodput && (!ok || math.Abs(share-want) > 0.03*want) {
				t.Errorf("%s, %s: %.4f of the rate, and the table says %.4f: is the change meant? Then renew the table with -goodput.update", p.name, cc, share, want)
			}
		}
	}
	w.Flush()
	if *updateGoodput {
		if err := os.WriteFile(goodputFile, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("\n%s", out.String())
}

// readGoodput returns the shares in the table, by path and control.
func readGoodput(t *testing.T) map[string]float64 {
	t.Helper()
	b, err := os.ReadFile(goodputFile)
	if err != nil && !*updateGoodput {
		t.Fatal(err)
	}
	shares := make(map[string]float64)
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 3 || f[0] == "path" {
			continue
		}
		share, err := strconv.ParseFloat(f[2], 64)
		if err != nil {
			t.Fatalf("%s: %q: %v", goodputFile, line, err)
		}
		shares[f[0]+" "+f[1]] = share
	}
	return shares
}
