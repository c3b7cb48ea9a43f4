// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	mrand "math/rand/v2"
	"testing"
	"time"

	"tcpcb/engine"
)

// TestCookieRoundTrip checks that a cookie remembers the largest MSS it can
// tell, on both families, at any time.
func TestCookieRoundTrip(t *testing.T) {
	s := NewSecrets(seeded(1))
	for _, now := range []engine.Instant{0, engine.Instant(time.Minute), engine.Instant(34 * time.Minute), engine.Instant(1000 * time.Hour)} {
		for _, c := range []struct{ offered, want uint16 }{
			{1, 128}, {128, 128}, {535, 128}, {536, 536}, {1219, 536}, {1220, 1220},
			{1400, 1400}, {1459, 1440}, {1460, 1460}, {8939, 1460}, {8940, 8940}, {65535, 8940},
		} {
			id := tuple(int(c.offered))
			cookie := s.Cookie(now, &id, 0xfffffff0, c.offered)
			if got, ok := s.CheckCookie(now, &id, 0xfffffff0, cookie); !ok || got != c.want {
				t.Errorf("at %d, MSS %d: got %d, %v, want %d", now, c.offered, got, ok, c.want)
			}
		}
	}
}

// TestCookieExpires checks the age at which a cookie is refused, and that it
// does not become good again when the slots come round.
func TestCookieExpires(t *testing.T) {
	s := NewSecrets(seeded(2))
	id := tuple(1)
	start := engine.Instant(10*time.Hour) / engine.Instant(cookieSlot) * engine.Instant(cookieSlot)
	cookie := s.Cookie(start, &id, 77, 1460)
	for _, c := range []struct {
		after time.Duration
		ok    bool
	}{
		{0, true},
		{2 * time.Minute, true},
		{CookieLifetime - 1, true},
		{CookieLifetime, false},
		{time.Hour, false},
		{cookieSlots * cookieSlot, false},
		{2 * cookieSlots * cookieSlot, false},
	} {
		if _, ok := s.CheckCookie(start.Add(c.after), &id, 77, cookie); ok != c.ok {
			t.Errorf("%v later, the cookie is good: %v, want %v", c.after, ok, c.ok)
		}
	}
	if _, ok := s.CheckCookie(start.Add(-cookieSlot), &id, 77, cookie); ok {
		t.Error("a cookie of the future is good")
	}
}

// TestCookieReplay checks that a cookie is good for its own attempt only: its
// 4-tuple, the peer's sequence number, and the stack that made it.
func TestCookieReplay(t *testing.T) {
	s, other := NewSecrets(seeded(3)), NewSecrets(seeded(4))
	id := tuple(1)
	cookie := s.Cookie(5, &id, 1000, 1460)
	hits := 0
	for i := 2; i < 20002; i++ {
		stolen := tuple(i)
		if _, ok := s.CheckCookie(5, &stolen, 1000, cookie); ok {
			hits++
		}
		if _, ok := s.CheckCookie(5, &id, uint32(1000+i), cookie); ok {
			hits++
		}
	}
	// A forger's chance is 3 slots × 8 sizes in 2^32 for each try.
	if hits > 0 {
		t.Errorf("a cookie was good %d times where it was not made for", hits)
	}
	if _, ok := other.CheckCookie(5, &id, 1000, cookie); ok {
		t.Error("a cookie is good on another stack")
	}
}

// TestCookieForged tries cookies at random, and each change of one bit of a
// good one.
func TestCookieForged(t *testing.T) {
	s := NewSecrets(seeded(5))
	id := tuple(1)
	good := s.Cookie(9, &id, 42, 1460)
	rng := mrand.New(mrand.NewPCG(1, 2))
	for range 100000 {
		c := rng.Uint32()
		if _, ok := s.CheckCookie(9, &id, 42, c); ok && c != good {
			t.Errorf("%#x, made up, is good", c)
		}
	}
	for b := range 32 {
		if _, ok := s.CheckCookie(9, &id, 42, good^1<<b); ok {
			t.Errorf("with bit %d changed, a cookie is good", b)
		}
	}
}

// TestCookieSpans32Bits checks that cookies are initial sequence numbers like
// any other: each bit is set in about half of them.
func TestCookieSpans32Bits(t *testing.T) {
	s := NewSecrets(seeded(6))
	const n = 20000
	var set [32]int
	for i := range n {
		id := tuple(i)
		c := s.Cookie(9, &id, uint32(i), 1460)
		for b := range set {
			set[b] += int(c >> b & 1)
		}
	}
	for b, k := range set {
		if k < n*48/100 || k > n*52/100 {
			t.Errorf("bit %d is set in %d of %d cookies", b, k, n)
		}
	}
}
