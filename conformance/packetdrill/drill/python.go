// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"strconv"
	"strings"
)

// starlarkOf returns Python as Starlark: an assert statement as a call, a print
// statement as one, and in conditions a < b < c as (a < b and b < c). All else is
// as it was.
func starlarkOf(text string) string {
	var b strings.Builder
	for _, s := range statements(strings.TrimRight(text, " \t\r\n\\;")) {
		b.WriteString(s.before)
		indent := s.text[:len(s.text)-len(strings.TrimLeft(s.text, " \t"))]
		body := s.text[len(indent):]
		switch word := firstWord(body); {
		case word == "assert":
			b.WriteString(indent + assertCall(body[len(word):]))
		case word == "print" && !strings.HasPrefix(strings.TrimLeft(body[len(word):], " "), "("):
			b.WriteString(indent + "print(" + strings.TrimSpace(body[len(word):]) + ")")
		default:
			b.WriteString(s.text)
		}
	}
	return b.String() + "\n"
}

// statement is a simple statement, or the head of a compound one, and what is
// between it and the one before: a newline, a semicolon or a colon.
type statement struct{ before, text string }

// statements cuts Python at the newlines and semicolons outside of brackets and
// strings, and before an assert behind a colon.
func statements(text string) []statement {
	var all []statement
	cur, depth := statement{}, 0
	for _, t := range pythonTokens(text) {
		switch t {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			depth--
		}
		switch {
		case depth == 0 && (t == "\n" || t == ";"):
			all = append(all, cur)
			cur = statement{before: t}
			if t == ";" {
				cur.before = "; "
			}
		case strings.HasPrefix(t, "\\"):
			cur.text += " "
		case cur.text == "" && cur.before == "; " && strings.TrimSpace(t) == "":
			// Spaces behind a semicolon are no indentation.
		case depth == 0 && t == "assert" && strings.HasSuffix(strings.TrimSpace(cur.text), ":"):
			all = append(all, cur)
			cur = statement{text: t}
		default:
			cur.text += t
		}
	}
	return append(all, cur)
}

// longOperators are those of two bytes.
var longOperators = map[string]bool{"<=": true, ">=": true, "==": true, "!=": true, "**": true, "//": true, "<<": true, ">>": true}

// pythonTokens cuts Python into words, strings, operators, comments (which are
// left out), single spaces and other bytes. Together they are the text.
func pythonTokens(s string) []string {
	var toks []string
	for len(s) > 0 {
		n := 1
		switch {
		case s[0] == '#':
			n = lineEnd(s)
			s = s[n:]
			continue
		case s[0] == '\'' || s[0] == '"':
			n = quotedEnd(s)
		case strings.HasPrefix(s, "\\\n"):
			n = 2
		case len(s) > 1 && longOperators[s[:2]]:
			n = 2
		case wordByte(s[0]):
			for n < len(s) && wordByte(s[n]) {
				n++
			}
		}
		toks = append(toks, s[:n])
		s = s[n:]
	}
	return toks
}

func lineEnd(s string) int {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return i
	}
	return len(s)
}

// quotedEnd returns where the string that s begins with ends.
func quotedEnd(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		}
	}
	return len(s)
}

func wordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

func firstWord(s string) string {
	n := 0
	for n < len(s) && wordByte(s[n]) {
		n++
	}
	return s[:n]
}

// assertCall returns what is behind assert as a call.
func assertCall(rest string) string {
	cond, msg := splitTop(pythonTokens(rest), ",")
	call := "_assert(" + unchain(cond) + ", " + strconv.Quote(strings.TrimSpace(strings.Join(cond, "")))
	if len(msg) > 0 {
		call += ", " + strings.TrimSpace(strings.Join(msg, ""))
	}
	return call + ")"
}

// splitTop cuts tokens in two at the first of a kind outside of brackets.
func splitTop(toks []string, at string) (before, after []string) {
	depth := 0
	for i, t := range toks {
		switch t {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			depth--
		case at:
			if depth == 0 {
				return toks[:i], toks[i+1:]
			}
		}
	}
	return toks, nil
}

// comparison are the operators that Python chains.
var comparison = map[string]bool{"<": true, "<=": true, ">": true, ">=": true, "==": true, "!=": true}

// unchain returns a condition with a < b < c as (a < b and b < c), in brackets
// too.
func unchain(toks []string) string {
	var out strings.Builder
	var part []string // of a conjunction
	flush := func() {
		out.WriteString(unchainPart(part))
		part = nil
	}
	for i := 0; i < len(toks); i++ {
		switch t := toks[i]; t {
		case "(", "[", "{":
			end := closing(toks, i)
			part = append(part, t+unchain(toks[i+1:end]))
			i = end - 1
		case "and", "or", "not", ",", "if", "else":
			flush()
			out.WriteString(t)
		default:
			part = append(part, t)
		}
	}
	flush()
	return out.String()
}

// closing returns where the bracket at i is closed, or the end.
func closing(toks []string, i int) int {
	depth := 0
	for j := i; j < len(toks); j++ {
		switch toks[j] {
		case "(", "[", "{":
			depth++
		case ")", "]", "}":
			if depth--; depth == 0 {
				return j
			}
		}
	}
	return len(toks)
}

// unchainPart does so for what has no and, or or not.
func unchainPart(toks []string) string {
	var terms, ops []string
	term := ""
	for _, t := range toks {
		if comparison[t] {
			terms, ops, term = append(terms, term), append(ops, t), ""
			continue
		}
		term += t
	}
	if len(ops) < 2 {
		return strings.Join(toks, "")
	}
	terms = append(terms, term)
	var pairs []string
	for i, op := range ops {
		pairs = append(pairs, strings.TrimSpace(terms[i])+" "+op+" "+strings.TrimSpace(terms[i+1]))
	}
	return " (" + strings.Join(pairs, " and ") + ") "
}
