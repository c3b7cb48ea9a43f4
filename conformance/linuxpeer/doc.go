// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package linuxpeer joins a netstack stack to the Linux kernel, so that the
// kernel's TCP is the other end of every connection, as client or as server.
//
// [New] makes a network namespace of its own with a TUN device in it, and a
// [stack.Stack] whose only NIC is that device. Nothing outside the namespace
// is touched, so peers may run side by side and need no cleaning of the host:
//
//	application                              application
//	    |  StackDial, StackListen                |  Dial, Listen, Output
//	netstack with the TCP under test         Linux, in a namespace of its own
//	    |                                        |
//	    +-- Config.Middle -- link ---- TUN ------+
//
// The link is one of this package and not netstack's link/fdbased, for two
// reasons: fdbased offers segmentation offload on sockets only, never on a
// TUN device, and each of its endpoints keeps an eventfd open for ever.
//
// It needs Linux, root (CAP_SYS_ADMIN and CAP_NET_ADMIN) and /dev/net/tun.
// [Require] skips a test where one of them is missing.
package linuxpeer
