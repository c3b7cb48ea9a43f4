// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import "tcpcb/engine"

// Where the link holds enough of this host's packets, an endpoint with new text to send
// stands in line, and sends some when its turn has come (see adapter.Link).

// inLine is an endpoint as the line at a link sees it.
type inLine Endpoint

// Turn implements adapter.Waiter.
func (w *inLine) Turn() {
	e := (*Endpoint)(w)
	e.notes.leave(noteTurn)
	e.attend()
}

// allowance returns how much new text may be sent before it is asked again, in units of
// the link. Who has nothing in the network sends a segment without waiting, so that a
// request does not stand in line with those who send much. It may be a run that the link
// cuts.
func (e *Endpoint) allowance() int {
	if turn := e.path.Turn(); turn > 0 {
		return turn
	}
	room := e.path.Room()
	if room == 0 && !e.path.InLine() && e.conn.NothingOut() {
		return 1
	}
	return room
}

// pollOne takes the next segment to send, with new text as long as anything of the
// allowance is left.
func (e *Endpoint) pollOne(now engine.Instant, out *engine.Segment, left *int) bool {
	if *left <= 0 && e.conn.Unsent() > 0 {
		return e.conn.PollWithoutNew(now, out)
	}
	if !e.conn.PollSegment(now, out) {
		return false
	}
	n := e.path.Units(out)
	*left -= n
	e.path.Spend(n)
	return true
}

// lineUp is called when all is sent that may be.
func (e *Endpoint) lineUp(left int) {
	if unsent := e.conn.Unsent(); left <= 0 && unsent > 0 {
		e.path.LineUp((*inLine)(e), unsent)
	} else if !e.conn.PaceHolds() { // who is paced goes on with its turn later
		e.path.EndTurn()
	}
}
