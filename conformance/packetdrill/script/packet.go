// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"fmt"
	"net/netip"
	"strings"
)

// Packet is a packet that comes in or is to go out. Exactly one of TCP, UDP and
// ICMP is set.
type Packet struct {
	Line int
	// Out tells that the packet is to go out (>), and not to come in (<).
	Out bool
	// Tunnel are headers outside of the packet's own, the outermost first.
	Tunnel []Tunnel
	IP     IPInfo
	// SrcPort and DstPort are 0 where the script names none.
	SrcPort, DstPort uint16

	TCP  *TCP
	UDP  *UDP
	ICMP *ICMP
}

// Tunnel is an IP header around a packet.
type Tunnel struct {
	IP       IPInfo
	Src, Dst netip.Addr
}

// TOSCheck tells what of the TOS byte, or the traffic class, a script names.
type TOSCheck uint8

// What a script names.
const (
	TOSNone TOSCheck = iota
	// TOSECN is the two ECN bits: [ect0], [ect1], [ce], [noecn].
	TOSECN
	// TOSECT is that they are ECT(0) or ECT(1): [ect01].
	TOSECT
	// TOSByte is all of it: [tos 0x10].
	TOSByte
)

// IPInfo is what a script says of the IP header.
type IPInfo struct {
	Check TOSCheck
	// TOS is the ECN bits or the byte, as Check says.
	TOS uint8
	// TTL and FlowLabel are 0 where the script names none.
	TTL       uint8
	FlowLabel uint32
}

// Flags are those of a TCP header, as in its thirteenth and fourteenth byte.
type Flags uint16

// The flags (RFC 9293, section 3.1; RFC 3168; AE is RFC 7560's).
const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
	AE
)

// flagLetters are the flags in the order in which tcpdump writes them.
var flagLetters = []struct {
	letter byte
	flag   Flags
}{{'F', FIN}, {'S', SYN}, {'R', RST}, {'P', PSH}, {'E', ECE}, {'W', CWR}, {'A', AE}, {'U', URG}, {'.', ACK}}

// String returns the flags as scripts write them, and "-" for none.
func (f Flags) String() string {
	var b strings.Builder
	for _, l := range flagLetters {
		if f&l.flag != 0 {
			b.WriteByte(l.letter)
		}
	}
	if b.Len() == 0 {
		return "-"
	}
	return b.String()
}

// TCP is a segment, with the script's sequence numbers: relative to the initial
// one, but in a SYN.
type TCP struct {
	Flags Flags
	// ACE tells that ECE, CWR and AE are the counter of AccECN and were written
	// as one number.
	ACE bool
	Seq uint32
	// Len is the bytes of text, at most 65,535.
	Len int
	// Ack is 0 where the script has none.
	Ack uint32
	// Win is the window as in the header. HasWin tells whether there is one.
	Win    uint16
	HasWin bool
	Urgent uint16
	// Options are in their order. AnyOptions is <...>: they may be any.
	Options    []TCPOption
	AnyOptions bool
}

// OptionKind is a TCP option's number (IANA).
type OptionKind uint8

// The options that scripts write.
const (
	OptEOL       OptionKind = 0
	OptNOP       OptionKind = 1
	OptMSS       OptionKind = 2
	OptWScale    OptionKind = 3
	OptSACKOK    OptionKind = 4
	OptSACK      OptionKind = 5
	OptTS        OptionKind = 8
	OptMD5       OptionKind = 19
	OptFastOpen  OptionKind = 34
	OptAccECN0   OptionKind = 172
	OptAccECN1   OptionKind = 174
	OptFastOpenX OptionKind = 254
)

// fastOpenMagic begins the experimental option of Fast Open (RFC 7413, 4.1.1).
const fastOpenMagic = 0xf989

// SACKBlock is an edge to an edge (RFC 2018, section 3).
type SACKBlock struct{ Left, Right uint32 }

// TCPOption is one option. What it means depends on the kind.
type TCPOption struct {
	Kind OptionKind
	// Value is the MSS, the shift of the window scale, or TSval.
	Value uint32
	// Ecr is TSecr.
	Ecr uint32
	// Blocks are those of SACK.
	Blocks []SACKBlock
	// Data is a cookie, a digest, or the content of a kind not known here.
	Data []byte
}

// Len returns how many bytes the option takes in a header.
func (o TCPOption) Len() int {
	switch o.Kind {
	case OptEOL, OptNOP:
		return 1
	case OptMSS:
		return 4
	case OptWScale:
		return 3
	case OptSACKOK:
		return 2
	case OptSACK:
		return 2 + 8*len(o.Blocks)
	case OptTS:
		return 10
	case OptFastOpenX:
		return 4 + len(o.Data)
	default:
		return 2 + len(o.Data)
	}
}

// String returns the option as scripts write it.
func (o TCPOption) String() string {
	switch o.Kind {
	case OptEOL:
		return "eol"
	case OptNOP:
		return "nop"
	case OptMSS:
		return fmt.Sprintf("mss %d", o.Value)
	case OptWScale:
		return fmt.Sprintf("wscale %d", o.Value)
	case OptSACKOK:
		return "sackOK"
	case OptSACK:
		s := "sack"
		for _, b := range o.Blocks {
			s += fmt.Sprintf(" %d:%d", b.Left, b.Right)
		}
		return s
	case OptTS:
		return fmt.Sprintf("TS val %d ecr %d", o.Value, o.Ecr)
	case OptMD5:
		return fmt.Sprintf("md5 %x", o.Data)
	case OptFastOpen:
		return strings.TrimRight(fmt.Sprintf("FO %x", o.Data), " ")
	case OptFastOpenX:
		return strings.TrimRight(fmt.Sprintf("FOEXP %x", o.Data), " ")
	default:
		return fmt.Sprintf("option %d %x", o.Kind, o.Data)
	}
}

// String returns the segment as scripts write it.
func (t *TCP) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v %d:%d(%d)", t.Flags, t.Seq, t.Seq+uint32(t.Len), t.Len)
	if t.Flags&ACK != 0 {
		fmt.Fprintf(&b, " ack %d", t.Ack)
	}
	if t.HasWin {
		fmt.Fprintf(&b, " win %d", t.Win)
	}
	if t.Urgent != 0 {
		fmt.Fprintf(&b, " urg %d", t.Urgent)
	}
	if t.AnyOptions {
		b.WriteString(" <...>")
	} else if len(t.Options) > 0 {
		var opts []string
		for _, o := range t.Options {
			opts = append(opts, o.String())
		}
		b.WriteString(" <" + strings.Join(opts, ",") + ">")
	}
	return b.String()
}

// UDP is a datagram.
type UDP struct {
	// Len is the bytes of its payload, at most 65,535.
	Len int
}

// ICMP is a message, with the words of the script.
type ICMP struct {
	// Type and Code are as "unreachable" and "frag_needed"; Code may be empty.
	Type, Code string
	// MTU is -1 where the script has none; ID is 0 then.
	MTU int64
	ID  uint16
	// Echoed is the packet that the message is about; nil where the script does
	// not say, which is a TCP segment of nothing at 0.
	Echoed *Echoed
}

// Echoed is what a message is about.
type Echoed struct {
	// Protocol is tcp, udp or raw.
	Protocol string
	Seq      uint32
	Len      int
}
