// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package posix_test

import (
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"tcpcb/conformance/packetdrill/posix"
)

// The kernel that the test runs on answers bad arguments, and sockets in a state
// that a call is not for, with the same errno.
func TestAsLinux(t *testing.T) {
	w := virtual(t)
	k := w.a
	s := w.ok(k.Socket(posix.AF_INET, posix.SOCK_STREAM, 0))
	s6 := w.ok(k.Socket(posix.AF_INET6, posix.SOCK_STREAM, 0))
	l := w.ok(k.Socket(posix.AF_INET, posix.SOCK_STREAM|posix.SOCK_NONBLOCK, 0))
	w.done(k.Bind(l, posix.Addr4(netip.Addr{}, 0)), 0, 0)
	w.done(k.Listen(l, 1), 0, 0)
	p := w.done(k.Pipe2(posix.O_NONBLOCK), 0, 0).FDs
	ep := w.ok(k.EpollCreate(1))
	k.AddFile("/file", text(10))
	f := w.ok(k.Open("/file", posix.O_RDONLY))

	h := newHost(t)
	buf, mem := make([]byte, 10), posix.Bytes(make([]byte, 10))
	self := posix.Addr4(netip.MustParseAddr("127.0.0.1"), 9)
	in4 := &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: 9}
	in6 := &unix.SockaddrInet6{Addr: [16]byte{15: 1}, Port: 9}
	six := posix.Addr6(netip.IPv6Loopback(), 9)
	ev, hev := &posix.EpollEvent{Events: posix.EPOLLIN}, &unix.EpollEvent{Events: unix.EPOLLIN}
	int1, badTime := posix.Int32(1), posix.Timeval(time.Second-time.Microsecond)
	badTime[8]++
	for name, tc := range map[string]struct {
		ours  *posix.Op
		linux error
	}{
		"socket family":          {k.Socket(99, posix.SOCK_STREAM, 0), h.socket(99, unix.SOCK_STREAM, 0)},
		"socket type":            {k.Socket(posix.AF_INET, 99, 0), h.socket(unix.AF_INET, 99, 0)},
		"socket protocol":        {k.Socket(posix.AF_INET, posix.SOCK_STREAM, 99), h.socket(unix.AF_INET, unix.SOCK_STREAM, 99)},
		"bind of no file":        {k.Bind(99, self), unix.Bind(9999, in4)},
		"bind of a pipe":         {k.Bind(p[0], self), unix.Bind(h.p[0], in4)},
		"bind to IPv6":           {k.Bind(s, six), unix.Bind(h.s, in6)},
		"bind of IPv6 to IPv4":   {k.Bind(s6, self), unix.Bind(h.s6, in4)},
		"bind again":             {k.Bind(l, self), unix.Bind(h.l, in4)},
		"bind to a foreign one":  {k.Bind(s, posix.Addr4(netip.MustParseAddr("192.0.2.77"), 9)), unix.Bind(h.s, &unix.SockaddrInet4{Addr: [4]byte{192, 0, 2, 77}, Port: 9})},
		"accept of no listener":  {k.Accept(s), h.accept(h.s, 0)},
		"accept of none":         {k.Accept(l), h.accept(h.l, 0)},
		"accept4 flags":          {k.Accept4(l, 1), h.accept(h.l, 1)},
		"accept of a pipe":       {k.Accept(p[0]), h.accept(h.p[0], 0)},
		"connect to IPv6":        {k.Connect(s, six), unix.Connect(h.s, in6)},
		"connect of IPv6":        {k.Connect(s6, self), unix.Connect(h.s6, in4)},
		"connect of a listener":  {k.Connect(l, self), unix.Connect(h.l, in4)},
		"getpeername":            {k.GetPeerName(s), h.getpeername(h.s)},
		"shutdown how":           {k.Shutdown(s, 3), unix.Shutdown(h.s, 3)},
		"shutdown of none":       {k.Shutdown(s, posix.SHUT_WR), unix.Shutdown(h.s, unix.SHUT_WR)},
		"close":                  {k.Close(99), unix.Close(9999)},
		"read of none":           {k.Read(s, mem), h.read(h.s, buf)},
		"read of a listener":     {k.Read(l, mem), h.read(h.l, buf)},
		"read of an epoll":       {k.Read(ep, mem), h.read(h.ep, buf)},
		"read of a writing end":  {k.Read(p[1], mem), h.read(h.p[1], buf)},
		"read of an empty pipe":  {k.Read(p[0], mem), h.read(h.p[0], buf)},
		"write of none":          {k.Write(s, mem), h.write(h.s, buf)},
		"write of a reading end": {k.Write(p[0], mem), h.write(h.p[0], buf)},
		"write of an epoll":      {k.Write(ep, mem), h.write(h.ep, buf)},
		"write of a file":        {k.Write(f, mem), h.write(h.f, buf)},
		"recv of a pipe":         {k.Recv(p[0], mem, 0), h.recv(h.p[0], buf)},
		"send of a pipe":         {k.Send(p[1], mem, 0), unix.Sendto(h.p[1], buf, unix.MSG_NOSIGNAL, in4)},
		"send of none":           {k.Send(s, mem, posix.MSG_NOSIGNAL), unix.Send(h.s, buf, unix.MSG_NOSIGNAL)},
		"splice of no pipe":      {k.Splice(s, nil, s6, nil, 1, 0), h.splice(h.s, nil, h.s6, nil, 1, 0)},
		"splice of one pipe":     {k.Splice(p[0], nil, p[1], nil, 1, 0), h.splice(h.p[0], nil, h.p[1], nil, 1, 0)},
		"splice at an offset":    {k.Splice(p[0], new(int64), s, nil, 1, 0), h.splice(h.p[0], new(int64), h.s, nil, 1, 0)},
		"splice flags":           {k.Splice(s, nil, p[1], nil, 1, 1<<20), h.splice(h.s, nil, h.p[1], nil, 1, 1<<20)},
		"splice of none":         {k.Splice(s, nil, p[1], nil, 1, 0), h.splice(h.s, nil, h.p[1], nil, 1, 0)},
		"pipe2 flags":            {k.Pipe2(1), unix.Pipe2(make([]int, 2), 1)},
		"open":                   {k.Open("/there/is/none", 0), h.open("/there/is/none")},
		"fcntl":                  {k.Fcntl(99, posix.F_GETFL, 0), h.fcntl(9999, unix.F_GETFL, 0)},
		"ioctl of a listener":    {k.Ioctl(l, posix.SIOCINQ, 0), h.ioctl(h.l, unix.SIOCINQ)},
		"ioctl of an epoll":      {k.Ioctl(ep, posix.SIOCINQ, 0), h.ioctl(h.ep, unix.SIOCINQ)},
		"epoll_create":           {k.EpollCreate(0), h.epollCreate(0)},
		"epoll_create1":          {k.EpollCreate1(1), h.epollCreate1(1)},
		"epoll_ctl of no epoll":  {k.EpollCtl(99, posix.EPOLL_CTL_ADD, s, ev), unix.EpollCtl(9999, unix.EPOLL_CTL_ADD, h.s, hev)},
		"epoll_ctl of no file":   {k.EpollCtl(ep, posix.EPOLL_CTL_ADD, 99, ev), unix.EpollCtl(h.ep, unix.EPOLL_CTL_ADD, 9999, hev)},
		"epoll_ctl of itself":    {k.EpollCtl(ep, posix.EPOLL_CTL_ADD, ep, ev), unix.EpollCtl(h.ep, unix.EPOLL_CTL_ADD, h.ep, hev)},
		"epoll_ctl of a socket":  {k.EpollCtl(s, posix.EPOLL_CTL_ADD, ep, ev), unix.EpollCtl(h.s, unix.EPOLL_CTL_ADD, h.ep, hev)},
		"epoll_ctl of a disk":    {k.EpollCtl(ep, posix.EPOLL_CTL_ADD, f, ev), unix.EpollCtl(h.ep, unix.EPOLL_CTL_ADD, h.f, hev)},
		"epoll_ctl MOD":          {k.EpollCtl(ep, posix.EPOLL_CTL_MOD, s, ev), unix.EpollCtl(h.ep, unix.EPOLL_CTL_MOD, h.s, hev)},
		"epoll_ctl DEL":          {k.EpollCtl(ep, posix.EPOLL_CTL_DEL, s, nil), unix.EpollCtl(h.ep, unix.EPOLL_CTL_DEL, h.s, nil)},
		"epoll_ctl 9":            {k.EpollCtl(ep, 9, s, ev), unix.EpollCtl(h.ep, 9, h.s, hev)},
		"epoll_wait of no room":  {k.EpollWait(ep, 0, 0), h.epollWait(h.ep, nil)},
		"epoll_wait of a socket": {k.EpollWait(s, 1, 0), h.epollWait(h.s, make([]unix.EpollEvent, 1))},
		"getsockopt of a pipe":   {k.GetSockOpt(p[0], posix.SOL_TCP, posix.TCP_NODELAY, 4), h.getsockopt(h.p[0], unix.SOL_TCP, unix.TCP_NODELAY)},
		"getsockopt level":       {k.GetSockOpt(s, 77, 1, 4), h.getsockopt(h.s, 77, 1)},
		"setsockopt level":       {k.SetSockOpt(s, 77, 1, int1), unix.SetsockoptInt(h.s, 77, 1, 1)},
		"setsockopt IPv6":        {k.SetSockOpt(s, posix.SOL_IPV6, posix.IPV6_V6ONLY, int1), unix.SetsockoptInt(h.s, unix.SOL_IPV6, unix.IPV6_V6ONLY, 1)},
		"getsockopt 4444":        {k.GetSockOpt(s, posix.SOL_SOCKET, 4444, 4), h.getsockopt(h.s, unix.SOL_SOCKET, 4444)},
		"getsockopt TCP 4444":    {k.GetSockOpt(s, posix.SOL_TCP, 4444, 4), h.getsockopt(h.s, unix.SOL_TCP, 4444)},
		"setsockopt TCP 4444":    {k.SetSockOpt(s, posix.SOL_TCP, 4444, int1), unix.SetsockoptInt(h.s, unix.SOL_TCP, 4444, 1)},
		"SO_LINGER too short":    {k.SetSockOpt(s, posix.SOL_SOCKET, posix.SO_LINGER, int1), unix.SetsockoptInt(h.s, unix.SOL_SOCKET, unix.SO_LINGER, 1)},
		"SO_RCVTIMEO too short":  {k.SetSockOpt(s, posix.SOL_SOCKET, posix.SO_RCVTIMEO, int1), unix.SetsockoptInt(h.s, unix.SOL_SOCKET, unix.SO_RCVTIMEO, 1)},
		"SO_RCVTIMEO of usec":    {k.SetSockOpt(s, posix.SOL_SOCKET, posix.SO_RCVTIMEO, badTime), unix.SetsockoptString(h.s, unix.SOL_SOCKET, unix.SO_RCVTIMEO, string(badTime))},
		"SO_BINDTODEVICE":        {k.SetSockOpt(s, posix.SOL_SOCKET, posix.SO_BINDTODEVICE, []byte("eth77")), unix.SetsockoptString(h.s, unix.SOL_SOCKET, unix.SO_BINDTODEVICE, "eth77")},
		"IPV6_UNICAST_HOPS":      {k.SetSockOpt(s6, posix.SOL_IPV6, posix.IPV6_UNICAST_HOPS, posix.Int32(-2)), unix.SetsockoptInt(h.s6, unix.SOL_IPV6, unix.IPV6_UNICAST_HOPS, -2)},
		"IP_TOS of a byte":       {k.SetSockOpt(s, posix.SOL_IP, posix.IP_TOS, []byte{4}), unix.SetsockoptString(h.s, unix.SOL_IP, unix.IP_TOS, "\x04")},
		"write of nothing":       {k.Write(l, posix.Memory{}), h.write(h.l, nil)},
		"getsockopt IPv6":        {k.GetSockOpt(s, posix.SOL_IPV6, posix.IPV6_V6ONLY, 4), h.getsockopt(h.s, unix.SOL_IPV6, unix.IPV6_V6ONLY)},
		"setsockopt SO_TYPE":     {k.SetSockOpt(s, posix.SOL_SOCKET, posix.SO_TYPE, int1), unix.SetsockoptInt(h.s, unix.SOL_SOCKET, unix.SO_TYPE, 1)},
		"setsockopt SO_ERROR":    {k.SetSockOpt(s, posix.SOL_SOCKET, posix.SO_ERROR, int1), unix.SetsockoptInt(h.s, unix.SOL_SOCKET, unix.SO_ERROR, 1)},
		"setsockopt too short":   {k.SetSockOpt(s, posix.SOL_TCP, posix.TCP_NODELAY, []byte{1}), unix.SetsockoptString(h.s, unix.SOL_TCP, unix.TCP_NODELAY, "\x01")},
		"setsockopt 4444":        {k.SetSockOpt(s, posix.SOL_SOCKET, 4444, int1), unix.SetsockoptInt(h.s, unix.SOL_SOCKET, 4444, 1)},
		"TCP_KEEPCNT of 0":       {k.SetSockOpt(s, posix.SOL_TCP, posix.TCP_KEEPCNT, posix.Int32(0)), unix.SetsockoptInt(h.s, unix.SOL_TCP, unix.TCP_KEEPCNT, 0)},
		"TCP_KEEPIDLE of 32768":  {k.SetSockOpt(s, posix.SOL_TCP, posix.TCP_KEEPIDLE, posix.Int32(32768)), unix.SetsockoptInt(h.s, unix.SOL_TCP, unix.TCP_KEEPIDLE, 32768)},
		"TCP_USER_TIMEOUT of -1": {k.SetSockOpt(s, posix.SOL_TCP, posix.TCP_USER_TIMEOUT, posix.Int32(-1)), unix.SetsockoptInt(h.s, unix.SOL_TCP, unix.TCP_USER_TIMEOUT, -1)},
		"TCP_SYNCNT of 128":      {k.SetSockOpt(s, posix.SOL_TCP, posix.TCP_SYNCNT, posix.Int32(128)), unix.SetsockoptInt(h.s, unix.SOL_TCP, unix.TCP_SYNCNT, 128)},
		"TCP_INQ of 2":           {k.SetSockOpt(s, posix.SOL_TCP, posix.TCP_INQ, posix.Int32(2)), unix.SetsockoptInt(h.s, unix.SOL_TCP, unix.TCP_INQ, 2)},
		"TCP_CONGESTION":         {k.SetSockOpt(s, posix.SOL_TCP, posix.TCP_CONGESTION, []byte("nosuchthing")), unix.SetsockoptString(h.s, unix.SOL_TCP, unix.TCP_CONGESTION, "nosuchthing")},
		"IP_TTL of 256":          {k.SetSockOpt(s, posix.SOL_IP, posix.IP_TTL, posix.Int32(256)), unix.SetsockoptInt(h.s, unix.SOL_IP, unix.IP_TTL, 256)},
		"IP_MTU_DISCOVER of 6":   {k.SetSockOpt(s, posix.SOL_IP, posix.IP_MTU_DISCOVER, posix.Int32(6)), unix.SetsockoptInt(h.s, unix.SOL_IP, unix.IP_MTU_DISCOVER, 6)},
		"IPV6_TCLASS of 256":     {k.SetSockOpt(s6, posix.SOL_IPV6, posix.IPV6_TCLASS, posix.Int32(256)), unix.SetsockoptInt(h.s6, unix.SOL_IPV6, unix.IPV6_TCLASS, 256)},
	} {
		var e unix.Errno
		errors.As(tc.linux, &e)
		if got := tc.ours.Result(); !tc.ours.Done() || got.Errno != posix.Errno(e) {
			t.Errorf("%s: %v, and %d %s of Linux", name, got, int(e), unix.ErrnoName(e))
		}
	}
}

