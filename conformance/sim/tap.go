// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/binary"
	"math/rand/v2"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/nested"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/engine"
	"tcpcb/engine/enginetest"
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// tap is between a host's stack and its link: it sees all that the host sends and
// gets, and is where what comes is truncated and replayed, and what is forged
// comes from.
type tap struct {
	nested.Endpoint
	run  *worldRun
	host int
	rng  *rand.Rand
	// seen is what is known of each flow.
	seen [len(world{}.Flows)]seen
}

// seen is what the wire tells of a host's side of a connection.
type seen struct {
	sentAny, ackedAny, gotAny bool
	sent                      seq.Num // the end of the highest that the host sent
	acked, edge               seq.Num // its last acknowledgment, and the highest edge of a window
	una                       seq.Num // the highest acknowledgment that it got
	window                    wire.Window
	scale                     uint8
	stamps                    bool   // the peer's packets have timestamps
	stamp                     uint32 // the first of those
}

func newTap(r *worldRun, host int, child stack.LinkEndpoint) *tap {
	t := &tap{run: r, host: host, rng: rand.New(rand.NewPCG(r.seed, 9+uint64(host)))}
	t.Endpoint.Init(child, t)
	return t
}

// WritePackets implements stack.LinkEndpoint: it notes what the host sends.
func (t *tap) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	for _, pkt := range pkts.AsSlice() {
		t.run.packets++
		b := flat(pkt)
		var at [9]byte
		binary.BigEndian.PutUint64(at[:], uint64(t.run.clock.Elapsed()))
		at[8] = byte(t.host)
		t.run.sum.Write(at[:])
		t.run.sum.Write(b)
		t.note(b, true)
	}
	return t.Endpoint.WritePackets(pkts)
}

// flat returns the packet's bytes.
func flat(pkt *stack.PacketBuffer) []byte {
	v := pkt.ToView()
	defer v.Release()
	return append([]byte(nil), v.AsSlice()...)
}

// DeliverNetworkPacket implements stack.NetworkDispatcher: what comes may be cut
// short, and come again.
func (t *tap) DeliverNetworkPacket(p tcpip.NetworkProtocolNumber, pkt *stack.PacketBuffer) {
	l := &t.run.Links[1-t.host]
	var b []byte
	if l.Replay+l.Truncate > 0 || t.run.Forged != nil || t.run.tracing {
		b = flat(pkt)
		t.note(b, false)
	}
	if l.Replay > 0 && t.rng.Float64() < l.Replay {
		t.run.after(time.Duration(t.rng.Int64N(int64(l.ReplayBy)+1)), func() { t.inject(p, b) })
	}
	if l.Truncate > 0 && t.rng.Float64() < l.Truncate {
		t.inject(p, b[:t.rng.IntN(len(b))])
		return
	}
	t.Endpoint.DeliverNetworkPacket(p, pkt)
}

// inject delivers bytes to the host's stack.
func (t *tap) inject(p tcpip.NetworkProtocolNumber, b []byte) {
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(b)})
	t.Endpoint.DeliverNetworkPacket(p, pkt)
	pkt.DecRef()
}

// transportOf returns the TCP segment in a packet, if there is one.
func transportOf(b []byte) (header.TCP, bool) {
	if len(b) < header.IPv4MinimumSize {
		return nil, false
	}
	switch b[0] >> 4 {
	case 4:
		ip := header.IPv4(b)
		n := int(ip.HeaderLength())
		return header.TCP(b[min(n, len(b)):]), ip.Protocol() == uint8(header.TCPProtocolNumber) && len(b) >= n+header.TCPMinimumSize
	case 6:
		const n = header.IPv6MinimumSize
		return header.TCP(b[min(n, len(b)):]), len(b) >= n+header.TCPMinimumSize && header.IPv6(b).NextHeader() == uint8(header.TCPProtocolNumber)
	}
	return nil, false
}

// note learns from a packet that the host sent, or got.
func (t *tap) note(b []byte, out bool) {
	tcp, ok := transportOf(b)
	if !ok {
		return
	}
	if !out && !t.intact(tcp) {
		return // the host will not see it either
	}
	var h wire.Header
	n, err := h.Parse(tcp)
	if err != nil {
		return
	}
	client := tcp.SourcePort()
	if (t.host == 0) != out {
		client = tcp.DestinationPort()
	}
	text := len(tcp) - n
	if t.run.tracing {
		t.log(&h, int(client)-clients, text, out)
	}
	if client < clients || int(client)-clients >= len(t.seen) || h.Flags.Has(wire.RST) {
		return
	}
	s := &t.seen[client-clients]
	end := h.Seq.Add(text)
	if h.Flags.Any(wire.SYN | wire.FIN) {
		end = end.Add(1)
	}
	switch {
	case out:
		if h.Flags.Has(wire.SYN) {
			s.scale = h.Options.WindowScale
		}
		if !s.sentAny || s.sent.Less(end) {
			s.sentAny, s.sent = true, end
		}
		if h.Flags.Has(wire.ACK) {
			shift := s.scale
			if h.Flags.Has(wire.SYN) {
				shift = 0
			}
			edge := h.Ack.Add(h.Window.Scaled(shift))
			if !s.ackedAny || s.edge.Less(edge) {
				s.edge = edge
			}
			s.ackedAny, s.acked = true, h.Ack
		}
	case h.Flags.Has(wire.ACK) || !s.gotAny:
		if !s.gotAny {
			s.stamps, s.stamp = h.Options.HasTimestamps, h.Options.TSVal
		}
		if h.Flags.Has(wire.ACK) && (s.una == seq.Num{} || s.una.Less(h.Ack)) {
			s.una = h.Ack
		}
		s.gotAny, s.window = true, h.Window
	}
}

