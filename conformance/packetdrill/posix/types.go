// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"net/netip"
	"time"
)

// SockAddr is a struct sockaddr_in or sockaddr_in6. Its zero value, of family
// AF_UNSPEC, ends the association of a socket in connect.
type SockAddr struct {
	// Family is AF_INET, AF_INET6 or AF_UNSPEC. It tells how Addr is taken: an
	// IPv4 address in a sockaddr_in6 is v4-mapped.
	Family int
	// Addr is the address. An invalid one is that of all interfaces.
	Addr netip.Addr
	Port uint16
	// Scope is sin6_scope_id: the number of a NIC, or 0.
	Scope uint32
	// Null stands for a pointer that is NULL: EFAULT where a call needs one.
	Null bool
}

// Addr4 returns the sockaddr_in of an address.
func Addr4(a netip.Addr, port uint16) SockAddr {
	return SockAddr{Family: AF_INET, Addr: a, Port: port}
}

// Addr6 returns the sockaddr_in6 of an address, v4-mapped where it is of IPv4.
func Addr6(a netip.Addr, port uint16) SockAddr {
	return SockAddr{Family: AF_INET6, Addr: a, Port: port}
}

// Memory is a buffer of the calling program.
type Memory struct {
	// B is the buffer: what is written, or where what is read is put, by the
	// time the call is done.
	B []byte
	// Fault is how many bytes the buffer has where it is no memory, as
	// read(fd, NULL, 1000). B then means nothing.
	Fault int
}

// Bytes returns b as memory.
func Bytes(b []byte) Memory { return Memory{B: b} }

// Null returns n bytes at NULL.
func Null(n int) Memory { return Memory{Fault: max(n, 0)} }

// len returns how many bytes the caller said it has.
func (m Memory) len() int {
	if m.Fault > 0 {
		return m.Fault
	}
	return len(m.B)
}

// Message is the struct msghdr that a call is given.
type Message struct {
	// Name is msg_name, for sendmsg; its zero value is none.
	Name SockAddr
	Iov  []Memory
	// Control are the control messages that sendmsg is given.
	Control []ControlMessage
	// Flags is msg_flags as it was before; calls pass it over.
	Flags int
	// WantControl tells that msg_control has room.
	WantControl bool
}

// ControlMessage is a struct cmsghdr and its data.
type ControlMessage struct {
	Level, Type int
	// Value is the data, where that is an int: TCP_CM_INQ's and IP_TOS's is.
	Value int64
}

// MessageOut is what recvmsg fills in.
type MessageOut struct {
	// Name is msg_name: a TCP fills in none.
	Name    SockAddr
	Flags   int
	Control []ControlMessage
}

// PollFD is a struct pollfd.
type PollFD struct {
	FD              int // one below 0 is passed over
	Events, Revents int16
}

// EpollEvent is a struct epoll_event.
type EpollEvent struct {
	Events uint32
	Data   uint64
}

// Int32 returns v in the layout of an int option.
func Int32(v int32) []byte { return le.AppendUint32(nil, uint32(v)) }

// Linger returns a struct linger, for SO_LINGER: on, and for how long, in
// seconds.
func Linger(on bool, seconds int32) []byte {
	b := make([]byte, 0, 8)
	if on {
		b = le.AppendUint32(b, 1)
	} else {
		b = le.AppendUint32(b, 0)
	}
	return le.AppendUint32(b, uint32(seconds))
}

// Timeval returns a struct timeval of a 64-bit Linux, for SO_RCVTIMEO and
// SO_SNDTIMEO.
func Timeval(d time.Duration) []byte {
	b := le.AppendUint64(nil, uint64(d/time.Second))
	return le.AppendUint64(b, uint64(d%time.Second/time.Microsecond))
}
