// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"

	"tcpcb/conformance/packetdrill/posix"
	"tcpcb/conformance/packetdrill/script"
)

// calls are the system calls that scripts make.
var calls map[string]func(*args) *plan

func init() {
	calls = map[string]func(*args) *plan{
		"socket": callSocket, "bind": callBind, "listen": callListen, "connect": callConnect,
		"accept": callAccept, "accept4": callAccept, "close": callClose, "shutdown": callShutdown,
		"read": callRead, "write": callWrite, "recv": callRecv, "send": callSend,
		"recvfrom": callRecvFrom, "sendto": callSendTo, "recvmsg": callRecvMsg, "sendmsg": callSendMsg,
		"readv": callReadv, "writev": callWritev,
		"fcntl": callFcntl, "ioctl": callIoctl, "getsockopt": callGetSockOpt, "setsockopt": callSetSockOpt,
		"poll": callPoll, "epoll_create": callEpollCreate, "epoll_ctl": callEpollCtl, "epoll_wait": callEpollWait,
		"open": callOpen, "pipe": callPipe, "sendfile": callSendFile, "splice": callSplice,
	}
}

// ready is a call of which only the result counts. It is not made after an error
// in the arguments.
func (a *args) ready(begin func(k *posix.Kernel) *posix.Op) *plan {
	if a.err != nil || len(a.call.Args) > a.used {
		return nil
	}
	return &plan{op: begin(a.r.kernel)}
}

// differs is about what a call told beside its result.
func (a *args) differs(what string, want, got any) error {
	return &mismatch{
		line: a.call.Line, msg: fmt.Sprintf("%s: %s is not as expected", a.call.Name, what),
		expected: fmt.Sprint(want), actual: fmt.Sprint(got),
	}
}

func callSocket(a *args) *plan {
	family := posix.AF_INET
	if a.r.config.socket6 {
		family = posix.AF_INET6
	}
	if _, ok := a.at(0).(*script.Ellipsis); !ok {
		family = a.num(0)
	}
	typ, proto := a.num(1), a.num(2)
	if kind := typ &^ (posix.SOCK_NONBLOCK | posix.SOCK_CLOEXEC); kind == posix.SOCK_DGRAM || kind == posix.SOCK_RAW {
		a.lack(a.at(1), "sockets that are no TCP's")
	}
	p := a.ready(func(k *posix.Kernel) *posix.Op { return k.Socket(family, typ, proto) })
	if p != nil {
		p.opens, p.opened = true, func(fd, _ int) {
			a.r.sock = newSocket(fd)
			a.r.socks[fd] = a.r.sock
		}
	}
	return p
}

func callBind(a *args) *plan {
	fd, addr := a.fd(0), a.sockaddr(1, netip.AddrPortFrom(a.r.config.local, a.r.config.bind))
	a.any(2)
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.Bind(fd, addr) })
}

func callListen(a *args) *plan {
	fd, backlog := a.fd(0), a.num(1)
	if s := a.r.socks[a.num(0)]; s != nil {
		s.phase = phaseListening
	}
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.Listen(fd, backlog) })
}

func callConnect(a *args) *plan {
	fd, addr := a.fd(0), a.sockaddr(1, netip.AddrPortFrom(a.r.config.remote, a.r.config.connect))
	a.any(2)
	if s := a.r.socks[a.num(0)]; s != nil {
		switch {
		case addr.Family == posix.AF_UNSPEC && !addr.Null:
			s.phase = phaseNew
		case s.phase == phaseNew:
			s.phase = phaseConnecting
		}
	}
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.Connect(fd, addr) })
}

func callAccept(a *args) *plan {
	fd, flags := a.fd(0), 0
	a.any(1)
	a.any(2)
	if a.call.Name == "accept4" {
		flags = a.num(3)
	}
	p := a.ready(func(k *posix.Kernel) *posix.Op { return k.Accept4(fd, flags) })
	if p != nil {
		p.opens, p.opened = true, func(fd, _ int) {
			if s := a.r.sock; s != nil && s.fd < 0 {
				s.fd = fd
				a.r.socks[fd] = s
			}
		}
	}
	return p
}

func callClose(a *args) *plan {
	n, fd := a.num(0), a.fd(0)
	p := a.ready(func(k *posix.Kernel) *posix.Op { return k.Close(fd) })
	delete(a.r.fds, n)
	return p
}

func callShutdown(a *args) *plan {
	fd, how := a.fd(0), a.num(1)
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.Shutdown(fd, how) })
}

func callRead(a *args) *plan {
	fd, buf := a.fd(0), a.buffer(1)
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.Read(fd, buf) })
}

func callWrite(a *args) *plan {
	fd, buf := a.fd(0), a.buffer(1)
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.Write(fd, buf) })
}

func callRecv(a *args) *plan {
	fd, buf, flags := a.fd(0), a.buffer(1), a.num(3)
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.Recv(fd, buf, flags) })
}

func callSend(a *args) *plan {
	fd, buf, flags := a.fd(0), a.buffer(1), a.num(3)
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.Send(fd, buf, flags) })
}

