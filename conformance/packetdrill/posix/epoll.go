// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"slices"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/waiter"
)

// epoll is a file of epoll_create. Its items are in the order in which they are
// told: what was told goes to the end, so that none waits for ever.
type epoll struct {
	items []*epollItem
	wq    waiter.Queue
}

// epollItem is what EPOLL_CTL_ADD made.
type epollItem struct {
	ep    *epoll
	fd    int
	d     *description
	ev    EpollEvent
	entry *waiter.Entry
	// due says that the item is worth a look: it is new, or has been told of
	// something since the last look, or was ready then and waits for no edge. A
	// file that is ready without having said so is not looked at, as in Linux.
	due atomic.Bool
	// seen is what there was at the last look, of a file that may be late to say.
	seen  uint32
	spent bool // by EPOLLONESHOT
}

// epollMask are the bits of an item's events that are events.
const epollMask = uint32(waiter.AllEvents)

func (e *epoll) queue() *waiter.Queue { return &e.wq }

func (e *epoll) readiness(mask waiter.EventMask) waiter.EventMask {
	for _, it := range e.items {
		if it.look() != 0 {
			it.due.Store(true) // it was not told yet
			return mask & waiter.ReadableEvents
		}
	}
	return 0
}

func (e *epoll) late(waiter.EventMask) bool {
	return slices.ContainsFunc(e.items, (*epollItem).late)
}

func (e *epoll) release() {
	for len(e.items) > 0 {
		e.items[0].remove()
	}
}

// late reports whether there is something that the item has not been told of.
func (it *epollItem) late() bool {
	if it.spent || !it.d.late(waiter.EventMask(it.ev.Events)) {
		it.seen = 0
		return false
	}
	return it.seen == 0
}

// look returns what the item would be told with.
func (it *epollItem) look() uint32 {
	late := it.late()
	if it.spent || !it.due.Swap(false) && !late {
		return 0
	}
	got := it.d.events(it.ev.Events & epollMask)
	if late {
		it.seen = got
	}
	if it.ev.Events&EPOLLET == 0 && got != 0 {
		it.due.Store(true)
	}
	return got
}

// watch has the item told of what happens to its file.
func (it *epollItem) watch() {
	q := it.d.queue()
	if q == nil {
		return
	}
	mask := waiter.EventMask(it.ev.Events)&waiter.AllEvents | waiter.EventErr | waiter.EventHUp
	e := waiter.NewFunctionEntry(mask, func(waiter.EventMask) {
		it.due.Store(true)
		it.ep.wq.Notify(waiter.ReadableEvents)
	})
	it.entry = &e
	q.EventRegister(it.entry)
}

func (it *epollItem) unwatch() {
	if it.entry != nil {
		it.d.queue().EventUnregister(it.entry)
		it.entry = nil
	}
}

// remove takes the item out of its epoll.
func (it *epollItem) remove() {
	it.unwatch()
	it.ep.items = slices.DeleteFunc(it.ep.items, func(o *epollItem) bool { return o == it })
	it.d.polls = slices.DeleteFunc(it.d.polls, func(o *epollItem) bool { return o == it })
}

// EpollCreate makes a file to wait for others with. size says nothing, but has
// to be over 0.
func (k *Kernel) EpollCreate(size int) *Op {
	if size <= 0 {
		return k.ready("epoll_create", fail(EINVAL))
	}
	return k.epoll("epoll_create", 0)
}

// EpollCreate1 is EpollCreate with EPOLL_CLOEXEC.
func (k *Kernel) EpollCreate1(flags int) *Op {
	if flags&^EPOLL_CLOEXEC != 0 {
		return k.ready("epoll_create1", fail(EINVAL))
	}
	return k.epoll("epoll_create1", flags)
}

func (k *Kernel) epoll(call string, flags int) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	fd, e := k.install(&description{file: &epoll{}, flags: O_RDWR}, flags&EPOLL_CLOEXEC != 0, 0)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	return k.ready(call, ok(fd))
}

