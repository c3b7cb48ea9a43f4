// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import (
	"context"
	"errors"
	"io"
	"time"
)

// runPathsOnLinux needs Linux.
func runPathsOnLinux(context.Context, io.Writer, []scenario, []provider, time.Duration, func(*pathResult) error) error {
	return errors.New("-peer linux needs Linux")
}