// intact reports whether a segment that came has the right checksum.
func (t *tap) intact(tcp header.TCP) bool {
	sum := header.PseudoHeaderChecksum(header.TCPProtocolNumber, t.run.addrs[1-t.host], t.run.addrs[t.host], uint16(len(tcp)))
	return checksum.Checksum(tcp, sum) == 0xffff
}

func (t *tap) log(h *wire.Header, flow, text int, out bool) {
	way := "<"
	if out {
		way = ">"
	}
	t.run.logf("flow %d, host %d %s %v %v:+%d ack %v win %d ts %d %d", flow, t.host, way, h.Flags, h.Seq, text, h.Ack, h.Window, h.Options.TSVal, h.Options.TSEcr)
}

// forge has the host get a packet that its peer did not send.
func (t *tap) forge(f *forgedFlow) {
	if f.Flow < 0 || f.Flow >= len(t.seen) {
		return
	}
	mine, theirs := &t.seen[f.Flow], &t.run.taps[1-t.host].seen[f.Flow]
	if !mine.ackedAny || !theirs.sentAny || !mine.gotAny {
		return
	}
	if f.Kind == enginetest.ForgeStamp && t.run.Hosts[t.host].Cookies {
		return // where the connection is gone already, it would open another
	}
	var s engine.Snapshot
	s.State, s.SACK, s.Timestamps, s.TSRecent = engine.StateEstablished, true, mine.stamps, mine.stamp
	// It may send more until all of them have come.
	s.SndUna, s.SndNxt, s.SndWnd = mine.una, mine.sent.Add(1<<20), int(mine.window)
	// What the peer has sent may have come, or not.
	s.RcvNxt, s.LastAckSent, s.RcvAdv = theirs.sent, mine.acked, seq.Max(mine.edge, theirs.sent)
	for i := range max(1, f.Times) {
		var in engine.Segment
		if f.Build(&in, &s, f.By+i) {
			t.send(clients+uint16(f.Flow), &in)
			in.Payload.Release()
		}
	}
}

// flood has the host get SYNs from ports where nobody is.
func (t *tap) flood(n int) {
	for i := range n {
		in := engine.Segment{Header: wire.Header{Flags: wire.SYN, Seq: seq.New(t.rng.Uint32()), Window: 1000}}
		in.Options.MSS = 1000
		t.send(uint16(20_000+i), &in)
	}
}

// send hands the host a segment as from the client's port, or to it.
func (t *tap) send(client uint16, in *engine.Segment) {
	var h [wire.MaxHeaderLen]byte
	n := in.Marshal(h[:])
	tcp := header.TCP(append(h[:n:n], in.Payload.Flatten()...))
	src, dst := t.run.addrs[1-t.host], t.run.addrs[t.host]
	tcp.SetSourcePort(port)
	tcp.SetDestinationPort(client)
	if t.host == 1 {
		tcp.SetSourcePort(client)
		tcp.SetDestinationPort(port)
	}
	tcp.SetChecksum(0)
	sum := header.PseudoHeaderChecksum(header.TCPProtocolNumber, src, dst, uint16(len(tcp)))
	tcp.SetChecksum(^checksum.Checksum(tcp, sum))
	if t.run.tracing {
		t.run.logf("flow %d, host %d: forged", int(client)-clients, t.host)
		t.log(&in.Header, int(client)-clients, len(tcp)-n, false)
	}
	if t.run.IPv6 {
		b := make([]byte, header.IPv6MinimumSize, header.IPv6MinimumSize+len(tcp))
		header.IPv6(b).Encode(&header.IPv6Fields{PayloadLength: uint16(len(tcp)), TransportProtocol: header.TCPProtocolNumber, HopLimit: 64, SrcAddr: src, DstAddr: dst})
		t.inject(header.IPv6ProtocolNumber, append(b, tcp...))
		return
	}
	b := make([]byte, header.IPv4MinimumSize, header.IPv4MinimumSize+len(tcp))
	ip := header.IPv4(b)
	ip.Encode(&header.IPv4Fields{TotalLength: uint16(len(b) + len(tcp)), TTL: 64, Protocol: uint8(header.TCPProtocolNumber), SrcAddr: src, DstAddr: dst})
	ip.SetChecksum(^ip.CalculateChecksum())
	t.inject(header.IPv4ProtocolNumber, append(b, tcp...))
}
