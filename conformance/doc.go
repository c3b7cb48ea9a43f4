// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package conformance holds the tests that run whole stacks, with tcpcb's TCP
// and netstack's own on either end: interoperation by hash, Go's own tests of
// network connections, and links that deliver on the writer's stack.
package conformance
