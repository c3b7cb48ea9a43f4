// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"net/netip"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/waiter"
)

// accessMode are the bits of an open file's flags that tell how it may be used.
const accessMode = 3

// settable are the flags that F_SETFL changes.
const settable = O_APPEND | O_NONBLOCK

// socket is a socket of TCP.
type socket struct {
	ep     tcpip.Endpoint
	wq     *waiter.Queue
	family int
	// rcvTimeout and sndTimeout are SO_RCVTIMEO and SO_SNDTIMEO; 0 is none, and
	// below 0 is over at once.
	rcvTimeout, sndTimeout time.Duration
	inq                    bool // TCP_INQ
	freebind               bool // IP_FREEBIND
	cork                   bool // TCP_CORK as the program set it
	corked                 bool // by MSG_MORE
	lowat                  int  // TCP_NOTSENT_LOWAT
	// owed is why the connection ended, where that came to light to a call that
	// returned text.
	owed Errno
}

func (s *socket) readiness(mask waiter.EventMask) waiter.EventMask {
	return s.ep.Readiness(mask | waiter.EventErr | waiter.EventHUp)
}

func (s *socket) queue() *waiter.Queue { return s.wq }

// late reports whether a connection waits: who accepts is told on a goroutine of
// its own by tcpcb.
func (s *socket) late(mask waiter.EventMask) bool {
	return mask&waiter.ReadableEvents != 0 && s.state() == TCP_LISTEN && s.ep.Readiness(waiter.EventIn) != 0
}

func (s *socket) release() { s.ep.Close() }

// tcpSocket returns the socket of that number, and its open file.
//
// Precondition: k.mu is held.
func (k *Kernel) tcpSocket(fd int) (*socket, *description, Errno) {
	d := k.fds[fd]
	if d == nil {
		return nil, nil, EBADF
	}
	s, ok := d.file.(*socket)
	if !ok {
		return nil, nil, ENOTSOCK
	}
	return s, d.description, 0
}

// Socket makes a socket of TCP. Errors are Linux's; sockets that are not of TCP
// are unsupported.
func (k *Kernel) Socket(family, typ, protocol int) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	const call = "socket"
	flags := typ & (SOCK_NONBLOCK | SOCK_CLOEXEC)
	switch typ &^ flags {
	case SOCK_STREAM:
	case SOCK_DGRAM, SOCK_RAW:
		return k.ready(call, lacking(ESOCKTNOSUPPORT, "socket "+SymbolName("SOCK_", int64(typ&^flags))))
	default:
		return k.ready(call, fail(EINVAL))
	}
	var net tcpip.NetworkProtocolNumber
	switch family {
	case AF_INET:
		net = header.IPv4ProtocolNumber
	case AF_INET6:
		net = header.IPv6ProtocolNumber
	default:
		return k.ready(call, fail(EAFNOSUPPORT))
	}
	switch protocol {
	case 0, IPPROTO_TCP:
	case IPPROTO_MPTCP:
		return k.ready(call, lacking(EPROTONOSUPPORT, "socket IPPROTO_MPTCP"))
	default:
		return k.ready(call, fail(EPROTONOSUPPORT))
	}
	wq := new(waiter.Queue)
	ep, err := k.stack.NewEndpoint(header.TCPProtocolNumber, net, wq)
	if err != nil {
		return k.ready(call, failed(err))
	}
	fd, e := k.installSocket(&socket{ep: ep, wq: wq, family: family}, flags)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	return k.ready(call, ok(fd))
}

// installSocket gives a socket a number. Where there is none left, it is closed.
//
// Precondition: k.mu is held.
func (k *Kernel) installSocket(s *socket, flags int) (int, Errno) {
	d := &description{file: s, flags: O_RDWR}
	if flags&SOCK_NONBLOCK != 0 {
		d.flags |= O_NONBLOCK
	}
	fd, e := k.install(d, flags&SOCK_CLOEXEC != 0, 0)
	if e != 0 {
		s.ep.Close()
	}
	return fd, e
}

