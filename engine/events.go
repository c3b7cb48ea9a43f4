// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// Events is a set of changes that an application waits for.
type Events uint8

// The events. Each is level-triggered by nature: TakeEvents tells that
// something became so, and a getter tells whether it still is.
const (
	// EventReadable: bytes, or the end of the stream, became readable.
	EventReadable Events = 1 << iota
	// EventWritable: room for Write came back.
	EventWritable
	// EventEstablished: the handshake is done.
	EventEstablished
	// EventPeerClosed: the peer's FIN was taken in order; after what is
	// buffered, the stream is at its end.
	EventPeerClosed
	// EventFinAcked: the peer acknowledged our FIN, and with it all text.
	EventFinAcked
	// EventClosed: the connection is CLOSED; Reason tells why. Nothing more
	// will be sent, but for segments that PollSegment still holds.
	EventClosed
	// EventTimeWait: the connection came to TIME-WAIT.
	EventTimeWait
	// EventSoftError: an ICMP error was noted; SoftError tells which.
	EventSoftError
)

// Has reports whether any event of want is in e.
func (e Events) Has(want Events) bool { return e&want != 0 }
