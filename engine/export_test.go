// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

// RaceDetector is for the tests outside of the package.
const RaceDetector = raceDetector
