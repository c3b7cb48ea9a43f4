// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"

	"tcpcb/engine/seq"
)

// TestBoundToRefuse: of what was sent before what the peer echoes, that is bound
// to be refused which was sent within a quarter of the least round trip of it, and
// only where the path reorders, and the peer sends timestamps and SACK (RFC 7323,
// section 5.3, R1).
func TestBoundToRefuse(t *testing.T) {
	const echo = 1_000_000 // ms
	for _, test := range []struct {
		name               string
		seen, sack, echoes bool
		offset             uint32
		want               [6]bool
	}{
		{name: "the last ten ms", seen: true, sack: true, echoes: true, want: [6]bool{false, true, true, true, false, false}},
		{name: "with an offset that wraps", seen: true, sack: true, echoes: true, offset: 1<<32 - echo + 3, want: [6]bool{false, true, true, true, false, false}},
		{name: "a path that does not reorder", sack: true, echoes: true},
		{name: "no SACK", seen: true, echoes: true},
		{name: "no echo", seen: true, sack: true},
	} {
		var c Conn
		c.board, c.loss = newScoreboard(seq.New(0)), new(lossState)
		c.shake.sack, c.recovery.reorder.seen = test.sack, test.seen
		c.rtt.min = 40 * time.Millisecond
		for i, ms := range []int{echo - 11, echo - 10, echo - 5, echo - 1, echo, echo + 1} {
			at := Instant(time.Duration(ms) * time.Millisecond)
			c.board.push(seq.MakeRange(seq.New(uint32(i*100)), 100), 100, rateStamp{sentAt: at})
		}
		c.noteRefused(&ackNews{}, &delivery{echo: echo + test.offset, offset: test.offset, echoes: test.echoes})
		for i, want := range test.want {
			if got := c.board.at(i).bound; got != want {
				t.Errorf("%s: segment %d is bound to be refused: %v, want %v", test.name, i, got, want)
			}
		}
		// What is sent again has a new timestamp.
		id := *c.board.order.at(1)
		c.board.lose(id)
		if c.board.sentAgain(id, 100, rateStamp{sentAt: Instant(time.Hour)}); c.board.at(1).bound {
			t.Errorf("%s: what was sent again is bound to be refused", test.name)
		}
	}
}

// TestWereRefused: how many segments are laid to refusal.
func TestWereRefused(t *testing.T) {
	for _, test := range []struct {
		name        string
		seen        bool
		count       int
		lost, bound int // segments
		want        bool
		left        int
	}{
		{"none lost", true, 2, 0, 0, true, 2},
		{"as many as refused", true, 2, 2, 0, true, 0},
		{"more", true, 2, 3, 0, false, 0},
		{"bound to be, and not seen to", false, 0, 2, 2, false, 0},
		{"bound to be", true, 0, 2, 2, true, 0},
		{"bound to be, and one more", true, 0, 3, 2, false, 0},
		{"of which some were counted", true, 3, 3, 2, true, 0},
		{"those count once", true, 2, 3, 2, false, 0},
	} {
		c := Conn{loss: new(lossState)}
		c.tx.smss = 1000
		c.loss.lost = test.lost * 1000
		c.loss.refusal = refusal{seen: test.seen, count: test.count, lost: test.bound * 1000}
		if got := c.wereRefused(); got != test.want || c.loss.refusal.count != test.left {
			t.Errorf("%s: %v, %d left; want %v, %d", test.name, got, c.loss.refusal.count, test.want, test.left)
		}
	}
}
