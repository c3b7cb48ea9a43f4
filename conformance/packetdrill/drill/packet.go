// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/header"

	"tcpcb/conformance/packetdrill/script"
)

// packet is one that was sent, in the script's terms as far as it is mapped.
type packet struct {
	at       time.Duration
	v6       bool
	src, dst netip.AddrPort
	tos, ttl uint8
	flow     uint32
	tcp      *script.TCP // nil where it is no TCP
	payload  []byte
	// icmpType and icmpCode are those of a message.
	icmp               bool
	icmpType, icmpCode uint8
	// cut tells that the packet is what is left of one whose head was matched.
	cut bool
	// news tells that it acknowledges, or opens the window, beyond all before it;
	// shrinks that it takes back some of the window; answers that something came in
	// before it that cannot be accepted; old that it begins where something was
	// sent before.
	news, shrinks, answers, old bool
}

// end returns the sequence number after the packet's, its FIN counted.
func (p *packet) end() uint32 { return p.tcp.Seq + span(p.tcp) }

// span returns how much of the sequence space a segment takes (RFC 9293,
// section 3.4).
func span(t *script.TCP) uint32 {
	n := uint32(t.Len)
	if t.Flags&script.FIN != 0 {
		n++
	}
	return n
}

// String returns the packet as scripts write it.
func (p *packet) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%.6f > ", p.at.Seconds())
	if ecn := p.tos & 3; ecn != 0 {
		fmt.Fprintf(&b, "[%s] ", [...]string{"", "ect1", "ect0", "ce"}[ecn])
	}
	switch {
	case p.tcp != nil:
		b.WriteString(p.tcp.String())
	case p.icmp:
		fmt.Fprintf(&b, "icmp type_%d code_%d", p.icmpType, p.icmpCode)
	default:
		b.WriteString("neither TCP nor ICMP")
	}
	return b.String()
}

// parsePacket reads an IP packet.
func parsePacket(b []byte, at time.Duration) (*packet, error) {
	p := &packet{at: at}
	var proto uint8
	switch header.IPVersion(b) {
	case header.IPv4Version:
		h := header.IPv4(b)
		if !h.IsValid(len(b)) || !h.IsChecksumValid() {
			return nil, fmt.Errorf("a packet with a bad IPv4 header or checksum was sent")
		}
		p.src = netip.AddrPortFrom(netip.AddrFrom4(h.SourceAddress().As4()), 0)
		p.dst = netip.AddrPortFrom(netip.AddrFrom4(h.DestinationAddress().As4()), 0)
		p.tos, _ = h.TOS()
		p.ttl, proto, b = h.TTL(), h.Protocol(), h.Payload()
	case header.IPv6Version:
		h := header.IPv6(b)
		if !h.IsValid(len(b)) {
			return nil, fmt.Errorf("a packet with a bad IPv6 header was sent")
		}
		p.v6 = true
		p.src = netip.AddrPortFrom(netip.AddrFrom16(h.SourceAddress().As16()), 0)
		p.dst = netip.AddrPortFrom(netip.AddrFrom16(h.DestinationAddress().As16()), 0)
		p.tos, p.flow = h.TOS()
		p.ttl, proto, b = h.HopLimit(), h.NextHeader(), h.Payload()
	default:
		return nil, fmt.Errorf("what was sent is no IP packet")
	}
	switch {
	case proto == uint8(header.TCPProtocolNumber):
		return p, p.parseTCP(b)
	case (proto == uint8(header.ICMPv4ProtocolNumber) || proto == uint8(header.ICMPv6ProtocolNumber)) && len(b) >= 4:
		p.icmp, p.icmpType, p.icmpCode = true, b[0], b[1]
	}
	return p, nil
}

// parseTCP reads a segment, whose checksum must be right.
func (p *packet) parseTCP(b []byte) error {
	h := header.TCP(b)
	if len(b) < header.TCPMinimumSize || int(h.DataOffset()) < header.TCPMinimumSize || int(h.DataOffset()) > len(b) {
		return fmt.Errorf("a segment with a bad header was sent")
	}
	if !h.IsChecksumValid(tcpipAddr(p.src.Addr()), tcpipAddr(p.dst.Addr()), tcpPayloadSum(h), uint16(len(h.Payload()))) {
		return fmt.Errorf("a segment with a bad checksum was sent")
	}
	p.src = netip.AddrPortFrom(p.src.Addr(), h.SourcePort())
	p.dst = netip.AddrPortFrom(p.dst.Addr(), h.DestinationPort())
	p.payload = h.Payload()
	p.tcp = &script.TCP{
		// The flags are the lower 9 bits of bytes 12 and 13.
		Flags: script.Flags(binary.BigEndian.Uint16(b[12:]) & 0x1ff),
		Seq:   h.SequenceNumber(), Ack: h.AckNumber(), Len: len(p.payload),
		Win: h.WindowSize(), HasWin: true, Urgent: h.UrgentPointer(),
	}
	var err error
	p.tcp.Options, err = script.ParseOptions(h.Options())
	return err
}
