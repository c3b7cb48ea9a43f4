// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package script

import "time"

// Call is a system call and what it is to return.
type Call struct {
	Line int
	Name string
	Args []Expr
	// Blocks tells that the call returns later, and End when, counted as the
	// event's time is.
	Blocks bool
	End    time.Duration
	// Result is what it is to return, Errno the symbol of the error, "" for none.
	// Note is what the script says beside it, which packetdrill does not look at
	// but for Linux's text of an error.
	Result Expr
	Errno  string
	Note   string
}

// Expr is an argument or a result: one of Int, Word, String, Ellipsis, Or,
// Assign, List, Struct and Apply.
type Expr interface{ Pos() int }

// At is the line of an expression.
type At int

// Pos returns the line.
func (a At) Pos() int { return int(a) }

type (
	// Int is a number.
	Int struct {
		At
		Value int64
	}
	// Word is a symbol, as SOCK_STREAM.
	Word struct {
		At
		Name string
	}
	// String is text in quotes, with its escapes resolved; strings that follow
	// each other are one. More tells that "..." came after.
	String struct {
		At
		Text string
		More bool
	}
	// Ellipsis is "...": whatever fits.
	Ellipsis struct{ At }
	// Or is a|b.
	Or struct {
		At
		L, R Expr
	}
	// Assign is name=value outside of a Struct.
	Assign struct {
		At
		Name  string
		Value Expr
	}
	// List is [a, b].
	List struct {
		At
		Elems []Expr
	}
	// Struct is {a=1, b(2)=3, 4}.
	Struct struct {
		At
		Fields []Field
	}
	// Apply is htons(80), inet_addr("1.2.3.4") and the like.
	Apply struct {
		At
		Name string
		Args []Expr
	}
)

// Field is a part of a Struct.
type Field struct {
	// Name is empty where there is none. Arg is what was in parentheses after
	// it, nil for nothing.
	Name  string
	Arg   Expr
	Value Expr
}

// Field returns the value of the field of that name, nil for none.
func (s *Struct) Field(name string) Expr {
	for _, f := range s.Fields {
		if f.Name == name {
			return f.Value
		}
	}
	return nil
}
