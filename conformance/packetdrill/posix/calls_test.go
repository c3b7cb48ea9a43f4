// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix_test

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"tcpcb/conformance/packetdrill/posix"
)

// What is bad about arguments is answered as Linux does.
func TestBadArguments(t *testing.T) {
	w := virtual(t)
	k := w.a
	s := w.ok(k.Socket(posix.AF_INET, posix.SOCK_STREAM, 0))
	s6 := w.ok(k.Socket(posix.AF_INET6, posix.SOCK_STREAM, 0))
	ends := w.done(k.Pipe(), 0, 0).FDs
	ep := w.ok(k.EpollCreate(1))
	buf := posix.Bytes(make([]byte, 10))
	to := posix.Addr4(addrB, 80)
	many := make([]posix.Memory, 1025)
	for _, tc := range []struct {
		op    *posix.Op
		errno posix.Errno
	}{
		{k.Socket(99, posix.SOCK_STREAM, 0), posix.EAFNOSUPPORT},
		{k.Socket(posix.AF_INET, 99, 0), posix.EINVAL},
		{k.Socket(posix.AF_INET, posix.SOCK_STREAM, 99), posix.EPROTONOSUPPORT},
		{k.Bind(99, to), posix.EBADF},
		{k.Bind(ends[0], to), posix.ENOTSOCK},
		{k.Bind(s, posix.SockAddr{Null: true}), posix.EFAULT},
		{k.Bind(s, posix.Addr6(addrA6, 80)), posix.EAFNOSUPPORT},
		{k.Bind(s6, posix.Addr4(addrA, 80)), posix.EINVAL},
		{k.Bind(s, posix.Addr4(addrB, 80)), posix.EADDRNOTAVAIL},
		{k.Bind(s, posix.SockAddr{Family: posix.AF_INET, Addr: addrA6}), posix.EINVAL},
		{k.Listen(-1, 1), posix.EBADF},
		{k.Accept(s), posix.EINVAL},
		{k.Accept4(s, 1), posix.EINVAL},
		{k.Accept(ep), posix.ENOTSOCK},
		{k.Connect(s, posix.SockAddr{Null: true}), posix.EFAULT},
		{k.Connect(s, posix.Addr6(addrB6, 80)), posix.EAFNOSUPPORT},
		{k.Connect(99, to), posix.EBADF},
		{k.GetPeerName(s), posix.ENOTCONN},
		{k.GetSockName(99), posix.EBADF},
		{k.Shutdown(s, 3), posix.EINVAL},
		{k.Shutdown(s, posix.SHUT_WR), posix.ENOTCONN},
		{k.Shutdown(99, posix.SHUT_WR), posix.EBADF},
		{k.Close(99), posix.EBADF},
		{k.Read(99, buf), posix.EBADF},
		{k.Read(ends[1], buf), posix.EBADF},
		{k.Read(ep, buf), posix.EINVAL},
		{k.Read(s, buf), posix.ENOTCONN},
		{k.Readv(s, many), posix.EINVAL},
		{k.RecvMsg(s, &posix.Message{Iov: many}, 0), posix.EMSGSIZE},
		{k.RecvMsg(s, nil, 0), posix.EFAULT},
		{k.Recv(ends[0], buf, 0), posix.ENOTSOCK},
		{k.Write(99, buf), posix.EBADF},
		{k.Write(ends[0], buf), posix.EBADF},
		{k.Write(ep, buf), posix.EINVAL},
		{k.Write(s, buf), posix.EPIPE},
		{k.Writev(s, many), posix.EINVAL},
		{k.SendMsg(s, nil, 0), posix.EFAULT},
		{k.SendMsg(s, &posix.Message{Iov: many}, 0), posix.EMSGSIZE},
		{k.SendTo(s, buf, 0, to), posix.EPIPE},
		{k.Send(ends[1], buf, 0), posix.ENOTSOCK},
		{k.SendFile(s, 99, nil, 1), posix.EBADF},
		{k.Splice(s, nil, s, nil, 1, 0), posix.EINVAL},
		{k.Splice(ends[0], nil, ends[1], nil, 1, 0), posix.EINVAL},
		{k.Splice(ends[0], new(int64), s, nil, 1, 0), posix.ESPIPE},
		{k.Splice(s, nil, ends[1], nil, 1, 1<<20), posix.EINVAL},
		{k.Splice(s, nil, ends[1], nil, -1, 0), posix.EINVAL},
		{k.Pipe2(1), posix.EINVAL},
		{k.Open("/there/is/none", posix.O_RDONLY), posix.ENOENT},
		{k.Fcntl(99, posix.F_GETFL, 0), posix.EBADF},
		{k.Fcntl(s, posix.F_DUPFD, -1), posix.EINVAL},
		{k.Ioctl(99, posix.SIOCINQ, 0), posix.EBADF},
		{k.Ioctl(ep, posix.SIOCINQ, 0), posix.EINVAL},
		{k.PollFDs(make([]posix.PollFD, 2000), 0), posix.EINVAL},
		{k.EpollCreate(0), posix.EINVAL},
		{k.EpollCreate1(1), posix.EINVAL},
		{k.EpollCtl(99, posix.EPOLL_CTL_ADD, s, &posix.EpollEvent{}), posix.EBADF},
		{k.EpollCtl(ep, posix.EPOLL_CTL_ADD, 99, &posix.EpollEvent{}), posix.EBADF},
		{k.EpollCtl(ep, posix.EPOLL_CTL_ADD, s, nil), posix.EFAULT},
		{k.EpollCtl(ep, posix.EPOLL_CTL_MOD, s, &posix.EpollEvent{}), posix.ENOENT},
		{k.EpollCtl(ep, posix.EPOLL_CTL_DEL, s, nil), posix.ENOENT},
		{k.EpollCtl(ep, posix.EPOLL_CTL_ADD, ep, &posix.EpollEvent{}), posix.EINVAL},
		{k.EpollCtl(s, posix.EPOLL_CTL_ADD, ep, &posix.EpollEvent{}), posix.EINVAL},
		{k.EpollCtl(ep, 9, s, &posix.EpollEvent{}), posix.EINVAL},
		{k.EpollWait(ep, 0, 0), posix.EINVAL},
		{k.EpollWait(s, 1, 0), posix.EINVAL},
		{k.EpollWait(99, 1, 0), posix.EBADF},
		{k.GetSockOpt(99, posix.SOL_TCP, posix.TCP_INFO, 4), posix.EBADF},
		{k.GetSockOpt(ends[0], posix.SOL_TCP, posix.TCP_INFO, 4), posix.ENOTSOCK},
		{k.GetSockOpt(s, posix.SOL_TCP, posix.TCP_NODELAY, -1), posix.EINVAL},
		{k.GetSockOpt(s, 77, 1, 4), posix.EOPNOTSUPP},
		{k.GetSockOpt(s, posix.SOL_IPV6, posix.IPV6_V6ONLY, 4), posix.EOPNOTSUPP},
		{k.SetSockOpt(s, posix.SOL_SOCKET, 4444, posix.Int32(1)), posix.ENOPROTOOPT},
	} {
		if r := w.done(tc.op, -1, tc.errno); r.Unsupported != "" {
			t.Errorf("%s: %v", tc.op.Name(), r)
		}
	}
	// Numbers run out.
	for {
		r := k.Socket(posix.AF_INET, posix.SOCK_STREAM, 0).Result()
		if r.Errno == 0 {
			continue
		}
		if r.Errno != posix.EMFILE {
			t.Errorf("socket: %v", r)
		}
		break
	}
	w.done(k.Pipe(), -1, posix.EMFILE)
}

