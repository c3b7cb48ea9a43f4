// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo_test

import (
	"fmt"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"tcpcb/linkfifo"
)

// printer stands for a stack: it prints when packets arrive.
type printer struct{ clock *linkfifo.VirtualClock }

func (p printer) DeliverNetworkPacket(_ tcpip.NetworkProtocolNumber, pkt *stack.PacketBuffer) {
	fmt.Println(p.clock.Elapsed(), pkt.Data().Size(), "bytes")
}

func (printer) DeliverLinkPacket(tcpip.NetworkProtocolNumber, *stack.PacketBuffer) {}

// An hour of a slow path with a short queue, cut for a while, takes no time. To
// use whole stacks, give link.A and link.B to their CreateNIC and the clock to
// their stack.Options.
func Example() {
	clock := linkfifo.NewVirtualClock()
	link, err := linkfifo.New(linkfifo.Options{
		Clock: clock,
		Seed:  1,
		A:     linkfifo.Side{Path: linkfifo.Path{Rate: 1e6, Delay: 20 * time.Millisecond, QueuePackets: 2}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer link.Close()
	link.B.Attach(printer{clock})

	burst := func() {
		var pkts stack.PacketBufferList
		for range 5 {
			pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(make([]byte, 1250))})
			pkt.NetworkProtocolNumber = header.IPv4ProtocolNumber
			pkts.PushBack(pkt)
		}
		if _, err := link.A.WritePackets(pkts); err != nil {
			fmt.Println(err)
		}
		pkts.Reset() // the link holds references of its own
	}
	burst()
	clock.AfterFunc(15*time.Minute, func() { link.SetDown(true) })
	clock.AfterFunc(20*time.Minute, burst)
	clock.AfterFunc(25*time.Minute, func() { link.SetDown(false) })
	clock.AfterFunc(30*time.Minute, burst)
	clock.Advance(time.Hour)

	s := link.A.Stats()
	fmt.Printf("sent %d, delivered %d, queue full %d, cut %d\n", s.Sent, s.Delivered, s.DroppedQueue, s.DroppedCut)
	// Output:
	// 30ms 1250 bytes
	// 40ms 1250 bytes
	// 50ms 1250 bytes
	// 30m0.03s 1250 bytes
	// 30m0.04s 1250 bytes
	// 30m0.05s 1250 bytes
	// sent 15, delivered 6, queue full 4, cut 5
}

// Two stacks joined by a perfect link on the real clock.
func ExampleNew() {
	link, err := linkfifo.New(linkfifo.Options{
		A: linkfifo.Side{MTU: 9000, TXChecksumOffload: true, RXChecksumOffload: true, GSO: true},
		B: linkfifo.Side{MTU: 9000, TXChecksumOffload: true, RXChecksumOffload: true, GSO: true},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer link.Close()
	for _, e := range []*linkfifo.Endpoint{link.A, link.B} {
		s := stack.New(stack.Options{NetworkProtocols: []stack.NetworkProtocolFactory{ipv4.NewProtocol}})
		defer s.Destroy()
		if err := s.CreateNIC(1, e); err != nil {
			fmt.Println(err)
		}
		fmt.Println(e.Name(), e.IsAttached())
	}
	// Output:
	// a true
	// b true
}
