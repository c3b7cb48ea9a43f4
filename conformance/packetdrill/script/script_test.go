// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"errors"
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// parseEvent reads a script of one event.
func parseEvent(t *testing.T, text string) *Event {
	t.Helper()
	s, err := Parse("x.pkt", text, map[string]string{"NUM": "7", "TEXT": `"abc"`, "WORD": "SOCK_STREAM", "COOKIE": "aabb"})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if len(s.Events) != 1 {
		t.Fatalf("%s: %d events, want 1", text, len(s.Events))
	}
	return &s.Events[0]
}

func TestTimes(t *testing.T) {
	const ms = time.Millisecond
	tests := []struct {
		text string
		want Time
	}{
		{"0", Time{}},
		{"1", Time{At: time.Second}},
		{"0.25", Time{At: 250 * ms}},
		{".001", Time{At: ms}},
		{"+0", Time{Kind: Relative}},
		{"+.1", Time{Kind: Relative, At: 100 * ms}},
		{"+ 0.1", Time{Kind: Relative, At: 100 * ms}},
		{"*", Time{Kind: Any}},
		{"1~2", Time{Kind: AbsoluteRange, At: time.Second, End: 2 * time.Second}},
		{"+.1~+.105", Time{Kind: RelativeRange, At: 100 * ms, End: 105 * ms}},
		{"+0.3~+0.3", Time{Kind: RelativeRange, At: 300 * ms, End: 300 * ms}},
		// To the microsecond, however it comes out in binary.
		{"0.123457", Time{At: 123457 * time.Microsecond}},
	}
	for _, tt := range tests {
		if got := parseEvent(t, tt.text+" > . 1:1(0) ack 1").Time; got != tt.want {
			t.Errorf("%s is %+v, want %+v", tt.text, got, tt.want)
		}
	}
}

func TestSegments(t *testing.T) {
	seg := func(f Flags, seq uint32, n int, ack uint32) TCP { return TCP{Flags: f, Seq: seq, Len: n, Ack: ack} }
	with := func(t TCP, change func(*TCP)) TCP { change(&t); return t }
	tests := []struct {
		text string
		want TCP
	}{
		{"> S 0:0(0)", seg(SYN, 0, 0, 0)},
		{"> S. 0:0(0) ack 1", seg(SYN|ACK, 0, 0, 1)},
		{"> . 1:1001(1000) ack 1", seg(ACK, 1, 1000, 1)},
		{"> P. 1:1001(1000) ack 1", seg(PSH|ACK, 1, 1000, 1)},
		{"> FP. 1:11(10) ack 2", seg(FIN|PSH|ACK, 1, 10, 2)},
		{"> R 1:1(0)", seg(RST, 1, 0, 0)},
		{"> R. 1:1(0) ack 5", seg(RST|ACK, 1, 0, 5)},
		{"> SEW 0:0(0)", seg(SYN|ECE|CWR, 0, 0, 0)},
		{"> SEWA 0:0(0)", seg(SYN|ECE|CWR|AE, 0, 0, 0)},
		{"> - 1:1(0)", seg(0, 1, 0, 0)},
		{"> .5 1:1(0) ack 1", with(seg(ACK|ECE|AE, 1, 0, 1), func(t *TCP) { t.ACE = true })},
		{"> P.2 1:2(1) ack 1", with(seg(PSH|ACK|CWR, 1, 1, 1), func(t *TCP) { t.ACE = true })},
		{"< U. 1:101(100) ack 1 win 257 urg 100", with(seg(URG|ACK, 1, 100, 1), func(t *TCP) { t.Win, t.HasWin, t.Urgent = 257, true, 100 })},
		{"< . 4294967295:4294967295(0) ack 4294967295 win 0", with(seg(ACK, math.MaxUint32, 0, math.MaxUint32), func(t *TCP) { t.HasWin = true })},
		{"> S 0:0(0) <...>", with(seg(SYN, 0, 0, 0), func(t *TCP) { t.AnyOptions = true })},
		{"> S NUM:NUM(0)", seg(SYN, 7, 0, 0)},
	}
	for _, tt := range tests {
		e := parseEvent(t, "0 "+tt.text)
		if diff := cmp.Diff(&tt.want, e.Packet.TCP); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, diff)
		}
		if want := tt.text[0] == '>'; e.Packet.Out != want {
			t.Errorf("%s: Out is %v", tt.text, e.Packet.Out)
		}
	}
}

