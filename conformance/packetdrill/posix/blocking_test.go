// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix_test

import (
	"bytes"
	"context"
	"net/netip"
	"sync"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"tcpcb/conformance/packetdrill/posix"
	"tcpcb/transport"
)

// A connection through its life, with calls that block.
func TestLife(t *testing.T) {
	everywhere(t, func(w *world) {
		l := w.listen(80)
		if l != 3 {
			w.Errorf("the first file is %d", l)
		}
		accept := w.b.Accept(l)
		if accept.Done() {
			w.Fatalf("accept: %v", accept.Result())
		}
		c := w.ok(w.a.Socket(posix.AF_INET, posix.SOCK_STREAM, 0))
		connect := w.a.Connect(c, posix.Addr4(addrB, 80))
		if connect.Done() {
			w.Fatalf("connect: %v", connect.Result())
		}
		w.want(connect, 0, 0)
		r := w.want(accept, 4, 0)
		local := w.done(w.a.GetSockName(c), 0, 0).Addr
		if r.Addr != local || local.Addr != addrA || local.Port == 0 {
			w.Errorf("accept from %v, getsockname %v", r.Addr, local)
		}
		if got := w.done(w.a.GetPeerName(c), 0, 0).Addr; got != posix.Addr4(addrB, 80) {
			w.Errorf("getpeername %v", got)
		}

		buf := make([]byte, 3000)
		read := w.b.Read(4, posix.Bytes(buf))
		if read.Done() {
			w.Fatalf("read: %v", read.Result())
		}
		w.done(w.a.Write(c, posix.Bytes(text(1000))), 1000, 0)
		w.want(read, 1000, 0)
		if !bytes.Equal(buf[:1000], text(1000)) {
			w.Error("other bytes came")
		}
		all := w.b.Recv(4, posix.Bytes(buf), posix.MSG_WAITALL)
		w.done(w.a.Writev(c, []posix.Memory{posix.Bytes(text(1500)[:700]), {}, posix.Bytes(text(1500)[700:])}), 1500, 0)
		w.pass(20 * time.Millisecond)
		if w.b.Poll(); all.Done() {
			w.Fatalf("MSG_WAITALL: %v", all.Result())
		}
		w.done(w.a.Send(c, posix.Bytes(text(1500)), 0), 1500, 0)
		w.want(all, 3000, 0)
		if !bytes.Equal(buf, append(text(1500), text(1500)...)) {
			w.Error("other bytes came with MSG_WAITALL")
		}

		w.done(w.a.Shutdown(c, posix.SHUT_WR), 0, 0)
		w.want(w.b.Read(4, posix.Bytes(buf)), 0, 0)
		w.done(w.a.Write(c, posix.Bytes(buf)), -1, posix.EPIPE)
		w.done(w.b.Write(4, posix.Bytes(text(10))), 10, 0)
		w.done(w.b.Close(4), 0, 0)
		w.want(w.a.Recv(c, posix.Bytes(buf), posix.MSG_WAITALL), 10, 0)
		w.want(w.a.Read(c, posix.Bytes(buf)), 0, 0)
		w.done(w.a.Close(c), 0, 0)
		w.done(w.a.Close(c), -1, posix.EBADF)
	})
}

// A call that blocks begins and ends when the packets say, to the nanosecond.
func TestVirtualTime(t *testing.T) {
	w := virtual(t)
	l := w.listen(80)
	accept := w.b.Accept(l)
	w.pass(100 * time.Millisecond)
	c := w.ok(w.a.Socket(posix.AF_INET, posix.SOCK_STREAM, 0))
	connect := w.a.Connect(c, posix.Addr4(addrB, 80))
	w.want(connect, 0, 0)
	server := w.ok(accept)
	if d := connect.Ended().Sub(connect.Begun()); d != 2*time.Millisecond {
		t.Errorf("connect took %v of a path of 2 ms", d)
	}
	if d := accept.Ended().Sub(accept.Begun()); d != 103*time.Millisecond {
		t.Errorf("accept took %v", d)
	}
	read := w.b.Read(server, posix.Bytes(make([]byte, 10)))
	w.pass(50 * time.Millisecond)
	w.done(w.a.Write(c, posix.Bytes(text(10))), 10, 0)
	w.want(read, 10, 0)
	if d := read.Ended().Sub(read.Begun()); d != 51*time.Millisecond {
		t.Errorf("read took %v", d)
	}
}