func callRecvFrom(a *args) *plan {
	fd, buf, flags := a.fd(0), a.buffer(1), a.num(3)
	a.any(4)
	a.any(5)
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.RecvFrom(fd, buf, flags) })
}

func callSendTo(a *args) *plan {
	fd, buf, flags := a.fd(0), a.buffer(1), a.num(3)
	to := a.sockaddr(4, netip.AddrPortFrom(a.r.config.remote, a.r.config.connect))
	a.any(5)
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.SendTo(fd, buf, flags, to) })
}

func callRecvMsg(a *args) *plan {
	fd, flags := a.fd(0), a.num(2)
	msg, s := a.message(1)
	control := a.control(s)
	p := a.ready(func(k *posix.Kernel) *posix.Op { return k.RecvMsg(fd, msg, flags) })
	if p != nil {
		p.check = func(res posix.Result) error {
			switch out := res.Message; {
			case out == nil:
				return nil
			case out.Flags != msg.Flags:
				return a.differs("msg_flags", msg.Flags, out.Flags)
			case msg.WantControl && !slices.Equal(out.Control, control):
				return a.differs("msg_control", control, out.Control)
			}
			return nil
		}
	}
	return p
}

func callSendMsg(a *args) *plan {
	fd, flags := a.fd(0), a.num(2)
	msg, s := a.message(1)
	msg.Control = a.control(s)
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.SendMsg(fd, msg, flags) })
}

func callReadv(a *args) *plan {
	fd, iov := a.fd(0), a.iovec(a.at(1))
	a.num(2)
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.Readv(fd, iov) })
}

func callWritev(a *args) *plan {
	fd, iov := a.fd(0), a.iovec(a.at(1))
	a.num(2)
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.Writev(fd, iov) })
}

func callFcntl(a *args) *plan {
	fd, cmd, arg := a.fd(0), a.num(1), 0
	if a.has(2) {
		arg = a.num(2)
	}
	p := a.ready(func(k *posix.Kernel) *posix.Op { return k.Fcntl(fd, cmd, arg) })
	if p != nil {
		p.opens = cmd == posix.F_DUPFD
	}
	return p
}

func callIoctl(a *args) *plan {
	fd, request := a.fd(0), a.num(1)
	var list script.Expr
	var arg int64
	if a.has(2) {
		list = a.at(2)
		arg = a.value(a.single(list))
	}
	p := a.ready(func(k *posix.Kernel) *posix.Op { return k.Ioctl(fd, request, arg) })
	if p != nil && list != nil && request != posix.FIONBIO {
		p.check = func(res posix.Result) error {
			if res.Errno == 0 && res.Value != arg {
				return a.differs("the value", arg, res.Value)
			}
			return nil
		}
	}
	return p
}

func callGetSockOpt(a *args) *plan {
	fd, level, name := a.fd(0), a.num(1), a.num(2)
	want := a.optval(a.at(3), 4)
	length := int(a.value(a.single(a.at(4))))
	p := a.ready(func(k *posix.Kernel) *posix.Op { return k.GetSockOpt(fd, level, name, length) })
	if p != nil {
		p.check = func(res posix.Result) error {
			switch {
			case res.Errno != 0:
				return nil
			case len(res.Option) != length:
				return a.differs("the length", length, len(res.Option))
			case !bytes.Equal(res.Option, want[:min(len(want), length)]):
				return a.differs("the value", want, fmt.Sprintf("%v (%d)", res.Option, res.Value))
			}
			return nil
		}
	}
	return p
}

// optval returns the bytes of an option: [1], {onoff=1, linger=2} or text.
func (a *args) optval(e script.Expr, length int) []byte {
	switch e := e.(type) {
	case *script.List:
		return posix.Int32(int32(a.value(a.single(e))))
	case *script.Struct:
		on, linger := e.Field("onoff"), e.Field("linger")
		if on == nil || linger == nil {
			a.lack(e, "a struct that is no struct linger, as an option")
			return nil
		}
		return posix.Linger(a.value(on) != 0, int32(a.value(linger)))
	case *script.String:
		return []byte(e.Text)
	case *script.Ellipsis:
		return make([]byte, max(length, 0))
	default:
		if !isNull(e) {
			a.lack(e, "the value of an option that is neither [number] nor struct nor text")
		}
		return nil
	}
}

func callSetSockOpt(a *args) *plan {
	fd, level, name, length := a.fd(0), a.num(1), a.num(2), a.num(4)
	value := a.optval(a.at(3), min(length, 1<<10))
	value = value[:min(len(value), max(length, 0))]
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.SetSockOpt(fd, level, name, value) })
}

