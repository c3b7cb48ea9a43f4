// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package posix_test

import (
	"os"
	"testing"

	"tcpcb/internal/leakcheck"
)

// TestMain fails where the tests of the package have leaked packet buffers.
func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }
