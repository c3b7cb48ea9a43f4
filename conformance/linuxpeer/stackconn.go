// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer

import (
	"syscall"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
)

// StackConn is a connection of the stack, with the methods of *net.TCPConn
// that gonet's has not. Its reads and writes fail with gonet's errors, which
// are text.
type StackConn struct {
	*gonet.TCPConn
	ep tcpip.Endpoint
}

// Endpoint returns the connection's endpoint, for its options and statistics.
func (c *StackConn) Endpoint() tcpip.Endpoint { return c.ep }

// SetLinger is as net.TCPConn's: with 0 seconds Close resets the connection
// and drops what is not acknowledged, and below 0 linger is off.
func (c *StackConn) SetLinger(sec int) error {
	c.ep.SocketOptions().SetLinger(tcpip.LingerOption{
		Enabled: sec >= 0,
		Timeout: time.Duration(max(sec, 0)) * time.Second,
	})
	return nil
}

// SetNoDelay is as net.TCPConn's: true turns Nagle's algorithm off (RFC 9293
// section 3.7.4).
func (c *StackConn) SetNoDelay(noDelay bool) error {
	c.ep.SocketOptions().SetDelayOption(!noDelay)
	return nil
}

// SetReadBuffer sets the receive buffer's size in bytes, within the stack's
// limits.
func (c *StackConn) SetReadBuffer(bytes int) error {
	c.ep.SocketOptions().SetReceiveBufferSize(int64(bytes), true)
	return nil
}

// SetWriteBuffer sets the send buffer's size in bytes, within the stack's
// limits.
func (c *StackConn) SetWriteBuffer(bytes int) error {
	c.ep.SocketOptions().SetSendBufferSize(int64(bytes), true)
	return nil
}

// stackError is netstack's error as Go's, which it wraps an errno for.
type stackError struct{ err tcpip.Error }

func (e stackError) Error() string { return e.err.String() }

// Unwrap returns the errno for the errors that a connection attempt meets.
func (e stackError) Unwrap() error {
	switch e.err.(type) {
	case *tcpip.ErrConnectionRefused:
		return syscall.ECONNREFUSED
	case *tcpip.ErrConnectionReset:
		return syscall.ECONNRESET
	case *tcpip.ErrTimeout:
		return syscall.ETIMEDOUT
	case *tcpip.ErrHostUnreachable:
		return syscall.EHOSTUNREACH
	case *tcpip.ErrNetworkUnreachable:
		return syscall.ENETUNREACH
	case *tcpip.ErrPortInUse:
		return syscall.EADDRINUSE
	}
	return nil
}
