// Copyright 2026 The tcpcb Authors.
// SPDX-License-Identifier: Apache-2.0

package enginetest

import (
	"container/heap"
	"math/rand/v2"
	"slices"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"

	"tcpcb/engine"
	"tcpcb/engine/seq"
)

// Shared is a bottleneck that several bulk transfers go through, one way; the
// other way nothing but time stands between them. All send as much as they may.
type Shared struct {
	// Rate is in bytes a second, Queue the bytes that may wait for it, and RTT
	// the round-trip time without a queue. Loss is the chance that a packet is
	// lost before it gets to the queue.
	Rate, Queue int
	RTT         time.Duration
	Loss        float64
	// Jitter is added at random to the way back, and keeps the order.
	Jitter time.Duration
	// Refuses says that the queue is the senders' own: they are told when it is full.
	Refuses bool
	// MarkQueue is the bytes that wait from which on ECN-capable packets are
	// marked (RFC 3168); 0 is never.
	MarkQueue int
	// Then changes the rate once, at the time that ThenAt is after the start; 0
	// does not. Queue stays as long as it is in bytes.
	Then   int
	ThenAt time.Duration
	// Flows are the transfers.
	Flows []Flow
	// What is measured begins after Warm, and ends after For.
	Warm, For time.Duration
}

// Flow is one bulk transfer.
type Flow struct {
	Params   engine.Params
	Settings engine.Settings
	Start    time.Duration // when it opens its connection
}

// SharedResult is what a Shared came to, from Warm on.
type SharedResult struct {
	// Shares are of the rate, for each flow: of its text, without headers.
	Shares []float64
	// QueueDelay is how long a packet waited for the rate in the mean, and
	// Dropped how many found no room to wait.
	QueueDelay time.Duration
	Dropped    int
	// Stall is the longest time in which a flow got nothing.
	Stall    time.Duration
	Counters []engine.Counters // of the senders
}

// Sum returns the share of the rate that all flows got together.
func (r *SharedResult) Sum() (sum float64) {
	for _, s := range r.Shares {
		sum += s
	}
	return sum
}

// Least returns the smallest flow's part of a fair share of what all got.
func (r *SharedResult) Least() float64 {
	return slices.Min(r.Shares) * float64(len(r.Shares)) / r.Sum()
}

// Jain returns Jain's index of fairness: 1 when all flows got the same, 1/n when
// one of n got everything.
func (r *SharedResult) Jain() float64 {
	var squares float64
	for _, s := range r.Shares {
		squares += s * s
	}
	sum := r.Sum()
	return sum * sum / (squares * float64(len(r.Shares)))
}

// sharedFlow is the state of a transfer: conn[0] sends, conn[1] receives.
type sharedFlow struct {
	Flow
	conn   [2]engine.Conn
	opened [2]bool
	got    int            // bytes read since Warm
	heard  engine.Instant // when something was read last, or might first have been
	stall  time.Duration
}

// listen notes that something was read, or that time is over.
func (f *sharedFlow) listen(now engine.Instant) {
	f.stall = max(f.stall, now.Sub(f.heard))
	f.heard = now
}

// delivery is a packet on its way to end side of a flow.
type delivery struct {
	at         engine.Instant
	order      int
	flow, side int
	pkt        *packet // nil where the flow begins
}

type deliveries []delivery

func (d deliveries) Len() int { return len(d) }
func (d deliveries) Less(i, j int) bool {
	return d[i].at < d[j].at || d[i].at == d[j].at && d[i].order < d[j].order
}
func (d deliveries) Swap(i, j int) { d[i], d[j] = d[j], d[i] }
func (d *deliveries) Push(x any)   { *d = append(*d, x.(delivery)) }
func (d *deliveries) Pop() any {
	old := *d
	x := old[len(old)-1]
	*d = old[:len(old)-1]
	return x
}

type sharedSim struct {
	*Shared
	rng     *rand.Rand
	now     engine.Instant
	warm    engine.Instant
	then    engine.Instant // when the rate changes
	flows   []*sharedFlow
	due     soonest // the deadlines of both connections of each flow
	queue   deliveries
	order   int
	busy    engine.Instant // until when packets wait for the rate
	back    engine.Instant // when the last packet arrives on the way back
	waited  time.Duration
	carried int
	dropped int
	seg     engine.Segment
}

// RunShared simulates c in virtual time. Everything random comes from seed.
func RunShared(seed uint64, c Shared) SharedResult {
	s := &sharedSim{Shared: &c, rng: rand.New(rand.NewPCG(seed, 0x736861726564)), now: engine.Instant(time.Hour)}
	s.warm = s.now.Add(c.Warm)
	s.then = s.now.Add(c.ThenAt)
	end := s.now.Add(c.For)
	s.due = newSoonest(2 * len(c.Flows))
	for i := range c.Flows {
		s.flows = append(s.flows, &sharedFlow{Flow: c.Flows[i], heard: max(s.warm, s.now.Add(c.Flows[i].Start))})
		s.push(s.now.Add(c.Flows[i].Start), i, 0, nil)
	}
	for s.step(end) {
	}
	return s.result(end)
}