// full returns an address as netstack has it. A sockaddr_in is too short for a
// socket of IPv6; what is of IPv4 is v4-mapped for it.
func (s *socket) full(a SockAddr) (tcpip.FullAddress, Errno) {
	none := tcpip.FullAddress{}
	switch {
	case a.Null:
		return none, EFAULT
	case s.family == AF_INET6 && a.Family == AF_INET:
		return none, EINVAL
	case a.Family != s.family:
		return none, EAFNOSUPPORT
	}
	full := tcpip.FullAddress{Port: a.Port}
	if !a.Addr.IsValid() || a.Addr.IsUnspecified() {
		return full, 0
	}
	if a.Family == AF_INET6 {
		full.Addr = tcpip.AddrFrom16(a.Addr.As16())
		if a.Addr.IsLinkLocalUnicast() {
			full.NIC = tcpip.NICID(a.Scope)
		}
		return full, 0
	}
	v4 := a.Addr.Unmap()
	if !v4.Is4() {
		return none, EINVAL
	}
	full.Addr = tcpip.AddrFrom4(v4.As4())
	return full, 0
}

// sockaddr returns an address as the socket's program sees it.
func (s *socket) sockaddr(full tcpip.FullAddress) SockAddr {
	a := SockAddr{Family: s.family, Port: full.Port, Addr: netip.IPv4Unspecified()}
	if s.family == AF_INET6 {
		a.Addr = netip.IPv6Unspecified()
	}
	addr, ok := netip.AddrFromSlice(full.Addr.AsSlice())
	if !ok {
		return a
	}
	if s.family == AF_INET {
		a.Addr = addr.Unmap()
		return a
	}
	a.Addr = netip.AddrFrom16(addr.As16())
	if addr.IsLinkLocalUnicast() {
		a.Scope = uint32(full.NIC)
	}
	return a
}

// Bind gives a socket its own address.
func (k *Kernel) Bind(fd int, addr SockAddr) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	const call = "bind"
	s, _, e := k.tcpSocket(fd)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	if s.family == AF_INET && addr.Family == AF_UNSPEC && (!addr.Addr.IsValid() || addr.Addr.IsUnspecified()) {
		addr.Family = AF_INET // as Linux takes it, for what was written without a family
	}
	full, e := s.full(addr)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	switch err := s.ep.Bind(full); err.(type) {
	case nil:
		return k.ready(call, ok(0))
	case *tcpip.ErrNoPortAvailable:
		// connect has another error for it.
		return k.ready(call, fail(EADDRINUSE))
	case *tcpip.ErrBadLocalAddress:
		if s.freebind {
			return k.ready(call, lacking(EADDRNOTAVAIL, "bind to a foreign address by IP_FREEBIND"))
		}
		return k.ready(call, failed(err))
	default:
		return k.ready(call, failed(err))
	}
}

// Listen makes a socket one that accepts connections.
func (k *Kernel) Listen(fd, backlog int) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	const call = "listen"
	s, _, e := k.tcpSocket(fd)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	// Linux takes the backlog for a number without a sign, and bounds it by
	// net.core.somaxconn.
	if backlog < 0 || backlog > 4096 {
		backlog = 4096
	}
	// As many wait in Linux's queue as the backlog says and one, and netstack's
	// callers pass that one.
	if err := s.ep.Listen(backlog + 1); err != nil {
		return k.ready(call, failed(err))
	}
	return k.ready(call, ok(0))
}

// Accept waits for a connection and returns its number, and the peer in
// Result.Addr.
func (k *Kernel) Accept(fd int) *Op { return k.accept("accept", fd, 0) }

// Accept4 is Accept with SOCK_NONBLOCK and SOCK_CLOEXEC for the new socket.
func (k *Kernel) Accept4(fd, flags int) *Op { return k.accept("accept4", fd, flags) }

func (k *Kernel) accept(call string, fd, flags int) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, d, e := k.tcpSocket(fd)
	switch {
	case flags&^(SOCK_NONBLOCK|SOCK_CLOEXEC) != 0:
		return k.ready(call, fail(EINVAL))
	case e != 0:
		return k.ready(call, fail(e))
	}
	try := func(o *Op) bool {
		var peer tcpip.FullAddress
		ep, wq, err := s.ep.Accept(&peer)
		if err != nil {
			o.result = failed(err)
			return o.result.Errno != EAGAIN || d.flags&O_NONBLOCK != 0 || o.expired.Load()
		}
		// As in Linux, a connection begins with what is set for its listener.
		n, e := k.installSocket(&socket{
			ep: ep, wq: wq, family: s.family, rcvTimeout: s.rcvTimeout, sndTimeout: s.sndTimeout,
			inq: s.inq, lowat: s.lowat, cork: ep.SocketOptions().GetCorkOption(),
		}, flags)
		if e != 0 {
			o.result = fail(e)
			return true
		}
		o.result = ok(n)
		o.result.Addr = s.sockaddr(peer)
		return true
	}
	return k.begin(&Op{name: call, try: try}, limit(s.rcvTimeout), watch{d: d, f: s, mask: waiter.ReadableEvents})
}

