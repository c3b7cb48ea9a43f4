// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix

import (
	"bytes"
	"math"

	"gvisor.dev/gvisor/pkg/waiter"
)

// SendFile writes up to count bytes of a file that AddFile made to a socket or a
// pipe, as a copy. It reads from *offset, which it moves, and where offset is nil
// from where the file stands.
func (k *Kernel) SendFile(out, in int, offset *int64, count int) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	const call = "sendfile"
	src, e := k.open(in, O_RDONLY)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	dst, e := k.open(out, O_WRONLY)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	f, is := src.file.(*disk)
	switch {
	case !is:
		return k.ready(call, lacking(EINVAL, "sendfile from what is no file"))
	case count < 0, offset != nil && *offset < 0:
		return k.ready(call, fail(EINVAL))
	}
	from := f.at
	if offset != nil {
		from = int(min(*offset, math.MaxInt32))
	}
	rest := f.content[min(from, len(f.content)):]
	iov := []Memory{{B: rest[:min(count, len(rest))]}}
	o, e := k.copyOp(call, dst, iov)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	try := o.try
	o.try = func(o *Op) bool {
		done := size(iov) == 0 || try(o)
		if !done {
			return false
		}
		if n := int(o.result.Ret); n > 0 {
			if offset != nil {
				*offset = int64(from + n)
			} else {
				f.at = from + n
			}
		}
		return true
	}
	may := forever
	if s, is := dst.file.(*socket); is {
		may = limit(s.sndTimeout)
	}
	return k.begin(o, may, watch{d: dst, f: dst.file, mask: waiter.WritableEvents})
}

// copyOp returns the call that writes to a socket or a pipe.
func (k *Kernel) copyOp(call string, dst *description, iov []Memory) (*Op, Errno) {
	if s, is := dst.file.(*socket); is {
		return k.sendOp(call, s, dst, iov, 0), 0
	}
	if to, is := dst.file.(sink); is {
		return putOp(call, to, dst, iov), 0
	}
	return nil, EINVAL
}

// Splice moves up to n bytes from one file to the other, of which one has to be a
// pipe, as copies. An offset is for a file that AddFile made.
func (k *Kernel) Splice(in int, offIn *int64, out int, offOut *int64, n, flags int) *Op {
	k.mu.Lock()
	defer k.mu.Unlock()
	const call = "splice"
	if flags&^(SPLICE_F_MOVE|SPLICE_F_NONBLOCK|SPLICE_F_MORE|SPLICE_F_GIFT) != 0 {
		return k.ready(call, fail(EINVAL))
	}
	if n == 0 {
		return k.ready(call, ok(0))
	}
	src, e := k.open(in, O_RDONLY)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	dst, e := k.open(out, O_WRONLY)
	if e != 0 {
		return k.ready(call, fail(e))
	}
	from, fromPipe := src.file.(pipeOut)
	to, toPipe := dst.file.(pipeIn)
	switch {
	case !fromPipe && !toPipe, n < 0, fromPipe && toPipe && from.pipe == to.pipe:
		return k.ready(call, fail(EINVAL))
	case offIn != nil && fromPipe, offOut != nil && toPipe:
		return k.ready(call, fail(ESPIPE))
	case offOut != nil:
		return k.ready(call, fail(EINVAL))
	}
	c := splicing{n: n, flags: flags, offIn: offIn, src: src, dst: dst, from: from, to: to}
	wait := []watch{{d: src, f: src.file, mask: waiter.ReadableEvents}, {d: dst, f: dst.file, mask: waiter.WritableEvents}}
	if toPipe {
		return k.begin(&Op{name: call, try: c.fill}, forever, wait...)
	}
	return k.begin(&Op{name: call, try: c.drain}, forever, wait...)
}

// splicing is a splice under way.
type splicing struct {
	n, flags int
	offIn    *int64
	src, dst *description
	from     pipeOut // what is read, where that is a pipe
	to       pipeIn  // what is written, where that is a pipe
}

// again reports whether a call that found nothing, or no room, returns with that:
// it is for one of its files not to block.
func (c *splicing) again(d *description) bool {
	return d.flags&O_NONBLOCK != 0 || c.flags&SPLICE_F_NONBLOCK != 0
}

// fill moves what there is into a pipe.
func (c *splicing) fill(o *Op) bool {
	room := c.to.room()
	switch {
	case !c.to.readers:
		o.result = fail(EPIPE)
		return true
	case room == 0:
		o.result = fail(EAGAIN)
		return c.again(c.dst)
	}
	var got bytes.Buffer
	want := min(c.n, room)
	var e Errno
	switch f := c.src.file.(type) {
	case *socket:
		_, _, e = f.receive(&got, want, 0)
	case *disk:
		view := *f
		if c.offIn != nil {
			view.at = int(min(max(*c.offIn, 0), math.MaxInt32))
		}
		_, e = view.take(&got, want)
		if c.offIn != nil {
			*c.offIn = int64(view.at)
		} else {
			f.at = view.at
		}
	case source:
		_, e = f.take(&got, want)
	default:
		e = EINVAL
	}
	if e != 0 {
		o.result = fail(e)
		return e != EAGAIN || c.again(c.src)
	}
	if got.Len() > 0 {
		c.to.fill(got.Bytes())
	}
	o.result = ok(got.Len())
	return true
}

// drain moves what is in a pipe to a socket.
func (c *splicing) drain(o *Op) bool {
	s, is := c.dst.file.(*socket)
	if !is {
		o.result = fail(EINVAL)
		return true
	}
	have := min(c.n, len(c.from.buf))
	if have == 0 {
		o.result = ok(0)
		if !c.from.writers {
			return true
		}
		o.result = fail(EAGAIN)
		return c.again(c.src)
	}
	s.hold(c.flags&SPLICE_F_MORE != 0)
	n, e := s.transmit([]Memory{{B: c.from.buf[:have]}}, 0, 0)
	if c.flags&SPLICE_F_MORE == 0 {
		s.letGo()
	}
	if e != 0 {
		o.result = fail(e)
		return e != EAGAIN || c.again(c.dst)
	}
	c.from.buf = c.from.buf[n:]
	c.from.wq.Notify(waiter.WritableEvents)
	o.result = ok(n)
	return true
}
