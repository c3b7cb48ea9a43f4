// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build deps

// Package deps has the module require what is run.
package deps

import (
	_ "github.com/slackhq/nebula/service"
)
