// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"
)

// pacedAt has a fixed window and pace, and is otherwise Reno.
type pacedAt struct {
	reno
	rate int64
}

func (p *pacedAt) pacingRate() int64 { return p.rate }
func (p *pacedAt) onAck(ackSample)   {}

// joinPaced joins two connections, the first of which has text to send at rate
// bytes a second in a window of cwnd bytes.
func joinPaced(t *testing.T, rate int64, cwnd, gso, text int) *joined {
	t.Helper()
	s := DefaultSettings()
	s.SndBuf, s.RcvBuf = 64<<20, 64<<20
	j := join(t, Params{MSS: 1460, GSOMaxSize: gso}, s)
	j.c[0].control()
	cc := &pacedAt{rate: rate}
	cc.windowed = newWindowed(1448, cwnd)
	j.c[0].cc = cc
	j.c[0].tx.wnd = 8 << 20
	j.write(0, text)
	return j
}

// sendFor lets the first connection send for d, woken when it asks for it and no
// earlier, late by as much as a timer may be. It returns what went out, by
// instant since the start.
func (j *joined) sendFor(d, late time.Duration) map[time.Duration]int {
	sent := map[time.Duration]int{}
	c, start := &j.c[0], j.now
	for {
		for c.PollSegment(j.now, &j.seg) {
			sent[j.now.Sub(start)] += int(j.seg.Payload.Size())
			j.seg.Payload.Release()
		}
		if !c.timers.armed(timerPace) {
			return sent
		}
		j.now = c.timers.at[timerPace].Add(late)
		if j.now.Sub(start) > d {
			return sent
		}
		c.timers.stop(timerPace)
	}
}

// TestPace: text goes out at the pace, in bursts of a quantum and what goes ahead
// of its time, with wakes that are on time or late.
func TestPace(t *testing.T) {
	for _, test := range []struct {
		name  string
		rate  int64
		gso   int
		late  time.Duration
		burst int // bytes at one instant, at most
	}{
		{"100 Mbit/s", 12_500_000, 0, 0, 2*12_500 + 1448},
		{"100 Mbit/s in runs", 12_500_000, 64 << 10, 0, 2 * 12_500},
		{"100 Mbit/s, late wakes", 12_500_000, 0, 500 * time.Microsecond, 2*12_500 + 1448},
		{"100 Mbit/s, wakes 3 ms late", 12_500_000, 0, 3 * time.Millisecond, 5*12_500 + 1448},
		{"100 Mbit/s, wakes 5 ms late", 12_500_000, 64 << 10, 5 * time.Millisecond, 7*12_500 + 1448},
		{"1 Mbit/s", 125_000, 0, 0, 2 * 1448},
		{"1 Mbit/s in runs", 125_000, 64 << 10, 0, 2 * 1448},
		{"1 Gbit/s in runs", 125_000_000, 64 << 10, 0, 4 * 62_500},
	} {
		t.Run(test.name, func(t *testing.T) {
			const d = 200 * time.Millisecond
			most := int(float64(test.rate)*d.Seconds()) + test.burst
			j := joinPaced(t, test.rate, 1<<30, test.gso, most+1<<20)
			j.c[0].tx.wnd = 1 << 30
			total := 0
			for at, n := range j.sendFor(d, test.late) {
				total += n
				if n > test.burst {
					t.Errorf("%d bytes at once after %v, want %d at most", n, at, test.burst)
				}
			}
			if least := int(0.98 * float64(test.rate) * d.Seconds()); total < least || total > most {
				t.Errorf("%d bytes in %v, want %d to %d", total, d, least, most)
			}
		})
	}
}

// TestPaceWakes: the timer is not asked for more often than twice a millisecond.
func TestPaceWakes(t *testing.T) {
	j := joinPaced(t, 125_000_000, 1<<30, 0, 8<<20)
	j.c[0].tx.wnd = 1 << 30
	if wakes := len(j.sendFor(50*time.Millisecond, 0)); wakes > 101 {
		t.Errorf("%d wakes in 50 ms, want 101 at most", wakes)
	}
}

// TestPaceHoldsBack: what is held back is not sent at any poll before its time,
// and then it is.
func TestPaceHoldsBack(t *testing.T) {
	j := joinPaced(t, 100_000, 1<<20, 0, 100_000)
	c := &j.c[0]
	for c.PollSegment(j.now, &j.seg) {
		j.seg.Payload.Release()
	}
	at := c.Deadline()
	if !c.timers.armed(timerPace) || at <= j.now {
		t.Fatalf("no timer for what is held back: deadline %v, now %v", at, j.now)
	}
	next := c.pace.next
	for now := j.now; now.Add(paceAhead) < next; now = now.Add(100 * time.Microsecond) {
		if c.PollSegment(now, &j.seg) {
			t.Fatalf("sent %v before its time", next.Sub(now))
		}
	}
	c.HandleDeadline(at)
	if !c.PollSegment(at, &j.seg) {
		t.Fatal("nothing is sent when the timer says so")
	}
	j.seg.Payload.Release()
}

