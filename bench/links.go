// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"gvisor.dev/gvisor/pkg/tcpip/link/loopback"
	"gvisor.dev/gvisor/pkg/tcpip/link/pipe"

	"tcpcb/linkfifo"
)

// The links that the sweep over links compares. Loopback and pipe deliver on the
// stack of the goroutine that writes; they are netstack's own.
var (
	// checksums leaves checksums to the device.
	checksums = linkfifo.Side{MTU: 1500, TXChecksumOffload: true, RXChecksumOffload: true}
	// segments leaves only segmentation to it; a receiver looks at checksums.
	segments = linkfifo.Side{MTU: 1500, GSO: true}
)

// newLoopback makes one stack that is both client and server.
func newLoopback(p provider) (*world, error) {
	s := newStack(p)
	w := &world{client: s, server: s}
	return w.join(loopback.New(), nil)
}

// newPipe makes two stacks over a pipe of MTU 1500.
func newPipe(p provider) (*world, error) {
	a, b := pipe.New("\x02\x00\x00\x00\x00\x01", "\x02\x00\x00\x00\x00\x02", plain.MTU)
	w := &world{client: newStack(p), server: newStack(p)}
	return w.join(a, b)
}
