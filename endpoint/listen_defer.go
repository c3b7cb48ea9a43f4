// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"tcpcb/engine"
	"tcpcb/engine/wire"
)

// defers reports whether in, the acknowledgment of our SYN-ACK, is not to be
// taken yet: with TCP_DEFER_ACCEPT, a connection is established by its first
// text, or by any acknowledgment when the time for that has passed. The SYN-ACK,
// which has arrived, then goes out once more, for the peer to acknowledge it anew.
//
// Precondition: e.mu is held.
func (e *Endpoint) defers(now engine.Instant, in *engine.Segment) bool {
	if e.opt.deferAccept == 0 || e.parent == nil || e.conn.State() != engine.StateSynRcvd {
		return false
	}
	if in.Payload.Size() > 0 || in.Flags.Any(wire.SYN|wire.RST|wire.FIN) || !e.conn.Answers(in) {
		return false
	}
	l, ok := e.parent.(*listener)
	if !ok {
		return false
	}
	until := l.since(e).Add(e.opt.deferAccept)
	if now >= until {
		return false
	}
	e.conn.Answered(until)
	return true
}

// since returns when child's handshake began.
func (l *listener) since(child *Endpoint) engine.Instant {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pending[child]
}
