// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// packet is a TCP packet in the short form of cases:
//
//	FLAGS SEQ[:END] [ack N] [win N] [urg N] [ip ECN] [<OPTIONS>]
//
// FLAGS are tcpdump's letters (S F R P U E, W for CWR, "." for ACK), SEQ and END
// the range of the text, counted from the sender's initial sequence number, N
// likewise for ack. ECN is ect0, ect1 or ce. OPTIONS are, with commas: mss N,
// sackOK, ws N, ts VAL ECR, sack A-B C-D, and in packets to the stack raw HEX,
// whose bytes stand as they are where they are written. "*" stands for any value
// in what is expected, and ECR may be "last", the last value that the stack sent.
//
// What an expectation leaves out is not compared, but for flags, range, and the
// presence of each option where there are options: "<>" says that there are none.
// A PSH flag that was not asked for is allowed.
type packet struct {
	flags          header.TCPFlags
	seq, end       int
	ack, win, urg  int
	hasAck, hasWin bool
	ecn            byte
	opts           []option
	hasOpts        bool
	badSum         bool
}

// option is one option of a packet. Values that may be anything are anyValue.
type option struct {
	kind   string // mss, sackOK, ws, ts, sack, raw
	a, b   int
	blocks [][2]int
	raw    []byte
}

const (
	anyValue  = -1 << 40
	lastValue = anyValue + 1
)

const flagLetters = "FSRP.UEW"

var ecnNames = [4]string{"", "ect1", "ect0", "ce"}

// parsePacket reads the short form.
func parsePacket(text string) (*packet, error) {
	p := &packet{}
	body, opts, hasOpts := strings.Cut(text, "<")
	words := strings.Fields(body)
	if len(words) < 2 || len(words)%2 != 0 {
		return nil, fmt.Errorf("packet %q: want FLAGS SEQ and pairs", text)
	}
	for _, l := range words[0] {
		i := strings.IndexRune(flagLetters, l)
		if i < 0 {
			return nil, fmt.Errorf("packet %q: unknown flag %q", text, l)
		}
		p.flags |= 1 << i
	}
	from, to, ranged := strings.Cut(words[1], ":")
	var err error
	if p.seq, err = strconv.Atoi(from); err != nil {
		return nil, fmt.Errorf("packet %q: %w", text, err)
	}
	if p.end = p.seq; ranged {
		if p.end, err = strconv.Atoi(to); err != nil || p.end < p.seq {
			return nil, fmt.Errorf("packet %q: range %q", text, words[1])
		}
	}
	for w := words[2:]; len(w) > 0; w = w[2:] {
		if err := p.parseField(w[0], w[1]); err != nil {
			return nil, fmt.Errorf("packet %q: %w", text, err)
		}
	}
	if hasOpts {
		if err := p.parseOptions(strings.TrimSuffix(opts, ">")); err != nil {
			return nil, fmt.Errorf("packet %q: %w", text, err)
		}
	}
	return p, nil
}

func (p *packet) parseField(name, value string) (err error) {
	switch name {
	case "ack":
		p.hasAck = true
		p.ack, err = strconv.Atoi(value)
	case "win":
		p.hasWin = true
		p.win, err = strconv.Atoi(value)
	case "urg":
		p.urg, err = strconv.Atoi(value)
	case "ip":
		for i, n := range ecnNames {
			if n == value {
				p.ecn = byte(i)
				return nil
			}
		}
		err = fmt.Errorf("ECN field %q", value)
	default:
		err = fmt.Errorf("unknown field %q", name)
	}
	return err
}

func (p *packet) parseOptions(text string) error {
	p.hasOpts = true
	for _, o := range strings.Split(text, ",") {
		words := strings.Fields(o)
		if len(words) == 0 {
			continue
		}
		opt := option{kind: words[0]}
		args := words[1:]
		want := map[string]int{"mss": 1, "sackOK": 0, "ws": 1, "ts": 2, "raw": 1, "sack": len(args)}
		if n, known := want[opt.kind]; !known || n != len(args) {
			return fmt.Errorf("option %q", o)
		}
		var err error
		switch opt.kind {
		case "mss", "ws":
			opt.a, err = number(args[0])
		case "ts":
			if opt.a, err = number(args[0]); err == nil {
				opt.b, err = number(args[1])
			}
		case "raw":
			opt.raw, err = hex.DecodeString(args[0])
		case "sack":
			for _, r := range args {
				var b [2]int
				if _, err := fmt.Sscanf(r, "%d-%d", &b[0], &b[1]); err != nil {
					return fmt.Errorf("option %q: %w", o, err)
				}
				opt.blocks = append(opt.blocks, b)
			}
		}
		if err != nil {
			return fmt.Errorf("option %q: %w", o, err)
		}
		p.opts = append(p.opts, opt)
	}
	return nil
}

