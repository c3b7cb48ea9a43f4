// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

// Netswap builds, runs or tests a Go program with tcpcb in place of gVisor's
// TCP, its source untouched:
//
//	go run tcpcb/adapter/netswap -C DIR -- go test ./...
//
// The command behind -- runs in DIR (the current one by default) with its
// standard input, output and error, and netswap ends with its exit status: 128
// and the signal's number where a signal ended it. ("go run" makes 1 of every
// status that is not 0; "go build" netswap first where it counts.) Signals are
// passed on. Status 2 means that netswap was called wrongly, 127 that there is
// no such command, and 1 that netswap could not do its part, which it says.
//
// # How it is done
//
// The gVisor module that the build list of DIR selects is copied from the module
// cache into a temporary folder, and the files of its package
// pkg/tcpip/transport/tcp make room for one that forwards every exported name to
// tcpcb/transport: types as aliases, constants, and functions, as go/types finds
// them there. A copy of DIR's go.mod then has gvisor.dev/gvisor and tcpcb
// replaced by the folder's, and the command gets it through GOFLAGS (-modfile).
// So every go command that it runs, directly or not, sees tcpcb where gVisor's
// TCP was, and so do the packages of gVisor itself: gonet, or the sentry.
//
// Nothing is written to DIR or to the module cache, but by the command itself,
// and the folder is removed in the end, after signals too. Its path is the same
// for every run, as far as none goes on beside it, so that what was compiled is
// found again in the build cache. Without a network it does what the module
// cache lets it do: tcpcb/transport needs gVisor and one module more.
//
// Where DIR is in gVisor's own module, the package makes room by means of an
// overlay; where that is in the module cache, which an overlay must not touch,
// the command runs in a copy.
//
// With -provider gvisor all is the same but the package: the copy has gVisor's
// own TCP. That is the other half of a comparison.
//
// # What it cannot do
//
// It says so, and how to go on where there is a way, for: no module, or none
// that has gVisor in its build list; a copy of gVisor under another import path;
// a workspace; a vendored tree, unless GOFLAGS has -mod=mod; a command with a
// -modfile or an -overlay of its own; and a gVisor whose API is not the one that
// tcpcb is written for, with what did not compile and where.
//
// A name of gVisor's package that tcpcb does not have is told with -v. The
// package's own tests that are of package tcp, and so see what is not exported,
// are left out. What gVisor saves in checkpoints is registered for its own TCP
// only.
package main
