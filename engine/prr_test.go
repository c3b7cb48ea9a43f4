// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package engine

import (
	"testing"
	"time"

	"tcpcb/engine/seq"
	"tcpcb/engine/wire"
)

// TestPRR: what one acknowledgment in recovery lets out (RFC 9937, section 6),
// with segments of 1000 bytes, 20 in flight at its start, and an ssthresh of 10.
func TestPRR(t *testing.T) {
	for _, test := range []struct {
		name           string
		delivered, out int // before
		acked, pipe    int
		safe           bool
		want           int // SndCnt
	}{
		// Proportional: CEIL(prr_delivered * ssthresh / RecoverFS) - prr_out.
		{"half of what is delivered", 2000, 1000, 2000, 15_000, false, 1000},
		{"whatever was safe", 2000, 1000, 2000, 15_000, true, 1000},
		{"rounded up", 2000, 1000, 1, 15_000, false, 1},
		{"none before its time", 2000, 2000, 1000, 15_000, false, 0},
		{"a byte above ssthresh", 9000, 5000, 1000, 10_001, true, 0},

		// At ssthresh and below: SndCnt is MAX(prr_delivered - prr_out,
		// DeliveredData), with a segment more for a SafeACK, and no more than
		// brings the pipe up to ssthresh.
		{"at ssthresh", 9000, 5000, 1000, 10_000, true, 0},
		{"conservation: what was not sent", 4000, 1000, 1000, 2000, false, 4000},
		{"conservation: what is delivered", 1000, 2000, 1000, 2000, false, 1000},
		{"conservation: up to ssthresh", 9000, 1000, 1000, 8500, false, 1500},
		{"SafeACK: what was not sent", 4000, 1000, 1000, 2000, true, 5000},
		{"SafeACK: what is delivered", 1000, 2000, 1000, 2000, true, 2000},
		{"SafeACK: up to ssthresh", 9000, 1000, 1000, 8500, true, 1500},

		// The fast retransmit itself goes out in any case.
		{"the first", 0, 0, 0, 15_000, false, 1000},
		{"the first, at ssthresh", 0, 0, 1000, 10_000, true, 1000},
		{"not the second", 0, 1, 0, 15_000, false, 0},
		{"the first, with more let out", 0, 0, 6000, 15_000, false, 3000},
	} {
		var p prr
		p.begin(20_000)
		p.delivered = test.delivered
		p.onSent(test.out)
		p.onAck(test.acked, test.pipe, 10_000, 1000, test.safe)
		if got := p.cwnd - test.pipe; got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
		if p.delivered != test.delivered+test.acked || p.out != test.out {
			t.Errorf("%s: prr_delivered %d, prr_out %d", test.name, p.delivered, p.out)
		}
	}
}

// TestPRRBegins: a recovery counts anew, and never divides by nothing; what it
// divides it rounds up.
func TestPRRBegins(t *testing.T) {
	for _, test := range []struct{ a, b, want int }{{0, 1000, 0}, {1, 1000, 1}, {1000, 1000, 1}, {1001, 1000, 2}} {
		if got := ceilDiv(test.a, test.b); got != test.want {
			t.Errorf("%d of %d: %d, want %d", test.a, test.b, got, test.want)
		}
	}
	p := prr{flight: 1, delivered: 2, out: 3, cwnd: 4}
	p.begin(5)
	if want := (prr{flight: 5}); p != want {
		t.Errorf("%+v, want %+v", p, want)
	}
	p.begin(0)
	if p.flight != 1 {
		t.Errorf("RecoverFS %d", p.flight)
	}
	p.onAck(1000, 2000, 1000, 1000, false)
}

// prrConn returns a connection with 20 segments of 1000 bytes outstanding.
func prrConn(t *testing.T) *joined {
	t.Helper()
	s := DefaultSettings()
	s.SndBuf, s.RcvBuf = 1<<20, 1<<20
	j := join(t, Params{MSS: 1000, NoTimestamps: true}, s)
	c := &j.c[0]
	c.control().takeOver(20_000, 20_000)
	j.write(0, 60_000)
	j.poll()
	if c.pipe() != 20_000 {
		t.Fatalf("%d bytes in flight", c.pipe())
	}
	j.now = j.now.Add(100 * time.Millisecond)
	return j
}

