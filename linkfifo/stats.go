// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import (
	"fmt"
	"time"
)

// Stats counts what became of the packets one side has sent. Every packet is
// in exactly one place: Sent + Duplicated = Delivered + Dropped() + InTransit().
type Stats struct {
	// Sent counts packets given to WritePackets, SentBytes their bytes, IP
	// headers included.
	Sent, SentBytes uint64
	// Delivered counts packets handed to the other side's dispatcher.
	Delivered, DeliveredBytes uint64

	// DroppedQueue counts packets that found the queue full.
	DroppedQueue uint64
	// DroppedFlight counts packets that found the wire full.
	DroppedFlight uint64
	// DroppedLoss and DroppedBurst count independent and Gilbert-Elliott losses.
	DroppedLoss, DroppedBurst uint64
	// DroppedCut counts packets that met a path that was down.
	DroppedCut uint64
	// DroppedMTU counts packets larger than the sender's MTU.
	DroppedMTU uint64
	// DroppedChecksum counts corrupted packets that the receiving device threw
	// away because its stack would not have looked (RXChecksumOffload).
	DroppedChecksum uint64
	// DroppedDetached counts packets that arrived while the other side had no
	// dispatcher.
	DroppedDetached uint64
	// DroppedClosed counts packets sent or under way when an end was closed.
	DroppedClosed uint64

	// Duplicated counts the extra copies; Reordered the packets made late;
	// Corrupted those with flipped bits; Marked those given an ECN mark.
	Duplicated, Reordered, Corrupted, Marked uint64

	// Transmitted counts packets that a Rate has serialised. QueueDelayTotal and
	// QueueDelayMax are the sum and the largest of the times they waited for the
	// transmitter.
	Transmitted     uint64
	QueueDelayTotal time.Duration
	QueueDelayMax   time.Duration

	// QueuePackets and QueueBytes are what waits now; QueuePeakPackets and
	// QueuePeakBytes the most that ever did.
	QueuePackets, QueueBytes         int
	QueuePeakPackets, QueuePeakBytes int
}

// Dropped returns the sum of all drops.
func (s Stats) Dropped() uint64 {
	return s.DroppedQueue + s.DroppedFlight + s.DroppedLoss + s.DroppedBurst + s.DroppedCut +
		s.DroppedMTU + s.DroppedChecksum + s.DroppedDetached + s.DroppedClosed
}

// InTransit returns how many packets are still under way.
func (s Stats) InTransit() uint64 {
	return s.Sent + s.Duplicated - s.Delivered - s.Dropped()
}

// QueueDelayMean returns the mean wait for the transmitter.
func (s Stats) QueueDelayMean() time.Duration {
	if s.Transmitted == 0 {
		return 0
	}
	return s.QueueDelayTotal / time.Duration(s.Transmitted)
}

// Kind is what happened to a packet.
type Kind uint8

// The kinds of Event. Each adds one to the counter of its name in Stats.
const (
	Sent Kind = iota
	Transmitted
	Delivered
	DroppedQueue
	DroppedFlight
	DroppedLoss
	DroppedBurst
	DroppedCut
	DroppedMTU
	DroppedChecksum
	DroppedDetached
	DroppedClosed
	Duplicated
	Reordered
	Corrupted
	Marked
	numKinds
)

var kindNames = [numKinds]string{
	"sent", "transmitted", "delivered", "dropped: queue", "dropped: flight", "dropped: loss", "dropped: burst",
	"dropped: cut", "dropped: mtu", "dropped: checksum", "dropped: detached", "dropped: closed",
	"duplicated", "reordered", "corrupted", "marked",
}

// String returns the kind in words.
func (k Kind) String() string {
	if k >= numKinds {
		return fmt.Sprintf("kind %d", uint8(k))
	}
	return kindNames[k]
}

// Event is one thing that happened to one packet.
type Event struct {
	// At is the time on the link's clock: its monotonic time since zero. On a
	// real clock that runs late it is when the event should have been.
	At time.Duration
	// From is the name of the side that sent the packet.
	From string
	Kind Kind
	// Bytes is the packet's size, IP header included.
	Bytes int
	// QueuePackets and QueueBytes are what waits after the event. In Delivered
	// and the drops at the receiver they are zero.
	QueuePackets, QueueBytes int
}

// String returns the event in one line.
func (e Event) String() string {
	return fmt.Sprintf("%v %s %v %d bytes, queue %d/%d", e.At, e.From, e.Kind, e.Bytes, e.QueuePackets, e.QueueBytes)
}

// counters returns the fields of s that count events, by kind.
func (s *Stats) counters() [numKinds]*uint64 {
	return [numKinds]*uint64{
		Sent: &s.Sent, Transmitted: &s.Transmitted, Delivered: &s.Delivered,
		DroppedQueue: &s.DroppedQueue, DroppedFlight: &s.DroppedFlight,
		DroppedLoss: &s.DroppedLoss, DroppedBurst: &s.DroppedBurst,
		DroppedCut: &s.DroppedCut, DroppedMTU: &s.DroppedMTU,
		DroppedChecksum: &s.DroppedChecksum, DroppedDetached: &s.DroppedDetached,
		DroppedClosed: &s.DroppedClosed, Duplicated: &s.Duplicated,
		Reordered: &s.Reordered, Corrupted: &s.Corrupted, Marked: &s.Marked,
	}
}
