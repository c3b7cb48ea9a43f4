// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"encoding/binary"

	"tcpcb/engine"
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// host is the state of one end: its engine, what stands for the stack around
// it, and, in app.go, its application.
type host struct {
	*Host
	id     int
	sim    *sim
	conn   engine.Conn
	epoch  engine.Instant // how far the host's clock is ahead of the simulation's
	opened bool
	inputs int
	seg    engine.Segment // reused, as an owner would
	// set are the settings in force, and most the largest buffers there were.
	set          *engine.Settings
	most         [2]int
	reads, wakes int // calls that may make the engine say something
	cookie       cookie
	app
	rules packetRules
	turn  turn
}

// cookie is what a listener without state can tell from a SYN cookie: that the
// sequence numbers are those that it was made for.
type cookie struct {
	made bool
	irs  seq.Num
	mss  uint16
}

func newHost(s *sim, id int) *host {
	h := &host{Host: &s.config.Hosts[id], id: id, sim: s}
	if h.Settings.RcvBuf == 0 {
		h.Settings = engine.DefaultSettings()
	}
	h.set, h.most = &h.Settings, [2]int{h.Settings.RcvBuf, h.Settings.SndBuf}
	h.app.init(h)
	h.rules.init(h)
	return h
}

// deadline returns when the engine wants to be woken.
func (h *host) deadline() engine.Instant {
	at := h.conn.Deadline()
	if at == engine.Never {
		return at
	}
	return at - h.epoch
}

// now returns the instant, on the host's own clock.
func (h *host) now() engine.Instant { return h.sim.now + h.epoch }

func (h *host) openActive() {
	h.sim.logf(h, "open")
	h.conn.OpenActive(h.now(), h.Params, h.set)
	h.started()
}

// started lets the application begin.
func (h *host) started() {
	h.opened = true
	h.input()
	h.write()
}

// input notes that the engine was called.
func (h *host) input() {
	if h.inputs++; h.inputs%h.sim.config.CheckEvery == 0 {
		h.conn.CheckInvariants()
	}
	// Bounded memory. One write may find more room than there is now, and text in
	// order may have been let in beyond the window.
	if n := h.conn.Readable(); n > h.most[0]+h.beyond() {
		h.sim.failf("host %d: %d bytes are readable, the buffer has %d", h.id, n, h.most[0])
	}
	if n := h.conn.Unacked(); n > h.most[1] {
		h.sim.failf("host %d holds %d bytes to send, the buffer has %d", h.id, n, h.most[1])
	}
}

// beyond is how much text is taken beyond the window.
func (h *host) beyond() int {
	if h.Settings.RcvBeyond {
		return h.most[0]
	}
	return 0
}

// wake hands the engine the time, which may be too early for it.
func (h *host) wake() {
	h.wakes++
	early, before := h.conn.Deadline() > h.now(), h.conn.Deadline()
	h.conn.HandleDeadline(h.now())
	h.conn.Rest(h.now())
	h.input()
	if early && h.conn.Deadline() != before {
		h.sim.failf("host %d: a wake that came too early moved the deadline", h.id)
	}
}

// receive takes a packet from the link.
func (h *host) receive(p *packet) {
	if p.tooBig > 0 {
		h.sim.logf(h, "too big: mss %d at %d", p.tooBig, p.at.Sub(seq.New(h.Params.ISS)))
		h.conn.HandlePathMTU(h.now(), uint16(min(p.tooBig, 65535)), p.at)
		h.input()
		return
	}
	in := &h.seg
	if p.cut > 0 {
		in.Header.Parse(p.header[:min(p.cut, p.n)]) // whatever is left must do no harm
		p.payload.Release()
		return
	}
	n, err := in.Header.Parse(p.header[:p.n])
	if p.corrupt {
		p.payload.Release()
		return // whatever was parsed: the checksum tells
	}
	if err != nil || n != p.n {
		h.sim.failf("host %d cannot parse a header of %d bytes: %d, %v", h.id, p.n, n, err)
	}
	in.Payload, p.payload = p.payload, in.Payload
	in.ECN = p.ecn
	h.sim.logf(h, "< %s", h.formatIn(in))
	h.dispatch(in)
	in.Payload.Release()
	if h.opened {
		h.input()
	}
}

// dispatch does what a stack does with a segment: it goes to the connection, to
// the listener, or is answered with a reset.
func (h *host) dispatch(in *engine.Segment) {
	now := h.now()
	switch {
	case h.opened && h.conn.State() != engine.StateClosed:
		h.rules.received(in)
		h.conn.HandleSegment(now, in)
	case h.opened:
		h.reset(in)
	case h.sim.config.Cookie:
		h.listenCookie(in)
	default:
		switch engine.ClassifyListen(in) {
		case engine.ListenSyn:
			h.rules.received(in)
			h.conn.OpenPassive(now, h.Params, h.set, in)
			h.started()
		case engine.ListenReset:
			h.reset(in)
		}
	}
}

