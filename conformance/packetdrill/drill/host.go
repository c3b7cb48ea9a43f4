// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"fmt"
	"io"
	oldrand "math/rand" // what stack.Options takes
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/link/sniffer"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/icmp"
)

const nic = tcpip.NICID(1)

// queueLen is how many packets a stack may send before they are looked at.
const queueLen = 1 << 14

// device is the stack's end of the link.
type device struct {
	*channel.Endpoint
	// refuses makes it a device whose queue is full.
	refuses atomic.Bool
}

// WritePackets implements stack.LinkWriter.
func (d *device) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	if d.refuses.Load() {
		return 0, &tcpip.ErrNoBufferSpace{}
	}
	return d.Endpoint.WritePackets(pkts)
}

// wire is the link of the stack under test, whose other end is here.
type wire struct {
	link *device
	pcap *sniffer.Endpoint // nil for none
	// sent are the packets that were not looked at yet.
	sent []*packet
}

// newWire returns the link. What crosses it is written to capture, in pcap
// format, unless that is nil.
func newWire(mtu uint32, capture io.Writer) (*wire, error) {
	w := &wire{link: &device{Endpoint: channel.New(queueLen, mtu, "")}}
	if capture == nil {
		return w, nil
	}
	var err error
	w.pcap, err = sniffer.NewWithWriter(w.link, capture, 1<<16)
	return w, err
}

// collect takes what the stack has sent.
func (w *wire) collect(now time.Duration) error {
	for {
		pkt := w.link.Read()
		if pkt == nil {
			return nil
		}
		w.capture(sniffer.DirectionSend, pkt, now)
		v := pkt.ToView()
		pkt.DecRef()
		b := slices.Clone(v.AsSlice())
		v.Release()
		p, err := parsePacket(b, now)
		if err != nil {
			return err
		}
		w.sent = append(w.sent, p)
	}
}

// inject puts a packet on the link.
func (w *wire) inject(b []byte, now time.Duration) {
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(b)})
	defer pkt.DecRef()
	proto := header.IPv4ProtocolNumber
	if header.IPVersion(b) == header.IPv6Version {
		proto = header.IPv6ProtocolNumber
	}
	pkt.NetworkProtocolNumber = proto
	w.capture(sniffer.DirectionRecv, pkt, now)
	w.link.InjectInbound(proto, pkt)
}

func (w *wire) capture(d sniffer.Direction, pkt *stack.PacketBuffer, now time.Duration) {
	if w.pcap == nil {
		return
	}
	at := time.Unix(0, 0).Add(now)
	w.pcap.DumpPacket(d, pkt.NetworkProtocolNumber, pkt, &at)
}

// seeded is a source of randomness that is the same for each run.
type seeded struct{ *rand.ChaCha8 }

func (s seeded) Read(p []byte) (int, error) { return s.ChaCha8.Read(p) }

// newStack returns a stack with the provider's TCP, and the address and route
// that a script expects.
func newStack(p *Provider, c *config, clock tcpip.Clock, w *wire) (*stack.Stack, error) {
	s := stack.New(stack.Options{
		NetworkProtocols: []stack.NetworkProtocolFactory{
			ipv4.NewProtocol,
			ipv6.NewProtocolWithOptions(ipv6.Options{DADConfigs: stack.DADConfigurations{}}),
		},
		TransportProtocols: []stack.TransportProtocolFactory{p.New, icmp.NewProtocol4, icmp.NewProtocol6},
		Clock:              clock,
		RandSource:         oldrand.NewSource(1),
		SecureRNG:          seeded{rand.NewChaCha8([32]byte{0: 1})},
	})
	if err := s.CreateNIC(nic, w.link); err != nil {
		return nil, fmt.Errorf("CreateNIC: %v", err)
	}
	addr := tcpip.ProtocolAddress{Protocol: header.IPv4ProtocolNumber, AddressWithPrefix: tcpipAddr(c.local).WithPrefix()}
	if c.v6 {
		addr.Protocol = header.IPv6ProtocolNumber
	}
	if err := s.AddProtocolAddress(nic, addr, stack.AddressProperties{}); err != nil {
		return nil, fmt.Errorf("AddProtocolAddress(%v): %v", c.local, err)
	}
	s.SetRouteTable([]tcpip.Route{
		{Destination: header.IPv4EmptySubnet, NIC: nic},
		{Destination: header.IPv6EmptySubnet, NIC: nic},
	})
	// Linux has the Nagle algorithm on, netstack off.
	nagle := tcpip.TCPDelayEnabled(true)
	if err := s.SetTransportProtocolOption(header.TCPProtocolNumber, &nagle); err != nil {
		return nil, fmt.Errorf("TCPDelayEnabled: %v", err)
	}
	// Linux and netstack both limit ICMP messages; scripts expect each.
	s.SetICMPLimit(1 << 20)
	s.SetICMPBurst(1 << 20)
	return s, nil
}

// remotePort is the peer's port in the n-th connection to a listener.
func remotePort(n int) uint16 { return uint16(40000 + n) }
