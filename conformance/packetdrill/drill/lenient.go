// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"slices"
	"time"

	"tcpcb/conformance/packetdrill/script"
)

// What MatchRFC accepts, and why. Each use of one is in the report.
const (
	// A sender that does not know of the end of a buffer may set PSH as it likes,
	// and a receiver may pass it over (RFC 9293, section 3.9.1, MAY-15 and
	// SHLD-27).
	lenientPush = "whether PSH is set"
	// Options may come in any order (RFC 9293, section 3.1) and padded as the
	// sender likes.
	lenientOptionOrder = "the order and padding of options"
	// The scale is chosen by who offers it (RFC 7323, section 2.2).
	lenientScale = "the window scale offered"
	// Scaling, SACK and timestamps are offered by who wants to (RFC 7323,
	// sections 2 and 3; RFC 2018, section 2).
	lenientOffer = "which options a SYN offers"
	// But for the first, blocks may be in any order (RFC 2018, section 4).
	lenientBlocks = "the order of SACK blocks behind the first"
	// A receiver offers what it has room for; it should not take back what it
	// offered (RFC 9293, section 3.8.6, SHLD-14).
	lenientWindow = "the window advertised"
	// How a run of text is cut into segments is up to the sender, within the
	// peer's MSS (RFC 9293, section 3.7.1), and a FIN may ride on text.
	lenientCut = "how a run of text is cut into segments"
	// Acknowledgments may be delayed for up to half a second (RFC 9293, section
	// 3.8.6.3), combined, and ride on text.
	lenientAckTime   = "when text is acknowledged"
	lenientAckJoined = "acknowledgments combined into one, or riding on text"
	lenientAckExtra  = "an acknowledgment or window update more"
	// What cannot be accepted is answered (RFC 9293, section 3.10.7.4); Linux does
	// not answer all of it.
	lenientAnswer = "an answer to what cannot be accepted"
	// Less than a full segment waits while text is outstanding (RFC 9293, section
	// 3.7.4, SHLD-7). Linux sends it unless other such is outstanding.
	lenientNagle = "the end of a text, which the Nagle algorithm holds back"
	// A probe of a window or of an idle peer may have an octet that the peer has
	// already, or nothing (RFC 9293, sections 3.8.4, MAY-6, and 3.8.6.1).
	lenientProbe = "an octet in a probe"
	// Timers have a granularity, G in RFC 6298, section 2.3, which is for each
	// system to choose: Linux waits for up to two of its ticks more than it
	// computed, of 4 ms or of 10.
	lenientTimer = "the granularity of timers"
	// How much a socket takes before it is sent is no TCP's matter: Linux counts
	// its own bookkeeping, too.
	// What a call took less than the script's is written as soon as there is room,
	// as an application would (backlog.go).
	lenientBuffer   = "how much a send buffer takes"
	lenientWritable = "with how much room a socket is writable"
	// A connection that is given up is reset at SND.NXT (RFC 9293, section 3.10.5),
	// as which the ACK bit may tell RCV.NXT, or as one that does not exist, at
	// SEG.ACK (section 3.10.7.1).
	lenientReset = "which of the two forms a reset has"
)

// timerGranularity is how much later or sooner what a timer sends may come.
const timerGranularity = 20 * time.Millisecond

// maxAckDelay bounds the delay of an acknowledgment (RFC 9293, section 3.8.6.3).
const maxAckDelay = 500 * time.Millisecond

// windowLeniency tells whether another window than the script's is as good: one
// that is as open or closed, and takes nothing back.
func windowLeniency(w *script.TCP, got *packet) string {
	if (w.Win == 0) != (got.tcp.Win == 0) || got.shrinks {
		return ""
	}
	return lenientWindow
}

// optionLeniency tells what of the RFCs leaves open a list of options that is
// not the script's.
func optionLeniency(w, g *script.TCP, tick, tolerance time.Duration) string {
	want, got := meaningful(w.Options), meaningful(g.Options)
	why := lenientOptionOrder
	for _, o := range want {
		i := slices.IndexFunc(got, func(p script.TCPOption) bool { return p.Kind == o.Kind })
		if i < 0 {
			return ""
		}
		switch {
		case sameOption(o, got[i], tick, tolerance):
		case o.Kind == script.OptWScale:
			why = lenientScale
		case o.Kind == script.OptSACK && sameBlocks(o.Blocks, got[i].Blocks):
			why = lenientBlocks
		default:
			return ""
		}
		got = slices.Delete(got, i, i+1)
	}
	if len(got) == 0 {
		return why
	}
	offered := []script.OptionKind{script.OptWScale, script.OptSACKOK, script.OptTS}
	for _, o := range got {
		if g.Flags&(script.SYN|script.ACK) != script.SYN || !slices.Contains(offered, o.Kind) {
			return ""
		}
	}
	return lenientOffer
}

