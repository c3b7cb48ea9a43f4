// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"bytes"
	"io"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/endpoint"
	"tcpcb/engine"
	"tcpcb/linkfifo"
)

const (
	ms   = time.Millisecond
	mbit = 1_000_000
)

// newPath returns two hosts on a path of that rate in bit/s and round-trip time,
// with a queue of a bandwidth-delay product.
func newPath(t *testing.T, rate int64, rtt time.Duration) *world {
	p := linkfifo.Path{Rate: rate, Delay: rtt / 2, QueueBytes: int(float64(rate) / 8 * rtt.Seconds())}
	return newFifo(t, linkfifo.Options{A: linkfifo.Side{Path: p}, B: linkfifo.Side{Path: p}})
}

// ranges sets the ranges of the buffers of both hosts.
func (w *world) ranges(snd, rcv tcpip.TCPReceiveBufferSizeRangeOption) {
	s := tcpip.TCPSendBufferSizeRangeOption(snd)
	for _, opt := range []tcpip.SettableTransportProtocolOption{&s, &rcv} {
		wantErr(w.t, "set on a", w.a.SetTransportProtocolOption(endpoint.ProtocolNumber, opt), nil)
		wantErr(w.t, "set on b", w.b.SetTransportProtocolOption(endpoint.ProtocolNumber, opt), nil)
	}
}

// buffers returns the sizes of c's send buffer and of s's receive buffer.
func buffers(c, s *sock) (snd, rcv int64) {
	return c.SocketOptions().GetSendBufferSize(), s.SocketOptions().GetReceiveBufferSize()
}

// fill writes as much as there is room for, up to n bytes, and returns how much
// that was.
func (s *sock) fill(n int) int {
	done := 0
	for done < n {
		m, err := s.Write(bytes.NewReader(make([]byte, min(n-done, 256<<10))), tcpip.WriteOptions{})
		done += int(m)
		if err != nil {
			break
		}
	}
	return done
}

// drain reads all there is, 8 KiB at a time, each of which it tells the endpoint as
// gVisor's sockets do, and returns how much it was.
func (s *sock) drain() int {
	n := 0
	for {
		r, err := s.Read(&tcpip.LimitedWriter{W: io.Discard, N: 8 << 10}, tcpip.ReadOptions{})
		if err != nil {
			return n
		}
		n += r.Count
		s.ModerateRecvBuf(r.Count)
	}
}

// stream has c write, and s read, as much as they can, every millisecond for d,
// and returns how much s read.
func stream(w *world, c, s *sock, d time.Duration) int {
	n := 0
	for end := w.clock.Elapsed() + d; w.clock.Elapsed() < end; w.clock.Advance(ms) {
		c.fill(1 << 30)
		n += s.drain()
	}
	return n
}

func endOf(w *world, c, s *sock) {
	c.Abort()
	s.Abort()
	w.wantNothingLeft()
}

// The send buffer does not grow to fill a queue without an end: where the round trip
// is many times what it was, more would only wait.
func TestSendTuningOfDeepQueue(t *testing.T) {
	p := linkfifo.Path{Rate: 100 * mbit, Delay: ms / 4, QueueBytes: 16 << 20}
	w := newFifo(t, linkfifo.Options{A: linkfifo.Side{Path: p}, B: linkfifo.Side{Path: p}})
	small := tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: 32 << 10, Max: 4 << 20}
	w.ranges(small, tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: 4 << 20, Max: 4 << 20})
	c, s := w.pair()
	stream(w, c, s, time.Second)
	n := stream(w, c, s, time.Second)
	const bdp = 100 * mbit / 8 / 2000
	snd, _ := buffers(c, s)
	if snd > 24*bdp {
		t.Errorf("the send buffer is %d bytes, and the path carries %d", snd, bdp)
	}
	if n < 100*mbit/8*9/10 {
		t.Errorf("read %d bytes in a second", n)
	}
	endOf(w, c, s)
}

// The receive buffer of an application that reads slowly does not grow, however
// much it takes at once: it needs no more than its rate.
func TestReceiveTuningSlowReader(t *testing.T) {
	for _, every := range []time.Duration{100 * ms, time.Second} {
		w := newPath(t, 1000*mbit, 10*ms)
		c, s := w.pair()
		_, before := buffers(c, s)
		for range 20 {
			c.fill(1 << 30)
			w.clock.Advance(every)
			if n := s.drain(); n < 400<<10 {
				t.Fatalf("read %d bytes, want what the window holds", n)
			}
		}
		if _, rcv := buffers(c, s); rcv != before {
			t.Errorf("read every %v: a receive buffer of %d, and %d at first", every, rcv, before)
		}
		endOf(w, c, s)
	}
}

