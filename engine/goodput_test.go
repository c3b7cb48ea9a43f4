// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"testing"
	"text/tabwriter"
	"time"

	"tcpcb/engine"
	"tcpcb/engine/enginetest"
)

var updateGoodput = flag.Bool("goodput.update", false, "write testdata/goodput.txt anew")

// path is a line of rate bits a second with a drop-tail queue of one
// bandwidth-delay product, and what happens on it to what is sent one way.
type path struct {
	name  string
	rate  int
	rtt   time.Duration
	spoil func(l *enginetest.Link)
}

const mbit = 1_000_000

var paths = []path{
	{"clean", 100 * mbit, 40 * time.Millisecond, nil},
	{"loss 0.1%", 100 * mbit, 40 * time.Millisecond, func(l *enginetest.Link) { l.Loss = 0.001 }},
	{"loss 1%", 100 * mbit, 40 * time.Millisecond, func(l *enginetest.Link) { l.Loss = 0.01 }},
	{"bursts 2%", 100 * mbit, 40 * time.Millisecond, func(l *enginetest.Link) { l.BurstStart, l.BurstEnd = 0.02/5, 0.2 }},
	{"reordered 5%", 100 * mbit, 40 * time.Millisecond, func(l *enginetest.Link) { l.Reorder, l.ReorderBy = 0.05, 5*time.Millisecond }},
	{"long", 200 * mbit, 100 * time.Millisecond, nil},
	{"short, loss 1%", 100 * mbit, 2 * time.Millisecond, func(l *enginetest.Link) { l.Loss = 0.01 }},
	{"loss 20%", 10 * mbit, 40 * time.Millisecond, func(l *enginetest.Link) { l.Loss = 0.2 }},
}

// goodput returns the share of the path's rate that a transfer with a congestion
// control gets, and how many segments were sent again.
func (p path) goodput(t *testing.T, cc string) (share float64, r enginetest.Result) {
	t.Helper()
	bps := p.rate / 8
	n := 10 * bps
	if p.name == "loss 20%" {
		n = bps
	}
	l := enginetest.Link{Rate: bps, Delay: p.rtt / 2, Queue: int(float64(bps) * p.rtt.Seconds())}
	if p.spoil != nil {
		p.spoil(&l)
	}
	set := engine.DefaultSettings()
	set.RcvBuf, set.SndBuf = 8<<20, 8<<20
	set.AckDelay, set.AckEvery = time.Millisecond, 16
	host := enginetest.Host{
		Params:   engine.Params{MSS: 1460, CongestionControl: cc},
		Settings: set, ReadSize: [2]int{1 << 20, 1 << 20}, WriteSize: [2]int{1 << 20, 1 << 20},
	}
	c := enginetest.Config{
		Hosts:      [2]enginetest.Host{host, host},
		Links:      [2]enginetest.Link{l, {Delay: p.rtt / 2}},
		CheckEvery: 1 << 20,
	}
	c.Hosts[0].Write = n
	r = enginetest.Run(1, c)
	if r.Err != nil {
		t.Fatalf("%s, %s: %v", p.name, cc, r.Rerun(1, c))
	}
	return float64(n) / r.Hosts[1].EndedAt.Seconds() / float64(bps), r
}

func TestGoodput(t *testing.T) {
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "path\tcontrol\tshare\tdropped\tresent\ttimeouts\trecoveries\tspurious\tprobes")
	for _, p := range paths {
		for _, cc := range engine.CongestionControls() {
			share, r := p.goodput(t, cc)
			c := r.Hosts[0].Counters
			fmt.Fprintf(w, "%s\t%s\t%.3f\t%d\t%d\t%d\t%d\t%d\t%d\n", p.name, cc, share, r.Lost, c.Retransmits, c.Timeouts, c.FastRecoveries, c.SpuriousRecoveries, c.TailProbes)
		}
	}
	w.Flush()
	if *updateGoodput {
		if err := os.WriteFile("testdata/goodput.txt", out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("\n%s", out.String())
}
