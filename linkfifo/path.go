// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import (
	"fmt"
	"time"
)

// Limits of a Path's fields, and the values its zeros stand for.
const (
	// DefaultQueuePackets is the queue's capacity when a Path names none.
	DefaultQueuePackets = 4096
	// DefaultFlightPackets is the wire's capacity when a Path names none.
	DefaultFlightPackets = 1 << 16
	// MaxRate is the highest rate of a Path, in bit/s.
	MaxRate = 1_000_000_000_000
	// MaxDelay is the longest Delay, Jitter and ReorderBy of a Path.
	MaxDelay = 24 * time.Hour
)

// Path says what happens to the packets that travel one way. The zero Path
// hands on every packet at once, in order and unharmed, through a queue of
// DefaultQueuePackets.
//
// A packet meets, in this order: the cut, the drop-tail queue and its marking
// threshold, the transmitter that serialises it at Rate, the cut again, loss,
// corruption, duplication, and then the delay. What is lost on the wire has
// therefore used the bottleneck, as on a real link.
type Path struct {
	// Down cuts the path: what is sent is dropped, and so is what leaves the
	// queue. What is already past the transmitter still arrives.
	Down bool

	// Rate is the transmitter's speed in bit/s over whole IP packets, from 1 to
	// MaxRate; zero is no limit, and no time to serialise.
	Rate int64
	// QueuePackets and QueueBytes bound what may wait for the transmitter, not
	// counting the packet in it; with no Rate, what may wait for the receiver.
	// A packet that does not fit is dropped. Zero is no limit of that kind;
	// when both are zero QueuePackets is DefaultQueuePackets.
	QueuePackets int
	QueueBytes   int
	// QueueRefuses has what does not fit refused with tcpip.ErrNoBufferSpace, as the
	// queueing disciplines and devices of a host do, so that its sender knows.
	// Otherwise it is dropped, and nobody is told.
	QueueRefuses bool
	// Away says that the queue is one on the way, as a router's, and not that of the
	// sender's own device. A device holds a packet until it is transmitted, and then
	// releases it, which its host may wait for; one on the way has left the host, and
	// is released, as soon as it is sent. (So is one that is marked: a copy goes on.)
	Away bool
	// FlightPackets bounds the packets past the transmitter and not yet with
	// the receiver, to bound memory on a long path with no Rate; zero is
	// DefaultFlightPackets.
	FlightPackets int
	// MarkPackets and MarkBytes set the congestion-experienced codepoint (RFC
	// 3168, section 5) on a packet capable of ECN that finds at least as many
	// packets or bytes waiting. Zero marks nothing. A packet not capable of ECN
	// is left to the end of the queue.
	MarkPackets int
	MarkBytes   int

	// Loss is the probability that a packet is lost, each on its own.
	Loss float64
	// Burst is loss that comes in bursts, on top of Loss.
	Burst GilbertElliott
	// Corrupt is the probability that bits are flipped in a packet's IP
	// payload.
	Corrupt float64
	// CorruptBits is how many bits are flipped, one when zero.
	CorruptBits int
	// Duplicate is the probability that a packet arrives twice, one copy right
	// after the other.
	Duplicate float64

	// Delay is the one-way propagation delay.
	Delay time.Duration
	// Jitter is added to Delay: uniform from zero to Jitter, exclusive. A
	// packet never overtakes another by it: who is fast waits for who is slow.
	Jitter time.Duration
	// Reorder is the probability that a packet is late by ReorderBy, during
	// which those sent after it overtake it.
	Reorder   float64
	ReorderBy time.Duration
}

// GilbertElliott is a channel with a good and a bad state, which loses packets
// in bursts. Before each packet the state may change, and then the packet is
// lost with the state's probability. It begins good. All fields are
// probabilities; the zero value loses nothing.
type GilbertElliott struct {
	// Enter is the probability to go from good to bad, Leave from bad to good.
	Enter, Leave float64
	// LossGood and LossBad are the probabilities to lose a packet in each state.
	LossGood, LossBad float64
}

// Bursts returns a channel that loses the given share of all packets (at least
// 0 and below 1), in bursts of mean length (1 or more) during which every packet
// is lost.
func Bursts(share, mean float64) GilbertElliott {
	leave := 1 / mean
	return GilbertElliott{Enter: share * leave / (1 - share), Leave: leave, LossBad: 1}
}

// Validate returns an error that names the first field outside its range.
func (p Path) Validate() error {
	for _, f := range []struct {
		name string
		v    float64
	}{
		{"Loss", p.Loss}, {"Corrupt", p.Corrupt}, {"Duplicate", p.Duplicate}, {"Reorder", p.Reorder},
		{"Burst.Enter", p.Burst.Enter}, {"Burst.Leave", p.Burst.Leave},
		{"Burst.LossGood", p.Burst.LossGood}, {"Burst.LossBad", p.Burst.LossBad},
	} {
		if !(f.v >= 0 && f.v <= 1) { // so that NaN fails too
			return fmt.Errorf("linkfifo: %s is %v, not a probability", f.name, f.v)
		}
	}
	for _, f := range []struct {
		name   string
		v, max int64
	}{
		{"Rate", p.Rate, MaxRate},
		{"Delay", int64(p.Delay), int64(MaxDelay)},
		{"Jitter", int64(p.Jitter), int64(MaxDelay)},
		{"ReorderBy", int64(p.ReorderBy), int64(MaxDelay)},
		{"QueuePackets", int64(p.QueuePackets), maxCount},
		{"QueueBytes", int64(p.QueueBytes), maxCount},
		{"FlightPackets", int64(p.FlightPackets), maxCount},
		{"MarkPackets", int64(p.MarkPackets), maxCount},
		{"MarkBytes", int64(p.MarkBytes), maxCount},
		{"CorruptBits", int64(p.CorruptBits), maxCorruptBits},
	} {
		if f.v < 0 || f.v > f.max {
			return fmt.Errorf("linkfifo: %s is %d, outside 0 to %d", f.name, f.v, f.max)
		}
	}
	if p.Reorder > 0 && p.ReorderBy == 0 {
		return fmt.Errorf("linkfifo: Reorder is %v with no ReorderBy", p.Reorder)
	}
	return nil
}

const (
	maxCount       = 1<<31 - 1
	maxCorruptBits = 1 << 16
)

// limits returns the path with its zeros replaced by what they stand for.
func (p Path) limits() Path {
	if p.QueuePackets == 0 {
		p.QueuePackets = maxCount
		if p.QueueBytes == 0 {
			p.QueuePackets = DefaultQueuePackets
		}
	}
	p.QueueBytes = orDefault(p.QueueBytes, maxCount)
	p.FlightPackets = orDefault(p.FlightPackets, DefaultFlightPackets)
	p.MarkPackets = orDefault(p.MarkPackets, maxCount)
	p.MarkBytes = orDefault(p.MarkBytes, maxCount)
	p.CorruptBits = orDefault(p.CorruptBits, 1)
	return p
}

// touches reports whether the wire may do anything to a packet but pass it on
// at once.
func (p Path) touches() bool {
	return p.Loss > 0 || p.Burst != GilbertElliott{} || p.Corrupt > 0 || p.Duplicate > 0 ||
		p.Delay > 0 || p.Jitter > 0 || p.Reorder > 0
}

// orDefault returns v, or the default when v is zero.
func orDefault(v, def int) int {
	if v == 0 {
		return def
	}
	return v
}
