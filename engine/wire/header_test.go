// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"errors"
	"testing"

	"tcpcb/engine/seq"
)

var plainHeader = Header{
	SrcPort: 0x1234, DstPort: 80,
	Seq: seq.New(0xfffffff0), Ack: seq.New(1 << 31),
	Flags: ACK | PSH, Window: 0xabcd, Checksum: 0xbeef, Urgent: 7,
}

var plainBytes = []byte{
	0x12, 0x34, 0, 80,
	0xff, 0xff, 0xff, 0xf0,
	0x80, 0, 0, 0,
	0x50, 0x18, 0xab, 0xcd,
	0xbe, 0xef, 0, 7,
}

func TestHeaderBytes(t *testing.T) {
	b := make([]byte, MaxHeaderLen)
	if n := plainHeader.Marshal(b); n != MinHeaderLen || !bytes.Equal(b[:n], plainBytes) {
		t.Errorf("Marshal: % x, want % x", b[:n], plainBytes)
	}
	var h Header
	n, err := h.Parse(plainBytes)
	if err != nil || n != MinHeaderLen || h != plainHeader {
		t.Errorf("Parse = %d, %v: %+v, want %+v", n, err, h, plainHeader)
	}
}

func TestHeaderParse(t *testing.T) {
	withOffset := func(words byte, extra ...byte) []byte {
		b := append(bytes.Clone(plainBytes), extra...)
		b[offDataOff] = words << 4
		return b
	}
	noOps := bytes.Repeat([]byte{1}, MaxOptionsLen)
	for _, test := range []struct {
		name string
		in   []byte
		n    int
		err  error
		mss  uint16
	}{
		{"empty", nil, 0, ErrTruncated, 0},
		{"19 bytes", plainBytes[:19], 0, ErrTruncated, 0},
		{"data offset 0", withOffset(0), 0, ErrDataOffset, 0},
		{"data offset 4", withOffset(4), 0, ErrDataOffset, 0},
		{"data offset beyond the segment", withOffset(6), 0, ErrTruncated, 0},
		{"data offset beyond the segment by a byte", withOffset(6, 2, 4, 5), 0, ErrTruncated, 0},
		{"data offset 15", withOffset(15, noOps...), 60, nil, 0},
		{"data offset 15, cut short", withOffset(15, noOps[:39]...), 0, ErrTruncated, 0},
		{"options", withOffset(6, 2, 4, 5, 0xb4), 24, nil, 1460},
		{"a payload that looks like options", withOffset(5, 2, 4, 5, 0xb4), 20, nil, 0},
		{"options and a payload that looks like one", withOffset(6, 1, 1, 1, 2, 4, 5, 0xb4), 24, nil, 0},
		{"reserved bits are ignored", func() []byte { b := withOffset(5); b[offDataOff] |= 0xf; return b }(), 20, nil, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var h Header
			n, err := h.Parse(test.in)
			if n != test.n || !errors.Is(err, test.err) || h.Options.MSS != test.mss {
				t.Errorf("Parse = %d, %v, MSS %d, want %d, %v, MSS %d", n, err, h.Options.MSS, test.n, test.err, test.mss)
			}
		})
	}
}

// TestHeaderTruncated cuts a header with options at every byte.
func TestHeaderTruncated(t *testing.T) {
	h := plainHeader
	h.Options = Options{MSS: 1460, SACKPermitted: true, HasTimestamps: true, TSVal: 1, TSEcr: 2, HasWindowScale: true, WindowScale: 7}
	b := make([]byte, h.Len())
	h.Marshal(b)
	for n := range b {
		var got Header
		if _, err := got.Parse(b[:n:n]); !errors.Is(err, ErrTruncated) {
			t.Errorf("%d of %d bytes: error %v", n, len(b), err)
		}
	}
	var got Header
	if n, err := got.Parse(b); err != nil || n != len(b) || got != h {
		t.Errorf("the whole: %d, %v, %+v", n, err, got)
	}
}

func TestFlags(t *testing.T) {
	for _, test := range []struct {
		f    Flags
		want string
	}{
		{0, "none"}, {SYN, "S"}, {SYN | ACK, "S."}, {ACK, "."}, {FIN | ACK | PSH, "FP."},
		{RST, "R"}, {RST | ACK, "R."}, {0xff, "FSRP.UEW"}, {URG | ECE | CWR, "UEW"},
	} {
		if got := test.f.String(); got != test.want {
			t.Errorf("Flags(%#x) = %q, want %q", uint8(test.f), got, test.want)
		}
	}
	if !(SYN | ACK).Has(SYN) || (SYN).Has(SYN|ACK) || !(SYN).Any(SYN|ACK) || Flags(0).Any(0xff) || !Flags(0).Has(0) {
		t.Error("Has wants all bits, Any one of them")
	}
	for i, want := range []Flags{FIN, SYN, RST, PSH, ACK, URG, ECE, CWR} {
		if want != 1<<i {
			t.Errorf("flag %d is %#x", i, uint8(want))
		}
	}
}

func TestWindowScaled(t *testing.T) {
	for _, test := range []struct {
		w     Window
		shift uint8
		want  int
	}{{0, 14, 0}, {65535, 0, 65535}, {1, 14, 16384}, {65535, 14, 65535 << 14}} {
		if got := test.w.Scaled(test.shift); got != test.want {
			t.Errorf("%d scaled by %d is %d, want %d", test.w, test.shift, got, test.want)
		}
	}
}

// TestAllocations: neither direction allocates.
func TestAllocations(t *testing.T) {
	h := plainHeader
	h.Options = withBlocks(Options{HasTimestamps: true, TSVal: 1, TSEcr: 2}, block(1, 2), block(3, 4), block(5, 6))
	b := make([]byte, MaxHeaderLen)
	if n := testing.AllocsPerRun(100, func() {
		h.Marshal(b)
		if _, err := h.Parse(b); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations for a marshal and a parse", n)
	}
}
