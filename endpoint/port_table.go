// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/ports"
)

// portTable knows which local ports connections use. What is bound is reserved with
// the stack's ports, in maps within maps: 1,500 bytes and seven allocations for a
// port. A connection does not need them. That nobody else has it is seen when it is
// registered with the stack, by all of its 4-tuple; and who binds a port has to know
// of a connection only that it is there, and what of the port it lets others share.
// So this counts connections by port, and puts into the stack's ports one for all of
// a kind while somebody binds one of them (see during).
//
// Its lock comes after that of an endpoint, and before those of the stack.
type portTable struct {
	mu sync.Mutex
	// conns are the kinds of connections there are, and bound counts the endpoints
	// that have reserved a port with the stack.
	conns map[portKind]portCounts
	bound portCounts
	// devices is how many connections belong to sockets that are bound to a device.
	devices int
}

// portKind is what, beside its port, a connection has to do with others' ports.
type portKind struct {
	addr   tcpip.Address
	device tcpip.NICID
	nets   netProtos
	flags  ports.Flags
}

// portCounts are numbers of endpoints, by their port; none is 0.
type portCounts map[uint16]uint32

func (c *portCounts) add(port uint16) {
	if *c == nil {
		*c = make(portCounts)
	}
	(*c)[port]++
}

// remove takes one away, and all that they hold with the last: a map does not
// shrink.
func (c *portCounts) remove(port uint16) {
	if (*c)[port]--; (*c)[port] > 0 {
		return
	}
	if delete(*c, port); len(*c) == 0 {
		*c = nil
	}
}

// join counts a connection, and reports whether it may use the port as far as is
// known: not where the port is reserved with the stack, unless shared says that the
// stack's ports were asked, or that this is a port to be shared.
func (t *portTable) join(k portKind, port uint16, shared bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !shared && t.bound[port] > 0 {
		return false
	}
	counts := t.conns[k]
	fresh := counts == nil
	counts.add(port)
	if fresh {
		if t.conns == nil {
			t.conns = make(map[portKind]portCounts)
		}
		t.conns[k] = counts
	}
	if k.device != 0 {
		t.devices++
	}
	return true
}

// leave takes back what join counted.
func (t *portTable) leave(k portKind, port uint16) {
	t.mu.Lock()
	defer t.mu.Unlock()
	counts := t.conns[k]
	counts.remove(port)
	if counts == nil {
		delete(t.conns, k)
	}
	if k.device != 0 {
		t.devices--
	}
}

// anyDevice reports whether some connection belongs to a socket that is bound to a
// device.
func (t *portTable) anyDevice() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.devices > 0
}

// reserved counts an endpoint that reserved a port with the stack; released takes
// it back.
func (t *portTable) reserved(port uint16) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bound.add(port)
}

func (t *portTable) released(port uint16) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.bound.remove(port)
}

// used reports whether a socket of the kind k may not be bound to the port by the
// stack's choice, as connections use it.
//
// Precondition: t.mu is held.
func (t *portTable) used(k portKind, port uint16) bool {
	for other, counts := range t.conns {
		if counts[port] > 0 && other.meets(k) {
			return true
		}
	}
	return false
}

// meets reports whether a connection of this kind has to do with a socket bound as k
// says.
func (o portKind) meets(k portKind) bool {
	return o.nets&k.nets != 0 &&
		(k.addr.Len() == 0 || k.addr == o.addr) &&
		(k.device == 0 || o.device == 0 || k.device == o.device)
}

// during calls bind with the table locked, and the port's connections in the stack's
// ports: one of each kind, since who binds a port asks for no peer. Where bind
// returns a port, it is counted as reserved.
func (t *portTable) during(e *Endpoint, port uint16, bind func() (uint16, tcpip.Error)) (uint16, tcpip.Error) {
	s := e.shared.Stack
	t.mu.Lock()
	defer t.mu.Unlock()
	var there []ports.Reservation
	for k, counts := range t.conns {
		if port == 0 || counts[port] == 0 {
			continue
		}
		r := ports.Reservation{
			Networks: k.nets.list(), Transport: ProtocolNumber, Addr: k.addr, Port: port,
			Flags: k.flags, BindToDevice: k.device,
			// Each has a peer of its own: those of one would have to share it.
			Dest: tcpip.FullAddress{Addr: k.addr, Port: uint16(len(there))},
		}
		if s.ReserveTuple(r) {
			there = append(there, r)
		}
	}
	port, err := bind()
	for _, r := range there {
		s.ReleasePort(r)
	}
	if err == nil {
		t.bound.add(port)
	}
	return port, err
}
