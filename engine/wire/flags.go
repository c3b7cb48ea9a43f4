// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package wire is the form of TCP on the wire: the header of RFC 9293, section
// 3.1, and the options of RFC 9293, 7323 and 2018, parsed from bytes and
// marshalled to them. It allocates nothing, and no input makes it panic.
package wire

// Flags are the control bits of a header (RFC 9293, section 3.1; ECE and CWR
// are those of RFC 3168).
type Flags uint8

// The control bits, with their values on the wire.
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// Has reports whether all bits of want are set in f.
func (f Flags) Has(want Flags) bool { return f&want == want }

// Any reports whether any bit of want is set in f.
func (f Flags) Any(want Flags) bool { return f&want != 0 }

// String names the set bits by tcpdump's letters, "." for ACK; "none" when
// none is set.
func (f Flags) String() string {
	const letters = "FSRP.UEW"
	if f == 0 {
		return "none"
	}
	s := make([]byte, 0, len(letters))
	for i := range letters {
		if f&(1<<i) != 0 {
			s = append(s, letters[i])
		}
	}
	return string(s)
}

// Window is the window field of a header as it stands there, before the window
// scale of RFC 7323 is applied. It is unsigned (RFC 9293, section 3.1, MUST-1), and
// what is computed with it has more bits (REC-1).
type Window uint16

// Scaled returns the window in bytes under a scale of shift bits.
func (w Window) Scaled(shift uint8) int { return int(w) << shift }
