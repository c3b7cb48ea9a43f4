// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"io"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/waiter"
)

// firstChunk is how many bytes are offered at first to a writer that does not
// tell how many it takes; each chunk after it is twice as long, up to
// lastChunk. What the writer leaves is given back.
const (
	firstChunk = 64 << 10
	lastChunk  = 1 << 20
)

// Read implements tcpip.Endpoint: it writes what came to dst, as much as dst
// takes, and removes it unless opts.Peek is set. dst is written to with no lock
// held but that of the readers. Errors are ErrWouldBlock, ErrClosedForReceive
// at the end of the stream, ErrNotConnected, ErrBadBuffer where dst failed at
// once, and why the connection ended.
func (e *Endpoint) Read(dst io.Writer, opts tcpip.ReadOptions) (tcpip.ReadResult, tcpip.Error) {
	e.readMu.Lock()
	defer e.readMu.Unlock()
	if e.waitsForText() {
		return tcpip.ReadResult{}, &tcpip.ErrWouldBlock{}
	}
	done := 0
	for chunk := firstChunk; ; chunk = min(2*chunk, lastChunk) {
		limit := min(chunk, room(dst))
		n, more, err := e.readChunk(dst, limit, opts.Peek)
		done += n
		if err != nil && done == 0 {
			return tcpip.ReadResult{}, err
		}
		if err != nil || !more {
			break
		}
	}
	return tcpip.ReadResult{Count: done, Total: done}, nil
}

// waitsForText reports whether there is nothing to read yet, as was published last:
// a reader that reads until there is nothing learns so without the lock. What comes
// at this moment is announced after it was published.
func (e *Endpoint) waitsForText() bool {
	return e.EndpointState().connected() && e.ready.Load()&readyRead == 0
}

// room returns how many bytes dst still takes, as far as it tells; at least 1.
func room(dst io.Writer) int {
	n := int64(lastChunk)
	switch w := dst.(type) {
	case *tcpip.SliceWriter:
		n = int64(len(*w))
	case *tcpip.LimitedWriter:
		n = min(n, w.N)
	}
	return int(max(1, n))
}

// readChunk writes up to limit bytes to dst and returns how many it took, and
// whether there is more to read and dst takes it.
//
// Precondition: e.readMu is held.
func (e *Endpoint) readChunk(dst io.Writer, limit int, peek bool) (int, bool, tcpip.Error) {
	var buf buffer.Buffer
	changed := e.lockToLook()
	if err := e.readable(); err != nil {
		e.looked(true)
		return 0, false, err
	}
	if peek {
		e.conn.Peek(&buf, limit)
	} else {
		e.conn.Read(&buf, limit)
		// As long as there is more to read, and nothing to tell the peer, all is as it
		// was published.
		changed = changed || e.conn.Readable() == 0 || e.conn.OwesAck()
	}
	more := !peek && e.conn.Readable() > 0
	if e.conn.Readable() == 0 && !e.conn.EOF() {
		e.wake &^= waiter.ReadableEvents // for what was read before it was announced
	}
	// What the writer leaves may have been offered to the peer as window when
	// it comes back: the buffer then holds up to a chunk more than its size.
	e.looked(changed)

	n, err := writeOut(dst, &buf)
	if buf.Size() > 0 && !peek {
		now := e.lock()
		if e.closed { // nobody reads any more
			buf.Release()
		} else {
			e.conn.Unread(&buf)
		}
		e.publishLent()
		e.unlock(now)
	}
	buf.Release()
	if err != nil && n == 0 {
		return 0, false, &tcpip.ErrBadBuffer{}
	}
	return n, more && err == nil, nil
}

// publishLent brings readiness up to date after text was given back, which an
// endpoint whose connection has ended does not do by itself.
func (e *Endpoint) publishLent() {
	if e.opened {
		e.publish()
	}
}

// writeOut moves the text of src to dst, as much as dst takes, and returns how
// much that was.
func writeOut(dst io.Writer, src *buffer.Buffer) (int, error) {
	done := 0
	for src.Size() > 0 {
		v := src.AsViewList()
		b := v.Front().AsSlice()
		n, err := dst.Write(b)
		n = min(max(n, 0), len(b))
		done += n
		src.TrimFront(int64(n))
		if err == nil && n < len(b) {
			err = io.ErrShortWrite
		}
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// readable returns nil where there is text to read, and why there is not
// otherwise.
func (e *Endpoint) readable() tcpip.Error {
	if e.opened && !e.closed && e.conn.Readable() > 0 {
		return nil
	}
	switch s := e.EndpointState(); {
	case s == StateSynSent:
		// RFC 9293, section 3.10.3: a RECEIVE waits for the handshake.
		return &tcpip.ErrWouldBlock{}
	case s == StateError:
		if err := e.takeHardError(); err != nil {
			return err
		}
		return e.closedForReceive()
	case s == StateClose:
		return e.closedForReceive()
	case !s.connected():
		e.stat().ReadErrors.NotConnected.Increment()
		return &tcpip.ErrNotConnected{}
	case e.conn.EOF():
		return e.closedForReceive()
	}
	return &tcpip.ErrWouldBlock{}
}

func (e *Endpoint) closedForReceive() tcpip.Error {
	e.countEOF()
	return &tcpip.ErrClosedForReceive{}
}
