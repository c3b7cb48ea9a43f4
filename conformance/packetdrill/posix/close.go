// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// Close gives up a number. With the last that stands for a socket, the socket is
// closed; with SO_LINGER, the call then waits until the peer has acknowledged
// all, or the time is over, whether the socket blocks or not.
func (k *Kernel) Close(fd int) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	const call = "close"
	d := k.fds[fd]
	if d == nil {
		return k.ready(call, fail(EBADF))
	}
	s, is := d.file.(*socket)
	last := is && d.refs == 1
	linger := time.Duration(0)
	if last {
		if l := s.ep.SocketOptions().GetLinger(); l.Enabled {
			linger = l.Timeout
		}
	}
	k.drop(fd)
	if !last || linger <= 0 || !s.closing() {
		return k.ready(call, ok(0))
	}
	var again tcpip.Timer
	try := func(o *Op) bool {
		o.result = ok(0)
		if again != nil {
			again.Stop()
		}
		if o.expired.Load() || !s.closing() {
			return true
		}
		again = k.clock.AfterFunc(lingerLook, func() {
			o.woken.Store(true)
			k.wake()
		})
		return false
	}
	return k.begin(&Op{name: call, try: try}, linger, watch{f: closed{s}, mask: waiter.EventHUp | waiter.EventErr})
}

// lingerLook is how long it may take to see that a close need not linger any
// more: nobody is told that the peer has acknowledged it.
const lingerLook = 5 * time.Millisecond

// closing reports whether the peer has still to acknowledge what was sent before
// the close, and the close.
func (s *socket) closing() bool {
	switch s.state() {
	case TCP_FIN_WAIT1, TCP_CLOSING, TCP_LAST_ACK:
		return true
	}
	return false
}

// state returns the connection's state as TCP_INFO numbers it.
func (s *socket) state() int {
	// netstack's numbers are Linux's, but for those of its own above.
	if n := int(s.ep.State()); n >= TCP_ESTABLISHED && n <= TCP_CLOSING {
		return n
	}
	return TCP_CLOSE
}

// closed is a socket that was closed, and for which a close lingers.
type closed struct{ *socket }

// late tells of what a TCP does not notify: in FIN-WAIT-2 there is still something
// to come.
func (c closed) late(waiter.EventMask) bool { return !c.closing() }
