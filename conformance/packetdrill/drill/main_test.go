// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package drill

import (
	"os"
	"testing"

	"tcpcb/internal/leakcheck"
)

// TestMain counts packet buffers and chunks: none may be left when all tests are
// over.
func TestMain(m *testing.M) { os.Exit(leakcheck.Main(m)) }
