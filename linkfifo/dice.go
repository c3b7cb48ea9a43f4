// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import (
	"math/rand/v2"
	"time"
)

// dice is one direction's randomness. Each mechanism draws from a stream of its
// own and only while it is on, so that to switch on duplication, say, leaves
// the pattern of losses as it was.
type dice struct {
	loss, burst, corrupt, duplicate, jitter, reorder *rand.Rand

	bad bool // the Gilbert-Elliott channel's state
}

// newDice returns the randomness of a direction, wholly decided by its
// arguments.
func newDice(seed, direction uint64) dice {
	stream := func(mechanism uint64) *rand.Rand {
		return rand.New(rand.NewPCG(scramble(seed), scramble(direction<<8|mechanism)))
	}
	return dice{
		loss: stream(1), burst: stream(2), corrupt: stream(3),
		duplicate: stream(4), jitter: stream(5), reorder: stream(6),
	}
}

// scramble spreads neighbouring seeds over all 64 bits, by the finaliser of
// SplitMix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number
// generators", 2014).
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hit reports an event of probability p.
func hit(r *rand.Rand, p float64) bool { return p > 0 && r.Float64() < p }

// burstLoss moves the channel by one packet and reports whether that is lost.
func (d *dice) burstLoss(c GilbertElliott) bool {
	if c == (GilbertElliott{}) {
		return false
	}
	if d.bad {
		d.bad = !hit(d.burst, c.Leave)
	} else {
		d.bad = hit(d.burst, c.Enter)
	}
	if d.bad {
		return hit(d.burst, c.LossBad)
	}
	return hit(d.burst, c.LossGood)
}

// wait returns a delay from zero to limit, exclusive.
func (d *dice) wait(limit time.Duration) instant {
	if limit <= 0 {
		return 0
	}
	return instant(d.jitter.Int64N(int64(limit)))
}
