// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"math/rand/v2"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine"
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// ipHeader is the length of the IPv4 header that a link counts on every packet,
// in bytes.
const ipHeader = 20

// burstPause ends a burst of losses: what afflicts a path does not wait for the
// next packet.
const burstPause = 10 * time.Millisecond

// packet is a TCP packet on a link: its header in bytes, so that the wire
// format is part of every simulation, and its text by reference.
type packet struct {
	header  [wire.MaxHeaderLen]byte
	n       int // bytes of header
	payload buffer.Buffer
	ecn     engine.Codepoint
	corrupt bool
	// cut is how many bytes are left of one that was truncated.
	cut int
	// tooBig is not 0 on the news that a packet at sequence number at was too
	// long, which goes back to its sender: the MSS of the path.
	tooBig int
	at     seq.Num
}

func (p *packet) size() int { return ipHeader + p.n + int(p.payload.Size()) }

// mark marks the packet, where its transport knows ECN.
func (p *packet) mark() {
	if p.ecn != engine.NotECT {
		p.ecn = engine.CE
	}
}

func (p *packet) clone() *packet {
	q := *p
	q.payload = p.payload.Clone()
	return &q
}

// link is the state of one direction.
type link struct {
	Link
	start engine.Instant
	rng   *rand.Rand
	busy  engine.Instant // until when packets wait for the rate
	last  engine.Instant // when the last packet arrives that keeps the order
	burst bool
	// offered is when the last packet came.
	offered engine.Instant
	lost    int
	// tamper, set by this package's tests, changes what the link carries behind
	// the checksum's back; false drops it.
	tamper func(p *packet) bool
}

// carry takes a packet and calls deliver for each copy that arrives, with when. It
// reports whether the packet was refused, and its sender knows.
func (l *link) carry(now engine.Instant, p *packet, deliver func(at engine.Instant, p *packet)) (refused bool) {
	if l.chance(l.Full) {
		p.payload.Release()
		return true
	}
	if l.drops(now) || l.tamper != nil && !l.tamper(p) {
		l.lost++
		p.payload.Release()
		return false
	}
	leaves := max(now, l.busy)
	if l.Rate > 0 {
		waiting := int(leaves.Sub(now).Seconds() * float64(l.Rate))
		if l.MarkQueue > 0 && waiting >= l.MarkQueue {
			p.mark()
		}
		if l.Queue > 0 && waiting+p.size() > l.Queue {
			l.lost++
			p.payload.Release()
			return l.Refuses
		}
		leaves = leaves.Add(time.Duration(p.size()) * time.Second / time.Duration(l.Rate))
		l.busy = leaves
	}
	if l.chance(l.Mark) {
		p.mark()
	}
	if l.chance(l.Corrupt) {
		for range 1 + l.rng.IntN(3) {
			p.header[l.rng.IntN(p.n)] ^= 1 << l.rng.IntN(8)
		}
		p.corrupt = true
	}
	if l.chance(l.Truncate) {
		p.corrupt, p.cut = true, 1+l.rng.IntN(p.n+int(p.payload.Size()))
	}
	if l.chance(l.Replay) {
		deliver(leaves.Add(l.Delay+time.Duration(l.rng.Int64N(int64(l.ReplayBy)+1))), p.clone())
	}
	copies := 1
	if l.chance(l.Duplicate) {
		copies = 2
	}
	for i := range copies {
		q := p
		if i < copies-1 {
			q = p.clone()
		}
		deliver(l.arrival(leaves), q)
	}
	return false
}

// arrival returns when a packet that leaves then comes to the other end.
func (l *link) arrival(leaves engine.Instant) engine.Instant {
	at := leaves.Add(l.Delay)
	if l.Jitter > 0 {
		at = at.Add(time.Duration(l.rng.Int64N(int64(l.Jitter))))
	}
	if l.chance(l.Reorder) {
		return at.Add(l.ReorderBy)
	}
	l.last = max(l.last, at)
	return l.last
}

// drops reports whether the next packet is lost.
func (l *link) drops(now engine.Instant) bool {
	if t := now.Sub(l.start); t >= l.CutAt && t < l.CutAt+l.CutFor {
		return true
	}
	idle := now.Sub(l.offered)
	l.offered = now
	if l.burst && idle < burstPause {
		l.burst = !l.chance(l.BurstEnd)
		return true
	}
	l.burst = false
	if l.chance(l.BurstStart) {
		l.burst = true
		return true
	}
	return l.chance(l.Loss)
}

// chance draws only where p is set, so that a link without a trait draws
// nothing for it.
func (l *link) chance(p float64) bool { return p > 0 && l.rng.Float64() < p }
