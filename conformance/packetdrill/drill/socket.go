// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"net/netip"

	"tcpcb/conformance/packetdrill/script"
)

// phase is how far the socket under test is.
type phase uint8

const (
	phaseNew phase = iota
	phaseListening
	phaseSynIn      // its SYN came in
	phaseSynAckOut  // our SYN-ACK went out
	phaseAccepted   // that was acknowledged
	phaseConnecting // connect was called
	phaseSynOut     // our SYN was expected
	phaseConnected  // the SYN-ACK came in
)

// socket is what a script's packets are about: of all the sockets that a script
// makes, the last. Sequence numbers in a script are relative to the initial ones,
// but in SYNs; so are here those of packets that are compared.
type socket struct {
	phase phase
	// fd is the script's number for it, -1 before it is accepted.
	fd            int
	local, remote netip.AddrPort
	// scriptISN is the initial sequence number that the script writes for what
	// is sent, liveISN the one that was sent, and remoteISN that of the peer.
	scriptISN, liveISN, remoteISN uint32
	// stamps has the live TSval for each that the script writes; the first of
	// both is the base of the others.
	stamps                 map[uint32]uint32
	based                  bool
	scriptStamp, liveStamp uint32
	// scriptFlow and liveFlow are the flow label last seen.
	scriptFlow, liveFlow uint32
	// peerScales tells that the peer's SYN has a window scale, and offered is that
	// of ours; edge is the right edge of the last, and ack what it
	// acknowledged, on the wire.
	peerScales bool
	offered    uint8
	edge, ack  uint32
	acked      bool
	// sentEnd is the end of what was sent, on the wire. provoked tells that since
	// the last acknowledgment something came in that cannot be accepted.
	sentEnd  uint32
	provoked bool
}

func newSocket(fd int) *socket { return &socket{fd: fd, stamps: map[uint32]uint32{}} }

// inSeq returns what is to be added to the numbers of the peer.
func (s *socket) inSeq(syn bool) uint32 {
	if syn {
		return 0
	}
	return s.remoteISN
}

// outSeq returns what is to be added to the numbers of the socket under test to
// have those of the wire.
func (s *socket) outSeq(syn bool) uint32 {
	if syn {
		return s.liveISN - s.scriptISN
	}
	return s.liveISN
}

// toWire returns the segment with the numbers of the wire. TSecr is not mapped.
func (s *socket) toWire(t *script.TCP) *script.TCP {
	w := *t
	syn := t.Flags&script.SYN != 0
	w.Seq += s.inSeq(syn)
	if t.Flags&script.ACK != 0 {
		w.Ack += s.outSeq(syn)
	}
	w.Options = shiftBlocks(t.Options, s.outSeq(syn))
	return &w
}

// fromWire returns the segment with the numbers of the script.
func (s *socket) fromWire(t *script.TCP) *script.TCP {
	r := *t
	syn := t.Flags&script.SYN != 0
	r.Seq -= s.outSeq(syn)
	if t.Flags&script.ACK != 0 {
		r.Ack -= s.inSeq(syn)
	}
	r.Options = shiftBlocks(t.Options, -s.inSeq(syn))
	return &r
}

// shiftBlocks returns the options with their SACK blocks moved.
func shiftBlocks(opts []script.TCPOption, by uint32) []script.TCPOption {
	out := append([]script.TCPOption(nil), opts...)
	for i, o := range out {
		if o.Kind != script.OptSACK {
			continue
		}
		out[i].Blocks = nil
		for _, b := range o.Blocks {
			out[i].Blocks = append(out[i].Blocks, script.SACKBlock{Left: b.Left + by, Right: b.Right + by})
		}
	}
	return out
}

// option returns the option of that kind, nil for none.
func option(t *script.TCP, k script.OptionKind) *script.TCPOption {
	for i := range t.Options {
		if t.Options[i].Kind == k {
			return &t.Options[i]
		}
	}
	return nil
}

// learnStamp notes which TSval stands for the script's, and puts the actual one
// into the script's terms.
func (s *socket) learnStamp(want, got *script.TCP) {
	w, g := option(want, script.OptTS), option(got, script.OptTS)
	if w == nil || g == nil {
		return
	}
	s.stamps[w.Value] = g.Value
	if !s.based {
		s.based, s.scriptStamp, s.liveStamp = true, w.Value, g.Value
	}
	g.Value = s.scriptStamp + (g.Value - s.liveStamp)
}

// echo puts the TSecr of a segment that comes in into the wire's terms, and
// reports whether that could be done.
func (s *socket) echo(w *script.TCP, scaled bool) bool {
	o := option(w, script.OptTS)
	if o == nil || w.Flags&script.ACK == 0 {
		return true
	}
	if live, ok := s.stamps[o.Ecr]; ok {
		o.Ecr = live
		return true
	}
	if scaled && s.based {
		o.Ecr = o.Ecr - s.scriptStamp + s.liveStamp
		return true
	}
	return false
}

// watch notes what a segment that goes out tells, and sets what the packet is
// to the connection.
func (s *socket) watch(p *packet) {
	t := p.tcp
	if t == nil || t.Flags&script.RST != 0 {
		return
	}
	shift := uint8(0)
	switch o := option(t, script.OptWScale); {
	case t.Flags&script.SYN != 0 && o != nil:
		s.offered = uint8(o.Value)
	case t.Flags&script.SYN == 0 && s.peerScales:
		shift = s.offered // windows of SYNs are never scaled (RFC 7323, section 2.2)
	}
	end := p.end()
	if t.Flags&script.SYN != 0 {
		end++
	}
	p.old = s.sentEnd != 0 && before(t.Seq, s.sentEnd)
	if s.sentEnd == 0 || before(s.sentEnd, end) {
		s.sentEnd = end
	}
	if t.Flags&script.ACK == 0 {
		return
	}
	p.answers, s.provoked = s.provoked, false
	edge := t.Ack + uint32(t.Win)<<shift
	// An edge may move back by less than the unit of the window.
	p.shrinks = s.acked && before(edge, s.edge-(1<<shift-1))
	p.news = !s.acked || before(s.ack, t.Ack) || before(s.edge, edge)
	s.edge, s.ack, s.acked = edge, t.Ack, true
}
