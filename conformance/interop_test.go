// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"tcpcb/linkfifo"
)

// closeWriter is the half of a connection that can be shut.
type closeWriter interface{ CloseWrite() error }

// stream writes n bytes of a seeded stream to c, shuts its direction, and
// returns the hash of what it wrote.
func stream(c net.Conn, seed uint64, n int) ([]byte, error) {
	src := rand.NewChaCha8([32]byte{0: byte(seed), 1: byte(seed >> 8)})
	h := sha256.New()
	w := io.MultiWriter(c, h)
	if _, err := io.CopyN(w, src, int64(n)); err != nil {
		return nil, fmt.Errorf("write: %w", err)
	}
	return h.Sum(nil), c.(closeWriter).CloseWrite()
}

// sink reads c to its end and returns the hash of what came.
func sink(c net.Conn) ([]byte, error) {
	h := sha256.New()
	if _, err := io.Copy(h, c); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	return h.Sum(nil), nil
}

// exchange sends n bytes each way at once and compares the hashes.
func exchange(a, b net.Conn, seed uint64, n int, limit time.Duration) error {
	var wrote, read [2][]byte
	var g errgroup.Group
	deadline := time.Now().Add(limit)
	for i, c := range []net.Conn{a, b} {
		c.SetDeadline(deadline)
		g.Go(func() (err error) { wrote[i], err = stream(c, seed+uint64(i), n); return err })
		g.Go(func() (err error) { read[i], err = sink(c); return err })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i := range wrote {
		if string(wrote[i]) != string(read[1-i]) {
			return fmt.Errorf("direction %d: %x was sent, %x came", i, wrote[i], read[1-i])
		}
	}
	return nil
}

// TestInterop moves bytes both ways at once, between each pairing, over devices
// of every kind.
func TestInterop(t *testing.T) {
	devices := []struct {
		name string
		side linkfifo.Side
		n    int
	}{
		{"mtu-1500", linkfifo.Side{MTU: 1500}, 16 << 20},
		{"mtu-1280", linkfifo.Side{MTU: 1280}, 4 << 20},
		{"mtu-65535", linkfifo.Side{MTU: 65535}, 64 << 20},
		{"gso", linkfifo.Side{MTU: 1500, GSO: true, TXChecksumOffload: true, RXChecksumOffload: true}, 64 << 20},
		{"lossy", linkfifo.Side{MTU: 1500, Path: linkfifo.Path{Loss: 0.02, Delay: time.Millisecond, Reorder: 0.02, ReorderBy: time.Millisecond, Duplicate: 0.02, Corrupt: 0.01, CorruptBits: 1}}, 1 << 20},
	}
	for _, p := range pairings {
		for _, d := range devices {
			t.Run(p.name+"/"+d.name, func(t *testing.T) {
				n := d.n
				if testing.Short() {
					n /= 8
				}
				a, b := newPair(t, p, d.side, d.side)
				client, server, err := connect(a, b, addrB, port)
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				defer server.Close()
				if err := exchange(client, server, 1, n, time.Minute); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestManyConnections opens 1,000 connections at once, which each move bytes
// both ways.
func TestManyConnections(t *testing.T) {
	count := 1000
	if testing.Short() {
		count = 100
	}
	for _, p := range pairings {
		t.Run(p.name, func(t *testing.T) {
			a, b := newPair(t, p, linkfifo.Side{MTU: 1500}, linkfifo.Side{MTU: 1500})
			var g errgroup.Group
			for i := range count {
				g.Go(func() error {
					client, server, err := connect(a, b, addrB, uint16(port+i))
					if err != nil {
						return fmt.Errorf("connection %d: %w", i, err)
					}
					defer client.Close()
					defer server.Close()
					if err := exchange(client, server, uint64(i), 20000, 50*time.Second); err != nil {
						return fmt.Errorf("connection %d: %w", i, err)
					}
					return nil
				})
			}
			if err := g.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}
