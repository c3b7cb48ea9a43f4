// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"maps"
	"math"
	"strconv"
	"strings"
	"time"
)

// Limits that keep a script from taking memory without end.
const (
	maxDepth = 64      // of expressions in each other
	maxTime  = 1e6     // seconds
	maxSize  = 4 << 20 // bytes of a script
)

// Parse reads a script. The name is for messages. The defines are what words
// stand for, as by packetdrill's -D; the script's own --define come on top.
//
// The error is a *SyntaxError or an *UnsupportedError.
func Parse(name, text string, defines map[string]string) (*Script, error) {
	p := &parser{lexer: lexer{src: text, line: 1, defines: maps.Clone(defines)}}
	if p.lexer.defines == nil {
		p.lexer.defines = map[string]string{}
	}
	if len(text) > maxSize {
		p.lexer.fail(1, "the script has more than %d bytes", maxSize)
	}
	p.advance()
	s := p.script()
	s.Name = name
	switch {
	case p.lexer.err != "":
		return nil, &SyntaxError{name, p.lexer.errLine, p.lexer.err}
	case p.unsupported != nil:
		p.unsupported.Name = name
		return nil, p.unsupported
	}
	return s, nil
}

// parser has one token of lookahead. After an error it only sees the end, so
// that every loop ends.
type parser struct {
	lexer       lexer
	tok         token
	depth       int
	unsupported *UnsupportedError // the first
}

func (p *parser) advance() token {
	t := p.tok
	p.tok = p.lexer.next()
	return t
}

// fail ends the script with an error at the token at hand.
func (p *parser) fail(format string, args ...any) {
	p.failAt(p.tok.line, format, args...)
}

func (p *parser) failAt(line int, format string, args ...any) {
	p.lexer.fail(line, format, args...)
	p.tok = token{line: p.tok.line}
}

// lack notes what the tree cannot hold.
func (p *parser) lack(line int, what string) {
	if p.unsupported == nil {
		p.unsupported = &UnsupportedError{Line: line, What: what}
	}
}

// is reports whether the token at hand is that punctuation or word.
func (p *parser) is(text string) bool {
	return (p.tok.kind == tokPunct || p.tok.kind == tokWord) && p.tok.text == text
}

// accept skips that punctuation or word, if it is at hand.
func (p *parser) accept(text string) bool {
	if !p.is(text) {
		return false
	}
	p.advance()
	return true
}

// expect skips that punctuation or word, which must be at hand.
func (p *parser) expect(text string) {
	if !p.accept(text) {
		p.fail("%s where %q should be", p.tok, text)
	}
}

// String names the token in messages.
func (t token) String() string {
	switch t.kind {
	case tokEOF:
		return "the end"
	case tokEllipsis:
		return `"..."`
	case tokString, tokBackQuoted, tokCode:
		return "a quotation"
	default:
		return strconv.Quote(t.text)
	}
}

// word returns a word, which must be at hand.
func (p *parser) word(what string) string {
	if p.tok.kind != tokWord {
		p.fail("%s where %s should be", p.tok, what)
	}
	return p.advance().text
}

// number returns a decimal number from 0 to limit, which must be at hand.
func (p *parser) number(what string, limit int64) int64 {
	t := p.tok
	if t.kind != tokInt {
		p.fail("%s where %s should be", t, what)
		return 0
	}
	if t.num < 0 || t.num > limit {
		p.fail("%s is %d, not within 0 and %d", what, t.num, limit)
		return 0
	}
	p.advance()
	return t.num
}

// hex returns a hexadecimal number up to limit, which must be at hand.
func (p *parser) hex(what string, limit int64) int64 {
	t := p.tok
	if t.kind != tokHex {
		p.fail("%s where %s should be, as 0x1", t, what)
		return 0
	}
	if t.num > limit {
		p.fail("%s is %#x, more than %#x", what, t.num, limit)
		return 0
	}
	p.advance()
	return t.num
}

