// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import "testing"

// FuzzOptions parses arbitrary bytes as options: it never panics, and what was
// parsed survives being marshalled.
func FuzzOptions(f *testing.F) {
	f.Add([]byte{})
	f.Add(validList)
	f.Fuzz(func(t *testing.T, b []byte) {
		var o Options
		o.Parse(b)
		checkOptions(t, &o)
	})
}

// FuzzHeader parses arbitrary bytes as a segment: it never panics, the payload
// lies within the segment, and what was parsed survives being marshalled.
func FuzzHeader(f *testing.F) {
	f.Add([]byte{})
	f.Add(plainBytes)
	f.Fuzz(func(t *testing.T, b []byte) {
		h := plainHeader
		n, err := h.Parse(b)
		if err != nil {
			if n != 0 || h != plainHeader {
				t.Fatalf("an error, and yet %d bytes were parsed: %+v", n, h)
			}
			return
		}
		if n < MinHeaderLen || n > min(len(b), MaxHeaderLen) || n%4 != 0 {
			t.Fatalf("a header of %d bytes in %d", n, len(b))
		}
		checkOptions(t, &h.Options)
		out := make([]byte, MaxHeaderLen)
		m := h.Marshal(out)
		if m != h.Len() {
			t.Fatalf("Marshal wrote %d bytes, Len is %d", m, h.Len())
		}
		var back Header
		got, err := back.Parse(out[:m])
		if d := diffOptions(fitted(h.Options), back.Options); d != "" {
			t.Fatalf("options through % x (-before +after):\n%s", out[:m], d)
		}
		h.Options, back.Options = Options{}, Options{}
		if err != nil || got != m || back != h {
			t.Fatalf("through % x: %d, %v\nbefore %+v\nafter  %+v", out[:m], got, err, h, back)
		}
	})
}
