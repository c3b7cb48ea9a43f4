// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build race

package engine

// raceDetector says that the tests were built with the race detector, which
// makes them slower and sync.Pool forgetful.
const raceDetector = true
