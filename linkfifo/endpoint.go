// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo

import (
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/sniffer"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// Endpoint is one end of a Link. It is a stack.LinkEndpoint without a link-layer
// header, a stack.GSOEndpoint, and a stack.QueueingDiscipline that queues nothing
// of its own: as the QDisc of stack.NICOptions it spares netstack the list that it
// would allocate for each packet. All methods may be called concurrently.
type Endpoint struct {
	side    Side
	out     *direction // what this end sends
	in      *direction // what it receives
	capture *capture   // nil for none

	mtu        atomic.Uint32
	address    atomic.Pointer[tcpip.LinkAddress]
	dispatcher atomic.Pointer[dispatcher]
	closed     atomic.Bool

	mu      sync.Mutex
	onClose func()
}

// dispatcher is what is attached to an end.
type dispatcher struct{ stack.NetworkDispatcher }

var (
	_ stack.LinkEndpoint       = (*Endpoint)(nil)
	_ stack.GSOEndpoint        = (*Endpoint)(nil)
	_ stack.QueueingDiscipline = (*Endpoint)(nil)
)

// newEndpoint returns the end for a side whose defaults are filled in.
func newEndpoint(s Side) *Endpoint {
	e := &Endpoint{side: s}
	e.mtu.Store(s.MTU)
	e.SetLinkAddress(s.LinkAddress)
	return e
}

// Name returns the side's name.
func (e *Endpoint) Name() string { return e.side.Name }

// WritePackets implements stack.LinkWriter. It puts the packets on the path in
// their order, and never delivers on the caller's stack. What the path drops
// counts as written: to a sender, a lossy path looks no different. Where the queue
// refuses (Path.QueueRefuses) it stops at the first that does not fit, with
// tcpip.ErrNoBufferSpace. On a closed end it returns tcpip.ErrClosedForSend.
func (e *Endpoint) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	return e.send(pkts.AsSlice())
}

// WritePacket implements stack.QueueingDiscipline: it is WritePackets of one.
func (e *Endpoint) WritePacket(pkt *stack.PacketBuffer) tcpip.Error {
	_, err := e.send([]*stack.PacketBuffer{pkt})
	return err
}

func (e *Endpoint) send(pkts []*stack.PacketBuffer) (int, tcpip.Error) {
	if e.capture != nil {
		for _, pkt := range pkts {
			e.capture.packet(sniffer.DirectionSend, pkt)
		}
	}
	n := e.out.send(pkts)
	switch {
	case e.closed.Load():
		return 0, &tcpip.ErrClosedForSend{}
	case n < len(pkts):
		return n, &tcpip.ErrNoBufferSpace{}
	}
	return n, nil
}

// Attach implements stack.NetworkLinkEndpoint. With nil it detaches: what
// arrives from then on is dropped and counted, though a packet being delivered
// meanwhile may still reach the old dispatcher, and the goroutine that delivers
// ends. A closed end stays detached.
func (e *Endpoint) Attach(d stack.NetworkDispatcher) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if d != nil && !e.closed.Load() {
		e.dispatcher.Store(&dispatcher{d})
		return
	}
	e.dispatcher.Store(nil)
	s := e.in.sched
	s.mu.Lock()
	s.rest()
	s.mu.Unlock()
}

// IsAttached implements stack.NetworkLinkEndpoint.
func (e *Endpoint) IsAttached() bool { return e.dispatcher.Load() != nil }

// Close implements stack.NetworkLinkEndpoint and stack.QueueingDiscipline. It drops
// and counts what is under way to this end, stops the goroutine and the timer that
// serve it, and lets nothing more be sent; what this end has sent before still
// arrives. Closing again does nothing.
func (e *Endpoint) Close() {
	e.mu.Lock()
	if e.closed.Load() {
		e.mu.Unlock()
		return
	}
	e.closed.Store(true)
	action := e.onClose
	e.onClose = nil
	e.dispatcher.Store(nil)
	e.mu.Unlock()

	if action != nil {
		action()
	}
	e.out.refuse()
	e.in.shut()
}