func TestOptions(t *testing.T) {
	tests := []struct {
		text string
		want []TCPOption
	}{
		{"mss 1460,nop,nop,sackOK,nop,wscale 8", []TCPOption{
			{Kind: OptMSS, Value: 1460}, {Kind: OptNOP}, {Kind: OptNOP}, {Kind: OptSACKOK}, {Kind: OptNOP}, {Kind: OptWScale, Value: 8},
		}},
		{"nop,nop,TS val 100 ecr 4294967295", []TCPOption{{Kind: OptNOP}, {Kind: OptNOP}, {Kind: OptTS, Value: 100, Ecr: math.MaxUint32}}},
		{"nop,nop,sack 1:2 3001:4001", []TCPOption{{Kind: OptNOP}, {Kind: OptNOP}, {Kind: OptSACK, Blocks: []SACKBlock{{1, 2}, {3001, 4001}}}}},
		{"eol,eol,eol,eol", []TCPOption{{Kind: OptEOL}, {Kind: OptEOL}, {Kind: OptEOL}, {Kind: OptEOL}}},
		{"FO,nop,nop", []TCPOption{{Kind: OptFastOpen}, {Kind: OptNOP}, {Kind: OptNOP}}},
		{"FO 12345678,nop,nop", []TCPOption{{Kind: OptFastOpen, Data: []byte{0x12, 0x34, 0x56, 0x78}}, {Kind: OptNOP}, {Kind: OptNOP}}},
		{"FOEXP", []TCPOption{{Kind: OptFastOpenX}}},
		{"FOEXP aAbb01fe", []TCPOption{{Kind: OptFastOpenX, Data: []byte{0xaa, 0xbb, 1, 0xfe}}}},
		{"FO COOKIE", []TCPOption{{Kind: OptFastOpen, Data: []byte{0xaa, 0xbb}}}},
		{"nop,nop,md5 000102030405060708090a0b0c0d0e0f", []TCPOption{{Kind: OptNOP}, {Kind: OptNOP}, {Kind: OptMD5, Data: []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}}},
		{"ECN e0b 1 ceb 258,nop,nop,nop,nop", []TCPOption{{Kind: OptAccECN0, Data: []byte{0, 0, 1, 0, 1, 2}}, {Kind: OptNOP}, {Kind: OptNOP}, {Kind: OptNOP}, {Kind: OptNOP}}},
		{"ECN e1b 1,nop,nop,nop", []TCPOption{{Kind: OptAccECN1, Data: []byte{0, 0, 1}}, {Kind: OptNOP}, {Kind: OptNOP}, {Kind: OptNOP}}},
	}
	for _, tt := range tests {
		got := parseEvent(t, "0 > . 1:1(0) ack 1 <"+tt.text+">").Packet.TCP.Options
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, diff)
			continue
		}
		// On the wire and back they are the same, and have the length they say.
		var b []byte
		for _, o := range got {
			n := len(b)
			if b = o.Append(b); len(b)-n != o.Len() {
				t.Errorf("%v has %d bytes, and says %d", o, len(b)-n, o.Len())
			}
		}
		back, err := ParseOptions(b)
		if diff := cmp.Diff(got, back, cmp.Transformer("bytes", func(b []byte) string { return string(b) })); err != nil || diff != "" {
			t.Errorf("%s on the wire and back: error %v, difference %s", tt.text, err, diff)
		}
	}
}

// What an option is printed as, it is read from.
func TestOptionStrings(t *testing.T) {
	const text = "mss 1460,sackOK,TS val 1 ecr 2,nop,wscale 8,sack 1:2 3:4,eol,nop"
	var words []string
	for _, o := range parseEvent(t, "0 > . 1:1(0) ack 1 <"+text+">").Packet.TCP.Options {
		words = append(words, o.String())
	}
	if got := strings.Join(words, ","); got != text {
		t.Errorf("printed as %s, want %s", got, text)
	}
	const segment = "P. 1:1001(1000) ack 1 win 257 <nop,nop,TS val 1 ecr 2>"
	if got := parseEvent(t, "0 < "+segment).Packet.TCP.String(); got != segment {
		t.Errorf("printed as %s, want %s", got, segment)
	}
}

