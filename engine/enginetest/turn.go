// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"time"

	"tcpcb/engine"
)

// turn is a host's place in the line of those who send through one device, as an
// endpoint has one where Host.TurnWait says so.
type turn struct {
	left   int  // segments that it may send
	inLine bool // it waits for the next
}

// turnSegments is how much a host sends in a turn.
const turnSegments = 16

// poll takes the next segment, without new text where it is not the host's turn. As with an
// endpoint, one goes out of turn where none is in the network.
func (h *host) poll(out *engine.Segment) bool {
	t := &h.turn
	if h.TurnWait > 0 && t.left == 0 && h.conn.Unsent() > 0 && (t.inLine || !h.conn.NothingOut()) {
		return h.conn.PollWithoutNew(h.now(), out)
	}
	some := h.conn.PollSegment(h.now(), out)
	if some && out.Len() > 0 {
		t.left = max(0, t.left-1)
	}
	return some
}

// lineUp has the host wait for its next turn, where it has more to send.
func (h *host) lineUp() {
	t := &h.turn
	if h.TurnWait == 0 || t.left > 0 || t.inLine || h.conn.Unsent() == 0 {
		return
	}
	t.inLine = true
	h.sim.after(time.Duration(h.sim.rng.Int64N(int64(h.TurnWait))), h, func(h *host) {
		h.turn = turn{left: turnSegments}
	})
}