// SetOnCloseAction implements stack.NetworkLinkEndpoint: the action is called
// once, by Close.
func (e *Endpoint) SetOnCloseAction(action func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.onClose = action
}

// Wait implements stack.NetworkLinkEndpoint: it returns once the goroutine that
// delivers to this end, if any, has been told to end, by Attach(nil) or Close. It
// does not wait for a delivery under way, because netstack calls it with a lock
// held that the delivery may be waiting for; Link.Wait does.
func (e *Endpoint) Wait() {
	e.in.sched.waitUntil(func() bool { return !e.IsAttached() })
}

// MTU implements stack.NetworkLinkEndpoint, in bytes.
func (e *Endpoint) MTU() uint32 { return e.mtu.Load() }

// SetMTU implements stack.NetworkLinkEndpoint. Values outside MinMTU to MaxMTU
// are taken as the nearer of the two.
func (e *Endpoint) SetMTU(mtu uint32) { e.mtu.Store(min(max(mtu, MinMTU), MaxMTU)) }

// MaxHeaderLength implements stack.NetworkLinkEndpoint: there is no header.
func (*Endpoint) MaxHeaderLength() uint16 { return 0 }

// LinkAddress implements stack.NetworkLinkEndpoint.
func (e *Endpoint) LinkAddress() tcpip.LinkAddress { return *e.address.Load() }

// SetLinkAddress implements stack.NetworkLinkEndpoint.
func (e *Endpoint) SetLinkAddress(a tcpip.LinkAddress) { e.address.Store(&a) }

// Capabilities implements stack.NetworkLinkEndpoint.
func (e *Endpoint) Capabilities() stack.LinkEndpointCapabilities {
	c := stack.CapabilityNone
	if e.side.TXChecksumOffload {
		c |= stack.CapabilityTXChecksumOffload
	}
	if e.side.RXChecksumOffload {
		c |= stack.CapabilityRXChecksumOffload
	}
	return c
}

// ARPHardwareType implements stack.NetworkLinkEndpoint.
func (*Endpoint) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareNone }

// AddHeader implements stack.NetworkLinkEndpoint: there is none to add.
func (*Endpoint) AddHeader(*stack.PacketBuffer) {}

// ParseHeader implements stack.NetworkLinkEndpoint: there is none to parse.
func (*Endpoint) ParseHeader(*stack.PacketBuffer) bool { return true }

// GSOMaxSize implements stack.GSOEndpoint, in bytes.
func (e *Endpoint) GSOMaxSize() uint32 { return e.side.GSOMaxSize }

// SupportedGSO implements stack.GSOEndpoint.
func (e *Endpoint) SupportedGSO() stack.SupportedGSO {
	if e.side.GSO {
		return stack.HostGSOSupported
	}
	return stack.GSONotSupported
}

// Stats returns what became of the packets this end has sent so far.
func (e *Endpoint) Stats() Stats { return e.out.snapshot() }

// Path returns what packets sent by this end travel over now.
func (e *Endpoint) Path() Path { return e.out.currentPath() }

// SetPath changes the path that packets sent by this end travel over. Those in
// the queue stay there, even if a new limit is below their number, and meet the
// new path; so does what is left of the one being serialised; those past the
// transmitter keep the time at which they are to arrive. Order is kept across
// the change. The error names a field outside its range, and nothing changes
// then.
func (e *Endpoint) SetPath(p Path) error {
	if err := p.Validate(); err != nil {
		return err
	}
	e.out.setPath(func(old *Path) { *old = p })
	return nil
}

// SetDown cuts the path that packets sent by this end travel over, or restores
// it.
func (e *Endpoint) SetDown(down bool) {
	e.out.setPath(func(p *Path) { p.Down = down })
}
