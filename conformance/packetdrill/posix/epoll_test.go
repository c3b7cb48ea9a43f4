// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix_test

import (
	"testing"
	"time"

	"tcpcb/conformance/packetdrill/posix"
)

// events waits for the events of an epoll file and compares them.
func (w *world) events(k *posix.Kernel, ep, timeout int, want ...posix.EpollEvent) {
	w.Helper()
	got := w.want(k.EpollWait(ep, 8, timeout), len(want), 0).Events
	for i, ev := range want {
		if got[i] != ev {
			w.Errorf("event %d: %s of %d, want %s of %d", i, posix.FlagNames("EPOLL", int64(got[i].Events)), got[i].Data,
				posix.FlagNames("EPOLL", int64(ev.Events)), ev.Data)
		}
	}
}

// Level and edge: what is told again and again, and what is told once for each
// arrival, read or not.
func TestEpoll(t *testing.T) {
	everywhere(t, func(w *world) {
		c, s := w.connect(80)
		w.pass(20 * time.Millisecond) // in real time, until all has been told of the handshake
		k := w.b
		level, edge := w.ok(k.EpollCreate(1)), w.ok(k.EpollCreate1(posix.EPOLL_CLOEXEC))
		w.done(k.EpollCtl(level, posix.EPOLL_CTL_ADD, s, &posix.EpollEvent{Events: posix.EPOLLIN, Data: 1}), 0, 0)
		w.done(k.EpollCtl(edge, posix.EPOLL_CTL_ADD, s, &posix.EpollEvent{Events: posix.EPOLLIN | posix.EPOLLOUT | posix.EPOLLET, Data: 2}), 0, 0)
		w.done(k.EpollCtl(edge, posix.EPOLL_CTL_ADD, s, &posix.EpollEvent{}), -1, posix.EEXIST)
		out := posix.EpollEvent{Events: posix.EPOLLOUT, Data: 2}
		in, both := posix.EpollEvent{Events: posix.EPOLLIN, Data: 1}, posix.EpollEvent{Events: posix.EPOLLIN | posix.EPOLLOUT, Data: 2}
		w.events(k, level, 0)
		w.events(k, edge, 0, out)
		w.events(k, edge, 0)
		for range 2 {
			w.done(w.a.Write(c, posix.Bytes(text(1000))), 1000, 0)
			w.events(k, edge, -1, both)
			w.events(k, edge, 0)
			w.events(k, level, 0, in)
			w.events(k, level, 0, in)
		}
		w.done(k.Read(s, posix.Bytes(make([]byte, 500))), 500, 0)
		w.events(k, edge, 0)

		w.done(k.EpollCtl(level, posix.EPOLL_CTL_MOD, s, &posix.EpollEvent{Events: posix.EPOLLIN | posix.EPOLLONESHOT, Data: 3}), 0, 0)
		w.events(k, level, -1, posix.EpollEvent{Events: posix.EPOLLIN, Data: 3})
		w.events(k, level, 0)
		w.done(k.EpollCtl(level, posix.EPOLL_CTL_MOD, s, &posix.EpollEvent{Events: posix.EPOLLIN | posix.EPOLLONESHOT, Data: 4}), 0, 0)
		w.events(k, level, 0, posix.EpollEvent{Events: posix.EPOLLIN, Data: 4})
		w.done(k.EpollCtl(level, posix.EPOLL_CTL_DEL, s, nil), 0, 0)
		w.events(k, level, 0)

		// A time limit, exact in virtual time.
		op := k.EpollWait(level, 1, 40)
		w.want(op, 0, 0)
		if d := op.Ended().Sub(op.Begun()); d < 40*time.Millisecond || w.clock != nil && d != 40*time.Millisecond {
			w.Errorf("epoll_wait took %v", d)
		}
		// The end of the stream, for a call that waits.
		op = k.EpollWait(edge, 1, -1)
		w.done(w.a.Close(c), 0, 0)
		w.want(op, 1, 0)
		if op.Result().Events[0].Events&posix.EPOLLIN == 0 {
			w.Errorf("at the end: %+v", op.Result().Events)
		}
		// What is closed is out.
		w.done(k.Close(s), 0, 0)
		w.events(k, edge, 0)
		w.done(k.EpollCtl(edge, posix.EPOLL_CTL_DEL, s, nil), -1, posix.EBADF)
		w.done(k.Close(edge), 0, 0)
	})
}

// A listener at an edge, poll of an epoll file, and events that are more than the
// call has room for.
func TestEpollMany(t *testing.T) {
	everywhere(t, func(w *world) {
		l := w.listen(80)
		k := w.b
		ep := w.ok(k.EpollCreate(1))
		w.done(k.EpollCtl(ep, posix.EPOLL_CTL_ADD, l, &posix.EpollEvent{Events: posix.EPOLLIN | posix.EPOLLET, Data: 7}), 0, 0)
		w.events(k, ep, 0)
		poll := k.PollFDs([]posix.PollFD{{FD: ep, Events: posix.POLLIN}}, -1)
		c := w.ok(w.a.Socket(posix.AF_INET, posix.SOCK_STREAM, 0))
		w.want(w.a.Connect(c, posix.Addr4(addrB, 80)), 0, 0)
		w.want(poll, 1, 0)
		w.events(k, ep, -1, posix.EpollEvent{Events: posix.EPOLLIN, Data: 7})
		s := w.ok(k.Accept(l))
		w.done(k.EpollCtl(ep, posix.EPOLL_CTL_DEL, l, nil), 0, 0)

		x := w.done(k.Pipe(), 0, 0).FDs[1]
		for _, fd := range []int{s, x} {
			w.done(k.EpollCtl(ep, posix.EPOLL_CTL_ADD, fd, &posix.EpollEvent{Events: posix.EPOLLOUT, Data: uint64(fd)}), 0, 0)
		}
		seen := map[uint64]int{}
		for range 4 {
			seen[w.want(k.EpollWait(ep, 1, 0), 1, 0).Events[0].Data]++
		}
		if seen[uint64(s)] != 2 || seen[uint64(x)] != 2 {
			w.Errorf("told %v", seen)
		}
		k.AddFile("f", nil)
		w.done(k.EpollCtl(ep, posix.EPOLL_CTL_ADD, w.ok(k.Open("f", 0)), &posix.EpollEvent{}), -1, posix.EPERM)
		w.lacks(k.EpollCtl(ep, posix.EPOLL_CTL_ADD, w.ok(k.EpollCreate(1)), &posix.EpollEvent{}), "epoll_ctl of an epoll file", posix.EINVAL)
	})
}
