// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package transport_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/engine/wire"
)

// TestWindowClamp checks that TCP_WINDOW_CLAMP bounds every window that is
// offered, from the SYN-ACK on, and that a window already offered stays: it
// never moves back (RFC 9293, section 3.8.6, SHLD-14).
func TestWindowClamp(t *testing.T) {
	for _, cookies := range []bool{false, true} {
		w := newWorld(t)
		l := w.listen(5)
		if cookies {
			w.alwaysCookies()
		}
		if err := l.SetSockOptInt(tcpip.TCPWindowClampOption, 5000); err != nil {
			t.Fatal(err)
		}
		p := w.peer(4000)
		p.syn(wire.Options{MSS: 1000})
		s := p.want(wire.SYN | wire.ACK)
		if s.Window != 5000 {
			t.Errorf("cookies %v: SYN-ACK with window %d, want 5000", cookies, s.Window)
		}
		p.nxt = p.nxt.Add(1)
		p.seg(wire.ACK, "")
		c := w.accept(l)
		send := func(n int) int {
			p.seg(wire.ACK|wire.PSH, strings.Repeat("x", n))
			w.wait(time.Second)
			var got bytes.Buffer
			if _, err := c.Read(&got, tcpip.ReadOptions{}); err != nil || got.Len() != n {
				t.Fatalf("Read: %d bytes, %v", got.Len(), err)
			}
			w.wait(time.Second)
			last := 0
			for s := w.recv(); s != nil; s = w.recv() {
				last = int(s.Window)
			}
			return last
		}
		if n := send(1000); n > 5000 || n < 3000 {
			t.Errorf("cookies %v: window %d, want 5000 or little less", cookies, n)
		}
		if err := c.SetSockOptInt(tcpip.TCPWindowClampOption, 2500); err != nil {
			t.Fatal(err)
		}
		if n := send(1000); n > 5000 || n < 3000 {
			t.Errorf("cookies %v: window %d, want what was offered before", cookies, n)
		}
		for range 3 {
			send(1000)
		}
		if n := send(1000); n > 2500 || n < 1500 {
			t.Errorf("cookies %v: window %d, want 2500 or little less", cookies, n)
		}
		if v, err := c.GetSockOptInt(tcpip.TCPWindowClampOption); v != 2500 || err != nil {
			t.Errorf("TCP_WINDOW_CLAMP is %d, %v", v, err)
		}
	}
}
