// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"

	"tcpcb/linkfifo"
)

// TestMirageServices are the services of MirageOS's examples/services.ml: echo
// (RFC 862), discard (RFC 863) and chargen (RFC 864), written as any user of
// gonet would.
func TestMirageServices(t *testing.T) {
	a, b := newPair(t, pairings[0], linkfifo.Side{MTU: 1500}, linkfifo.Side{MTU: 1500})
	serve := func(port uint16, f func(net.Conn)) {
		l, err := gonet.ListenTCP(b, tcpip.FullAddress{NIC: nic, Addr: addrB, Port: port}, ipv4.ProtocolNumber)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		t.Cleanup(func() { l.Close(); <-done })
		go func() {
			defer close(done)
			c, err := l.Accept()
			if err != nil {
				return // closed: the test is over
			}
			defer c.Close()
			f(c)
		}()
	}
	dial := func(port uint16) net.Conn {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		c, err := gonet.DialContextTCP(ctx, a, tcpip.FullAddress{NIC: nic, Addr: addrB, Port: port}, ipv4.ProtocolNumber)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	text := bytes.Repeat([]byte("the quick brown fox\r\n"), 10_000)

	t.Run("echo", func(t *testing.T) {
		serve(7, func(c net.Conn) { io.Copy(c, c) })
		c := dial(7)
		go func() {
			c.Write(text) // what goes wrong shows in what is echoed
			c.(*gonet.TCPConn).CloseWrite()
		}()
		if got, err := io.ReadAll(c); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%d bytes came back, %v; want the %d that were sent", len(got), err, len(text))
		}
	})
	t.Run("discard", func(t *testing.T) {
		got := make(chan int64, 1)
		serve(9, func(c net.Conn) {
			n, _ := io.Copy(io.Discard, c)
			got <- n
		})
		c := dial(9)
		if n, err := c.Write(text); n != len(text) || err != nil {
			t.Errorf("wrote %d bytes, %v", n, err)
		}
		c.(*gonet.TCPConn).CloseWrite()
		if n, err := io.Copy(io.Discard, c); n != 0 || err != nil {
			t.Errorf("read %d bytes, %v; want the end", n, err)
		}
		if n := <-got; n != int64(len(text)) {
			t.Errorf("%d bytes were discarded, want %d", n, len(text))
		}
	})
	t.Run("chargen", func(t *testing.T) {
		serve(19, func(c net.Conn) {
			for {
				if _, err := c.Write(text); err != nil {
					return // the client has had enough
				}
			}
		})
		c := dial(19)
		got := make([]byte, 10*len(text))
		if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, bytes.Repeat(text, 10)) {
			t.Errorf("what was generated is wrong: %v", err)
		}
	})
}
