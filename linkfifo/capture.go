// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import (
	"fmt"
	"io"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/link/sniffer"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// capture writes a side's packets in pcap format, stamped with the link's clock.
type capture struct {
	clock tcpip.Clock

	mu   sync.Mutex // the sniffer writes without a lock of its own
	out  *firstError
	pcap *sniffer.Endpoint
}

// startCapture writes the file's header, if the side wants a capture.
func (e *Endpoint) startCapture(clock tcpip.Clock) error {
	if e.side.Capture == nil {
		return nil
	}
	out := &firstError{to: e.side.Capture}
	pcap, err := sniffer.NewWithWriter(e, out, e.side.SnapLen)
	if err == nil {
		err = out.err
	}
	if err != nil {
		return fmt.Errorf("linkfifo: side %s: capture: %w", e.side.Name, err)
	}
	e.capture = &capture{clock: clock, out: out, pcap: pcap}
	return nil
}

// packet writes one packet. Nil captures nothing.
func (c *capture) packet(direction sniffer.Direction, pkt *stack.PacketBuffer) {
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out.err != nil {
		return
	}
	now := c.clock.Now()
	c.pcap.DumpPacket(direction, pkt.NetworkProtocolNumber, pkt, &now)
}

// CaptureErr returns the error that ended the side's capture, or nil.
func (e *Endpoint) CaptureErr() error {
	if e.capture == nil {
		return nil
	}
	e.capture.mu.Lock()
	defer e.capture.mu.Unlock()
	return e.capture.out.err
}

// firstError is a writer that keeps the first error to itself: the sniffer
// would panic on it.
type firstError struct {
	to  io.Writer
	err error
}

// Write implements io.Writer and always succeeds.
func (w *firstError) Write(b []byte) (int, error) {
	if w.err == nil {
		var n int
		if n, w.err = w.to.Write(b); w.err == nil && n < len(b) {
			w.err = io.ErrShortWrite
		}
	}
	return len(b), nil
}
