// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

import (
	"encoding/binary"
	"fmt"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
)

// flow is one connection as the peer sees it. Its sequence numbers are what the
// numbers of cases count from.
type flow struct {
	peer, stack uint16 // ports
	irs, iss    uint32 // the peer's and the stack's initial sequence numbers
	known       bool   // whether iss is
	lastTS      uint32 // the last TSval that the stack sent
	acked       int    // what the peer has acknowledged
	wscale      int    // the stack's, -1 where it offered none
	peerWS      bool   // the peer offered scaling
}

// textAt returns n bytes of a stream from a position, counted from the initial
// sequence number: text that comes from the wrong place is told.
func textAt(at, n int) []byte {
	text := make([]byte, n)
	for i := range text {
		text[i] = byte(at+i) ^ byte((at+i)>>8)
	}
	return text
}

// encode makes p, from the peer of f, a TCP segment with its checksum left at 0.
func encode(p *packet, f *flow) []byte {
	opts := encodeOptions(p, f)
	b := make([]byte, header.TCPMinimumSize+len(opts)+p.end-p.seq)
	h := header.TCP(b)
	fields := header.TCPFields{
		SrcPort: f.peer, DstPort: f.stack,
		SeqNum:     f.irs + uint32(p.seq),
		DataOffset: uint8(header.TCPMinimumSize + len(opts)),
		Flags:      p.flags, WindowSize: uint16(p.win), UrgentPointer: uint16(p.urg),
	}
	if p.flags.Contains(header.TCPFlagAck) || p.hasAck {
		fields.AckNum = f.iss + uint32(p.ack)
		f.acked = max(f.acked, p.ack)
	}
	h.Encode(&fields)
	copy(b[header.TCPMinimumSize:], opts)
	copy(b[header.TCPMinimumSize+len(opts):], textAt(p.seq, p.end-p.seq))
	return b
}

func encodeOptions(p *packet, f *flow) []byte {
	var b []byte
	for _, o := range p.opts {
		switch o.kind {
		case "mss":
			b = append(b, header.TCPOptionMSS, 4, byte(o.a>>8), byte(o.a))
		case "sackOK":
			b = append(b, header.TCPOptionSACKPermitted, 2)
		case "ws":
			b = append(b, header.TCPOptionWS, 3, byte(o.a))
		case "ts":
			ecr := uint32(o.b)
			if o.b == lastValue {
				ecr = f.lastTS
			}
			b = append(b, header.TCPOptionTS, 10)
			b = binary.BigEndian.AppendUint32(b, uint32(o.a))
			b = binary.BigEndian.AppendUint32(b, ecr)
		case "sack":
			b = append(b, header.TCPOptionSACK, byte(2+8*len(o.blocks)))
			for _, r := range o.blocks {
				b = binary.BigEndian.AppendUint32(b, f.iss+uint32(r[0]))
				b = binary.BigEndian.AppendUint32(b, f.iss+uint32(r[1]))
			}
		case "raw":
			b = append(b, o.raw...)
		}
	}
	for len(b)%4 != 0 {
		b = append(b, header.TCPOptionNOP)
	}
	return b
}

// seal gives a segment its checksum, or a wrong one.
func seal(b []byte, src, dst tcpip.Address, bad bool) {
	h := header.TCP(b)
	xsum := header.PseudoHeaderChecksum(header.TCPProtocolNumber, src, dst, uint16(len(b)))
	h.SetChecksum(0)
	sum := ^checksum.Checksum(b, xsum)
	if bad {
		sum ^= 0x5555
	}
	h.SetChecksum(sum)
}

