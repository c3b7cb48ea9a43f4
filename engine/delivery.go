// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import "time"

// delivery gathers what one acknowledgment, cumulative and selective, tells to
// have arrived.
type delivery struct {
	now    Instant
	minRTT time.Duration
	// echo is the timestamp that the peer echoes, where it does, and offset what
	// our clock of timestamps is ahead by.
	echo, offset uint32
	echoes       bool
	rate         *rateSampler
	rack         *rack
	reorder      *reordering

	bytes    int     // newly known to have arrived
	sentAt   Instant // of the latest of what was sent once; Never when there is none
	resent   bool    // some of it was sent more than once
	sackNews bool    // SACK told something new
	sample   rateSample
}

// add takes a record that has arrived.
func (d *delivery) add(s *record) {
	n := s.r.Len()
	d.bytes += n
	if s.retransmitted {
		d.resent = true
	} else if d.sentAt == Never || s.stamp.sentAt > d.sentAt {
		d.sentAt = s.stamp.sentAt
	}
	d.rate.onDelivered(d.now, n, &s.stamp, &d.sample)
	d.reorder.onDelivered(s)
	if !s.retransmitted || !d.arrivedBefore(s) {
		d.rack.onDelivered(d.now, s)
	}
}

// arrivedBefore reports whether it was an earlier transmission of s that
// arrived, and not the last (RFC 8985, section 6.2, step 2): the peer echoes an
// older timestamp, or less than the least round-trip time has passed.
func (d *delivery) arrivedBefore(s *record) bool {
	if d.echoes && int32(d.echo-timestamp(s.stamp.sentAt, d.offset)) < 0 {
		return true
	}
	return d.now.Sub(s.stamp.sentAt) < d.minRTT
}
