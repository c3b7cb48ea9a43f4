// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"io"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/engine"
)

// Write implements tcpip.Endpoint: it takes as much of the payload as the send
// buffer has room for, and returns how much that was. The payload is read with
// no lock held but that of the writers. Errors are ErrWouldBlock when there is
// no room or the handshake is not done, ErrClosedForSend, ErrBadBuffer where
// the payload cannot be read, and why the connection ended.
//
// opts.Atomic promises that all that was read from the payload is sent, unless
// the connection ends meanwhile. TCP knows neither another address nor the
// bounds of records: opts.To and opts.EndOfRecord mean nothing, nor, as in
// netstack, does opts.More, unless engine.Choices says so.
func (e *Endpoint) Write(p tcpip.Payloader, opts tcpip.WriteOptions) (int64, tcpip.Error) {
	e.writeMu.Lock()
	defer e.writeMu.Unlock()

	wanted := p.Len()
	room, err := e.roomFor(wanted)
	if err != nil {
		return 0, err
	}
	// Other writers wait for writeMu, and acknowledgments only make more room.
	var buf buffer.Buffer
	defer buf.Release()
	if !readIn(&buf, p, min(wanted, room)) {
		return 0, &tcpip.ErrBadBuffer{}
	}
	if buf.Size() == 0 {
		return 0, nil
	}

	now := e.lock()
	defer e.unlock(now)
	if _, err := e.writable(); err != nil {
		if _, full := err.(*tcpip.ErrWouldBlock); !full || !opts.Atomic {
			return 0, err
		}
	}
	e.conn.Hold(opts.More)
	n := e.conn.Write(now, &buf)
	if opts.Atomic && buf.Size() > 0 {
		n += e.writeRest(now, &buf)
	}
	if n < wanted {
		// What the caller learns is that there is no more room, though there may be
		// some since it was asked for.
		e.conn.AwaitRoom()
	}
	return int64(n), nil
}

// roomFor returns how many bytes there is room for, or why none may be written,
// after it has made what room tuning allows for n.
func (e *Endpoint) roomFor(n int) (int, tcpip.Error) {
	e.mu.Lock()
	room, err := e.writable()
	_, full := err.(*tcpip.ErrWouldBlock)
	wanted := e.wantsRoom
	if e.wantsRoom = n > room && (err == nil || full); !e.wantsRoom || !wanted {
		e.leave()
		return room, err
	}
	// It wanted room before, and may do so without ever waiting for it.
	now := e.shared.Clock.Now()
	defer e.unlock(now)
	e.tuneSendBuffer(now)
	return e.writable()
}

// writeRest writes what SO_SNDBUF, lowered while the payload was read, leaves
// no room for: the promise of an atomic write goes before.
func (e *Endpoint) writeRest(now engine.Instant, buf *buffer.Buffer) int {
	rcv, snd := e.bufferSizes()
	e.conn.Resize(now, rcv, snd+int(buf.Size())-e.conn.WriteSpace()+e.conn.Unacked())
	n := e.conn.Write(now, buf)
	e.conn.Resize(now, rcv, snd)
	return n
}

// writable returns how many bytes there is room for, or why none may be
// written.
func (e *Endpoint) writable() (int, tcpip.Error) {
	switch s := e.EndpointState(); {
	case s == StateError:
		e.stat().WriteErrors.WriteClosed.Increment()
		if err := e.takeHardError(); err != nil {
			return 0, err
		}
		return 0, &tcpip.ErrClosedForSend{}
	case s.connecting():
		// RFC 9293, section 3.10.2 lets a SEND wait for the handshake: here it
		// is the caller that waits.
		return 0, &tcpip.ErrWouldBlock{}
	case !s.connected() || e.sndClosed():
		e.stat().WriteErrors.WriteClosed.Increment()
		return 0, &tcpip.ErrClosedForSend{}
	}
	room := e.conn.WriteSpace()
	if room <= 0 {
		e.conn.AwaitRoom()
		return 0, &tcpip.ErrWouldBlock{}
	}
	return room, nil
}

// Preflight implements tcpip.EndpointWithPreflight: it tells whether a Write
// would fail whatever it brings. No room, which passes, is no failure.
func (e *Endpoint) Preflight(tcpip.WriteOptions) tcpip.Error {
	e.mu.Lock()
	defer e.leave()
	switch s := e.EndpointState(); {
	case s.connecting():
		return nil
	case s == StateError && e.hardErr != nil:
		return e.takeHardError()
	case !s.connected() || e.sndClosed():
		return &tcpip.ErrClosedForSend{}
	}
	return nil
}

// readIn appends n bytes of p, or what it has of them, to dst, and reports
// whether p could be read. Views are as long as their text: a longer one would
// be cleared in vain, and one of more than a pooled chunk would be garbage.
func readIn(dst *buffer.Buffer, p io.Reader, n int) bool {
	for n > 0 {
		v := buffer.NewViewSize(min(n, buffer.MaxChunkSize))
		got, err := io.ReadFull(p, v.AsSlice())
		v.CapLength(got)
		n -= got
		b := buffer.MakeWithView(v)
		dst.Merge(&b)
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			return true
		default:
			return false
		}
	}
	return true
}