// What is more than the buffers hold is taken as the peer reads, and a file that
// does not block takes what there is room for.
func TestWriteBlocks(t *testing.T) {
	everywhere(t, func(w *world) {
		c, s := w.connect(80)
		for _, k := range []struct {
			*posix.Kernel
			fd, opt int
		}{{w.a, c, posix.SO_SNDBUF}, {w.b, s, posix.SO_RCVBUF}} {
			w.done(k.SetSockOpt(k.fd, posix.SOL_SOCKET, k.opt, posix.Int32(10000)), 0, 0)
			if v := w.done(k.GetSockOpt(k.fd, posix.SOL_SOCKET, k.opt, 4), 0, 0).Value; v != 20000 {
				w.Errorf("option %d: %d", k.opt, v)
			}
		}
		const n = 300_000
		write := w.a.Write(c, posix.Bytes(text(n)))
		w.pass(50 * time.Millisecond)
		if w.a.Poll(); write.Done() {
			w.Fatalf("write: %v", write.Result())
		}
		got := make([]byte, 0, n)
		buf := make([]byte, 7000)
		for len(got) < n {
			m := w.ok(w.b.Read(s, posix.Bytes(buf)))
			w.a.Poll()
			got = append(got, buf[:m]...)
		}
		w.want(write, n, 0)
		if !bytes.Equal(got, text(n)) {
			w.Error("other bytes came")
		}

		w.done(w.a.Fcntl(c, posix.F_SETFL, posix.O_RDWR|posix.O_NONBLOCK), 0, 0)
		sum := 0
		for {
			op := w.a.Write(c, posix.Bytes(text(n)))
			r := w.wait(op)
			if r.Errno == posix.EAGAIN {
				break
			}
			if r.Errno != 0 || r.Ret <= 0 || r.Ret >= n {
				w.Fatalf("write: %v", r)
			}
			sum += int(r.Ret)
			w.pass(20 * time.Millisecond)
		}
		if sum == 0 || sum >= n {
			w.Errorf("took %d of %d", sum, n)
		}
		w.done(w.a.Send(c, posix.Bytes(text(1)), posix.MSG_NOSIGNAL), -1, posix.EAGAIN)
	})
}

// Time limits: SO_RCVTIMEO, SO_SNDTIMEO for connect, an interruption, and calls
// that are under way when the process ends.
func TestLimits(t *testing.T) {
	everywhere(t, func(w *world) {
		c, s := w.connect(80)
		buf := posix.Bytes(make([]byte, 10))
		w.done(w.a.SetSockOpt(c, posix.SOL_SOCKET, posix.SO_RCVTIMEO, posix.Timeval(30*time.Millisecond)), 0, 0)
		read := w.a.Read(c, buf)
		w.want(read, -1, posix.EAGAIN)
		if d := read.Ended().Sub(read.Begun()); d < 30*time.Millisecond || w.clock != nil && d != 30*time.Millisecond {
			w.Errorf("read took %v", d)
		}
		w.done(w.b.Write(s, posix.Bytes(text(4))), 4, 0)
		w.want(w.a.PollFDs([]posix.PollFD{{FD: c, Events: posix.POLLIN}}, -1), 1, 0)
		// What came counts, where the rest did not.
		w.want(w.a.Recv(c, buf, posix.MSG_WAITALL), 4, 0)
		w.done(w.a.SetSockOpt(c, posix.SOL_SOCKET, posix.SO_RCVTIMEO, posix.Timeval(0)), 0, 0)
		read = w.a.Read(c, buf)
		read.Interrupt()
		w.done(read, -1, posix.EINTR)
		read.Interrupt() // of a call that is over

		nobody := posix.Addr4(netip.MustParseAddr("10.9.0.99"), 80)
		x := w.ok(w.a.Socket(posix.AF_INET, posix.SOCK_STREAM, 0))
		w.done(w.a.SetSockOpt(x, posix.SOL_SOCKET, posix.SO_SNDTIMEO, posix.Timeval(30*time.Millisecond)), 0, 0)
		w.want(w.a.Connect(x, nobody), -1, posix.EINPROGRESS)
		w.want(w.a.Connect(x, nobody), -1, posix.EALREADY)
		read = w.a.Read(c, buf)
		w.a.Shut()
		w.done(read, -1, posix.EINTR)
		w.done(w.a.Read(c, buf), -1, posix.EBADF)
	})
}

