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
	tlp          *tailProbe
	reorder      *reordering

	bytes    int     // newly known to have arrived
	late     int     // of those, what was deemed lost
	sentAt   Instant // of the latest of what was sent once; Never when there is none
	resent   bool    // some of it was sent more than once
	original bool    // of something that was, an earlier copy has arrived
	again    bool    // of something that was, the last copy has arrived
	// last says so as well, but it is a guess where timestamps should tell;
	// narrowly, that original is for less than the clock's granularity.
	last, narrowly bool
	unlost         bool // something has arrived that was deemed lost, and sent once
	sackNews       bool // SACK told something new
	sample         rateSample
}

// add takes a record that has arrived; acked says that the acknowledgment
// itself tells, and not a SACK. Its fate is yet what it was before.
func (d *delivery) add(s *record, acked bool) {
	n := s.r.Len()
	d.bytes += n
	d.rate.onDelivered(d.now, n, &s.stamp, &d.sample)
	if s.fate == deemedLost {
		d.late += n
		d.unlost = d.unlost || !s.retransmitted
	}
	if !s.retransmitted {
		if d.sentAt == Never || s.stamp.sentAt > d.sentAt {
			d.sentAt = s.stamp.sentAt
		}
		d.reorder.onOriginal(s.r)
		d.rack.onDelivered(d.now, s)
		return
	}
	d.resent = true
	older := d.echoes && int32(d.echo-timestamp(s.stamp.sentAt, d.offset)) < 0
	early := d.now.Sub(s.stamp.sentAt) < d.minRTT
	probed := d.tlp != nil && d.tlp.resent && s.r == d.tlp.sent
	switch {
	case early, older && acked:
		// An earlier copy has arrived, and not the last.
		narrowly := !older && d.minRTT-d.now.Sub(s.stamp.sentAt) < clockGranularity
		d.narrowly = narrowly && (d.narrowly || !d.original)
		d.original = true
		d.reorder.onOriginal(s.r)
		if probed {
			// When that copy was sent is forgotten, and RACK passes it over (RFC
			// 8985, section 6.2, step 2), but for a probe's.
			first := *s
			first.stamp.sentAt = d.tlp.first
			d.rack.onDelivered(d.now, &first)
		}
	case older && !probed:
		// The echo in a SACK is that of the last text in order: it tells
		// nothing, and RACK passes the segment over (RFC 8985, section 6.2,
		// step 2). But for a tail probe's: it is there to be SACKed.
	default:
		d.again = d.again || acked && d.echoes
		d.last = true
		d.rack.onDelivered(d.now, s)
	}
}
