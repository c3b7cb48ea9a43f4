// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"gvisor.dev/gvisor/pkg/tcpip"

	"tcpcb/engine"
)

// Inspect calls f with the connection of an endpoint of this package, and the
// time on its clock, and reports true; or false, where the endpoint is another's
// or never had a connection. It is for looking at what no option of netstack
// tells: f changes nothing, keeps nothing of what it was given, and calls nothing
// that leads back to the endpoint, whose lock is held.
//
// It is no method, so that Endpoint has none that netstack's does not have.
func Inspect(ep tcpip.Endpoint, f func(now engine.Instant, c *engine.Conn)) bool {
	e, ours := ep.(*Endpoint)
	if !ours {
		return false
	}
	now := e.lock()
	defer e.unlock(now)
	if !e.opened {
		return false
	}
	f(now, &e.conn)
	return true
}