// A socket that does not block: connect, its end by SO_ERROR, and accept.
func TestNonBlocking(t *testing.T) {
	everywhere(t, func(w *world) {
		l := w.listen(80)
		w.done(w.b.Fcntl(l, posix.F_SETFL, posix.O_RDWR|posix.O_NONBLOCK), 0, 0)
		w.done(w.b.Accept(l), -1, posix.EAGAIN)
		c := w.ok(w.a.Socket(posix.AF_INET, posix.SOCK_STREAM|posix.SOCK_NONBLOCK, posix.IPPROTO_TCP))
		w.done(w.a.Fcntl(c, posix.F_GETFL, 0), posix.O_RDWR|posix.O_NONBLOCK, 0)
		w.done(w.a.Connect(c, posix.Addr4(addrB, 80)), -1, posix.EINPROGRESS)
		w.want(w.a.PollFDs([]posix.PollFD{{FD: c, Events: posix.POLLOUT}}, -1), 1, 0)
		w.done(w.a.Connect(c, posix.Addr4(addrB, 80)), 0, 0)
		w.done(w.a.Connect(c, posix.Addr4(addrB, 80)), -1, posix.EISCONN)
		w.done(w.a.Recv(c, posix.Bytes(make([]byte, 1)), 0), -1, posix.EAGAIN)
		w.want(w.b.PollFDs([]posix.PollFD{{FD: l, Events: posix.POLLIN}}, -1), 1, 0)
		s := w.ok(w.b.Accept4(l, posix.SOCK_NONBLOCK|posix.SOCK_CLOEXEC))
		w.done(w.b.Fcntl(s, posix.F_GETFL, 0), posix.O_RDWR|posix.O_NONBLOCK, 0)
		w.done(w.b.Fcntl(s, posix.F_GETFD, 0), posix.FD_CLOEXEC, 0)
		w.done(w.b.Read(s, posix.Bytes(make([]byte, 1))), -1, posix.EAGAIN)

		// Nobody answers there.
		z := w.ok(w.a.Socket(posix.AF_INET, posix.SOCK_STREAM|posix.SOCK_NONBLOCK, 0))
		nobody := posix.Addr4(netip.MustParseAddr("10.9.0.99"), 80)
		w.done(w.a.Connect(z, nobody), -1, posix.EINPROGRESS)
		w.done(w.a.Connect(z, nobody), -1, posix.EALREADY)
		w.done(w.a.Write(z, posix.Bytes(text(1))), -1, posix.EAGAIN)
		w.done(w.a.PollFDs([]posix.PollFD{{FD: z, Events: posix.POLLOUT | posix.POLLIN}}, 0), 0, 0)
		// Nobody listens there.
		x := w.ok(w.a.Socket(posix.AF_INET, posix.SOCK_STREAM|posix.SOCK_NONBLOCK, 0))
		w.done(w.a.Connect(x, posix.Addr4(addrB, 81)), -1, posix.EINPROGRESS)
		r := w.want(w.a.PollFDs([]posix.PollFD{{FD: x, Events: posix.POLLOUT}}, -1), 1, 0)
		if got := r.Polled[0].Revents; got&posix.POLLERR == 0 || got&posix.POLLOUT == 0 {
			w.Errorf("poll tells %s", posix.FlagNames("POLL", int64(got)))
		}
		if v := w.done(w.a.GetSockOpt(x, posix.SOL_SOCKET, posix.SO_ERROR, 4), 0, 0).Value; v != int64(posix.ECONNREFUSED) {
			w.Errorf("SO_ERROR is %s", posix.Errno(v).Name())
		}
		y := w.ok(w.a.Socket(posix.AF_INET, posix.SOCK_STREAM, 0))
		w.want(w.a.Connect(y, posix.Addr4(addrB, 81)), -1, posix.ECONNREFUSED)
	})
}

