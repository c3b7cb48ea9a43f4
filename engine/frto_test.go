// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"

	"tcpcb/engine/seq"
)

// TestFRTO walks the steps of RFC 5682 with acknowledgments of a flight from 0 to
// 50, of which a timeout has sent 0 to 10 again.
func TestFRTO(t *testing.T) {
	const una, point = 0, 50
	ack := func(una int, a frtoAck) frtoAck {
		a.una, a.point, a.acked = seq.New(uint32(una)), seq.New(point), una > 0
		a.high, a.mss = seq.Max(a.high, a.una), 10
		return a
	}
	for _, tt := range []struct {
		name     string
		acks     []frtoAck
		step     frtoStep
		spurious bool
	}{
		// Section 2.1.
		{"2a: a duplicate", []frtoAck{ack(0, frtoAck{duplicate: true})}, frtoOff, false},
		{"2a: covers recover", []frtoAck{ack(50, frtoAck{late: true})}, frtoOff, false},
		{"2a: not all that was sent again", []frtoAck{ack(5, frtoAck{})}, frtoOff, false},
		{"2b", []frtoAck{ack(10, frtoAck{})}, frtoForward, false},
		{"2b: a segment beyond what was sent again", []frtoAck{ack(20, frtoAck{late: true})}, frtoForward, false},
		{"a leap", []frtoAck{ack(21, frtoAck{late: true})}, frtoOff, false},
		{"2: no news of either sort", []frtoAck{ack(0, frtoAck{})}, frtoSent, false},
		{"3a: a duplicate", []frtoAck{ack(10, frtoAck{}), {una: seq.New(10), point: seq.New(50), duplicate: true}}, frtoOff, false},
		{"3b", []frtoAck{ack(10, frtoAck{}), ack(20, frtoAck{late: true})}, frtoOff, true},
		{"3b: up to what is new", []frtoAck{ack(10, frtoAck{}), ack(60, frtoAck{late: true})}, frtoOff, true},
		{"3: no news of either sort", []frtoAck{ack(10, frtoAck{}), {una: seq.New(10), point: seq.New(50)}}, frtoForward, false},
		{"a timestamp decides", []frtoAck{ack(10, frtoAck{needed: true}), ack(20, frtoAck{late: true})}, frtoOff, false},

		// Section 3.1.
		{"SACK, 2: a duplicate", []frtoAck{ack(0, frtoAck{sack: true, duplicate: true, late: true, high: seq.New(30)})}, frtoSent, false},
		{"SACK, 2a: covers RecoveryPoint", []frtoAck{ack(50, frtoAck{sack: true})}, frtoOff, false},
		{"SACK, 2b", []frtoAck{ack(10, frtoAck{sack: true})}, frtoForward, false},
		{"SACK, 2b: beyond what was sent again", []frtoAck{ack(30, frtoAck{sack: true, late: true})}, frtoForward, false},
		{"SACK, 3a: what is new", []frtoAck{ack(10, frtoAck{sack: true}),
			{una: seq.New(10), point: seq.New(50), sack: true, duplicate: true, high: seq.New(60)}}, frtoOff, false},
		{"SACK, 3a: beyond RecoveryPoint", []frtoAck{ack(10, frtoAck{sack: true}), ack(60, frtoAck{sack: true, late: true})}, frtoOff, false},
		{"SACK, 3a: a duplicate without news", []frtoAck{ack(10, frtoAck{sack: true}),
			{una: seq.New(10), point: seq.New(50), sack: true, duplicate: true, high: seq.New(10)}}, frtoOff, false},
		{"SACK, 3b: acknowledged", []frtoAck{ack(10, frtoAck{sack: true}), ack(20, frtoAck{sack: true, late: true})}, frtoOff, true},
		{"SACK, 3b: SACKed", []frtoAck{ack(10, frtoAck{sack: true}),
			{una: seq.New(10), point: seq.New(50), sack: true, duplicate: true, late: true, high: seq.New(40)}}, frtoOff, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var f frto
			f.onTimeout(seq.New(una), phaseOpen, false)
			f.onResent(seq.MakeRange(seq.New(una), 10))
			spurious := false
			for i := range tt.acks {
				if spurious {
					t.Fatalf("spurious before acknowledgment %d", i)
				}
				spurious = f.onAck(&tt.acks[i])
			}
			if f.step != tt.step || spurious != tt.spurious {
				t.Errorf("step %d, spurious %v, want %d, %v", f.step, spurious, tt.step, tt.spurious)
			}
		})
	}
}

// TestFRTOEntered: RFC 5682, section 2.1: not in fast recovery (SHOULD NOT), nor
// where a recovery from a timeout has gone on to send more again.
func TestFRTOEntered(t *testing.T) {
	for _, tt := range []struct {
		name    string
		was     recoveryPhase
		step    frtoStep
		reneged bool
		want    frtoStep
	}{
		{"the first timeout", phaseOpen, frtoOff, false, frtoSent},
		{"in fast recovery", phaseFast, frtoOff, false, frtoOff},
		{"once more, unanswered", phaseLoss, frtoSent, false, frtoSent},
		{"once more, after step 2", phaseLoss, frtoForward, false, frtoOff},
		{"once more, in the conventional recovery", phaseLoss, frtoOff, false, frtoOff},
		{"the peer reneged", phaseOpen, frtoOff, true, frtoOff},
	} {
		f := frto{step: tt.step}
		if f.onTimeout(seq.New(1), tt.was, tt.reneged); f.step != tt.want {
			t.Errorf("%s: step %d, want %d", tt.name, f.step, tt.want)
		}
	}
}
