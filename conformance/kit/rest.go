// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package kit

// Rest waits until no goroutine but the caller's that has gVisor or a TCP on its
// stack can run, as the kit does after each step, so that a TCP with goroutines of
// its own can be tested in virtual time. It returns false where that does not come
// within ten seconds. buf is reused from call to call.
func Rest(buf *[]byte) bool { return quiet(buf) }