func (p *parser) script() *Script {
	s := &Script{}
	for p.tok.kind == tokOption {
		o := p.option()
		s.Options = append(s.Options, o)
	}
	s.Init = p.command()
	for p.tok.kind != tokEOF && p.tok.kind != tokBackQuoted {
		s.Events = append(s.Events, p.event())
	}
	s.Cleanup = p.command()
	if p.tok.kind != tokEOF {
		p.fail("%s after the last command", p.tok)
	}
	if len(s.Events) == 0 {
		p.fail("the script has no event")
	}
	return s
}

// command returns what is in back quotes, nil where no back quote is at hand.
func (p *parser) command() *Command {
	if p.tok.kind != tokBackQuoted {
		return nil
	}
	t := p.advance()
	return &Command{t.line, t.text}
}

// option reads --name or --name=value.
func (p *parser) option() Option {
	t := p.tok
	if p.tok = p.lexer.next(); !p.is("=") {
		return Option{Line: t.line, Name: t.text}
	}
	// A define must be in force before the token after its value is read, and what
	// is defined may be defined already.
	defines := p.lexer.defines
	p.lexer.defines = nil
	p.tok = p.lexer.next()
	p.lexer.defines = defines
	o := Option{Line: t.line, Name: t.text, Value: p.tok.text}
	switch p.tok.kind {
	case tokInt, tokFloat, tokHex, tokString, tokAddr:
		p.advance()
	case tokWord:
		if p.advance(); p.is("=") {
			p.define(&o)
		}
		for p.is("-") { // ipv4-mapped-ipv6 is three words
			p.advance()
			o.Value += "-" + p.word("the rest of a value")
		}
	default:
		p.fail("%s where the value of --%s should be", p.tok, t.text)
	}
	return o
}

// define reads the value of --define=NAME=value.
func (p *parser) define(o *Option) {
	p.tok = p.lexer.next()
	v := p.tok.text
	switch p.tok.kind {
	case tokString:
		v = `"` + v + `"`
	case tokBackQuoted:
		v = "`" + v + "`"
	case tokWord, tokInt, tokHex, tokAddr:
	default:
		p.fail("%s where what %s stands for should be", p.tok, o.Value)
		return
	}
	if o.Name == "define" {
		p.lexer.defines[o.Value] = v
	}
	o.Value += "=" + v
	p.advance()
}

func (p *parser) event() Event {
	e := Event{Line: p.tok.line}
	e.Time = p.time()
	switch {
	case p.is("<") || p.is(">"):
		e.Packet = p.packet()
	case p.tok.kind == tokBackQuoted:
		e.Command = p.command()
	case p.tok.kind == tokCode:
		t := p.advance()
		e.Code = &Code{t.line, t.text}
	case p.tok.kind == tokWord || p.tok.kind == tokEllipsis:
		e.Call = p.call()
	default:
		p.fail("%s where a packet, a call, a command or code should be", p.tok)
	}
	if e.Time.Kind != Absolute && e.Time.Kind != Relative && (e.Packet == nil || !e.Packet.Out) {
		p.failAt(e.Line, "only a packet that goes out may come at any time, or in a range of times")
	}
	return e
}

func (p *parser) time() Time {
	if p.accept("*") {
		return Time{Kind: Any}
	}
	relative := p.accept("+")
	t := Time{At: p.seconds()}
	if relative {
		t.Kind = Relative
	}
	if !p.accept("~") {
		return t
	}
	t.Kind = AbsoluteRange
	if relative {
		p.expect("+")
		t.Kind = RelativeRange
	}
	if t.End = p.seconds(); t.End < t.At {
		p.fail("the range of times ends before it begins")
	}
	return t
}

// seconds reads a time, to the microsecond.
func (p *parser) seconds() time.Duration {
	t := p.tok
	if t.kind != tokInt && t.kind != tokFloat {
		p.fail("%s where a time should be", t)
		return 0
	}
	v, err := strconv.ParseFloat(t.text, 64)
	if t.kind == tokInt {
		v, err = float64(t.num), nil
	}
	if err != nil || !(0 <= v && v <= maxTime) || strings.HasPrefix(t.text, "-") {
		p.fail("%s is no time within 0 and %g seconds", t, maxTime)
		return 0
	}
	p.advance()
	return time.Duration(math.Round(v*1e6)) * time.Microsecond
}
