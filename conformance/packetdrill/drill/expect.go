// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"tcpcb/conformance/packetdrill/script"
)

// How long a packet is waited for, beyond its time.
const (
	sniffLimit = 2 * time.Second
	// anyLimit is for packets that may come at any time.
	anyLimit = 1000 * time.Second
)

// expect waits for the packet that the script wants, and compares it.
func (r *runner) expect(t *timedEvent) error {
	want := t.Packet
	switch {
	case len(want.Tunnel) > 0:
		return &unsupported{want.Line, "packets in tunnels"}
	case want.UDP != nil:
		return &unsupported{want.Line, "UDP"}
	}
	if r.sock == nil {
		return &broken{want.Line, "there is no socket that could send a packet"}
	}
	if want.TCP != nil {
		if err := lackOptions(want); err != nil {
			return err
		}
		r.foresee(want.TCP)
	}
	got, err := r.gather(t)
	if got == nil || err != nil {
		return err
	}
	if want.TCP != nil && got.tcp != nil {
		r.sock.learnStamp(want.TCP, got.tcp)
	}
	if err := r.judge(t, got); err != nil {
		return err
	}
	r.trace("line %d: %v", want.Line, got)
	return r.judgeTime(t, got)
}

// foresee notes what a packet that the script wants tells of the connection.
func (r *runner) foresee(t *script.TCP) {
	s := r.sock
	syn, ack := t.Flags&script.SYN != 0, t.Flags&script.ACK != 0
	switch {
	case syn && !ack && s.phase == phaseConnecting:
		s.phase, s.scriptISN = phaseSynOut, t.Seq
	case syn && ack && s.phase == phaseSynIn:
		s.scriptISN = t.Seq
	}
}

// sniff returns the next packet of the socket under test, in the script's terms;
// nil when the time is over.
func (r *runner) sniff(deadline time.Duration) *packet {
	for {
		for len(r.wire.sent) > 0 {
			p := r.wire.sent[0]
			r.wire.sent = r.wire.sent[1:]
			if !p.cut && !r.claim(p) {
				r.trace("a packet of another connection: %v", p)
				continue
			}
			if p = r.owed.settle(p); p != nil {
				return p
			}
		}
		if !r.time.until(deadline, r.pump, func() bool { return len(r.wire.sent) > 0 || r.wireErr != nil }) || r.wireErr != nil {
			return nil
		}
	}
}

// putBack makes sniff return the packet again.
func (r *runner) putBack(p *packet) {
	p.cut = true
	r.wire.sent = append([]*packet{p}, r.wire.sent...)
}

// claim reports whether a packet is of the socket under test, notes what it
// tells of the connection, and puts it into the script's terms.
func (r *runner) claim(p *packet) bool {
	s := r.sock
	if p.tcp == nil {
		return p.icmp && p.src.Addr() == r.config.local && p.dst.Addr() == r.config.remote
	}
	const both = script.SYN | script.ACK
	switch {
	case s.phase == phaseSynOut && p.tcp.Flags&both == script.SYN && p.dst == netip.AddrPortFrom(r.config.remote, r.config.connect):
		s.local, s.remote, s.liveISN = p.src, p.dst, p.tcp.Seq
	case p.src != s.local || p.dst != s.remote:
		return false
	case s.phase == phaseSynIn && p.tcp.Flags&both == both:
		s.phase, s.liveISN = phaseSynAckOut, p.tcp.Seq
	}
	s.watch(p)
	p.tcp = s.fromWire(p.tcp)
	return true
}

// gather returns the packet to compare with what the script wants: several that
// were sent, as one, where that is longer. Nil and no error tells that the
// script has what it wants already.
func (r *runner) gather(t *timedEvent) (*packet, error) {
	want := t.Packet.TCP
	deadline := max(t.at, t.end) + sniffLimit
	if t.Time.Kind == script.Any {
		deadline = r.time.now() + anyLimit
	}
	got := r.sniff(deadline)
	if r.o.Match == MatchRFC && want != nil {
		for got != nil && extra(want, got) != "" {
			r.lenient(t.Line, extra(want, got))
			got = r.sniff(deadline)
		}
		if got != nil && probes(want, got) {
			r.lenient(t.Line, lenientProbe)
			return got, nil
		}
		if got != nil && covered(want, got) {
			r.putBack(got)
			r.lenient(t.Line, lenientAckJoined)
			return nil, nil
		}
	}
	switch {
	case got == nil && r.wireErr != nil:
		return nil, &mismatch{line: t.Line, msg: r.wireErr.Error()}
	case got == nil:
		return nil, &mismatch{
			line: t.Line, msg: "no packet was sent in time",
			expected: wanted(t), actual: fmt.Sprintf("nothing until %.6f s", r.time.now().Seconds()),
		}
	case want == nil || got.tcp == nil || r.config.strictSegments:
		return got, nil
	}
	return r.fit(t, got, deadline)
}

