// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package floor

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/ports"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"
)

var (
	_ tcpip.Endpoint          = (*endpoint)(nil)
	_ stack.TransportEndpoint = (*endpoint)(nil)
)

// Connect implements tcpip.Endpoint. The connection is there at once.
func (e *endpoint) Connect(to tcpip.FullAddress) tcpip.Error {
	r, err := e.proto.stack.FindRoute(to.NIC, tcpip.Address{}, to.Addr, header.IPv4ProtocolNumber, false)
	if err != nil {
		return err
	}
	e.open(r)
	for range 1<<16 - firstPort {
		err = e.register(stack.TransportEndpointID{
			LocalPort: e.proto.nextPort(), LocalAddress: r.LocalAddress(), RemotePort: to.Port, RemoteAddress: to.Addr,
		})
		if _, taken := err.(*tcpip.ErrPortInUse); !taken {
			break
		}
	}
	if err != nil {
		e.Close()
		return err
	}
	e.sending.Lock()
	defer e.sending.Unlock()
	return e.send(header.TCPFlagSyn, 0, nil)
}

// Bind implements tcpip.Endpoint: of the port of a listener.
func (e *endpoint) Bind(a tcpip.FullAddress) tcpip.Error {
	return e.register(stack.TransportEndpointID{LocalPort: a.Port, LocalAddress: a.Addr})
}

// Listen implements tcpip.Endpoint. The backlog has no bound.
func (e *endpoint) Listen(int) tcpip.Error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.registered {
		return &tcpip.ErrInvalidEndpointState{}
	}
	e.listening = true
	return nil
}

// Accept implements tcpip.Endpoint.
func (e *endpoint) Accept(peer *tcpip.FullAddress) (tcpip.Endpoint, *waiter.Queue, tcpip.Error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.backlog) == 0 {
		return nil, nil, &tcpip.ErrWouldBlock{}
	}
	c := e.backlog[0]
	e.backlog = e.backlog[1:]
	if peer != nil {
		*peer, _ = c.GetRemoteAddress()
	}
	return c, c.wq, nil
}

// Abort implements tcpip.Endpoint and stack.TransportEndpoint.
func (e *endpoint) Abort() { e.Close() }

// Close implements tcpip.Endpoint. The peer is not told.
func (e *endpoint) Close() {
	e.mu.Lock()
	was, registered, waiting := e.closed, e.registered, e.backlog
	came := e.came
	e.closed, e.backlog, e.came = true, nil, nil
	e.mu.Unlock()
	if was {
		return
	}
	for _, c := range waiting {
		c.Close()
	}
	e.sending.Lock()
	id, r := e.id, e.route
	e.route = nil
	e.sending.Unlock()
	if registered {
		e.proto.stack.UnregisterTransportEndpoint(netProtos, header.TCPProtocolNumber, id, e, ports.Flags{}, 0)
	}
	if r != nil {
		r.Release()
	}
	e.reading.Lock()
	came = append(came, e.taken[e.next:]...)
	e.taken, e.next = nil, 0
	e.reading.Unlock()
	for _, a := range came {
		a.pkt.DecRef()
	}
	e.wq.Notify(waiter.EventHUp | waiter.ReadableEvents | waiter.WritableEvents)
}

// GetLocalAddress implements tcpip.Endpoint.
func (e *endpoint) GetLocalAddress() (tcpip.FullAddress, tcpip.Error) {
	e.sending.Lock()
	defer e.sending.Unlock()
	return tcpip.FullAddress{Addr: e.id.LocalAddress, Port: e.id.LocalPort}, nil
}

// GetRemoteAddress implements tcpip.Endpoint.
func (e *endpoint) GetRemoteAddress() (tcpip.FullAddress, tcpip.Error) {
	e.sending.Lock()
	defer e.sending.Unlock()
	if e.id.RemotePort == 0 {
		return tcpip.FullAddress{}, &tcpip.ErrNotConnected{}
	}
	return tcpip.FullAddress{Addr: e.id.RemoteAddress, Port: e.id.RemotePort}, nil
}

// Readiness implements tcpip.Endpoint.
func (e *endpoint) Readiness(mask waiter.EventMask) waiter.EventMask {
	var ready waiter.EventMask
	e.sending.Lock()
	if e.route != nil && e.room() > 0 {
		ready |= waiter.WritableEvents
	}
	e.sending.Unlock()
	e.reading.Lock()
	left := e.next < len(e.taken)
	e.reading.Unlock()
	e.mu.Lock()
	if left || len(e.came) > 0 || len(e.backlog) > 0 || e.ended || e.broken || e.closed {
		ready |= waiter.ReadableEvents
	}
	e.mu.Unlock()
	return ready & mask
}

// SocketOptions implements tcpip.Endpoint. None has an effect.
func (e *endpoint) SocketOptions() *tcpip.SocketOptions { return &e.ops }

// LastError implements tcpip.Endpoint: errors are returned where they show.
func (*endpoint) LastError() tcpip.Error { return nil }

// ModerateRecvBuf implements tcpip.Endpoint: the window is fixed.
func (*endpoint) ModerateRecvBuf(int) {}

// Disconnect implements tcpip.Endpoint.
func (*endpoint) Disconnect() tcpip.Error { return &tcpip.ErrNotSupported{} }

// SetSockOpt implements tcpip.Endpoint.
func (*endpoint) SetSockOpt(tcpip.SettableSocketOption) tcpip.Error {
	return &tcpip.ErrUnknownProtocolOption{}
}

// SetSockOptInt implements tcpip.Endpoint.
func (*endpoint) SetSockOptInt(tcpip.SockOptInt, int) tcpip.Error {
	return &tcpip.ErrUnknownProtocolOption{}
}

// GetSockOpt implements tcpip.Endpoint.
func (*endpoint) GetSockOpt(tcpip.GettableSocketOption) tcpip.Error {
	return &tcpip.ErrUnknownProtocolOption{}
}

// GetSockOptInt implements tcpip.Endpoint.
func (*endpoint) GetSockOptInt(tcpip.SockOptInt) (int, tcpip.Error) {
	return 0, &tcpip.ErrUnknownProtocolOption{}
}

// State implements tcpip.Endpoint: there are no states.
func (*endpoint) State() uint32 { return 0 }

// Info implements tcpip.Endpoint.
func (e *endpoint) Info() tcpip.EndpointInfo { return &stack.TransportEndpointInfo{} }

// Stats implements tcpip.Endpoint: nothing is counted.
func (*endpoint) Stats() tcpip.EndpointStats { return &tcpip.TransportEndpointStats{} }

// SetOwner implements tcpip.Endpoint: packets have none.
func (*endpoint) SetOwner(tcpip.PacketOwner) {}
