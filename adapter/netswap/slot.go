// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/gofrs/flock"
)

// slot is the temporary folder of one run. The build cache knows packages by
// their path, so the paths are few and the same for every run: the first slot
// that no other run holds.
type slot struct {
	dir  string
	lock *flock.Flock
}

// maxSlots is how many runs may go on at once.
const maxSlots = 100

// takeSlot returns a free slot, empty.
func takeSlot() (*slot, error) {
	root := filepath.Join(os.TempDir(), "netswap-"+strconv.Itoa(os.Getuid()))
	for n := 0; n < maxSlots; {
		if err := ownFolder(root); err != nil {
			return nil, err
		}
		s := &slot{
			dir:  filepath.Join(root, strconv.Itoa(n)),
			lock: flock.New(filepath.Join(root, strconv.Itoa(n)+".lock")),
		}
		switch ok, err := s.take(); {
		case errors.Is(err, fs.ErrNotExist):
			continue // another run has just cleaned up: once more
		case err != nil:
			return nil, err
		case ok:
			return s, nil
		}
		n++
	}
	return nil, fmt.Errorf("%d runs of netswap hold all folders in %s", maxSlots, root)
}

// ownFolder makes dir, which nobody else may write to: what is compiled comes
// from there.
func ownFolder(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the temporary folder: %w", err)
	}
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // another run has just cleaned up
	}
	if err != nil {
		return fmt.Errorf("looking at the temporary folder: %w", err)
	}
	if !info.IsDir() || !owned(info) {
		return fmt.Errorf("%s is somebody else's: remove it, or set TMPDIR to another folder", dir)
	}
	return nil
}

// take locks s and empties it, and reports false where another run holds it.
func (s *slot) take() (bool, error) {
	ok, err := s.lock.TryLock()
	if err != nil {
		return false, fmt.Errorf("locking the temporary folder: %w", err)
	}
	if !ok {
		return false, s.lock.Close()
	}
	// The run before removed the file that it had locked: what is locked now
	// may be that one, and no longer the one that others find.
	mine, err := s.lock.Stat()
	if err == nil {
		var there fs.FileInfo
		if there, err = os.Lstat(s.lock.Path()); err == nil && !os.SameFile(mine, there) {
			err = fs.ErrNotExist
		}
	}
	if err != nil {
		return false, errors.Join(err, s.lock.Close())
	}
	// A run that was killed leaves its files.
	if err := os.RemoveAll(s.dir); err != nil {
		return false, errors.Join(err, s.release())
	}
	if err := os.Mkdir(s.dir, 0o700); err != nil {
		return false, errors.Join(err, s.release())
	}
	return true, nil
}

// release removes all of s.
func (s *slot) release() error {
	err := os.RemoveAll(s.dir)
	// The file goes while it is locked: see take. On systems that do not let
	// an open file be removed, it stays.
	_ = os.Remove(s.lock.Path())
	err = errors.Join(err, s.lock.Close())
	// The last one out takes the folder with it; before that it is not empty.
	_ = os.Remove(filepath.Dir(s.dir))
	if err != nil {
		return fmt.Errorf("cleaning up: %w", err)
	}
	return nil
}
