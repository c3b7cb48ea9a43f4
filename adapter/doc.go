// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Package adapter is what the engine's connections need from netstack, each
// mechanism a small value: packets to segments and back, a route as a path with
// its MSS and offloads, what the link behind it holds and whose turn it is to send
// more, the stack's clock as instants with one lazily re-armed timer, initial sequence
// numbers, timestamp offsets and SYN cookies from the stack's secure source, and
// errors.
//
// Nothing here knows a connection's state, and but for what connections share, as
// timers and links, nothing holds a lock: the endpoint that owns a value serialises
// its use.
package adapter
