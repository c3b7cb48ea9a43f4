// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"bytes"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/linkfifo"
)

// flow is a connection whose client writes for ever, and whose server reads.
type flow struct {
	c, s *sock
	got  int
}

// flows returns n flows from a to b.
func (w *world) flows(n int) []*flow {
	w.t.Helper()
	fs := make([]*flow, n)
	for i := range fs {
		c, s := w.pair()
		fs[i] = &flow{c: c, s: s}
	}
	return fs
}

// run has the flows write and read until the time is over.
func (w *world) run(fs []*flow, d time.Duration) {
	chunk := make([]byte, 64<<10)
	for end := w.clock.Elapsed() + d; w.clock.Elapsed() < end && w.clock.Step(); {
		for _, f := range fs {
			f.c.Write(bytes.NewReader(chunk), tcpip.WriteOptions{})
			r, _ := f.s.Read(io.Discard, tcpip.ReadOptions{})
			f.got += r.Count
		}
	}
}

// Flows that would each fill the device's queue share it: it never overflows, nothing
// is sent again, and each has its share. One that says little does not wait for theirs.
func TestFlowsShareDevice(t *testing.T) {
	t.Run("packets", func(t *testing.T) { shareDevice(t, false, 300*mbit, 1<<20) })
	t.Run("GSO", func(t *testing.T) { shareDevice(t, true, 1200*mbit, 4<<20) })
}

// shareDevice shares a device of that rate that is to hold so many bytes.
func shareDevice(t *testing.T, gso bool, rate int64, room int) {
	const n, queue = 60, 1000
	side := linkfifo.Side{
		GSO:  gso,
		Path: linkfifo.Path{Rate: rate, Delay: 2 * time.Millisecond, QueuePackets: queue},
	}
	w := newFifo(t, linkfifo.Options{A: side, B: side})
	fs := w.flows(n + 1)
	quiet := fs[n]
	w.run(fs[:n], 200*time.Millisecond) // what there was before is of no account
	for _, f := range fs[:n] {
		f.got = 0
	}
	const measured = 500 * time.Millisecond
	w.run(fs[:n], measured)

	st := w.link.A.Stats()
	if st.DroppedQueue != 0 || st.QueuePeakPackets > queue*2/3 || st.QueuePeakBytes > room*9/8 {
		t.Errorf("the queue dropped %d packets, and had %d and %d bytes in it", st.DroppedQueue, st.QueuePeakPackets, st.QueuePeakBytes)
	}
	if n := w.a.Stats().TCP.Retransmits.Value(); n != 0 {
		t.Errorf("%d segments were sent again", n)
	}
	total, least := 0, fs[0].got
	for _, f := range fs[:n] {
		total, least = total+f.got, min(least, f.got)
	}
	if got := float64(total) * 8 / measured.Seconds() / float64(rate); got < 0.93 {
		t.Errorf("%.2f of the rate is used", got)
	}
	if share := float64(least*n) / float64(total); share < 0.75 { // half a dozen turns each
		t.Errorf("the least flow has %.2f of its share", share)
	}

	// The device has text for 30 ms, and a round of all their turns takes 80 ms and more.
	for _, size := range []int{1, 4000, 14000} {
		begin := w.clock.Elapsed()
		quiet.c.send(text(size))
		quiet.s.recv(size)
		if d := w.clock.Elapsed() - begin; d > 35*time.Millisecond {
			t.Errorf("%d bytes of who says little take %v", size, d)
		}
	}
	begin := w.clock.Elapsed()
	quiet.c.send([]byte{1})
	quiet.c.Close()
	quiet.s.recv(1)
	quiet.s.readErr()
	if d := w.clock.Elapsed() - begin; d > 35*time.Millisecond {
		t.Errorf("the end of who says little takes %v", d)
	}
}