// What Linux has and netstack has not is named, with what Linux says without it.
func TestUnsupported(t *testing.T) {
	w := virtual(t)
	c, s := w.connect(80)
	buf := posix.Bytes(make([]byte, 10))
	k := w.a
	to := posix.Addr4(addrB, 80)
	w.lacks(k.Socket(posix.AF_INET, posix.SOCK_DGRAM, 0), "socket SOCK_DGRAM", posix.ESOCKTNOSUPPORT)
	w.lacks(k.Socket(posix.AF_INET, posix.SOCK_STREAM, posix.IPPROTO_MPTCP), "socket IPPROTO_MPTCP", posix.EPROTONOSUPPORT)
	w.lacks(k.SendTo(c, buf, posix.MSG_FASTOPEN, to), "sendto MSG_FASTOPEN", posix.EOPNOTSUPP)
	w.lacks(k.SendMsg(c, &posix.Message{}, posix.MSG_ZEROCOPY), "sendmsg MSG_ZEROCOPY", posix.EINVAL)
	w.lacks(k.Send(c, buf, posix.MSG_OOB), "send MSG_OOB", posix.EOPNOTSUPP)
	w.lacks(k.SendMsg(c, &posix.Message{Control: []posix.ControlMessage{{}}}, 0), "sendmsg control message", posix.EINVAL)
	w.lacks(k.RecvMsg(c, &posix.Message{}, posix.MSG_ERRQUEUE), "recvmsg MSG_ERRQUEUE", posix.EAGAIN)
	w.lacks(k.Recv(c, buf, posix.MSG_OOB), "recv MSG_OOB", posix.EINVAL)
	w.lacks(k.Recv(c, buf, posix.MSG_ZEROCOPY), "recv MSG_ZEROCOPY", posix.EINVAL)
	w.lacks(k.Connect(c, posix.SockAddr{}), "connect AF_UNSPEC", posix.EAFNOSUPPORT)
	w.lacks(k.Ioctl(c, posix.SIOCATMARK, 0), "ioctl SIOCATMARK", posix.ENOTTY)
	w.lacks(k.Fcntl(c, 8, 0), "fcntl 8", posix.EINVAL)
	w.lacks(k.Open("/tmp/x", posix.O_RDWR), "open to write", posix.EACCES)
	w.lacks(k.SendFile(c, c, nil, 1), "sendfile from what is no file", posix.EINVAL)
	for _, o := range []struct {
		level, name int
		value       []byte
		what        string
	}{
		{posix.SOL_TCP, posix.TCP_FASTOPEN, posix.Int32(1), "TCP_FASTOPEN"},
		{posix.SOL_TCP, posix.TCP_MD5SIG, make([]byte, 216), "TCP_MD5SIG"},
		{posix.SOL_SOCKET, posix.SO_ZEROCOPY, posix.Int32(1), "SO_ZEROCOPY"},
		{posix.SOL_SOCKET, posix.SO_TIMESTAMPING, posix.Int32(1), "SO_TIMESTAMPING"},
		{posix.SOL_SOCKET, posix.SO_RCVLOWAT, posix.Int32(100), "SO_RCVLOWAT of 100"},
		{posix.SOL_SOCKET, posix.SO_OOBINLINE, posix.Int32(0), "SO_OOBINLINE of 0"},
		{posix.SOL_IP, posix.IP_MTU_DISCOVER, posix.Int32(posix.IP_PMTUDISC_OMIT), "IP_MTU_DISCOVER of 5"},
		{posix.SOL_IP, posix.IP_TRANSPARENT, posix.Int32(1), "IP_TRANSPARENT"},
	} {
		w.lacks(k.SetSockOpt(c, o.level, o.name, o.value), "setsockopt "+o.what, posix.ENOPROTOOPT)
	}
	w.lacks(k.GetSockOpt(c, posix.SOL_TCP, posix.TCP_CC_INFO, 100), "getsockopt TCP_CC_INFO", posix.ENOPROTOOPT)
	x := w.ok(k.Socket(posix.AF_INET, posix.SOCK_STREAM, 0))
	w.done(k.SetSockOpt(x, posix.SOL_IP, posix.IP_FREEBIND, posix.Int32(1)), 0, 0)
	w.lacks(k.Bind(x, to), "bind to a foreign address by IP_FREEBIND", posix.EADDRNOTAVAIL)
	w.done(w.b.Close(s), 0, 0)
}

