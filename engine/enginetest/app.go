// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"time"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine"
)

// app is the application of a host. It never looks at the engine unasked: what
// it waits for must be told by an event, or it waits for ever and the
// simulation fails.
type app struct {
	out, in stream // what it writes, and what it expects to read

	writeAsleep, readAsleep bool
	ended                   bool // its End was done
	closed                  bool // it owns the connection no more
	gaveUp                  bool // by Close
	shut                    bool // it closed for reading: anything may be missing
	sawEOF, sawClosed       bool
	endedAt                 time.Duration
}

func (a *app) init(h *host) {
	a.out.skew, a.in.skew = h.id*31337, (1-h.id)*31337
}

// notify wakes whatever waits for an event.
func (h *host) notify(e engine.Events) {
	if e.Has(engine.EventClosed) {
		if h.conn.State() != engine.StateClosed {
			h.sim.failf("host %d was told of its end in %v", h.id, h.conn.State())
		}
		h.sawClosed = true
	}
	if e.Has(engine.EventReadable | engine.EventPeerClosed) {
		h.read()
	}
	if e.Has(engine.EventWritable | engine.EventEstablished) {
		h.write()
	}
}

// act does what was planned for a set time.
func (h *host) act(v Verb, arg int) {
	if !h.opened {
		return
	}
	if v == DoRestore {
		h.restore()
		return
	}
	if h.closed {
		return
	}
	now := h.now()
	h.sim.logf(h, "%v %d", v, arg)
	switch v {
	case DoCloseWrite:
		h.ended = true
		h.conn.CloseWrite(now)
		h.maybeClose()
	case DoCloseRead:
		h.shut = true
		h.conn.CloseRead(now)
		h.read()
	case DoClose:
		h.closeAll()
	case DoAbort:
		h.ended, h.closed = true, true
		h.conn.Abort(now)
	default:
		h.change(v, arg)
	}
	h.input()
}

// change has other settings in force.
func (h *host) change(v Verb, arg int) {
	set, now := *h.set, h.now()
	switch on := arg != 0; v {
	case DoNoDelay:
		set.NoDelay = on
	case DoCork:
		set.Cork = on
	case DoQuickAck:
		set.QuickAck = on
	case DoKeepAlive:
		set.KeepAlive, set.KeepAliveIdle = on, time.Duration(arg)*time.Millisecond
	case DoUserTimeout:
		set.UserTimeout = time.Duration(arg) * time.Millisecond
	case DoWindowClamp:
		set.WindowClamp = arg
	case DoRcvBuf:
		set.RcvBuf = arg
	case DoSndBuf:
		set.SndBuf = arg
	}
	h.most[0], h.most[1] = max(h.most[0], set.RcvBuf), max(h.most[1], set.SndBuf)
	h.set = &set
	h.conn.Apply(now, h.set)
	h.conn.Resize(now, set.RcvBuf, set.SndBuf)
	h.write() // there may be room
}

// restore goes on with a checkpoint of the connection, by another clock.
func (h *host) restore() {
	k := h.conn.Checkpoint(h.now())
	h.conn.Release()
	h.epoch = engine.Instant(h.sim.rng.Int64N(int64(1000*time.Hour))) - h.sim.now
	h.sim.logf(h, "restore")
	if err := h.conn.Restore(h.now(), k, h.set); err != nil {
		h.sim.failf("host %d: %v", h.id, err)
	}
	h.input()
}

func (h *host) closeAll() {
	h.ended, h.closed, h.gaveUp = true, true, true
	h.sim.logf(h, "close")
	h.conn.Close(h.now())
	h.input()
}

// size draws how much one call asks for.
func (h *host) size(bounds [2]int) int {
	if bounds[1] == 0 {
		bounds = [2]int{1, 8192}
	}
	return min(bounds[0]+h.sim.rng.IntN(bounds[1]-bounds[0]+1), streamPeriod)
}

// sleep has f called after a pause of up to d, and reports whether there is one.
func (h *host) sleep(d time.Duration, f func(*host)) bool {
	if d <= 0 {
		return false
	}
	h.sim.after(time.Duration(h.sim.rng.Int64N(int64(d)))+1, h, f)
	return true
}