// EpollCtl adds, changes or removes what an epoll file waits for. ev may be nil
// for EPOLL_CTL_DEL.
func (k *Kernel) EpollCtl(epfd, op, fd int, ev *EpollEvent) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.ready("epoll_ctl", k.epollCtl(epfd, op, fd, ev))
}

func (k *Kernel) epollCtl(epfd, op, fd int, ev *EpollEvent) Result {
	de, d := k.fds[epfd], k.fds[fd]
	if op != EPOLL_CTL_DEL && ev == nil {
		return fail(EFAULT)
	}
	if de == nil || d == nil {
		return fail(EBADF)
	}
	ep, is := de.file.(*epoll)
	switch d.file.(type) {
	case *disk:
		return fail(EPERM) // there is nothing to wait for
	case *epoll:
		if is && d.description != de.description {
			return lacking(EINVAL, "epoll_ctl of an epoll file")
		}
		return fail(EINVAL)
	}
	if !is {
		return fail(EINVAL)
	}
	at := slices.IndexFunc(ep.items, func(it *epollItem) bool { return it.fd == fd && it.d == d.description })
	switch op {
	case EPOLL_CTL_ADD:
		if at >= 0 {
			return fail(EEXIST)
		}
		it := &epollItem{ep: ep, fd: fd, d: d.description, ev: *ev}
		ep.items, d.polls = append(ep.items, it), append(d.polls, it)
		it.watch()
		it.due.Store(true)
		ep.wq.Notify(waiter.ReadableEvents) // it may be ready already
	case EPOLL_CTL_MOD:
		switch {
		case at < 0:
			return fail(ENOENT)
		case ev.Events&EPOLLEXCLUSIVE != 0 || ep.items[at].ev.Events&EPOLLEXCLUSIVE != 0:
			return fail(EINVAL)
		}
		it := ep.items[at]
		it.unwatch()
		it.ev, it.seen, it.spent = *ev, 0, false
		it.watch()
		it.due.Store(true)
		ep.wq.Notify(waiter.ReadableEvents)
	case EPOLL_CTL_DEL:
		if at < 0 {
			return fail(ENOENT)
		}
		ep.items[at].remove()
	default:
		return fail(EINVAL)
	}
	return ok(0)
}

// EpollWait waits, for up to timeout milliseconds, until there is an event, and
// returns how many there are, at most maxEvents, in Result.Events. A timeout
// below 0 is none at all.
func (k *Kernel) EpollWait(epfd, maxEvents, timeout int) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	const call = "epoll_wait"
	d := k.fds[epfd]
	if maxEvents <= 0 {
		return k.ready(call, fail(EINVAL))
	}
	if d == nil {
		return k.ready(call, fail(EBADF))
	}
	ep, is := d.file.(*epoll)
	if !is {
		return k.ready(call, fail(EINVAL))
	}
	try := func(o *Op) bool {
		events := ep.collect(maxEvents)
		o.result = ok(len(events))
		o.result.Events = events
		return len(events) > 0 || o.expired.Load()
	}
	return k.begin(&Op{name: call, try: try}, timeoutOf(timeout), watch{d: d.description, f: ep, mask: waiter.ReadableEvents})
}

// collect takes up to limit events.
func (e *epoll) collect(limit int) []EpollEvent {
	var events []EpollEvent
	var told []*epollItem
	for _, it := range e.items {
		if len(events) == limit {
			break
		}
		got := it.look()
		if got == 0 {
			continue
		}
		it.spent = it.ev.Events&EPOLLONESHOT != 0
		events = append(events, EpollEvent{Events: got, Data: it.ev.Data})
		told = append(told, it)
	}
	for _, it := range told {
		i := slices.Index(e.items, it)
		e.items = append(slices.Delete(e.items, i, i+1), it)
	}
	return events
}
