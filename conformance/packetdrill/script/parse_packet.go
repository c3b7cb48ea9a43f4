// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// Limits of a packet's parts.
const (
	maxOptionBytes = 40
	maxIPBytes     = math.MaxUint16
)

// packet reads a packet from its < or > on.
func (p *parser) packet() *Packet {
	k := &Packet{Line: p.tok.line, Out: p.advance().text == ">"}
	for p.is("ipv4") || p.is("ipv6") || p.is("gre") || p.is("GREv0") || p.is("mpls") {
		p.tunnel(k)
	}
	k.IP = p.ipInfo()
	if k.IP.Check == TOSECT && !k.Out {
		p.fail("[ect01] is for packets that go out")
	}
	switch {
	case p.accept("icmp"):
		k.ICMP = p.icmp()
	case p.accept("udp"):
		p.ports(k)
		p.expect("(")
		k.UDP = &UDP{Len: int(p.number("the payload's length", math.MaxUint16))}
		p.expect(")")
	default:
		if p.accept("encap") {
			p.lack(k.Line, "PSP encapsulation")
			p.expect("psp")
			p.expect("spi")
			p.anyInt()
		}
		p.ports(k)
		k.TCP = p.tcp(k)
	}
	return k
}

// anyInt skips a number.
func (p *parser) anyInt() {
	if p.tok.kind != tokInt && p.tok.kind != tokHex {
		p.fail("%s where a number should be", p.tok)
		return
	}
	p.advance()
}

// tunnel reads a header around the packet.
func (p *parser) tunnel(k *Packet) {
	name := p.advance().text
	if name != "ipv4" && name != "ipv6" {
		p.lack(k.Line, strings.TrimSuffix(name, "v0")+" headers")
		for p.tok.kind != tokEOF && !p.is(":") {
			p.advance()
		}
		p.expect(":")
		return
	}
	t := Tunnel{IP: p.ipInfo()}
	t.Src = p.address(name == "ipv4")
	p.expect(">")
	t.Dst = p.address(name == "ipv4")
	p.expect(":")
	k.Tunnel = append(k.Tunnel, t)
}

// address reads an address of the version.
func (p *parser) address(v4 bool) netip.Addr {
	if p.tok.kind != tokAddr || p.tok.addr.Is4() != v4 {
		p.fail("%s where an address should be", p.tok)
	}
	return p.advance().addr
}

// ipInfo reads what is in brackets about the IP header, if anything.
func (p *parser) ipInfo() IPInfo {
	var i IPInfo
	end := "]"
	if p.accept("(") {
		end = ")"
	} else if !p.accept("[") {
		return i
	}
	for {
		switch w := p.word("ect0, tos, ttl or the like"); w {
		case "noecn", "ect1", "ect0", "ce":
			i.Check = TOSECN
			i.TOS = map[string]uint8{"ect1": 1, "ect0": 2, "ce": 3}[w]
		case "ect01":
			i.Check = TOSECT
		case "tos":
			i.Check, i.TOS = TOSByte, uint8(p.hex("the TOS", math.MaxUint8))
		case "ttl":
			i.TTL = uint8(p.number("the TTL", math.MaxUint8))
		case "flowlabel":
			i.FlowLabel = uint32(p.hex("the flow label", 1<<20-1))
		default:
			p.fail("%q says nothing about an IP header", w)
		}
		if !p.accept(",") {
			break
		}
	}
	p.expect(end)
	return i
}

// ports reads 80 > 1234, if it is there: a number with no colon behind it.
func (p *parser) ports(k *Packet) {
	if p.tok.kind != tokInt {
		return
	}
	k.SrcPort = uint16(p.number("the source port", math.MaxUint16))
	p.expect(">")
	k.DstPort = uint16(p.number("the destination port", math.MaxUint16))
}

func (p *parser) tcp(k *Packet) *TCP {
	t := &TCP{}
	p.flags(t)
	t.Seq, t.Len = p.sequence()
	if p.accept("ack") {
		t.Ack = uint32(p.number("the acknowledgment", math.MaxUint32))
	}
	if p.accept("win") {
		t.Win, t.HasWin = uint16(p.number("the window", math.MaxUint16)), true
	} else if !k.Out {
		p.fail("a segment that comes in needs a window, as: win 257")
	}
	if p.accept("urg") {
		t.Urgent = uint16(p.number("the urgent pointer", math.MaxUint16))
	}
	if p.accept("<") {
		p.tcpOptions(k, t)
	}
	if n := 60 + t.Len; n > maxIPBytes {
		p.fail("a segment of %d bytes does not fit into a packet", t.Len)
	}
	return t
}

// flags reads S., P., SEW, a dot, or a dash for none.
func (p *parser) flags(t *TCP) {
	text := ""
	switch {
	case p.accept("-"):
		return
	case p.tok.kind == tokWord:
		text = p.advance().text
	}
	if p.accept(".") {
		t.Flags |= ACK
	} else if p.tok.kind == tokFloat && strings.HasPrefix(p.tok.text, ".") {
		text += p.advance().text // an acknowledgment with AccECN's counter: .5
	} else if text == "" {
		p.fail("%s where the flags of a segment should be", p.tok)
	}
	ecn := false
	for _, c := range []byte(text) {
		if '0' <= c && c <= '7' {
			if t.ACE || ecn {
				p.fail("the flags %q have ECN's bits twice", text)
			}
			t.ACE = true
			t.Flags |= Flags(c-'0') * ECE
			continue
		}
		f := flagOf(c)
		if f == 0 {
			p.fail("%q is no flag of a segment", string(rune(c)))
		}
		if f&(ECE|CWR|AE) != 0 {
			if ecn = true; t.ACE {
				p.fail("the flags %q have ECN's bits twice", text)
			}
		}
		t.Flags |= f
	}
}

