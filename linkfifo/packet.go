// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import (
	"math/rand/v2"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// linear returns a private copy of the packet's bytes, in one piece.
func linear(pkt *stack.PacketBuffer) *buffer.View {
	v := buffer.NewViewSize(pkt.Size())
	buf := pkt.ToBuffer()
	_, _ = buf.ReadAt(v.AsSlice(), 0) // reports io.EOF when it has read all
	buf.Release()
	return v
}

// wrap makes a packet of the view, which it takes, for the protocol of old.
func wrap(v *buffer.View, old *stack.PacketBuffer) *stack.PacketBuffer {
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithView(v)})
	pkt.NetworkProtocolNumber = old.NetworkProtocolNumber
	return pkt
}

// corrupted returns a copy of the packet with bits flipped in its IP payload,
// or nil when it has none. A checksum still owed by the device is filled in
// first, as it would have been before the wire did harm.
func corrupted(r *rand.Rand, pkt *stack.PacketBuffer, bits int, owed bool) *stack.PacketBuffer {
	v := linear(pkt)
	b := v.AsSlice()
	at := ipHeaderLength(b)
	if at >= len(b) {
		v.Release()
		return nil
	}
	if owed {
		completeChecksum(b)
	}
	payload := b[at:]
	// Distinct bits, one in each of as many equal stretches, so that no two
	// flips undo each other.
	total := 8 * len(payload)
	bits = min(bits, total)
	for i := range bits {
		from, to := i*total/bits, (i+1)*total/bits
		bit := from + r.IntN(to-from)
		payload[bit/8] ^= 0x80 >> (bit % 8)
	}
	return wrap(v, pkt)
}

// ipHeaderLength returns the length of the first IP header of b, or zero when
// there is none.
func ipHeaderLength(b []byte) int {
	switch {
	case header.IPVersion(b) == header.IPv4Version && len(b) >= header.IPv4MinimumSize:
		return int(header.IPv4(b).HeaderLength())
	case header.IPVersion(b) == header.IPv6Version && len(b) >= header.IPv6MinimumSize:
		return header.IPv6MinimumSize
	}
	return 0
}

// Codepoints of the ECN field (RFC 3168, section 5).
const (
	ecnMask = 0b11
	ecnNone = 0b00
	ecnCE   = 0b11
)

// marked returns a copy of the packet with the congestion-experienced
// codepoint, or nil when its sender is not capable of ECN or it bears the mark
// already.
func marked(pkt *stack.PacketBuffer) *stack.PacketBuffer {
	v := linear(pkt)
	b := v.AsSlice()
	if !mark(b) {
		v.Release()
		return nil
	}
	out := wrap(v, pkt)
	out.GSOOptions = pkt.GSOOptions // a checksum still owed stays so
	return out
}

// mark sets the codepoint in the IP packet b and reports whether it changed.
func mark(b []byte) bool {
	if ipHeaderLength(b) == 0 {
		return false
	}
	if header.IPVersion(b) == header.IPv4Version {
		ip := header.IPv4(b)
		tos, _ := ip.TOS()
		if e := tos & ecnMask; e == ecnNone || e == ecnCE || int(ip.HeaderLength()) > len(b) {
			return false
		}
		ip.SetTOS(tos|ecnCE, 0)
		ip.SetChecksum(0)
		ip.SetChecksum(^ip.CalculateChecksum())
		return true
	}
	ip := header.IPv6(b)
	class, flow := ip.TOS()
	if e := class & ecnMask; e == ecnNone || e == ecnCE {
		return false
	}
	ip.SetTOS(class|ecnCE, flow)
	return true
}
