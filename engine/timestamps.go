// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"time"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// timestamps is the state of the timestamps option (RFC 7323, section 3).
type timestamps struct {
	on       bool
	recent   uint32  // TS.Recent
	recentAt Instant // when it was taken
	lastAck  seq.Num // Last.ACK.sent
}

// pawsIdle is how long TS.Recent stays valid: 24 days (RFC 7323, section 5.5).
const pawsIdle = 24 * 24 * time.Hour

// timestamp is the clock of the timestamps: milliseconds, from an offset of the
// connection's own (RFC 7323, sections 5.4 and 7.1).
func timestamp(now Instant, offset uint32) uint32 {
	return uint32(uint64(now)/uint64(time.Millisecond)) + offset
}

// init takes the peer's first timestamp.
func (t *timestamps) init(now Instant, o *wire.Options) {
	t.on, t.recent, t.recentAt = true, o.TSVal, now
}

// rejects reports whether PAWS refuses the segment (RFC 7323, section 5.3, R1):
// its timestamp is older than the last one taken. A reset is never refused.
func (t *timestamps) rejects(now Instant, in *Segment) bool {
	if !t.on || !in.Options.HasTimestamps || in.Flags.Has(wire.RST) {
		return false
	}
	return int32(in.Options.TSVal-t.recent) < 0 && now.Sub(t.recentAt) < pawsIdle
}

// take updates TS.Recent from a segment that the window accepts (RFC 7323,
// section 4.3, step 2): the one that spans Last.ACK.sent.
func (t *timestamps) take(now Instant, in *Segment) {
	o := &in.Options
	if !t.on || !o.HasTimestamps || t.lastAck.Less(in.Seq) {
		return
	}
	if int32(o.TSVal-t.recent) >= 0 || now.Sub(t.recentAt) >= pawsIdle {
		t.recent, t.recentAt = o.TSVal, now
	}
}
