// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package transport is TCP as a stack.TransportProtocol, to be registered with
// a tcpip.Stack in place of netstack's own:
//
//	s := stack.New(stack.Options{
//		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol},
//		TransportProtocols: []stack.TransportProtocolFactory{transport.NewProtocol},
//	})
//
// The exported names are those of gVisor's package tcp, so that a change of
// imports is all it takes.
package transport

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/header/parse"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/raw"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/endpoint"
)

// protocol is the stack's TCP. It has no goroutines: packets are processed
// where they arrive, and timers where the clock calls.
//
// It must not have a method QueuePacket: netstack's demuxer would call that one
// for each packet, with a lock held that Close needs.
type protocol struct {
	shared *endpoint.Shared
}

var (
	_ stack.TransportProtocol = (*protocol)(nil)
	_ stack.SendBufSizeProto  = (*protocol)(nil)
)

// NewProtocol returns TCP for s, with Reno congestion control. It is a
// stack.TransportProtocolFactory.
func NewProtocol(s *stack.Stack) stack.TransportProtocol { return newProtocol(s, "reno") }

// NewProtocolCUBIC returns TCP for s, with CUBIC congestion control (RFC 9438).
// It is a stack.TransportProtocolFactory.
func NewProtocolCUBIC(s *stack.Stack) stack.TransportProtocol { return newProtocol(s, "cubic") }

// NewProtocolProbe returns a factory of TCP with Reno congestion control whose
// endpoints tell probe of each segment that they have processed, once their
// connection is established; nil for nobody to be told.
func NewProtocolProbe(probe TCPProbeFunc) func(*stack.Stack) stack.TransportProtocol {
	return func(s *stack.Stack) stack.TransportProtocol {
		p := newProtocol(s, "reno")
		p.shared.Probe(probe)
		return p
	}
}

// NewProtocolBBR returns TCP for s, with BBR congestion control, version 3
// (draft-ietf-ccwg-bbr). It is a stack.TransportProtocolFactory. Only with this
// one can sockets choose "bbr": by default, what can be chosen is what netstack's
// own TCP has.
func NewProtocolBBR(s *stack.Stack) stack.TransportProtocol {
	return newProtocol(s, "bbr", "bbr")
}

// newProtocol returns TCP for s, with the congestion control of that name, which
// may be changed to netstack's two or one of more.
func newProtocol(s *stack.Stack, congestionControl string, more ...string) *protocol {
	o := endpoint.DefaultOptions()
	o.AvailableCongestionControl = append([]string{"reno", "cubic"}, more...)
	o.CongestionControl = congestionControl
	return &protocol{shared: endpoint.NewShared(s, o)}
}

// Number implements stack.TransportProtocol.
func (*protocol) Number() tcpip.TransportProtocolNumber { return ProtocolNumber }

// NewEndpoint implements stack.TransportProtocol.
func (p *protocol) NewEndpoint(netProto tcpip.NetworkProtocolNumber, wq *waiter.Queue) (tcpip.Endpoint, tcpip.Error) {
	return endpoint.New(p.shared, netProto, wq), nil
}

// NewRawEndpoint implements stack.TransportProtocol: netstack's raw endpoints
// do for TCP as for any other protocol.
func (p *protocol) NewRawEndpoint(netProto tcpip.NetworkProtocolNumber, wq *waiter.Queue) (tcpip.Endpoint, tcpip.Error) {
	return raw.NewEndpoint(p.shared.Stack, netProto, ProtocolNumber, wq)
}

// MinimumPacketSize implements stack.TransportProtocol.
func (*protocol) MinimumPacketSize() int { return header.TCPMinimumSize }

// ParsePorts implements stack.TransportProtocol. v holds a TCP header, or at
// least its first 4 bytes: otherwise the error is ErrMalformedHeader.
func (*protocol) ParsePorts(v []byte) (src, dst uint16, err tcpip.Error) {
	if len(v) < 4 {
		return 0, 0, &tcpip.ErrMalformedHeader{}
	}
	h := header.TCP(v)
	return h.SourcePort(), h.DestinationPort(), nil
}

// Parse implements stack.TransportProtocol: it takes the header, with its
// options, from the packet's data.
func (*protocol) Parse(pkt *stack.PacketBuffer) bool { return parse.TCP(pkt) }

// SendBufferSize implements stack.SendBufSizeProto: the bounds of SO_SNDBUF.
func (p *protocol) SendBufferSize() tcpip.TCPSendBufferSizeRangeOption {
	return p.shared.Options().SendBuffer
}

// Close implements stack.TransportProtocol. There is nothing to do: the protocol
// has no goroutines of its own, but for a probe's.
func (*protocol) Close() {}

// Wait implements stack.TransportProtocol: a probe was told all there is to tell
// when it returns.
func (p *protocol) Wait() { p.shared.Wait() }

// Pause implements stack.TransportProtocol: segments that come wait for Resume.
func (p *protocol) Pause() { p.shared.Pause() }

// Resume implements stack.TransportProtocol: what has waited is processed.
func (p *protocol) Resume() { p.shared.Resume() }

// Restore implements stack.TransportProtocol: all endpoints were restored, and go
// on.
func (p *protocol) Restore() {
	p.shared.Resume()
	p.shared.Restored()
}
