// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"encoding/binary"
	"net/netip"
	"strconv"
	"strings"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"tcpcb/conformance/packetdrill/script"
)

// defaultTTL is that of packets in whose TTL the script does not name.
const defaultTTL = 64

// The numbers of ICMP.
const (
	icmp4 = header.ICMPv4ProtocolNumber
	icmp6 = header.ICMPv6ProtocolNumber
)

// tcpipAddr returns the address as netstack has it.
func tcpipAddr(a netip.Addr) tcpip.Address { return tcpip.AddrFromSlice(a.AsSlice()) }

// tcpPayloadSum returns the checksum of a segment's text.
func tcpPayloadSum(h header.TCP) uint16 { return checksum.Checksum(h.Payload(), 0) }

// buildIP returns an IP packet around the payload.
func buildIP(info script.IPInfo, src, dst netip.Addr, proto tcpip.TransportProtocolNumber, payload []byte) []byte {
	ttl, tos := uint8(defaultTTL), info.TOS
	if info.TTL != 0 {
		ttl = info.TTL
	}
	if src.Is6() {
		b := make([]byte, header.IPv6MinimumSize, header.IPv6MinimumSize+len(payload))
		h := header.IPv6(b)
		h.Encode(&header.IPv6Fields{
			TrafficClass: tos, FlowLabel: info.FlowLabel, PayloadLength: uint16(len(payload)),
			TransportProtocol: proto, HopLimit: ttl, SrcAddr: tcpipAddr(src), DstAddr: tcpipAddr(dst),
		})
		return append(b, payload...)
	}
	b := make([]byte, header.IPv4MinimumSize, header.IPv4MinimumSize+len(payload))
	h := header.IPv4(b)
	h.Encode(&header.IPv4Fields{
		TOS: tos, TotalLength: uint16(cap(b)), Flags: header.IPv4FlagDontFragment, TTL: ttl,
		Protocol: uint8(proto), SrcAddr: tcpipAddr(src), DstAddr: tcpipAddr(dst),
	})
	h.SetChecksum(^h.CalculateChecksum())
	return append(b, payload...)
}

// buildTCP returns a segment, its text all zeros, with its checksum.
func buildTCP(t *script.TCP, src, dst netip.AddrPort) []byte {
	var opts []byte
	for _, o := range t.Options {
		opts = o.Append(opts)
	}
	n := header.TCPMinimumSize + len(opts)
	b := make([]byte, n+t.Len)
	h := header.TCP(b)
	h.Encode(&header.TCPFields{
		SrcPort: src.Port(), DstPort: dst.Port(), SeqNum: t.Seq, AckNum: t.Ack,
		DataOffset: uint8(n), WindowSize: t.Win, UrgentPointer: t.Urgent,
	})
	binary.BigEndian.PutUint16(b[12:], uint16(n/4)<<12|uint16(t.Flags))
	copy(b[header.TCPMinimumSize:], opts)
	sum := header.PseudoHeaderChecksum(header.TCPProtocolNumber, tcpipAddr(src.Addr()), tcpipAddr(dst.Addr()), uint16(len(b)))
	h.SetChecksum(^checksum.Checksum(b, sum))
	return b
}

// icmpTypes are the types that scripts name, and the codes of each.
var icmpTypes4 = map[string]icmpType{
	"echo_reply": {0, nil}, "source_quench": {4, nil}, "redirect": {5, nil}, "echo_request": {8, nil},
	"time_exceeded": {11, nil}, "parameter_problem": {12, nil}, "timestamp_request": {13, nil},
	"timestamp_reply": {14, nil}, "information_request": {15, nil}, "information_reply": {16, nil},
	"address_mask_request": {17, nil}, "address_mask_reply": {18, nil},
	"unreachable": {3, map[string]uint8{
		"net_unreachable": 0, "host_unreachable": 1, "protocol_unreachable": 2, "port_unreachable": 3,
		"frag_needed": 4, "source_route_failed": 5, "net_unknown": 6, "host_unknown": 7, "host_isolated": 8,
		"net_prohibited": 9, "host_prohibited": 10, "net_unreachable_for_tos": 11, "host_unreachable_for_tos": 12,
		"packet_filtered": 13, "precedence_violation": 14, "precedence_cutoff": 15,
	}},
}

var icmpTypes6 = map[string]icmpType{
	"packet_too_big": {2, nil}, "echo_request": {128, nil}, "echo_reply": {129, nil},
	"unreachable": {1, map[string]uint8{
		"net_unreachable": 0, "no_route": 0, "admin_prohibited": 1, "not_neighbour": 2, "address_unreachable": 3,
		"port_unreachable": 4,
	}},
	"time_exceeded":     {3, map[string]uint8{"exceeded_hop_limit": 0, "exceeded_frag_time": 1}},
	"parameter_problem": {4, map[string]uint8{"header_field": 0, "unknown_next_header": 1, "unknown_option": 2}},
}

// icmpType is a type's number and the numbers of its codes.
type icmpType struct {
	number uint8
	codes  map[string]uint8
}

// icmpNumbers returns the type and the code that a script names.
func icmpNumbers(m *script.ICMP, v6 bool) (typ, code uint8, ok bool) {
	types := icmpTypes4
	if v6 {
		types = icmpTypes6
	}
	t, ok := types[m.Type]
	if !ok {
		if t.number, ok = numbered(m.Type, "type_"); !ok {
			return 0, 0, false
		}
	}
	if m.Code == "" {
		return t.number, 0, true
	}
	if code, ok = t.codes[m.Code]; !ok {
		code, ok = numbered(m.Code, "code_")
	}
	return t.number, code, ok
}

// numbered returns the number in type_3 or code_1.
func numbered(s, prefix string) (uint8, bool) {
	digits, ok := strings.CutPrefix(s, prefix)
	v, err := strconv.ParseUint(digits, 10, 8)
	return uint8(v), ok && err == nil
}

// icmpEchoed is how much of the packet's own payload a message shows.
const icmpEchoed = 8

// buildICMP returns a message about a segment from src to dst, whose sequence
// number is that of the wire.
func buildICMP(m *script.ICMP, typ, code uint8, seq uint32, src, dst netip.AddrPort, v6 bool) []byte {
	var echoed []byte
	textLen := 0
	if m.Echoed != nil {
		textLen = m.Echoed.Len
	}
	tcp := make([]byte, header.TCPMinimumSize+textLen)
	header.TCP(tcp).Encode(&header.TCPFields{SrcPort: src.Port(), DstPort: dst.Port(), SeqNum: seq, DataOffset: header.TCPMinimumSize})
	echoed = buildIP(script.IPInfo{}, src.Addr(), dst.Addr(), header.TCPProtocolNumber, tcp)
	echoed = echoed[:len(echoed)-len(tcp)+icmpEchoed]

	b := make([]byte, 8, 8+len(echoed))
	b[0], b[1] = typ, code
	if m.MTU >= 0 {
		if v6 {
			binary.BigEndian.PutUint32(b[4:], uint32(m.MTU))
		} else {
			binary.BigEndian.PutUint16(b[6:], uint16(m.MTU))
		}
	}
	b = append(b, echoed...)
	if v6 {
		h := header.ICMPv6(b)
		h.SetChecksum(header.ICMPv6Checksum(header.ICMPv6ChecksumParams{Header: h, Src: tcpipAddr(dst.Addr()), Dst: tcpipAddr(src.Addr())}))
		return b
	}
	h := header.ICMPv4(b)
	h.SetChecksum(header.ICMPv4Checksum(h, 0))
	return b
}
