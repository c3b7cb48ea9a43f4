// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package floor

import (
	"io"
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"
)

// endpoint is one end of a connection, or a listener. It has one user that
// writes and one that reads.
type endpoint struct {
	tcpip.DefaultSocketOptionsHandler
	ops   tcpip.SocketOptions
	proto *protocol
	wq    *waiter.Queue

	// sending guards what is sent, and is held while it is.
	sending sync.Mutex
	id      stack.TransportEndpointID
	route   *stack.Route // nil before there is a connection, and after
	gso     stack.GSO
	text    int           // in a packet, at most, in bytes
	window  uint32        // in packets
	sent    atomic.Uint32 // packets
	nxt     uint32        // sequence number
	opts    [headerSize - header.TCPMinimumSize]byte

	acked    atomic.Uint32 // packets
	wantRoom atomic.Bool

	// mu guards what came.
	mu         sync.Mutex
	registered bool
	closed     bool
	listening  bool
	backlog    []*endpoint
	came       []arrival
	rcvNxt     uint32
	ended      bool // the peer's stream has ended
	broken     bool // a packet was lost
	waiting    bool // the reader has found nothing

	// reading guards what the reader has taken over from came.
	reading sync.Mutex
	taken   []arrival
	next    int // in taken
	read    uint32
	owed    int // to the peer: an acknowledgment is worth AckEvery
}

// arrival is a packet that came with text, and how much of an acknowledgment it
// is owed.
type arrival struct {
	pkt    *stack.PacketBuffer
	weight int
}

// weightOf returns the weight of a packet with size bytes of text.
func weightOf(size int) int {
	if size < Large {
		return 1
	}
	return AckEvery / AckEveryLarge
}

func newEndpoint(p *protocol, wq *waiter.Queue) *endpoint {
	e := &endpoint{proto: p, wq: wq}
	e.ops.InitHandler(e, p.stack, tcpip.GetStackSendBufferLimits, tcpip.GetStackReceiveBufferLimits)
	e.opts[0], e.opts[1] = header.TCPOptionNOP, header.TCPOptionNOP
	header.EncodeTSOption(1, 1, e.opts[2:])
	return e
}

// open makes e the end of a connection over r, which it takes over.
func (e *endpoint) open(r *stack.Route) {
	e.sending.Lock()
	defer e.sending.Unlock()
	e.route = r
	mss := int(r.MTU()) - headerSize
	e.text = mss
	if r.HasHostGSOCapability() {
		e.gso = stack.GSO{
			Type: stack.GSOTCPv4, NeedsCsum: true, CsumOffset: header.TCPChecksumOffset,
			MSS: uint16(mss), L3HdrLen: header.IPv4MinimumSize, MaxSize: r.GSOMaxSize(),
		}
		most := int(min(r.GSOMaxSize(), header.IPv4MaximumPayloadSize)) - header.IPv4MinimumSize - headerSize
		e.text = max(mss, most/mss*mss)
	}
	e.window = uint32(max(Window/e.text, minPackets))
}

// send sends one packet, with text if that is given. e.sending is held.
func (e *endpoint) send(flags header.TCPFlags, ack uint32, text *buffer.View) tcpip.Error {
	o := stack.PacketBufferOptions{ReserveHeaderBytes: headerSize + int(e.route.MaxHeaderLength())}
	size := 0
	if text != nil {
		size = text.Size()
		o.Payload = buffer.MakeWithView(text)
	}
	pkt := stack.NewPacketBuffer(o)
	defer pkt.DecRef()
	pkt.TransportProtocolNumber = header.TCPProtocolNumber
	h := header.TCP(pkt.TransportHeader().Push(headerSize))
	h.Encode(&header.TCPFields{
		SrcPort: e.id.LocalPort, DstPort: e.id.RemotePort,
		SeqNum: e.nxt, AckNum: ack, DataOffset: headerSize, Flags: flags, WindowSize: 0xffff,
	})
	copy(h[header.TCPMinimumSize:], e.opts[:])
	sum := e.route.PseudoHeaderChecksum(header.TCPProtocolNumber, uint16(pkt.Size()))
	switch {
	case e.gso.NeedsCsum:
		h.SetChecksum(sum)
	case e.route.RequiresTXTransportChecksum():
		h.SetChecksum(^h.CalculateChecksum(sumWith(sum, pkt)))
	}
	if size > int(e.gso.MSS) {
		pkt.GSOOptions = e.gso
	} else if e.gso.NeedsCsum {
		pkt.GSOOptions = stack.GSO{Type: e.gso.Type, NeedsCsum: true, CsumOffset: e.gso.CsumOffset, L3HdrLen: e.gso.L3HdrLen}
	}
	e.nxt += uint32(size)
	return e.route.WritePacket(stack.NetworkHeaderParams{Protocol: header.TCPProtocolNumber, TTL: e.route.DefaultTTL(), DF: true}, pkt)
}

