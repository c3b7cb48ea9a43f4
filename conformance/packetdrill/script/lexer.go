// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// kind is a token's.
type kind uint8

const (
	tokEOF kind = iota
	tokPunct
	tokWord
	tokInt
	tokHex
	tokFloat
	tokString
	tokBackQuoted
	tokCode
	tokOption
	tokEllipsis
	tokAddr
)

// token is a piece of a script.
type token struct {
	kind kind
	line int    // where it begins
	text string // without quotes and the like
	num  int64  // tokInt, tokHex
	addr netip.Addr
}

// lexer cuts a script into tokens. After an error there is only tokEOF.
type lexer struct {
	src     string
	pos     int
	line    int
	defines map[string]string
	err     string
	errLine int
}

// reserved are the words that a definition does not replace.
var reserved = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`sa_family sin_port sin_addr msg_name msg_iov msg_flags msg_control
		cmsg_data cmsg_level cmsg_type ee_errno ee_origin ee_type ee_code ee_info ee_data scm_sec scm_nsec
		fd u32 u64 ptr events revents onoff linger htons ipv4 ipv6 icmp udp GREv0 gre raw sum off key seq none
		checksum present encap psp spi mpls label tc ttl inet_addr inet6_addr ack eol ecr mss mtu nop sack
		sackOK md5 TS FO FOEXP ECN e0b e1b ceb tos flowlabel flags Flags val win urg wscale ect01 ect0 ect1
		noecn ce id`) {
		m[w] = true
	}
	return m
}()

// fail ends the script with an error.
func (l *lexer) fail(line int, format string, args ...any) {
	if l.err == "" {
		l.err, l.errLine = fmt.Sprintf(format, args...), line
	}
	l.pos = len(l.src)
}

// next returns the next token.
func (l *lexer) next() token {
	l.space()
	t := token{line: l.line}
	if l.pos >= len(l.src) {
		return t
	}
	rest := l.src[l.pos:]
	switch c := rest[0]; {
	case c == '"' || c == '`':
		return l.quoted(c)
	case strings.HasPrefix(rest, "%{"):
		return l.code()
	case strings.HasPrefix(rest, "..."):
		t.kind = tokEllipsis
		return l.take(t, 3)
	case strings.HasPrefix(rest, "--") && len(rest) > 2 && isWord(rest[2]):
		n := 2 + span(rest[2:], isWord)
		t.kind, t.text = tokOption, rest[2:n]
		return l.take(t, n)
	case isWord(c) || c == '-' || c == '.' || c == ':':
		return l.wordOrNumber(t, rest)
	default:
		t.kind, t.text = tokPunct, rest[:1]
		return l.take(t, 1)
	}
}

// take moves behind a token of n bytes and returns it.
func (l *lexer) take(t token, n int) token {
	l.line += strings.Count(l.src[l.pos:l.pos+n], "\n")
	l.pos += n
	return t
}

// space skips spaces and comments.
func (l *lexer) space() {
	for l.pos < len(l.src) {
		rest := l.src[l.pos:]
		switch {
		case strings.ContainsRune(" \t\r\n", rune(rest[0])):
			l.take(token{}, 1)
		case strings.HasPrefix(rest, "//"):
			n := strings.IndexByte(rest, '\n')
			if n < 0 {
				n = len(rest)
			}
			l.take(token{}, n)
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				l.fail(l.line, "a comment has no end")
				return
			}
			l.take(token{}, n+4)
		default:
			return
		}
	}
}

// quoted reads what is in quotes or back quotes. A backslash keeps the quote
// after it from being the end.
func (l *lexer) quoted(q byte) token {
	t := token{kind: tokString, line: l.line}
	if q == '`' {
		t.kind = tokBackQuoted
	}
	rest := l.src[l.pos:]
	for i := 1; i < len(rest); i++ {
		switch rest[i] {
		case '\\':
			i++
		case q:
			t.text = rest[1:i]
			return l.take(t, i+1)
		}
	}
	l.fail(l.line, "a quotation has no end")
	return token{line: t.line}
}

