// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package leakcheck counts packet buffers and chunks over the tests of a
// package.
package leakcheck

import (
	"fmt"
	"os"
	"testing"

	"gvisor.dev/gvisor/pkg/refs"
)

// Main runs the tests of m and returns their exit status, which says failure
// where a packet buffer or a chunk is left. A TestMain calls it first of all:
// what was made before it is not counted.
func Main(m *testing.M) (code int) {
	refs.SetLeakMode(refs.LeaksPanic)
	if code = m.Run(); code != 0 {
		return code
	}
	defer func() {
		if r := recover(); r != nil {
			fmt.Fprintln(os.Stderr, r)
			code = 1
		}
	}()
	refs.DoLeakCheck()
	return code
}