// SO_LINGER: with 0 a reset, which the peer is told of; with more, close waits for
// the peer.
func TestLinger(t *testing.T) {
	everywhere(t, func(w *world) {
		c, s := w.connect(80)
		w.done(w.a.SetSockOpt(c, posix.SOL_SOCKET, posix.SO_LINGER, posix.Linger(true, 0)), 0, 0)
		read := w.b.Read(s, posix.Bytes(make([]byte, 10)))
		w.done(w.a.Close(c), 0, 0)
		w.want(read, -1, posix.ECONNRESET)
		w.done(w.b.Write(s, posix.Bytes(text(1))), -1, posix.EPIPE)
		w.done(w.b.Read(s, posix.Bytes(make([]byte, 10))), 0, 0)

		// Text that has come goes before the error, which is not lost.
		c, s = w.connect(83)
		w.done(w.a.Write(c, posix.Bytes(text(7))), 7, 0)
		all := w.b.Recv(s, posix.Bytes(make([]byte, 10)), posix.MSG_WAITALL)
		w.pass(20 * time.Millisecond)
		w.b.Poll()
		w.done(w.a.SetSockOpt(c, posix.SOL_SOCKET, posix.SO_LINGER, posix.Linger(true, 0)), 0, 0)
		w.done(w.a.Close(c), 0, 0)
		w.want(all, 7, 0)

		c, s = w.connect(81)
		w.done(w.a.SetSockOpt(c, posix.SOL_SOCKET, posix.SO_LINGER, posix.Linger(true, 5)), 0, 0)
		w.done(w.a.Write(c, posix.Bytes(text(100))), 100, 0)
		cl := w.a.Close(c)
		if cl.Done() {
			w.Fatal("close does not linger")
		}
		w.want(cl, 0, 0)
		// The end of the stream has gone there, and an acknowledgment has come back,
		// which waits for a millisecond.
		if d := cl.Ended().Sub(cl.Begun()); w.clock != nil && d != 3*time.Millisecond || d > 4*time.Second {
			w.Errorf("close took %v", d)
		}
		w.want(w.b.Recv(s, posix.Bytes(make([]byte, 200)), posix.MSG_WAITALL), 100, 0)

		c, _ = w.connect(82)
		w.done(w.a.SetSockOpt(c, posix.SOL_SOCKET, posix.SO_LINGER, posix.Linger(true, 1)), 0, 0)
		w.link.B.Close()
		cl = w.a.Close(c)
		w.want(cl, 0, 0)
		if d := cl.Ended().Sub(cl.Begun()); d < time.Second {
			w.Errorf("close took %v where nobody answers", d)
		}
	})
}

// Of a call that blocks, the socket stays open, whatever becomes of its number.
func TestCloseMeanwhile(t *testing.T) {
	everywhere(t, func(w *world) {
		c, s := w.connect(80)
		read := w.a.Read(c, posix.Bytes(make([]byte, 10)))
		w.done(w.a.Close(c), 0, 0)
		w.done(w.b.Write(s, posix.Bytes(text(3))), 3, 0)
		w.want(read, 3, 0)
		w.want(w.b.Read(s, posix.Bytes(make([]byte, 10))), 0, 0)

		c, s = w.connect(81)
		d := w.ok(w.a.Fcntl(c, posix.F_DUPFD, 0))
		w.done(w.a.Close(c), 0, 0)
		w.done(w.a.Write(d, posix.Bytes(text(3))), 3, 0)
		w.want(w.b.Read(s, posix.Bytes(make([]byte, 10))), 3, 0)
		w.done(w.a.Close(d), 0, 0)
		w.want(w.b.Read(s, posix.Bytes(make([]byte, 10))), 0, 0)
	})
}

// Calls of several goroutines, each of which waits for its own in real time.
func TestWait(t *testing.T) {
	for _, tcp := range []stack.TransportProtocolFactory{transport.NewProtocol, tcp.NewProtocol} {
		w := newWorld(t, tcp, nil)
		l := w.listen(80)
		const pairs, n = 4, 200_000
		var all sync.WaitGroup
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		check := func(what string, op *posix.Op, ret int) int {
			r := op.Wait(ctx)
			if r.Errno != 0 || ret >= 0 && r.Ret != int64(ret) {
				t.Errorf("%s: %v", what, r)
			}
			return int(r.Ret)
		}
		for range pairs {
			all.Go(func() {
				fd := check("accept", w.b.Accept(l), -1)
				buf := make([]byte, n)
				check("recv", w.b.Recv(fd, posix.Bytes(buf), posix.MSG_WAITALL), n)
				if !bytes.Equal(buf, text(n)) {
					t.Error("other bytes came")
				}
				check("close", w.b.Close(fd), 0)
			})
			all.Go(func() {
				fd := check("socket", w.a.Socket(posix.AF_INET, posix.SOCK_STREAM, 0), -1)
				check("connect", w.a.Connect(fd, posix.Addr4(addrB, 80)), 0)
				check("write", w.a.Write(fd, posix.Bytes(text(n))), n)
				check("read", w.a.Read(fd, posix.Bytes(make([]byte, 1))), 0)
			})
		}
		all.Wait()
		stop, interrupt := context.WithTimeout(ctx, 10*time.Millisecond)
		defer interrupt()
		if r := w.b.Accept(l).Wait(stop); r.Errno != posix.EINTR {
			t.Errorf("accept: %v", r)
		}
	}
}
