// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"tcpcb/conformance/packetdrill/script"
)

// Match is how packets are compared.
type Match string

const (
	// MatchStrict compares as packetdrill does.
	MatchStrict Match = "strict"
	// MatchRFC accepts what the RFCs leave open and Linux merely happens to do;
	// see lenient.go.
	MatchRFC Match = "rfc"
)

// difference is a field in which a packet is not as the script says. Lenient
// names why the RFCs leave it open, and is empty where they do not.
type difference struct {
	field     string
	want, got any
	lenient   string
}

func (d difference) String() string { return fmt.Sprintf("%s is %v, not %v", d.field, d.got, d.want) }

// compare returns the differences between what the script wants and what was
// sent, which is in the script's terms. The tolerance is that of timestamps.
func (s *socket) compare(want *script.Packet, got *packet, c *config, tolerance time.Duration) []difference {
	var d []difference
	add := func(field string, want, got any, lenient string) {
		if want != got {
			d = append(d, difference{field, want, got, lenient})
		}
	}
	compareIP(want, got, add)
	s.compareFlow(want, got, add)
	if want.ICMP != nil {
		add("whether it is ICMP", true, got.icmp, "")
		if typ, code, ok := icmpNumbers(want.ICMP, got.v6); ok && got.icmp {
			add("the type", typ, got.icmpType, "")
			add("the code", code, got.icmpCode, "")
		}
		return d
	}
	if got.tcp == nil {
		add("whether it is TCP", true, false, "")
		return d
	}
	w, g := want.TCP, got.tcp
	reset := s.resetLeniency(w, g)
	compareFlags(w, g, reset, add)
	add("the sequence number", w.Seq, g.Seq, reset)
	add("the length", w.Len, g.Len, "")
	add("the acknowledgment", w.Ack, g.Ack, reset)
	if w.HasWin {
		add("the window", w.Win, g.Win, windowLeniency(w, got))
	}
	add("the urgent pointer", w.Urgent, g.Urgent, "")
	if !w.AnyOptions {
		d = append(d, compareOptions(w, g, c.tsTick, tolerance)...)
	}
	add("whether the text is zeros", true, allZero(got.payload), "")
	return d
}

type adder func(field string, want, got any, lenient string)

func compareIP(want *script.Packet, got *packet, add adder) {
	ecn := got.tos & 3
	switch want.IP.Check {
	case script.TOSECN:
		add("the ECN mark", want.IP.TOS, ecn, "")
	case script.TOSECT:
		add("whether the ECN mark is ECT", true, ecn == 1 || ecn == 2, "")
	case script.TOSByte:
		add("the TOS", want.IP.TOS, got.tos, "")
	}
	if want.IP.TTL != 0 {
		add("the TTL", want.IP.TTL, got.ttl, "")
	}
	if want.SrcPort != 0 {
		add("the source port", want.SrcPort, got.src.Port(), "")
	}
	if want.DstPort != 0 {
		add("the destination port", want.DstPort, got.dst.Port(), "")
	}
}

// compareFlow compares flow labels, of which only counts when they change.
func (s *socket) compareFlow(want *script.Packet, got *packet, add adder) {
	w := want.IP.FlowLabel
	if w == 0 || !got.v6 {
		return
	}
	switch {
	case got.flow == 0:
		add("whether there is a flow label", true, false, "")
	case w == s.scriptFlow:
		add("the flow label", s.liveFlow, got.flow, "")
	case got.flow == s.liveFlow:
		add("whether the flow label changed", true, false, "")
	default:
		s.scriptFlow, s.liveFlow = w, got.flow
	}
}

// compareFlags compares flags; reset is what lets the ACK bit of a reset pass.
func compareFlags(w, g *script.TCP, reset string, add adder) {
	for _, f := range []script.Flags{script.SYN, script.FIN, script.RST, script.URG} {
		add("the flag "+f.String(), w.Flags&f != 0, g.Flags&f != 0, "")
	}
	add("the flag "+script.ACK.String(), w.Flags&script.ACK != 0, g.Flags&script.ACK != 0, reset)
	const ecn = script.ECE | script.CWR | script.AE
	add("ECN's flags", w.Flags&ecn, g.Flags&ecn, "")
	add("the flag P", w.Flags&script.PSH != 0, g.Flags&script.PSH != 0, lenientPush)
}

// compareOptions compares options in their order.
func compareOptions(w, g *script.TCP, tick, tolerance time.Duration) []difference {
	if slices.EqualFunc(w.Options, g.Options, func(a, b script.TCPOption) bool { return sameOption(a, b, tick, tolerance) }) {
		return nil
	}
	return []difference{{
		"the list of options", optionList(w.Options), optionList(g.Options), optionLeniency(w, g, tick, tolerance),
	}}
}

// sameOption reports whether two options are the same. Timestamps are compared
// only where the script says how long a tick is.
func sameOption(w, g script.TCPOption, tick, tolerance time.Duration) bool {
	if w.Kind != g.Kind {
		return false
	}
	if w.Kind == script.OptTS {
		off := time.Duration(int32(g.Value - w.Value))
		return tick == 0 || max(off, -off)*tick <= tolerance
	}
	return w.Value == g.Value && slices.Equal(w.Blocks, g.Blocks) && slices.Equal(w.Data, g.Data)
}

func optionList(opts []script.TCPOption) string {
	var s []string
	for _, o := range opts {
		s = append(s, o.String())
	}
	return "<" + strings.Join(s, ",") + ">"
}

func allZero(b []byte) bool {
	return !slices.ContainsFunc(b, func(c byte) bool { return c != 0 })
}

// follows reports whether b goes on where a ends, and is of the same kind.
func follows(a, b *packet) bool {
	if a.tcp == nil || b.tcp == nil || a.end() != b.tcp.Seq || a.tos != b.tos {
		return false
	}
	const same = script.SYN | script.RST | script.ACK | script.URG | script.ECE
	return a.tcp.Flags&same == b.tcp.Flags&same && a.tcp.Flags&script.FIN == 0 && a.tcp.Ack == b.tcp.Ack
}

// merge returns a and b as one packet, as the receiver would see it: with the
// head and the time of the last, and the CWR of the first.
func merge(a, b *packet) *packet {
	m, t := *b, *b.tcp
	m.cut = a.cut
	t.Seq, t.Len = a.tcp.Seq, a.tcp.Len+b.tcp.Len
	t.Flags = t.Flags&^script.CWR | a.tcp.Flags&script.CWR
	m.tcp, m.payload = &t, append(append([]byte(nil), a.payload...), b.payload...)
	return &m
}

// split cuts a packet in two after n bytes.
func split(p *packet, n int) (head, rest *packet) {
	h, r := *p, *p
	ht, rt := *p.tcp, *p.tcp
	ht.Len, rt.Len, rt.Seq = n, rt.Len-n, rt.Seq+uint32(n)
	ht.Flags &^= script.FIN | script.PSH
	h.tcp, h.payload = &ht, p.payload[:n]
	r.tcp, r.payload, r.cut = &rt, p.payload[n:], true
	return &h, &r
}
