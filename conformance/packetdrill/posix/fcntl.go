// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"fmt"
	"math"

	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/endpoint"
	"tcpcb/engine"
)

// Fcntl tells or changes what is about a number: F_GETFL, F_SETFL, F_GETFD,
// F_SETFD, F_DUPFD and F_DUPFD_CLOEXEC. F_SETFL passes over what it does not
// change, as in Linux, which are all flags but O_NONBLOCK and O_APPEND.
func (k *Kernel) Fcntl(fd, cmd, arg int) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ready("fcntl", k.fcntl(fd, cmd, arg))
}

func (k *Kernel) fcntl(fd, cmd, arg int) Result {
	d := k.fds[fd]
	if d == nil {
		return fail(EBADF)
	}
	switch cmd {
	case F_GETFL:
		return ok(d.flags)
	case F_SETFL:
		d.flags = d.flags&^settable | arg&settable
		return ok(0)
	case F_GETFD:
		if d.closeOnExec {
			return ok(FD_CLOEXEC)
		}
		return ok(0)
	case F_SETFD:
		d.closeOnExec = arg&FD_CLOEXEC != 0
		return ok(0)
	case F_DUPFD, F_DUPFD_CLOEXEC:
		if arg < 0 || arg >= maxFD {
			return fail(EINVAL)
		}
		n, e := k.install(d.description, cmd == F_DUPFD_CLOEXEC, arg)
		if e != 0 {
			return fail(e)
		}
		return ok(n)
	}
	return lacking(EINVAL, "fcntl "+SymbolName("F_", int64(cmd)))
}

// Ioctl asks for a number, which is in Result.Value: SIOCINQ (FIONREAD), what can
// be read; SIOCOUTQ, what was written and is not acknowledged; SIOCOUTQNSD, what
// of that was not sent yet. FIONBIO makes a file block where arg is 0, and not
// block where it is not.
func (k *Kernel) Ioctl(fd, request int, arg int64) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ready("ioctl", k.ioctl(fd, request, arg))
}

func (k *Kernel) ioctl(fd, request int, arg int64) Result {
	d := k.fds[fd]
	if d == nil {
		return fail(EBADF)
	}
	if request == FIONBIO {
		d.flags &^= O_NONBLOCK
		if arg != 0 {
			d.flags |= O_NONBLOCK
		}
		return ok(0)
	}
	value := func(n int, err tcpip.Error) Result {
		if err != nil {
			return failed(err)
		}
		return Result{Value: int64(min(n, math.MaxInt32))}
	}
	switch f := d.file.(type) {
	case *socket:
		switch request {
		case SIOCINQ:
			return value(f.ep.GetSockOptInt(tcpip.ReceiveQueueSizeOption))
		case SIOCOUTQ:
			n, err := f.ep.GetSockOptInt(tcpip.SendQueueSizeOption)
			return lackingQueue(value(n, err), err, "ioctl SIOCOUTQ")
		case SIOCOUTQNSD:
			n, err := f.unsent()
			return lackingQueue(value(n, err), err, "ioctl SIOCOUTQNSD")
		case SIOCATMARK:
			return lacking(ENOTTY, "ioctl SIOCATMARK")
		}
		return lacking(ENOTTY, fmt.Sprintf("ioctl %#x", request))
	case *epoll:
		return fail(EINVAL) // it has requests of its own
	case pipeIn:
		if request == FIONREAD {
			return value(len(f.buf), nil)
		}
	case pipeOut:
		if request == FIONREAD {
			return value(len(f.buf), nil)
		}
	case *disk:
		if request == FIONREAD {
			return value(max(0, len(f.content)-f.at), nil)
		}
	}
	return fail(ENOTTY)
}

// lackingQueue says of a result that the TCP does not count its queue, where
// that is why.
func lackingQueue(r Result, err tcpip.Error, what string) Result {
	switch err.(type) {
	case *tcpip.ErrUnknownProtocolOption, *tcpip.ErrQueueSizeNotSupported:
		return lacking(ENOTTY, what)
	}
	return r
}

// unsent returns how many bytes were written and not sent yet. netstack has no
// option for it, and tcpcb alone can be asked.
func (s *socket) unsent() (n int, err tcpip.Error) {
	if s.state() == TCP_LISTEN {
		return 0, &tcpip.ErrInvalidEndpointState{}
	}
	if _, ours := s.ep.(*endpoint.Endpoint); !ours {
		return 0, &tcpip.ErrQueueSizeNotSupported{}
	}
	endpoint.Inspect(s.ep, func(_ engine.Instant, c *engine.Conn) { n = c.Unsent() })
	return n, nil
}
