// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/conformance/linuxpeer"
)

var full = flag.Bool("full", false, "move 256 MiB each way where the link has offload, 32 MiB where not")

// TestBulk moves much data each way, and both ways at once: with -full 256 MiB
// a flow, or an eighth of that without offload, and less otherwise.
func TestBulk(t *testing.T) {
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		for _, offload := range []bool{false, true} {
			t.Run(fmt.Sprintf("offload=%t", offload), func(t *testing.T) {
				p := newPeer(t, linuxpeer.Config{TCP: tcp, Offload: offload})
				forEachRole(t, p, func(t *testing.T, r role, network string) {
					testBulk(t, r, network, bulkBytes(offload, network))
				})
			})
		}
	})
}

// bulkBytes returns how much a flow moves. Without offload each packet is a
// system call, and most of the time goes there.
func bulkBytes(offload bool, network string) uint64 {
	n := uint64(256 << 20)
	switch {
	case testing.Short():
		n /= 16
	case !*full:
		n /= 4
	}
	if network == "tcp6" && !*full {
		n /= 4
	}
	if !offload {
		n /= 8
	}
	return n
}

func testBulk(t *testing.T, r role, network string, n uint64) {
	for _, way := range []struct {
		name  string
		flows func(c, s conn) []flow
	}{
		{"up", func(c, s conn) []flow { return []flow{{c, s, 1, n}} }},
		{"down", func(c, s conn) []flow { return []flow{{s, c, 2, n}} }},
		{"both", func(c, s conn) []flow { return []flow{{c, s, 3, n}, {s, c, 4, n}} }},
	} {
		t.Run(way.name, func(t *testing.T) {
			c, s := connect(t, r, network)
			start := time.Now()
			if err := runAll(way.flows(c, s)...); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d MiB a flow in %v", n>>20, time.Since(start).Round(time.Millisecond))
		})
	}
}

// TestPingPong sends small messages to and fro, each after the last is
// answered.
func TestPingPong(t *testing.T) {
	rounds := 2000
	if testing.Short() {
		rounds = 200
	}
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		p := newPeer(t, linuxpeer.Config{TCP: tcp})
		forEachRole(t, p, func(t *testing.T, r role, network string) {
			c, s := connect(t, r, network)
			echoed := make(chan error, 1)
			go func() {
				_, err := io.Copy(onlyWriter{s}, onlyReader{s})
				s.CloseWrite()
				echoed <- err
			}()
			if err := pingPong(c, rounds); err != nil {
				t.Fatal(err)
			}
			if err := c.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
				t.Errorf("after the last echo: %d bytes, %v, not the end of the stream", n, err)
			}
			if err := <-echoed; err != nil {
				t.Errorf("echo: %v", err)
			}
		})
	})
}

func pingPong(c conn, rounds int) error {
	want, got := make([]byte, 100), make([]byte, 100)
	in := source(5, 1<<30)
	for i := range rounds {
		n := 1 + i%len(want)
		if _, err := io.ReadFull(in, want[:n]); err != nil {
			return err
		}
		if _, err := c.Write(want[:n]); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
		if _, err := io.ReadFull(c, got[:n]); err != nil {
			return fmt.Errorf("round %d: %w", i, err)
		}
		if !bytes.Equal(got[:n], want[:n]) {
			return fmt.Errorf("round %d: sent %x, got %x", i, want[:n], got[:n])
		}
	}
	return nil
}
