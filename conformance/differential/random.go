// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"fmt"
	"math/rand/v2"
	"time"

	"tcpcb/engine/wire"
)

// drawer draws a sequence. It knows what an honest peer would, so that most of what
// it draws is not refused.
type drawer struct {
	rng    *rand.Rand
	seq    sequence
	sent   int // the peer's next position
	wrote  int // the stack's next position, as far as the application wrote
	acked  int
	held   [][2]int // what came out of order
	finIn  bool
	finOut bool
	noRead bool
	ended  bool // the connection may be gone
	stamps bool
	stamp  uint32
}

// draw returns the sequence of a seed.
func draw(seed uint64) sequence {
	d := &drawer{rng: rand.New(rand.NewPCG(seed, 10)), sent: 1, wrote: 1, acked: 1, stamp: 1000}
	d.seq.name, d.seq.active = fmt.Sprintf("seed %d", seed), d.rng.IntN(2) == 0
	d.stamps = d.rng.IntN(2) == 0
	d.seq.synOpt = wire.Options{MSS: 1460, SACKPermitted: d.rng.IntN(2) == 0, HasTimestamps: d.stamps, TSVal: d.stamp}
	if d.rng.IntN(2) == 0 {
		d.seq.synOpt.HasWindowScale, d.seq.synOpt.WindowScale = true, uint8(d.rng.IntN(4))
	}
	for range 3 + d.rng.IntN(15) {
		d.step()
	}
	d.add(wait(5 * time.Minute))
	return d.seq
}

func (d *drawer) add(s step) {
	if d.stamps && s.packet {
		d.stamp++
		s.opts.HasTimestamps, s.opts.TSVal = true, d.stamp
	}
	d.seq.steps = append(d.seq.steps, s)
}

// step draws one step.
func (d *drawer) step() {
	n := 1 + d.rng.IntN(1000)
	switch k := d.rng.IntN(20); {
	case k < 4 && !d.finIn:
		d.add(in("text", psh, d.sent, n, d.wrote))
		d.advance(d.sent + n)
	case k < 6:
		d.add(call("read", 1+d.rng.IntN(2000)))
	case k < 8 && !d.finOut:
		d.settle()
		d.add(call("write", n))
		d.wrote += n
	case k < 10:
		d.add(in("ack", ack, d.sent, 0, d.wrote))
		d.acked = d.wrote
	case k == 10 && !d.finIn:
		d.add(in("fin", fin, d.sent, 0, d.wrote))
		d.sent, d.finIn, d.acked = d.sent+1, true, d.wrote
	case k == 11:
		d.settle()
		d.closing()
	case k == 12:
		d.add(wait(time.Duration(1+d.rng.IntN(5)) * time.Second))
	case k < 18:
		d.odd(n)
	default:
		d.attack(n)
	}
}

// advance notes that the peer's text came as far as to, and with it what waits
// behind.
func (d *drawer) advance(to int) {
	d.sent, d.acked = to, d.wrote
	for range d.held {
		for _, h := range d.held {
			if h[0] <= d.sent {
				d.sent = max(d.sent, h[1])
			}
		}
	}
}

// settle acknowledges what was written, so that congestion control, which is not
// compared, lets all go that is written next.
func (d *drawer) settle() {
	if d.acked != d.wrote {
		d.add(in("ack", ack, d.sent, 0, d.wrote))
		d.acked = d.wrote
	}
}

// closing draws a call that ends something, seldom one that ends all.
func (d *drawer) closing() {
	switch d.rng.IntN(6) {
	case 0, 1, 2:
		d.add(call("shutdown-write", 0))
		if !d.finOut {
			d.wrote++
		}
		d.finOut = true
	case 3:
		d.add(call("shutdown-read", 0))
		d.noRead = true
	case 4:
		d.ended = true
		d.add(call("close", 0))
		if !d.finOut {
			d.wrote++
		}
		d.finOut = true
	case 5:
		d.ended = true
		d.add(call("abort", 0))
	}
	d.ended = d.ended || d.noRead && d.finOut // the next text does
}

// finLen is what the peer's FIN takes of the sequence space.
func (d *drawer) finLen() int {
	if d.finIn {
		return 1
	}
	return 0
}

// odd draws what an honest peer may send on a path that is none of the best.
func (d *drawer) odd(n int) {
	switch d.rng.IntN(5) {
	case 0:
		if !d.finIn {
			from := d.sent + 1 + d.rng.IntN(2000)
			d.add(in("ahead", psh, from, n, d.wrote))
			d.held = append(d.held, [2]int{from, from + n})
			d.acked = d.wrote
		}
	case 1:
		if end := d.sent - d.finLen(); end > 1 {
			from := max(1, end-1-d.rng.IntN(1000))
			d.add(in("old", psh, from, max(1, min(n, end-from)), d.acked))
		}
	case 2:
		if from := max(1, d.sent-d.rng.IntN(500)); !d.finIn {
			d.add(in("overlap", psh, from, d.sent-from+n, d.wrote))
			d.advance(d.sent + n)
		}
	case 3:
		d.add(in("dup", ack, d.sent, 0, d.acked))
	case 4:
		d.add(in("keep-alive", ack, d.sent-1, 0, d.acked))
	}
}

// attack draws what no honest peer sends.
func (d *drawer) attack(n int) {
	far := 1_000_000_000
	switch d.rng.IntN(10) {
	case 0:
		d.ended = true
		d.add(in("rst", wire.RST, d.sent, 0, 0))
	case 1:
		d.add(in("rst-ahead", wire.RST, d.sent+n, 0, 0))
	case 2:
		d.add(in("rst-far", wire.RST, d.sent+far, 0, 0))
	case 3, 4:
		if d.ended || d.finIn && d.finOut {
			return // it would open another connection
		}
		if d.rng.IntN(2) == 0 {
			d.add(in("syn", wire.SYN, d.sent+n, 0, 0))
		} else {
			d.add(in("syn-far", wire.SYN, d.sent+far, 0, 0))
		}
	case 5:
		d.add(in("ack-ahead", psh, d.sent, n, d.wrote+100_000))
	case 6:
		d.add(in("ack-far", psh, d.sent, n, d.wrote-far))
	case 7:
		d.add(in("far", psh, d.sent+far, n, d.wrote))
	case 8:
		d.add(in("no-ack", wire.PSH, d.sent, n, 0))
	case 9:
		d.add(in("syn-ack", wire.SYN|wire.ACK, 0, 0, 1))
	}
}
