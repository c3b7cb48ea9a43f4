// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package lib is what the mutator's test makes mistakes in.
package lib

// Clamp returns n, but most at most.
func Clamp(n, most int) int {
	if n > most {
		n = most
	}
	return n
}

// Wait never ends for what is not positive.
func Wait(n int) (steps int) {
	for n != 0 {
		n--
		steps++
	}
	return steps
}
