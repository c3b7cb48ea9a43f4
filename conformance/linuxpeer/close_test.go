// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer_test

import (
	"errors"
	"io"
	"net/netip"
	"os"
	"strings"
	"syscall"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/conformance/linuxpeer"
)

// TestHalfClose ends one direction and then moves data in the other, which
// must not notice (RFC 9293 section 3.6).
func TestHalfClose(t *testing.T) {
	bytes := uint64(8 << 20)
	if testing.Short() {
		bytes = 1 << 20
	}
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		p := newPeer(t, linuxpeer.Config{TCP: tcp})
		forEachRole(t, p, func(t *testing.T, r role, network string) {
			for _, name := range []string{"client first", "server first"} {
				t.Run(name, func(t *testing.T) {
					first, second := connect(t, r, network)
					if name == "server first" {
						first, second = second, first
					}
					if err := (flow{first, second, 1, 1000}).run(); err != nil {
						t.Fatalf("before the half-close: %v", err)
					}
					if err := (flow{second, first, 2, bytes}).run(); err != nil {
						t.Fatalf("after the half-close: %v", err)
					}
					for _, c := range []conn{first, second} {
						if n, err := c.Read(make([]byte, 1)); n != 0 || err != io.EOF {
							t.Errorf("read again at %v: %d bytes, %v, not the end of the stream", c.LocalAddr(), n, err)
						}
					}
				})
			}
		})
	})
}

// TestReset has each side reset the other, which waits for data (RFC 9293
// section 3.5.3).
func TestReset(t *testing.T) {
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		p := newPeer(t, linuxpeer.Config{TCP: tcp})
		forEachRole(t, p, func(t *testing.T, r role, network string) {
			for _, by := range []side{r.client, r.server} {
				t.Run("by "+by.name, func(t *testing.T) {
					resetter, other := connect(t, r, network)
					if by.name == r.server.name {
						resetter, other = other, resetter
					}
					// Both ends are known to be up before the reset.
					if err := pass(resetter, other); err != nil {
						t.Fatal(err)
					}
					reset(t, resetter)
					if n, err := other.Read(make([]byte, 1)); n != 0 || !isReset(err) {
						t.Errorf("read after the reset: %d bytes, %v, not a reset", n, err)
					}
					if n, err := other.Write(make([]byte, 1)); err == nil || isTimeout(err) {
						t.Errorf("write after the reset: %d bytes, %v, not an error", n, err)
					}
				})
			}
		})
	})
}

// TestResetWhileSending has each side reset the other, which is blocked in a
// write.
func TestResetWhileSending(t *testing.T) {
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		p := newPeer(t, linuxpeer.Config{TCP: tcp})
		forEachRole(t, p, func(t *testing.T, r role, network string) {
			for _, by := range []side{r.client, r.server} {
				t.Run("by "+by.name, func(t *testing.T) {
					resetter, other := connect(t, r, network)
					if by.name == r.server.name {
						resetter, other = other, resetter
					}
					failed := make(chan error, 1)
					go func() {
						_, err := send(other, 1, 1<<40)
						failed <- err
					}()
					if _, err := io.CopyN(io.Discard, resetter, 4<<20); err != nil {
						t.Fatal(err)
					}
					reset(t, resetter)
					if err := <-failed; err == nil || isTimeout(err) {
						t.Errorf("send during the reset: %v, not a reset", err)
					}
				})
			}
		})
	})
}

// TestConnectionRefused dials a port where nobody listens (RFC 9293 section
// 3.10.7.1).
func TestConnectionRefused(t *testing.T) {
	forEachProvider(t, func(t *testing.T, tcp stack.TransportProtocolFactory) {
		p := newPeer(t, linuxpeer.Config{TCP: tcp})
		forEachRole(t, p, func(t *testing.T, r role, network string) {
			// A port that was free a moment ago; nothing else is here.
			l := listen(t, r, network)
			l.Close()
			for _, address := range []string{
				l.Addr().String(),
				netip.AddrPortFrom(r.server.addr(network), 1).String(),
			} {
				c, err := dial(r, network, address)
				if err == nil {
					c.Close()
				}
				if !errors.Is(err, syscall.ECONNREFUSED) {
					t.Errorf("dial %s: %v, not refused", address, err)
				}
			}
		})
	})
}

// pass sends a byte and waits for it.
func pass(from, to conn) error {
	if _, err := from.Write([]byte{1}); err != nil {
		return err
	}
	_, err := io.ReadFull(to, make([]byte, 1))
	return err
}

// reset closes a connection with a reset.
func reset(t *testing.T, c conn) {
	t.Helper()
	if err := c.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
}

// isReset reports whether a connection of either side failed for a reset.
// The stack's errors are text.
func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) ||
		err != nil && strings.Contains(err.Error(), "connection reset by peer")
}

func isTimeout(err error) bool { return os.IsTimeout(err) }