func TestIPAndICMP(t *testing.T) {
	a4, b4 := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("10.0.0.1")
	a6, b6 := netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("fd3d:fa7b:d17d::")
	tests := []struct {
		text string
		want Packet
	}{
		{"> [ect0] . 1:1(0)", Packet{Out: true, IP: IPInfo{Check: TOSECN, TOS: 2}}},
		{"< [ect1] . 1:1(0) win 1", Packet{IP: IPInfo{Check: TOSECN, TOS: 1}}},
		{"< (ce) . 1:1(0) win 1", Packet{IP: IPInfo{Check: TOSECN, TOS: 3}}},
		{"> [noecn] . 1:1(0)", Packet{Out: true, IP: IPInfo{Check: TOSECN}}},
		{"> [ect01] . 1:1(0)", Packet{Out: true, IP: IPInfo{Check: TOSECT}}},
		{"> [tos 0x1c] . 1:1(0)", Packet{Out: true, IP: IPInfo{Check: TOSByte, TOS: 0x1c}}},
		{"> [ttl 63] . 1:1(0)", Packet{Out: true, IP: IPInfo{TTL: 63}}},
		{"> [ect0, flowlabel 0xfffff] . 1:1(0)", Packet{Out: true, IP: IPInfo{Check: TOSECN, TOS: 2, FlowLabel: 0xfffff}}},
		{"> 80 > 1234 . 1:1(0)", Packet{Out: true, SrcPort: 80, DstPort: 1234}},
		{"< udp (100)", Packet{UDP: &UDP{100}}},
		{"> udp 80 > 90 (0)", Packet{Out: true, SrcPort: 80, DstPort: 90, UDP: &UDP{}}},
		{"< icmp unreachable frag_needed mtu 1200 [1:1461(1460)]", Packet{ICMP: &ICMP{
			Type: "unreachable", Code: "frag_needed", MTU: 1200, Echoed: &Echoed{"tcp", 1, 1460},
		}}},
		{"< icmp unreachable [udp (8)]", Packet{ICMP: &ICMP{Type: "unreachable", MTU: -1, Echoed: &Echoed{Protocol: "udp", Len: 8}}}},
		{"> icmp echo_reply id 7 [raw (64)]", Packet{Out: true, ICMP: &ICMP{Type: "echo_reply", MTU: -1, ID: 7, Echoed: &Echoed{Protocol: "raw", Len: 64}}}},
		{"< icmp type_3 code_1", Packet{ICMP: &ICMP{Type: "type_3", Code: "code_1", MTU: -1}}},
		{"> ipv4 192.0.2.1 > 10.0.0.1: ipv6 [ttl 3] 2001:db8::1 > fd3d:fa7b:d17d::: . 1:1(0)", Packet{Out: true, Tunnel: []Tunnel{
			{Src: a4, Dst: b4}, {IP: IPInfo{TTL: 3}, Src: a6, Dst: b6},
		}}},
	}
	for _, tt := range tests {
		got := *parseEvent(t, "0 "+tt.text).Packet
		if (got.TCP == nil) != strings.Contains(tt.text, "icmp") && (got.TCP == nil) != strings.Contains(tt.text, "udp") {
			t.Errorf("%s: whether there is a segment is %v", tt.text, got.TCP != nil)
		}
		got.TCP, got.Line = nil, 0
		if diff := cmp.Diff(tt.want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestCalls(t *testing.T) {
	at := At(1)
	num := func(v int64) Expr { return &Int{at, v} }
	word := func(s string) Expr { return &Word{at, s} }
	any := &Ellipsis{at}
	tests := []struct {
		text string
		want Call
	}{
		{"socket(..., WORD, 0) = 3", Call{Name: "socket", Args: []Expr{any, word("SOCK_STREAM"), num(0)}, Result: num(3)}},
		{"accept(3, ..., ...) = -1 EAGAIN (Resource temporarily unavailable)", Call{
			Name: "accept", Args: []Expr{num(3), any, any}, Result: num(-1), Errno: "EAGAIN", Note: "Resource temporarily unavailable",
		}},
		{"fcntl(3, F_GETFL) = 0x2 (flags O_RDWR)", Call{Name: "fcntl", Args: []Expr{num(3), word("F_GETFL")}, Result: num(2), Note: "flags O_RDWR"}},
		{"...0.5 read(4, NULL, 0xffff) = ...", Call{
			Name: "read", Blocks: true, End: 500 * time.Millisecond, Args: []Expr{num(4), word("NULL"), num(0xffff)}, Result: any,
		}},
		{"f() = 0", Call{Name: "f", Result: num(0)}},
		{"f(A|B|1) = 0", Call{Name: "f", Args: []Expr{&Or{at, &Or{at, word("A"), word("B")}, num(1)}}, Result: num(0)}},
		{"f([], [1], [A, ...]) = 0", Call{Name: "f", Args: []Expr{
			&List{At: at}, &List{at, []Expr{num(1)}}, &List{at, []Expr{word("A"), any}},
		}, Result: num(0)}},
		{`f("a\n\x41\"" "b", "c"..., TEXT) = 0`, Call{Name: "f", Args: []Expr{
			&String{at, "a\nA\"b", false}, &String{at, "c", true}, &String{at, "abc", false},
		}, Result: num(0)}},
		{"f({onoff=1, linger=0}, x = 3) = 0", Call{Name: "f", Args: []Expr{
			&Struct{at, []Field{{Name: "onoff", Value: num(1)}, {Name: "linger", Value: num(0)}}}, &Assign{at, "x", num(3)},
		}, Result: num(0)}},
		{"f({..., 10}, {}) = 0", Call{Name: "f", Args: []Expr{&Struct{at, []Field{{Value: any}, {Value: num(10)}}}, &Struct{At: at}}, Result: num(0)}},
		{"f({msg_name(...)=..., msg_iov(2)=[{..., 1}], msg_flags=A|B}) = 0", Call{Name: "f", Args: []Expr{&Struct{at, []Field{
			{Name: "msg_name", Arg: any, Value: any},
			{Name: "msg_iov", Arg: num(2), Value: &List{at, []Expr{&Struct{at, []Field{{Value: any}, {Value: num(1)}}}}}},
			{Name: "msg_flags", Value: &Or{at, word("A"), word("B")}},
		}}}, Result: num(0)}},
		{`f({sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.1")}) = 0`, Call{Name: "f", Args: []Expr{&Struct{at, []Field{
			{Name: "sa_family", Value: word("AF_INET")},
			{Name: "sin_port", Value: &Apply{at, "htons", []Expr{num(80)}}},
			{Name: "sin_addr", Value: &Apply{at, "inet_addr", []Expr{&String{at, "192.0.2.1", false}}}},
		}}}, Result: num(0)}},
	}
	for _, tt := range tests {
		got := *parseEvent(t, "0 "+tt.text).Call
		tt.want.Line = 1
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, diff)
		}
	}
}

func TestWholeScript(t *testing.T) {
	const text = `// A comment.
--tolerance_usecs=7000 // another
--define=PORT=IPPROTO_TCP --tcp_ts_ecr_scaled
--local_ip=192.168.0.1 --ip_version=ipv4-mapped-ipv6
/* one
   more */
` + "`../common/defaults.sh\nsysctl -q x=1`" + `
   0 socket(..., SOCK_STREAM, PORT) = 3
 +.1 ` + "`true`" + `
  +0 %{ assert a == 1; \
        assert b }%  // why
* > S 0:0(0)
` + "`cleanup`\n"
	want := &Script{
		Name: "w.pkt",
		Options: []Option{
			{2, "tolerance_usecs", "7000"}, {3, "define", "PORT=IPPROTO_TCP"}, {3, "tcp_ts_ecr_scaled", ""},
			{4, "local_ip", "192.168.0.1"}, {4, "ip_version", "ipv4-mapped-ipv6"},
		},
		Init:    &Command{7, "../common/defaults.sh\nsysctl -q x=1"},
		Cleanup: &Command{14, "cleanup"},
		Events: []Event{
			{Line: 9, Call: &Call{
				Line: 9, Name: "socket", Args: []Expr{&Ellipsis{9}, &Word{9, "SOCK_STREAM"}, &Word{9, "IPPROTO_TCP"}}, Result: &Int{9, 3},
			}},
			{Line: 10, Time: Time{Kind: Relative, At: 100 * time.Millisecond}, Command: &Command{10, "true"}},
			{Line: 11, Time: Time{Kind: Relative}, Code: &Code{11, "assert a == 1; \\\n        assert b"}},
			{Line: 13, Time: Time{Kind: Any}, Packet: &Packet{Line: 13, Out: true, TCP: &TCP{Flags: SYN}}},
		},
	}
	got, err := Parse("w.pkt", text, nil)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestErrors(t *testing.T) {
	tests := []struct {
		text string
		line int
		want string // part of the message
	}{
		{"", 1, "no event"},
		{"`init`", 1, "no event"},
		{"0", 1, "where a packet"},
		{"\n\n-1 > S 0:0(0)", 3, "no time"},
		{"0 > S 0:1(0)", 1, "do not end at"},
		{"0 > S 0:5000000000(0)", 1, "not within"},
		{"0 < S 0:0(0)", 1, "window"},
		{"0 < S 0:0(0) win 65536", 1, "not within"},
		{"0 < S 0:0(0) win 1 <...>", 1, "for packets that go out"},
		{"0 > X 0:0(0)", 1, "no flag"},
		{"0 > SE5. 0:0(0)", 1, "twice"},
		{"0 > 0:0(0)", 1, `where ">" should be`},
		{"0 > S 0:0(0) <mss 1460,nop>", 1, "multiple of 4"},
		{"0 > S 0:0(0) <sack 1:2 1:2 1:2 1:2 1:2,nop,nop>", 1, "more than 40"},
		{"0 > S 0:0(0) <mss 65536>", 1, "not within"},
		{"0 > S 0:0(0) <wscale 256,nop>", 1, "not within"},
		{"0 > S 0:0(0) <what>", 1, "no option"},
		{"0 > S 0:0(0) <FO abc,nop>", 1, "hexadecimal"},
		{"0 > S 0:0(0) <md5 zz>", 1, "hexadecimal"},
		{"0 > S 0:0(0) <mss 1460", 1, "the end"},
		{"0 > [tos 28] S 0:0(0)", 1, "0x1"},
		{"0 > [tos 0x100] S 0:0(0)", 1, "more than"},
		{"0 < [ect01] S 0:0(0) win 1", 1, "go out"},
		{"0 > . 1:65536(65535)", 1, "does not fit"},
		{"* < S 0:0(0) win 1", 1, "goes out"},
		{"0~1 f() = 0", 1, "goes out"},
		{"1~0.5 > S 0:0(0)", 1, "before it begins"},
		{"0 f( = 0", 1, "expression"},
		{"0 f(1) 0", 1, `"="`},
		{"0 f(1) = -1 EINVAL", 1, "parentheses"},
		{`0 f("a`, 1, "no end"},
		{`0 f("\q") = 0`, 1, "means nothing"},
		{"/* ", 1, "no end"},
		{"0 %{ assert", 1, "no end"},
		{"`x", 1, "no end"},
		{"0 `x`\n`y`\nz", 3, "after the last command"},
		{"--x=`y`\n0 f() = 0", 1, "value of --x"},
		{"--x=a- 1\n0 f() = 0", 1, "rest of a value"},
		{"0 f(99999999999999999999) = 0", 1, "too large"},
		{"0 f(" + strings.Repeat("[", 100) + ") = 0", 1, "deep"},
		{strings.Repeat(" ", maxSize+1), 1, "more than"},
	}
	for _, tt := range tests {
		s, err := Parse("bad.pkt", tt.text, nil)
		var syntax *SyntaxError
		if s != nil || !errors.As(err, &syntax) {
			t.Errorf("%.60q: script %v, error %v, want a SyntaxError", tt.text, s != nil, err)
			continue
		}
		if syntax.Line != tt.line || !strings.Contains(syntax.Msg, tt.want) || syntax.Name != "bad.pkt" {
			t.Errorf("%.60q: %v, want line %d and %q", tt.text, err, tt.line, tt.want)
		}
	}
}

func TestUnsupported(t *testing.T) {
	for text, want := range map[string]string{
		"0 > S 0:0(0)\n0 > gre: . 1:1(0)":                                            "gre",
		"0 > S 0:0(0)\n0 > gre flags 0x1, sum 0, off 0, key 0, seq 0: . 1:1(0)":      "gre",
		"0 > S 0:0(0)\n0 > mpls (label 1, tc 0, [S], ttl 3): . 1:1(0)":               "mpls",
		"0 > S 0:0(0)\n0 > encap psp spi 0x1 . 1:1(0)":                               "PSP",
		"0 > S 0:0(0)\n0 f({(label 1, tc 0, ttl 3)}) = 0":                            "MPLS",
		"0 > S 0:0(0)\n0 f({flags [none], sum 0, off 0, key = 0, seq 0}) = 0 (text)": "GRE",
	} {
		_, err := Parse("u.pkt", text, nil)
		var u *UnsupportedError
		if !errors.As(err, &u) || u.Line != 2 || !strings.Contains(u.What, want) {
			t.Errorf("%q: %v, want that %s is unsupported, line 2", text, err, want)
		}
	}
}

// Words that packetdrill knows are not replaced, and a definition in the script
// is in force at once.
func TestDefines(t *testing.T) {
	s, err := Parse("d.pkt", "--define=A=5\n0 f(A, mss, B) = 0", map[string]string{"mss": "9", "B": "0x10", "A": "1"})
	if err != nil {
		t.Fatal(err)
	}
	want := []Expr{&Int{2, 5}, &Word{2, "mss"}, &Int{2, 16}}
	if diff := cmp.Diff(want, s.Events[0].Call.Args); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
