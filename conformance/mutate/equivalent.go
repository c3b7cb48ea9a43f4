// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// keys name a mutation by what it does, and not by where, so that they survive that
// lines are added elsewhere: with the line that follows, and without.
func keys(m *mutation) [2]string {
	key := filepath.ToSlash(m.file) + "\n" + m.was + "\n" + m.is + "\n"
	return [2]string{key + m.next, key}
}

// reasonFor returns why a mutation changes nothing that could be seen, or "".
func reasonFor(m *mutation, reasons map[string]string) string {
	for _, k := range keys(m) {
		if reason := reasons[k]; reason != "" {
			return reason
		}
	}
	return ""
}

// readEquivalent reads the mutations that change nothing which could be seen: each
// a file's path, the line before with a minus, the line after with a plus, where
// that is not enough the line that follows with a ">", and the reason, with a blank
// line between two. It returns the reasons.
func readEquivalent(name string) (map[string]string, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	reasons := map[string]string{}
	for block := range strings.SplitSeq(string(b), "\n\n") {
		var lines []string
		for line := range strings.Lines(block) {
			if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
				lines = append(lines, line)
			}
		}
		if len(lines) == 0 {
			continue
		}
		next := ""
		if len(lines) > 3 && lines[3][0] == '>' {
			next = strings.TrimSpace(lines[3][1:])
			lines = append(lines[:3:3], lines[4:]...)
		}
		if len(lines) < 4 || lines[1][0] != '-' || lines[2][0] != '+' {
			return nil, fmt.Errorf("%s: want a file, a line with -, one with +, and a reason:\n%s", name, block)
		}
		was, is := strings.TrimSpace(lines[1][1:]), strings.TrimSpace(lines[2][1:])
		reasons[lines[0]+"\n"+was+"\n"+is+"\n"+next] = strings.Join(lines[3:], " ")
	}
	return reasons, nil
}
