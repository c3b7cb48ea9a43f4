// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package linkfifo_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"tcpcb/linkfifo"
)

// send writes packets with the given numbers, 1000 bytes each.
func send(t *testing.T, e *linkfifo.Endpoint, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		write(t, e, datagram(uint32(i), 1000))
	}
}

func wantTimes(t *testing.T, got *sink, want ...time.Duration) {
	t.Helper()
	if d := cmp.Diff(want, got.times); d != "" {
		t.Errorf("arrivals (-want +got):\n%s", d)
	}
}

func TestNotDeliveredOnTheSendersStack(t *testing.T) {
	link, clock, got := virtualLink(t, linkfifo.Options{})
	send(t, link.A, 0, 3)
	if n := got.len(); n != 0 {
		t.Fatalf("%d packets delivered by the sender", n)
	}
	clock.Advance(0)
	wantTimes(t, got, 0, 0, 0)
}

func TestRateAndDelay(t *testing.T) {
	// 1000 bytes at 8 Mbit/s take 1 ms each.
	link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{Path: linkfifo.Path{Rate: 8e6, Delay: 10 * ms}}})
	send(t, link.A, 0, 3)
	clock.Advance(100 * ms)
	send(t, link.A, 3, 4)
	clock.Advance(100 * ms)
	wantTimes(t, got, 11*ms, 12*ms, 13*ms, 111*ms)
	s := link.A.Stats()
	if s.Transmitted != 4 || s.QueueDelayMax != 2*ms || s.QueueDelayTotal != 3*ms || s.QueueDelayMean() != 750*time.Microsecond {
		t.Errorf("transmitted %d, queue delay max %v, sum %v, mean %v", s.Transmitted, s.QueueDelayMax, s.QueueDelayTotal, s.QueueDelayMean())
	}
}

// The rate is exact however badly it divides.
func TestRateHoldsOverManyPackets(t *testing.T) {
	const rate = 7_777_777_777
	link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{Path: linkfifo.Path{Rate: rate}}})
	send(t, link.A, 0, 4000)
	clock.Advance(time.Second)
	want := time.Duration(4000 * 8000 * int64(time.Second) / rate)
	if last := got.times[len(got.times)-1]; last != want {
		t.Errorf("the last packet arrives at %v, want %v", last, want)
	}
}

func TestDropTail(t *testing.T) {
	for _, test := range []struct {
		name string
		path linkfifo.Path
		want []int
	}{
		{"packets", linkfifo.Path{Rate: 8e6, QueuePackets: 3}, []int{0, 1, 2, 3}}, // one in the transmitter
		{"bytes", linkfifo.Path{Rate: 8e6, QueueBytes: 2999}, []int{0, 1, 2}},
		{"no rate", linkfifo.Path{QueuePackets: 3}, []int{0, 1, 2}},
		{"no rate, bytes", linkfifo.Path{QueueBytes: 2000}, []int{0, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{Path: test.path}})
			send(t, link.A, 0, 10)
			clock.Advance(time.Second)
			if d := cmp.Diff(test.want, got.numbers()); d != "" {
				t.Error(d)
			}
			if s := link.A.Stats(); s.DroppedQueue != uint64(10-len(test.want)) || s.QueuePackets != 0 || s.QueueBytes != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestDefaultQueue(t *testing.T) {
	link, clock, got := virtualLink(t, linkfifo.Options{})
	send(t, link.A, 0, linkfifo.DefaultQueuePackets+10)
	s := link.A.Stats()
	if s.QueuePackets != linkfifo.DefaultQueuePackets || s.QueuePeakBytes != 1000*linkfifo.DefaultQueuePackets || s.DroppedQueue != 10 {
		t.Errorf("%+v", s)
	}
	clock.Advance(0)
	if got.len() != linkfifo.DefaultQueuePackets {
		t.Errorf("%d delivered", got.len())
	}
}

func TestFlightIsBounded(t *testing.T) {
	link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{Path: linkfifo.Path{Delay: ms, FlightPackets: 5}}})
	send(t, link.A, 0, 8)
	clock.Advance(ms)
	send(t, link.A, 8, 9)
	clock.Advance(ms)
	if d := cmp.Diff([]int{0, 1, 2, 3, 4, 8}, got.numbers()); d != "" || link.A.Stats().DroppedFlight != 3 {
		t.Error(d, link.A.Stats())
	}
}

// A late packet is overtaken by those of the time it is late by, and no more.
func TestReorderingIsLateness(t *testing.T) {
	link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{Path: linkfifo.Path{Delay: ms, Reorder: 1, ReorderBy: 5 * ms}}})
	send(t, link.A, 0, 1)
	if err := link.A.SetPath(linkfifo.Path{Delay: ms}); err != nil {
		t.Fatal(err)
	}
	for i := 1; i < 10; i++ {
		clock.Advance(ms)
		send(t, link.A, i, i+1)
	}
	clock.Advance(20 * ms)
	if d := cmp.Diff([]int{1, 2, 3, 4, 0, 5, 6, 7, 8, 9}, got.numbers()); d != "" {
		t.Error(d)
	}
}