// code reads what is in %{ }%.
func (l *lexer) code() token {
	rest := l.src[l.pos:]
	n := strings.Index(rest[2:], "}%")
	if n < 0 {
		l.fail(l.line, "a piece of code has no end")
		return token{line: l.line}
	}
	t := token{kind: tokCode, line: l.line, text: strings.Trim(rest[2:2+n], " \t")}
	return l.take(t, n+4)
}

// wordOrNumber reads whichever of an address, a number and a word is longest.
func (l *lexer) wordOrNumber(t token, rest string) token {
	if a, n := address(rest); n > 0 {
		t.kind, t.addr, t.text = tokAddr, a, rest[:n]
		return l.take(t, n)
	}
	num, float := number(rest)
	word := span(rest, isWord)
	switch {
	case float && num > word:
		t.kind, t.text = tokFloat, rest[:num]
		return l.take(t, num)
	case word > num:
		return l.word(t, rest[:word])
	case num > 0:
		t.kind, t.text = tokInt, rest[:num]
		return l.integer(t, num, 10)
	}
	t.kind, t.text = tokPunct, rest[:1]
	return l.take(t, 1)
}

// integer reads a number of n bytes.
func (l *lexer) integer(t token, n, base int) token {
	v, err := strconv.ParseInt(strings.TrimPrefix(t.text, "0x"), base, 64)
	if err != nil {
		l.fail(t.line, "%s is too large a number", t.text)
		return token{line: t.line}
	}
	t.num = v
	return l.take(t, n)
}

// word reads a word, a number in hexadecimal, or what a definition put in the
// word's place.
func (l *lexer) word(t token, text string) token {
	t.kind, t.text = tokWord, text
	if h := strings.TrimPrefix(text, "0x"); len(h) < len(text) && h != "" && span(h, isHex) == len(h) {
		t.kind = tokHex
		return l.integer(t, len(text), 16)
	}
	v, defined := l.defines[text]
	if !defined || reserved[text] {
		return l.take(t, len(text))
	}
	t = l.take(t, len(text))
	if n := len(v); n >= 2 && v[0] == v[n-1] && (v[0] == '"' || v[0] == '`') {
		t.kind, t.text = tokString, v[1:n-1]
		if v[0] == '`' {
			t.kind = tokBackQuoted
		}
		return t
	}
	t.text = v
	if i, err := strconv.ParseInt(v, 0, 64); err == nil {
		t.kind, t.num = tokInt, i
	}
	return t
}

// number returns how many bytes of s are a decimal number, 0 for none, and
// whether it has a point.
func number(s string) (n int, float bool) {
	i := 0
	if i < len(s) && s[i] == '-' {
		i++
	}
	digits := span(s[i:], isDigit)
	i += digits
	if i < len(s) && s[i] == '.' {
		if f := span(s[i+1:], isDigit); f > 0 {
			return i + 1 + f, true
		}
	}
	if digits == 0 {
		return 0, false
	}
	return i, false
}

// longestAddress is more than any text of an IP address has.
const longestAddress = 46

// address returns the IP address that s begins with, and its length.
func address(s string) (netip.Addr, int) {
	n := span(s[:min(len(s), longestAddress)], func(c byte) bool { return isHex(c) || c == ':' || c == '.' })
	if n < len(s) && isWord(s[n]) {
		return netip.Addr{}, 0
	}
	for ; n > 1; n-- {
		if a, err := netip.ParseAddr(s[:n]); err == nil {
			return a, n
		}
	}
	return netip.Addr{}, 0
}

// span returns how many bytes at the start of s are such.
func span(s string, such func(byte) bool) int {
	for i := range len(s) {
		if !such(s[i]) {
			return i
		}
	}
	return len(s)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func isWord(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
}
