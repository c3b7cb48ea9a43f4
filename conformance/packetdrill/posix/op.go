// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// Result is what a system call returned.
type Result struct {
	// Ret is the value returned: -1 where Errno is not 0.
	Ret int64
	// Errno is what Linux's errno would be, and 0 where the call went well.
	Errno Errno
	// Unsupported names what netstack lacks, as "getsockopt TCP_MD5SIG", and is
	// empty otherwise. Errno then is what a Linux without it says.
	Unsupported string

	// Addr is the peer of accept, and what getsockname and getpeername tell; its
	// zero value where there is none.
	Addr SockAddr
	// Value is the number that ioctl tells, and that getsockopt tells where the
	// option is one.
	Value int64
	// Option is what getsockopt tells, in Linux's layout, little endian, cut to
	// the length that the caller had room for.
	Option []byte
	// Info is what getsockopt tells of TCP_INFO.
	Info *TCPInfo
	// Message is what recvmsg tells beside the text.
	Message *MessageOut
	// Polled is what poll was given, with the events there are.
	Polled []PollFD
	// Events are those of epoll_wait, in the order in which they are told.
	Events []EpollEvent
	// FDs are those of pipe: its end to read and its end to write.
	FDs [2]int
}

// String returns the result as strace shows it.
func (r Result) String() string {
	if r.Errno == 0 {
		return fmt.Sprint(r.Ret)
	}
	s := fmt.Sprintf("%d %s (%s)", r.Ret, r.Errno.Name(), r.Errno.Error())
	if r.Unsupported != "" {
		s += " unsupported: " + r.Unsupported
	}
	return s
}

// Op is a system call that was begun. It is done at once, or is tried again by
// Kernel.Poll until it is.
type Op struct {
	k    *Kernel
	name string
	// try makes one attempt and reports whether the call is done, with its
	// result in the Op.
	//
	// Precondition: k.mu is held.
	try     func(o *Op) bool
	watched []watch
	timer   tcpip.Timer
	result  Result
	partial int // what was read or written, of a call that goes on
	begun   tcpip.MonotonicTime
	ended   tcpip.MonotonicTime
	woken   atomic.Bool // something notified that was watched
	expired atomic.Bool // the time that it may take is over
	over    chan struct{}
}

// watch is one file that an Op waits for. d, where it is set, stays open
// meanwhile, whatever becomes of its numbers.
type watch struct {
	d     *description
	f     file
	mask  waiter.EventMask
	entry *waiter.Entry
}

// Name returns the call's name, as "recvmsg".
func (o *Op) Name() string { return o.name }

// Begun returns when the call was made.
func (o *Op) Begun() tcpip.MonotonicTime { return o.begun }

// Done reports whether the call has returned.
func (o *Op) Done() bool {
	select {
	case <-o.over:
		return true
	default:
		return false
	}
}

// Over returns a channel that is closed when the call has returned.
func (o *Op) Over() <-chan struct{} { return o.over }

// Ended returns when the call returned, and zero before it did.
func (o *Op) Ended() tcpip.MonotonicTime {
	if !o.Done() {
		return tcpip.MonotonicTime{}
	}
	return o.ended
}

// Result returns what the call returned. Before it did, that is EINPROGRESS with
// a Ret of -1: a caller looks at Done first.
func (o *Op) Result() Result {
	if !o.Done() {
		return fail(EINPROGRESS)
	}
	return o.result
}

// Wait waits in real time until the call has returned, and tries it and all
// others again meanwhile when there is reason to. When ctx ends first, the call
// is interrupted: its result is EINTR.
func (o *Op) Wait(ctx context.Context) Result {
	for !o.Done() {
		select {
		case <-o.over:
		case <-o.k.woken:
			o.k.Poll()
		case <-ctx.Done():
			o.Interrupt()
		}
	}
	return o.Result()
}

