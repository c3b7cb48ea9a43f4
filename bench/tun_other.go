// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

// tunPlaces is empty: these links are to Linux.
func tunPlaces() []place { return nil }
