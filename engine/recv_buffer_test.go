// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"fmt"
	"math/bits"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine/wire"
)

// packet returns the text of a packet of its own, as a link hands it over: size
// bytes behind the headers, in a view with room for both.
func packet(size int) buffer.Buffer {
	const headers = 60
	b := buffer.MakeWithView(buffer.NewViewSize(headers + size))
	b.TrimFront(headers)
	return b
}

// arrive hands the second connection a segment of size bytes, at that place of
// the peer's text.
func (j *joined) arrive(at, size int) {
	c := &j.c[1]
	var in Segment
	in.Seq, in.Ack, in.Flags, in.Window = c.rx.irs.Add(1+at), c.tx.nxt, wire.ACK, 60_000
	in.Payload = packet(size)
	c.HandleSegment(j.now, &in)
	in.Payload.Release()
	j.poll1()
}

// memory returns how many bytes of memory the connection holds for the reader.
func (c *Conn) memory() int {
	n := 0
	count := func(b *buffer.Buffer) {
		views := b.AsViewList()
		for v := views.Front(); v != nil; v = v.Next() {
			n += v.Capacity()
		}
	}
	if c.rcv != nil {
		for i := range c.rcv.parts.n {
			count(c.rcv.parts.at(i))
		}
	}
	if c.ooo != nil {
		for i := range c.ooo.blocks.n {
			count(&c.ooo.blocks.at(i).text)
		}
	}
	return n
}

// TestReceiveMemory: with nobody who reads, the memory behind a window that is
// filled to its end is bounded by the window, whatever the size of the segments
// and the order in which they come. What is in order is always taken, and so is
// what is not, but where each holds far more memory than text.
func TestReceiveMemory(t *testing.T) {
	const window = 1 << 20
	orders := []struct {
		name string
		// at returns where the i-th segment of n goes, of size bytes, and gap how
		// many bytes lie behind it.
		at  func(i, n, size int) int
		gap int
	}{
		{"in order", func(i, n, size int) int { return i * size }, 0},
		{"the first at last", func(i, n, size int) int { return (i + 1) % n * size }, 0},
		{"backwards", func(i, n, size int) int { return (n - 1 - i) * size }, 0},
		{"the odd ones first", func(i, n, size int) int {
			if i < n/2 {
				return (2*i + 1) * size
			}
			return 2 * (i - n/2) * size
		}, 0},
		{"islands", func(i, n, size int) int { return i*(size+1) + 1 }, 1},
		{"islands, then in order", func(i, n, size int) int {
			if i < n/2 {
				return (n/2 + i) * (size + 1)
			}
			return (i - n/2) * size
		}, 1},
	}
	for _, size := range []int{1, 100, 513, 1025, 1100, 1448, 8948, 40_000} {
		for _, o := range orders {
			t.Run(fmt.Sprintf("%d/%s", size, o.name), func(t *testing.T) {
				s := DefaultSettings()
				s.RcvBuf = window
				j := join(t, Params{MSS: 1460}, s)
				c := &j.c[1]
				defer c.Release()
				j.arrive(0, 1) // its acknowledgment opens the window
				var got buffer.Buffer
				c.Read(&got, 1)
				got.Release()
				j.poll1()
				if c.rcvWnd() < window*9/10 {
					t.Fatalf("a window of %d", c.rcvWnd())
				}
				n := c.rcvWnd() / (size + o.gap) &^ 1
				if size == 1 {
					n = min(n, 20_000)
				}
				most := MemoryOf(window) + holdFloor + 1<<bits.Len(uint(size+60))
				for i := range n {
					j.arrive(1+o.at(i, n, size), size)
					if i%64 == 0 || i == n-1 {
						if got := c.memory(); got > most {
							t.Fatalf("%d bytes of memory for %d of text, want %d at most", got, c.Readable()+c.ooo.textHeld(), most)
						}
					}
					if i%1000 == 0 {
						c.CheckInvariants()
					}
				}
				c.CheckInvariants()
				if got := c.Readable(); o.gap == 0 && got != n*size && (size > 100 || o.name == "in order") {
					t.Errorf("%d bytes to read of %d", got, n*size)
				}
			})
		}
	}
}

