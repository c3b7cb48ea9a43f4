// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package endpoint

import "sync/atomic"

// notes are what those who found the endpoint's lock held left for its holder, beside
// segments.
type notes struct{ set atomic.Uint32 }

const (
	noteAlarm uint32 = 1 << iota // the timer went off
	noteTurn                     // the endpoint's turn at the link has come
)

// leave leaves a note.
func (n *notes) leave(note uint32) { n.set.Or(note) }

// any reports whether there are notes.
func (n *notes) any() bool { return n.set.Load() != 0 }

// take takes a note, and reports whether there was one.
func (n *notes) take(note uint32) bool {
	return n.set.Load()&note != 0 && n.set.And(^note)&note != 0
}
