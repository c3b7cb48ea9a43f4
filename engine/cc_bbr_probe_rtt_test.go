// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
)

// TestBBRProbeRTT follows one ProbeRTT (section 5.3.4): due when no lower
// round-trip time was seen for 5 s (MUST, section 5.3.4.2), it holds half of the
// bandwidth-delay product for 200 ms and a round trip.
func TestBBRProbeRTT(t *testing.T) {
	r := newBBRRig(t).cruise()
	window := r.b.cwnd
	r.b.bwShortterm, r.b.inflightShortterm = rigBW, 10*rigBDP
	r.now = r.b.probeRTTMinStamp.Add(5 * time.Second)
	r.b.cycleStamp = r.now // no time for a probe for bandwidth
	r.ack(bbrAck{sameRound: true, flight: rigFull + 1})
	r.want(bbrCruise)
	r.now++
	r.ack(bbrAck{sameRound: true, flight: rigFull + 1})
	r.want(bbrProbeRTT)
	if r.b.cwnd != rigFull || r.b.pacingRate() != rigBW*99/100 {
		t.Errorf("window %d and rate %d, want %d and %d", r.b.cwnd, r.b.pacingRate(), rigFull, rigBW*99/100)
	}
	if !r.b.understates() {
		t.Error("what is delivered in ProbeRTT is taken for what the path can do")
	}
	r.round(bbrAck{flight: rigFull + 1}) // not low enough yet
	if r.b.probeRTTHeld {
		t.Error("the time of ProbeRTT runs with too much in the network")
	}
	r.round(bbrAck{flight: rigFull})
	held := r.now
	r.now = held.Add(200*time.Millisecond + 1)
	r.ack(bbrAck{sameRound: true, flight: rigFull})
	r.want(bbrProbeRTT) // a round trip has not gone by
	r.now = held.Add(200 * time.Millisecond)
	r.ack(bbrAck{flight: rigFull})
	r.want(bbrProbeRTT) // and now 200 ms have not
	r.now++
	r.ack(bbrAck{flight: rigFull, sameRound: true})
	r.want(bbrCruise)
	if r.b.cwnd != window {
		t.Errorf("window %d after it, want %d as before", r.b.cwnd, window)
	}
	if r.b.probeRTTMinStamp != r.now {
		t.Error("the next is not due an interval from its end")
	}
	if r.b.bwShortterm != bbrNoBound || r.b.inflightShortterm != bbrNoBound {
		t.Errorf("short-term bounds %d and %d after it, want none", r.b.bwShortterm, r.b.inflightShortterm)
	}
	if r.b.cwndGain != 2 {
		t.Errorf("window gain %v after it, want 2", r.b.cwndGain)
	}
}

// TestBBRProbeRTTPutOff: a lower round-trip time puts ProbeRTT off, and so does
// a pause of the application (section 5.4.1).
func TestBBRProbeRTTPutOff(t *testing.T) {
	r := newBBRRig(t).cruise()
	r.now = r.b.probeRTTMinStamp.Add(4 * time.Second)
	r.ack(bbrAck{sameRound: true, rtt: rigRTT - 1, flight: rigFull})
	r.now = r.now.Add(2 * time.Second)
	r.ack(bbrAck{sameRound: true, flight: rigFull})
	if r.b.state == bbrProbeRTT {
		t.Error("ProbeRTT 2 s after a lower round-trip time")
	}

	r = newBBRRig(t).cruise()
	r.now = r.now.Add(time.Minute)
	r.send(0, true)
	if !r.b.idleRestart {
		t.Fatal("a restart from idle is not noted")
	}
	r.ack(bbrAck{sameRound: true, flight: rigFull})
	if r.b.state == bbrProbeRTT || r.b.idleRestart {
		t.Errorf("after a pause: state %d, idle_restart %v", r.b.state, r.b.idleRestart)
	}
}

// TestBBRProbeRTTInStartup: before the pipe was full, it leads back to Startup
// (section 5.3.4.4).
func TestBBRProbeRTTInStartup(t *testing.T) {
	r := newBBRRig(t)
	r.round(bbrAck{})
	r.now = r.now.Add(5*time.Second + 1)
	r.ack(bbrAck{appLimited: true, sameRound: true})
	r.want(bbrProbeRTT)
	r.round(bbrAck{appLimited: true})
	r.now = r.now.Add(200 * time.Millisecond)
	r.round(bbrAck{appLimited: true})
	r.want(bbrStartup)
}

// TestBBRProbeRTTIdle: a connection that was silent until ProbeRTT's time was
// over goes on as before when it sends again (section 5.4.1).
func TestBBRProbeRTTIdle(t *testing.T) {
	r := newBBRRig(t).cruise()
	window := r.b.cwnd
	r.now = r.now.Add(6 * time.Second)
	r.b.cycleStamp = r.now
	r.ack(bbrAck{sameRound: true, flight: rigFull})
	r.want(bbrProbeRTT)
	r.now = r.now.Add(time.Second)
	r.send(0, true)
	r.want(bbrCruise)
	if r.b.cwnd != window {
		t.Errorf("window %d, want %d", r.b.cwnd, window)
	}
}

// TestBBRMinRTT: the least round-trip time is that of ten seconds (section
// 5.5.7.2); an acknowledgment that tells none changes nothing.
func TestBBRMinRTT(t *testing.T) {
	r := newBBRRig(t)
	sample := func(after, rtt time.Duration) {
		r.now = r.now.Add(after)
		r.b.updateMinRTT(&ackSample{now: r.now, rtt: rtt})
	}
	for i, test := range []struct {
		after, rtt, want time.Duration
	}{
		{time.Second, 90 * time.Millisecond, 90 * time.Millisecond},
		{time.Second, -1, 90 * time.Millisecond},
		{time.Second, 200 * time.Millisecond, 90 * time.Millisecond},
		{5 * time.Second, 150 * time.Millisecond, 90 * time.Millisecond},
		{time.Second, 140 * time.Millisecond, 90 * time.Millisecond},
		{2 * time.Second, 300 * time.Millisecond, 90 * time.Millisecond}, // 10 s old
		{time.Nanosecond, 300 * time.Millisecond, 140 * time.Millisecond},
		{time.Second, 80 * time.Millisecond, 80 * time.Millisecond},
	} {
		sample(test.after, test.rtt)
		if r.b.minRTT != test.want {
			t.Errorf("sample %d: least %v, want %v", i, r.b.minRTT, test.want)
		}
	}
}