// Interrupt ends a call that blocks, as a signal would: its result is EINTR, or
// what was read or written of the text. It does nothing to a call that is done.
func (o *Op) Interrupt() {
	o.k.mu.Lock()
	defer o.k.mu.Unlock()
	if !o.Done() {
		o.interrupt()
	}
}

// interrupt ends a call that is not done.
//
// Precondition: k.mu is held.
func (o *Op) interrupt() {
	o.result = fail(EINTR)
	if o.partial > 0 {
		o.result = ok(o.partial)
	}
	o.finish()
}

// Poll tries every call again that may have become able to return, in the order
// in which they were made, and returns how many are left that have not.
func (k *Kernel) Poll() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, o := range slices.Clone(k.pending) {
		if !o.Done() && o.mayProceed() && o.try(o) {
			o.finish()
		}
	}
	return len(k.pending)
}

// Woken returns a channel that receives when Poll may have something to do.
// Several reasons may be one reception.
func (k *Kernel) Woken() <-chan struct{} { return k.woken }

// wake makes Woken receive. It is called from where waiters are notified and so
// takes no lock.
func (k *Kernel) wake() {
	select {
	case k.woken <- struct{}{}:
	default:
	}
}

// mayProceed reports whether there is reason to try again: something watched has
// notified, as a kernel would be woken by, or is late to, or the time is over.
func (o *Op) mayProceed() bool {
	if o.woken.Swap(false) || o.expired.Load() {
		return true
	}
	for _, w := range o.watched {
		if w.f.late(w.mask) {
			return true
		}
	}
	return false
}

// ready returns an Op that is done.
func (k *Kernel) ready(name string, r Result) *Op {
	now := k.clock.NowMonotonic()
	o := &Op{k: k, name: name, result: r, begun: now, ended: now, over: make(chan struct{})}
	close(o.over)
	return o
}

// forever is the time limit of a call that has none.
const forever = time.Duration(-1)

// limit returns the time limit that SO_RCVTIMEO or SO_SNDTIMEO stands for.
func limit(d time.Duration) time.Duration {
	switch {
	case d == 0:
		return forever
	case d < 0:
		return 0
	}
	return d
}

// begin makes a call: it is tried at once and, unless that was enough, left with
// those that wait, for as long as it may take. The time is over at once with 0.
//
// Precondition: k.mu is held.
func (k *Kernel) begin(o *Op, may time.Duration, watched ...watch) *Op {
	o.k, o.begun, o.over = k, k.clock.NowMonotonic(), make(chan struct{})
	o.expired.Store(may == 0)
	// What comes while it is tried is told, too.
	for _, w := range watched {
		if q := w.f.queue(); q != nil {
			e := waiter.NewFunctionEntry(w.mask, func(waiter.EventMask) {
				o.woken.Store(true)
				k.wake()
			})
			w.entry = &e
			q.EventRegister(w.entry)
		}
		if w.d != nil {
			w.d.refs++
		}
		o.watched = append(o.watched, w)
	}
	if o.try(o) {
		o.finish()
		return o
	}
	if may > 0 {
		o.timer = k.clock.AfterFunc(may, func() {
			o.expired.Store(true)
			k.wake()
		})
	}
	k.pending = append(k.pending, o)
	return o
}

// finish ends the call with the result that is in it.
//
// Precondition: k.mu is held.
func (o *Op) finish() {
	watched := o.watched
	o.watched = nil
	for _, w := range watched {
		if w.entry != nil {
			w.f.queue().EventUnregister(w.entry)
		}
		if w.d != nil {
			w.d.unref()
		}
	}
	if o.timer != nil {
		o.timer.Stop()
	}
	if i := slices.Index(o.k.pending, o); i >= 0 {
		o.k.pending = slices.Delete(o.k.pending, i, i+1)
	}
	o.ended = o.k.clock.NowMonotonic()
	close(o.over)
}

func ok(v int) Result { return Result{Ret: int64(v)} }

func fail(e Errno) Result { return Result{Ret: -1, Errno: e} }

func lacking(e Errno, what string) Result {
	return Result{Ret: -1, Errno: e, Unsupported: what}
}
