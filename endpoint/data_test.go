// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint_test

import (
	"bytes"
	"io"
	"math/rand"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/endpoint"
	"tcpcb/linkfifo"
)

// text returns n bytes that differ all along.
func text(n int) []byte {
	b := make([]byte, n)
	rand.New(rand.NewSource(int64(n))).Read(b)
	return b
}

// eachWorld runs f in every world with virtual time.
func eachWorld(t *testing.T, f func(t *testing.T, w *world)) {
	t.Run("loopback", func(t *testing.T) { f(t, newLoop(t, linkfifo.NewVirtualClock())) })
	t.Run("pipe", func(t *testing.T) { f(t, newPipe(t, linkfifo.NewVirtualClock())) })
	path := linkfifo.Path{Delay: 5 * time.Millisecond}
	t.Run("fifo", func(t *testing.T) {
		f(t, newFifo(t, linkfifo.Options{A: linkfifo.Side{Path: path}, B: linkfifo.Side{Path: path, GSO: true}}))
	})
}

// Bytes in equal bytes out, both ways, and nothing is left afterwards.
func TestEcho(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		c, s := w.pair()
		for _, n := range []int{1, 100, 1460, 1461, 70000, 3 << 20} {
			want := text(n)
			var got []byte
			for off := 0; off < n; off += 64 << 10 {
				part := want[off:min(n, off+64<<10)]
				c.send(part)
				s.send(s.recv(len(part)))
				got = append(got, c.recv(len(part))...)
			}
			if !bytes.Equal(got, want) {
				t.Fatalf("%d bytes did not come back as they went", n)
			}
		}
		c.Close()
		wantErr(t, "Read after the peer's FIN", s.readErr(), &tcpip.ErrClosedForReceive{})
		s.Close()
		w.wantNothingLeft()
	})
}

// A reader that finds nothing does not wait for who is at work on the endpoint.
func TestReadNothing(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		c, s := w.pair()
		s.StopWork()
		_, err := s.Read(io.Discard, tcpip.ReadOptions{})
		wantErr(t, "Read with nothing there", err, &tcpip.ErrWouldBlock{})
		c.send([]byte("x"))
		w.clock.Advance(time.Second) // the text waits in the inbox
		_, err = s.Read(io.Discard, tcpip.ReadOptions{})
		wantErr(t, "Read with text on its way", err, &tcpip.ErrWouldBlock{})
		s.ResumeWork()
		if got := s.recv(1); string(got) != "x" {
			t.Errorf("read %q", got)
		}
	})
}

// A writer that nobody reads from fills both buffers and is told to wait, and
// everything arrives once somebody reads.
func TestBackpressure(t *testing.T) {
	eachWorld(t, func(t *testing.T, w *world) {
		c, s := w.pair()
		want := text(8 << 20)
		sent := 0
		for idle := 0; idle < 3; {
			n, err := c.Write(bytes.NewReader(want[sent:]), tcpip.WriteOptions{})
			sent += int(n)
			if err != nil {
				wantErr(t, "Write to a full buffer", err, &tcpip.ErrWouldBlock{})
				if c.Readiness(waiter.WritableEvents) != 0 {
					t.Fatal("writable, and ErrWouldBlock")
				}
				idle++
				w.clock.Advance(time.Second)
			}
		}
		if sent < 1<<20 || sent == len(want) {
			t.Fatalf("%d bytes were taken", sent)
		}
		got := s.recv(sent)
		if !bytes.Equal(got, want[:sent]) {
			t.Fatal("the bytes differ")
		}
		w.until("writable again", func() bool { return c.Readiness(waiter.WritableEvents) != 0 })
		c.Abort()
		s.Close()
		w.wantNothingLeft()
	})
}

func TestPeek(t *testing.T) {
	w := newLoop(t, linkfifo.NewVirtualClock())
	c, s := w.pair()
	c.send([]byte("peek-a-boo"))
	for range 2 {
		var got bytes.Buffer
		r, err := s.Read(&got, tcpip.ReadOptions{Peek: true})
		wantErr(t, "Peek", err, nil)
		if got.String() != "peek-a-boo" || r.Count != got.Len() || r.Total != got.Len() {
			t.Fatalf("peeked %q, %+v", got.String(), r)
		}
	}
	var four bytes.Buffer
	s.Read(&tcpip.LimitedWriter{W: &four, N: 4}, tcpip.ReadOptions{Peek: true})
	if four.String() != "peek" {
		t.Fatalf("peeked %q of 4 bytes", four.String())
	}
	if got := s.recv(10); string(got) != "peek-a-boo" {
		t.Fatalf("read %q after peeking", got)
	}
	wantErr(t, "Peek at nothing", s.peekErr(), &tcpip.ErrWouldBlock{})
}

func (s *sock) peekErr() tcpip.Error {
	_, err := s.Read(io.Discard, tcpip.ReadOptions{Peek: true})
	return err
}

// grudging takes a few bytes of each write, and then fails.
type grudging struct {
	bytes.Buffer
	takes []int
}