// write writes until the engine takes no more, or until it sleeps.
func (h *host) write() {
	for !h.writeAsleep && !h.ended {
		if h.out.n == h.Write {
			h.end()
			return
		}
		n := min(h.size(h.WriteSize), h.Write-h.out.n)
		space := h.conn.WriteSpace()
		b := h.out.next(n, h.sim.rng.IntN(4*n))
		h.conn.Hold(h.out.n+n < h.Write)
		took := h.conn.Write(h.now(), &b)
		if took < 0 || took > min(n, space) || int(b.Size()) != n-took {
			h.sim.failf("host %d: Write of %d into %d of space took %d and left %d", h.id, n, space, took, b.Size())
		}
		b.Release()
		h.input()
		h.out.wrote(took)
		if took < n {
			h.stuck(took, space)
			return
		}
		if h.sleep(h.WritePause, func(h *host) { h.writeAsleep = false; h.write() }) {
			h.writeAsleep = true
		}
	}
}

// stuck checks that a write which took less than it was given had a reason.
func (h *host) stuck(took, space int) {
	switch h.conn.State() {
	case engine.StateClosed:
		h.ended = true
		h.maybeClose()
	default:
		if took < space {
			h.sim.failf("host %d: Write took %d with room for %d in %v", h.id, took, space, h.conn.State())
		}
	}
}

// end does what the application does when all is written.
func (h *host) end() {
	if (h.End == EndClose || h.End == EndAbort) && !h.conn.State().Synchronized() {
		return // that would end the handshake; EventEstablished comes here again
	}
	h.sim.logf(h, "end %d", h.End)
	switch h.End {
	case EndShutdown:
		h.ended = true
		h.conn.CloseWrite(h.now())
		h.input()
		h.maybeClose()
	case EndHold:
		if h.sawEOF {
			h.ended = true
			h.maybeClose()
		}
	case EndClose:
		h.closeAll()
	case EndAbort:
		h.ended, h.closed = true, true
		h.conn.Abort(h.now())
		h.input()
	}
}

// maybeClose gives the connection up once both directions are done.
func (h *host) maybeClose() {
	if h.ended && h.sawEOF && !h.closed {
		h.closeAll()
	}
}

// read reads until nothing is there, or until it sleeps.
func (h *host) read() {
	for !h.readAsleep && !h.closed && !h.sawEOF {
		readable := h.conn.Readable()
		if readable == 0 {
			if h.conn.EOF() {
				h.endOfStream()
			}
			return
		}
		h.readOnce(readable)
		if h.sleep(h.ReadPause, func(h *host) { h.readAsleep = false; h.read() }) {
			h.readAsleep = true
		}
	}
}

// readOnce reads once, and now and then looks before, or gives a part back.
func (h *host) readOnce(readable int) {
	limit := h.size(h.ReadSize)
	var b buffer.Buffer
	defer b.Release()
	if h.sim.rng.IntN(8) == 0 {
		if n := h.conn.Peek(&b, limit); n != min(limit, readable) || n != int(b.Size()) || h.in.check(h.in.n, &b) >= 0 {
			h.sim.failf("host %d: Peek of %d gave %d of %d bytes", h.id, limit, n, readable)
		}
		b.Release()
	}
	h.reads++
	n := h.conn.Read(&b, limit)
	if n != min(limit, readable) || n != int(b.Size()) || h.conn.Readable() != readable-n {
		h.sim.failf("host %d: Read of %d gave %d (%d) of %d bytes and left %d", h.id, limit, n, b.Size(), readable, h.conn.Readable())
	}
	// On a clean path nothing is given back: an acknowledgment that announced
	// room which is taken again may pass for a duplicate.
	if n > 1 && h.sim.rng.IntN(8) == 0 && !h.sim.config.Clean() {
		keep := h.sim.rng.IntN(n)
		back := b.Clone()
		back.TrimFront(int64(keep))
		b.Truncate(int64(keep))
		h.conn.Unread(&back)
		back.Release()
		if h.conn.Readable() != readable-keep {
			h.sim.failf("host %d: %d bytes given back, readable is %d", h.id, n-keep, h.conn.Readable())
		}
	}
	h.input()
	if bad := h.in.took(&b); bad >= 0 {
		h.sim.failf("host %d: byte %d of the stream is wrong", h.id, bad)
	}
	if peer := h.sim.hosts[1-h.id]; h.in.n > peer.out.n {
		h.sim.failf("host %d read %d bytes of %d", h.id, h.in.n, peer.out.n)
	}
}

// endOfStream is reached where a read returns nothing for good.
func (h *host) endOfStream() {
	h.sim.logf(h, "end of stream")
	h.sawEOF, h.endedAt = true, h.sim.now.Sub(h.sim.start)
	if h.End == EndHold && h.out.n == h.Write {
		h.ended = true
	}
	h.maybeClose()
}
