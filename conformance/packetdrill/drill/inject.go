// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"fmt"
	"net/netip"

	"tcpcb/conformance/packetdrill/script"
)

// inject puts a packet of the script on the link.
func (r *runner) inject(p *script.Packet) error {
	switch {
	case len(p.Tunnel) > 0:
		return &unsupported{p.Line, "packets in tunnels"}
	case p.UDP != nil:
		return &unsupported{p.Line, "UDP"}
	case p.ICMP != nil:
		return r.injectICMP(p)
	}
	if err := lackOptions(p); err != nil {
		return err
	}
	s := r.sock
	if s == nil || s.phase == phaseListening {
		s = r.newPeer(p)
	}
	syn, ack := p.TCP.Flags&script.SYN != 0, p.TCP.Flags&script.ACK != 0
	switch {
	case s.phase == phaseSynAckOut && ack:
		s.phase = phaseAccepted
	case s.phase == phaseSynOut && syn && ack:
		s.phase, s.remoteISN = phaseConnected, p.TCP.Seq
	case s.phase == phaseNew || s.phase == phaseConnecting:
		return &broken{p.Line, "the packet is for no connection"}
	}
	if syn {
		s.peerScales = option(p.TCP, script.OptWScale) != nil
	}
	live := s.toWire(p.TCP)
	if !s.echo(live, r.config.tsScaled) {
		return &broken{p.Line, fmt.Sprintf("ecr %d is no TSval that was expected before", option(live, script.OptTS).Ecr)}
	}
	// What acknowledges something never sent is dropped, and answered (RFC 9293,
	// section 3.10.7.4).
	s.provoked = s.provoked || ack && !syn && before(s.sentEnd, live.Ack)
	src, dst := s.remote, s.local
	if p.SrcPort != 0 {
		src = netip.AddrPortFrom(src.Addr(), p.SrcPort)
	}
	if p.DstPort != 0 {
		dst = netip.AddrPortFrom(dst.Addr(), p.DstPort)
	}
	r.trace("line %d: < %v", p.Line, p.TCP)
	for _, t := range segments(live, int(r.config.mss)) {
		r.wire.inject(buildIP(p.IP, src.Addr(), dst.Addr(), 6, buildTCP(t, src, dst)), r.time.now())
	}
	return nil
}

// segments returns the segments of mss bytes that a device has merged into t, which
// netstack takes as they came; t itself where mss is 0.
func segments(t *script.TCP, mss int) []*script.TCP {
	var list []*script.TCP
	for mss > 0 && t.Len > mss {
		head, rest := *t, *t
		head.Len, rest.Len, rest.Seq = mss, t.Len-mss, t.Seq+uint32(mss)
		head.Flags &^= script.FIN | script.PSH
		list, t = append(list, &head), &rest
	}
	return append(list, t)
}

// foreign are options that no TCP of netstack has, and what they are for.
var foreign = map[script.OptionKind]string{
	script.OptFastOpen: "Fast Open", script.OptFastOpenX: "Fast Open", script.OptMD5: "MD5 signatures",
	script.OptAccECN0: "AccECN", script.OptAccECN1: "AccECN",
}

// lackOptions returns an *unsupported for a segment with such an option.
func lackOptions(p *script.Packet) error {
	for _, o := range p.TCP.Options {
		if what := foreign[o.Kind]; what != "" {
			return &unsupported{p.Line, what}
		}
	}
	if p.TCP.ACE {
		return &unsupported{p.Line, "AccECN"}
	}
	return nil
}

// newPeer makes the socket that a packet to a listener, or to nobody, is for.
func (r *runner) newPeer(p *script.Packet) *socket {
	s := newSocket(-1)
	s.phase = phaseSynIn
	s.local = netip.AddrPortFrom(r.config.local, r.config.bind)
	s.remote = netip.AddrPortFrom(r.config.remote, remotePort(r.peers))
	s.remoteISN = p.TCP.Seq
	r.peers++
	r.sock = s
	return s
}

// injectICMP puts a message about the connection on the link.
func (r *runner) injectICMP(p *script.Packet) error {
	s, m := r.sock, p.ICMP
	switch {
	case m.Echoed != nil && m.Echoed.Protocol != "tcp":
		return &unsupported{p.Line, "ICMP messages about " + m.Echoed.Protocol}
	case m.ID != 0:
		return &unsupported{p.Line, "ICMP identifiers"}
	case s == nil || !s.remote.IsValid() || !s.local.IsValid():
		return &broken{p.Line, "the message is about no connection"}
	}
	typ, code, ok := icmpNumbers(m, r.config.v6)
	if !ok {
		return &broken{p.Line, fmt.Sprintf("there is no ICMP message %s %s", m.Type, m.Code)}
	}
	seq := s.outSeq(false)
	if m.Echoed != nil {
		seq += m.Echoed.Seq
	}
	b := buildICMP(m, typ, code, seq, s.local, s.remote, r.config.v6)
	proto := icmp4
	if r.config.v6 {
		proto = icmp6
	}
	r.trace("line %d: < icmp %s %s", p.Line, m.Type, m.Code)
	r.wire.inject(buildIP(p.IP, s.remote.Addr(), s.local.Addr(), proto, b), r.time.now())
	return nil
}
