// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"math/rand/v2"
	"testing"
	"time"

	"tcpcb/engine/seq"
)

const boardMSS = 1448

// fullOfHoles sends n segments, has every second one SACKed by options of three
// blocks, finds the others lost, sends them again, and has those SACKed from the
// last to the first: the most that a window can cost.
func fullOfHoles(n int) *scoreboard {
	b := newScoreboard(seq.New(1))
	at := func(i int) seq.Num { return seq.New(1).Add(i * boardMSS) }
	for i := range n {
		b.push(seq.MakeRange(at(i), boardMSS), boardMSS, rateStamp{sentAt: Instant(i)})
	}
	var rate rateSampler
	d := delivery{rate: &rate, rack: new(rack), reorder: new(reordering), sentAt: Never}
	var blocks [3]seq.Range
	for i := 1; i < n; i += 2 {
		blocks = [3]seq.Range{{Start: at(i), End: at(i + 1)}, blocks[0], blocks[1]}
		b.sack(blocks[:], &d)
		b.detect(boardMSS, func(*record) {})
	}
	for id := b.nextLost(); id != 0; id = b.nextLost() {
		b.sentAgain(id, boardMSS, rateStamp{sentAt: Instant(n)})
	}
	for i := n - 2 - n%2; i > 0; i -= 2 { // each joins its block with the one above
		b.sack([]seq.Range{{Start: at(i - 1), End: at(n - n%2)}}, &d)
	}
	b.ack(at(n), &d)
	return b
}

// newScoreboard returns an empty scoreboard at una.
func newScoreboard(una seq.Num) *scoreboard {
	b := new(scoreboard)
	b.begin(una)
	return b
}

// The cost of a window full of holes grows with it, and not with its square: four
// times as many segments take less than eight times as long. 11,600 segments are
// a window of 16 MiB.
func TestScoreboardIsNearLinear(t *testing.T) {
	// The two take about as long, so that a busy machine interrupts the one no more
	// often than the other.
	best := func(windows, n int) time.Duration {
		least := time.Hour
		for range 7 {
			began := time.Now()
			for range windows {
				if b := fullOfHoles(n); !b.empty() {
					t.Fatal("the scoreboard is not empty at the end")
				}
			}
			least = min(least, time.Since(began))
		}
		return least
	}
	// A busy machine can only make either slower: one good pair is proof.
	for range 5 {
		small, large := best(4, 2900), best(1, 11600)
		t.Logf("4 times 2,900 segments: %v; 11,600: %v", small, large)
		if large <= 2*small {
			return
		}
	}
	t.Error("the cost grows faster than the window")
}

// A model of one byte flags follows random operations. It is that of RFC 6675,
// section 4, and RFC 8985, section 4 (MUST).
func TestScoreboardAgainstModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		b := newScoreboard(seq.New(0xffff_f000)) // wraps soon
		var rate rateSampler
		d := delivery{rate: &rate, rack: new(rack), reorder: new(reordering), sentAt: Never}
		base, n, una := seq.New(0xffff_f000), 0, 0
		have := make(map[int]bool) // SACKed units
		now := Instant(0)
		for range 100 {
			now++
			switch rng.IntN(4) {
			case 0: // a run of up to four units goes out
				units := 1 + rng.IntN(4)
				b.push(seq.MakeRange(base.Add(n*100), units*100), 100, rateStamp{sentAt: now})
				n += units
			case 1: // some units are SACKed
				if n > una {
					from := una + rng.IntN(n-una)
					to := from + 1 + rng.IntN(n-from)
					b.sack([]seq.Range{{Start: base.Add(from * 100), End: base.Add(to * 100)}}, &d)
					for i := from; i < to; i++ {
						have[i] = true
					}
				}
			case 2: // some are acknowledged
				if n > una {
					una += rng.IntN(n - una + 1)
					b.ack(base.Add(una*100), &d)
				}
			case 3: // the first are lost, and sent again
				b.loseHead(100, func(*record) {})
				if id := b.nextLost(); id != 0 && rng.IntN(2) == 0 {
					b.sentAgain(id, 100, rateStamp{sentAt: now})
				}
			}
			sacked := 0
			for i := una; i < n; i++ {
				if have[i] {
					sacked += 100
				}
			}
			if b.sackedBytes != sacked || b.flightBytes+b.lostBytes+b.sackedBytes != (n-una)*100 {
				t.Fatalf("in flight %d, lost %d, SACKed %d; want %d SACKed of %d", b.flightBytes, b.lostBytes, b.sackedBytes, sacked, (n-una)*100)
			}
		}
	}
}
