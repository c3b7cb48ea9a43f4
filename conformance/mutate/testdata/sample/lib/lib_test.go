// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package lib

import "testing"

func TestClamp(t *testing.T) {
	if Clamp(3, 5) != 3 || Clamp(7, 5) != 5 {
		t.Error("not clamped")
	}
}

func TestWait(t *testing.T) {
	if Wait(3) != 3 {
		t.Error("another number of steps")
	}
}