// Connect opens a connection, and waits until it is open unless the socket does
// not block. An address of AF_UNSPEC ends the association, as far as the TCP
// does that.
func (k *Kernel) Connect(fd int, addr SockAddr) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	const call = "connect"
	s, d, e := k.tcpSocket(fd)
	switch {
	case e != 0:
		return k.ready(call, fail(e))
	case addr.Null:
		return k.ready(call, fail(EFAULT))
	case addr.Family == AF_UNSPEC:
		err := s.ep.Disconnect()
		if _, no := err.(*tcpip.ErrNotSupported); no {
			return k.ready(call, lacking(EAFNOSUPPORT, "connect AF_UNSPEC"))
		}
		if err != nil {
			return k.ready(call, failed(err))
		}
		return k.ready(call, ok(0))
	}
	full, e := s.full(addr)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	if s.state() == TCP_LISTEN {
		return k.ready(call, fail(EISCONN))
	}
	if full.Addr.BitLen() == 0 {
		// Linux connects to itself where the address is that of all interfaces.
		return k.ready(call, lacking(ECONNREFUSED, "connect to the address of all interfaces"))
	}
	begun := false
	try := func(o *Op) bool {
		err := s.ep.Connect(full)
		switch err.(type) {
		case nil:
			o.result = ok(0)
			return true
		case *tcpip.ErrNoPortAvailable:
			o.result = fail(EADDRNOTAVAIL)
			return true
		case *tcpip.ErrConnectStarted:
			begun = true
		case *tcpip.ErrAlreadyConnecting:
		default:
			o.result = failed(err)
			return true
		}
		if d.flags&O_NONBLOCK != 0 {
			o.result = failed(err)
			return true
		}
		if o.expired.Load() {
			// As in Linux: the handshake goes on without the call.
			o.result = fail(EALREADY)
			if begun {
				o.result = fail(EINPROGRESS)
			}
			return true
		}
		return false
	}
	return k.begin(&Op{name: call, try: try}, limit(s.sndTimeout), watch{d: d, f: s, mask: waiter.WritableEvents | waiter.EventErr | waiter.EventHUp})
}

// GetSockName tells a socket's own address.
func (k *Kernel) GetSockName(fd int) *Op {
	return k.name("getsockname", fd, tcpip.Endpoint.GetLocalAddress)
}

// GetPeerName tells the address of a socket's peer.
func (k *Kernel) GetPeerName(fd int) *Op {
	return k.name("getpeername", fd, tcpip.Endpoint.GetRemoteAddress)
}

func (k *Kernel) name(call string, fd int, get func(tcpip.Endpoint) (tcpip.FullAddress, tcpip.Error)) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, _, e := k.tcpSocket(fd)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	full, err := get(s.ep)
	if err != nil {
		return k.ready(call, failed(err))
	}
	r := ok(0)
	r.Addr = s.sockaddr(full)
	return k.ready(call, r)
}

// Shutdown ends one direction of a connection, or both.
func (k *Kernel) Shutdown(fd, how int) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	const call = "shutdown"
	s, _, e := k.tcpSocket(fd)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	var flags tcpip.ShutdownFlags
	switch how {
	case SHUT_RD:
		flags = tcpip.ShutdownRead
	case SHUT_WR:
		flags = tcpip.ShutdownWrite
	case SHUT_RDWR:
		flags = tcpip.ShutdownRead | tcpip.ShutdownWrite
	default:
		return k.ready(call, fail(EINVAL))
	}
	if err := s.ep.Shutdown(flags); err != nil {
		return k.ready(call, failed(err))
	}
	return k.ready(call, ok(0))
}
