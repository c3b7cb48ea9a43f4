// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/conformance/linuxpeer"
)

// patience bounds every wait: for a connection, and for all that is done on
// it. Nothing that works comes near.
const patience = 30 * time.Second

// networks are the address families, as the net package names them.
var networks = []string{"tcp4", "tcp6"}

// conn is what both ends' connections can do.
type conn interface {
	net.Conn
	CloseRead() error
	CloseWrite() error
	SetLinger(sec int) error
	SetNoDelay(noDelay bool) error
	SetReadBuffer(bytes int) error
}

var (
	_ conn = (*net.TCPConn)(nil)
	_ conn = (*linuxpeer.StackConn)(nil)
)

// side is one end of a peer: the kernel or the stack.
type side struct {
	name   string
	listen func(network, address string) (net.Listener, error)
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	addr4  netip.Addr
	addr6  netip.Addr
}

func (s side) addr(network string) netip.Addr {
	if network == "tcp6" {
		return s.addr6
	}
	return s.addr4
}

// role is which side connects to which.
type role struct {
	client, server side
}

func (r role) name() string { return r.client.name + " to " + r.server.name }

func kernelOf(p *linuxpeer.Peer) side {
	return side{"kernel", p.Listen, p.Dial, p.IPv4.Kernel, p.IPv6.Kernel}
}

func stackOf(p *linuxpeer.Peer) side {
	return side{"stack", p.StackListen, p.StackDial, p.IPv4.Stack, p.IPv6.Stack}
}

func rolesOf(p *linuxpeer.Peer) []role {
	k, s := kernelOf(p), stackOf(p)
	return []role{{client: k, server: s}, {client: s, server: k}}
}

// forEachProvider runs a test for every TCP, with its name.
func forEachProvider(t *testing.T, f func(t *testing.T, tcp stack.TransportProtocolFactory)) {
	linuxpeer.Require(t)
	for _, p := range providers {
		t.Run(p.name, func(t *testing.T) { f(t, p.tcp) })
	}
}

// forEachRole runs a test on the peer for both roles and both families.
func forEachRole(t *testing.T, p *linuxpeer.Peer, f func(t *testing.T, r role, network string)) {
	for _, r := range rolesOf(p) {
		for _, network := range networks {
			if !r.client.addr(network).IsValid() {
				continue
			}
			t.Run(r.name()+" "+network, func(t *testing.T) { f(t, r, network) })
		}
	}
}

// newPeer returns a peer that fails the test if its link lost packets that it
// had no reason to refuse.
func newPeer(t *testing.T, cfg linuxpeer.Config) *linuxpeer.Peer {
	t.Helper()
	p := linuxpeer.New(t, cfg)
	t.Cleanup(func() {
		d, err := p.Drops()
		if err != nil {
			t.Errorf("drops: %v", err)
		}
		if d.Invalid != 0 {
			t.Errorf("the link refused %d packets", d.Invalid)
		}
	})
	return p
}

// listen returns a listener on any port of the role's server, and its address.
func listen(t *testing.T, r role, network string) net.Listener {
	t.Helper()
	l, err := r.server.listen(network, netip.AddrPortFrom(r.server.addr(network), 0).String())
	if err != nil {
		t.Fatalf("%s listens: %v", r.server.name, err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// dial returns a connection from the role's client to an address.
func dial(r role, network, address string) (conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c, err := r.client.dial(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("%s connects: %w", r.client.name, err)
	}
	return c.(conn), c.SetDeadline(time.Now().Add(patience))
}

// accept returns the next connection of a listener. It closes the listener if
// none comes.
func accept(l net.Listener) (conn, error) {
	late := time.AfterFunc(patience, func() { l.Close() })
	defer late.Stop()
	c, err := l.Accept()
	if err != nil {
		return nil, err
	}
	return c.(conn), c.SetDeadline(time.Now().Add(patience))
}

// connect returns the two ends of a connection, which are closed with the
// test.
func connect(t *testing.T, r role, network string) (client, server conn) {
	t.Helper()
	l := listen(t, r, network)
	client, err := dial(r, network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	server, err = accept(l)
	if err != nil {
		t.Fatalf("%s accepts: %v", r.server.name, err)
	}
	t.Cleanup(func() { server.Close() })
	return client, server
}

type sum = [sha256.Size]byte

// chunk is how much is written and read in one call.
const chunk = 128 << 10

// source is a stream of n bytes that repeats nowhere.
func source(seed, n uint64) io.Reader {
	var key [32]byte
	copy(key[:], fmt.Sprintf("%032d", seed))
	return io.LimitReader(rand.NewChaCha8(key), int64(n))
}

// send writes n bytes and returns their hash.
func send(w io.Writer, seed, n uint64) (sum, error) {
	h := sha256.New()
	_, err := io.CopyBuffer(onlyWriter{w}, io.TeeReader(source(seed, n), h), make([]byte, chunk))
	return sum(h.Sum(nil)), err
}

// receive reads to the end and returns the hash and the number of bytes.
func receive(r io.Reader) (sum, uint64, error) {
	h := sha256.New()
	n, err := io.CopyBuffer(h, onlyReader{r}, make([]byte, chunk))
	return sum(h.Sum(nil)), uint64(n), err
}

// onlyWriter and onlyReader hide other methods, so that a copy goes through
// its buffer.
type (
	onlyWriter struct{ io.Writer }
	onlyReader struct{ io.Reader }
)

// flow is n bytes on their way between the two ends of a connection.
type flow struct {
	from, to conn
	seed, n  uint64
}

// run sends the bytes and the end of the stream, and compares what arrives.
func (f flow) run() error {
	type sent struct {
		sum sum
		err error
	}
	done := make(chan sent, 1)
	go func() {
		s, err := send(f.from, f.seed, f.n)
		if err == nil {
			err = f.from.CloseWrite()
		}
		done <- sent{s, err}
	}()
	got, n, err := receive(f.to)
	if err != nil {
		return fmt.Errorf("receive, after %d of %d bytes: %w", n, f.n, err)
	}
	s := <-done
	if s.err != nil {
		return fmt.Errorf("send: %w", s.err)
	}
	if n != f.n || got != s.sum {
		return fmt.Errorf("%d bytes sent, hash %x; %d received, hash %x", f.n, s.sum, n, got)
	}
	return nil
}

// runAll runs flows at once and returns their errors.
func runAll(flows ...flow) error {
	errs := make([]error, len(flows))
	var wg sync.WaitGroup
	for i, f := range flows {
		wg.Go(func() { errs[i] = f.run() })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// exchange sends n bytes each way at once on a new connection.
func exchange(t *testing.T, r role, network string, n uint64) {
	t.Helper()
	c, s := connect(t, r, network)
	if err := runAll(flow{c, s, 1, n}, flow{s, c, 2, n}); err != nil {
		t.Error(err)
	}
}