// Bad memory is EFAULT where there is something to do with it, and what was read
// for it stays.
func TestFault(t *testing.T) {
	everywhere(t, func(w *world) {
		c, s := w.connect(80)
		null := posix.Null(1000)
		w.done(w.a.Write(c, null), -1, posix.EFAULT)
		w.done(w.a.Send(c, null, 0), -1, posix.EFAULT)
		w.done(w.a.SendTo(c, null, 0, posix.Addr4(addrB, 80)), -1, posix.EFAULT)
		// What lies before bad memory counts.
		w.done(w.a.Writev(c, []posix.Memory{posix.Bytes(text(700)), null}), 700, 0)
		w.want(w.b.PollFDs([]posix.PollFD{{FD: s, Events: posix.POLLIN}}, -1), 1, 0)
		w.done(w.b.Read(s, null), -1, posix.EFAULT)
		w.done(w.b.Recv(s, null, 0), -1, posix.EFAULT)
		w.done(w.b.RecvFrom(s, null, 0), -1, posix.EFAULT)
		buf := make([]byte, 100)
		w.done(w.b.Readv(s, []posix.Memory{posix.Bytes(buf), null}), 100, 0)
		rest := make([]byte, 1000)
		w.done(w.b.Read(s, posix.Bytes(rest)), 600, 0)
		if !bytes.Equal(append(buf, rest[:600]...), text(700)) {
			w.Error("other bytes came")
		}
		w.done(w.b.Read(s, posix.Null(0)), 0, 0)
		w.done(w.b.Recv(s, null, posix.MSG_DONTWAIT), -1, posix.EAGAIN)
	})
}

