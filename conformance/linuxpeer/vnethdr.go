// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// vnetHdrLen is the length in bytes of struct virtio_net_hdr, which precedes
// each packet of a TUN device with offload.
const vnetHdrLen = 10

// putVNetHdr writes the header of an outbound packet: what of segmentation and
// checksum is left to the kernel. On a TUN device it is in native byte order,
// and the transport's header is at the IP header's length.
func putVNetHdr(b *[vnetHdrLen]byte, pkt *stack.PacketBuffer) {
	*b = [vnetHdrLen]byte{}
	gso := &pkt.GSOOptions
	if gso.Type == stack.GSONone {
		return
	}
	order := binary.NativeEndian
	order.PutUint16(b[2:], uint16(pkt.HeaderSize()))
	if gso.NeedsCsum {
		b[0] = unix.VIRTIO_NET_HDR_F_NEEDS_CSUM
		order.PutUint16(b[6:], gso.L3HdrLen)
		order.PutUint16(b[8:], gso.CsumOffset)
	}
	if pkt.Data().Size() <= int(gso.MSS) {
		return
	}
	b[1] = unix.VIRTIO_NET_HDR_GSO_TCPV4
	if gso.Type == stack.GSOTCPv6 {
		b[1] = unix.VIRTIO_NET_HDR_GSO_TCPV6
	}
	// Congestion Window Reduced is for the first segment alone (RFC 3168
	// section 6.1.2).
	tcp := header.TCP(pkt.TransportHeader().Slice())
	if len(tcp) >= header.TCPMinimumSize && tcp.Flags().Contains(header.TCPFlagCwr) {
		b[1] |= unix.VIRTIO_NET_HDR_GSO_ECN
	}
	order.PutUint16(b[4:], gso.MSS)
}