// room returns how many more packets the window takes.
func (e *endpoint) room() uint32 { return e.window - (e.sent.Load() - e.acked.Load()) }

// Write implements tcpip.Endpoint.
func (e *endpoint) Write(p tcpip.Payloader, _ tcpip.WriteOptions) (int64, tcpip.Error) {
	e.sending.Lock()
	defer e.sending.Unlock()
	if e.route == nil {
		return 0, &tcpip.ErrClosedForSend{}
	}
	var total int64
	for p.Len() > 0 {
		if e.room() == 0 {
			e.wantRoom.Store(true)
			// What came before the wish is not told again.
			if e.room() == 0 {
				break
			}
			e.wantRoom.Store(false)
		}
		v := buffer.NewViewSize(min(p.Len(), e.text))
		if _, err := io.ReadFull(p, v.AsSlice()); err != nil {
			v.Release()
			return total, &tcpip.ErrBadBuffer{}
		}
		n := int64(v.Size())
		if err := e.send(header.TCPFlagAck|header.TCPFlagPsh, 0, v); err != nil {
			return total, err
		}
		e.sent.Add(1)
		total += n
	}
	if total == 0 && p.Len() > 0 {
		return 0, &tcpip.ErrWouldBlock{}
	}
	return total, nil
}

// Read implements tcpip.Endpoint.
func (e *endpoint) Read(dst io.Writer, _ tcpip.ReadOptions) (tcpip.ReadResult, tcpip.Error) {
	e.reading.Lock()
	defer e.reading.Unlock()
	var total int
	for {
		if e.next == len(e.taken) {
			if err := e.take(total == 0); err != nil {
				if total == 0 {
					return tcpip.ReadResult{}, err
				}
				break
			}
		}
		pkt := e.taken[e.next].pkt
		n, full := pkt.Data().ReadTo(dst, false)
		total += n
		if pkt.Data().Size() > 0 {
			if n == 0 && full != nil && total == 0 {
				return tcpip.ReadResult{}, &tcpip.ErrBadBuffer{}
			}
			break
		}
		e.owed += e.taken[e.next].weight
		e.taken[e.next].pkt = nil
		e.next++
		e.read++
		pkt.DecRef()
		if e.owed >= AckEvery {
			e.owed = 0
			e.acknowledge()
		}
	}
	return tcpip.ReadResult{Count: total, Total: total}, nil
}

// take takes over all that came, or says why there is nothing; wait has the next
// arrival told.
func (e *endpoint) take(wait bool) tcpip.Error {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case len(e.came) > 0:
		e.taken, e.came, e.next = e.came, e.taken[:0], 0
		return nil
	case e.broken:
		return &tcpip.ErrConnectionAborted{}
	case e.ended || e.closed:
		return &tcpip.ErrClosedForReceive{}
	}
	e.waiting = e.waiting || wait
	return &tcpip.ErrWouldBlock{}
}

// acknowledge tells the peer how many packets were read. e.reading is held.
func (e *endpoint) acknowledge() {
	e.sending.Lock()
	defer e.sending.Unlock()
	if e.route != nil {
		// One that cannot be sent is made up for by the next.
		e.send(header.TCPFlagAck, e.read, nil)
	}
}

// Shutdown implements tcpip.Endpoint.
func (e *endpoint) Shutdown(flags tcpip.ShutdownFlags) tcpip.Error {
	if flags&tcpip.ShutdownWrite == 0 {
		return nil
	}
	e.sending.Lock()
	defer e.sending.Unlock()
	if e.route == nil {
		return &tcpip.ErrNotConnected{}
	}
	return e.send(header.TCPFlagFin|header.TCPFlagAck, 0, nil)
}
