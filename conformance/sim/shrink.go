// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// shrinkRuns bounds how many simulations a shrink tries.
const shrinkRuns = 4000

// shrinker makes a simulation that fails smaller.
type shrinker struct {
	kept
	class string // of the failure
	runs  int
}

// shrink leaves out what the failure of k does not need, and makes numbers
// smaller, as long as it stays the same failure. It returns k itself where k does
// not fail.
func shrink(k kept) kept {
	s := &shrinker{kept: k}
	if s.class = s.fails(k.lines); s.class == "" {
		return k
	}
	for before := ""; before != s.String() && s.runs < shrinkRuns; {
		before = s.String()
		s.drop()
		s.lessen()
	}
	return s.kept
}

var digits = regexp.MustCompile(`-?[0-9][0-9.a-zµ]*`)

// classOf is what makes two failures the same: how their texts begin, but for
// numbers.
func classOf(err error) string {
	text := digits.ReplaceAllString(err.Error(), "#")
	return text[:min(len(text), 30)]
}

// fails runs the simulation of the lines, and returns the failure's class; ""
// where there is none.
func (s *shrinker) fails(lines []string) string {
	s.runs++
	k := kept{kind: s.kind, seed: s.seed, lines: lines}
	c, err := k.config()
	if err != nil {
		return ""
	}
	if o := s.kind.run(s.seed, c); o.err != nil {
		return classOf(o.err)
	}
	return ""
}

// try takes lines in the place of what there is, where they fail likewise.
func (s *shrinker) try(lines []string) bool {
	if s.runs >= shrinkRuns || s.fails(lines) != s.class {
		return false
	}
	s.lines = lines
	return true
}

// drop leaves out lines, many at first and one by one at last.
func (s *shrinker) drop() {
	for n := len(s.lines) / 2; n > 0; n /= 2 {
		for i := 0; i+n <= len(s.lines); {
			if !s.try(slices.Delete(slices.Clone(s.lines), i, i+n)) {
				i += n
			}
		}
	}
}

// lessen makes the values of lines, and of the fields in them, less, or leaves the
// fields out.
func (s *shrinker) lessen() {
	for i := range s.lines {
		for w := 1; ; w++ {
			words := strings.Fields(s.lines[i])
			if w >= len(words) {
				break
			}
			name, value, isField := strings.Cut(words[w], "=")
			if !isField {
				name, value = "", words[w]
			}
			for _, less := range smaller(value) {
				next := slices.Clone(words)
				next[w] = less
				if isField {
					next[w] = name + "=" + less
				}
				if s.try(slices.Concat(s.lines[:i], []string{strings.Join(next, " ")}, s.lines[i+1:])) {
					w-- // once more
					break
				}
			}
		}
	}
}

// smaller returns simpler values, the simplest first. Each is smaller than the
// one before, so that trying ends.
func smaller(value string) (less []string) {
	if n, err := strconv.ParseInt(value, 10, 64); err == nil {
		for _, m := range []int64{1, n / 10 * 1, n / 2} {
			if m < n && m > 0 {
				less = append(less, strconv.FormatInt(m, 10))
			}
		}
		return less
	}
	if d, err := time.ParseDuration(value); err == nil {
		for _, m := range []time.Duration{d.Truncate(time.Second), d.Truncate(time.Millisecond), d / 2} {
			if m < d && m > 0 {
				less = append(less, m.String())
			}
		}
		return less
	}
	if f, err := strconv.ParseFloat(value, 64); err == nil && f > 0.01 {
		return []string{strconv.FormatFloat(float64(int(f*100/2))/100, 'g', 3, 64)}
	}
	return nil
}