// listenCookie answers a SYN and forgets it, and opens a connection for the
// acknowledgment of its answer. All that it remembers is what the cookie, a
// keyed hash, would tell.
func (h *host) listenCookie(in *engine.Segment) {
	now, p := h.now(), h.Params
	iss := seq.New(p.ISS)
	switch engine.ClassifyListen(in) {
	case engine.ListenSyn:
		h.cookie = cookie{made: true, irs: in.Seq, mss: in.Options.MSS}
		h.rules.received(in)
		var out engine.Segment
		engine.CookieSynAck(now, p, h.set, in, &out)
		h.transmit(&out)
	case engine.ListenReset:
		if !h.cookie.made || in.Ack != iss.Add(1) || in.Seq != h.cookie.irs.Add(1) {
			h.reset(in)
			return
		}
		h.rules.received(in)
		h.rules.maxSent, h.rules.una, h.rules.begun = iss.Add(1), iss.Add(1), true
		h.conn.OpenCookie(now, p, h.set, h.cookie.mss, in)
		h.conn.HandleSegment(now, in)
		h.started()
	}
}

// reset answers a segment that no connection wants.
func (h *host) reset(in *engine.Segment) {
	var out engine.Segment
	if engine.ResetFor(in, &out) {
		h.transmit(&out)
	}
}

// drain takes the engine's outputs, and lets the application act on its events,
// until nothing comes any more.
func (h *host) drain() {
	for rounds := 0; ; rounds++ {
		if rounds > 10000 {
			h.sim.failf("host %d: the engine and its application never rest", h.id)
		}
		var out engine.Segment
		for n := 0; h.poll(&out); n++ {
			h.rules.sent(&out)
			h.transmit(&out)
			if n > 100000 {
				h.sim.failf("host %d sends without end", h.id)
			}
		}
		h.lineUp()
		h.input()
		if h.conn.Deadline() <= h.now() {
			h.wake()
			continue
		}
		e := h.conn.TakeEvents()
		if e == 0 {
			return
		}
		h.notify(e)
	}
}

// transmit puts a segment on the link, cut into packets as a link with
// segmentation offload does.
func (h *host) transmit(out *engine.Segment) {
	h.sim.logf(h, "> %s", h.formatOut(out))
	flags, text, end := out.Flags, &out.Payload, out.End()
	for {
		p := &packet{}
		out.Flags = flags
		if out.GSOSize > 0 && int(text.Size()) > out.GSOSize {
			out.Flags &^= wire.FIN | wire.PSH // only the last of a run has them
			p.payload = text.Clone()
			p.payload.Truncate(int64(out.GSOSize))
			text.TrimFront(int64(out.GSOSize))
		} else {
			p.payload, *text = *text, p.payload
		}
		p.n = out.Marshal(p.header[:])
		p.ecn = out.ECN
		h.note(p)
		n := int(p.payload.Size())
		if h.sim.send(h, p) {
			h.sim.logf(h, "refused from %v", out.Seq)
			n += int(text.Size())
			text.Release()
			refused := seq.Range{Start: out.Seq, End: end}
			h.conn.HandleNoRoom(h.now(), refused)
			h.rules.refused(refused, n)
			return
		}
		if out.Flags == flags && text.Size() == 0 {
			return
		}
		out.Seq = out.Seq.Add(n)
	}
}

// note adds a packet to the hash of the simulation.
func (h *host) note(p *packet) {
	var b [13]byte
	binary.BigEndian.PutUint64(b[:], uint64(h.sim.now))
	binary.BigEndian.PutUint32(b[8:], uint32(p.payload.Size()))
	b[12] = byte(h.id) | byte(p.ecn)<<1
	h.sim.hash.Write(b[:])
	h.sim.hash.Write(p.header[:p.n])
}

func (h *host) peerISS() seq.Num { return seq.New(h.sim.config.Hosts[1-h.id].Params.ISS) }

func (h *host) formatIn(in *engine.Segment) string {
	if !h.sim.tracing {
		return ""
	}
	return FormatPacket(in, h.peerISS(), seq.New(h.Params.ISS))
}

func (h *host) formatOut(out *engine.Segment) string {
	if !h.sim.tracing {
		return ""
	}
	return FormatPacket(out, seq.New(h.Params.ISS), h.peerISS())
}
