// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build race

package adapter

// raceEnabled says that pools lose some of what is put into them.
const raceEnabled = true
