// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package differential gives two TCPs the same packets and the same calls, step by
// step in virtual time, and compares what they make of it: states, what calls
// answer, what can be read, and what packets mean. Which segments text is cut into,
// how often it is acknowledged, how large a window is, and when exactly a timer
// expires, are no differences here.
//
// The steps are some that are written down, and others that follow from a seed.
// Where the two differ, testdata/explained.txt says why; the tests fail on what it
// does not explain, and on what it explains and no longer occurs.
package differential
