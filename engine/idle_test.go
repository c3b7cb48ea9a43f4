// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
)

// A connection keeps what it needs from one turn to the next, and drops it after a
// pause. It says when to look again, and at what time does not matter.
func TestRest(t *testing.T) {
	j := join(t, Params{MSS: 1000}, DefaultSettings())
	for i := range j.c {
		if at := j.c[i].Rest(j.now); at != Never {
			t.Errorf("connection %d has nothing to drop yet, and asks to be called at %d", i, at)
		}
	}
	for turn := range 10 {
		j.write(0, 100)
		j.settle()
		if got := j.drain(1); got != 100 {
			t.Fatalf("turn %d: %d bytes came of 100", turn, got)
		}
		snd, board, rcv := j.c[0].snd, j.c[0].board, j.c[1].rcv
		j.now = j.now.Add(idleTime / 2)
		for i := range j.c {
			if at := j.c[i].Rest(j.now); at <= j.now || at > j.now.Add(idleTime) {
				t.Errorf("turn %d: connection %d asks to be called after %v", turn, i, at.Sub(j.now))
			}
		}
		if snd == nil || snd != j.c[0].snd || board != j.c[0].board || rcv == nil || rcv != j.c[1].rcv {
			t.Fatalf("turn %d: what the next one needs was dropped", turn)
		}
	}
	j.now = j.now.Add(idleTime)
	for i := range j.c {
		c := &j.c[i]
		if at := c.Rest(j.now); at != Never || !c.lean() {
			t.Errorf("connection %d is idle, and holds something", i)
		}
		c.CheckInvariants()
	}
}

// What waits for the application, or is outstanding, is never dropped; nor is a
// controller that has learnt something.
func TestRestKeeps(t *testing.T) {
	j := join(t, Params{MSS: 1000}, DefaultSettings())
	for range 8 { // the window opens
		for range 8 {
			j.write(0, 1000)
		}
		j.settle()
		j.drain(1)
	}
	cwnd := j.c[0].Cwnd()
	j.write(0, 100)
	j.settle()
	j.now = j.now.Add(time.Hour)
	for i := range j.c {
		j.c[i].Rest(j.now)
	}
	if got := j.drain(1); got != 100 {
		t.Errorf("%d bytes are left of 100 that came", got)
	}
	if j.c[0].cc == nil || j.c[0].Cwnd() != cwnd {
		t.Errorf("the window is %d after a pause, and was %d", j.c[0].Cwnd(), cwnd)
	}
}

// A keep-alive timer, which runs as long as the connection, keeps nothing.
func TestRestKeepAlive(t *testing.T) {
	set := DefaultSettings()
	set.KeepAlive = true
	j := join(t, Params{MSS: 1000}, set)
	j.write(0, 100)
	j.settle()
	j.drain(1)
	j.now = j.now.Add(idleTime)
	for i := range j.c {
		if j.c[i].Rest(j.now); !j.c[i].lean() {
			t.Errorf("connection %d holds something", i)
		}
	}
}