// decode reads a segment of the stack's, and tells what no segment may be.
func decode(b []byte, src, dst tcpip.Address, f *flow) (*packet, error) {
	h := header.TCP(b)
	if len(b) < header.TCPMinimumSize || int(h.DataOffset()) < header.TCPMinimumSize || int(h.DataOffset()) > len(b) {
		return nil, fmt.Errorf("the header's length is wrong (RFC 9293, section 3.1)")
	}
	xsum := header.PseudoHeaderChecksum(header.TCPProtocolNumber, src, dst, uint16(len(b)))
	if checksum.Checksum(b, xsum) != 0xffff {
		return nil, fmt.Errorf("the checksum is wrong (RFC 9293, section 3.1, MUST-2)")
	}
	if b[12]&0x0e != 0 {
		return nil, fmt.Errorf("reserved bits are set (RFC 9293, section 3.1)")
	}
	p := &packet{flags: h.Flags(), win: int(h.WindowSize()), urg: int(h.UrgentPointer())}
	if f.flagsSYN(p) {
		f.iss, f.known = h.SequenceNumber(), true
		f.wscale = -1
	}
	p.seq = int(int32(h.SequenceNumber() - f.iss))
	p.end = p.seq + len(b) - int(h.DataOffset())
	if p.flags.Contains(header.TCPFlagAck) {
		p.hasAck, p.ack = true, int(int32(h.AckNumber()-f.irs))
	} else if h.AckNumber() != 0 && p.flags != header.TCPFlagRst {
		p.ack = int(h.AckNumber())
	}
	if err := decodeOptions(p, f, b[header.TCPMinimumSize:h.DataOffset()]); err != nil {
		return nil, err
	}
	// A probe may have an octet of no meaning that the peer has already.
	if got, want := b[h.DataOffset():], textAt(p.seq, p.end-p.seq); string(got) != string(want) && p.end > f.acked {
		return nil, fmt.Errorf("the text at %d is not what was written there", p.seq)
	}
	return p, nil
}

// flagsSYN reports whether p begins its side of the connection.
func (f *flow) flagsSYN(p *packet) bool {
	return p.flags.Contains(header.TCPFlagSyn) && !f.known
}

func decodeOptions(p *packet, f *flow, b []byte) error {
	syn := p.flags.Contains(header.TCPFlagSyn)
	for i := 0; i < len(b); {
		kind := b[i]
		if kind == header.TCPOptionEOL {
			for _, pad := range b[i:] {
				if pad != 0 {
					return fmt.Errorf("the padding after the options is not zero (RFC 9293, section 3.1, MUST-69)")
				}
			}
			return nil
		}
		if kind == header.TCPOptionNOP {
			i++
			continue
		}
		if i+1 >= len(b) || b[i+1] < 2 || i+int(b[i+1]) > len(b) {
			return fmt.Errorf("option %d has no length that fits (RFC 9293, section 3.1, MUST-68)", kind)
		}
		body := b[i+2 : i+int(b[i+1])]
		i += int(b[i+1])
		o := option{}
		switch {
		case kind == header.TCPOptionMSS && len(body) == 2:
			o = option{kind: "mss", a: int(binary.BigEndian.Uint16(body))}
			if !syn {
				return fmt.Errorf("an MSS option without SYN (RFC 9293, section 3.2, MUST-65)")
			}
		case kind == header.TCPOptionSACKPermitted && len(body) == 0:
			o = option{kind: "sackOK"}
			if !syn {
				return fmt.Errorf("a SACK-permitted option without SYN (RFC 2018, section 2)")
			}
		case kind == header.TCPOptionWS && len(body) == 1:
			o = option{kind: "ws", a: int(body[0])}
			if !syn {
				return fmt.Errorf("a window scale option without SYN (RFC 7323, section 2.2)")
			}
			if o.a > 14 {
				return fmt.Errorf("a window scale of %d (RFC 7323, section 2.3)", o.a)
			}
			f.wscale = o.a
		case kind == header.TCPOptionTS && len(body) == 8:
			f.lastTS = binary.BigEndian.Uint32(body)
			o = option{kind: "ts", a: int(f.lastTS), b: int(binary.BigEndian.Uint32(body[4:]))}
		case kind == header.TCPOptionSACK && len(body) > 0 && len(body)%8 == 0:
			o = option{kind: "sack"}
			for ; len(body) > 0; body = body[8:] {
				o.blocks = append(o.blocks, [2]int{
					int(int32(binary.BigEndian.Uint32(body) - f.irs)),
					int(int32(binary.BigEndian.Uint32(body[4:]) - f.irs))})
			}
		default:
			o = option{kind: "raw", raw: append([]byte{kind}, body...)}
		}
		if p.option(o.kind) != nil {
			return fmt.Errorf("two options %s in one packet", o.kind)
		}
		p.opts = append(p.opts, o)
	}
	return nil
}
