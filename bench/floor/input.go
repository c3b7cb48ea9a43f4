// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package floor

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/ports"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"
)

var netProtos = []tcpip.NetworkProtocolNumber{header.IPv4ProtocolNumber}

// sumWith adds the packet's text to a checksum.
func sumWith(sum uint16, pkt *stack.PacketBuffer) uint16 {
	return checksum.Combine(sum, pkt.Data().Checksum())
}

// valid reports whether the packet's checksum is right. A device that offloads
// has looked at it.
func valid(h header.TCP, pkt *stack.PacketBuffer) bool {
	if pkt.RXChecksumValidated {
		return true
	}
	net := header.IPv4(pkt.NetworkHeader().Slice())
	sum := header.PseudoHeaderChecksum(header.TCPProtocolNumber, net.SourceAddress(), net.DestinationAddress(), uint16(len(h)+pkt.Data().Size()))
	return h.CalculateChecksum(sumWith(sum, pkt)) == 0xffff
}

// HandlePacket implements stack.TransportEndpoint.
func (e *endpoint) HandlePacket(id stack.TransportEndpointID, pkt *stack.PacketBuffer) {
	h := header.TCP(pkt.TransportHeader().Slice())
	if len(h) < header.TCPMinimumSize || !valid(h, pkt) {
		return // and the next one finds a gap
	}
	flags, size := h.Flags(), pkt.Data().Size()
	switch {
	case flags&header.TCPFlagSyn != 0:
		e.arrive(id, pkt)
	case size == 0 && flags&header.TCPFlagFin == 0:
		e.acked.Store(h.AckNumber())
		e.tellRoom()
	default:
		e.handleText(h, pkt, size)
	}
}

// tellRoom wakes the writer where it waits and half the window is free.
func (e *endpoint) tellRoom() {
	if e.wantRoom.Load() && e.room() >= e.window/2 && e.wantRoom.Swap(false) {
		e.wq.Notify(waiter.WritableEvents)
	}
}

func (e *endpoint) handleText(h header.TCP, pkt *stack.PacketBuffer, size int) {
	e.mu.Lock()
	wake := e.waiting
	switch {
	case e.closed || e.listening || e.ended || e.broken:
		wake = false
	case h.SequenceNumber() != e.rcvNxt:
		e.broken = true
	case h.Flags()&header.TCPFlagFin != 0:
		e.ended = true
	default:
		e.rcvNxt += uint32(size)
		e.came = append(e.came, arrival{pkt.IncRef(), weightOf(size)})
	}
	if wake {
		e.waiting = false
	}
	e.mu.Unlock()
	if wake {
		e.wq.Notify(waiter.ReadableEvents)
	}
}

// arrive makes the connection that a listener's first packet tells of.
func (e *endpoint) arrive(id stack.TransportEndpointID, pkt *stack.PacketBuffer) {
	e.mu.Lock()
	listening := e.listening
	e.mu.Unlock()
	if !listening {
		return
	}
	r, err := e.proto.stack.FindRoute(pkt.NICID, id.LocalAddress, id.RemoteAddress, header.IPv4ProtocolNumber, false)
	if err != nil {
		return
	}
	c := newEndpoint(e.proto, new(waiter.Queue))
	c.open(r)
	if err := c.register(id); err != nil {
		c.Close()
		return
	}
	e.mu.Lock()
	e.backlog = append(e.backlog, c)
	e.mu.Unlock()
	e.wq.Notify(waiter.ReadableEvents)
}

// register has the packets of id handed to e.
func (e *endpoint) register(id stack.TransportEndpointID) tcpip.Error {
	err := e.proto.stack.RegisterTransportEndpoint(netProtos, header.TCPProtocolNumber, id, e, ports.Flags{}, 0)
	if err != nil {
		return err
	}
	e.sending.Lock()
	e.id = id
	e.sending.Unlock()
	e.mu.Lock()
	e.registered = true
	e.mu.Unlock()
	return nil
}

// HandleError implements stack.TransportEndpoint: there is nobody to tell.
func (*endpoint) HandleError(stack.TransportError, *stack.PacketBuffer) {}

// Wait implements stack.TransportEndpoint: no goroutine is waited for.
func (*endpoint) Wait() {}
