// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import (
	"encoding/binary"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// transportPart is where a whole IP packet keeps its transport segment.
type transportPart struct {
	protocol   tcpip.TransportProtocolNumber
	segment    []byte // header and payload, without any padding of the link
	sumAt      int    // offset of the checksum in segment
	src, dst   tcpip.Address
	zeroIsNone bool // RFC 768: a UDP checksum of zero over IPv4 is none at all
}

// findTransport returns the TCP segment or UDP datagram in the IP packet b. It
// returns false for anything else, for fragments and for what is malformed.
func findTransport(b []byte) (transportPart, bool) {
	var t transportPart
	switch header.IPVersion(b) {
	case header.IPv4Version:
		ip := header.IPv4(b)
		if !ip.IsValid(len(b)) || ip.More() || ip.FragmentOffset() != 0 {
			return t, false
		}
		t.protocol = ip.TransportProtocol()
		t.segment = b[ip.HeaderLength():ip.TotalLength()]
		t.src, t.dst, t.zeroIsNone = ip.SourceAddress(), ip.DestinationAddress(), true
	case header.IPv6Version:
		ip := header.IPv6(b)
		if !ip.IsValid(len(b)) {
			return t, false
		}
		at, protocol, ok := skipExtensions(b, ip.NextHeader())
		end := header.IPv6MinimumSize + int(ip.PayloadLength())
		if !ok || at > end {
			return t, false
		}
		t.protocol, t.segment = tcpip.TransportProtocolNumber(protocol), b[at:end]
		t.src, t.dst = ip.SourceAddress(), ip.DestinationAddress()
	default:
		return t, false
	}
	switch t.protocol {
	case header.TCPProtocolNumber:
		t.sumAt, t.zeroIsNone = header.TCPChecksumOffset, false
		return t, len(t.segment) >= header.TCPMinimumSize
	case header.UDPProtocolNumber:
		t.sumAt = 6 // RFC 768
		return t, len(t.segment) >= header.UDPMinimumSize
	}
	return t, false
}

// skipExtensions returns the offset and the number of the first header after
// the extension headers that have a length in units of eight bytes: hop-by-hop
// options, routing and destination options (RFC 8200, section 4).
func skipExtensions(b []byte, next uint8) (int, uint8, bool) {
	at := header.IPv6MinimumSize
	for next == 0 || next == 43 || next == 60 {
		if at+8 > len(b) {
			return 0, 0, false
		}
		next, at = b[at], at+8+8*int(b[at+1])
	}
	return at, next, at <= len(b)
}

// sum is the ones-complement sum over pseudo-header and segment.
func (t *transportPart) sum() uint16 {
	pseudo := header.PseudoHeaderChecksum(t.protocol, t.src, t.dst, uint16(len(t.segment)))
	return checksum.Checksum(t.segment, pseudo)
}

// completeChecksum writes the transport checksum that the sender left to the
// device into the IP packet b (RFC 9293, section 3.1; RFC 768). What is neither
// TCP nor UDP stays as it is.
func completeChecksum(b []byte) {
	t, ok := findTransport(b)
	if !ok {
		return
	}
	field := t.segment[t.sumAt : t.sumAt+2]
	clear(field)
	sum := ^t.sum()
	if sum == 0 && t.protocol == header.UDPProtocolNumber {
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(field, sum)
}

// checksumValid reports whether the IP packet b carries a right transport
// checksum, or none that could be looked at.
func checksumValid(b []byte) bool {
	t, ok := findTransport(b)
	if !ok {
		return true
	}
	if t.zeroIsNone && binary.BigEndian.Uint16(t.segment[t.sumAt:]) == 0 {
		return true
	}
	return t.sum() == 0xffff
}
