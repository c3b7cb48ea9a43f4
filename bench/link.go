// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import "tcpcb/linkfifo"

// The links that rows run over. But for the last, each way has a queue of
// 4096 packets, and neither a rate nor a delay: the stacks are all that is slow.
var (
	// plain is a device that does nothing for the stack.
	plain = linkfifo.Side{MTU: 1500}
	// jumbo is the same with the largest packets that IP has.
	jumbo = linkfifo.Side{MTU: 65535}
	// offload is a virtual device: it takes 64 KiB at a time whatever its
	// MTU, and checksums are its business.
	offload = linkfifo.Side{
		MTU:               1500,
		GSO:               true,
		TXChecksumOffload: true,
		RXChecksumOffload: true,
	}
	// refuses is plain with a queue that is the host's own: it says when it is full.
	refuses = linkfifo.Side{MTU: 1500, Path: linkfifo.Path{QueueRefuses: true}}
	// bottleneck is a line on the way that any provider can fill, with 12 ms of queue.
	bottleneck = linkfifo.Side{
		MTU:  1500,
		Path: linkfifo.Path{Rate: 1e9, QueuePackets: 1024, Away: true},
	}
)

// newLink returns a link with such a device at either end.
func newLink(side linkfifo.Side) (*linkfifo.Link, error) {
	if side.Path.QueuePackets == 0 {
		side.Path.QueuePackets = 4096
	}
	return linkfifo.New(linkfifo.Options{A: side, B: side})
}