func (g *grudging) Write(b []byte) (int, error) {
	if len(g.takes) == 0 {
		return 0, io.ErrClosedPipe
	}
	n := min(len(b), g.takes[0])
	g.takes = g.takes[1:]
	g.Buffer.Write(b[:n])
	if n < len(b) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

// What a writer does not take is not lost, whatever it does.
func TestShortWrites(t *testing.T) {
	w := newPipe(t, linkfifo.NewVirtualClock())
	c, s := w.pair()
	want := text(100000)
	c.send(want)
	w.clock.Advance(time.Second)
	var got []byte
	for i := 1; len(got) < len(want); i += 37 {
		if i%2 == 0 {
			_, err := s.Read(&grudging{}, tcpip.ReadOptions{})
			wantErr(t, "Read into a writer that takes nothing", err, &tcpip.ErrBadBuffer{})
		}
		g := &grudging{takes: []int{i, 5000, i}}
		r, err := s.Read(g, tcpip.ReadOptions{})
		wantErr(t, "Read", err, nil)
		if r.Count != g.Len() {
			t.Fatalf("Count is %d for %d bytes", r.Count, g.Len())
		}
		got = append(got, g.Bytes()...)
	}
	if !bytes.Equal(got, want) {
		t.Fatal("the bytes differ")
	}
	n, err := s.GetSockOptInt(tcpip.ReceiveQueueSizeOption)
	if n != 0 || err != nil {
		t.Fatalf("%d bytes are left to read, %v", n, err)
	}
}

// badPayload fails when it is read.
type badPayload struct{}

func (badPayload) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }
func (badPayload) Len() int                 { return 10 }

// longPayload says that it has more than it has.
type longPayload struct{ io.Reader }

func (longPayload) Len() int { return 100 }

func TestWriteArguments(t *testing.T) {
	w := newLoop(t, linkfifo.NewVirtualClock())
	c, s := w.pair()
	_, err := c.Write(badPayload{}, tcpip.WriteOptions{})
	wantErr(t, "Write of what cannot be read", err, &tcpip.ErrBadBuffer{})
	n, err := c.Write(bytes.NewReader(nil), tcpip.WriteOptions{})
	if n != 0 || err != nil {
		t.Fatalf("Write of nothing: %d, %v", n, err)
	}
	n, err = c.Write(longPayload{bytes.NewReader([]byte("short"))}, tcpip.WriteOptions{Atomic: true})
	if n != 5 || err != nil {
		t.Fatalf("Write of less than promised: %d, %v", n, err)
	}
	if got := s.recv(5); string(got) != "short" {
		t.Fatalf("read %q", got)
	}
}

// shrinking lowers SO_SNDBUF while it is read.
type shrinking struct {
	*bytes.Reader
	c *sock
}

func (r shrinking) Read(b []byte) (int, error) {
	r.c.SocketOptions().SetSendBufferSize(4096, true /* notify */)
	return r.Reader.Read(b)
}

// An atomic write sends all that it read, even when the room for it goes away
// meanwhile; another one sends a part.
func TestAtomicWrite(t *testing.T) {
	for _, atomic := range []bool{true, false} {
		w := newLoop(t, linkfifo.NewVirtualClock())
		c, s := w.pair()
		want := text(50000)
		n, err := c.Write(shrinking{bytes.NewReader(want), c}, tcpip.WriteOptions{Atomic: atomic})
		wantErr(t, "Write", err, nil)
		if atomic && int(n) != len(want) || !atomic && n != 4096 {
			t.Fatalf("atomic %v: %d bytes were written", atomic, n)
		}
		if got := s.recv(int(n)); !bytes.Equal(got, want[:n]) {
			t.Fatal("the bytes differ")
		}
	}
}

func TestNotConnected(t *testing.T) {
	w := newLoop(t, linkfifo.NewVirtualClock())
	s := w.socket(w.a, ipv4.ProtocolNumber)
	if got := s.Readiness(waiter.AllEvents); got != waiter.EventHUp {
		t.Errorf("Readiness of a new socket: %#x", got)
	}
	_, err := s.Read(io.Discard, tcpip.ReadOptions{})
	wantErr(t, "Read", err, &tcpip.ErrNotConnected{})
	_, err = s.Write(bytes.NewReader([]byte("x")), tcpip.WriteOptions{})
	wantErr(t, "Write", err, &tcpip.ErrClosedForSend{})
	wantErr(t, "Shutdown", s.Shutdown(tcpip.ShutdownWrite), &tcpip.ErrNotConnected{})
	wantErr(t, "Preflight", s.Preflight(tcpip.WriteOptions{}), &tcpip.ErrClosedForSend{})
	_, err = s.GetRemoteAddress()
	wantErr(t, "GetRemoteAddress", err, &tcpip.ErrNotConnected{})
	st := s.Stats().(*endpoint.Stats)
	if st.ReadErrors.NotConnected.Value() != 1 || st.WriteErrors.WriteClosed.Value() != 1 {
		t.Error("the failures were not counted")
	}
	s.Close()
	_, err = s.Read(io.Discard, tcpip.ReadOptions{})
	wantErr(t, "Read after Close", err, &tcpip.ErrClosedForReceive{})
	w.wantNothingLeft()
}
