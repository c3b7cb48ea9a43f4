// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"io"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// Read reads into buf, up to its length. 0 is the end of the stream.
func (k *Kernel) Read(fd int, buf Memory) *Op { return k.readFile("read", fd, []Memory{buf}) }

// Readv is Read into several parts.
func (k *Kernel) Readv(fd int, iov []Memory) *Op { return k.readFile("readv", fd, iov) }

// Recv is Read from a socket, with flags.
func (k *Kernel) Recv(fd int, buf Memory, flags int) *Op {
	return k.recv("recv", fd, []Memory{buf}, flags, nil)
}

// RecvFrom is Recv. A TCP tells no address of the sender.
func (k *Kernel) RecvFrom(fd int, buf Memory, flags int) *Op {
	return k.recv("recvfrom", fd, []Memory{buf}, flags, nil)
}

// RecvMsg is Recv into several parts, with what else there is in
// Result.Message: with TCP_INQ, where the message has room for it, how much more
// is there to read.
func (k *Kernel) RecvMsg(fd int, msg *Message, flags int) *Op {
	const call = "recvmsg"
	if e := msg.check(); e != 0 {
		return k.ready(call, fail(e))
	}
	return k.recv(call, fd, msg.Iov, flags, msg)
}

// readFile is read and readv, of any file.
func (k *Kernel) readFile(call string, fd int, iov []Memory) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	d, e := k.open(fd, O_RDONLY)
	switch {
	case e != 0:
		return k.ready(call, fail(e))
	case len(iov) > maxIov:
		return k.ready(call, fail(EINVAL))
	case size(iov) == 0:
		return k.ready(call, ok(0))
	}
	if s, is := d.file.(*socket); is {
		return k.begin(k.recvOp(call, s, d, iov, 0, nil), limit(s.rcvTimeout), watch{d: d, f: s, mask: waiter.ReadableEvents})
	}
	src, is := d.file.(source)
	if !is {
		return k.ready(call, fail(EINVAL))
	}
	try := func(o *Op) bool {
		n, e := src.take(&scatter{iov: iov}, size(iov))
		o.result = ok(n)
		if e != 0 {
			o.result = fail(e)
		}
		return e != EAGAIN || d.flags&O_NONBLOCK != 0
	}
	return k.begin(&Op{name: call, try: try}, forever, watch{d: d, f: d.file, mask: waiter.ReadableEvents})
}

// recv is all of recv, recvfrom and recvmsg; msg is nil for the first two.
func (k *Kernel) recv(call string, fd int, iov []Memory, flags int, msg *Message) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, d, e := k.tcpSocket(fd)
	switch {
	case e != 0:
		return k.ready(call, fail(e))
	case flags&MSG_ERRQUEUE != 0:
		return k.ready(call, lacking(EAGAIN, call+" MSG_ERRQUEUE"))
	case flags&MSG_OOB != 0:
		return k.ready(call, lacking(EINVAL, call+" MSG_OOB"))
	case flags&MSG_ZEROCOPY != 0:
		return k.ready(call, lacking(EINVAL, call+" MSG_ZEROCOPY"))
	}
	return k.begin(k.recvOp(call, s, d, iov, flags, msg), limit(s.rcvTimeout), watch{d: d, f: s, mask: waiter.ReadableEvents})
}

// recvOp returns the call that reads from a socket.
func (k *Kernel) recvOp(call string, s *socket, d *description, iov []Memory, flags int, msg *Message) *Op {
	want := size(iov)
	dst, done := &scatter{iov: iov}, 0
	finish := func(o *Op, n int, e Errno) bool {
		o.result = ok(n)
		if e != 0 {
			o.result = fail(e)
		} else if msg != nil {
			o.result.Message = s.messageOut(msg)
		}
		return true
	}
	all, peek := flags&MSG_WAITALL != 0, flags&MSG_PEEK != 0
	try := func(o *Op) bool {
		if peek {
			// What was looked at stays, so that each attempt begins anew.
			dst, done = &scatter{iov: iov}, 0
		}
		n, end, e := s.receive(dst, want-done, flags)
		done += n
		for all && !peek && n > 0 && done < want {
			// The end, or an error, may be behind what was read, and is told once.
			n, end, e = s.receive(dst, want-done, flags)
			done += n
			if e != 0 && e != EAGAIN {
				s.owed = e // as in Linux: the next call is told
			}
		}
		if peek && all && s.ep.Readiness(rcvEnd)&rcvEnd != 0 {
			end = true
		}
		if !o.expired.Load() && d.flags&O_NONBLOCK == 0 && flags&MSG_DONTWAIT == 0 {
			short := all && done < want && !end
			if e == EAGAIN && (done == 0 || short) || e == 0 && short {
				if !peek {
					o.partial = done
				}
				return false
			}
		}
		if done > 0 {
			return finish(o, done, 0)
		}
		return finish(o, 0, e)
	}
	return &Op{name: call, try: try}
}

// rcvEnd are the events that tell of the end of the stream from the peer.
const rcvEnd = waiter.EventRdHUp | waiter.EventHUp

// receive reads up to limit bytes into dst, and tells whether the stream is at
// its end.
func (s *socket) receive(dst io.Writer, limit, flags int) (n int, end bool, e Errno) {
	if e, s.owed = s.owed, 0; e != 0 {
		return 0, false, e
	}
	peek, trunc := flags&MSG_PEEK != 0, flags&MSG_TRUNC != 0
	if trunc {
		// As in Linux: what a stream has is dropped, and counted where it stays.
		dst = io.Discard
	}
	w := &tcpip.LimitedWriter{W: dst, N: int64(limit)}
	res, err := s.ep.Read(w, tcpip.ReadOptions{Peek: peek})
	switch err.(type) {
	case nil:
	case *tcpip.ErrBadBuffer:
		if limit == 0 {
			return 0, false, 0 // there is text, and no room for it was asked for
		}
		return 0, false, EFAULT
	case *tcpip.ErrClosedForReceive:
		return 0, true, 0
	default:
		return 0, false, errnoOf(err)
	}
	if !peek && res.Count > 0 {
		s.ep.ModerateRecvBuf(res.Count)
	}
	return res.Count, false, 0
}

// messageOut returns what recvmsg tells beside the text.
func (s *socket) messageOut(msg *Message) *MessageOut {
	out := &MessageOut{}
	if s.inq && msg.WantControl {
		if n, err := s.ep.GetSockOptInt(tcpip.ReceiveQueueSizeOption); err == nil {
			if n == 0 && s.ep.Readiness(rcvEnd)&rcvEnd != 0 {
				n = 1 // Linux counts the end of the stream where nothing else is left
			}
			out.Control = append(out.Control, ControlMessage{Level: SOL_TCP, Type: TCP_CM_INQ, Value: int64(n)})
		}
	}
	return out
}
