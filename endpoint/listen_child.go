// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/ports"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"

	"tcpcb/engine"
)

// inherited is what a connection takes over from its listener: as in Linux,
// all options of the socket that mean something to a connection.
type inherited struct {
	*template
	netProto              tcpip.NetworkProtocolNumber
	portFlags, boundFlags ports.Flags
	boundDevice           tcpip.NICID
	owner                 tcpip.PacketOwner
}

// inherit returns what the listener's connections take over now.
func (l *listener) inherit() inherited {
	e := l.ep
	e.mu.Lock()
	defer e.leave()
	ops := e.ops()
	return inherited{
		template: l.children.get(socketValues{
			rcvBuf:     ops.GetReceiveBufferSize(),
			sndBuf:     ops.GetSendBufferSize(),
			mark:       ops.GetMark(),
			experiment: ops.GetExperimentOptionValue(),
			linger:     ops.GetLinger(),
			keepAlive:  ops.GetKeepAlive(),
			delay:      ops.GetDelayOption(),
			cork:       ops.GetCorkOption(),
			quickAck:   ops.GetQuickAck(),
			v6Only:     ops.GetV6Only(),
		}, *e.opt),
		netProto:    e.NetProto,
		portFlags:   e.portFlags,
		boundFlags:  e.boundFlags,
		boundDevice: e.boundDevice,
		owner:       e.packetOwner(),
	}
}

// newChild returns an endpoint for the connection id, which pkt belongs to: it
// has the listener's options and a path, and nobody knows it yet.
func (l *listener) newChild(id stack.TransportEndpointID, pkt *stack.PacketBuffer) (*Endpoint, tcpip.Error) {
	route, err := routeBack(l.ep.shared.Stack, id, pkt)
	if err != nil {
		return nil, err
	}
	h := l.inherit()
	child := newEndpoint(l.ep.shared, h.netProto, &waiter.Queue{}, h.template)
	child.portFlags, child.boundFlags, child.boundDevice = h.portFlags, h.boundFlags, h.boundDevice
	if h.owner != nil {
		child.need().owner = h.owner
	}
	child.place(id, route, pkt)
	return child, nil
}

// routeBack returns the route to where pkt, of the connection id, came from.
func routeBack(s *stack.Stack, id stack.TransportEndpointID, pkt *stack.PacketBuffer) (*stack.Route, tcpip.Error) {
	return s.FindRoute(pkt.NICID, id.LocalAddress, id.RemoteAddress, pkt.NetworkProtocolNumber, false /* multicastLoop */)
}

// place gives the endpoint, which nobody knows yet, the connection id and the
// route to its peer.
func (e *Endpoint) place(id stack.TransportEndpointID, route *stack.Route, pkt *stack.PacketBuffer) {
	e.ID = id
	e.boundNIC = pkt.NICID
	e.boundNets = netProtoOf(pkt.NetworkProtocolNumber)
	e.boundPeer = true
	e.setPath(route)
}

// openPassive answers the SYN with a SYN-ACK, sent when the lock is freed. The
// listener is told how the handshake ends.
//
// Precondition: e.mu is held.
func (e *Endpoint) openPassive(now engine.Instant, l *listener, syn *engine.Segment) tcpip.Error {
	if err := e.enrol(l); err != nil {
		return err
	}
	e.conn.OpenPassive(now, e.params(now), e.settings(), syn)
	return nil
}

// openCookie takes over the connection whose SYN cookie ack acknowledges, with
// ack's text.
//
// Precondition: e.mu is held.
func (e *Endpoint) openCookie(now engine.Instant, l *listener, mss uint16, ack *engine.Segment) tcpip.Error {
	if err := e.enrol(l); err != nil {
		return err
	}
	p := e.params(now)
	p.ISS = cookieOf(ack).Value()
	p.NoWindowScale, p.NoSACK = true, true // what CookieSynAck left out
	e.conn.OpenCookie(now, p, e.settings(), mss, ack)
	e.conn.HandleSegment(now, ack)
	return nil
}

// enrol makes packets for the connection reach the endpoint, which is about to
// open it.
func (e *Endpoint) enrol(parent passiveParent) tcpip.Error {
	// The port is the listener's, and shared. That no connection opened from here
	// has the 4-tuple is seen when it is registered.
	e.shared.ports.join(e.kind(), e.ID.LocalPort, true /* shared */)
	e.port = portUsed
	if err := e.register(); err != nil {
		if _, taken := err.(*tcpip.ErrPortInUse); taken {
			e.shared.TCP.FailedPortReservations.Increment()
		}
		return err
	}
	e.parent = parent
	e.opened = true
	return nil
}
