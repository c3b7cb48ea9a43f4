// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench runs netstack's own TCP and tcpcb side by side, doing the same
// work over the same in-memory link, and prints a table with the ratio of each
// figure.
//
//	go run ./bench [-run REGEXP] [-provider LIST] [-rounds N] [-time DURATION]
//	               [-json FILE] [-text FILE] [-report DIR] [-compare FILE] [-from FILE]
//
// # What is compared
//
// A provider is a stack.TransportProtocolFactory for TCP: netstack's, ours, and
// the floor (package bench/floor), which is what any TCP over netstack must cost:
// packets of TCP's shape with valid checksums through netstack's IPv4, one copy in
// and one out, a packet back for every 16, a fixed window, and no TCP. The floor
// takes part where there is one connection and nothing is lost. Every sample builds
// two fresh stacks in this process with that provider at its defaults, joins
// them with a linkfifo, does one job through tcpip.Endpoint (never through a
// net.Conn adapter, whose cost would hide the difference), and takes
// everything down again.
//
// Providers alternate within each round, and the order turns round from one
// round to the next, so that a slow drift of the machine falls on all alike.
// The table shows each provider's median over the rounds, and the median of
// the ratios of the pairs: a ratio is only ever taken within one round. The JSON
// has, beside all samples, quartiles and an interval that holds the median with a
// probability of 95%, where there are six samples or more; it assumes nothing of
// how they are distributed.
//
// # Rows
//
// bulk-1500, bulk-64k and bulk-gso send one stream as fast as it goes, over
// plain devices of MTU 1500 and 65535, and over one with segmentation and
// checksum offload. ping-pong sends one byte to and fro. connect opens a
// connection, sends a request, gets a reply and closes, one connection after
// the other. idle weighs open connections, in two rounds only unless -rounds is
// given. flows-100 writes on 100 connections
// through one queue of 4096 packets, which is the sender's own device's, and
// flows-100-1g through one of 1024 packets on the way, before a line of 1 Gbit/s; both
// stop after a fixed time whatever has arrived by then, and report what was reached.
//
// Sweeps are rows that differ in one thing. They run where -run asks for them, as
// -run sweep/mtu does, or -report without -run, which runs all rows but path/:
//
//	sweep/mtu, sweep/message   one stream, by MTU and by the size of a write
//	sweep/rpc                  to and fro, by the size of a message
//	sweep/load                 to and fro, beside so many bulk flows, and what these get
//	sweep/serve                requests that a server with one thread answers, by the
//	                           size of an answer, over netstack's loopback
//	sweep/flows                1 to 10,000 flows through one queue of 4096 packets, and
//	                           what they have together of what one flow has
//	sweep/refused              the same where the queue refuses what it has no room for,
//	                           as netstack's fifo and tbf disciplines do
//	sweep/segment              a segment on each of 10 to 10,000 connections in turn
//	sweep/among                the same on 100, beside up to 100,000 idle ones
//	sweep/idle                 the heap of up to 100,000 idle connections
//	sweep/offload, sweep/link  one stream, by what the device does, and over linkfifo,
//	                           netstack's loopback and pipe, and a TUN device to and
//	                           from the Linux kernel (root; left out without)
//
// # Reports
//
// -json writes all samples, and where they come from; -text writes them in the
// format of Go benchmarks, for benchstat:
//
//	go run golang.org/x/perf/cmd/benchstat@latest -col /provider FILE
//
// -report writes DIR/index.html, one page with plots that needs nothing beside
// itself: ratios with their intervals, every sample, the sweeps, and which of the
// project's goals (goals.go) the run meets. It runs 10 rounds unless -rounds says
// otherwise. -compare tells what changed since the run of a JSON file, figure by
// figure, with the probability that it is chance (Mann-Whitney U test); on a busy
// machine the ratios of pairs say more than the figures. -from runs nothing, and
// does all this with the run of a JSON file.
//
// # The engine alone
//
// Go benchmarks time the engine without a stack: sending, receiving,
// acknowledgments at windows from 16 KiB to 16 MiB with holes and without,
// ping-pong, open and close, timers. Command bench/instructions counts their
// instructions, by perf or by callgrind:
//
//	go test -run '^$' -bench . ./engine
//	go run ./bench/instructions -bench 'Ack/'
//
// # What is counted
//
// Throughput is what the receiver read. CPU time and allocations are those of
// the whole process: both stacks, the link and the user's side, which does not
// allocate in steady state. Nor does the link: where it is linkfifo, it is its NIC's
// queueing discipline too, without which netstack allocates a list for each packet.
//
// # How bytes are checked
//
// All payload is cut from one fixed pseudo-random block whose length is a
// prime, so that no lost, repeated or exchanged run of packets leaves the
// stream as it was. The receiver computes a CRC-32C (Castagnoli) of every byte
// while it reads: amd64 and arm64 have an instruction for it, and at 20 GB/s
// or so it costs a twentieth of what moving the byte costs, the same for each
// provider. The sender's sum is made after the clock has stopped, from the
// number of bytes its writes accepted; it is thus the sum of what was meant to
// be sent, which a provider cannot alter. A count or sum that differs fails
// the row and makes the exit status 1.
//
// # Exit status
//
// 0: all rows ran and verified. 1: a row failed, timed out or hung. 2: bad
// usage. 130: interrupted.
package main
