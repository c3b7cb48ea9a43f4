// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package floor is what any TCP over netstack must cost at least: packets of
// TCP's shape with valid checksums, through netstack's IPv4, one copy in and one
// copy out, and nothing of TCP itself.
//
// It takes the place of a TCP in a stack, so that the same work can be done with
// it and with a TCP. A stream is cut into packets with a header of 32 bytes, as
// TCP's with timestamps. The receiver verifies each checksum that the device has
// not, and sends one packet without text for every [AckEvery] packets that were
// read, or for every [AckEveryLarge] of [Large] bytes or more: netstack's TCP
// acknowledges about that rarely. What is under way is bounded by a fixed window.
//
// There is no loss recovery, no congestion control, no timer and no handshake: a
// connection exists once the first packet of it is sent. A packet that is lost
// ends it with an error. So this is for links that neither lose nor reorder, and
// whose queue takes a window, and for nothing but measuring.
package floor

import (
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/header/parse"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"
)

const (
	// AckEvery is how many packets that were read are acknowledged by one.
	AckEvery = 16
	// AckEveryLarge is the same of packets with at least Large bytes of text.
	AckEveryLarge = 4
	Large         = 16 << 10
	// Window is how many bytes of text may be under way, but for the packets
	// of minPackets, which always may.
	Window     = 1 << 20
	minPackets = 4 * AckEvery

	headerSize = header.TCPMinimumSize + header.TCPOptionTSLength + 2
	firstPort  = 16384
)

// protocol implements stack.TransportProtocol.
type protocol struct {
	stack *stack.Stack
	mu    sync.Mutex
	port  uint16 // of the next connection
}

// NewProtocol is a stack.TransportProtocolFactory, for IPv4.
func NewProtocol(s *stack.Stack) stack.TransportProtocol {
	return &protocol{stack: s, port: firstPort}
}

// nextPort returns a local port to try, from firstPort on.
func (p *protocol) nextPort() uint16 {
	p.mu.Lock()
	defer p.mu.Unlock()
	port := p.port
	if p.port++; p.port == 0 {
		p.port = firstPort
	}
	return port
}

// Number implements stack.TransportProtocol.
func (*protocol) Number() tcpip.TransportProtocolNumber { return header.TCPProtocolNumber }

// NewEndpoint implements stack.TransportProtocol.
func (p *protocol) NewEndpoint(net tcpip.NetworkProtocolNumber, wq *waiter.Queue) (tcpip.Endpoint, tcpip.Error) {
	if net != header.IPv4ProtocolNumber {
		return nil, &tcpip.ErrUnknownProtocol{}
	}
	return newEndpoint(p, wq), nil
}

// NewRawEndpoint implements stack.TransportProtocol: there is none.
func (*protocol) NewRawEndpoint(tcpip.NetworkProtocolNumber, *waiter.Queue) (tcpip.Endpoint, tcpip.Error) {
	return nil, &tcpip.ErrNotSupported{}
}

// MinimumPacketSize implements stack.TransportProtocol.
func (*protocol) MinimumPacketSize() int { return header.TCPMinimumSize }

// ParsePorts implements stack.TransportProtocol.
func (*protocol) ParsePorts(b []byte) (src, dst uint16, err tcpip.Error) {
	h := header.TCP(b)
	return h.SourcePort(), h.DestinationPort(), nil
}

// HandleUnknownDestinationPacket implements stack.TransportProtocol: what nobody
// waits for is dropped.
func (*protocol) HandleUnknownDestinationPacket(stack.TransportEndpointID, *stack.PacketBuffer) stack.UnknownDestinationPacketDisposition {
	return stack.UnknownDestinationPacketHandled
}

// SetOption implements stack.TransportProtocol: there is none.
func (*protocol) SetOption(tcpip.SettableTransportProtocolOption) tcpip.Error {
	return &tcpip.ErrUnknownProtocolOption{}
}

// Option implements stack.TransportProtocol: there is none.
func (*protocol) Option(tcpip.GettableTransportProtocolOption) tcpip.Error {
	return &tcpip.ErrUnknownProtocolOption{}
}

// SendBufferSize implements stack.SendBufSizeProto.
func (*protocol) SendBufferSize() tcpip.TCPSendBufferSizeRangeOption {
	return tcpip.TCPSendBufferSizeRangeOption{Min: Window, Default: Window, Max: Window}
}

// Close implements stack.TransportProtocol. There is nothing to do here and in
// the next four: the protocol has no goroutine and no timer.
func (*protocol) Close() {}

// Wait implements stack.TransportProtocol.
func (*protocol) Wait() {}

// Pause implements stack.TransportProtocol.
func (*protocol) Pause() {}

// Resume implements stack.TransportProtocol.
func (*protocol) Resume() {}

// Restore implements stack.TransportProtocol.
func (*protocol) Restore() {}

// Parse implements stack.TransportProtocol.
func (*protocol) Parse(pkt *stack.PacketBuffer) bool { return parse.TCP(pkt) }
