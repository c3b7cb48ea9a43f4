// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"io"

	"gvisor.dev/gvisor/pkg/waiter"
)

// pipeSize is how many bytes a pipe holds, as in Linux by default.
const pipeSize = 64 << 10

// source is a file other than a socket that may be read.
type source interface {
	// take moves up to limit bytes to w. EAGAIN stands for nothing yet, and 0
	// bytes for the end.
	take(w io.Writer, limit int) (int, Errno)
}

// sink is a file other than a socket that may be written.
type sink interface {
	// put moves what there is room for from r, at least a byte unless r is
	// empty. EAGAIN stands for no room.
	put(r *gather) (int, Errno)
}

// pipe is what both of its ends share.
type pipe struct {
	buf              []byte
	wq               waiter.Queue
	readers, writers bool // whether that end is open
}

// pipeIn and pipeOut are a pipe's ends: that to write to and that to read from.
type (
	pipeIn  struct{ *pipe }
	pipeOut struct{ *pipe }
)

func (p *pipe) queue() *waiter.Queue { return &p.wq }

func (p *pipe) late(waiter.EventMask) bool { return false }

func (p *pipe) room() int { return pipeSize - len(p.buf) }

func (p pipeOut) readiness(mask waiter.EventMask) waiter.EventMask {
	var got waiter.EventMask
	if len(p.buf) > 0 {
		got |= mask & waiter.ReadableEvents
	}
	if !p.writers {
		got |= waiter.EventHUp
	}
	return got
}

func (p pipeIn) readiness(mask waiter.EventMask) waiter.EventMask {
	var got waiter.EventMask
	if p.room() > 0 {
		got |= mask & waiter.WritableEvents
	}
	if !p.readers {
		got |= waiter.EventErr
	}
	return got
}

func (p pipeOut) release() {
	p.readers = false
	p.wq.Notify(waiter.WritableEvents | waiter.EventErr)
}

func (p pipeIn) release() {
	p.writers = false
	p.wq.Notify(waiter.ReadableEvents | waiter.EventHUp)
}

// take implements source.
func (p pipeOut) take(w io.Writer, limit int) (int, Errno) {
	if len(p.buf) == 0 {
		if p.writers {
			return 0, EAGAIN
		}
		return 0, 0
	}
	n, err := w.Write(p.buf[:min(limit, len(p.buf))])
	p.buf = p.buf[n:]
	if n > 0 {
		p.wq.Notify(waiter.WritableEvents)
	} else if err == errFault {
		return 0, EFAULT
	}
	return n, 0
}

// put implements sink.
func (p pipeIn) put(r *gather) (int, Errno) {
	switch {
	case !p.readers:
		return 0, EPIPE
	case r.Len() == 0:
		return 0, 0
	case p.room() == 0:
		return 0, EAGAIN
	}
	b := make([]byte, min(p.room(), r.Len()))
	n, err := io.ReadFull(r, b)
	if n == 0 && err == errFault {
		return 0, EFAULT
	}
	p.fill(b[:n])
	return n, 0
}

// fill appends what there is room for.
func (p *pipe) fill(b []byte) {
	p.buf = append(p.buf, b...)
	p.wq.Notify(waiter.ReadableEvents)
}

// disk is a file that AddFile made.
type disk struct {
	content []byte
	at      int
}

func (*disk) readiness(mask waiter.EventMask) waiter.EventMask {
	return mask & (waiter.ReadableEvents | waiter.WritableEvents)
}

func (*disk) queue() *waiter.Queue { return nil }

func (*disk) late(waiter.EventMask) bool { return false }

func (*disk) release() {}

// take implements source.
func (f *disk) take(w io.Writer, limit int) (int, Errno) {
	rest := f.content[min(f.at, len(f.content)):]
	n, err := w.Write(rest[:min(limit, len(rest))])
	f.at += n
	if n == 0 && err == errFault {
		return 0, EFAULT
	}
	return n, 0
}

// Pipe makes a pipe, whose ends are in Result.FDs.
func (k *Kernel) Pipe() *Op { return k.pipe("pipe", 0) }

// Pipe2 is Pipe with O_NONBLOCK and O_CLOEXEC for its ends.
func (k *Kernel) Pipe2(flags int) *Op { return k.pipe("pipe2", flags) }

func (k *Kernel) pipe(call string, flags int) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	if flags&^(O_NONBLOCK|O_CLOEXEC) != 0 {
		return k.ready(call, fail(EINVAL))
	}
	p := &pipe{readers: true, writers: true}
	exec, status := flags&O_CLOEXEC != 0, flags&O_NONBLOCK
	out, e := k.install(&description{file: pipeOut{p}, flags: O_RDONLY | status}, exec, 0)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	in, e := k.install(&description{file: pipeIn{p}, flags: O_WRONLY | status}, exec, 0)
	if e != 0 {
		k.drop(out)
		return k.ready(call, fail(e))
	}
	r := ok(0)
	r.FDs = [2]int{out, in}
	return k.ready(call, r)
}

// Open opens what AddFile made, to read. There is nothing to write to.
func (k *Kernel) Open(name string, flags int) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	const call = "open"
	content, there := k.disk[name]
	switch {
	case flags&(O_CREAT|O_TRUNC) != 0 || flags&accessMode != O_RDONLY:
		return k.ready(call, lacking(EACCES, "open to write"))
	case !there:
		return k.ready(call, fail(ENOENT))
	}
	fd, e := k.install(&description{file: &disk{content: content}, flags: flags & (accessMode | settable)}, flags&O_CLOEXEC != 0, 0)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	return k.ready(call, ok(fd))
}