// fit makes the packet as long as the script wants it, where what was sent can be
// that.
func (r *runner) fit(t *timedEvent, got *packet, deadline time.Duration) (*packet, error) {
	want := t.Packet.TCP
	parts := []*packet{got}
	for got.tcp.Seq == want.Seq && got.tcp.Len < want.Len {
		if r.o.Match == MatchRFC && r.heldBack(parts, want) {
			r.lenient(t.Line, lenientNagle)
			r.owed = textRange{got.end(), want.Len - got.tcp.Len}
			return whole(got, want), nil
		}
		next := r.sniff(deadline)
		if next == nil || !follows(got, next) {
			if next != nil {
				parts = append(parts, next)
			}
			return nil, &mismatch{
				line: t.Line, msg: "what was sent is not the text that was expected",
				expected: wanted(t), actual: list(parts),
			}
		}
		parts = append(parts, next)
		got = merge(got, next)
	}
	if r.o.Match != MatchRFC || got.tcp.Seq != want.Seq {
		return got, nil
	}
	// Beyond what packetdrill does: the text may be cut elsewhere, and a FIN ride
	// on it or not.
	if got.tcp.Len > want.Len && want.Len > 0 {
		r.lenient(t.Line, lenientCut)
		head, rest := split(got, want.Len)
		r.putBack(rest)
		got = head
	}
	fin := func(t *script.TCP) bool { return t.Flags&script.FIN != 0 }
	switch {
	case got.tcp.Len != want.Len:
	case fin(got.tcp) && !fin(want) && want.Len > 0:
		r.lenient(t.Line, lenientCut)
		head, rest := split(got, want.Len)
		r.putBack(rest)
		got = head
	case fin(want) && !fin(got.tcp) && want.Len > 0:
		if next := r.sniff(deadline); next != nil && follows(got, next) && fin(next.tcp) && next.tcp.Len == 0 {
			r.lenient(t.Line, lenientCut)
			got = merge(got, next)
		} else if next != nil {
			r.putBack(next)
		}
	}
	return got, nil
}

// heldBack reports whether what is missing of a text is less than a segment, and
// does not come at once.
func (r *runner) heldBack(parts []*packet, want *script.TCP) bool {
	missing, longest := want.Len, 0
	for _, p := range parts {
		missing -= p.tcp.Len
		longest = max(longest, p.tcp.Len)
	}
	if missing >= longest || want.Flags&script.FIN != 0 {
		return false
	}
	return !r.time.until(r.time.now()+r.config.tolerance, r.pump, func() bool { return len(r.wire.sent) > 0 })
}

// whole returns the packet as if it had all of the text, and its end.
func whole(p *packet, want *script.TCP) *packet {
	w, t := *p, *p.tcp
	t.Len, t.Flags = want.Len, t.Flags|want.Flags&script.PSH
	w.tcp, w.payload = &t, make([]byte, want.Len)
	return &w
}

// judge compares a packet with what the script wants.
func (r *runner) judge(t *timedEvent, got *packet) error {
	differ := r.sock.compare(t.Packet, got, r.config, r.tolerance(t.at))
	var why []string
	for _, d := range differ {
		if d.lenient == "" || r.o.Match != MatchRFC {
			why = append(why, d.String())
		}
	}
	if len(why) > 0 {
		return &mismatch{
			line: t.Line, msg: "the packet is not as expected: " + strings.Join(why, "; "),
			expected: wanted(t), actual: got.String(),
		}
	}
	for _, d := range differ {
		r.lenient(t.Line, d.lenient)
	}
	return nil
}

// judgeTime checks when a packet was sent.
func (r *runner) judgeTime(t *timedEvent, got *packet) error {
	err := r.checkTime(t, got.at, "the packet")
	m, wrong := err.(*mismatch)
	if !wrong {
		return err
	}
	if why := timeLeniency(t, got); why != "" && r.o.Match == MatchRFC {
		// What comes after counts from when the packet was to be.
		r.lenient(t.Line, why)
		r.wait(t.at)
		return nil
	}
	m.expected, m.actual = wanted(t)+", "+m.expected, got.String()
	return m
}

// timeLeniency tells why a packet may come at another time than the script's.
func timeLeniency(t *timedEvent, got *packet) string {
	switch last := max(t.at, t.end); {
	case pureAck(got.tcp) && !got.old && got.at <= last+maxAckDelay:
		return lenientAckTime
	case t.at > t.offset+timerGranularity && got.at >= t.at-timerGranularity && got.at <= last+timerGranularity:
		return lenientTimer // it answers nothing that came
	}
	return ""
}

// wanted returns the packet that the script wants, and when.
func wanted(t *timedEvent) string {
	p := t.Packet
	s := fmt.Sprintf("%.6f > ", t.at.Seconds())
	if t.Time.Kind == script.Any {
		s = "* > "
	}
	if p.IP.Check == script.TOSECN {
		s += "[" + [...]string{"noecn", "ect1", "ect0", "ce"}[p.IP.TOS&3] + "] "
	}
	if p.ICMP != nil {
		return s + "icmp " + p.ICMP.Type + " " + p.ICMP.Code
	}
	return s + p.TCP.String()
}

// list returns packets in a line.
func list(ps []*packet) string {
	var s []string
	for _, p := range ps {
		s = append(s, p.String())
	}
	return strings.Join(s, ", then ")
}
