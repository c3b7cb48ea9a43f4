// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package posix is a kernel's socket calls in miniature, over a gVisor
// stack.Stack with any TCP: the numbers of files, the blocking, the errors and
// the options that a program on Linux sees, and that packetdrill scripts are
// written in.
//
// # Calls
//
// A Kernel has a method for each system call, with the arguments of the call
// in Go's types. What is bad about them is answered with an errno, as Linux
// does, and never with a panic. Each returns an Op: the call, begun. Most are
// done when they are returned:
//
//	r := k.Socket(posix.AF_INET, posix.SOCK_STREAM, 0).Result()
//	if r.Errno != 0 { ... }
//	fd := int(r.Ret)
//
// A call that blocks is done later, when packets or time let it. There is no
// goroutine behind it: it is tried again by Kernel.Poll, when what it waits for
// may be there. Whoever moves the clock does that, and so a test in virtual
// time is deterministic as far as the TCP is:
//
//	op := k.Accept(fd)
//	clock.RunUntil(func() bool { k.Poll(); return op.Done() }, time.Second)
//
// In real time, Op.Wait waits on the calling goroutine, and a loop that has
// more to wait for selects on Kernel.Woken and polls then.
//
// The calls, each of which returns an *Op:
//
//	Socket(family, typ, protocol int)
//	Bind(fd int, addr SockAddr)
//	Listen(fd, backlog int)
//	Accept(fd int)                         // Result.Ret, Result.Addr
//	Accept4(fd, flags int)
//	Connect(fd int, addr SockAddr)
//	GetSockName(fd int)                    // Result.Addr
//	GetPeerName(fd int)
//	Shutdown(fd, how int)
//	Close(fd int)
//	Read(fd int, buf Memory)               // the text is in buf
//	Readv(fd int, iov []Memory)
//	Recv(fd int, buf Memory, flags int)
//	RecvFrom(fd int, buf Memory, flags int)
//	RecvMsg(fd int, msg *Message, flags int) // Result.Message
//	Write(fd int, buf Memory)
//	Writev(fd int, iov []Memory)
//	Send(fd int, buf Memory, flags int)
//	SendTo(fd int, buf Memory, flags int, to SockAddr)
//	SendMsg(fd int, msg *Message, flags int)
//	SendFile(out, in int, offset *int64, count int)
//	Splice(in int, offIn *int64, out int, offOut *int64, n, flags int)
//	Pipe(), Pipe2(flags int)               // Result.FDs
//	Open(name string, flags int)           // of what AddFile made
//	Fcntl(fd, cmd, arg int)                // Result.Ret
//	Ioctl(fd, request int, arg int64)      // Result.Value
//	PollFDs(fds []PollFD, timeout int)       // milliseconds; Result.Polled
//	EpollCreate(size int), EpollCreate1(flags int)
//	EpollCtl(epfd, op, fd int, ev *EpollEvent)
//	EpollWait(epfd, maxEvents, timeout int) // Result.Events
//	GetSockOpt(fd, level, name, optlen int) // Result.Value, .Option, .Info
//	SetSockOpt(fd, level, name int, value []byte)
//
// # What is not there
//
// A call, a flag or an option that Linux has and netstack does not is answered
// with Result.Unsupported, which names it, beside the errno that a Linux without
// it would give: Fast Open, zero copies, the error queue, MD5 signatures and time
// stamps of packets. Whoever judges a TCP by the results looks at that first,
// since such an answer says nothing about the TCP.
//
// There are no signals: a write to a connection that was shut is EPIPE, with
// MSG_NOSIGNAL or without. There is one process, and neither users nor
// permissions; files other than sockets and pipes are those that Kernel.AddFile
// made, and are read only.
//
// What a TCP decides is not made to look like Linux here: when a socket is
// writable, how large its buffers are, which error ended it. Errors are
// translated as runsc does, gVisor's kernel.
package posix