// meaningful returns the options but for the padding.
func meaningful(opts []script.TCPOption) []script.TCPOption {
	return slices.DeleteFunc(slices.Clone(opts), func(o script.TCPOption) bool {
		return o.Kind == script.OptNOP || o.Kind == script.OptEOL
	})
}

// sameBlocks reports whether b has the blocks of a, the first of them first.
func sameBlocks(a, b []script.SACKBlock) bool {
	if len(a) != len(b) || a[0] != b[0] {
		return false
	}
	for _, k := range a {
		if !slices.Contains(b, k) {
			return false
		}
	}
	return true
}

// pureAck reports whether a segment does nothing but acknowledge, and tells of
// no text out of order.
func pureAck(t *script.TCP) bool {
	return t != nil && t.Len == 0 && t.Flags == script.ACK && option(t, script.OptSACK) == nil
}

// before reports whether a is before b in the sequence space.
func before(a, b uint32) bool { return int32(a-b) < 0 }

// covered reports whether what was sent does what the acknowledgment that the
// script wants would have done, and more: the same will be looked at again for
// what the script wants next.
func covered(want *script.TCP, got *packet) bool {
	if !pureAck(want) || got.tcp == nil || got.tcp.Flags&(script.SYN|script.RST) != 0 || got.tcp.Flags&script.ACK == 0 {
		return false
	}
	if before(want.Ack, got.tcp.Ack) {
		return true
	}
	return want.Ack == got.tcp.Ack && want.Seq == got.tcp.Seq && span(got.tcp) > 0
}

// probes makes a probe with an octet one without, as the script wants it, and
// reports whether it has.
func probes(want *script.TCP, got *packet) bool {
	t := got.tcp
	if !pureAck(want) || t == nil || !got.old || t.Len != 1 || t.Flags&^script.PSH != script.ACK || t.Seq != want.Seq {
		return false
	}
	bare := *t
	bare.Len, bare.Flags = 0, script.ACK
	got.tcp, got.payload = &bare, nil
	return true
}

// extra tells why what was sent may be passed over in search of what the script
// wants: an acknowledgment that says something new, or has to be. It is empty for
// what may not.
func extra(want *script.TCP, got *packet) string {
	switch {
	case want == nil || !pureAck(got.tcp) || pureAck(want) && !before(got.tcp.Ack, want.Ack):
		return ""
	case got.news:
		return lenientAckExtra
	case got.answers:
		return lenientAnswer
	}
	return ""
}

// textRange is text on its way, in the script's terms.
type textRange struct {
	seq uint32
	n   int
}

// settle takes off a packet what it has of the text, and returns what is left of
// the packet, nil for nothing.
func (o *textRange) settle(p *packet) *packet {
	if o.n == 0 || p.tcp == nil || p.tcp.Seq != o.seq || p.tcp.Len == 0 {
		return p
	}
	n := min(o.n, p.tcp.Len)
	o.seq, o.n = o.seq+uint32(n), o.n-n
	if n == p.tcp.Len && p.tcp.Flags&script.FIN == 0 {
		return nil
	}
	_, rest := split(p, n)
	return rest
}

// resetLeniency tells whether a reset is formed as one of a connection that is given
// up, where the script has it formed in another way: at SND.NXT, and with what was
// acknowledged before if it has an acknowledgment.
func (s *socket) resetLeniency(w, g *script.TCP) string {
	bare := func(t *script.TCP) bool { return t.Flags&^script.ACK == script.RST && t.Len == 0 }
	if !bare(w) || !bare(g) || g.Seq != s.sentEnd-s.outSeq(false) {
		return ""
	}
	if g.Flags&script.ACK != 0 && !(s.acked && g.Ack == s.ack-s.inSeq(false)) {
		return ""
	}
	return lenientReset
}