// TestPaceCatchesUp: text that only the pace kept back makes up for a late wake,
// by paceLate at most; what the window kept back as well does not.
func TestPaceCatchesUp(t *testing.T) {
	const rate = 1_000_000
	for _, test := range []struct {
		name string
		cwnd int // beside what goes out at first
		late time.Duration
		want time.Duration // how much of that is made up for
	}{
		{"a little late", 1 << 30, 4 * time.Millisecond, 4 * time.Millisecond},
		{"very late", 1 << 30, time.Second, paceLate},
		{"kept back by the window", 0, 4 * time.Millisecond, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			j := joinPaced(t, rate, 1<<30, 0, 1<<20)
			c := &j.c[0]
			c.tx.wnd = 1 << 30
			drain := func(now Instant) (n int) {
				for c.PollSegment(now, &j.seg) {
					n += int(j.seg.Payload.Size())
					j.seg.Payload.Release()
				}
				return n
			}
			out := drain(j.now)
			cc := c.cc.(*pacedAt)
			cc.cwnd = min(out+test.cwnd, 1<<30)
			next := c.pace.next
			if test.cwnd == 0 { // the timer comes, and finds no window
				c.HandleDeadline(c.Deadline())
				if n := drain(next); n > 0 {
					t.Fatalf("%d bytes sent beyond the window", n)
				}
				cc.cwnd = 1 << 30
			}
			now := next.Add(test.late)
			n := drain(now)
			// What is made up for, what may go ahead, and a segment over.
			want := int(rate * (test.want + paceAhead).Seconds())
			if n < want || n > want+1448 {
				t.Errorf("%d bytes at once, want %d to %d", n, want, want+1448)
			}
		})
	}
}

// TestPaceAck: an acknowledgment does not wait for the pace.
func TestPaceAck(t *testing.T) {
	j := joinPaced(t, 1000, 1<<20, 0, 100_000)
	c := &j.c[0]
	for c.PollSegment(j.now, &j.seg) {
		j.seg.Payload.Release()
	}
	j.write(1, 100)
	if !j.c[1].PollSegment(j.now, &j.seg) {
		t.Fatal("the other end sends nothing")
	}
	c.HandleSegment(j.now, &j.seg)
	if !c.PollSegment(j.now, &j.seg) || j.seg.Payload.Size() != 0 {
		t.Errorf("want an acknowledgment at once, got %d bytes of text", j.seg.Payload.Size())
	}
}

// TestPaceFastRetransmit: the fast retransmit does not wait for the pace, and
// what follows it does.
func TestPaceFastRetransmit(t *testing.T) {
	j := joinPaced(t, 1000, 1<<20, 0, 100_000)
	c := &j.c[0]
	for now := j.now; c.board.empty() || c.board.order.n < 4; now = c.pace.next {
		if c.PollSegment(now, &j.seg) {
			j.seg.Payload.Release()
		}
		j.now = now
	}
	for i := range 2 {
		id := *c.board.order.at(i)
		c.onLost(j.now, &c.board.recs[id])
		c.board.lose(id)
	}
	c.beginRecovery(j.now, c.flightSize(), 0)
	if !c.PollSegment(j.now, &j.seg) || !j.seg.Retransmission {
		t.Fatal("the first segment that was lost is not sent again at once")
	}
	j.seg.Payload.Release()
	if c.PollSegment(j.now, &j.seg) {
		t.Error("nor does the second wait")
	}
}

// TestPaceIdle: a connection that was idle begins at once, whatever it sent
// before, with a quantum and not with the time that it was silent for.
func TestPaceIdle(t *testing.T) {
	var p pacer
	now := Instant(time.Hour)
	p.onSent(now, 10_000, 1000, false) // ten seconds' worth
	if want := now.Add(10 * time.Second); p.next != want {
		t.Errorf("next %v, want %v", p.next, want)
	}
	now = now.Add(time.Minute)
	p.onSent(now, 1000, 1000, false)
	if want := now.Add(time.Second); p.next != want {
		t.Errorf("next %v after a pause, want %v", p.next, want)
	}
	p.onSent(now, 1000, 0, false)
	if p.next != 0 {
		t.Error("a controller that does not pace is paced")
	}
}

// TestPaceWindow: a controller that has a window only is paced where that is
// asked for: at two windows a round trip in slow start, at 1.2 after it.
func TestPaceWindow(t *testing.T) {
	for _, test := range []struct {
		name           string
		pacing         bool
		cwnd, ssthresh int
		srtt           time.Duration
		want           int64
	}{
		{"not asked for", false, 100_000, 1 << 30, time.Second, 0},
		{"slow start", true, 100_000, 1 << 30, time.Second, 200_000},
		{"after it", true, 100_000, 100_000, time.Second, 120_000},
		{"without a measurement", true, 100_000, 1 << 30, 0, 0},
	} {
		var c Conn
		c.set = &Settings{Pacing: test.pacing}
		r := &reno{windowed: newWindowed(1000, test.cwnd)}
		r.ssthresh = test.ssthresh
		c.cc, c.rtt.srtt = r, test.srtt
		if got := c.paceRate(); got != test.want {
			t.Errorf("%s: %d bytes a second, want %d", test.name, got, test.want)
		}
	}
}
