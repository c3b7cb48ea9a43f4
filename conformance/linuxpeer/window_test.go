// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer_test

import (
	"crypto/sha256"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/conformance/linuxpeer"
)

// TestZeroWindow has a reader that does not read until its window is closed
// and the sender has probed it twice (RFC 9293 section 3.8.6.1), then reads a
// part, waits until it is closed and probed again, and reads the rest.
func TestZeroWindow(t *testing.T) {
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		for _, reader := range []string{"kernel", "stack"} {
			for _, network := range networks {
				t.Run(reader+" reads "+network, func(t *testing.T) {
					// Nearly all of it is waiting for probes.
					t.Parallel()
					testZeroWindow(t, linuxpeer.Config{TCP: tcp}, reader, network)
				})
			}
		}
	})
}

func testZeroWindow(t *testing.T, cfg linuxpeer.Config, reader, network string) {
	w := newWindowWatch(reader == "stack")
	cfg.Middle = newTap(w.see)
	p := newPeer(t, cfg)
	if !p.IPv6.Stack.IsValid() && network == "tcp6" {
		t.Skip("the kernel has no IPv6")
	}
	r := role{client: kernelOf(p), server: stackOf(p)}
	if reader == "kernel" {
		r = role{client: stackOf(p), server: kernelOf(p)}
	}
	from, to := connect(t, r, network)
	if err := to.SetReadBuffer(64 << 10); err != nil {
		t.Fatal(err)
	}
	const n = 16 << 20
	type sent struct {
		sum sum
		err error
	}
	done := make(chan sent, 1)
	go func() {
		s, err := send(from, 1, n)
		from.CloseWrite()
		done <- sent{s, err}
	}()
	h := sha256.New()
	if err := w.wait(2); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(h, to, n/4); err != nil {
		t.Fatalf("read after the window was closed: %v", err)
	}
	if err := w.wait(1); err != nil {
		t.Fatalf("the second time: %v", err)
	}
	rest, err := io.Copy(h, onlyReader{to})
	if err != nil {
		t.Fatalf("read to the end: %v", err)
	}
	s := <-done
	if s.err != nil {
		t.Fatalf("send: %v", s.err)
	}
	if got := sum(h.Sum(nil)); got != s.sum {
		t.Errorf("%d bytes sent, hash %x; %d received, hash %x", n, s.sum, n/4+rest, got)
	}
}

// windowWatch knows whether the reader's window is closed, and how often the
// sender has probed it since.
type windowWatch struct {
	readerIsStack bool
	changed       chan struct{}

	mu     sync.Mutex
	closed bool
	probes int
	sent   time.Time // when the sender was last heard of
}

// silence is longer than the gaps in what the sender has under way when the
// window closes, and shorter than the timer of any probe.
const silence = 100 * time.Millisecond

func newWindowWatch(readerIsStack bool) *windowWatch {
	return &windowWatch{readerIsStack: readerIsStack, changed: make(chan struct{}, 1)}
}

// see takes a segment from the tap.
func (w *windowWatch) see(s segment) {
	if s.flags.Intersects(header.TCPFlagSyn | header.TCPFlagRst | header.TCPFlagFin) {
		return
	}
	w.mu.Lock()
	switch {
	case s.fromStack == w.readerIsStack:
		w.closed = s.window == 0
		if !w.closed {
			w.probes = 0
		}
	default:
		// The reader sends no data, so this is no mere acknowledgement,
		// and after a silence it was a timer that sent it. How long a
		// probe is, and whether it is a retransmission, is up to the
		// sender.
		if w.closed && time.Since(w.sent) >= silence {
			w.probes++
		}
		w.sent = time.Now()
	}
	w.mu.Unlock()
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// wait waits until the window is closed and has been probed as often as that.
func (w *windowWatch) wait(probes int) error {
	late := time.After(patience)
	for {
		w.mu.Lock()
		closed, got := w.closed, w.probes
		w.mu.Unlock()
		if closed && got >= probes {
			return nil
		}
		select {
		case <-w.changed:
		case <-late:
			return fmt.Errorf("no closed window with %d probes: closed %t, %d probes", probes, closed, got)
		}
	}
}
