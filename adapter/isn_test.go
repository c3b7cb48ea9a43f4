// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"errors"
	mrand "math/rand/v2"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/rand"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
)

// seeded is a source of bytes that is the same in each run.
func seeded(seed byte) rand.RNG {
	return rand.RNGFrom(mrand.NewChaCha8([32]byte{seed}))
}

func tuple(i int) stack.TransportEndpointID {
	return stack.TransportEndpointID{
		LocalAddress:  tcpip.AddrFrom4([4]byte{10, 0, 0, 1}),
		LocalPort:     80,
		RemoteAddress: tcpip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}),
		RemotePort:    uint16(1024 + i%60000),
	}
}

// TestISNSpans32Bits holds CHANGES 3.5.0 of MirageOS's TCP: initial sequence
// numbers of fewer than 16 random bits. Each of the 32 bits is set in about half
// of the numbers of many connections, and the numbers do not repeat.
func TestISNSpans32Bits(t *testing.T) {
	s := NewSecrets(seeded(1))
	const n = 20000
	var set [32]int
	seen := make(map[uint32]bool)
	for i := range n {
		id := tuple(i)
		isn := s.ISN(12345, &id)
		for b := range set {
			set[b] += int(isn >> b & 1)
		}
		seen[isn] = true
	}
	for b, k := range set {
		if k < n*48/100 || k > n*52/100 {
			t.Errorf("bit %d is set in %d of %d numbers", b, k, n)
		}
	}
	if len(seen) < n-5 {
		t.Errorf("%d numbers of %d are different", len(seen), n)
	}
}

// TestISNGrows holds RFC 9293, section 3.4.1, MUST-8: the numbers of one 4-tuple
// follow a clock of 4 µs, across the wrap.
func TestISNGrows(t *testing.T) {
	s := NewSecrets(seeded(2))
	id := tuple(7)
	for _, start := range []engine.Instant{0, engine.Instant(4 * time.Hour), engine.Instant(5 * time.Hour)} {
		last := s.ISN(start, &id)
		for i := 1; i < 1000; i++ {
			d := time.Duration(i) * 17 * time.Millisecond
			isn := s.ISN(start.Add(d), &id)
			if int32(isn-last) <= 0 {
				t.Fatalf("at %v, %d does not lie after %d", d, isn, last)
			}
			last = isn
		}
		if got, want := s.ISN(start.Add(time.Second), &id)-s.ISN(start, &id), uint32(250000); got != want {
			t.Errorf("in a second, the number grew by %d, want %d", got, want)
		}
	}
}

// TestISNDependsOnAll checks that each part of the 4-tuple, and the secret,
// count (RFC 6528, section 3). Nobody who does not have the secret can compute
// them (RFC 9293, section 3.4.1, MUST-9).
func TestISNDependsOnAll(t *testing.T) {
	s, other := NewSecrets(seeded(3)), NewSecrets(seeded(4))
	id := tuple(1)
	base := s.ISN(0, &id)
	if other.ISN(0, &id) == base {
		t.Error("two stacks gave the same number")
	}
	for name, change := range map[string]func(*stack.TransportEndpointID){
		"local port":     func(id *stack.TransportEndpointID) { id.LocalPort++ },
		"remote port":    func(id *stack.TransportEndpointID) { id.RemotePort++ },
		"local address":  func(id *stack.TransportEndpointID) { id.LocalAddress = tcpip.AddrFrom4([4]byte{10, 0, 0, 9}) },
		"remote address": func(id *stack.TransportEndpointID) { id.RemoteAddress = tcpip.AddrFrom4([4]byte{10, 0, 0, 9}) },
		"both swapped": func(id *stack.TransportEndpointID) {
			id.LocalAddress, id.RemoteAddress = id.RemoteAddress, id.LocalAddress
			id.LocalPort, id.RemotePort = id.RemotePort, id.LocalPort
		},
		"IPv6": func(id *stack.TransportEndpointID) {
			id.LocalAddress = tcpip.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 12: 10, 15: 1})
		},
	} {
		id := tuple(1)
		change(&id)
		if s.ISN(0, &id) == base {
			t.Errorf("%s does not count", name)
		}
	}
}

// TestTSOffset holds RFC 7323, section 5.4: one offset for each pair of hosts,
// whatever the ports.
func TestTSOffset(t *testing.T) {
	s := NewSecrets(seeded(5))
	a, b := tcpip.AddrFrom4([4]byte{10, 0, 0, 1}), tcpip.AddrFrom4([4]byte{10, 0, 0, 2})
	first := s.TSOffset(a, b)
	if s.TSOffset(a, b) != first {
		t.Error("the offset of two hosts changes")
	}
	if s.TSOffset(a, b) == s.TSOffset(b, a) || s.TSOffset(a, b) == s.TSOffset(a, a) {
		t.Error("two pairs of hosts have the same offset")
	}
}

// TestFlowHash checks that a hash is there for every flow, and differs.
func TestFlowHash(t *testing.T) {
	s := NewSecrets(seeded(6))
	seen := make(map[uint32]bool)
	for i := range 1000 {
		id := tuple(i)
		h := s.FlowHash(&id)
		if h == 0 {
			t.Fatal("a flow has no hash")
		}
		seen[h] = true
	}
	if len(seen) < 990 {
		t.Errorf("1000 flows have %d hashes", len(seen))
	}
}

// TestNoRandomness checks that a stack without randomness does not run. The
// secrets are of the stack's secure source (RFC 6528, section 4, MUST).
func TestNoRandomness(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("NewSecrets returned without randomness")
		}
	}()
	NewSecrets(rand.RNGFrom(failing{}))
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("no bytes") }

// TestSecretsAllocate checks that none of the hashes allocates.
func TestSecretsAllocate(t *testing.T) {
	s := NewSecrets(seeded(7))
	id := tuple(3)
	if n := testing.AllocsPerRun(100, func() {
		s.ISN(1, &id)
		s.TSOffset(id.LocalAddress, id.RemoteAddress)
		s.FlowHash(&id)
		c := s.Cookie(1, &id, 5, 1460)
		s.CheckCookie(1, &id, 5, c)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