func number(s string) (int, error) {
	switch s {
	case "*":
		return anyValue, nil
	case "last":
		return lastValue, nil
	}
	return strconv.Atoi(s)
}

// diff tells how a packet that came out differs from p, an expectation.
func (p *packet) diff(got *packet) string {
	var d strings.Builder
	add := func(what string, got, want any) { fmt.Fprintf(&d, "  %s is %v, want %v\n", what, got, want) }
	flags := got.flags
	if p.flags&header.TCPFlagPsh == 0 {
		flags &^= header.TCPFlagPsh
	}
	if flags != p.flags {
		add("flags", flagString(got.flags), flagString(p.flags))
	}
	if got.seq != p.seq && p.flags&header.TCPFlagRst == 0 || got.seq != p.seq && p.hasAck {
		add("seq", got.seq, p.seq)
	}
	if got.end-got.seq != p.end-p.seq {
		add("length", got.end-got.seq, p.end-p.seq)
	}
	if p.hasAck && got.ack != p.ack {
		add("ack", got.ack, p.ack)
	}
	if p.hasWin && got.win != p.win {
		add("win", got.win, p.win)
	}
	if got.ecn != p.ecn {
		add("ECN field", ecnNames[got.ecn], ecnNames[p.ecn])
	}
	if p.hasOpts {
		p.diffOptions(got, add)
	}
	return d.String()
}

func (p *packet) diffOptions(got *packet, add func(string, any, any)) {
	for _, want := range p.opts {
		o := got.option(want.kind)
		switch {
		case o == nil:
			add("option "+want.kind, "missing", want)
		case !want.covers(o):
			add("option "+want.kind, *o, want)
		}
	}
	for _, o := range got.opts {
		if p.option(o.kind) == nil {
			add("option "+o.kind, o, "none")
		}
	}
}

// option returns the packet's option of that kind, or nil.
func (p *packet) option(kind string) *option {
	for i := range p.opts {
		if p.opts[i].kind == kind {
			return &p.opts[i]
		}
	}
	return nil
}

func (o *option) covers(got *option) bool {
	same := func(want, got int) bool { return want == anyValue || want == got }
	if !same(o.a, got.a) || !same(o.b, got.b) || len(o.blocks) != len(got.blocks) {
		return false
	}
	for i := range o.blocks {
		if o.blocks[i] != got.blocks[i] {
			return false
		}
	}
	return true
}

// String writes an option in the short form.
func (o option) String() string {
	n := func(v int) string {
		if v == anyValue {
			return "*"
		}
		return strconv.Itoa(v)
	}
	switch o.kind {
	case "mss", "ws":
		return o.kind + " " + n(o.a)
	case "ts":
		return "ts " + n(o.a) + " " + n(o.b)
	case "sack":
		s := "sack"
		for _, b := range o.blocks {
			s += fmt.Sprintf(" %d-%d", b[0], b[1])
		}
		return s
	case "raw":
		return "raw " + hex.EncodeToString(o.raw)
	}
	return o.kind
}

func flagString(f header.TCPFlags) string {
	var s strings.Builder
	for i, l := range flagLetters {
		if f&(1<<i) != 0 {
			s.WriteRune(l)
		}
	}
	return s.String()
}

// String writes the packet in the short form.
func (p *packet) String() string {
	s := fmt.Sprintf("%s %d", flagString(p.flags), p.seq)
	if p.end > p.seq {
		s += fmt.Sprintf(":%d", p.end)
	}
	if p.flags&header.TCPFlagAck != 0 {
		s += fmt.Sprintf(" ack %d", p.ack)
	}
	s += fmt.Sprintf(" win %d", p.win)
	if p.ecn != 0 {
		s += " ip " + ecnNames[p.ecn]
	}
	var opts []string
	for _, o := range p.opts {
		opts = append(opts, o.String())
	}
	return s + " <" + strings.Join(opts, ",") + ">"
}
