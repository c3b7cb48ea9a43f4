// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"testing"
	"unsafe"
)

// An endpoint fits into Go's size class of 1024 bytes, of which the allocator
// takes 8. What few endpoints need belongs into rare.
func TestSize(t *testing.T) {
	const limit = 1024 - 8
	if n := unsafe.Sizeof(Endpoint{}); n > limit {
		t.Errorf("an Endpoint takes %d bytes, want at most %d", n, limit)
	}
}
