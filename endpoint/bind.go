// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/ports"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// Bind implements tcpip.Endpoint: it reserves a port, of the caller's choice or
// of ours, at an address of this stack or at all of them. Errors are
// ErrAlreadyBound unless the endpoint is new, ErrBadLocalAddress, ErrPortInUse,
// ErrNoPortAvailable, and what the address's family asks for.
func (e *Endpoint) Bind(addr tcpip.FullAddress) tcpip.Error {
	now := e.lock()
	defer e.unlock(now)
	return e.bindLocked(addr)
}

// bindLocked is Bind with the lock held.
func (e *Endpoint) bindLocked(addr tcpip.FullAddress) tcpip.Error {
	if e.EndpointState() != StateInitial {
		return &tcpip.ErrAlreadyBound{}
	}
	given := addr.Addr
	addr, netProto, err := e.unwrap(addr, true /* bind */)
	if err != nil {
		return err
	}
	nets := netProtoOf(netProto)
	if netProto == header.IPv6ProtocolNumber && addr.Addr.Len() == 0 && !e.ops().GetV6Only() &&
		e.shared.Stack.CheckNetworkProtocol(header.IPv4ProtocolNumber) {
		nets |= netIPv4
	}
	var nic tcpip.NICID
	if addr.Addr.Len() != 0 {
		nic = e.shared.Stack.CheckLocalAddress(addr.NIC, netProto, addr.Addr)
		if nic == 0 {
			return &tcpip.ErrBadLocalAddress{}
		}
	}
	id := e.ID
	id.LocalAddress = addr.Addr
	device := tcpip.NICID(e.ops().GetBindToDevice())
	kind := portKind{addr.Addr, device, nets, e.portFlags}
	table := &e.shared.ports
	port, err := table.during(e, addr.Port, func() (uint16, tcpip.Error) {
		return e.shared.Stack.ReservePort(e.shared.Stack.SecureRNG(), ports.Reservation{
			Networks:     nets.list(),
			Transport:    ProtocolNumber,
			Addr:         addr.Addr,
			Port:         addr.Port,
			Flags:        e.portFlags,
			BindToDevice: device,
		}, func(port uint16) (bool, tcpip.Error) {
			if addr.Port == 0 && table.used(kind, port) {
				return false, nil
			}
			// Only listeners are registered without a remote end: one of them may
			// stand in the way although it shares its port.
			id.LocalPort = port
			err := e.shared.Stack.CheckRegisterTransportEndpoint(nets.list(), ProtocolNumber, id, e.portFlags, device)
			return err == nil, nil
		})
	})
	if err != nil {
		e.shared.TCP.FailedPortReservations.Increment()
		return err
	}
	id.LocalPort = port
	e.ID = id
	e.need().bindAddr = given
	e.port = portBound
	e.boundNIC, e.boundDevice, e.boundFlags, e.boundNets = nic, device, e.portFlags, nets
	e.setState(StateBound)
	return nil
}

// unwrap returns addr as the network knows it, a v4-mapped address as IPv4, and
// the network protocol that it is reached by.
func (e *Endpoint) unwrap(addr tcpip.FullAddress, bind bool) (tcpip.FullAddress, tcpip.NetworkProtocolNumber, tcpip.Error) {
	info := stack.TransportEndpointInfo{NetProto: e.NetProto, ID: e.ID}
	return info.AddrNetProtoLocked(addr, e.ops().GetV6Only(), bind)
}

// reservation returns what the endpoint has reserved, for the given networks.
func (e *Endpoint) reservation(nets netProtos) ports.Reservation {
	addr := e.ID.LocalAddress
	if e.boundAny {
		addr = tcpip.Address{}
	}
	var dest tcpip.FullAddress
	if e.boundPeer {
		dest = tcpip.FullAddress{Addr: e.ID.RemoteAddress, Port: e.ID.RemotePort}
	}
	return ports.Reservation{
		Networks:     nets.list(),
		Transport:    ProtocolNumber,
		Addr:         addr,
		Port:         e.ID.LocalPort,
		Flags:        e.boundFlags,
		BindToDevice: e.boundDevice,
		Dest:         dest,
	}
}

// portHold is how an endpoint holds its port.
type portHold uint8

const (
	portFree  portHold = iota // not at all
	portBound                 // it is reserved with the stack
	portUsed                  // the protocol's portTable counts it
)

// kind is the connection as portTable counts it.
func (e *Endpoint) kind() portKind {
	return portKind{e.ID.LocalAddress, e.boundDevice, e.boundNets, e.boundFlags}
}

// releasePort gives the port back, once.
func (e *Endpoint) releasePort() {
	switch e.port {
	case portBound:
		e.shared.Stack.ReleasePort(e.reservation(e.boundNets))
		e.shared.ports.released(e.ID.LocalPort)
	case portUsed:
		e.shared.ports.leave(e.kind(), e.ID.LocalPort)
	}
	e.port = portFree
}

// register makes packets for the endpoint's ID reach it.
func (e *Endpoint) register() tcpip.Error {
	err := e.shared.Stack.RegisterTransportEndpoint(e.boundNets.list(), ProtocolNumber, e.ID, e, e.boundFlags, e.boundDevice)
	if err == nil {
		e.registered = true
	}
	return err
}

// unregister undoes register, once.
func (e *Endpoint) unregister() {
	if !e.registered {
		return
	}
	e.registered = false
	e.shared.Stack.UnregisterTransportEndpoint(e.boundNets.list(), ProtocolNumber, e.ID, e, e.boundFlags, e.boundDevice)
}

// GetLocalAddress implements tcpip.Endpoint: where the endpoint is bound.
func (e *Endpoint) GetLocalAddress() (tcpip.FullAddress, tcpip.Error) {
	e.mu.Lock()
	defer e.leave()
	return tcpip.FullAddress{Addr: e.ID.LocalAddress, Port: e.ID.LocalPort, NIC: e.boundNIC}, nil
}

// GetRemoteAddress implements tcpip.Endpoint: the peer's address; or
// ErrNotConnected.
func (e *Endpoint) GetRemoteAddress() (tcpip.FullAddress, tcpip.Error) {
	e.mu.Lock()
	defer e.leave()
	if !e.EndpointState().connected() {
		return tcpip.FullAddress{}, &tcpip.ErrNotConnected{}
	}
	return e.remoteAddress(), nil
}

// remoteAddress returns the peer's address.
func (e *Endpoint) remoteAddress() tcpip.FullAddress {
	return tcpip.FullAddress{Addr: e.ID.RemoteAddress, Port: e.ID.RemotePort, NIC: e.boundNIC}
}

// HasNIC implements tcpip.SocketOptionsHandler: whether SO_BINDTODEVICE may name
// that NIC.
func (e *Endpoint) HasNIC(id int32) bool {
	return id == 0 || e.shared.Stack.HasNIC(tcpip.NICID(id))
}

// OnReuseAddressSet implements tcpip.SocketOptionsHandler.
func (e *Endpoint) OnReuseAddressSet(v bool) {
	now := e.lock()
	defer e.unlock(now)
	e.portFlags.TupleOnly = v
}

// OnReusePortSet implements tcpip.SocketOptionsHandler.
func (e *Endpoint) OnReusePortSet(v bool) {
	now := e.lock()
	defer e.unlock(now)
	e.portFlags.LoadBalanced = v
}
