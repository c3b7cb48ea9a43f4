// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"encoding/binary"

	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
)

// ICMP hands the stack an ICMPv4 error about a packet of its own, from the peer.
func (w *world) ICMP(about arrival, typ header.ICMPv4Type, code header.ICMPv4Code, mtu uint16) {
	w.note("< ICMP %d/%d about %s", typ, code, about)
	const quoted = header.IPv4MinimumSize + 8
	n := header.IPv4MinimumSize + header.ICMPv4MinimumSize + quoted
	b := make([]byte, n)
	encodeIP := func(b []byte, proto uint8, total int, ours bool) {
		f := header.IPv4Fields{TotalLength: uint16(total), TTL: 64, Protocol: proto, SrcAddr: peerAddr, DstAddr: stackAddr}
		if ours {
			f.SrcAddr, f.DstAddr = stackAddr, peerAddr
		}
		ip := header.IPv4(b)
		ip.Encode(&f)
		ip.SetChecksum(^ip.CalculateChecksum())
	}
	encodeIP(b, uint8(header.ICMPv4ProtocolNumber), n, false)
	icmp := header.ICMPv4(b[header.IPv4MinimumSize:])
	icmp.SetType(typ)
	icmp.SetCode(code)
	icmp.SetMTU(mtu)
	inner := icmp[header.ICMPv4MinimumSize:]
	encodeIP(inner, uint8(header.TCPProtocolNumber), header.IPv4MinimumSize+header.TCPMinimumSize+about.end-about.seq, true)
	tcp := inner[header.IPv4MinimumSize:]
	binary.BigEndian.PutUint16(tcp, about.flow.stack)
	binary.BigEndian.PutUint16(tcp[2:], about.flow.peer)
	binary.BigEndian.PutUint32(tcp[4:], about.flow.iss+uint32(about.seq))
	icmp.SetChecksum(^checksum.Checksum(icmp, 0))
	w.raw(ipv4.ProtocolNumber, b)
	w.settle()
}
