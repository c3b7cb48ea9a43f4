// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// Write writes buf, and waits until all of it is taken unless the file does not
// block: then what there is room for.
func (k *Kernel) Write(fd int, buf Memory) *Op { return k.writeFile("write", fd, []Memory{buf}) }

// Writev is Write of several parts.
func (k *Kernel) Writev(fd int, iov []Memory) *Op { return k.writeFile("writev", fd, iov) }

// Send is Write to a socket, with flags.
func (k *Kernel) Send(fd int, buf Memory, flags int) *Op {
	return k.send("send", fd, []Memory{buf}, flags, nil)
}

// SendTo is Send. A TCP passes the address over, unless MSG_FASTOPEN would make
// a connection to it.
func (k *Kernel) SendTo(fd int, buf Memory, flags int, _ SockAddr) *Op {
	return k.send("sendto", fd, []Memory{buf}, flags, nil)
}

// SendMsg is Send of several parts.
func (k *Kernel) SendMsg(fd int, msg *Message, flags int) *Op {
	const call = "sendmsg"
	if e := msg.check(); e != 0 {
		return k.ready(call, fail(e))
	}
	return k.send(call, fd, msg.Iov, flags, msg)
}

// writeFile is write and writev, of any file.
func (k *Kernel) writeFile(call string, fd int, iov []Memory) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	d, e := k.open(fd, O_WRONLY)
	switch {
	case e != 0:
		return k.ready(call, fail(e))
	case len(iov) > maxIov:
		return k.ready(call, fail(EINVAL))
	}
	if s, is := d.file.(*socket); is {
		return k.begin(k.sendOp(call, s, d, iov, 0), limit(s.sndTimeout), watch{d: d, f: s, mask: waiter.WritableEvents})
	}
	dst, is := d.file.(sink)
	if !is {
		return k.ready(call, fail(EINVAL))
	}
	return k.begin(putOp(call, dst, d, iov), forever, watch{d: d, f: d.file, mask: waiter.WritableEvents})
}

// putOp returns the call that writes to a file other than a socket.
func putOp(call string, dst sink, d *description, iov []Memory) *Op {
	done := 0
	try := func(o *Op) bool {
		for {
			n, e := dst.put(gatherFrom(iov, done))
			done += n
			switch {
			case e == EAGAIN && d.flags&O_NONBLOCK == 0:
				o.partial = done
				return false
			case e != 0 && done == 0:
				o.result = fail(e)
				return true
			case e != 0 || done == size(iov) || n == 0:
				o.result = ok(done)
				return true
			}
		}
	}
	return &Op{name: call, try: try}
}

// send is all of send, sendto and sendmsg; msg is nil for the first two.
func (k *Kernel) send(call string, fd int, iov []Memory, flags int, msg *Message) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	s, d, e := k.tcpSocket(fd)
	switch {
	case e != 0:
		return k.ready(call, fail(e))
	case flags&MSG_FASTOPEN != 0:
		return k.ready(call, lacking(EOPNOTSUPP, call+" MSG_FASTOPEN"))
	case flags&MSG_ZEROCOPY != 0:
		return k.ready(call, lacking(EINVAL, call+" MSG_ZEROCOPY"))
	case flags&MSG_OOB != 0:
		return k.ready(call, lacking(EOPNOTSUPP, call+" MSG_OOB"))
	case msg != nil && len(msg.Control) > 0:
		return k.ready(call, lacking(EINVAL, call+" control message"))
	}
	return k.begin(k.sendOp(call, s, d, iov, flags), limit(s.sndTimeout), watch{d: d, f: s, mask: waiter.WritableEvents})
}

// sendOp returns the call that writes to a socket.
func (k *Kernel) sendOp(call string, s *socket, d *description, iov []Memory, flags int) *Op {
	want, done := size(iov), 0
	try := func(o *Op) bool {
		s.hold(flags&MSG_MORE != 0 && !k.heeds)
		blocks := d.flags&O_NONBLOCK == 0 && flags&MSG_DONTWAIT == 0
		n, e := s.transmit(iov, done, flags)
		done += n
		for blocks && e == 0 && n > 0 && done < want {
			// It took a part: until it says that there is no room, or a part of the
			// buffer is bad, there may be more to have.
			n, e = s.transmit(iov, done, flags)
			done += n
		}
		o.partial = done
		if e == EAGAIN && blocks && !o.expired.Load() {
			return false
		}
		if flags&MSG_MORE == 0 {
			s.letGo()
		}
		o.result = ok(done)
		if e != 0 && done == 0 {
			o.result = fail(e)
		}
		return true
	}
	return &Op{name: call, try: try}
}

// transmit writes what lies behind the first skip bytes, as much of it as there
// is room for.
func (s *socket) transmit(iov []Memory, skip, flags int) (int, Errno) {
	n, err := s.ep.Write(gatherFrom(iov, skip), tcpip.WriteOptions{
		More: flags&MSG_MORE != 0, EndOfRecord: flags&MSG_EOR != 0,
	})
	if n > 0 {
		return int(n), 0
	}
	return 0, errnoOf(err)
}

// hold keeps the socket from sending what fills no segment, for MSG_MORE.
// netstack's TCP does nothing with WriteOptions.More, and so it is the cork that
// does, until a call without MSG_MORE has written. See Config.HeedsMore.
func (s *socket) hold(more bool) {
	if more && !s.corked {
		s.corked = true
		s.ep.SocketOptions().SetCorkOption(true)
	}
}

// letGo ends what hold began, unless TCP_CORK goes on with it.
func (s *socket) letGo() {
	if s.corked {
		s.corked = false
		s.ep.SocketOptions().SetCorkOption(s.cork)
	}
}
