// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer_test

import (
	"sync"
	"testing"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/conformance/linuxpeer"
)

// TestKernelSettings moves data both ways at once with the kernel's options
// off, one at a time and together, and with each of its congestion controls.
// What is off is not on the wire.
func TestKernelSettings(t *testing.T) {
	const (
		timestamps = "net.ipv4.tcp_timestamps"
		sack       = "net.ipv4.tcp_sack"
		scaling    = "net.ipv4.tcp_window_scaling"
	)
	bytes := uint64(2 << 20)
	if testing.Short() {
		bytes = 512 << 10
	}
	off := func(names ...string) linuxpeer.Config {
		c := linuxpeer.Config{Sysctls: map[string]string{}}
		for _, n := range names {
			c.Sysctls[n] = "0"
		}
		return c
	}
	tests := []struct {
		name                      string
		cfg                       linuxpeer.Config
		timestamps, sack, scaling bool
	}{
		{"defaults", off(), true, true, true},
		{"no timestamps", off(timestamps), false, true, true},
		{"no SACK", off(sack), true, false, true},
		{"no window scaling", off(scaling), true, true, false},
		{"no options", off(timestamps, sack, scaling), false, false, false},
		{"ECN", linuxpeer.Config{Sysctls: map[string]string{"net.ipv4.tcp_ecn": "1"}}, true, true, true},
		{"reno", linuxpeer.Config{CongestionControl: "reno"}, true, true, true},
		{"cubic", linuxpeer.Config{CongestionControl: "cubic"}, true, true, true},
		{"bbr", linuxpeer.Config{CongestionControl: "bbr"}, true, true, true},
	}
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				if cc := test.cfg.CongestionControl; cc != "" && !hasCongestionControl(t, cc) {
					t.Skipf("the kernel has no %s", cc)
				}
				var syns synWatch
				cfg := test.cfg
				cfg.TCP, cfg.Middle = tcp, newTap(syns.see)
				p := newPeer(t, cfg)
				forEachRole(t, p, func(t *testing.T, r role, network string) {
					exchange(t, r, network, bytes)
				})
				syns.check(t, test.timestamps, test.sack, test.scaling)
			})
		}
	})
}

// synWatch keeps the kernel's SYNs and SYN-ACKs.
type synWatch struct {
	mu           sync.Mutex
	syns, synAck []header.TCPSynOptions
}

func (w *synWatch) see(s segment) {
	if s.fromStack || !s.flags.Contains(header.TCPFlagSyn) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if s.flags.Contains(header.TCPFlagAck) {
		w.synAck = append(w.synAck, s.options)
	} else {
		w.syns = append(w.syns, s.options)
	}
}

// check compares the options. A SYN-ACK may have fewer than a SYN: those that
// the stack offered.
func (w *synWatch) check(t *testing.T, timestamps, sack, scaling bool) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.syns) == 0 || len(w.synAck) == 0 {
		t.Errorf("the kernel sent %d SYNs and %d SYN-ACKs", len(w.syns), len(w.synAck))
	}
	for _, o := range w.syns {
		if o.TS != timestamps || o.SACKPermitted != sack || (o.WS >= 0) != scaling {
			t.Errorf("the kernel's SYN has %+v; want timestamps %t, SACK %t, window scaling %t", o, timestamps, sack, scaling)
		}
	}
	for _, o := range w.synAck {
		if o.TS && !timestamps || o.SACKPermitted && !sack || o.WS >= 0 && !scaling {
			t.Errorf("the kernel's SYN-ACK has %+v; want at most timestamps %t, SACK %t, window scaling %t", o, timestamps, sack, scaling)
		}
	}
}

// congestionControl returns the algorithm of a socket of the kernel.
func congestionControl(fd int) (string, error) {
	return unix.GetsockoptString(fd, unix.IPPROTO_TCP, unix.TCP_CONGESTION)
}
