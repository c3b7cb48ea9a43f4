// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"math/big"
	"testing"
)

func TestPattern(t *testing.T) {
	if !big.NewInt(period).ProbablyPrime(0) {
		t.Errorf("the period, %d, is not a prime", period)
	}
	var whole []byte
	for at := int64(0); at < 2*period; at += chunk {
		whole = append(whole, cut(period-5, at, chunk)...)
	}
	if !bytes.Equal(whole[:5], pattern[period-5:period]) || !bytes.Equal(whole[5:5+period], pattern[:period]) {
		t.Error("the cuts of a stream do not join up to the pattern")
	}
}

// alter returns a copy of b changed by f.
func alter(b []byte, f func(b []byte) []byte) []byte { return f(bytes.Clone(b)) }

func TestVerify(t *testing.T) {
	const start, sent = 12345, 3*period + 99
	var stream []byte
	for at := int64(0); at < sent; at += chunk {
		stream = append(stream, cut(start, at, int(min(chunk, sent-at)))...)
	}
	const mss = 1460
	for _, c := range []struct {
		name  string
		got   []byte
		whole bool // whether it passes as the whole stream
		part  bool // whether it passes as a prefix
	}{
		{"unharmed", stream, true, true},
		{"short by its last byte", stream[:sent-1], false, true},
		{"empty", nil, false, true},
		{"one bit flipped", alter(stream, func(b []byte) []byte { b[sent/2] ^= 1; return b }), false, false},
		{"one segment lost", alter(stream, func(b []byte) []byte { return append(b[:mss], b[2*mss:]...) }), false, false},
		{"one segment twice", append(bytes.Clone(stream[:mss]), stream...), false, false},
		{"two segments exchanged", alter(stream, func(b []byte) []byte {
			one := bytes.Clone(b[:mss])
			copy(b, b[mss:2*mss])
			copy(b[mss:], one)
			return b
		}), false, false},
	} {
		var d digest
		// Cuts of another size than the sender's.
		for b := c.got; len(b) > 0; b = b[min(len(b), 1000):] {
			d.add(b[:min(len(b), 1000)])
		}
		if err := verifyWhole(start, sent, d); (err == nil) != c.whole {
			t.Errorf("%s: as the whole stream: %v", c.name, err)
		}
		if err := verifyPrefix(start, d); (err == nil) != c.part {
			t.Errorf("%s: as a prefix: %v", c.name, err)
		}
	}
}