// What does not leave the host does not stand in line at a device.
func TestLocalTakesNoTurns(t *testing.T) {
	path := linkfifo.Path{Rate: 10 * mbit, QueuePackets: 2000}
	w := newFifo(t, linkfifo.Options{A: linkfifo.Side{Path: path}, B: linkfifo.Side{Path: path}})
	bulk := w.flows(70)
	w.run(bulk, time.Second)
	here := &world{t: t, clock: w.clock, a: w.a, b: w.a}
	l := here.listen(ipv4.ProtocolNumber, tcpip.Address{})
	defer l.Close()
	c := here.socket(w.a, ipv4.ProtocolNumber)
	if err := c.dial(addrA); err != nil {
		t.Fatalf("dial: %s", err)
	}
	s := l.accept()
	begin, want := w.clock.Elapsed(), text(512<<10)
	c.send(want)
	if got := s.recv(len(want)); !bytes.Equal(got, want) {
		t.Error("not what was sent arrived")
	}
	if d := w.clock.Elapsed() - begin; d > 10*time.Millisecond {
		t.Errorf("it took %v", d)
	}
}

// A connection that ends while it stands in line is passed over, and nothing waits for
// it: one is aborted, and one closed, which still has its text delivered.
func TestEndInLine(t *testing.T) {
	path := linkfifo.Path{Rate: 10 * mbit, QueuePackets: 2000}
	w := newFifo(t, linkfifo.Options{A: linkfifo.Side{Path: path}, B: linkfifo.Side{Path: path}})
	fs := w.flows(70)
	want := text(40 << 10)
	for _, f := range fs {
		f.c.send(want)
	}
	if n := w.link.A.Stats().QueuePackets; n < 500 || n > 600 {
		t.Fatalf("%d packets in the device: the last do not stand in line", n)
	}
	aborted, closed, other := fs[67], fs[68], fs[69]
	aborted.c.Abort()
	closed.c.Close()
	var got bytes.Buffer
	w.until("the closed one is read", func() bool {
		_, err := closed.s.Read(&got, tcpip.ReadOptions{})
		_, end := err.(*tcpip.ErrClosedForReceive)
		return end
	})
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("%d bytes of the closed one arrived, and not those that were sent", got.Len())
	}
	if got := other.s.recv(len(want)); !bytes.Equal(got, want) {
		t.Error("not what was sent arrived on the other")
	}
	for _, f := range fs {
		f.c.Close()
		f.s.Close()
	}
	w.wantNothingLeft()
}

// hoarder is a link that never lets go of what it was given.
type hoarder struct {
	stack.LinkEndpoint
	mu   sync.Mutex
	kept []*stack.PacketBuffer
}

func (h *hoarder) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	h.mu.Lock()
	for _, pkt := range pkts.AsSlice() {
		h.kept = append(h.kept, pkt.IncRef())
	}
	h.mu.Unlock()
	return h.LinkEndpoint.WritePackets(pkts)
}

// A link that keeps all packets slows connections down, and stops none.
func TestLinkThatKeeps(t *testing.T) {
	clock := linkfifo.NewVirtualClock()
	l, err := linkfifo.New(linkfifo.Options{Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	h := &hoarder{LinkEndpoint: l.A}
	w := &world{t: t, clock: clock, link: l,
		a: newStack(t, clock, h, addrA), b: newStack(t, clock, l.B, addrB)}
	c, s := w.pair()
	want := text(3 << 20)
	begin := clock.Elapsed()
	c.send(want[:1<<20])
	got := slices.Clone(s.recv(1 << 20))
	c.send(want[1<<20 : 2<<20])
	got = append(got, s.recv(1<<20)...)
	c.send(want[2<<20:])
	got = append(got, s.recv(1<<20)...)
	if !bytes.Equal(got, want) {
		t.Error("not what was sent arrived")
	}
	if d := clock.Elapsed() - begin; d < 200*time.Millisecond || d > 6*time.Second {
		t.Errorf("it took %v", d) // nobody waited, or too long
	}
	if n := w.a.Stats().TCP.Timeouts.Value(); n != 0 {
		t.Errorf("%d timeouts", n)
	}
	endOf(w, c, s)
	for _, pkt := range h.kept {
		pkt.DecRef()
	}
}