// The flags of reading: MSG_PEEK, MSG_TRUNC, MSG_DONTWAIT, a length of 0, and
// TCP_INQ's message.
func TestReadFlags(t *testing.T) {
	everywhere(t, func(w *world) {
		c, s := w.connect(80)
		buf := make([]byte, 10)
		recv := func(flags, n int) {
			w.Helper()
			clear(buf)
			w.done(w.b.Recv(s, posix.Bytes(buf), flags), n, 0)
		}
		w.done(w.b.Recv(s, posix.Bytes(buf), posix.MSG_DONTWAIT|posix.MSG_WAITALL), -1, posix.EAGAIN)
		w.done(w.a.Write(c, posix.Bytes(text(25))), 25, 0)
		peek := w.b.Recv(s, posix.Bytes(buf), posix.MSG_PEEK|posix.MSG_WAITALL)
		w.want(peek, 10, 0)
		if !bytes.Equal(buf, text(10)) {
			w.Errorf("looked at %v", buf)
		}
		recv(posix.MSG_PEEK|posix.MSG_TRUNC, 10)
		if !bytes.Equal(buf, make([]byte, 10)) {
			w.Errorf("MSG_PEEK with MSG_TRUNC filled in %v", buf)
		}
		recv(posix.MSG_TRUNC, 10)
		if !bytes.Equal(buf, make([]byte, 10)) {
			w.Errorf("MSG_TRUNC filled in %v", buf)
		}
		w.done(w.b.Recv(s, posix.Memory{}, 0), 0, 0)
		w.done(w.b.SetSockOpt(s, posix.SOL_TCP, posix.TCP_INQ, posix.Int32(1)), 0, 0)
		msg := &posix.Message{Iov: []posix.Memory{posix.Bytes(buf[:4]), posix.Bytes(buf[4:])}, WantControl: true}
		inq := func(n int64) {
			w.Helper()
			r := w.wait(w.b.RecvMsg(s, msg, 0))
			want := posix.ControlMessage{Level: posix.SOL_TCP, Type: posix.TCP_CM_INQ, Value: n}
			if r.Message == nil || len(r.Message.Control) != 1 || r.Message.Control[0] != want || r.Message.Flags != 0 {
				w.Errorf("recvmsg: %v, %+v, want %v", r, r.Message, want)
			}
		}
		inq(5)
		if !bytes.Equal(buf, text(25)[10:20]) {
			w.Errorf("recvmsg: %v", buf)
		}
		w.done(w.a.Shutdown(c, posix.SHUT_WR), 0, 0)
		w.pass(20 * time.Millisecond)
		inq(1) // the end of the stream
		w.done(w.b.RecvMsg(s, msg, 0), 0, 0)
	})
}

