// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kit tests any TCP for netstack from outside, in the manner of
// nettest.TestConn: hand Run a stack.TransportProtocolFactory, and get a subtest
// for each Case, named after the RFC, the section and the requirement that it
// shows, as in RFC9293/3.8.6.1/MUST-36.
//
// A Case plays the peer. It hands a stack raw packets through a link, calls the
// stack's endpoints, and expects each packet that comes out; a packet that nobody
// asked for fails it. What every packet has to keep (checksums, the form of
// options, where an option may be) is looked at in all cases.
//
// Time is virtual. A TCP with goroutines of its own can live in it too: after
// each step the kit waits until all of them are parked, and only then looks at
// what came out or lets the clock go on.
package kit
