// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package linkfifo joins two netstack stacks by a link in memory: a pair of
// stack.LinkEndpoints, and between them two bounded FIFOs that can behave like
// any path of the Internet.
//
// Left alone it is a fast, perfect cable for tests and benchmarks. Given a Path
// for either direction it has a rate, a delay, a drop-tail queue with an ECN
// threshold, and loses (one by one or in bursts), delays, reorders, duplicates,
// corrupts or cuts; each can be changed while packets are under way. The queue is the
// sender's device's, or one on the way. It depends on nothing but netstack.
//
//	link, err := linkfifo.New(linkfifo.Options{
//		Clock: clock, // nil for real time
//		Seed:  1,
//		A:     linkfifo.Side{Path: linkfifo.Path{Rate: 100e6, Delay: 20 * time.Millisecond, Loss: 0.01}},
//		B:     linkfifo.Side{Path: linkfifo.Path{Delay: 20 * time.Millisecond}},
//	})
//	...
//	client.CreateNIC(1, link.A)
//	server.CreateNIC(1, link.B)
//
// A side's Path is what that side sends over. Many flows share one path as they
// share the NIC.
//
// # Time
//
// On the real clock (Options.Clock nil) one goroutine for each direction takes
// packets out of the FIFO in batches and delivers them to the other stack. Paths
// hold their rates and delays on average however late the goroutine wakes,
// because every event is computed from when the one before it was due.
//
// On any other tcpip.Clock the link has no goroutine: packets are delivered by
// the clock's callbacks, in one order for both directions. With a VirtualClock,
// which fires timers in a defined order on the goroutine that moves it, the same
// options and the same input give the same events to the nanosecond. Give the
// clock to the stacks too (stack.Options.Clock), and a fixed source of
// randomness, and whole stacks repeat as well, so far as they start no goroutines
// of their own. netstack's faketime.ManualClock serves too, but orders timers of
// the same instant at random.
//
// A packet is never delivered on the stack of its sender.
//
// # Drops
//
// Nothing is lost in silence. Endpoint.Stats counts each packet under one
// heading, and Options.Trace sees each event. A drop on the path is no error to
// the sender, as on a real link, but where the queue is the sender's own and
// refuses (Path.QueueRefuses).
//
// # Offloads
//
// With GSO and checksum offload on both sides 64 KiB segments cross the link
// whole and unsummed, which is the fastest way to move bytes. Impairments then
// befall such a segment as one packet: leave GSO off where the path matters.
// Corruption works with any combination of offloads: a device that promises
// right checksums to its stack drops what is damaged, and one that owes a
// checksum fills it in before the damage.
package linkfifo
