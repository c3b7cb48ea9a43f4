// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Command bench runs netstack's own TCP and tcpcb side by side, doing the same
// work over the same in-memory link, and prints a table with the ratio of each
// figure.
//
//	go run ./bench [-run REGEXP] [-provider LIST] [-rounds N] [-time DURATION] [-json FILE]
//
// # What is compared
//
// A provider is a stack.TransportProtocolFactory for TCP. Every sample builds
// two fresh stacks in this process with that provider at its defaults, joins
// them with a linkfifo, does one job through tcpip.Endpoint (never through a
// net.Conn adapter, whose cost would hide the difference), and takes
// everything down again.
//
// Providers alternate within each round, and the order turns round from one
// round to the next, so that a slow drift of the machine falls on all alike.
// The table shows each provider's median over the rounds, and the median of
// the ratios of the pairs: a ratio is only ever taken within one round.
//
// # Rows
//
// bulk-1500, bulk-64k and bulk-gso send one stream as fast as it goes, over
// plain devices of MTU 1500 and 65535, and over one with segmentation and
// checksum offload. ping-pong sends one byte to and fro. connect opens a
// connection, sends a request, gets a reply and closes, one connection after
// the other. idle weighs open connections. flows-100 writes on 100 connections
// through one queue of 4096 packets, and flows-100-1g through one of 1024
// packets before a line of 1 Gbit/s; both stop after a fixed time whatever has
// arrived by then, and report what was reached.
//
// Throughput is what the receiver read. CPU time and allocations are those of
// the whole process: both stacks, the link and the user's side, which does not
// allocate in steady state.
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