// SIOCINQ, SIOCOUTQ and SIOCOUTQNSD.
func TestQueues(t *testing.T) {
	everywhere(t, func(w *world) {
		c, s := w.connect(80)
		w.done(w.a.Write(c, posix.Bytes(text(1000))), 1000, 0)
		outq, unsent := w.a.Ioctl(c, posix.SIOCOUTQ, 0), w.a.Ioctl(c, posix.SIOCOUTQNSD, 0)
		w.want(w.b.PollFDs([]posix.PollFD{{FD: s, Events: posix.POLLIN}}, -1), 1, 0)
		if v := w.done(w.b.Ioctl(s, posix.FIONREAD, 0), 0, 0).Value; v != 1000 {
			w.Errorf("SIOCINQ %d", v)
		}
		if w.ours {
			if v := w.done(unsent, 0, 0).Value; v != 0 {
				w.Errorf("SIOCOUTQNSD %d", v)
			}
			if v := w.done(outq, 0, 0).Value; v != 1000 && w.clock != nil {
				w.Errorf("SIOCOUTQ %d", v)
			}
		} else {
			w.lacks(outq, "ioctl SIOCOUTQ", posix.ENOTTY)
			w.lacks(unsent, "ioctl SIOCOUTQNSD", posix.ENOTTY)
		}
		l := w.listen(81)
		w.done(w.b.Ioctl(l, posix.SIOCINQ, 0), -1, posix.EINVAL)
		w.done(w.a.Ioctl(c, posix.FIONBIO, 1), 0, 0)
		w.done(w.a.Fcntl(c, posix.F_GETFL, 0), posix.O_RDWR|posix.O_NONBLOCK, 0)
		w.done(w.a.Ioctl(c, posix.FIONBIO, 0), 0, 0)
		w.done(w.a.Fcntl(c, posix.F_GETFL, 0), posix.O_RDWR, 0)
	})
}

// MSG_MORE holds back what fills no segment, until a call without it.
func TestMore(t *testing.T) {
	w := virtual(t)
	c, s := w.connect(80)
	buf := posix.Bytes(make([]byte, 10000))
	w.done(w.b.Fcntl(s, posix.F_SETFL, posix.O_NONBLOCK), 0, 0)
	more := func(n, flags int) {
		w.Helper()
		w.done(w.a.Send(c, posix.Bytes(text(n)), flags), n, 0)
		w.pass(20 * time.Millisecond)
	}
	more(100, posix.MSG_MORE)
	w.done(w.b.Read(s, buf), -1, posix.EAGAIN)
	more(100, 0)
	w.done(w.b.Read(s, buf), 200, 0)
	more(100, 0)
	w.done(w.b.Read(s, buf), 100, 0)
	// TCP_CORK goes on, whatever MSG_MORE says, and ends both.
	w.done(w.a.SetSockOpt(c, posix.SOL_TCP, posix.TCP_CORK, posix.Int32(1)), 0, 0)
	more(100, posix.MSG_MORE)
	more(100, 0)
	w.done(w.b.Read(s, buf), -1, posix.EAGAIN)
	if v := w.done(w.a.GetSockOpt(c, posix.SOL_TCP, posix.TCP_CORK, 4), 0, 0).Value; v != 1 {
		t.Errorf("TCP_CORK %d", v)
	}
	w.done(w.a.SetSockOpt(c, posix.SOL_TCP, posix.TCP_CORK, posix.Int32(0)), 0, 0)
	w.pass(20 * time.Millisecond)
	w.done(w.b.Read(s, buf), 200, 0)
	// TCP_NODELAY lets out what is held back already.
	w.done(w.a.SetSockOpt(c, posix.SOL_TCP, posix.TCP_CORK, posix.Int32(1)), 0, 0)
	more(100, 0)
	w.done(w.a.SetSockOpt(c, posix.SOL_TCP, posix.TCP_NODELAY, posix.Int32(1)), 0, 0)
	w.pass(20 * time.Millisecond)
	w.done(w.b.Read(s, buf), 100, 0)
	more(100, 0)
	w.done(w.b.Read(s, buf), -1, posix.EAGAIN)
}