func TestDuplicateFollowsAtOnce(t *testing.T) {
	link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{Path: linkfifo.Path{Delay: ms, Duplicate: 1}}})
	send(t, link.A, 0, 2)
	clock.Advance(ms)
	wantTimes(t, got, ms, ms, ms, ms)
	if d := cmp.Diff([]int{0, 0, 1, 1}, got.numbers()); d != "" {
		t.Error(d)
	}
}

// A cut drops what is sent and what leaves the queue; the wire's packets arrive.
func TestCut(t *testing.T) {
	link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{Path: linkfifo.Path{Rate: 8e6, Delay: 10 * ms}}})
	send(t, link.A, 0, 4) // out at 1, 2, 3, 4 ms
	clock.Advance(2*ms + ms/2)
	link.SetDown(true)
	send(t, link.A, 4, 6)
	clock.Advance(ms) // the third is lost on the way out
	link.SetDown(false)
	send(t, link.A, 6, 7)
	clock.Advance(time.Second)
	wantTimes(t, got, 11*ms, 12*ms, 14*ms, 15*ms)
	if d := cmp.Diff([]int{0, 1, 3, 6}, got.numbers()); d != "" || link.A.Stats().DroppedCut != 3 {
		t.Error(d, link.A.Stats())
	}
}

func TestChangesInMidFlight(t *testing.T) {
	for _, test := range []struct {
		name   string
		change linkfifo.Path
		want   []time.Duration
	}{
		// Two packets at 1 ms each and 10 ms of delay; the change comes at 0.5 ms.
		{"twice the rate", linkfifo.Path{Rate: 16e6, Delay: 10 * ms}, []time.Duration{10*ms + 750*time.Microsecond, 11*ms + 250*time.Microsecond}},
		{"a tenth of the rate", linkfifo.Path{Rate: 8e5, Delay: 10 * ms}, []time.Duration{15*ms + ms/2, 25*ms + ms/2}},
		{"no rate", linkfifo.Path{Delay: 10 * ms}, []time.Duration{10*ms + ms/2, 10*ms + ms/2}},
		{"less delay", linkfifo.Path{Rate: 8e6, Delay: ms}, []time.Duration{2 * ms, 3 * ms}},
	} {
		t.Run(test.name, func(t *testing.T) {
			link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{Path: linkfifo.Path{Rate: 8e6, Delay: 10 * ms}}})
			send(t, link.A, 0, 2)
			clock.Advance(ms / 2)
			if err := link.A.SetPath(test.change); err != nil {
				t.Fatal(err)
			}
			clock.Advance(time.Second)
			wantTimes(t, got, test.want...)
		})
	}
}

// Less delay does not let packets overtake those already on the wire.
func TestShorterDelayKeepsOrder(t *testing.T) {
	link, clock, got := virtualLink(t, linkfifo.Options{A: linkfifo.Side{Path: linkfifo.Path{Delay: 10 * ms}}})
	send(t, link.A, 0, 1)
	if err := link.A.SetPath(linkfifo.Path{}); err != nil {
		t.Fatal(err)
	}
	clock.Advance(ms)
	send(t, link.A, 1, 2)
	clock.Advance(10 * ms)
	send(t, link.A, 2, 3)
	clock.Advance(ms)
	wantTimes(t, got, 10*ms, 10*ms, 11*ms)
}

// What is due at one instant in both directions keeps the order of its making.
func TestTies(t *testing.T) {
	var got []string
	side := linkfifo.Side{Path: linkfifo.Path{Rate: 8e6, Delay: ms}}
	link, clock, _ := virtualLink(t, linkfifo.Options{A: side, B: side, Trace: func(e linkfifo.Event) { got = append(got, e.String()) }})
	link.A.Attach(&sink{})
	send(t, link.B, 0, 1)
	send(t, link.A, 0, 1)
	clock.Advance(time.Second)
	want := []string{
		"0s b sent 1000 bytes, queue 0/0", "0s a sent 1000 bytes, queue 0/0",
		"1ms b transmitted 1000 bytes, queue 0/0", "1ms a transmitted 1000 bytes, queue 0/0",
		"2ms b delivered 1000 bytes, queue 0/0", "2ms a delivered 1000 bytes, queue 0/0",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Two ends that answer each other without delay do not stop the clock.
func TestInstantAnswers(t *testing.T) {
	link, clock, got := virtualLink(t, linkfifo.Options{})
	echo := &sink{}
	echo.then = func(b []byte) { write(t, link.A, b) }
	got.then = func(b []byte) { write(t, link.B, b) }
	link.A.Attach(echo)
	send(t, link.A, 0, 1)
	for i := range 100 {
		if !clock.Step() {
			t.Fatalf("no timer after %d steps", i)
		}
	}
	if a, b := echo.len(), got.len(); a+b != 100 || b-a > 1 || clock.Elapsed() != 0 {
		t.Errorf("100 steps: %d and %d deliveries, at %v", a, b, clock.Elapsed())
	}
}
