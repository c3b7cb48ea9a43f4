// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// BenchmarkBulk is the engine alone: both ends of a bulk transfer.
func BenchmarkBulk(b *testing.B) {
	for _, bb := range []struct {
		name string
		gso  int
	}{{"mtu1500", 0}, {"gso64k", 64240}} {
		b.Run(bb.name, func(b *testing.B) {
			j := join(b, Params{MSS: 1460, GSOMaxSize: bb.gso}, DefaultSettings())
			const n = 44 * 1448
			b.SetBytes(n)
			b.ReportAllocs()
			for b.Loop() {
				j.write(0, n)
				for got := 0; got < n; got += j.drain(1) {
					j.settle()
				}
			}
		})
	}
}

// constant is a controller whose window neither grows nor shrinks, so that a
// benchmark has the window that it asks for.
type constant struct {
	reno
	size int
}

func (c *constant) window() int    { return c.size }
func (c *constant) threshold() int { return c.size }
func (c *constant) reduces() bool  { return false }

func (c *constant) burst(Instant) int { return 0 }

const (
	benchMSS = 1460
	// benchStep is the time between two arrivals: some 1.2 Gbit/s.
	benchStep = 10 * time.Microsecond
)

// lone is one established connection, whose peer is forged.
type lone struct {
	now   Instant
	c     *Conn
	seg   Segment
	in    Segment
	una   seq.Num // what the forged peer has acknowledged
	peer  seq.Num // what it sends next
	again int     // segments that were sent again
}

// alone returns an end of a connection without timestamps, whose window is of so
// many bytes, or the controller's own for 0.
func alone(tb testing.TB, window int) *lone {
	tb.Helper()
	s := DefaultSettings()
	s.RcvBuf, s.SndBuf = 32<<20, 32<<20
	j := join(tb, Params{MSS: benchMSS, NoTimestamps: true}, s)
	l := &lone{now: j.now, c: &j.c[0]}
	l.una, l.peer = l.c.tx.una, l.c.rx.nxt
	if window > 0 {
		l.c.cc = &constant{reno: *newReno(benchMSS, window).(*reno), size: window}
	}
	return l
}

// write gives the connection n bytes in views of up to 64 KiB.
func (l *lone) write(n int) {
	for n > 0 {
		b := buffer.MakeWithView(buffer.NewViewSize(min(n, 64<<10)))
		took := l.c.Write(l.now, &b)
		b.Release()
		n -= took
		if took == 0 {
			return
		}
	}
}

// poll takes what is to be sent, and returns how many segments that is.
func (l *lone) poll() int {
	n := 0
	for l.c.PollSegment(l.now, &l.seg) {
		n++
		if l.seg.Retransmission {
			l.again++
		}
		l.seg.reset()
	}
	return n
}

// handle has the connection take a segment of the forged peer.
func (l *lone) handle(ack seq.Num, payload *buffer.View, sacked ...seq.Range) {
	l.now = l.now.Add(benchStep)
	l.in.Header = wire.Header{Seq: l.peer, Ack: ack, Flags: wire.ACK, Window: 65535}
	l.in.Options.NumSACK = uint8(copy(l.in.Options.SACK[:], sacked))
	if payload != nil {
		l.peer = l.peer.Add(payload.Size())
		l.in.Payload = buffer.MakeWithView(payload)
	}
	l.una = ack
	l.c.HandleSegment(l.now, &l.in)
}

// pass lets time pass, and has the connection do what is due.
func (l *lone) pass(d time.Duration) {
	l.now = l.now.Add(d)
	if l.c.Deadline() <= l.now {
		l.c.HandleDeadline(l.now)
	}
}

// BenchmarkSend is a sender alone: an operation is a write of 64 KiB, its segments,
// and an acknowledgment for every 16 of them.
func BenchmarkSend(b *testing.B) {
	const segments = 44
	l := alone(b, 1<<20)
	b.SetBytes(segments * benchMSS)
	b.ReportAllocs()
	for b.Loop() {
		l.write(segments * benchMSS)
		l.poll()
		for left := segments; left > 0; left -= 16 {
			l.handle(l.una.Add(min(left, 16)*benchMSS), nil)
		}
	}
	if l.again > 0 || l.c.State() != StateEstablished {
		b.Fatalf("%d segments were sent again, and it is %v", l.again, l.c.State())
	}
}

// BenchmarkReceive is a receiver alone: an operation is the arrival of 44 full
// segments, which are read 16 at a time and acknowledged.
func BenchmarkReceive(b *testing.B) {
	const segments = 44
	l := alone(b, 0)
	text := buffer.NewViewSize(benchMSS)
	defer text.Release()
	b.SetBytes(segments * benchMSS)
	b.ReportAllocs()
	var got, want int
	for b.Loop() {
		for i := 1; i <= segments; i++ {
			l.handle(l.una, text.Clone())
			if i%16 == 0 || i == segments {
				var dst buffer.Buffer
				got += l.c.Read(&dst, 1<<30)
				dst.Release()
				l.poll()
			}
		}
		want += segments * benchMSS
	}
	if got != want {
		b.Fatalf("%d bytes were read of %d", got, want)
	}
}
