// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Mutate tells how much of a mistake in the engine the tests would see. It makes
// small mistakes, one at a time, and runs the tests with each: a comparison
// flipped, a boundary off by one, a sign, a condition negated, "and" for "or", a
// timer not armed, a statement dropped, a number one too large.
//
//	go run ./conformance/mutate -n 200          # takes an hour
//	go run ./conformance/mutate -n 200 -from 40 -seed 1
//	go run ./conformance/mutate -list
//
// Which mistakes it makes follows from the seed. The tree is not touched: the go
// command gets the changed file by -overlay. A mistake is caught where a test fails,
// does not end in time, or takes too much memory; what does not compile is no
// mistake, and another is made in its place. The survivors are printed, with their
// line before and after. Those that change nothing which could be seen are in
// testdata/equivalent.txt, each with the reason; they do not count.
package main