// IPv6, v4-mapped addresses on a socket of both families, and IPV6_V6ONLY.
func TestFamilies(t *testing.T) {
	everywhere(t, func(w *world) {
		any6 := posix.Addr6(netip.Addr{}, 80)
		l := w.ok(w.b.Socket(posix.AF_INET6, posix.SOCK_STREAM, 0))
		w.done(w.b.Bind(l, any6), 0, 0)
		w.done(w.b.Listen(l, 4), 0, 0)
		for _, tc := range []struct {
			family   int
			to, from posix.SockAddr
		}{
			{posix.AF_INET6, posix.Addr6(addrB6, 80), posix.Addr6(addrA6, 0)},
			{posix.AF_INET6, posix.Addr6(addrB, 80), posix.Addr6(netip.AddrFrom16(addrA.As16()), 0)},
			{posix.AF_INET, posix.Addr4(addrB, 80), posix.Addr6(netip.AddrFrom16(addrA.As16()), 0)},
		} {
			c := w.ok(w.a.Socket(tc.family, posix.SOCK_STREAM, 0))
			w.want(w.a.Connect(c, tc.to), 0, 0)
			r := w.wait(w.b.Accept(l))
			tc.from.Port = r.Addr.Port
			if r.Errno != 0 || r.Addr != tc.from || r.Addr.Port == 0 {
				w.Errorf("to %v: accept %v from %v, want %v", tc.to, r, r.Addr, tc.from)
			}
			w.done(w.a.Write(c, posix.Bytes(text(10))), 10, 0)
			w.want(w.b.Read(int(r.Ret), posix.Bytes(make([]byte, 20))), 10, 0)
		}
		only := w.ok(w.b.Socket(posix.AF_INET6, posix.SOCK_STREAM, 0))
		w.done(w.b.SetSockOpt(only, posix.SOL_IPV6, posix.IPV6_V6ONLY, posix.Int32(1)), 0, 0)
		w.done(w.b.Bind(only, posix.Addr6(netip.Addr{}, 81)), 0, 0)
		w.done(w.b.SetSockOpt(only, posix.SOL_IPV6, posix.IPV6_V6ONLY, posix.Int32(0)), -1, posix.EINVAL)
		w.done(w.b.Listen(only, 4), 0, 0)
		c := w.ok(w.a.Socket(posix.AF_INET, posix.SOCK_STREAM, 0))
		w.want(w.a.Connect(c, posix.Addr4(addrB, 81)), -1, posix.ECONNREFUSED)
		if got := w.done(w.b.GetSockName(only), 0, 0).Addr; got != posix.Addr6(netip.IPv6Unspecified(), 81) {
			w.Errorf("getsockname %v", got)
		}
	})
}

// sendfile and splice, as copies: a file to a socket, a socket to a pipe and on to
// a socket, and the calls that block on the way.
func TestCopies(t *testing.T) {
	everywhere(t, func(w *world) {
		c, s := w.connect(80)
		k := w.a
		k.AddFile("/tmp/file", text(5000))
		f := w.ok(k.Open("/tmp/file", posix.O_RDONLY))
		at := int64(1000)
		w.done(k.SendFile(c, f, &at, 500), 500, 0)
		if at != 1500 {
			w.Errorf("offset %d", at)
		}
		w.done(k.SendFile(c, f, nil, 100), 100, 0)
		buf := make([]byte, 10000)
		w.want(w.b.Recv(s, posix.Bytes(buf[:600]), posix.MSG_WAITALL), 600, 0)
		if !bytes.Equal(buf[:600], append(bytes.Clone(text(5000)[1000:1500]), text(100)...)) {
			w.Error("other bytes came of the file")
		}
		at = 5000
		w.done(k.SendFile(c, f, &at, 100), 0, 0)
		w.done(k.Read(f, posix.Bytes(buf[:50])), 50, 0)
		if !bytes.Equal(buf[:50], text(150)[100:]) {
			w.Error("the file does not go on where sendfile stopped")
		}

		p := w.done(w.b.Pipe(), 0, 0).FDs
		splice := w.b.Splice(s, nil, p[1], nil, 99, 0)
		if splice.Done() {
			w.Fatalf("splice: %v", splice.Result())
		}
		w.done(k.Write(c, posix.Bytes(text(200))), 200, 0)
		w.want(splice, 99, 0)
		if v := w.done(w.b.Ioctl(p[0], posix.FIONREAD, 0), 0, 0).Value; v != 99 {
			w.Errorf("the pipe has %d bytes", v)
		}
		w.want(w.b.Splice(p[0], nil, s, nil, 50, 0), 50, 0)
		w.want(w.b.Splice(p[0], nil, s, nil, 1000, 0), 49, 0)
		w.done(w.b.Splice(p[0], nil, s, nil, 1000, posix.SPLICE_F_NONBLOCK), -1, posix.EAGAIN)
		w.want(k.Recv(c, posix.Bytes(buf[:99]), posix.MSG_WAITALL), 99, 0)
		if !bytes.Equal(buf[:99], text(99)) {
			w.Error("other bytes came through the pipe")
		}
		w.done(k.Shutdown(c, posix.SHUT_WR), 0, 0)
		w.want(w.b.Splice(s, nil, p[1], nil, 1000, 0), 101, 0)
		w.want(w.b.Splice(s, nil, p[1], nil, 1000, 0), 0, 0)
	})
}

