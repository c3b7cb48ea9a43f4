// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package main

import (
	"context"
	"errors"
	"io"
)

// runPathsOnLinux and runPathsFromLinux need Linux.
func runPathsOnLinux(context.Context, io.Writer, *pathPlan, func(*pathResult) error) error {
	return errors.New("-peer needs Linux")
}

func runPathsFromLinux(context.Context, io.Writer, *pathPlan, func(*pathResult) error) error {
	return errors.New("-peer needs Linux")
}
