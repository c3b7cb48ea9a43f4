// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"bytes"
	"fmt"
	"strings"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine"
	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// Packet is a TCP packet in the short form of scripts:
//
//	FLAGS SEQ[:END] [ack N] [win N] [gso N] [ip ECN] [<OPTIONS>]
//
// FLAGS are tcpdump's letters (S F R P U, "." for ACK), SEQ and END the range
// of the text, counted from the sender's initial sequence number, N likewise.
// ECN is ect0, ect1 or ce; without it, the packet is not ECN-capable. OPTIONS
// are, with commas: mss N, sackOK, ws N, ts VAL ECR, sack A-B C-D; "<>" says that
// there are none.
type Packet struct {
	flags            wire.Flags
	seq, end         int
	ack, win, gso    int
	hasAck, hasWin   bool
	hasGSO           bool
	ecn              engine.Codepoint
	options          wire.Options
	hasOptions       bool
	sackFrom, sackTo []int
}

// ParsePacket reads the short form.
func ParsePacket(text string) (*Packet, error) {
	p := &Packet{}
	body, opts, hasOpts := strings.Cut(text, "<")
	words := strings.Fields(body)
	if len(words) < 2 {
		return nil, fmt.Errorf("packet %q: want FLAGS SEQ", text)
	}
	for _, l := range words[0] {
		i := strings.IndexRune("FSRP.UEW", l)
		if i < 0 {
			return nil, fmt.Errorf("packet %q: unknown flag %q", text, l)
		}
		p.flags |= 1 << i
	}
	if err := p.parseRange(words[1]); err != nil {
		return nil, fmt.Errorf("packet %q: %w", text, err)
	}
	for rest := words[2:]; len(rest) > 0; rest = rest[2:] {
		if len(rest) < 2 {
			return nil, fmt.Errorf("packet %q: %s has no value", text, rest[0])
		}
		if err := p.parseField(rest[0], rest[1]); err != nil {
			return nil, fmt.Errorf("packet %q: %w", text, err)
		}
	}
	if hasOpts {
		p.hasOptions = true
		inner, _, closed := strings.Cut(opts, ">")
		if !closed {
			return nil, fmt.Errorf("packet %q: no >", text)
		}
		if err := p.parseOptions(inner); err != nil {
			return nil, fmt.Errorf("packet %q: %w", text, err)
		}
	}
	return p, nil
}

func (p *Packet) parseRange(word string) error {
	from, to, ranged := strings.Cut(word, ":")
	if _, err := fmt.Sscan(from, &p.seq); err != nil {
		return fmt.Errorf("sequence number %q", from)
	}
	p.end = p.seq
	if ranged {
		if _, err := fmt.Sscan(to, &p.end); err != nil || p.end < p.seq {
			return fmt.Errorf("range %q", word)
		}
	}
	return nil
}

func (p *Packet) parseField(name, value string) error {
	if name == "ip" {
		for p.ecn = engine.ECT1; p.ecn <= engine.CE; p.ecn++ {
			if ecnNames[p.ecn] == value {
				return nil
			}
		}
		return fmt.Errorf("ECN field %q", value)
	}
	var n int
	if _, err := fmt.Sscan(value, &n); err != nil {
		return fmt.Errorf("%s %q", name, value)
	}
	switch name {
	case "ack":
		p.ack, p.hasAck = n, true
	case "win":
		p.win, p.hasWin = n, true
	case "gso":
		p.gso, p.hasGSO = n, true
	default:
		return fmt.Errorf("unknown field %q", name)
	}
	return nil
}

// ecnNames are the names of codepoints in the short form.
var ecnNames = [...]string{engine.ECT1: "ect1", engine.ECT0: "ect0", engine.CE: "ce"}

func (p *Packet) parseOptions(text string) error {
	for _, opt := range strings.Split(text, ",") {
		words := strings.Fields(opt)
		if len(words) == 0 {
			continue
		}
		var err error
		o := &p.options
		switch rest := strings.Join(words[1:], " "); words[0] {
		case "mss":
			_, err = fmt.Sscan(rest, &o.MSS)
		case "sackOK":
			o.SACKPermitted = true
		case "ws":
			o.HasWindowScale = true
			_, err = fmt.Sscan(rest, &o.WindowScale)
		case "ts":
			o.HasTimestamps = true
			_, err = fmt.Sscan(rest, &o.TSVal, &o.TSEcr)
		case "sack":
			for _, r := range words[1:] {
				var a, b int
				if _, err = fmt.Sscanf(r, "%d-%d", &a, &b); err != nil {
					break
				}
				p.sackFrom, p.sackTo = append(p.sackFrom, a), append(p.sackTo, b)
			}
		default:
			return fmt.Errorf("unknown option %q", words[0])
		}
		if err != nil {
			return fmt.Errorf("option %q: %w", opt, err)
		}
	}
	if len(p.sackFrom) > wire.MaxSACKBlocks {
		return fmt.Errorf("%d SACK blocks", len(p.sackFrom))
	}
	return nil
}

