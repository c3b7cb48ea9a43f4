// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package main

import "io/fs"

// owned relies on the temporary folder being the user's own.
func owned(fs.FileInfo) bool { return true }
