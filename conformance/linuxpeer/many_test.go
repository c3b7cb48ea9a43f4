// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/conformance/linuxpeer"
)

// TestManyConnections opens 200 connections at once, and moves data both ways
// on each when all are open.
func TestManyConnections(t *testing.T) {
	const connections = 200
	// All of it fits into the queue of the device: the kernel has no other
	// bound than its congestion window, since a TUN device hides from it
	// what is queued.
	bytes := uint64(64 << 10)
	if testing.Short() {
		bytes = 16 << 10
	}
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		p := newPeer(t, linuxpeer.Config{TCP: tcp})
		forEachRole(t, p, func(t *testing.T, r role, network string) {
			pairs, err := connectMany(t, r, network, connections)
			for _, c := range pairs {
				defer c[0].Close()
				defer c[1].Close()
			}
			if err != nil {
				t.Fatal(err)
			}
			var flows []flow
			for i, c := range pairs {
				seed := uint64(2 * i)
				flows = append(flows, flow{c[0], c[1], seed, bytes}, flow{c[1], c[0], seed + 1, bytes})
			}
			if err := runAll(flows...); err != nil {
				t.Error(err)
			}
		})
	})
}

// connectMany dials n connections at once, and returns the pairs of both ends
// that it got when all have been accepted or one has failed.
func connectMany(t *testing.T, r role, network string, n int) ([][2]conn, error) {
	l := listen(t, r, network)
	clients, errs := make([]conn, n), make([]error, n+1)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { clients[i], errs[i] = dial(r, network, l.Addr().String()) })
	}
	servers := map[string]conn{}
	for range n {
		c, err := accept(l)
		if err != nil {
			errs[n] = fmt.Errorf("accept, after %d of %d: %w", len(servers), n, err)
			break
		}
		servers[c.RemoteAddr().String()] = c
	}
	wg.Wait()
	var pairs [][2]conn
	for i, c := range clients {
		if c == nil {
			continue
		}
		s := servers[c.LocalAddr().String()]
		if s == nil {
			c.Close()
			errs[i] = fmt.Errorf("no connection accepted from %v", c.LocalAddr())
			continue
		}
		delete(servers, c.LocalAddr().String())
		pairs = append(pairs, [2]conn{c, s})
	}
	for from, s := range servers {
		s.Close()
		errs = append(errs, fmt.Errorf("accepted a connection from %v, which nobody made", from))
	}
	return pairs, errors.Join(errs...)
}
