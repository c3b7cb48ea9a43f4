// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import (
	"tcpcb/adapter"
	"tcpcb/engine"
)

// Where the link holds enough of this host's packets, an endpoint with text to send
// stands in line, and sends some when its turn has come (see adapter.Link).

// inLine is an endpoint as the line at a link sees it.
type inLine Endpoint

// Turn implements adapter.Waiter.
func (w *inLine) Turn() {
	e := (*Endpoint)(w)
	e.notes.leave(noteTurn)
	e.attend()
}

// allowance returns how much text may be sent before it is asked again, in units of the
// link. Where none is in the network, a segment is sent without waiting: who says little
// now and then does not stand in line with those who send much.
func (e *Endpoint) allowance() int {
	if e.conn.NothingOut() && !e.path.InLine() {
		return 1
	}
	return e.path.Allowance()
}

// pollOne takes the next segment to send, with text as long as anything is left of the
// allowance.
func (e *Endpoint) pollOne(now engine.Instant, out *engine.Segment, left *int) bool {
	if *left <= 0 {
		return e.conn.PollWithoutText(now, out)
	}
	if !e.conn.PollSegment(now, out) {
		return false
	}
	*left -= adapter.Units(int(out.Payload.Size()))
	return true
}

// lineUp has an endpoint that may send no more stand in line, where it has more to send.
func (e *Endpoint) lineUp(left int) {
	e.path.LineUp((*inLine)(e), left <= 0 && e.conn.TextDue())
}
