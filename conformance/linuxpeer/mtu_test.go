// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/conformance/linuxpeer"
)

// TestMTU moves data both ways at once over links of many sizes (RFC 9293
// section 3.7.1). Without offload no packet is larger than the link.
func TestMTU(t *testing.T) {
	bytes := uint64(2 << 20)
	if testing.Short() {
		bytes = 1 << 20
	}
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		for _, mtu := range []uint32{linuxpeer.MinMTU, 1280, 1499, 1500, 9000, linuxpeer.MaxMTU} {
			for _, offload := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d offload=%t", mtu, offload), func(t *testing.T) {
					testMTU(t, linuxpeer.Config{TCP: tcp, MTU: mtu, Offload: offload}, bytes)
				})
			}
		}
	})
}

func testMTU(t *testing.T, cfg linuxpeer.Config, bytes uint64) {
	var largest atomic.Int64
	cfg.Middle = newTap(func(s segment) {
		for {
			was := largest.Load()
			if int64(s.packet) <= was || largest.CompareAndSwap(was, int64(s.packet)) {
				return
			}
		}
	})
	p := newPeer(t, cfg)
	if has := p.IPv6.Stack.IsValid(); has != (cfg.MTU >= 1280) {
		t.Errorf("IPv6 at an MTU of %d: %t", cfg.MTU, has)
	}
	forEachRole(t, p, func(t *testing.T, r role, network string) {
		exchange(t, r, network, bytes)
	})
	switch got := largest.Load(); {
	case !cfg.Offload && got > int64(cfg.MTU):
		t.Errorf("a packet of %d bytes on a link of %d", got, cfg.MTU)
	case cfg.Offload && cfg.MTU < linuxpeer.MaxMTU && got <= int64(cfg.MTU):
		t.Errorf("no packet above %d bytes, the MTU, with offload", got)
	}
}
