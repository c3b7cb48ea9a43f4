// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"testing"
	"time"

	"tcpcb/conformance/linuxpeer"
)

// A second each of the kernel and of our TCP over the same path to the kernel, and of
// the kernel to our TCP, each with one connection beside one under another congestion control.
func TestPathOnLinux(t *testing.T) {
	linuxpeer.Require(t)
	s := scenario{name: "short", rate: 50 * mbit, rtt: 10 * time.Millisecond, flows: 2, mix: "reno"}
	for _, run := range []func() (*pathResult, error){
		func() (*pathResult, error) { return linuxToLinux(t.Context(), &s, "cubic", time.Second) },
		func() (*pathResult, error) {
			return stackToLinux(t.Context(), &s, allProviders[1], "cubic", time.Second)
		},
		func() (*pathResult, error) {
			return linuxToStack(t.Context(), &s, allProviders[1], "cubic", time.Second)
		},
	} {
		r, err := run()
		if err != nil {
			t.Fatal(err)
		}
		if r.Share <= 0.1 || r.Share > 1 || r.Jain < 0.5 || r.Jain > 1.0001 {
			t.Errorf("%+v", *r)
		}
	}
}
