// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"maps"
	"slices"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/waiter"
)

// maxFD is how many files may be open at a time, as in Linux by default.
const maxFD = 1024

// Config says what a Kernel is made of.
type Config struct {
	// Stack has the sockets. Its TCP may be any.
	Stack *stack.Stack
	// Clock is for time limits and for when calls begin and end; nil is the
	// stack's own.
	Clock tcpip.Clock
	// FirstFD is the lowest number that a file gets; 0 is 3, as where a program
	// has standard input, output and error.
	FirstFD int
	// HeedsMore says that the TCP does by itself what MSG_MORE asks for.
	HeedsMore bool
}

// Kernel is a process on a host whose network is a stack.Stack: its table of
// files and the calls that it has begun. Its methods may be called from several
// goroutines; their order is only defined where they come from one.
type Kernel struct {
	stack *stack.Stack
	clock tcpip.Clock
	first int
	woken chan struct{}
	heeds bool // HeedsMore

	mu      sync.Mutex
	fds     map[int]*descriptor
	disk    map[string][]byte
	pending []*Op
}

// New returns a kernel with no file open.
func New(c Config) *Kernel {
	k := &Kernel{
		stack: c.Stack, clock: c.Clock, first: c.FirstFD, heeds: c.HeedsMore,
		woken: make(chan struct{}, 1),
		fds:   map[int]*descriptor{}, disk: map[string][]byte{},
	}
	if k.clock == nil {
		k.clock = c.Stack.Clock()
	}
	if k.first == 0 {
		k.first = 3
	}
	return k
}

// file is what an open file does, whatever it is. Its methods are called with
// the kernel's lock held.
type file interface {
	// readiness returns which of mask there are, and EventErr and EventHUp
	// whether asked for or not.
	readiness(mask waiter.EventMask) waiter.EventMask
	// queue is told when there is more than there was; nil is never told. It is
	// that which wakes who waits, and not readiness: a TCP may be ready for little
	// before it finds that worth a call.
	queue() *waiter.Queue
	// late reports whether the queue may not have been told yet of what there is
	// of mask.
	late(mask waiter.EventMask) bool
	// release is called when no number stands for the file any more.
	release()
}

// description is an open file as Linux has it: several numbers may stand for it.
type description struct {
	file
	refs  int
	flags int // O_NONBLOCK and the access mode
	polls []*epollItem
}

// unref gives up one use of an open file, and ends it with the last.
func (d *description) unref() {
	if d.refs--; d.refs == 0 {
		for len(d.polls) > 0 {
			d.polls[0].remove()
		}
		d.file.release()
	}
}

// descriptor is an entry of the table of files.
type descriptor struct {
	*description
	closeOnExec bool
}

// install gives f the lowest number that is free.
//
// Precondition: k.mu is held.
func (k *Kernel) install(d *description, closeOnExec bool, from int) (int, Errno) {
	for fd := max(from, k.first); fd < k.first+maxFD; fd++ {
		if k.fds[fd] == nil {
			d.refs++
			k.fds[fd] = &descriptor{d, closeOnExec}
			return fd, 0
		}
	}
	return -1, EMFILE
}

// open returns the open file of a number, if it may be used in that way:
// O_RDONLY or O_WRONLY.
//
// Precondition: k.mu is held.
func (k *Kernel) open(fd, mode int) (*description, Errno) {
	d := k.fds[fd]
	if d == nil || d.flags&accessMode != mode && d.flags&accessMode != O_RDWR {
		return nil, EBADF
	}
	return d.description, 0
}

// drop takes a number off the table.
//
// Precondition: k.mu is held, and the number is in use.
func (k *Kernel) drop(fd int) {
	d := k.fds[fd]
	delete(k.fds, fd)
	d.unref()
}

// Shut ends the process: calls that block are interrupted and all files closed.
// Connections go on as after close; SO_LINGER does not hold it up.
func (k *Kernel) Shut() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.pending) > 0 {
		k.pending[0].interrupt()
	}
	for _, fd := range slices.Sorted(maps.Keys(k.fds)) {
		k.drop(fd)
	}
}

// Endpoint returns the endpoint behind a socket, for whoever wants to look at
// what no system call tells.
func (k *Kernel) Endpoint(fd int) (tcpip.Endpoint, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if d := k.fds[fd]; d != nil {
		if s, ok := d.file.(*socket); ok {
			return s.ep, true
		}
	}
	return nil, false
}

// AddFile makes a file that Open finds by its name, with content that does not
// change.
func (k *Kernel) AddFile(name string, content []byte) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.disk[name] = content
}
