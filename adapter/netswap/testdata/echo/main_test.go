// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import "testing"

func TestEcho(t *testing.T) {
	name, err := echo()
	if err != nil {
		t.Fatal(err)
	}
	t.Log("carried by", name)
}
