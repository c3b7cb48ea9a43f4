// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package adapter

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
)

// Verdict is what ParseSegment found.
type Verdict uint8

const (
	// Malformed: there is no TCP header, or its data offset is wrong.
	Malformed Verdict = iota
	// BadChecksum: the header is well formed, and the checksum is wrong.
	BadChecksum
	// OK: the segment is there.
	OK
)

// String names the verdict.
func (v Verdict) String() string {
	switch v {
	case Malformed:
		return "malformed"
	case BadChecksum:
		return "bad checksum"
	case OK:
		return "ok"
	}
	return "unknown verdict"
}

// ParseSegment is ParseHeader and TakeText in one.
func ParseSegment(pkt *stack.PacketBuffer, in *engine.Segment) Verdict {
	b := pkt.TransportHeader().Slice()
	if v := parseHeader(b, in); v != OK {
		return v
	}
	return takeText(pkt, b, in)
}

// ParseHeader reads the header of the packet, whose network and transport headers
// were consumed, into in, which holds no text yet. Nothing vouches for the header
// before TakeText was called.
func ParseHeader(pkt *stack.PacketBuffer, in *engine.Segment) Verdict {
	return parseHeader(pkt.TransportHeader().Slice(), in)
}

// TakeText completes in, which ParseHeader has read from pkt. The checksum is verified
// over header, payload and pseudo-header (RFC 9293, section 3.1, MUST-3), unless the
// link or the stack vouched for it. The ECN field is that of the IP header. On OK,
// in.Payload holds the payload by reference, and the caller owns it; otherwise it is
// empty, and the rest of in is not to be used.
//
// The packet's headers should not be read afterwards: netstack copies a shared
// chunk whenever it is asked for a header in it.
func TakeText(pkt *stack.PacketBuffer, in *engine.Segment) Verdict {
	return takeText(pkt, pkt.TransportHeader().Slice(), in)
}

// parseHeader is ParseHeader, of the transport header b.
func parseHeader(b []byte, in *engine.Segment) Verdict {
	in.Payload.Release()
	in.GSOSize, in.Retransmission = 0, false
	if n, err := in.Header.Parse(b); err != nil || n != len(b) {
		return Malformed
	}
	return OK
}

// takeText is TakeText, with the transport header b.
func takeText(pkt *stack.PacketBuffer, b []byte, in *engine.Segment) Verdict {
	size := pkt.Data().Size()
	net := pkt.NetworkHeader().Slice()
	in.ECN = codepoint(net)
	if !pkt.RXChecksumValidated {
		src, dst, ok := addresses(pkt.NetworkProtocolNumber, net)
		if !ok {
			return Malformed
		}
		if !header.TCP(b).IsChecksumValid(src, dst, pkt.Data().Checksum(), uint16(size)) {
			return BadChecksum
		}
	}
	if size > 0 {
		in.Payload = pkt.Data().ToBuffer()
	}
	return OK
}

// codepoint returns the ECN field of the IP header in b (RFC 3168, section 5): the
// low bits of the type of service or of the traffic class (section 23.1).
func codepoint(b []byte) engine.Codepoint {
	switch {
	case len(b) < 2:
		return engine.NotECT
	case header.IPVersion(b) == header.IPv6Version:
		return engine.Codepoint(b[1] >> 4 & ecnMask)
	}
	return engine.Codepoint(b[1] & ecnMask)
}

// addresses returns the source and destination in the network header b, and
// whether there is one. PacketBuffer.Network would allocate an interface for
// each packet.
func addresses(proto tcpip.NetworkProtocolNumber, b []byte) (src, dst tcpip.Address, ok bool) {
	switch {
	case proto == header.IPv4ProtocolNumber && len(b) >= header.IPv4MinimumSize:
		ip := header.IPv4(b)
		return ip.SourceAddress(), ip.DestinationAddress(), true
	case proto == header.IPv6ProtocolNumber && len(b) >= header.IPv6MinimumSize:
		ip := header.IPv6(b)
		return ip.SourceAddress(), ip.DestinationAddress(), true
	}
	return src, dst, false
}