func (s *sharedSim) push(at engine.Instant, flow, side int, p *packet) {
	s.order++
	heap.Push(&s.queue, delivery{at: at, order: s.order, flow: flow, side: side, pkt: p})
}

// step does what comes next, and reports whether that was before end.
func (s *sharedSim) step(end engine.Instant) bool {
	next, i := s.due.first()
	flow, side := i/2, i%2
	if len(s.queue) > 0 && s.queue[0].at <= next {
		next, flow = s.queue[0].at, -1
	}
	if next >= end {
		return false
	}
	s.now = max(s.now, next)
	if s.Then > 0 && s.now >= s.then {
		s.Rate, s.Then = s.Then, 0 // what waits already leaves at the rate it came at
	}
	if flow >= 0 {
		s.flows[flow].conn[side].HandleDeadline(s.now)
	} else {
		d := heap.Pop(&s.queue).(delivery)
		flow, side = d.flow, d.side
		s.arrive(s.flows[flow], side, d.pkt)
	}
	s.drain(flow, side)
	s.due.set(2*flow+side, s.flows[flow].conn[side].Deadline())
	return true
}

// arrive hands a packet to its end, which may be the first that it hears of the
// flow.
func (s *sharedSim) arrive(f *sharedFlow, side int, p *packet) {
	c := &f.conn[side]
	if p == nil {
		c.OpenActive(s.now, f.Params, &f.Settings)
		f.opened[0] = true
		return
	}
	in := &s.seg
	if _, err := in.Header.Parse(p.header[:p.n]); err != nil {
		panic("BUG: a header that was made here does not parse: " + err.Error())
	}
	in.Payload, p.payload = p.payload, in.Payload
	in.ECN = p.ecn
	if !f.opened[side] {
		c.OpenPassive(s.now, f.Params, &f.Settings, in)
		f.opened[side] = true
	} else {
		c.HandleSegment(s.now, in)
	}
	in.Payload.Release()
}

// drain has the application read or write, and carries what its end sends.
func (s *sharedSim) drain(flow, side int) {
	f := s.flows[flow]
	c := &f.conn[side]
	const chunk = 64 << 10
	if side == 0 {
		for c.State() == engine.StateEstablished && c.WriteSpace() >= chunk {
			b := buffer.MakeWithView(buffer.NewViewSize(chunk))
			c.Write(s.now, &b)
			b.Release()
		}
	} else if c.Readable() > 0 {
		var b buffer.Buffer
		n := c.Read(&b, c.Readable())
		b.Release()
		if s.now >= s.warm {
			f.got += n
			f.listen(s.now)
		}
	}
	c.TakeEvents()
	for c.PollSegment(s.now, &s.seg) {
		p, r := &packet{}, seq.Range{Start: s.seg.Seq, End: s.seg.End()}
		p.n = s.seg.Marshal(p.header[:])
		p.ecn = s.seg.ECN
		p.payload, s.seg.Payload = s.seg.Payload, p.payload
		if s.carry(flow, 1-side, p) {
			c.HandleNoRoom(s.now, r)
		}
	}
}

// carry takes a packet to its end: the way of the text leads through the
// bottleneck. It reports whether that refused it, and the sender is told.
func (s *sharedSim) carry(flow, to int, p *packet) (refused bool) {
	at := s.now
	if to == 1 {
		leaves := max(s.now, s.busy)
		wait := leaves.Sub(s.now)
		lost := s.Loss > 0 && s.rng.Float64() < s.Loss
		waiting := int(wait.Seconds() * float64(s.Rate))
		if s.MarkQueue > 0 && waiting >= s.MarkQueue {
			p.mark()
		}
		if full := waiting+p.size() > s.Queue; full || lost {
			if full && s.now >= s.warm {
				s.dropped++
			}
			p.payload.Release()
			return full && s.Refuses
		}
		if s.now >= s.warm {
			s.waited += wait
			s.carried++
		}
		s.busy = leaves.Add(time.Duration(p.size()) * time.Second / time.Duration(s.Rate))
		at = s.busy
	}
	at = at.Add(s.RTT / 2)
	if to == 0 && s.Jitter > 0 {
		s.back = max(s.back, at.Add(time.Duration(s.rng.Int64N(int64(s.Jitter)))))
		at = s.back
	}
	s.push(at, flow, to, p)
	return false
}

// result sums up, and frees what is left.
func (s *sharedSim) result(end engine.Instant) SharedResult {
	r := SharedResult{Dropped: s.dropped}
	if s.carried > 0 {
		r.QueueDelay = s.waited / time.Duration(s.carried)
	}
	for _, f := range s.flows {
		f.listen(end)
		r.Stall = max(r.Stall, f.stall)
		r.Shares = append(r.Shares, float64(f.got)/end.Sub(s.warm).Seconds()/float64(s.Rate))
		r.Counters = append(r.Counters, *f.conn[0].Counters())
		f.conn[0].Release()
		f.conn[1].Release()
	}
	for _, d := range s.queue {
		if d.pkt != nil {
			d.pkt.payload.Release()
		}
	}
	return r
}
