// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tcpcb/engine/seq"
)

// compareOptions compares options as a reader of them does: the SACK blocks
// beyond NumSACK are no part of them.
var compareOptions = []cmp.Option{
	cmp.AllowUnexported(seq.Num{}),
	cmpopts.IgnoreFields(Options{}, "SACK"),
	cmp.Transformer("blocks", func(o Options) []seq.Range { return o.SACKBlocks() }),
}

func diffOptions(want, got Options) string {
	if d := cmp.Diff(want.SACKBlocks(), got.SACKBlocks(), cmp.AllowUnexported(seq.Num{})); d != "" {
		return d
	}
	return cmp.Diff(want, got, compareOptions[:2]...)
}

func block(start, end uint32) seq.Range {
	return seq.Range{Start: seq.New(start), End: seq.New(end)}
}

func withBlocks(o Options, blocks ...seq.Range) Options {
	o.NumSACK = uint8(copy(o.SACK[:], blocks))
	return o
}

// validList is one option of each kind.
var validList = []byte{
	2, 4, 0x05, 0xb4, // MSS 1460
	4, 2, // SACK permitted
	8, 10, 0, 0, 0, 7, 0, 0, 0, 9, // timestamps 7, 9
	1,       // no-op
	3, 3, 7, // window scale 7
	5, 10, 0, 0, 0, 1, 0, 0, 0, 5, // one SACK block [1, 5)
}

var validOptions = withBlocks(Options{
	MSS: 1460, SACKPermitted: true,
	HasTimestamps: true, TSVal: 7, TSEcr: 9,
	HasWindowScale: true, WindowScale: 7,
}, block(1, 5))

func TestParseOptions(t *testing.T) {
	for _, test := range []struct {
		name string
		in   []byte
		want Options
	}{
		{"empty", nil, Options{}},
		{"padding of zeros", []byte{0, 0, 0, 0}, Options{}},
		{"padding of no-ops", []byte{1, 1, 1, 1}, Options{}},
		{"valid list", validList, validOptions},

		{"MSS", []byte{2, 4, 0xff, 0xff}, Options{MSS: 65535}},
		{"MSS length 3", []byte{2, 3, 5, 3, 3, 7}, Options{}},
		{"MSS length 5", []byte{2, 5, 5, 0xb4, 0, 3, 3, 7}, Options{}},
		{"MSS length 0", []byte{2, 0, 5, 0xb4}, Options{}},
		{"MSS length 255", []byte{2, 255, 5, 0xb4}, Options{}},
		{"MSS cut short", []byte{2, 4, 5}, Options{}},
		{"MSS twice", []byte{2, 4, 0, 1, 2, 4, 0, 2}, Options{MSS: 2}},

		{"window scale", []byte{3, 3, 14}, Options{HasWindowScale: true, WindowScale: 14}},
		{"window scale 0", []byte{3, 3, 0}, Options{HasWindowScale: true}},
		{"window scale 255", []byte{3, 3, 255}, Options{HasWindowScale: true, WindowScale: 255}},
		{"window scale length 2", []byte{3, 2, 7, 0}, Options{}},
		{"window scale length 4", []byte{3, 4, 7, 0}, Options{}},

		{"SACK permitted", []byte{4, 2}, Options{SACKPermitted: true}},
		{"SACK permitted length 3", []byte{4, 3, 0}, Options{}},

		{"timestamps", []byte{8, 10, 1, 2, 3, 4, 5, 6, 7, 8},
			Options{HasTimestamps: true, TSVal: 0x01020304, TSEcr: 0x05060708}},
		{"timestamps length 9", []byte{8, 9, 1, 2, 3, 4, 5, 6, 7, 8}, Options{}},
		{"timestamps cut short", []byte{8, 10, 1, 2, 3, 4, 5, 6, 7}, Options{}},

		{"SACK across the wrap", []byte{5, 10, 0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 5},
			withBlocks(Options{}, block(0xfffffffe, 5))},
		{"SACK, two blocks", []byte{5, 18, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4},
			withBlocks(Options{}, block(1, 2), block(3, 4))},
		{"SACK without blocks", []byte{5, 2, 3, 3, 7}, Options{}},
		{"SACK length 9", []byte{5, 9, 0, 0, 0, 1, 0, 0, 0, 5}, Options{}},
		{"SACK length 11", []byte{5, 11, 0, 0, 0, 1, 0, 0, 0, 5, 0}, Options{}},
		{"SACK twice, the last counts", []byte{5, 10, 0, 0, 0, 1, 0, 0, 0, 2, 5, 10, 0, 0, 0, 3, 0, 0, 0, 4},
			withBlocks(Options{}, block(3, 4))},
		{"SACK with more blocks than a header has room for", append([]byte{5, 42}, bytes.Repeat([]byte{0, 0, 0, 1, 0, 0, 0, 2}, 5)...),
			withBlocks(Options{}, block(1, 2), block(1, 2), block(1, 2), block(1, 2))},

		{"the end of the list stops", []byte{2, 4, 5, 0xb4, 0, 3, 3, 7}, Options{MSS: 1460}},
		{"a bogus length stops", []byte{2, 4, 5, 0xb4, 254, 200, 1, 3, 3, 7}, Options{MSS: 1460}},
		{"a zero length stops", []byte{2, 4, 5, 0xb4, 254, 0, 3, 3, 7}, Options{MSS: 1460}},
		{"a length of one stops", []byte{2, 4, 5, 0xb4, 254, 1, 3, 3, 7}, Options{MSS: 1460}},
		{"a kind without a length stops", []byte{2, 4, 5, 0xb4, 254}, Options{MSS: 1460}},
		{"an unknown kind is skipped", []byte{254, 4, 9, 9, 3, 3, 7}, Options{HasWindowScale: true, WindowScale: 7}},
		{"an unknown kind without data is skipped", []byte{253, 2, 3, 3, 7}, Options{HasWindowScale: true, WindowScale: 7}},
		{"an unknown kind ends the list", []byte{3, 3, 7, 254, 3, 0}, Options{HasWindowScale: true, WindowScale: 7}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := validOptions // Parse replaces what is there
			got.Parse(test.in)
			if d := diffOptions(test.want, got); d != "" {
				t.Errorf("Parse(% x) (-want +got):\n%s", test.in, d)
			}
		})
	}
}

