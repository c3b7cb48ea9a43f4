// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
)

type flying struct {
	at  Instant
	to  int
	seg Segment
}

func smoke(t *testing.T, seed uint64, loss float64, total int, sack bool) {
	rng := rand.New(rand.NewPCG(seed, 1))
	now := Instant(time.Second)
	var c [2]Conn
	set := DefaultSettings()
	p := Params{ISS: rng.Uint32(), MSS: 1460, NoSACK: !sack, NoTimestamps: seed%2 == 0}
	c[0].OpenActive(now, p, set)
	var air []flying
	opened := false
	want := make([]byte, total)
	for i := range want {
		want[i] = byte(rng.Uint32())
	}
	var got []byte
	sent := 0
	poll := func(i int) {
		var s Segment
		for c[i].PollSegment(now, &s) {
			if rng.Float64() < loss {
				s.reset()
				continue
			}
			air = append(air, flying{now.Add(10 * time.Millisecond), 1 - i, s})
			s = Segment{}
		}
	}
	for step := 0; step < 5000000; step++ {
		if c[0].State() != StateClosed && sent < total && c[0].State().Synchronized() {
			n := min(total-sent, 5000)
			b := buffer.MakeWithData(want[sent : sent+n])
			sent += c[0].Write(now, &b)
			b.Release()
			if sent == total {
				c[0].CloseWrite(now)
			}
		}
		poll(0)
		if opened {
			var d buffer.Buffer
			c[1].Read(now, &d, 1<<20)
			got = append(got, d.Flatten()...)
			d.Release()
			if c[1].State() == StateCloseWait && c[1].Readable() == 0 {
				c[1].CloseWrite(now)
			}
			poll(1)
		}
		for i := range c {
			c[i].CheckInvariants()
		}
		next := min(c[0].Deadline(), c[1].Deadline())
		if len(air) > 0 {
			next = min(next, air[0].at)
		}
		if next == Never {
			break
		}
		now = max(now, next)
		for len(air) > 0 && air[0].at <= now {
			f := air[0]
			air = air[1:]
			if !opened {
				if ClassifyListen(&f.seg) == ListenSyn {
					q := p
					q.ISS = rng.Uint32()
					c[1].OpenPassive(now, q, set, &f.seg)
					opened = true
				}
				continue
			}
			c[f.to].HandleSegment(now, &f.seg)
			c[f.to].CheckInvariants()
		}
		for i := range c {
			c[i].HandleDeadline(now)
		}
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("seed %d: got %d of %d bytes; states %v %v reasons %v %v at %v", seed, len(got), len(want), c[0].State(), c[1].State(), c[0].Reason(), c[1].Reason(), time.Duration(now))
	}
	if c[0].State() != StateClosed || c[1].State() != StateClosed {
		t.Fatalf("seed %d states %v %v", seed, c[0].State(), c[1].State())
	}
	if seed == 0 {
		t.Logf("%v loss %v: %v %+v", total, loss, time.Duration(now), c[0].counters)
	}
}

func TestSmoke(t *testing.T) {
	for _, loss := range []float64{0, 0.01, 0.05, 0.2} {
		for seed := range uint64(30) {
			smoke(t, seed, loss, 200000, seed%3 != 0)
		}
	}
	smoke(t, 0, 0, 10000000, true)
	smoke(t, 0, 0.01, 10000000, true)
	smoke(t, 0, 0.01, 10000000, false)
}
