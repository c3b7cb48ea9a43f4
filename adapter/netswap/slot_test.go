// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/gofrs/flock"
)

// held reports whether a run holds the slot with that folder.
func held(t *testing.T, dir string) bool {
	t.Helper()
	lock := flock.New(dir + ".lock")
	ok, err := lock.TryLock()
	if err != nil {
		t.Fatal(err)
	}
	if ok {
		_ = os.Remove(lock.Path())
	}
	_ = lock.Close()
	return !ok
}

// TestSlots is about runs beside each other, and after one that was killed.
func TestSlots(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	take := func() *slot {
		t.Helper()
		s, err := takeSlot()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	release := func(s *slot) {
		t.Helper()
		if err := s.release(); err != nil {
			t.Error(err)
		}
	}
	first := take()
	if !held(t, first.dir) {
		t.Error("a slot that was taken is not held")
	}
	second := take()
	if first.dir == second.dir {
		t.Fatal("two runs have one folder")
	}
	if err := os.WriteFile(filepath.Join(first.dir, "left"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	// A run that is killed leaves its files, and no lock.
	if err := first.lock.Close(); err != nil {
		t.Fatal(err)
	}
	again := take()
	if again.dir != first.dir {
		t.Errorf("the folder is %s, want %s, which is free", again.dir, first.dir)
	}
	if left, err := os.ReadDir(again.dir); err != nil || len(left) > 0 {
		t.Errorf("the folder holds %v, %v", left, err)
	}
	release(again)
	release(second)
	if left, err := os.ReadDir(tmp); err != nil || len(left) > 0 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// TestSlotOfOthers keeps away from a folder that others can write to.
func TestSlotOfOthers(t *testing.T) {
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	root := filepath.Join(tmp, "netswap-"+strconv.Itoa(os.Getuid()))
	if err := os.Mkdir(root, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(root, 0o777); err != nil {
		t.Fatal(err)
	}
	if s, err := takeSlot(); err == nil || !strings.Contains(err.Error(), "somebody else's") {
		t.Errorf("takeSlot: %v, %v", s, err)
	}
	if err := os.Remove(root); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), root); err != nil {
		t.Fatal(err)
	}
	if s, err := takeSlot(); err == nil {
		t.Errorf("takeSlot follows a link to %v", s)
	}
}
