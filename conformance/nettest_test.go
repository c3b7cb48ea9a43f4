// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"testing"

	"golang.org/x/net/nettest"

	"tcpcb/linkfifo"
)

// TestNetConn runs Go's own tests of a net.Conn on gonet over tcpcb.
func TestNetConn(t *testing.T) {
	for _, p := range pairings {
		t.Run(p.name, func(t *testing.T) {
			a, b := newPair(t, p, linkfifo.Side{MTU: 1500}, linkfifo.Side{MTU: 1500})
			next := uint16(port)
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				next++
				c1, c2, err = connect(a, b, addrB, next)
				if err != nil {
					return nil, nil, nil, err
				}
				return c1, c2, func() { c1.Close(); c2.Close() }, nil
			})
		})
	}
}
