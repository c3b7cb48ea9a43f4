// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// key names a mutation by what it does, and not by where, so that it survives
// that lines are added elsewhere.
func key(m *mutation) string {
	return filepath.ToSlash(m.file) + "\n" + m.was + "\n" + m.is
}

// readEquivalent reads the mutations that change nothing which could be seen: each
// a file's path, the line before with a minus, the line after with a plus, and the
// reason, with a blank line between two. It returns the reasons.
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
		if len(lines) < 4 || lines[1][0] != '-' || lines[2][0] != '+' {
			return nil, fmt.Errorf("%s: want a file, a line with -, one with +, and a reason:\n%s", name, block)
		}
		was, is := strings.TrimSpace(lines[1][1:]), strings.TrimSpace(lines[2][1:])
		reasons[lines[0]+"\n"+was+"\n"+is] = strings.Join(lines[3:], " ")
	}
	return reasons, nil
}
