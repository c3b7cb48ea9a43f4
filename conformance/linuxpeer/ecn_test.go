// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer_test

import (
	"bytes"
	"sync"
	"testing"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/nested"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"tcpcb/conformance/linuxpeer"
	"tcpcb/transport"
)

// TestECN moves data both ways at once over a link that marks packets, with the
// kernel willing, unwilling, or asking: what each side says of ECN, the other
// understands (RFC 3168).
func TestECN(t *testing.T) {
	linuxpeer.Require(t)
	const never, always, asked = "0", "1", "2"
	for _, test := range []struct {
		name   string
		kernel string // net.ipv4.tcp_ecn
		ours   transport.ECNMode
		roles  int // in how many of the two ECN is used
	}{
		{"both ask", always, transport.ECNOn, 2},
		{"the kernel asks", always, transport.ECNAccept, 1},
		{"we ask", asked, transport.ECNOn, 1},
		{"the kernel does not", never, transport.ECNOn, 0},
		{"we do not", always, transport.ECNOff, 0},
		{"neither asks", asked, transport.ECNAccept, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			var m marker
			p := newPeer(t, linuxpeer.Config{
				TCP: transport.NewProtocol, Middle: m.join, Sysctls: map[string]string{"net.ipv4.tcp_ecn": test.kernel},
			})
			if err := p.Stack.SetTransportProtocolOption(transport.ProtocolNumber, &transport.ECNOption{Mode: test.ours}); err != nil {
				t.Fatal(err)
			}
			used := 0
			forEachRole(t, p, func(t *testing.T, r role, network string) {
				m.reset()
				exchange(t, r, network, 1<<20)
				stack, kernel := m.seen(true), m.seen(false)
				if stack.wrong > 0 || kernel.wrong > 0 {
					t.Errorf("%d packets of ours and %d of the kernel's are ECN-capable and without text", stack.wrong, kernel.wrong)
				}
				if stack.marked == 0 && kernel.marked == 0 {
					if stack.capable+kernel.capable+stack.echoes+kernel.echoes+stack.cwr+kernel.cwr > 0 {
						t.Errorf("ECN is used one way: %+v, %+v", stack, kernel)
					}
					return
				}
				used++
				for name, s := range map[string]ecnSeen{"ours": stack, "the kernel's": kernel} {
					if s.capable < 500 || s.marked == 0 || s.echoes == 0 || s.cwr == 0 {
						t.Errorf("%s: %+v", name, s)
					}
				}
			})
			if want := test.roles * len(networks); used != want {
				t.Errorf("ECN was used in %d connections of %d, want %d", used, 2*len(networks), want)
			}
		})
	}
}

// ecnSeen is what one side sent: packets that are ECN-capable, how many of those
// were marked then, and such as have no text; and ECE and CWR on others than
// SYNs.
type ecnSeen struct{ capable, marked, wrong, echoes, cwr int }

// markEvery is how many ECN-capable packets go by for one that is marked.
const markEvery = 100

// marker is a middle that marks packets.
type marker struct {
	nested.Endpoint
	mu   sync.Mutex
	each [2]ecnSeen // the kernel's, ours
}

func (m *marker) join(lower stack.LinkEndpoint) stack.LinkEndpoint {
	m.Init(lower, m)
	return m
}

func (m *marker) reset() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.each = [2]ecnSeen{}
}

func (m *marker) seen(fromStack bool) ecnSeen {
	m.mu.Lock()
	defer m.mu.Unlock()
	if fromStack {
		return m.each[1]
	}
	return m.each[0]
}

// pass counts a packet and returns it, perhaps marked.
func (m *marker) pass(pkt *stack.PacketBuffer, fromStack bool) *stack.PacketBuffer {
	v := pkt.ToView()
	b := bytes.Clone(v.AsSlice())
	v.Release()
	if s, ok := parseSegment(b); ok {
		m.mu.Lock()
		seen := &m.each[0]
		if fromStack {
			seen = &m.each[1]
		}
		seen.count(s, b)
		m.mu.Unlock()
	}
	out := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(b)})
	out.NetworkProtocolNumber = pkt.NetworkProtocolNumber
	return out
}

// count counts the packet b, which holds s, and marks some.
func (e *ecnSeen) count(s segment, b []byte) {
	const ce = 3
	var tos uint8
	var flow uint32
	v6 := header.IPVersion(b) == header.IPv6Version
	if v6 {
		tos, flow = header.IPv6(b).TOS()
	} else {
		tos, _ = header.IPv4(b).TOS()
	}
	if !s.flags.Contains(header.TCPFlagSyn) {
		if s.flags&ecnEcho != 0 {
			e.echoes++
		}
		if s.flags&ecnCWR != 0 {
			e.cwr++
		}
	}
	if tos&ce == 0 {
		return
	}
	e.capable++
	if s.payload == 0 {
		e.wrong++
	}
	if e.capable%markEvery != 0 {
		return
	}
	e.marked++
	if v6 {
		header.IPv6(b).SetTOS(tos|ce, flow)
		return
	}
	ip := header.IPv4(b)
	ip.SetTOS(tos|ce, 0)
	ip.SetChecksum(0)
	ip.SetChecksum(^ip.CalculateChecksum())
}

// ECE and CWR, which netstack has no names for.
const (
	ecnEcho header.TCPFlags = 1 << 6
	ecnCWR  header.TCPFlags = 1 << 7
)

// DeliverNetworkPacket implements stack.NetworkDispatcher.
func (m *marker) DeliverNetworkPacket(proto tcpip.NetworkProtocolNumber, pkt *stack.PacketBuffer) {
	out := m.pass(pkt, false)
	defer out.DecRef()
	m.Endpoint.DeliverNetworkPacket(proto, out)
}

// WritePackets implements stack.LinkEndpoint.
func (m *marker) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	var list stack.PacketBufferList
	for _, pkt := range pkts.AsSlice() {
		list.PushBack(m.pass(pkt, true))
	}
	defer list.DecRef()
	return m.Endpoint.WritePackets(list)
}