// TestParseOptionsTruncated cuts the valid list at every byte: what is whole
// counts, and nothing else does.
func TestParseOptionsTruncated(t *testing.T) {
	for n := range validList {
		var want Options
		if n >= 4 {
			want.MSS = 1460
		}
		if n >= 6 {
			want.SACKPermitted = true
		}
		if n >= 16 {
			want.HasTimestamps, want.TSVal, want.TSEcr = true, 7, 9
		}
		if n >= 20 {
			want.HasWindowScale, want.WindowScale = true, 7
		}
		var got Options
		got.Parse(validList[:n:n])
		if d := diffOptions(want, got); d != "" {
			t.Errorf("the first %d bytes (-want +got):\n%s", n, d)
		}
	}
}

// TestParseRandomOptions feeds what no peer of good will sends: 64 bytes of
// noise, many times, and noise that begins like an option.
func TestParseRandomOptions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	kinds := []byte{0, 1, 2, 3, 4, 5, 8, 14, 19, 28, 34, 69, 253, 254}
	b := make([]byte, 64)
	for i := range 20000 {
		for j := range b {
			b[j] = byte(rng.Uint32())
			if i%2 == 0 && rng.IntN(3) == 0 {
				b[j] = kinds[rng.IntN(len(kinds))]
			}
		}
		var o Options
		o.Parse(b)
		checkOptions(t, &o)
	}
}

