// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package differential

import (
	"bytes"
	"fmt"
	oldrand "math/rand" // what stack.Options takes
	"math/rand/v2"
	"strings"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/channel"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/conformance/kit"
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
	"tcpcb/linkfifo"
)

const (
	nic       = tcpip.NICID(1)
	stackPort = 80
	peerPort  = 4000
	irs       = 0xffff_f000
)

var (
	stackAddr = tcpip.AddrFrom4([4]byte{10, 8, 0, 1})
	peerAddr  = tcpip.AddrFrom4([4]byte{10, 8, 0, 2})
)

// lab is a stack with one of the TCPs, and its peer.
type lab struct {
	clock    *linkfifo.VirtualClock
	link     *channel.Endpoint
	stack    *stack.Stack
	ep       tcpip.Endpoint
	listener tcpip.Endpoint
	dump     []byte
	iss      seq.Num
	sent     int // the highest position that was sent, and one
	fin      int // the end of the FIN, 0 without one
	closed   bool
	read     int
	stamp    uint32 // the last that the stack sent
	err      error
	// acked, sack and dsack are as in the last packet.
	acked, sack, dsack string
}

type seeded struct{ *rand.ChaCha8 }

func (s seeded) Read(p []byte) (int, error) { return s.ChaCha8.Read(p) }

// newLab returns a stack whose endpoint is connected, and what differed on the way.
func newLab(f stack.TransportProtocolFactory) (*lab, error) {
	l := &lab{clock: linkfifo.NewVirtualClock(), link: channel.New(4096, 1500, ""), dump: make([]byte, 1<<16), sent: 1, read: 1}
	l.clock.Advance(time.Hour)
	l.stack = stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{f},
		Clock:              l.clock,
		RandSource:         oldrand.NewSource(7),
		SecureRNG:          seeded{rand.NewChaCha8([32]byte{7})},
	})
	if err := l.stack.CreateNIC(nic, l.link); err != nil {
		return l, fmt.Errorf("CreateNIC: %v", err)
	}
	addr := tcpip.ProtocolAddress{Protocol: ipv4.ProtocolNumber, AddressWithPrefix: tcpip.AddressWithPrefix{Address: stackAddr, PrefixLen: 24}}
	if err := l.stack.AddProtocolAddress(nic, addr, stack.AddressProperties{}); err != nil {
		return l, fmt.Errorf("AddProtocolAddress: %v", err)
	}
	// How many segments that cannot be accepted are answered is no difference.
	every := stack.TCPInvalidRateLimitOption(0)
	if err := l.stack.SetOption(every); err != nil {
		return l, fmt.Errorf("TCPInvalidRateLimit: %v", err)
	}
	l.stack.SetRouteTable([]tcpip.Route{{Destination: header.IPv4EmptySubnet, NIC: nic}})
	return l, nil
}

// close ends all.
func (l *lab) close() {
	for _, ep := range []tcpip.Endpoint{l.ep, l.listener} {
		if ep != nil {
			ep.Abort()
			ep.Close()
		}
	}
	l.rest()
	l.stack.Close()
	l.rest()
	l.stack.Wait()
	l.link.Close()
}

func (l *lab) rest() {
	if !kit.Rest(&l.dump) {
		l.err = fmt.Errorf("the goroutines do not come to rest")
	}
}

// open has the connection established, and returns the observations.
func (l *lab) open(s *sequence) (obs []observation, err error) {
	ep, terr := l.stack.NewEndpoint(header.TCPProtocolNumber, ipv4.ProtocolNumber, &waiter.Queue{})
	if terr != nil {
		return nil, fmt.Errorf("NewEndpoint: %v", terr)
	}
	if terr := ep.Bind(tcpip.FullAddress{Port: stackPort}); terr != nil {
		return nil, fmt.Errorf("binding: %v", terr)
	}
	syn := step{name: "syn", packet: true, flags: wire.SYN, win: 60000, opts: s.synOpt}
	if s.active {
		l.ep = ep
		ep.Connect(tcpip.FullAddress{Addr: peerAddr, Port: peerPort})
		obs = append(obs, l.observe("", "connect"))
		syn.flags, syn.ack = wire.SYN|wire.ACK, 1
		l.inject(&syn)
		return append(obs, l.observe("", "syn-ack")), nil
	}
	l.listener = ep
	if terr := ep.Listen(4); terr != nil {
		return nil, fmt.Errorf("listening: %v", terr)
	}
	l.inject(&syn)
	obs = append(obs, l.observe("", "syn"))
	done := in("ack", ack, 1, 0, 1)
	done.opts.HasTimestamps, done.opts.TSVal = s.synOpt.HasTimestamps, s.synOpt.TSVal
	l.inject(&done)
	l.rest()
	if l.ep, _, terr = ep.Accept(nil); terr != nil {
		return nil, fmt.Errorf("accepting: %v", terr)
	}
	return append(obs, l.observe("", "established")), nil
}