// The receive buffer follows the path that the text takes, which may be longer
// than the handshake told: the window becomes large enough for it.
func TestReceiveTuningFollows(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: carries 100 MB")
	}
	const rate = 100 * mbit
	w := newPath(t, rate, 4*ms)
	w.ranges(tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: 8 << 20, Max: 8 << 20},
		tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: 64 << 10, Max: 8 << 20})
	c, s := w.pair()
	p := linkfifo.Path{Rate: rate, Delay: 80 * ms, QueueBytes: 2 << 20}
	for _, l := range []*linkfifo.Endpoint{w.link.A, w.link.B} {
		if err := l.SetPath(p); err != nil {
			t.Fatal(err)
		}
	}
	stream(w, c, s, 4*time.Second)
	n := stream(w, c, s, 2*time.Second)
	_, rcv := buffers(c, s)
	if share := float64(n) * 8 / 2 / rate; share < 0.9 {
		t.Errorf("%.2f of the rate, with a receive buffer of %d", share, rcv)
	}
	endOf(w, c, s)
}

// At the largest size, the window is as large as the memory behind it allows: no
// more is held than the option says, and more is offered than half.
func TestReceiveTuningMax(t *testing.T) {
	const most = 512 << 10
	w := newPath(t, 100*mbit, 100*ms)
	w.ranges(tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: 4 << 20, Max: 4 << 20},
		tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: 64 << 10, Max: most})
	c, s := w.pair()
	stream(w, c, s, 3*time.Second)
	if _, rcv := buffers(c, s); rcv != most {
		t.Fatalf("a receive buffer of %d, want %d", rcv, most)
	}
	c.fill(1 << 30)
	w.clock.Advance(time.Second)
	n, err := s.GetSockOptInt(tcpip.ReceiveQueueSizeOption)
	wantErr(t, "the receive queue", err, nil)
	if least, limit := most*6/10, engine.WindowOf(most); n < least || n > limit {
		t.Errorf("%d bytes wait, want %d to %d", n, least, limit)
	}
	endOf(w, c, s)
}

// A size that the application sets stays, and so does the first one where the
// protocol is not to moderate: the window is half of it.
func TestReceiveTuningOff(t *testing.T) {
	for _, moderate := range []bool{false, true} {
		w := newPath(t, 100*mbit, 100*ms)
		w.ranges(tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: 1 << 20, Max: 4 << 20},
			tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: 64 << 10, Max: 4 << 20})
		opt := tcpip.TCPModerateReceiveBufferOption(moderate)
		wantErr(t, "moderate", w.b.SetTransportProtocolOption(endpoint.ProtocolNumber, &opt), nil)
		c, s := w.pair()
		if moderate {
			stream(w, c, s, time.Second)
			if _, rcv := buffers(c, s); rcv <= 64<<10 {
				t.Errorf("a receive buffer of %d after a second", rcv)
			}
			s.SocketOptions().SetReceiveBufferSize(64<<10, true /* notify */)
		}
		stream(w, c, s, time.Second)
		if _, rcv := buffers(c, s); rcv != 64<<10 {
			t.Errorf("moderate %v: a receive buffer of %d", moderate, rcv)
		}
		c.fill(1 << 30)
		w.clock.Advance(time.Second)
		if n, _ := s.GetSockOptInt(tcpip.ReceiveQueueSizeOption); n > 32<<10 {
			t.Errorf("moderate %v: %d bytes wait in a buffer of 64 KiB", moderate, n)
		}
		endOf(w, c, s)
	}
}

// The send buffer grows with the congestion window while the application has
// more to write than it takes, within the range; it does not for one that writes
// what there is room for, though that be most of it.
func TestSendTuning(t *testing.T) {
	const first, most = 256 << 10, 1 << 20
	for _, limited := range []bool{true, false} {
		w := newPath(t, 100*mbit, 100*ms)
		w.ranges(tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: first, Max: most},
			tcpip.TCPReceiveBufferSizeRangeOption{Min: 4096, Default: 4 << 20, Max: 4 << 20})
		c, s := w.pair()
		for range 30 {
			if limited {
				c.fill(first * 7 / 8)
			} else {
				c.fill(1 << 30)
			}
			for range 300 {
				w.clock.Advance(ms)
				s.drain()
				if !limited {
					c.fill(1 << 30)
				}
			}
		}
		want := int64(most)
		if limited {
			want = first
		}
		if snd, _ := buffers(c, s); snd != want {
			t.Errorf("limited by the application %v: a send buffer of %d, want %d", limited, snd, want)
		}
		endOf(w, c, s)
	}
}

// Where segments are large, the send buffer has room for a few from the beginning on,
// although the congestion window is of two.
func TestSendTuningOfLargeSegments(t *testing.T) {
	p := linkfifo.Side{MTU: 65535, Path: linkfifo.Path{Delay: ms}}
	w := newFifo(t, linkfifo.Options{A: p, B: p})
	c, s := w.pair()
	before, _ := buffers(c, s)
	c.fill(1 << 30)
	c.fill(1 << 30)
	if snd, _ := buffers(c, s); snd <= before || snd < 2*10*65000 {
		t.Errorf("a send buffer of %d, and %d at first", snd, before)
	}
	endOf(w, c, s)
}
