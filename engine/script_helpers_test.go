// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine_test

import "fmt"

// span is the range of a packet in a script.
func span(from, to int) string { return fmt.Sprintf("%d:%d", from, to) }