// do takes a step and returns what could be seen of it.
func (l *lab) do(s *step) observation {
	answer := ""
	switch {
	case s.packet:
		l.inject(s)
	case s.call != "":
		answer = l.call(s)
	default:
		l.pass(s.wait)
	}
	o := l.observe(answer, s.name)
	if !s.packet {
		o.answered = "" // it answers nobody
	}
	if s.wait < time.Minute {
		// When a timer expires is no difference.
		o.sent = strings.TrimSuffix(o.sent, again)
	}
	return o
}

const again = ", some again"

// call makes the call and tells what it answered.
func (l *lab) call(s *step) string {
	if l.closed {
		return "closed"
	}
	switch s.call {
	case "write":
		n, err := l.ep.Write(bytes.NewReader(make([]byte, s.n)), tcpip.WriteOptions{})
		return fmt.Sprintf("%d, %v", n, err)
	case "read":
		return l.readUpTo(s.n)
	case "shutdown-write":
		return fmt.Sprint(l.ep.Shutdown(tcpip.ShutdownWrite))
	case "shutdown-read":
		return fmt.Sprint(l.ep.Shutdown(tcpip.ShutdownRead))
	case "abort":
		l.ep.Abort()
	case "close":
		l.closed = true
		l.ep.Close()
	}
	return ""
}

func (l *lab) readUpTo(n int) string {
	var b bytes.Buffer
	res, err := l.ep.Read(&tcpip.LimitedWriter{W: &b, N: int64(n)}, tcpip.ReadOptions{})
	if want := textAt(l.read, b.Len()); !bytes.Equal(b.Bytes(), want) {
		return fmt.Sprintf("%d bytes that are wrong", b.Len())
	}
	l.read += res.Count
	return fmt.Sprintf("%d, %v", res.Count, err)
}

// textAt is the peer's text from a position.
func textAt(at, n int) []byte {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte(at+i) ^ byte((at+i)>>8)
	}
	return text
}

// pass lets time pass, and every timer's work be done.
func (l *lab) pass(d time.Duration) {
	l.rest()
	l.clock.RunUntil(func() bool { l.rest(); return false }, d)
	l.rest()
}

// inject hands the stack a packet of the peer's.
func (l *lab) inject(s *step) {
	var h wire.Header
	h.Flags, h.Seq, h.Window, h.Options = s.flags, seq.New(irs).Add(s.seq), wire.Window(s.win), s.opts
	if h.Flags.Has(wire.ACK) {
		h.Ack = l.iss.Add(s.ack)
	}
	if h.Options.HasTimestamps {
		h.Options.TSEcr = l.stamp
	}
	var hb [wire.MaxHeaderLen]byte
	n := h.Marshal(hb[:])
	b := header.TCP(append(hb[:n:n], textAt(s.seq, s.n)...))
	b.SetSourcePort(peerPort)
	b.SetDestinationPort(stackPort)
	b.SetChecksum(0)
	b.SetChecksum(^checksum.Checksum(b, header.PseudoHeaderChecksum(header.TCPProtocolNumber, peerAddr, stackAddr, uint16(len(b)))))
	ip := header.IPv4(make([]byte, header.IPv4MinimumSize, header.IPv4MinimumSize+len(b)))
	ip.Encode(&header.IPv4Fields{TotalLength: uint16(len(ip) + len(b)), TTL: 64, Protocol: uint8(header.TCPProtocolNumber), SrcAddr: peerAddr, DstAddr: stackAddr})
	ip.SetChecksum(^ip.CalculateChecksum())
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(append(ip, b...))})
	l.link.InjectInbound(ipv4.ProtocolNumber, pkt)
	pkt.DecRef()
}

// observation is what can be seen after a step, by aspect.
type observation struct {
	step   string
	answer string // of the call
	state  string
	// readable are the bytes that wait, and ready the readiness.
	readable int
	ready    string
	// sent is how far text was sent in all and, of what came after a wait of a
	// minute or more, whether any was sent again; acked is how far text is
	// acknowledged, and whether the window is open; answered, whether a packet was
	// answered by an acknowledgment without text.
	sent, acked, answered string
	// sack and dsack say whether the last acknowledgment reports what came out of
	// order, and twice (RFC 2018, 2883); reset are the resets, syn the SYNs and their
	// options.
	sack, dsack, reset, syn string
}