// A pipe blocks where it is empty or full, ends when its writers are gone, and is
// broken when its readers are.
func TestPipe(t *testing.T) {
	w := virtual(t)
	k := w.a
	p := w.done(k.Pipe(), 0, 0).FDs
	buf := make([]byte, 200000)
	read := k.Read(p[0], posix.Bytes(buf))
	w.done(k.Write(p[1], posix.Bytes(text(100))), 100, 0)
	w.want(read, 100, 0)
	write := k.Write(p[1], posix.Bytes(text(100000)))
	k.Poll()
	if write.Done() {
		t.Fatalf("write: %v", write.Result())
	}
	got := w.ok(k.Read(p[0], posix.Bytes(buf)))
	k.Poll()
	got += w.ok(k.Read(p[0], posix.Bytes(buf[got:])))
	w.want(write, 100000, 0)
	if got != 100000 || !bytes.Equal(buf[:got], text(100000)) {
		t.Errorf("read %d bytes, or others", got)
	}
	if e := w.done(k.PollFDs([]posix.PollFD{{FD: p[0], Events: posix.POLLIN}, {FD: p[1], Events: posix.POLLOUT}}, 0), 1, 0).Polled; e[1].Revents != posix.POLLOUT {
		t.Errorf("poll: %v", e)
	}
	read = k.Read(p[0], posix.Bytes(buf))
	w.done(k.Close(p[1]), 0, 0)
	w.want(read, 0, 0)
	q := w.done(k.Pipe2(posix.O_NONBLOCK), 0, 0).FDs
	w.done(k.Read(q[0], posix.Bytes(buf)), -1, posix.EAGAIN)
	w.done(k.Write(q[1], posix.Bytes(buf)), 65536, 0)
	w.done(k.Write(q[1], posix.Bytes(buf)), -1, posix.EAGAIN)
	w.done(k.Read(q[0], posix.Null(5)), -1, posix.EFAULT)
	w.done(k.Close(q[0]), 0, 0)
	w.done(k.Write(q[1], posix.Bytes(buf)), -1, posix.EPIPE)
	if e := w.done(k.PollFDs([]posix.PollFD{{FD: q[1]}, {FD: -1}, {FD: 999}}, 0), 2, 0).Polled; e[0].Revents != posix.POLLERR || e[1].Revents != 0 || e[2].Revents != posix.POLLNVAL {
		t.Errorf("poll: %v", e)
	}
}

// TCP_NOTSENT_LOWAT bounds what is taken beyond what may be sent at once, where the
// TCP has such a bound.
func TestNotSentLowat(t *testing.T) {
	everywhere(t, func(w *world) {
		c, _ := w.connect(80)
		set := w.a.SetSockOpt(c, posix.SOL_TCP, posix.TCP_NOTSENT_LOWAT, posix.Int32(4000))
		if !w.ours {
			w.lacks(set, "setsockopt TCP_NOTSENT_LOWAT", posix.ENOPROTOOPT)
			return
		}
		w.done(set, 0, 0)
		if v := w.done(w.a.GetSockOpt(c, posix.SOL_TCP, posix.TCP_NOTSENT_LOWAT, 4), 0, 0).Value; v != 4000 {
			w.Errorf("TCP_NOTSENT_LOWAT is %d", v)
		}
		if w.clock != nil { // the initial window is 10 segments, of which none is acknowledged yet
			n := w.a.Send(c, posix.Bytes(text(50000)), posix.MSG_DONTWAIT).Result().Ret
			if n < 10*1000+4000 || n > 10*1460+4000 {
				w.Errorf("it takes %d bytes", n)
			}
		}
	})
}