// host is the kernel that the test runs on, with files like those of the test.
type host struct {
	s, s6, l, ep, f int
	p               [2]int
}

func newHost(t *testing.T) *host {
	t.Helper()
	h := &host{}
	open := func(fd int, err error) int {
		t.Helper()
		if err != nil {
			t.Skip(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		return fd
	}
	h.s = open(unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0))
	h.s6 = open(unix.Socket(unix.AF_INET6, unix.SOCK_STREAM, 0))
	h.l = open(unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0))
	if err := unix.Listen(h.l, 1); err != nil {
		t.Skip(err)
	}
	var p [2]int
	if err := unix.Pipe2(p[:], unix.O_NONBLOCK); err != nil {
		t.Skip(err)
	}
	h.p = [2]int{open(p[0], nil), open(p[1], nil)}
	h.ep = open(unix.EpollCreate1(0))
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, text(10), 0o600); err != nil {
		t.Fatal(err)
	}
	h.f = open(unix.Open(name, unix.O_RDONLY, 0))
	return h
}

// kept returns the error of a call that makes a file, which is closed.
func kept(fd int, err error) error {
	if err == nil {
		unix.Close(fd)
	}
	return err
}

func (*host) socket(family, typ, proto int) error { return kept(unix.Socket(family, typ, proto)) }

