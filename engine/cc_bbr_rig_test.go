// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"

	"tcpcb/engine/seq"
)

// bbrRig feeds a controller, an acknowledgment at a time, on a path of rigBW
// and rigRTT: a bandwidth-delay product of rigBDP bytes, a hundred segments.
type bbrRig struct {
	t         *testing.T
	b         *bbr
	now       Instant
	delivered int64
	lost      int64
}

const (
	rigMSS  = 1000
	rigBW   = 1_000_000
	rigRTT  = 100 * time.Millisecond
	rigBDP  = 100_000
	rigIW   = 10 * rigMSS
	rigFull = rigBDP / 2 // a flight that leaves the path room
)

func newBBRRig(t *testing.T) *bbrRig {
	t.Helper()
	c := newBBR(ccStart{mss: rigMSS, initial: rigIW, sack: true, srtt: rigRTT, seed: 1})
	r := &bbrRig{t: t, b: c.(*bbr), now: Instant(time.Hour)}
	r.send(0, false)
	return r
}

// send has a segment go out into a pipe of flight bytes.
func (r *bbrRig) send(flight int, idle bool) {
	r.b.onSent(sendSample{now: r.now, bytes: rigMSS, flight: flight, idle: idle})
}

// bbrAck is an acknowledgment; what is 0 stands for what a path of the rig's
// gives: a rate of rigBW, a flight of rigFull when sent, rigRTT.
type bbrAck struct {
	rate       int64
	acked      int
	flight     int // after it
	inFlight   int // when sent
	rtt        time.Duration
	lost       int64 // since it was sent
	appLimited bool
	sameRound  bool
	phase      recoveryPhase
}

// ack takes an acknowledgment that ends a round trip, unless it says otherwise.
func (r *bbrRig) ack(a bbrAck) {
	r.t.Helper()
	b := r.b
	if a.rate == 0 {
		a.rate = rigBW
	}
	if a.acked == 0 {
		a.acked = rigMSS
	}
	if a.inFlight == 0 {
		a.inFlight = rigFull
	}
	if a.rtt == 0 {
		a.rtt = rigRTT
	}
	prior := max(b.nextRoundDelivered, b.lossRoundDelivered)
	if a.sameRound {
		prior = min(b.nextRoundDelivered, b.lossRoundDelivered) - 1
	}
	r.delivered += int64(a.acked)
	b.onAck(ackSample{
		now: r.now, acked: a.acked, flight: a.flight, rtt: a.rtt, srtt: rigRTT, phase: a.phase,
		rate: rateSample{
			rate: a.rate, delivered: r.delivered, priorDelivered: prior,
			inFlight: a.inFlight, lost: a.lost, appLimited: a.appLimited, some: true,
		},
	})
}

// round lets a round trip go by, and takes an acknowledgment at its end.
func (r *bbrRig) round(a bbrAck) {
	r.t.Helper()
	r.now = r.now.Add(rigRTT)
	r.ack(a)
}

// lose has the segment at place i of the sequence space lost, of those that were
// sent with inFlight bytes in the network when nothing was lost yet.
func (r *bbrRig) lose(i, inFlight int) {
	r.lost += rigMSS
	r.b.onLost(lostSample{
		now: r.now, at: seq.MakeRange(seq.New(uint32(i*rigMSS)), rigMSS), bytes: rigMSS,
		sent: rateStamp{inFlight: inFlight}, lost: r.lost, delivered: r.delivered,
	})
}

// want fails where the state is another.
func (r *bbrRig) want(s bbrState) {
	r.t.Helper()
	if r.b.state != s {
		r.t.Fatalf("state %d, want %d", r.b.state, s)
	}
}

// drain takes the controller to Drain, with a bandwidth of rigBW.
func (r *bbrRig) drain() *bbrRig {
	r.t.Helper()
	for range 1 + bbrFullBWRounds {
		r.want(bbrStartup)
		r.round(bbrAck{acked: rigFull, flight: 2 * rigBDP})
	}
	r.want(bbrDrain)
	return r
}

// cruise takes it on to ProbeBW's CRUISE.
func (r *bbrRig) cruise() *bbrRig {
	r.t.Helper()
	r.drain()
	r.round(bbrAck{flight: rigFull})
	r.want(bbrCruise)
	for range 3 { // the window grows to what the model allows
		r.round(bbrAck{acked: rigBDP, flight: rigFull})
	}
	return r
}

// queue has all of a round trip find a queue, so that it takes rtt.
func (r *bbrRig) queue(rtt time.Duration) *bbrRig {
	r.t.Helper()
	r.round(bbrAck{rtt: rtt, flight: rigFull})
	r.round(bbrAck{rtt: rtt, flight: rigFull})
	return r
}

// up takes it on to ProbeBW's UP.
func (r *bbrRig) up() *bbrRig {
	r.t.Helper()
	r.cruise()
	r.now = r.now.Add(bbrProbeWait + bbrProbeWaitMore)
	r.b.probeRTTMinStamp = r.now // no time for ProbeRTT
	r.ack(bbrAck{flight: rigFull})
	r.want(bbrRefill)
	r.round(bbrAck{flight: rigFull})
	r.want(bbrUp)
	return r
}
