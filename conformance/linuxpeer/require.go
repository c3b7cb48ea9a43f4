// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package linuxpeer

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"
)

// probe makes a namespace and a TUN device once, and says why not.
var probe = sync.OnceValue(func() error {
	if uid := os.Geteuid(); uid != 0 {
		return fmt.Errorf("user %d is not root: %w", uid, syscall.EPERM)
	}
	ns, err := newNamespace()
	if err != nil {
		return err
	}
	defer ns.close()
	return ns.do(func() error {
		f, err := openTUN(false)
		if err != nil {
			return err
		}
		return f.Close()
	})
})

// Require skips the test, with the reason, on a host that allows no peer: one
// without root, network namespaces or TUN devices. It fails the test where
// they are there but do not work.
func Require(tb testing.TB) {
	tb.Helper()
	err := probe()
	switch {
	case err == nil:
	case isMissing(err):
		tb.Skipf("linuxpeer: needs root, network namespaces and %s: %v", tunPath, err)
	default:
		tb.Fatalf("linuxpeer: %v", err)
	}
}

// isMissing reports whether an error says that the host forbids or lacks
// something, and not that it broke.
func isMissing(err error) bool {
	for _, errno := range []syscall.Errno{
		syscall.EPERM, syscall.EACCES, syscall.ENOENT, syscall.ENODEV,
		syscall.ENXIO, syscall.ENOSYS, syscall.EINVAL, syscall.EOPNOTSUPP,
	} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}