// aspects are the observation's parts that are compared, by name.
func (o *observation) aspects() map[string]string {
	return map[string]string{
		"answer": o.answer, "state": o.state, "readable": fmt.Sprint(o.readable), "ready": o.ready,
		"sent": o.sent, "acked": o.acked, "answered": o.answered, "sack": o.sack, "dsack": o.dsack, "reset": o.reset, "syn": o.syn,
	}
}

// settled is how long a step's effects may take to be seen: an acknowledgment
// that waits for more, at most.
const settled = 50 * time.Millisecond

// observe waits for a step's effects and tells them.
func (l *lab) observe(answer, name string) observation {
	l.pass(settled)
	o := observation{step: name, answer: answer}
	l.packets(&o)
	if l.ep == nil {
		return o
	}
	o.state = tcp.EndpointState(l.ep.State()).String()
	if !l.closed {
		o.readable, _ = l.ep.GetSockOptInt(tcpip.ReceiveQueueSizeOption)
		m := l.ep.Readiness(waiter.EventIn | waiter.EventOut | waiter.EventHUp | waiter.EventRdHUp | waiter.EventErr)
		for _, e := range []struct {
			bit  waiter.EventMask
			name string
		}{{waiter.EventIn, "in"}, {waiter.EventOut, "out"}, {waiter.EventHUp, "hup"}, {waiter.EventRdHUp, "rdhup"}, {waiter.EventErr, "err"}} {
			if m&e.bit != 0 {
				o.ready += e.name + " "
			}
		}
	}
	return o
}

// packets digests what was sent.
func (l *lab) packets(o *observation) {
	repeated, before := false, l.sent
	for pkt := l.link.Read(); pkt != nil; pkt = l.link.Read() {
		v := pkt.ToView()
		b := header.TCP(append([]byte(nil), v.AsSlice()[header.IPv4MinimumSize:]...))
		v.Release()
		pkt.DecRef()
		var h wire.Header
		n, err := h.Parse(b)
		if err != nil {
			l.err = fmt.Errorf("a packet that does not parse: %v", err)
			return
		}
		if h.Options.HasTimestamps {
			l.stamp = h.Options.TSVal
		}
		switch {
		case h.Flags.Has(wire.RST):
			o.reset += l.describeReset(&h)
			continue
		case h.Flags.Has(wire.SYN):
			l.iss = h.Seq
			o.syn += fmt.Sprintf("%v mss %d ws %v sack %v ts %v ", h.Flags, h.Options.MSS, h.Options.HasWindowScale, h.Options.SACKPermitted, h.Options.HasTimestamps)
			continue
		}
		from := h.Seq.Sub(l.iss)
		end := from + len(b) - n
		if h.Flags.Has(wire.FIN) {
			end++
			l.fin = end
		}
		repeated = repeated || from >= 1 && from < before && end > from+1 // a probe may have an old byte
		l.sent = max(l.sent, end)
		if end == from {
			o.answered = "yes"
		}
		l.acked = fmt.Sprintf("%d, the window is open: %v", h.Ack.Sub(seq.New(irs)), h.Window > 0)
		l.sack, l.dsack = reports(&h)
	}
	o.sent, o.acked, o.sack, o.dsack = fmt.Sprintf("to %d, fin %d", l.sent, l.fin), l.acked, l.sack, l.dsack
	if repeated {
		o.sent += again
	}
}

// reports tells whether SACK blocks report what came out of order, and what came
// twice: that is first, and before the acknowledgment or within the next (RFC 2883,
// section 4).
func reports(h *wire.Header) (sack, dsack string) {
	blocks := h.Options.SACKBlocks()
	if len(blocks) > 0 && (blocks[0].End.LessEq(h.Ack) || len(blocks) > 1 && blocks[1].Covers(blocks[0])) {
		blocks, dsack = blocks[1:], "yes"
	}
	if len(blocks) > 0 {
		sack = "yes"
	}
	return sack, dsack
}

func (l *lab) describeReset(h *wire.Header) string {
	text := fmt.Sprintf("at %d", h.Seq.Sub(l.iss))
	if h.Seq.Value() == 0 {
		text = "at zero"
	}
	if h.Flags.Has(wire.ACK) {
		text += fmt.Sprintf(" ack %d", h.Ack.Sub(seq.New(irs)))
	}
	return text + " "
}