// checkOptions checks what holds for all options that were parsed: they are in
// range, and survive being marshalled and parsed again.
func checkOptions(t *testing.T, o *Options) {
	t.Helper()
	if int(o.NumSACK) > MaxSACKBlocks {
		t.Fatalf("%d SACK blocks", o.NumSACK)
	}
	if !o.HasWindowScale && o.WindowScale != 0 || !o.HasTimestamps && (o.TSVal != 0 || o.TSEcr != 0) {
		t.Fatalf("a value without its option: %+v", o)
	}
	n := o.Len()
	if n%4 != 0 {
		t.Fatalf("Len() = %d", n)
	}
	out := make([]byte, n+1)
	out[n] = 0xa5
	if got := o.Marshal(out); got != n || out[n] != 0xa5 {
		t.Fatalf("Marshal wrote %d bytes, Len is %d", got, n)
	}
	var back Options
	back.Parse(out[:n])
	if n > MaxOptionsLen {
		t.Fatalf("Len() = %d, more than a header has room for", n)
	}
	if d := diffOptions(fitted(*o), back); d != "" {
		t.Fatalf("options through % x (-before +after):\n%s", out[:n], d)
	}
}

// TestMarshalOptions checks every combination of options, byte by byte where
// the padding matters, and each round trip.
func TestMarshalOptions(t *testing.T) {
	for _, test := range []struct {
		name string
		in   Options
		want []byte
	}{
		{"none", Options{}, []byte{}},
		{"MSS", Options{MSS: 1460}, []byte{2, 4, 5, 0xb4}},
		{"window scale, padded", Options{HasWindowScale: true, WindowScale: 7}, []byte{1, 3, 3, 7}},
		{"SACK permitted, padded", Options{SACKPermitted: true}, []byte{1, 1, 4, 2}},
		{"timestamps, padded", Options{HasTimestamps: true, TSVal: 1, TSEcr: 2},
			[]byte{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2}},
		{"timestamps and SACK permitted, without padding", Options{HasTimestamps: true, TSVal: 1, TSEcr: 2, SACKPermitted: true},
			[]byte{4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2}},
		{"SACK, padded", withBlocks(Options{}, block(1, 5)),
			[]byte{1, 1, 5, 10, 0, 0, 0, 1, 0, 0, 0, 5}},
		{"all of a SYN", Options{MSS: 1460, HasWindowScale: true, WindowScale: 7, SACKPermitted: true, HasTimestamps: true, TSVal: 1},
			[]byte{2, 4, 5, 0xb4, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7}},
		{"timestamps and three blocks fill a header", withBlocks(Options{HasTimestamps: true, TSVal: 1, TSEcr: 2}, block(1, 2), block(3, 4), block(5, 6)),
			[]byte{1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2, 1, 1, 5, 26,
				0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0, 6}},
	} {
		t.Run(test.name, func(t *testing.T) {
			out := make([]byte, MaxOptionsLen)
			n := test.in.Marshal(out)
			if !bytes.Equal(out[:n], test.want) {
				t.Errorf("Marshal: % x, want % x", out[:n], test.want)
			}
			if test.in.Len() != len(test.want) {
				t.Errorf("Len() = %d, want %d", test.in.Len(), len(test.want))
			}
			checkOptions(t, &test.in)
		})
	}
}

// TestOptionsRoundTrip marshals and parses every set of options, with every
// number of SACK blocks.
func TestOptionsRoundTrip(t *testing.T) {
	for set := range 16 {
		for n := range MaxSACKBlocks + 1 {
			var o Options
			if set&1 != 0 {
				o.MSS = 536
			}
			if set&2 != 0 {
				o.HasWindowScale, o.WindowScale = true, 14
			}
			o.SACKPermitted = set&4 != 0
			if set&8 != 0 {
				o.HasTimestamps, o.TSVal, o.TSEcr = true, 1<<31, 1<<32-1
			}
			for i := range n {
				o.SACK[i] = block(uint32(i)*100, uint32(i)*100+50)
			}
			o.NumSACK = uint8(n)
			checkOptions(t, &o)
		}
	}
}

// fitted returns o without the SACK blocks that Marshal leaves out: our padding
// may need the room that a peer's tighter order of options left for them.
func fitted(o Options) Options {
	for o.NumSACK > 0 && o.fixedLen()+4+int(o.NumSACK)*lenSACKBlock > MaxOptionsLen {
		o.NumSACK--
		o.SACK[o.NumSACK] = seq.Range{}
	}
	return o
}
