// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import (
	"strconv"
	"strings"
)

// call reads a system call: [...END] name(args) = result [ERRNO (text)] [(note)].
func (p *parser) call() *Call {
	c := &Call{Line: p.tok.line}
	if p.tok.kind == tokEllipsis {
		p.advance()
		c.Blocks, c.End = true, p.seconds()
	}
	c.Name = p.word("the name of a call")
	p.expect("(")
	if !p.is(")") {
		c.Args = p.exprs()
	}
	p.expect(")")
	p.expect("=")
	c.Result = p.expr()
	if p.tok.kind == tokWord {
		c.Errno = p.advance().text
		if !p.is("(") {
			p.fail("%s where the text of %s should be, in parentheses", p.tok, c.Errno)
		}
	}
	for p.is("(") {
		c.Note = p.note()
	}
	return c
}

// note reads words in parentheses.
func (p *parser) note() string {
	p.expect("(")
	var words []string
	for p.tok.kind != tokEOF && !p.is(")") {
		words = append(words, p.advance().text)
	}
	p.expect(")")
	return strings.Join(words, " ")
}

// exprs reads expressions with commas between.
func (p *parser) exprs() []Expr {
	var list []Expr
	for {
		list = append(list, p.expr())
		if !p.accept(",") {
			return list
		}
	}
}

// expr reads an expression.
func (p *parser) expr() Expr {
	if p.depth++; p.depth > maxDepth {
		p.fail("expressions are more than %d deep in each other", maxDepth)
	}
	defer func() { p.depth-- }()
	e := p.operand()
	for p.is("|") {
		at := At(p.advance().line)
		e = &Or{at, e, p.operand()}
	}
	return e
}

func (p *parser) operand() Expr {
	t := p.tok
	at := At(t.line)
	switch {
	case t.kind == tokEllipsis:
		p.advance()
		return &Ellipsis{at}
	case t.kind == tokInt || t.kind == tokHex:
		p.advance()
		return &Int{at, t.num}
	case t.kind == tokString:
		return p.text()
	case t.kind == tokWord:
		return p.symbol()
	case p.accept("["):
		l := &List{At: at}
		if !p.is("]") {
			l.Elems = p.exprs()
		}
		p.expect("]")
		return l
	case p.accept("{"):
		return p.structure(at)
	}
	p.fail("%s where an expression should be", t)
	return &Int{At: at}
}

// symbol reads name, name=value or name(args).
func (p *parser) symbol() Expr {
	t := p.advance()
	at := At(t.line)
	switch {
	case p.accept("="):
		return &Assign{at, t.text, p.expr()}
	case p.accept("("):
		a := &Apply{At: at, Name: t.text}
		if !p.is(")") {
			a.Args = p.exprs()
		}
		p.expect(")")
		return a
	}
	return &Word{at, t.text}
}

// text reads strings that follow each other.
func (p *parser) text() Expr {
	s := &String{At: At(p.tok.line)}
	for p.tok.kind == tokString {
		t := p.advance()
		b, err := unescape(t.text)
		if err != "" {
			p.failAt(t.line, "%s", err)
		}
		s.Text += b
	}
	if p.tok.kind == tokEllipsis {
		p.advance()
		s.More = true
	}
	return s
}

// structure reads what is in braces, behind the first.
func (p *parser) structure(at At) Expr {
	s := &Struct{At: at}
	if p.accept("}") {
		return s
	}
	if p.is("(") || p.is("flags") {
		p.lack(int(at), "headers of MPLS and GRE as values")
		for p.tok.kind != tokEOF && !p.is("}") {
			p.advance()
		}
		p.expect("}")
		return s
	}
	for {
		s.Fields = append(s.Fields, p.field())
		if !p.accept(",") {
			break
		}
	}
	p.expect("}")
	return s
}

// field reads a=1, msg_iov(2)=[...] or a mere value.
func (p *parser) field() Field {
	switch e := p.expr().(type) {
	case *Assign:
		return Field{Name: e.Name, Value: e.Value}
	case *Apply:
		if len(e.Args) == 1 && p.accept("=") {
			return Field{Name: e.Name, Arg: e.Args[0], Value: p.expr()}
		}
		return Field{Value: e}
	default:
		return Field{Value: e}
	}
}

// unescape resolves the escapes of C in s.
func unescape(s string) (text, problem string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 'n':
			b.WriteByte('\n')
		case 't':
			b.WriteByte('\t')
		case 'r':
			b.WriteByte('\r')
		case '0':
			b.WriteByte(0)
		case '\\', '"', '\'', '`':
			b.WriteByte(s[i])
		case 'x':
			n := span(s[i+1:min(len(s), i+3)], isHex)
			if n == 0 {
				return "", `no digits after \x in a string`
			}
			v, _ := strconv.ParseUint(s[i+1:i+1+n], 16, 8)
			b.WriteByte(byte(v))
			i += n
		default:
			return "", `\` + string(rune(s[i])) + " in a string means nothing"
		}
	}
	return b.String(), ""
}