func flagOf(c byte) Flags {
	for _, l := range flagLetters {
		if l.letter == c {
			return l.flag
		}
	}
	return 0
}

// sequence reads 1:1001(1000).
func (p *parser) sequence() (uint32, int) {
	line := p.tok.line
	from := p.number("the sequence number", math.MaxUint32)
	p.expect(":")
	to := p.number("the sequence number of the end", math.MaxUint32)
	p.expect("(")
	n := p.number("the length", math.MaxUint16)
	p.expect(")")
	if from+n != to {
		p.failAt(line, "%d bytes from %d on do not end at %d", n, from, to)
	}
	return uint32(from), int(n)
}

// tcpOptions reads the options behind their <.
func (p *parser) tcpOptions(k *Packet, t *TCP) {
	if p.tok.kind == tokEllipsis {
		p.advance()
		p.expect(">")
		if t.AnyOptions = true; !k.Out {
			p.failAt(k.Line, "<...> is for packets that go out")
		}
		return
	}
	n := 0
	for {
		o := p.tcpOption()
		t.Options = append(t.Options, o)
		if n += o.Len(); n > maxOptionBytes {
			p.failAt(k.Line, "the options take %d bytes, more than %d", n, maxOptionBytes)
		}
		if !p.accept(",") {
			break
		}
	}
	p.expect(">")
	if n%4 != 0 {
		p.failAt(k.Line, "the options take %d bytes, not a multiple of 4", n)
	}
}

func (p *parser) tcpOption() TCPOption {
	switch w := p.word("an option"); w {
	case "nop":
		return TCPOption{Kind: OptNOP}
	case "eol":
		return TCPOption{Kind: OptEOL}
	case "mss":
		return TCPOption{Kind: OptMSS, Value: uint32(p.number("the MSS", math.MaxUint16))}
	case "wscale":
		return TCPOption{Kind: OptWScale, Value: uint32(p.number("the window scale", math.MaxUint8))}
	case "sackOK":
		return TCPOption{Kind: OptSACKOK}
	case "sack":
		return p.sack()
	case "TS":
		o := TCPOption{Kind: OptTS}
		p.expect("val")
		o.Value = uint32(p.number("TSval", math.MaxUint32))
		p.expect("ecr")
		o.Ecr = uint32(p.number("TSecr", math.MaxUint32))
		return o
	case "md5":
		return TCPOption{Kind: OptMD5, Data: p.bytes(16, true)}
	case "FO":
		return TCPOption{Kind: OptFastOpen, Data: p.bytes(38, false)}
	case "FOEXP":
		return TCPOption{Kind: OptFastOpenX, Data: p.bytes(36, false)}
	case "ECN":
		return p.accECN()
	default:
		p.fail("%q is no option", w)
		return TCPOption{}
	}
}

// sack reads the blocks of a SACK option.
func (p *parser) sack() TCPOption {
	o := TCPOption{Kind: OptSACK}
	for p.tok.kind == tokInt {
		l := p.number("the left edge", math.MaxUint32)
		p.expect(":")
		r := p.number("the right edge", math.MaxUint32)
		o.Blocks = append(o.Blocks, SACKBlock{uint32(l), uint32(r)})
	}
	if len(o.Blocks) == 0 {
		p.fail("%s where a block should be, as 1:1001", p.tok)
	}
	return o
}

// bytes reads up to limit bytes in hexadecimal.
func (p *parser) bytes(limit int, needed bool) []byte {
	t := p.tok
	if t.kind != tokWord && t.kind != tokInt && t.kind != tokHex {
		if needed {
			p.fail("%s where bytes in hexadecimal should be", t)
		}
		return nil
	}
	if len(t.text)%2 != 0 || len(t.text)/2 > limit {
		p.fail("%s is no hexadecimal of up to %d bytes", t, limit)
		return nil
	}
	var b []byte
	for i := 0; i < len(t.text); i += 2 {
		v, err := strconv.ParseUint(t.text[i:i+2], 16, 8)
		if err != nil {
			p.fail("%s is not hexadecimal", t)
			return nil
		}
		b = append(b, byte(v))
	}
	p.advance()
	return b
}

// accECN reads the counters of the AccECN option, of three bytes each.
func (p *parser) accECN() TCPOption {
	o, order := TCPOption{Kind: OptAccECN0}, []string{"e0b", "ceb", "e1b"}
	if p.is("e1b") {
		o, order = TCPOption{Kind: OptAccECN1}, []string{"e1b", "ceb", "e0b"}
	}
	for i, name := range order {
		if i > 0 && !p.is(name) {
			break
		}
		p.expect(name)
		v := p.number("the counter", 1<<24-1)
		o.Data = append(o.Data, byte(v>>16), byte(v>>8), byte(v))
	}
	return o
}

// icmp reads a message behind its name.
func (p *parser) icmp() *ICMP {
	m := &ICMP{MTU: -1}
	m.Type = p.word("the type of an ICMP message")
	if p.tok.kind == tokWord && !p.is("mtu") && !p.is("id") {
		m.Code = p.advance().text
	}
	if p.accept("mtu") {
		m.MTU = p.number("the MTU", math.MaxUint32)
	}
	if p.accept("id") {
		m.ID = uint16(p.number("the identifier", math.MaxUint16))
	}
	if p.accept("[") {
		m.Echoed = &Echoed{Protocol: "tcp"}
		if p.is("udp") || p.is("raw") {
			m.Echoed.Protocol = p.advance().text
			p.expect("(")
			m.Echoed.Len = int(p.number("the length", math.MaxUint16))
			p.expect(")")
		} else {
			m.Echoed.Seq, m.Echoed.Len = p.sequence()
		}
		p.expect("]")
	}
	return m
}
