// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package script reads the language of packetdrill, Google's tool for scripted
// tests of network stacks, into a tree whose every node knows its line.
//
// A script is options (--name=value), a command in back quotes that sets the
// host up, events, and a command that cleans up. An event has a time and is a
// packet that comes in (<) or is to go out (>), a system call with its result, a
// command, or code in %{ }% that looks at the connection:
//
//	`sysctl -q net.ipv4.tcp_timestamps=0`
//	    0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
//	   +0 connect(3, ..., ...) = -1 EINPROGRESS (Operation now in progress)
//	   +0 > S 0:0(0) <mss 1460,nop,nop,sackOK,nop,wscale 8>
//	  +.1 < S. 0:0(0) ack 1 win 5792 <mss 1460>
//	+0~+.2 > . 1:1(0) ack 1
//	   +0 %{ assert tcpi_unacked == 0 }%
//
// The language is that of the master branch of github.com/google/packetdrill, in
// 2026. Nothing is executed here, and no name is looked up: what a call, a
// command or a line of code means is for who runs the script. What the language
// has and the tree has not (GRE, MPLS and PSP headers) is an UnsupportedError,
// which is not the same as a SyntaxError.
package script