func callPoll(a *args) *plan {
	l, ok := a.at(0).(*script.List)
	if !ok {
		a.bad("poll: the first argument is no list")
		return nil
	}
	n, timeout := a.num(1), a.num(2)
	var fds []posix.PollFD
	var revents []int16
	for _, e := range l.Elems {
		s, ok := e.(*script.Struct)
		if !ok || s.Field("fd") == nil || s.Field("events") == nil {
			a.bad("poll: an element is no struct pollfd")
			return nil
		}
		fds = append(fds, posix.PollFD{FD: a.liveFD(a.value(s.Field("fd"))), Events: int16(a.value(s.Field("events")))})
		rev := int16(0)
		if r := s.Field("revents"); r != nil {
			rev = int16(a.value(r))
		}
		revents = append(revents, rev)
	}
	if n != len(fds) {
		a.bad("poll: there are %d elements, not %d", len(fds), n)
	}
	p := a.ready(func(k *posix.Kernel) *posix.Op { return k.PollFDs(fds, timeout) })
	if p != nil {
		p.check = func(res posix.Result) error {
			for i, f := range res.Polled {
				if f.Revents != revents[i] {
					return a.differs("revents", posix.FlagNames("POLL", int64(revents[i])), posix.FlagNames("POLL", int64(f.Revents)))
				}
			}
			return nil
		}
		p.excuse = func(res posix.Result) string {
			for i, f := range res.Polled {
				if (f.Revents^revents[i])&^posix.POLLOUT != 0 {
					return ""
				}
			}
			return lenientWritable
		}
	}
	return p
}

func callEpollCreate(a *args) *plan {
	n := a.num(0)
	p := a.ready(func(k *posix.Kernel) *posix.Op { return k.EpollCreate(n) })
	if p != nil {
		p.opens = true
	}
	return p
}

func callEpollCtl(a *args) *plan {
	epfd, op, fd := a.fd(0), a.num(1), a.fd(2)
	ev := a.epollEvent(a.at(3))
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.EpollCtl(epfd, op, fd, &ev) })
}

func callEpollWait(a *args) *plan {
	epfd, most, timeout := a.fd(0), a.num(2), a.num(3)
	list := []script.Expr{a.at(1)}
	if l, ok := a.at(1).(*script.List); ok {
		list = l.Elems
	}
	var want []posix.EpollEvent
	for _, e := range list {
		if ev := a.epollEvent(e); ev != (posix.EpollEvent{}) {
			want = append(want, ev)
		}
	}
	p := a.ready(func(k *posix.Kernel) *posix.Op { return k.EpollWait(epfd, most, timeout) })
	if p != nil {
		p.check = func(res posix.Result) error {
			if res.Errno == 0 && !slices.Equal(res.Events, want) {
				return a.differs("the events", epollNames(want), epollNames(res.Events))
			}
			return nil
		}
		p.excuse = func(res posix.Result) string {
			if res.Errno == 0 && slices.Equal(butWritable(res.Events), butWritable(want)) {
				return lenientWritable
			}
			return ""
		}
	}
	return p
}

// butWritable returns the events without EPOLLOUT.
func butWritable(evs []posix.EpollEvent) []posix.EpollEvent {
	var rest []posix.EpollEvent
	for _, e := range evs {
		if e.Events &^= posix.EPOLLOUT; e.Events != 0 {
			rest = append(rest, e)
		}
	}
	return rest
}

func epollNames(evs []posix.EpollEvent) string {
	s := ""
	for _, e := range evs {
		s += fmt.Sprintf("{%s, %d}", posix.FlagNames("EPOLL", int64(e.Events)), e.Data)
	}
	return "[" + s + "]"
}

func callOpen(a *args) *plan {
	name, ok := a.at(0).(*script.String)
	if !ok {
		a.bad("open: the name is no text")
		return nil
	}
	flags := a.num(1)
	p := a.ready(func(k *posix.Kernel) *posix.Op { return k.Open(name.Text, flags) })
	if p != nil {
		p.opens = true
	}
	return p
}

func callPipe(a *args) *plan {
	l, ok := a.at(0).(*script.List)
	if !ok || len(l.Elems) != 2 {
		a.bad("pipe: the argument is not [number, number]")
		return nil
	}
	in, out := a.value(l.Elems[0]), a.value(l.Elems[1])
	p := a.ready(func(k *posix.Kernel) *posix.Op { return k.Pipe() })
	if p != nil {
		p.check = func(res posix.Result) error {
			if res.Errno == 0 {
				a.r.fds[int(in)], a.r.fds[int(out)] = res.FDs[0], res.FDs[1]
			}
			return nil
		}
	}
	return p
}

// offset reads [0], or NULL for none.
func (a *args) offset(i int) *int64 {
	if isNull(a.at(i)) {
		return nil
	}
	v := a.value(a.single(a.at(i)))
	return &v
}

func callSendFile(a *args) *plan {
	out, in, offset, count := a.fd(0), a.fd(1), a.offset(2), a.num(3)
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.SendFile(out, in, offset, count) })
}

func callSplice(a *args) *plan {
	in, offIn, out, offOut, n, flags := a.fd(0), a.offset(1), a.fd(2), a.offset(3), a.num(4), a.num(5)
	return a.ready(func(k *posix.Kernel) *posix.Op { return k.Splice(in, offIn, out, offOut, n, flags) })
}