func (*host) accept(fd, flags int) error {
	n, _, err := unix.Accept4(fd, flags)
	return kept(n, err)
}

func (*host) open(name string) error { return kept(unix.Open(name, unix.O_RDONLY, 0)) }

func (*host) epollCreate(size int) error { return kept(unix.EpollCreate(size)) }

func (*host) epollCreate1(flags int) error { return kept(unix.EpollCreate1(flags)) }

func (*host) getpeername(fd int) error {
	_, err := unix.Getpeername(fd)
	return err
}

func (*host) read(fd int, b []byte) error {
	_, err := unix.Read(fd, b)
	return err
}

func (*host) write(fd int, b []byte) error {
	_, err := unix.Write(fd, b)
	return err
}

func (*host) recv(fd int, b []byte) error {
	_, _, err := unix.Recvfrom(fd, b, 0)
	return err
}

func (*host) splice(in int, offIn *int64, out int, offOut *int64, n, flags int) error {
	_, err := unix.Splice(in, offIn, out, offOut, n, flags)
	return err
}

func (*host) fcntl(fd, cmd, arg int) error {
	_, err := unix.FcntlInt(uintptr(fd), cmd, arg)
	return err
}

func (*host) ioctl(fd int, request uint) error {
	_, err := unix.IoctlGetInt(fd, request)
	return err
}

func (*host) epollWait(fd int, events []unix.EpollEvent) error {
	var p unsafe.Pointer
	if len(events) > 0 {
		p = unsafe.Pointer(&events[0])
	}
	_, _, e := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(p), uintptr(len(events)), 0, 0, 0)
	return e
}

func (*host) getsockopt(fd, level, name int) error {
	_, err := unix.GetsockoptInt(fd, level, name)
	return err
}
