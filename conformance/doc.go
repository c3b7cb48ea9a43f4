// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package conformance holds the tests that run whole stacks, with tcpcb's TCP
// and netstack's own on either end: interoperation by hash, Go's own tests of
// network connections, links that deliver on the writer's stack, NAT and sockets
// beside TCP; and every option, counter and call of both, compared.
package conformance