// withSACK returns the options with SACK blocks counted from base.
func (p *Packet) withSACK(base seq.Num) wire.Options {
	o := p.options
	for i := range p.sackFrom {
		o.SACK[i] = seq.Range{Start: base.Add(p.sackFrom[i]), End: base.Add(p.sackTo[i])}
	}
	o.NumSACK = uint8(len(p.sackFrom))
	return o
}

// segment makes the packet of a sender whose sequence numbers count from mine,
// to a receiver whose count from theirs. Its text holds the low bytes of its
// positions.
func (p *Packet) segment(mine, theirs seq.Num) engine.Segment {
	var s engine.Segment
	s.Seq, s.Flags, s.Window = mine.Add(p.seq), p.flags, wire.Window(p.win)
	s.ECN = p.ecn
	if p.hasAck {
		s.Ack = theirs.Add(p.ack)
	}
	s.Options = p.withSACK(theirs)
	s.Payload = buffer.MakeWithData(textAt(p.seq, p.end-p.seq))
	return s
}

// diff tells how a packet that was sent differs, in the fields that p states.
func (p *Packet) diff(got *engine.Segment, mine, theirs seq.Num) string {
	var d strings.Builder
	add := func(what string, got, want any) { fmt.Fprintf(&d, "  %s is %v, want %v\n", what, got, want) }
	if got.Flags != p.flags {
		add("flags", got.Flags, p.flags)
	}
	if got.ECN != p.ecn {
		add("ECN field", got.ECN, p.ecn)
	}
	if from := got.Seq.Sub(mine); from != p.seq {
		add("seq", from, p.seq)
	}
	if n := int(got.Payload.Size()); n != p.end-p.seq {
		add("length", n, p.end-p.seq)
	} else if !bytes.Equal(got.Payload.Flatten(), textAt(p.seq, n)) {
		add("text", "another", "what was written there")
	}
	if ack := got.Ack.Sub(theirs); p.hasAck && ack != p.ack {
		add("ack", ack, p.ack)
	}
	if p.hasWin && int(got.Window) != p.win {
		add("win", got.Window, p.win)
	}
	if p.hasGSO && got.GSOSize != p.gso {
		add("gso", got.GSOSize, p.gso)
	}
	if want := p.withSACK(theirs); p.hasOptions && got.Options != want {
		add("options", formatOptions(&got.Options, theirs), formatOptions(&want, theirs))
	}
	return d.String()
}

// FormatPacket writes a segment in the short form.
func FormatPacket(s *engine.Segment, mine, theirs seq.Num) string {
	from := s.Seq.Sub(mine)
	text := fmt.Sprintf("%v %d", s.Flags, from)
	if n := int(s.Payload.Size()); n > 0 {
		text += fmt.Sprintf(":%d", from+n)
	}
	if s.Flags.Has(wire.ACK) {
		text += fmt.Sprintf(" ack %d", s.Ack.Sub(theirs))
	}
	text += fmt.Sprintf(" win %d", s.Window)
	if s.GSOSize > 0 {
		text += fmt.Sprintf(" gso %d", s.GSOSize)
	}
	if s.ECN != engine.NotECT {
		text += " ip " + ecnNames[s.ECN&engine.CE]
	}
	return text + " " + formatOptions(&s.Options, theirs)
}

func formatOptions(o *wire.Options, theirs seq.Num) string {
	var opts []string
	if o.MSS != 0 {
		opts = append(opts, fmt.Sprintf("mss %d", o.MSS))
	}
	if o.SACKPermitted {
		opts = append(opts, "sackOK")
	}
	if o.HasWindowScale {
		opts = append(opts, fmt.Sprintf("ws %d", o.WindowScale))
	}
	if o.HasTimestamps {
		opts = append(opts, fmt.Sprintf("ts %d %d", o.TSVal, o.TSEcr))
	}
	if o.NumSACK > 0 {
		text := "sack"
		for _, r := range o.SACKBlocks() {
			text += fmt.Sprintf(" %d-%d", r.Start.Sub(theirs), r.End.Sub(theirs))
		}
		opts = append(opts, text)
	}
	return "<" + strings.Join(opts, ",") + ">"
}
