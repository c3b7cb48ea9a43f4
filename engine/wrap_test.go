// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
)

// wrapMSS makes it quick to send what the sequence space can hold.
const wrapMSS = 64000

// joinWrapped returns connections of which end 0 has sent at least n bytes, all
// of which were acknowledged, without a loss, and read.
func joinWrapped(t *testing.T, p Params, n int) *joined {
	p.MSS = wrapMSS
	s := DefaultSettings()
	s.SndBuf, s.RcvBuf = 1<<20, 1<<20
	j := join(t, p, s)
	for sent, round := 0, 0; sent < n; sent += round * wrapMSS {
		round = min(8, (n-sent+wrapMSS-1)/wrapMSS) // enough to open the window
		for range round {
			j.write(0, wrapMSS)
		}
		for got := 0; got < round*wrapMSS; got += j.drain(1) {
			j.settle()
		}
	}
	return j
}

// A connection that was idle makes its buffer anew, where the text ended,
// whatever the distance from ISS: sequence numbers are compared within 2^31
// (RFC 9293, section 3.4).
func TestIdleFarFromISS(t *testing.T) {
	if raceDetector {
		t.Skip("one goroutine, and gigabytes")
	}
	for _, n := range []int{1<<31 + 1<<20, 1<<32 - wrapMSS, 1<<32 + 1<<20} {
		j := joinWrapped(t, Params{}, n)
		j.now = j.now.Add(time.Minute)
		for i := range j.c {
			j.c[i].HandleDeadline(j.now)
			j.c[i].Rest(j.now)
		}
		if j.c[0].snd != nil {
			t.Fatal("an idle connection holds a send buffer")
		}
		for range 3 {
			j.write(0, 1000)
			j.c[0].CheckInvariants()
			j.settle()
			if got := j.drain(1); got != 1000 {
				t.Errorf("after %d bytes: %d bytes came of 1000", n, got)
			}
		}
		j.c[0].CloseWrite(j.now)
		j.settle()
		if !j.c[1].EOF() {
			t.Errorf("after %d bytes: the FIN did not come", n)
		}
	}
}

// Without SACK, three duplicate acknowledgments bring a lost segment again (RFC
// 6582, section 3.2, step 2), however long there was no loss before.
func TestFastRetransmitFarFromISS(t *testing.T) {
	if raceDetector {
		t.Skip("one goroutine, and gigabytes")
	}
	j := joinWrapped(t, Params{NoSACK: true}, 1<<31+1<<20)
	const n = 6
	for range n {
		j.write(0, wrapMSS)
	}
	if !j.c[0].PollSegment(j.now, &j.seg) {
		t.Fatal("nothing to send")
	}
	j.seg.Payload.Release() // lost
	for j.c[0].PollSegment(j.now, &j.seg) {
		j.c[1].HandleSegment(j.now, &j.seg)
		j.carry(1) // each is acknowledged by itself
	}
	// No time passed for a timer.
	if got := j.drain(1); got != n*wrapMSS {
		t.Errorf("%d bytes came of %d", got, n*wrapMSS)
	}
}