// poll1 lets the second connection send.
func (j *joined) poll1() {
	for j.c[1].PollSegment(j.now, &j.seg) {
		j.seg.Payload.Release()
	}
}

// textHeld returns how many bytes wait out of order.
func (q *reassembly) textHeld() int {
	if q == nil {
		return 0
	}
	return q.bytes
}

// TestTighten: full packets are not copied, and tiny ones only where they hold
// more than the window allows; what is read meanwhile, whole or in part, and what
// is given back count.
func TestTighten(t *testing.T) {
	var r recvBuffer
	defer r.release()
	add := func(n, size int) {
		for range n {
			b := packet(size)
			r.append(&b)
		}
	}
	add(1000, 1448)
	r.tighten(spareMost(1_448_000))
	if r.parts.n != 1000 || r.held != 1000*2048 {
		t.Errorf("%d parts of %d bytes in %d, want 1000 of 2048", r.parts.n, r.bytes, r.held)
	}
	r.tighten(r.spare())
	if r.parts.n != 1000 {
		t.Error("copied, though no more was held than may be")
	}
	r.tighten(r.spare() - 1)
	if r.parts.n != 1 || r.bytes != 1_448_000 || r.held < r.bytes || r.held > r.bytes+64<<10 {
		t.Errorf("%d parts of %d bytes in %d, want one", r.parts.n, r.bytes, r.held)
	}
	var got buffer.Buffer
	r.read(&got, 100_000)
	add(3, 1000)
	r.unread(&got)
	r.read(&got, 1_448_000+1500)
	if want := 1024 + 2048; r.bytes != 1500 || r.held != want { // half of a part, and one
		t.Errorf("%d bytes in %d, want 1500 in %d", r.bytes, r.held, want)
	}
	got.Release()
	r.release()
	add(10, 1)
	if most := 10 * 64; r.held > most+10*64 {
		t.Errorf("%d bytes for ten of a byte", r.held)
	}
	r.tighten(0)
	if r.parts.n != 10 {
		t.Error("little was copied")
	}
}

// TestMemoryOf: the window that a memory allows holds no more than that.
func TestMemoryOf(t *testing.T) {
	for memory := 4096; memory < 1<<30; memory = memory*3 + 1 {
		w := WindowOf(memory)
		if got := MemoryOf(w); got > memory || got < memory-3 {
			t.Errorf("%d bytes allow a window of %d, which holds %d", memory, w, got)
		}
	}
	if got := WindowOf(4 << 20); got != 2_621_440 {
		t.Errorf("4 MiB allow a window of %d", got)
	}
}

// TestRcvRTT: the round trip that a receiver sees is the time since what the
// peer's text is an answer to: less counts at once, more by an eighth.
func TestRcvRTT(t *testing.T) {
	ms := time.Millisecond
	s := DefaultSettings()
	j := join(t, Params{MSS: 1460}, s)
	c := &j.c[1]
	c.rx.rtt = 0
	at := 0
	for _, test := range []struct {
		name  string
		ago   time.Duration // what is echoed
		first bool          // text that is in order
		plain bool          // without the option
		want  time.Duration
	}{
		{"the first", 80 * ms, true, false, 80 * ms},
		{"more", 160 * ms, true, false, 90 * ms},
		{"less", 40 * ms, true, false, 40 * ms},
		{"the same", 40 * ms, true, false, 40 * ms},
		{"out of order", 10 * ms, false, false, 40 * ms},
		{"from the future", -10 * ms, true, false, 40 * ms},
		{"of long ago", DefaultMaxRTO + ms, true, false, 40 * ms},
		{"without timestamps", 10 * ms, true, true, 40 * ms},
	} {
		j.now = j.now.Add(time.Second)
		var in Segment
		in.Seq, in.Ack, in.Flags, in.Window = c.rx.irs.Add(1+at), c.tx.nxt, wire.ACK, 60_000
		if !test.first {
			in.Seq = in.Seq.Add(1000)
		}
		in.Options.HasTimestamps = !test.plain
		in.Options.TSVal, in.Options.TSEcr = c.ts.recent+1, timestamp(j.now.Add(-test.ago), c.par.tsOffset)
		in.Payload = packet(100)
		if test.first {
			at += 100
		}
		c.HandleSegment(j.now, &in)
		if got := c.Info().RcvRTT; got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}
