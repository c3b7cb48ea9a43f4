// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
)

// revision returns the revision of the source, or nothing. The go command leaves
// it out of what "go run" builds; there git is asked about the working folder.
func revision() string {
	var rev, changed string
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch s.Key {
			case "vcs.revision":
				rev = s.Value
			case "vcs.modified":
				if s.Value == "true" {
					changed = "+changes"
				}
			}
		}
	}
	if rev != "" {
		return rev[:min(12, len(rev))] + changed
	}
	out, err := exec.Command("git", "describe", "--always", "--abbrev=12", "--dirty=+changes").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

// cpuModel returns what Linux calls the first processor, or nothing.
func cpuModel() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(b)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// firstLine returns the first line of a small file, or nothing.
func firstLine(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(b), "\n")
	return strings.TrimSpace(line)
}

// firstWord returns the first word of a small file, or nothing.
func firstWord(path string) string {
	word, _, _ := strings.Cut(firstLine(path), " ")
	return word
}
