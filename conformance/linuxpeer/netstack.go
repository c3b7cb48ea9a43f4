// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer

import (
	"context"
	"net"
	"net/netip"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/waiter"
)

// stackBacklog is the accept queue's length, Linux's default since 5.4.
const stackBacklog = 4096

// StackDial connects the stack's TCP. The network is tcp, tcp4 or tcp6, and
// the address a literal with a port. The connection is a *[StackConn], which
// the caller closes. Its error wraps the syscall.Errno a kernel would give for
// a connection refused, reset, timed out or without a route.
func (p *Peer) StackDial(ctx context.Context, network, address string) (net.Conn, error) {
	fail := func(err error) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	a, err := parseAddress(network, address)
	if err != nil {
		return fail(err)
	}
	if err := ctx.Err(); err != nil {
		return fail(err)
	}
	wq := new(waiter.Queue)
	ep, terr := p.Stack.NewEndpoint(header.TCPProtocolNumber, protocolOf(a.Addr()), wq)
	if terr != nil {
		return fail(stackError{terr})
	}
	// Registered first, so that no event comes in between.
	entry, connected := waiter.NewChannelEntry(waiter.WritableEvents)
	wq.EventRegister(&entry)
	defer wq.EventUnregister(&entry)
	terr = ep.Connect(fullAddress(a))
	if _, started := terr.(*tcpip.ErrConnectStarted); started {
		select {
		case <-connected:
			terr = ep.LastError()
		case <-ctx.Done():
			ep.Close()
			return fail(ctx.Err())
		}
	}
	if terr != nil {
		ep.Close()
		return fail(stackError{terr})
	}
	return &StackConn{gonet.NewTCPConn(wq, ep), ep}, nil
}

// StackListen listens for the stack's TCP. The network is tcp, tcp4 or tcp6,
// and the address a literal with a port, which may be 0. The listener's
// connections are *[StackConn]; the caller closes them.
func (p *Peer) StackListen(network, address string) (net.Listener, error) {
	fail := func(err error) (net.Listener, error) {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	a, err := parseAddress(network, address)
	if err != nil {
		return fail(err)
	}
	wq := new(waiter.Queue)
	ep, terr := p.Stack.NewEndpoint(header.TCPProtocolNumber, protocolOf(a.Addr()), wq)
	if terr != nil {
		return fail(stackError{terr})
	}
	if terr = ep.Bind(fullAddress(a)); terr == nil {
		terr = ep.Listen(stackBacklog)
	}
	if terr != nil {
		ep.Close()
		return fail(stackError{terr})
	}
	local, terr := ep.GetLocalAddress()
	if terr != nil {
		ep.Close()
		return fail(stackError{terr})
	}
	addr := net.TCPAddrFromAddrPort(netip.AddrPortFrom(a.Addr(), local.Port))
	return &stackListener{ep: ep, wq: wq, addr: addr, closed: make(chan struct{})}, nil
}

// stackListener is gonet's listener, but with connections whose endpoint can
// be had, and with a Close that ends Accept.
type stackListener struct {
	ep        tcpip.Endpoint
	wq        *waiter.Queue
	addr      net.Addr
	closed    chan struct{}
	closeOnce sync.Once
}

// Accept implements net.Listener.
func (l *stackListener) Accept() (net.Conn, error) {
	entry, ready := waiter.NewChannelEntry(waiter.ReadableEvents)
	l.wq.EventRegister(&entry)
	defer l.wq.EventUnregister(&entry)
	for {
		select {
		case <-l.closed:
			return nil, l.fail(net.ErrClosed)
		default:
		}
		ep, wq, err := l.ep.Accept(nil)
		if err == nil {
			return &StackConn{gonet.NewTCPConn(wq, ep), ep}, nil
		}
		if _, empty := err.(*tcpip.ErrWouldBlock); !empty {
			return nil, l.fail(stackError{err})
		}
		select {
		case <-ready:
		case <-l.closed:
		}
	}
}

func (l *stackListener) fail(err error) error {
	return &net.OpError{Op: "accept", Net: "tcp", Addr: l.addr, Err: err}
}

// Close implements net.Listener.
func (l *stackListener) Close() error {
	l.closeOnce.Do(func() {
		close(l.closed)
		l.ep.Close()
	})
	return nil
}

// Addr implements net.Listener.
func (l *stackListener) Addr() net.Addr { return l.addr }

// protocolOf returns the network protocol of an address.
func protocolOf(a netip.Addr) tcpip.NetworkProtocolNumber {
	if a.Is4() {
		return ipv4.ProtocolNumber
	}
	return ipv6.ProtocolNumber
}

// fullAddress returns netstack's form of an address, on any NIC.
func fullAddress(a netip.AddrPort) tcpip.FullAddress {
	full := tcpip.FullAddress{Port: a.Port()}
	if !a.Addr().IsUnspecified() {
		full.Addr = tcpip.AddrFromSlice(a.Addr().AsSlice())
	}
	return full
}
