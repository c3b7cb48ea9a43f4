// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/link/ethernet"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
)

const (
	nic = 1
	// queue is how many frames wait for the wire: more than a connection may have
	// in flight, so that none is lost, as none is on the gateway's side.
	queue = 1 << 13
)

// newGuest returns the stack of a machine whose network card is plugged into
// wire. QEMU's protocol is spoken there: frames, each after its length.
func newGuest(wire net.Conn) (*stack.Stack, error) {
	mac, err := net.ParseMAC(guestMAC)
	if err != nil {
		return nil, err
	}
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{tcp.NewProtocol},
	})
	card := channel.New(queue, mtu+header.EthernetMinimumSize, tcpip.LinkAddress(mac))
	if err := s.CreateNIC(nic, ethernet.New(card)); err != nil {
		return nil, errors.New(err.String())
	}
	if err := s.AddProtocolAddress(nic, tcpip.ProtocolAddress{
		Protocol:          ipv4.ProtocolNumber,
		AddressWithPrefix: address(guestIP).WithPrefix(),
	}, stack.AddressProperties{}); err != nil {
		return nil, errors.New(err.String())
	}
	s.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, Gateway: address(gatewayIP), NIC: nic}})
	go func() { log.Fatal("sending frames: ", send(wire, card)) }()
	go func() { log.Fatal("receiving frames: ", receive(wire, card)) }()
	return s, nil
}

func address(s string) tcpip.Address { return tcpip.AddrFrom4Slice(net.ParseIP(s).To4()) }

// send writes to the wire what the card has. It has a goroutine of its own: one
// that delivered frames and waited for the wire could wait for the gateway, which
// does both in one.
func send(wire io.Writer, card *channel.Endpoint) error {
	frame := make([]byte, 4, 4+mtu+header.EthernetMinimumSize)
	for {
		pkt := card.ReadContext(context.Background())
		frame = frame[:4]
		for _, part := range pkt.AsSlices() {
			frame = append(frame, part...)
		}
		pkt.DecRef()
		binary.BigEndian.PutUint32(frame, uint32(len(frame)-4))
		if _, err := wire.Write(frame); err != nil {
			return err
		}
	}
}

// receive gives to the card what comes from the wire.
func receive(wire io.Reader, card *channel.Endpoint) error {
	r := bufio.NewReaderSize(wire, 1<<16)
	for {
		var size [4]byte
		if _, err := io.ReadFull(r, size[:]); err != nil {
			return err
		}
		frame := make([]byte, binary.BigEndian.Uint32(size[:]))
		if _, err := io.ReadFull(r, frame); err != nil {
			return err
		}
		pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(frame)})
		card.InjectInbound(0, pkt) // the type of what is in a frame is in the frame
		pkt.DecRef()
	}
}