// poll lets the first connection send, and returns how many segments it sends.
func (j *joined) poll() (n int) {
	for j.c[0].PollSegment(j.now, &j.seg) {
		j.seg.Payload.Release()
		n++
	}
	return n
}

// sack hands the first connection an acknowledgment of ack segments of text, and
// of those of the ranges beyond, which are told as pairs of segments.
func (j *joined) sack(from seq.Num, ack int, ranges ...int) {
	c := &j.c[0]
	var in Segment
	in.Seq, in.Ack, in.Flags, in.Window = c.rx.nxt, from.Add(ack*1000), wire.ACK, 60_000
	for i := 0; i < len(ranges); i += 2 {
		r := seq.Range{Start: from.Add(ranges[i] * 1000), End: from.Add(ranges[i+1] * 1000)}
		in.Options.SACK[in.Options.NumSACK] = r
		in.Options.NumSACK++
	}
	c.HandleSegment(j.now, &in)
}

// TestPRRRecovery: RecoverFS is what was outstanding when the loss was seen,
// without what was SACKed before, with what the acknowledgment itself delivered;
// at the end the window is ssthresh (RFC 9937, section 6). What is lost goes
// when that lets it (RFC 8985, section 9.3, MUST NOT).
func TestPRRRecovery(t *testing.T) {
	j := prrConn(t)
	c := &j.c[0]
	una := c.tx.una
	j.sack(una, 2) // two segments go out for them
	if n := j.poll(); n != 2 {
		t.Fatalf("%d segments for two acknowledged", n)
	}
	j.sack(una, 2, 3, 5)
	j.poll() // two more
	if c.recovery.phase != phaseOpen || c.flightSize() != 22_000 {
		t.Fatalf("phase %d, %d bytes outstanding", c.recovery.phase, c.flightSize())
	}
	j.sack(una, 2, 3, 7)
	if c.recovery.phase != phaseFast {
		t.Fatal("recovery did not begin")
	}
	p := &c.loss.prr
	if p.flight != 20_000 || p.delivered != 2000 || c.cc.threshold() != 10_000 {
		t.Errorf("RecoverFS %d of 20000, prr_delivered %d of 2000, ssthresh %d of 10000", p.flight, p.delivered, c.cc.threshold())
	}
	if n := j.poll(); n != 1 || p.out != 1000 {
		t.Errorf("%d segments for two delivered, prr_out %d", n, p.out)
	}
	j.sack(una, 2, 3, 11)
	if n := j.poll(); n != 2 || p.out != 3000 {
		t.Errorf("%d segments for four delivered, prr_out %d", n, p.out)
	}
	j.sack(una, 24) // as far as recovery goes
	if c.recovery.phase != phaseOpen || c.cwnd() != 10_000 {
		t.Errorf("phase %d and a window of %d after recovery, want ssthresh", c.recovery.phase, c.cwnd())
	}
}

// TestPRRSafe: an acknowledgment is safe where it moves SND.UNA and shows no
// further loss (RFC 9937, section 6, SafeACK).
func TestPRRSafe(t *testing.T) {
	for _, test := range []struct {
		name string
		ack  func(j *joined, una seq.Num)
		want int // SndCnt, in segments
	}{
		{"moves SND.UNA", func(j *joined, una seq.Num) { j.sack(una, 2, 3, 20) }, 2 + 1},
		{"does not", func(j *joined, una seq.Num) { j.sack(una, 0, 1, 2, 3, 20) }, 1},
		{"moves it, and shows a loss", func(j *joined, una seq.Num) { j.sack(una, 2, 3, 19) }, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			j := prrConn(t)
			c := &j.c[0]
			una := c.tx.una
			j.sack(una, 0, 1, 2, 3, 19) // the first and the third are lost
			if c.recovery.phase != phaseFast {
				t.Fatal("recovery did not begin")
			}
			j.poll()
			j.now = j.now.Add(100 * time.Millisecond)
			p := &c.loss.prr
			p.out, p.delivered = 20_000, 15_000
			c.cc.(*reno).ssthresh = 20_000 // no bound here
			test.ack(j, una)
			if got := c.cwnd() - c.pipe(); got != test.want*1000 {
				t.Errorf("%d, want %d", got, test.want*1000)
			}
		})
	}
}
